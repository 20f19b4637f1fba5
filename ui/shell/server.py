"""Whom the server answers, and the headers of its answers; ``app.py`` puts this in front of Streamlit's own server, and starts its imports.

Streamlit checks the host only of WebSockets, and accepts every port of an allowed host as their origin. Here every request must be for an
allowed host and come from the app's own pages, and every answer forbids the browser to load or send anything elsewhere.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import hashlib
import importlib
import logging
import re
import shlex
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

# The pages with scripts of their own: Streamlit's, and what the app adds to it.
_WITH_SCRIPTS = (Path(streamlit.__file__).parent / "static/index.html", Path(__file__).parents[1] / "assets/leave_table.html")
_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_PAGES = Path(__file__).parents[2] / "pages"
_ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]{1,253})(?::([0-9]{1,5}))?/?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MOST_LOGGED = 100  # different refusals: any page in the browser can cause them, each under another name
_log = logging.getLogger("segcore.app")


@contextlib.asynccontextmanager
async def importing(_app: object) -> AsyncIterator[None]:
    """Import what the pages need while the server is up and the first browser still loads Streamlit's own code."""
    threading.Thread(target=_import_pages, name="imports", daemon=True).start()
    yield


def _import_pages() -> None:
    first = ["home", "explore", "segments"]
    for page in sorted(_PAGES.glob("*.py"), key=lambda page: (first.index(page.stem) if page.stem in first else len(first), page.stem)):
        for node in ast.parse(page.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                importlib.import_module(node.module)


def middleware() -> list[Middleware]:
    """Return what ``st.App`` is to put in front of Streamlit's own server."""
    return [Middleware(OwnPagesOnly)]


class OwnPagesOnly:
    """ASGI application that answers only requests of the app's own pages; see `refusal` and `answer_headers`.

    Parameters
    ----------
    app : ASGI application
        What answers the requests that are not refused. Its CORS headers are dropped: the app's own pages need none.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = answer_headers()
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or open one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]
                headers.update(self._headers)
            await send(message)

        problem = refusal(scope)
        if problem is None:
            await self._app(_with_own_origin(scope), receive, send_with_headers)
            return
        self._log_once(scope["path"], problem)
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser gets status 403
        else:
            await PlainTextResponse(problem, status_code=403)(scope, receive, send_with_headers)

    def _log_once(self, path: str, problem: str) -> None:
        if problem in self._logged or len(self._logged) == _MOST_LOGGED:
            return
        self._logged.add(problem)
        _log.warning("refused %r: %s", path[:200], problem)
        if len(self._logged) == _MOST_LOGGED:
            _log.warning("further refused requests are not logged")


def refusal(scope: Scope) -> str | None:
    """Return why a request is refused, as a sentence with what to do; ``None`` if it is answered.

    Parameters
    ----------
    scope : ASGI scope
        Of type ``http`` or ``websocket``.

    Notes
    -----
    The host must be in ``server.allowedHosts``. The origin, which browsers send with every WebSocket and when code of another page asks for
    something, must be that host and its port, or in ``server.corsAllowedOrigins``, where a proxy's public address belongs. Default ports
    may be written or omitted. With images, scripts and frames in other pages no origin is sent; there the browser reports the relation of
    the two pages (``Sec-Fetch-Site``).
    """
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    if len(hosts) != 1 or not is_host_allowed(hosts[0]):
        return (
            "This host name is not one of the app's. If it should be, start the app with --server.allowedHosts=NAME, "
            f"where NAME is {', '.join(hosts)[:253]!r} without the port. Repeat the option for localhost if that should still work."
        )
    own = {_address(origin) for origin in (_own_origin(scope, hosts[0]), *config.get_option("server.corsAllowedOrigins"))} - {None}
    foreign = [origin for origin in headers.getlist("origin") if _address(origin) not in own]
    if foreign:
        refused = f"Pages of {foreign[0][:270]!r} may not use this app."
        if _address(foreign[0]) is None:
            return refused
        option = shlex.quote(f"--server.corsAllowedOrigins={foreign[0].strip()}")
        return f"{refused} If that is the app's own address behind a proxy, start the app with {option}."
    opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not opened:
        return "Other pages may link to this app, but may not load anything from it."
    return None


def _own_origin(scope: Scope, host: str) -> str:
    """Return the origin of the app's pages as this request's browser has it."""
    # Uvicorn reads no list, as of two proxies. Whoever sent it need not be trusted: other pages cannot make a browser send this header.
    scheme = Headers(scope=scope).get("x-forwarded-proto", scope["scheme"]).split(",")[0].strip()
    return f"{'https' if scheme in ('https', 'wss') else 'http'}://{host}"


def _address(origin: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an origin; ``None`` if it is not one, such as ``null``."""
    found = _ORIGIN.fullmatch(origin.strip().lower())
    if found is None:
        return None
    scheme, host, port = found.groups()
    return scheme, host, _DEFAULT_PORTS[scheme] if port is None else int(port)


def _with_own_origin(scope: Scope) -> Scope:
    """Return a WebSocket that was not refused with the origin that Streamlit expects.

    Streamlit checks it again, by its text; where it differs from the host's, it asks a server on the internet for this machine's address.
    """
    headers = Headers(scope=scope)
    if scope["type"] != "websocket" or "origin" not in headers:
        return scope
    kept = [(name, value) for name, value in scope["headers"] if name != b"origin"]
    return {**scope, "headers": [*kept, (b"origin", _own_origin(scope, headers["host"]).encode("latin-1"))]}


def answer_headers() -> dict[str, str]:
    """Return the headers of every answer: what the browser may load, and that no other page may look at it.

    Notes
    -----
    Inline scripts are allowed by their digests. Plotly compiles the code that draws maps (``'unsafe-eval'``), and Streamlit sets styles
    everywhere. ``data:`` and ``blob:`` are images, fonts and workers that the page's own code makes.
    """
    scripts = [digest for file in _WITH_SCRIPTS for digest in map(_digest, _SCRIPT.findall(file.read_text(encoding="utf-8")))]
    policy = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'", *scripts],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "frame-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return {
        "Content-Security-Policy": "; ".join(" ".join([name, *values]) for name, values in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-DNS-Prefetch-Control": "off",
        "X-Frame-Options": "DENY",
    }


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"

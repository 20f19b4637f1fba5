"""Whom the server answers: the rules by themselves, without a browser. `tests/browser/test_content_security.py` has one."""

import asyncio
import base64
import hashlib
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
import streamlit
from starlette.datastructures import Headers
from streamlit import config
from streamlit.web.server.app_discovery import discover_asgi_app
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

from ui.shell.server import OwnPagesOnly, answer_headers, refusal

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1:8501"


@pytest.fixture(autouse=True)
def options(monkeypatch):
    """Return the options that the server was started with, to be changed; as in ``.streamlit/config.toml``."""
    options = {"server.allowedHosts": ["localhost", "127.0.0.1", "::1"], "server.corsAllowedOrigins": []}
    others = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: options[name] if name in options else others(name))
    return options


def scope(kind="http", scheme="http", **headers):
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "scheme": scheme, "path": "/_stcore/health", "method": "GET", "headers": named}


def is_refused(**headers):
    return refusal(scope(**headers)) is not None


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "[::1]:8501", "localhost:8502", "LOCALHOST:8501", "localhost"])
def test_the_app_s_own_pages_are_answered_under_every_name_and_port_of_this_machine(kind, host):
    own = scope(kind, "ws" if kind == "websocket" else "http", host=host, origin=f"http://{host}")
    assert refusal(own) is None
    assert refusal(scope(kind, host=host)) is None  # a program that is no browser


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]:8501"]
)
def test_another_host_name_is_refused_as_after_dns_rebinding(host):
    assert is_refused(host=host)
    assert is_refused(host=host, origin=f"http://{host}")


def test_no_host_and_two_hosts_are_refused():
    assert refusal(scope()) is not None
    assert refusal({**scope(), "headers": [(b"host", HOST.encode()), (b"host", b"evil.example")]}) is not None


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        "http://localhost:8501",  # the same server, but another origin: its pages have another name in the address
        "https://127.0.0.1:8501",
        "http://evil.example",
        "http://127.0.0.1:8501.evil.example",
        "http://evil.example/?http://127.0.0.1:8501",
        "null",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_every_other_origin_is_refused_also_on_the_same_host(kind, origin):
    assert "may not use this app" in refusal(scope(kind, host=HOST, origin=origin))


def test_behind_a_proxy_that_passes_host_and_scheme_on_only_the_host_has_to_be_allowed(options):
    public = {"host": "segments.example.com", "origin": "https://segments.example.com"}
    assert "--server.allowedHosts=NAME" in refusal(scope(scheme="wss", **public))
    options["server.allowedHosts"] = ["segments.example.com"]
    assert refusal(scope(scheme="wss", **public)) is None
    assert refusal(scope(scheme="wss", **{**public, "origin": "http://segments.example.com"})) is not None


def test_behind_a_proxy_that_changes_the_host_the_public_origin_has_to_be_allowed(options):
    public = {"host": HOST, "origin": "https://segments.example.com"}
    assert "--server.corsAllowedOrigins=https://segments.example.com" in refusal(scope(**public))
    options["server.corsAllowedOrigins"] = ["https://segments.example.com"]
    assert refusal(scope(**public)) is None
    assert is_refused(host=HOST, origin="https://segments.example.com:8443")


@pytest.mark.parametrize(
    ("host", "proto", "origin"),
    [
        ("segments.example.com:443", "https", "https://segments.example.com"),  # nginx's $host:$server_port
        ("segments.example.com", "https", "https://segments.example.com:443"),
        ("segments.example.com:80", "http", "http://segments.example.com"),
        ("segments.example.com", "https, http", "https://segments.example.com"),  # two proxies
        ("Segments.Example.com", "https", "https://segments.example.com"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_default_ports_and_the_schemes_of_several_proxies_are_understood(options, kind, host, proto, origin):
    options["server.allowedHosts"] = ["segments.example.com"]
    assert refusal(scope(kind, host=host, x_forwarded_proto=proto, origin=origin)) is None
    for other in (f"{origin}:8443", origin.replace("http", "x"), origin.replace("//", "//x.")):
        assert refusal(scope(kind, host=host, x_forwarded_proto=proto, origin=other)) is not None
    assert refusal(scope(kind, host=host, x_forwarded_proto="http" if "https" in proto else "https", origin=origin)) is not None


@pytest.mark.parametrize("written", ["https://seg.example.com/", " https://seg.example.com", "https://SEG.example.com:443"])
def test_an_allowed_origin_may_be_written_as_in_the_browser_s_address(options, written):
    options["server.corsAllowedOrigins"] = [written]
    assert not is_refused(host=HOST, origin="https://seg.example.com")
    assert is_refused(host=HOST, origin="http://seg.example.com")


def test_what_is_no_origin_is_never_allowed(options):
    options["server.corsAllowedOrigins"] = ["null", "", "seg.example.com"]
    assert all(is_refused(host=HOST, origin=origin) for origin in ("null", "", "seg.example.com"))


@pytest.mark.parametrize(
    "origin", ["http://a b; touch /tmp/x", "http://a\x9b31m", "null", "http://$(id)", "http://'a'", f"http://{'a' * 300}"]
)
def test_a_refusal_offers_no_option_with_a_stranger_s_text(origin):
    found = refusal(scope(host=HOST, origin=origin))
    assert found.isprintable() and "--server" not in found and len(found) < 400


def test_an_offered_option_can_be_pasted_into_a_shell():
    assert refusal(scope(host=HOST, origin="http://[::2]:80")).endswith(" '--server.corsAllowedOrigins=http://[::2]:80'.")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(("mode", "dest"), [("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("navigate", "object")])
def test_other_pages_load_nothing_where_browsers_send_no_origin(site, mode, dest):
    assert is_refused(host=HOST, sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_links_to_the_app_can_be_followed(site):
    assert not is_refused(host=HOST, sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="document")


def answers_to(request, app):
    """Return the messages that the server sends to a request."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(OwnPagesOnly(app)(request, receive, send))
    return sent


async def answering(scope, receive, send):
    cors = [(b"access-control-allow-origin", b"*"), (b"access-control-allow-credentials", b"true")]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *cors]})
    await send({"type": "http.response.body", "body": b"customers"})


async def unreachable(scope, receive, send):
    pytest.fail("a refused request reached Streamlit")


def test_every_answer_has_the_headers_and_none_lets_another_origin_read_it():
    start, body = answers_to(scope(host=HOST), answering)
    expected = {name.lower(): value for name, value in answer_headers().items()} | {"content-type": "text/plain"}
    assert {name.decode(): value.decode() for name, value in start["headers"]} == expected
    assert body["body"] == b"customers"


def test_a_refusal_has_the_headers_too_and_tells_what_to_do_in_the_log(caplog):
    with caplog.at_level(logging.WARNING, "segcore.app"):
        start, body = answers_to(scope(host=HOST, origin="http://localhost:9999"), unreachable)
    assert start["status"] == 403
    assert b"content-security-policy" in dict(start["headers"])
    assert body["body"].decode() in caplog.text
    assert "'http://localhost:9999'" in caplog.text


def test_a_refused_websocket_is_closed_before_it_is_open():
    request = scope("websocket", "ws", host=HOST, origin="http://localhost:9999")
    assert answers_to(request, unreachable) == [{"type": "websocket.close", "code": 1008}]


def test_a_refusal_is_logged_once_and_only_the_first_hundred_are(caplog):
    server = OwnPagesOnly(unreachable)

    async def ask():
        for _ in range(2):
            for port in range(9000, 9200):
                await server(scope("websocket", "ws", host=HOST, origin=f"http://localhost:{port}"), None, ignored)

    async def ignored(message):
        pass

    with caplog.at_level(logging.WARNING, "segcore.app"):
        asyncio.run(ask())
    *told, last = [record.message for record in caplog.records]
    assert [re.search(r"localhost:(\d+)", line)[1] for line in told] == [str(port) for port in range(9000, 9100)]
    assert last == "further refused requests are not logged"


@pytest.mark.parametrize(
    ("host", "origin"),
    [("segments.example.com:443", "https://segments.example.com"), ("segments.example.com", "https://elsewhere.example.com")],
)
def test_a_websocket_that_is_answered_is_not_refused_by_streamlit(options, host, origin, monkeypatch):
    """Streamlit compares host and origin as texts, and asks a server on the internet for this machine's address if they differ."""
    options.update({"server.allowedHosts": ["segments.example.com"], "server.corsAllowedOrigins": ["https://elsewhere.example.com"]})
    monkeypatch.setattr("streamlit.net_util.get_external_ip", lambda: pytest.fail("asked for the machine's address"))
    passed = []

    async def app(scope, receive, send):
        passed.append(Headers(scope=scope))

    answers_to(scope("websocket", "ws", host=host, origin=origin, x_forwarded_proto="https"), app)
    assert _is_origin_allowed(passed[0]["origin"], passed[0]["host"])


def test_start_and_end_of_the_server_are_passed_on():
    passed = []

    async def app(scope, receive, send):
        passed.append(scope["type"])

    answers_to({"type": "lifespan"}, app)
    assert passed == ["lifespan"]


def test_the_policy_allows_exactly_the_scripts_of_streamlit_s_page_and_of_the_app():
    policy = answer_headers()["Content-Security-Policy"]
    [scripts] = re.findall(r"script-src ([^;]*)", policy)
    pages = (Path(streamlit.__file__).parent / "static/index.html", ROOT / "ui/assets/leave_table.html")
    inline = [page.read_text().split("<script>", 1)[1].split("</script>", 1)[0] for page in pages]
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline}
    assert set(scripts.split()) == {"'self'", "'unsafe-eval'", *digests}
    assert not re.search(r"http|\*", policy)


def test_streamlit_finds_the_application_in_the_entry_and_runs_it_with_this_in_front():
    found = discover_asgi_app(ROOT / "app.py")
    assert (found.is_asgi_app, found.import_string) == (True, "app:app")


def test_the_pages_are_imported_at_the_start_and_no_numerical_library_is():
    """In a process of its own, as this one has imported everything."""
    script = """
import asyncio, sys, threading
from ui.shell.server import importing

async def start():
    async with importing(None):
        pass

asyncio.run(start())
for thread in threading.enumerate():
    if thread.name == "imports":
        thread.join()
print(*sorted({"sklearn", "sklearnex", "scipy", "numba", "ray", "modin", "ui.explore.measures", "ui.targets.answer"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["ui.explore.measures", "ui.targets.answer"]

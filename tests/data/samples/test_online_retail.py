"""The download, against a local server that behaves in every bad way."""

import errno
import gzip
import http.server
import io
import socket
import threading
import time
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.data.samples import download
from segcore.data.samples.download import download_online_retail
from segcore.data.samples.online_retail import cached_path
from segcore.data.sources import open_source
from segcore.errors import DiskError, SourceError
from segcore.records.intake import DataRequest

CSV = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n" + "".join(
    f"{536365 + n},A{n % 3},1,2010-12-{n % 27 + 1:02d} 08:26,2.5,{17850 + n % 4}\n" for n in range(200)
)


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


def parquet():
    buffer = io.BytesIO()
    pq.write_table(pa.table({"CustomerID": ["1"] * 200, "InvoiceDate": ["2010-12-01"] * 200, "amount": [1.0] * 200}), buffer)
    return buffer.getvalue()


GOOD = {
    "/rows.csv": CSV.encode(),
    "/rows.csv.gz": gzip.compress(CSV.encode()),
    "/rows.zip": zipped(readme_txt="hello", rows_csv=CSV),
    "/rows.parquet": parquet(),
}
BAD = {
    "/empty": b"",
    "/page": b"<html><body>Sign in to the hotel's network</body></html>",
    "/nothing.zip": zipped(readme_txt="hello"),
    "/damaged.zip": zipped(rows_csv=CSV)[:-30],
    "/other.csv": b"a,b\n1,2\n",
    "/bomb.zip": zipped(rows_csv="a" * 2_000_000),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/rows.csv")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = {**GOOD, **BAD}.get(self.path.split("?")[0])
        if self.path in ("/short", "/silent", "/trickle", "/huge", "/endless"):
            self.misbehave()
            return
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def misbehave(self):
        self.send_response(200)
        if self.path != "/endless":
            self.send_header("Content-Length", "10000000000" if self.path == "/huge" else "1000")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(b"CustomerID,InvoiceDate\n")
            self.wfile.flush()
            if self.path == "/silent":
                self.server.released.wait(20)
            while self.path in ("/trickle", "/endless") and not self.server.released.is_set():
                self.wfile.write(b"1," if self.path == "/trickle" else b"1,2\n" * 10_000)
                self.wfile.flush()
                time.sleep(0.02 if self.path == "/trickle" else 0)
        except OSError:
            pass  # the other side has had enough

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.released = threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "samples"


def left(folder):
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


@pytest.mark.parametrize("path", list(GOOD))
def test_every_format_is_downloaded_checked_and_opened(address, folder, path):
    seen = []

    rows = download_online_retail(folder, url=address + path, progress=lambda received, expected: seen.append((received, expected)))

    assert rows == 200
    assert len(left(folder)) == 1
    assert seen[-1] == (len(GOOD[path]), len(GOOD[path]))
    raw = open_source(DataRequest("online-retail"), folder=folder)
    assert raw.n_rows == 200
    assert raw.name == "Online Retail"


def test_a_workbook_is_kept_as_parquet_with_the_same_values(address, folder, write_xlsx):
    date = write_xlsx.date
    header = ["InvoiceNo", "InvoiceDate", "CustomerID", "Quantity", "UnitPrice"]
    rows = [header, [536365.0, date(40513.25), 17850.0, 1.0, 2.5], ["C536366", date(40514.5), None, -1.0, 2.5]]
    book = write_xlsx({"Online Retail": rows})
    GOOD["/book.zip"] = zipped(**{"Online Retail_xlsx": book.read_bytes()})

    assert download_online_retail(folder, url=f"{address}/book.zip") == 2

    assert left(folder) == ["online-retail.parquet"]
    assert open_source(DataRequest("online-retail"), folder=folder).read(["InvoiceNo", "CustomerID"]).to_pydict() == {
        "InvoiceNo": ["536365", "C536366"],
        "CustomerID": [17850.0, None],
    }


def test_a_new_download_takes_the_place_of_the_old_one(address, folder):
    download_online_retail(folder, url=f"{address}/rows.csv")
    download_online_retail(folder, url=f"{address}/rows.parquet")

    assert left(folder) == ["online-retail.parquet"]


def test_an_address_that_moved_is_followed(address, folder):
    assert download_online_retail(folder, url=f"{address}/moved") == 200


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/missing", ["404"]),
        ("/empty", ["empty"]),
        ("/page", ["web page"]),
        ("/nothing.zip", ["zip without"]),
        ("/damaged.zip", ["not Online Retail"]),
        ("/other.csv", ["not Online Retail", "looks like the customer"]),
        ("/short", ["broke off"]),
        ("/silent", ["stopped answering"]),
        ("/trickle", ["took longer"]),
        ("/huge", ["10,000,000,000 bytes long"]),
        ("/endless", ["longer than the 1,000,000 bytes"]),
        ("/bomb.zip", ["holds more than the 1,000,000 bytes"]),
    ],
)
def test_whatever_goes_wrong_is_one_sentence_that_names_a_file_as_the_way_out(address, folder, path, words):
    download_online_retail(folder, url=f"{address}/rows.csv")

    with pytest.raises(SourceError) as error:
        download_online_retail(folder, url=address + path, timeout=0.3, total_seconds=1.0, max_bytes=1_000_000)

    text = str(error.value)
    assert "\n" not in text
    assert "give a file" in text
    for word in words:
        assert word in text
    assert left(folder) == ["online-retail.csv"]  # what was there is still there, and nothing half done


def test_no_network_is_one_sentence(folder):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(SourceError, match="cannot be reached.*give a file"):
        download_online_retail(folder, url=f"http://127.0.0.1:{port}/x.zip")
    with pytest.raises(SourceError, match="cannot be reached.*give a file"):
        download_online_retail(folder, url="http://no-such-host.invalid/x.zip")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "online retail", ""])
def test_only_web_addresses_are_fetched(folder, url):
    with pytest.raises(SourceError, match="not a web address"):
        download_online_retail(folder, url=url)


def test_the_default_address_must_give_all_rows(address, folder, monkeypatch):
    monkeypatch.setattr(download, "URL", f"{address}/rows.csv")

    with pytest.raises(SourceError, match="200 rows where Online Retail has 541,909"):
        download_online_retail(folder, url=f"{address}/rows.csv")
    assert left(folder) == []


def test_what_was_not_downloaded_says_how_to_get_it(folder):
    with pytest.raises(SourceError, match="segcore samples get online-retail"):
        cached_path(folder)
    with pytest.raises(SourceError, match="segcore samples get online-retail"):
        open_source(DataRequest("online-retail"), folder=folder)


def test_a_folder_that_cannot_be_made_is_said(tmp_path, address):
    (tmp_path / "file").write_text("")

    with pytest.raises(SourceError, match="cannot be created"):
        download_online_retail(tmp_path / "file" / "samples", url=f"{address}/rows.csv")


def test_a_download_that_does_not_fit_names_the_disk_and_leaves_nothing(address, tmp_path):
    def fill(received, expected):
        raise OSError(errno.ENOSPC, "No space left on device")  # as the next write does

    folder = tmp_path / "samples"
    with pytest.raises(DiskError, match=r"The disk with .*samples is full \(.* left\): free some space, then try again"):
        download_online_retail(folder, url=f"{address}/rows.csv", progress=fill)
    assert list(folder.iterdir()) == []
    assert download_online_retail(folder, url=f"{address}/rows.csv") == 200

"""All journeys through a server that asks for a password, after which the password is nowhere but where the user keeps it."""

import subprocess
import sys
import urllib.parse

import pytest

import segcore
from segcore.cli import main
from segcore.pipelines.saving import pipeline_text
from segcore.store.store import Store
from segcore.system.child_process import child_environment
from tests.cli.test_features import HEADER, lines

SECRET = "sword:fish@47/%41 +'x"
WRONG = "wrong-herring-48"
WEEKLY = """\
[data]
path = "{url}"
table = "lines"
[sweep]
algorithm = "kmeans"
evidence = "none"
grid = {{ n_clusters = [2, 3] }}
[choose]
point = {{ n_clusters = 2 }}
[[export]]
out = "{url}"
into = "segments"
[[export]]
out = "segments.csv"
[[score]]
path = "{url}"
table = "lines"
out = "{url}"
into = "scores"
how = "merge"
"""


@pytest.fixture
def shop(postgresql, tmp_path, monkeypatch):
    """Return the address of a database with the table ``lines``, for a user whose password has letters that URLs write otherwise."""
    rows = "\n".join(lines().splitlines())
    types = {"date": "timestamp", "quantity": "integer", "price": "numeric"}
    columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in HEADER.strip().split(","))
    quoted = SECRET.replace("'", "''")
    postgresql.run(
        f"DROP ROLE IF EXISTS cashier; CREATE ROLE cashier LOGIN PASSWORD '{quoted}'; GRANT CREATE ON SCHEMA public TO cashier; "
        f"CREATE TABLE lines ({columns}); GRANT SELECT ON lines TO cashier;\n"
        f"COPY lines FROM STDIN WITH (FORMAT csv);\n{rows}\n\\.\n"
    )
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    yield postgresql.server.url(postgresql.name, user="cashier")
    postgresql.run("DROP OWNED BY cashier; DROP ROLE cashier")


def from_environment(folder, url, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", SECRET)


def from_a_password_file(folder, url, monkeypatch):
    file = folder / "kept" / "pgpass"
    file.parent.mkdir()
    escaped = SECRET.replace(":", r"\:")
    file.write_text(f"*:*:*:cashier:{escaped}\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))


def from_streamlits_secrets(folder, url, monkeypatch):
    file = folder / ".streamlit" / "secrets.toml"
    file.parent.mkdir()
    parts = urllib.parse.urlsplit(url)
    host = urllib.parse.parse_qs(parts.query)["host"][0]
    file.write_text(f'[connections.shop]\nhost = "{host}"\ndatabase = "{parts.path[1:]}"\nusername = "cashier"\npassword = "{SECRET}"\n')


def forms(secret):
    """Return the ways in which a program may write a text, as bytes."""
    escaped = (secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret), repr(secret)[1:-1])
    return {form.encode() for form in escaped}


def files_with(secret, *folders):
    """Return the files below some folders that contain a secret, other than those in which the user keeps it."""
    kept = ("kept", ".streamlit")
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file() and not set(kept) & set(path.parts))
    return [str(path) for path in files if any(form in path.read_bytes() for form in forms(secret))]


@pytest.mark.parametrize("keep", [from_environment, from_a_password_file, from_streamlits_secrets])
def test_no_journey_leaves_the_password_anywhere(shop, home, tmp_path, monkeypatch, capfd, keep, caplog):
    keep(tmp_path, shop, monkeypatch)
    pipeline = tmp_path / "weekly.toml"
    pipeline.write_text(WEEKLY.format(url=shop))
    assert main(["features", shop, "--query", "SELECT * FROM lines", "--features", "all", "--out", "features.csv"]) == 0
    assert main(["run", str(pipeline), "--json"]) == 0
    sweep = Store(home).sweep_ids()[0]
    if keep is from_environment:  # all journeys; of those above, each way to give a password goes through the same connection
        command = ["sweep", shop, "--table", "lines", "--algo", "kmeans", "--grid", "n_clusters=2", "--evidence", "none", "--json"]
        assert main(command) == 0
        point = segcore.load(shop, table="lines").plan("small").sweep(n_clusters=[2]).point(n_clusters=2)
        assert point.export(shop, into="segments_of_mine", how="merge")["table"]["added"] > 0
        saved = pipeline_text(point.store, sweep, 0, export={"out": shop, "into": "segments"})
        (tmp_path / "saved.toml").write_text(saved)
        assert main(["run", "saved.toml", "--dry-run"]) == 0
        assert main(["score", sweep, "--point", "n_clusters=2", shop, "--table", "lines", "--out", shop, "--into", "scored"]) == 0
    assert main(["export", sweep, "--point", "n_clusters=2", "--out", shop, "--into", "of_the_command", "--json"]) == 0

    # What fails is where drivers say most.
    for failing in (
        ["features", shop, "--table", "nothing", "--out", "none.csv"],
        ["features", shop, "--query", "SELECT * FROM lines WHERE nosuch = 1", "--out", "none.csv"],
        ["export", sweep, "--point", "n_clusters=2", "--out", shop, "--into", "lines"],
        ["export", sweep, "--point", "n_clusters=2", "--out", shop, "--into", "pg_catalog.mine"],
        ["export", sweep, "--point", "n_clusters=2", "--out", shop.replace("cashier@", "somebody@"), "--into", "mine"],
        ["export", sweep, "--point", "n_clusters=2", "--out", shop.replace("/test_", "/no_"), "--into", "mine"],
        ["export", sweep, "--point", "n_clusters=2", "--out", shop.replace("tmp", "nowhere"), "--into", "mine"],
        ["export", sweep, "--point", "n_clusters=2", "--out", with_password(shop, SECRET), "--into", "mine"],
        ["features", with_password(shop, SECRET), "--table", "lines", "--out", "none.csv"],
        ["run", str(pipeline), "--set", f"data.path={with_password(shop, SECRET)}"],
    ):
        assert main(failing) == (1 if "nowhere" in str(failing) else 2), failing
    said = capfd.readouterr()
    text = (said.out + said.err + caplog.text).encode()
    assert b"segments" in text and b"has a password" in text
    assert not [form for form in forms(SECRET) if form in text]
    assert files_with(SECRET, home, tmp_path) == []
    assert files_with("cashier@", home, tmp_path)  # the search finds what is there


def with_password(url, secret):
    return url.replace("cashier@", f"cashier:{urllib.parse.quote(secret, safe='')}@")


def test_a_wrong_password_is_one_sentence_that_does_not_repeat_it(shop, home, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("PGPASSWORD", WRONG)
    assert main(["features", shop, "--table", "lines", "--out", "none.csv"]) == 2
    said = capfd.readouterr()
    assert "refused user or password" in said.err and said.err.count("\n") == 1
    assert WRONG not in said.out + said.err
    assert files_with(WRONG, home, tmp_path) == []


@pytest.mark.slow  # processes that import everything themselves, as users start them
def test_processes_of_their_own_leave_it_nowhere_either(shop, home, tmp_path, monkeypatch):
    from_environment(tmp_path, shop, monkeypatch)
    (tmp_path / "weekly.toml").write_text(WEEKLY.format(url=shop))
    command = [sys.executable, "-m", "segcore", "run", "weekly.toml"]
    environment = {**child_environment(), "PGPASSWORD": SECRET, "SEGCORE_HOME": str(home), "SEGCORE_SPARE_WORKER": "0"}
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, cwd=tmp_path, timeout=280)
        assert done.returncode == 0, done.stderr
        assert not [form for form in forms(SECRET) if form in done.stdout + done.stderr]
    assert b"nothing was changed" in done.stdout
    assert files_with(SECRET, home, tmp_path) == []

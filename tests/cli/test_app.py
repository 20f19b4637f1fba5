import socket
import sys

import pytest

from segcore.cli import main
from segcore.system.child_process import CHECKOUT


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("form", ["--server.port={}", "--server.port {}"])
def test_a_port_in_use_is_told_with_what_to_do(taken, form, capsys, monkeypatch):
    monkeypatch.setattr("os.execv", lambda *command: pytest.fail("started all the same"))
    assert main(["app", "--", *form.format(taken).split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"segcore: Port {taken} is in use") and f"make app PORT={taken + 1}" in err
    assert err.count("\n") == 1


def test_on_a_free_port_this_process_becomes_the_server(monkeypatch, home, begun):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    became, entered = [], []
    monkeypatch.setattr("os.execv", lambda *command: became.append(command))
    monkeypatch.setattr("os.chdir", entered.append)
    main(["app", f"--server.port={free}"])
    assert entered == [CHECKOUT]
    assert became == [(sys.executable, [sys.executable, "-P", "-m", "streamlit", "run", str(CHECKOUT / "app.py"), f"--server.port={free}"])]
    # What the first page will show is read meanwhile.
    assert begun == [[sys.executable, "-P", "-m", "segcore.intake", str(home)]]

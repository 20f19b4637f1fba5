"""The store is readable by its user only, whatever the umask, and however its directory was made."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from segcore.errors import DiskError, StoreError
from segcore.store.disk import any_disk_error
from segcore.store.home import make_private, take_notice
from segcore.store.index import Index, default_home
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT
from segcore.system.private_files import temporary_file
from segcore.wording import findings  # noqa: F401 - imported before rights are given away, with which it could not be read

NOBODY = 65_534
DIGEST = "0a" * 32


@pytest.fixture(autouse=True)
def mask():
    """Run each test with a mask that denies nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def old(tmp_path):
    """Return a store as earlier versions left it: readable by everybody, with what they left when they were killed."""
    home = tmp_path / "old"
    store = Store(home)
    store.put_bytes(b"customers", ".npy")
    store._index().close()
    (home / "tmp").rmdir()
    for name in (
        "logs/a.log",
        "uploads/b.csv",
        f"objects/ab/{DIGEST}.npy.17.1.tmp",
        "tmpabcdefgh.parquet",
        "samples/download-xabc12_d/packed",
        f"uploads/{DIGEST}.csv.tmp",
        f"benchmarks/{DIGEST}/rows.parquet",
    ):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("")
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return home


def open_to_others(home):
    """Return everything in a store, and the store, that somebody else could read or write."""
    found = []
    for path in (home, *home.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # SQLite deletes its log when the last connection is closed
            if not path.is_symlink() and path.stat().st_mode & 0o077:
                found.append(path)
    return found


def test_a_new_store_is_for_its_user_only(tmp_path):
    store = Store(tmp_path / "new" / "store")
    store.put_bytes(b"customers", ".npy")
    store.put_job("1", kind="sweep", title="", spec={}, total=1, state="queued")
    assert {path.name for path in store.home.iterdir()} >= {"index.db", "index.db-wal", "index.db-shm", "objects", "tmp"}
    assert open_to_others(store.home) == []
    assert stat.S_IMODE(store.home.stat().st_mode) == 0o700


def test_an_old_store_is_made_private_and_that_is_said_once(old, capsys):
    Index(old)
    said = capsys.readouterr()
    assert open_to_others(old) == [] and said.out == ""
    assert said.err == (
        f"segcore: Other users of this machine could read the store at {old}; from now on only you can. Exported files are unchanged.\n"
    )
    Index(old)
    assert capsys.readouterr().err == ""
    assert take_notice(old) and not take_notice(old)


def test_what_an_old_store_was_left_with_is_deleted(old):
    kept = next((old / "objects").rglob("*.npy"))
    Index(old)
    files = {path.relative_to(old).as_posix() for path in old.rglob("*") if path.is_file() and not path.name.startswith("index.db")}
    assert files == {kept.relative_to(old).as_posix(), "logs/a.log", "uploads/b.csv", "tightened"}
    assert not (old / "benchmarks").exists()


def test_files_of_the_user_in_the_folders_of_an_old_store_are_kept(old):
    mine = ("benchmarks/mine.csv", "benchmarks/results/a.csv", "samples/download-of-me/a", "uploads/notes.tmp", "objects/ab/notes.tmp")
    for name in mine:
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text("mine")
    Index(old)
    assert [(old / name).read_text() for name in mine] == ["mine"] * len(mine)


def test_what_looks_left_over_beside_an_index_of_something_else_is_kept(tmp_path):
    home = tmp_path / "home"
    (home / "benchmarks" / DIGEST).mkdir(parents=True)
    home.chmod(0o700)
    with contextlib.closing(sqlite3.connect(home / "index.db")) as other:
        other.execute("create table pages (name)")
    make_private(home)
    assert (home / "benchmarks" / DIGEST).exists()


def test_files_of_the_user_in_the_folder_of_temporary_files_are_kept(tmp_path):
    home = tmp_path / "home"
    (home / "tmp" / "thesis").mkdir(parents=True)
    home.chmod(0o700)
    mine = ("tmp/thesis/a.txt", "tmp/a.parquet", "tmp/0123456789abcdef.txt")
    for name in mine:
        (home / name).write_text("mine")
    (home / "tmp" / "0123456789abcdef.parquet").write_text("left over")
    Index(home)
    assert [(home / name).read_text() for name in mine] == ["mine"] * len(mine)
    assert len(list((home / "tmp").iterdir())) == len(mine)


def test_a_folder_that_a_link_for_temporary_files_leads_to_is_not_swept(tmp_path):
    home, other = tmp_path / "home", tmp_path / "other"
    for folder in (home, other):
        folder.mkdir(mode=0o700)
    (home / "tmp").symlink_to(other)
    (other / "0123456789abcdef").write_text("mine")
    assert Index(home).drop_leftovers() == 0
    assert (other / "0123456789abcdef").read_text() == "mine"


def test_a_start_that_was_killed_while_it_made_a_store_private_is_made_up_for(old, monkeypatch):
    monkeypatch.setattr(Path, "chmod", lambda self, mode: os.chmod(self, mode) if self != old else os._exit(9))  # noqa: PTH101
    child = os.fork()
    if child == 0:
        Index(old)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    monkeypatch.undo()
    (old / "logs" / "a.log").chmod(0o644)
    Index(old)
    assert open_to_others(old) == []


def test_only_what_belongs_to_the_store_is_changed(old):
    (old / "mine.txt").write_text("")
    (old / "mine.txt").chmod(0o644)
    Index(old)
    assert stat.S_IMODE((old / "mine.txt").stat().st_mode) == 0o644


def test_a_link_to_a_store_makes_its_target_private(old, tmp_path):
    (tmp_path / "link").symlink_to(old)
    Index(tmp_path / "link")
    assert open_to_others(old) == []


def test_an_empty_folder_is_taken_without_a_word_and_one_with_other_files_is_refused(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    Index(tmp_path / "empty")
    assert open_to_others(tmp_path / "empty") == [] and capsys.readouterr().err == ""
    project = tmp_path / "project"
    project.mkdir()
    (project / "mine.txt").write_text("")
    with pytest.raises(StoreError, match=f"holds other files and can be read by other users: .*such as {project}/segcore"):
        Index(project)
    assert stat.S_IMODE(project.stat().st_mode) == 0o777 and [path.name for path in project.iterdir()] == ["mine.txt"]


def test_a_private_folder_with_other_files_becomes_a_store_and_keeps_them(tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "mine.txt").write_text("mine")
    Index(home)
    assert (home / "mine.txt").read_text() == "mine" and (home / "index.db").exists()


def test_a_private_folder_in_which_only_the_index_is_missing_is_a_store(tmp_path):
    store = Store(tmp_path / "home")
    store.put_bytes(b"customers", ".npy")
    store._index().close()
    for path in store.home.glob("index.db*"):
        path.unlink()
    (store.home / "calibration.json").write_text("{}")
    assert Index(store.home).jobs_in(("queued",)) == []


def test_a_folder_that_all_users_share_is_refused_and_left_as_it_is(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(StoreError, match="for the temporary files of all users: set SEGCORE_HOME to a directory inside it"):
        Index(shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777 and list(shared.iterdir()) == []
    Index(shared / "segcore")
    assert open_to_others(shared / "segcore") == []


def without_roots_rights(check, home=None):
    """Run a check, and on a store that is then this user's: as root in a process that gives its rights away, as any other user here."""
    if os.geteuid():
        check()
        return
    if home is not None:
        for folder in (home, *home.parents):
            if folder.stat().st_mode & 0o001 == 0:
                folder.chmod(folder.stat().st_mode | 0o001)
        for path in (home, *home.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            check()
            code = 0
        except BaseException:
            traceback.print_exc()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_folder_of_another_user_is_refused():
    def check():
        with pytest.raises(StoreError, match="belongs to another user"):
            Index("/usr")

    without_roots_rights(check)


@pytest.mark.parametrize("whole", [False, True])
def test_a_store_that_its_user_may_not_write_is_read(tmp_path, whole):
    home = tmp_path / "home"
    store = Index(home)
    with contextlib.closing(store._index()) as connection:
        connection.execute("insert into sweep_names values ('ab', 'An old sweep')")
    home.chmod(0o500)
    for path in home.rglob("*") if whole else ():
        path.chmod(0o500 if path.is_dir() else 0o400)

    def check():
        store = Store(home)
        assert store.sweep_name("ab") == "An old sweep"
        with pytest.raises(DiskError, match="cannot be written: change its permissions"):
            store.name_sweep("ab", "Another name")
        if whole:
            with pytest.raises(PermissionError) as refused, temporary_file(store.temporary):
                pass
            assert "cannot be written: change its permissions" in str(any_disk_error(refused.value, home))

    without_roots_rights(check, home)


def test_a_user_without_roots_rights_makes_an_old_store_private(old, tmp_path_factory):
    """The same as above without the rights that let root do everything."""
    if os.geteuid():
        pytest.skip("this run is not root's, so that every other test is of this kind")

    def check():
        Index(old)
        assert open_to_others(old) == []

    without_roots_rights(check, old)


def test_a_command_on_a_store_of_somebody_else_ends_with_one_line(tmp_path):
    (tmp_path / "project").mkdir(mode=0o755)
    (tmp_path / "project" / "mine.txt").write_text("")
    found = subprocess.run(
        [sys.executable, "-m", "segcore", "jobs"],
        cwd=CHECKOUT,
        env={**os.environ, "SEGCORE_HOME": str(tmp_path / "project")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert found.stderr.startswith("segcore: SEGCORE_HOME (") and found.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["locks", "logs", "objects", "samples", "spares", "tmp", "uploads"])
def test_a_file_with_the_name_of_one_of_its_folders_makes_a_store_unusable_in_one_sentence(tmp_path, name):
    home = Index(tmp_path / "home").home
    if (home / name).exists():
        (home / name).rmdir()
    (home / name).write_text("")
    with pytest.raises(StoreError, match=rf"^The store at {home} cannot be used \(.*it must be a directory: '{home / name}'\): fix that"):
        Index(home)


@pytest.mark.parametrize(("asked", "said"), [(None, "the default of SEGCORE_HOME"), ("~nobody-has-this-name/x", "SEGCORE_HOME (~nobody-")])
def test_a_home_directory_that_is_not_known_is_one_sentence(monkeypatch, asked, said):
    def refuse(_):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("SEGCORE_HOME", raising=False)
    if asked is not None:
        monkeypatch.setenv("SEGCORE_HOME", asked)
    monkeypatch.setattr("platformdirs.user_data_dir", refuse)
    with pytest.raises(StoreError, match="^The home directory in .* is not known: set SEGCORE_HOME to an absolute path") as raised:
        default_home()
    assert said in str(raised.value)

"""Children forked from a process that has imported what fits need: a fresh Python takes seconds of computing for that alone.

``start_forked`` is ``start_child`` for tests in which a process matters, but not that it is a fresh one. A child that is forked runs the
same module, or the same file, with the same arguments, descriptors, environment, group and session. It is forked from a server, whose
program this file is: SQLite forbids a process with an open database to fork one that opens it.
"""

import contextlib
import fcntl
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
import weakref
from pathlib import Path

from segcore.system import child_process

IMPORTED = (
    "segcore.sweeps.run",
    "segcore.sweeps.evidence.gather",
    "segcore.data.sources",
    "sklearn.cluster",
    "sklearn.mixture",
    "sklearn.model_selection",
    "sklearn.tree",
    "sklearnex.cluster",
    "pyarrow.dataset",
    "pyarrow.parquet",
)
NOTES = "forked.jsonl"  # in SEGCORE_HOME: a forked process shows the server's command line
real_start_child = child_process.start_child
_stores = weakref.WeakSet()


class Forked:
    """A forked process, as much of a ``Popen`` as its starters need."""

    def __init__(self, pid, stdin=None, stdout=None, lifeline=None):
        self.pid, self.stdin, self.stdout, self.lifeline, self.returncode = pid, stdin, stdout, lifeline, None

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        for pipe in (self.stdin, self.stdout):
            if pipe:
                pipe.close()

    def communicate(self, text):
        """Write to its standard input, and return what it wrote."""
        with self:
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(text)
            output = self.stdout.read()
        self.wait()
        return output, None

    def poll(self):
        """Return None while it runs, and 0 once it has ended: only its parent knows more."""
        return self._ended(0)

    def wait(self):
        """Wait until it has ended, which also somebody can who is not its parent."""
        return self._ended(None)

    def _ended(self, timeout):
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return 0
        try:
            end = select.poll()
            end.register(handle, select.POLLIN)
            return 0 if end.poll(None if timeout is None else 1000 * timeout) else None
        finally:
            os.close(handle)


class ForkServer:
    """The server as its client sees it; started when it is first asked."""

    def __init__(self):
        self._lock, self._socket, self._process = threading.Lock(), None, None

    def start_forked(
        self, command, *, environment=None, own="nothing", dies_with_parent=False, stdin=None, stdout=None, stderr=None, pass_fds=()
    ):
        """Fork a process that runs a module or a file as ``command`` does; any other is started as ever."""
        if command[0] != sys.executable or "-c" in command or stdout is None:
            options = {"environment": environment, "own": own, "dies_with_parent": dies_with_parent, "pass_fds": pass_fds}
            options |= {} if stdin is None else {"stdin": stdin}
            return real_start_child(command, stdout=stdout, stderr=stderr, **options)
        with contextlib.ExitStack() as theirs:
            files, pipes = {}, {}
            if stdin == subprocess.PIPE:
                reading, writing = os.pipe()
                files[0], pipes["stdin"] = reading, os.fdopen(writing, "w")
                theirs.callback(os.close, reading)
            if stdout == subprocess.PIPE:
                reading, writing = os.pipe()
                files[1], pipes["stdout"] = writing, os.fdopen(reading)
                theirs.callback(os.close, writing)
            else:
                files[1] = stdout.fileno()
            if stderr == subprocess.DEVNULL:
                files[2] = os.open(os.devnull, os.O_WRONLY)
                theirs.callback(os.close, files[2])
            else:
                files[2] = files[1] if stderr == subprocess.STDOUT else stderr.fileno()
            if dies_with_parent:
                pipes["lifeline"] = child_process.Lifeline()
                pass_fds = [*pass_fds, pipes["lifeline"].reading]
            child = Forked(self._fork(command, environment, own, {**files, **dict(zip(pass_fds, pass_fds, strict=True))}), **pipes)
            if child.lifeline:
                child.lifeline.tie(child.pid, leads=own != "nothing")
            return child

    def _fork(self, command, environment, own, files):
        request = {
            "command": [str(part) for part in command],
            "environment": dict(environment or child_process.child_environment()),
            "own": own,
            "folder": str(Path.cwd()),
            "files": list(files),
        }
        with self._lock:
            self._start()
            socket.send_fds(self._socket, [json.dumps(request).encode()], list(files.values()))
            return int(self._socket.recv(32))

    def _start(self):
        if self._process is None:
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=child_process.child_environment()
            )
            theirs.close()

    def close(self):
        """End the server; what it has forked goes on."""
        if self._process is not None:
            self._socket.close()
            self._process.wait(30)


def serve(requests):
    """Fork a process for each request, until there can be no more of them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    child_process.start_child = fork_child  # before anything imports it by name
    _note_stores()
    for module in IMPORTED:
        importlib.import_module(module)
    importlib.import_module("segcore.clustering.kernels.silhouette").compile_kernels()

    while True:
        message, descriptors, *_ = socket.recv_fds(requests, 1 << 20, 8)
        if not message:
            return
        request = json.loads(message)
        pid = _fork(**{**request, "files": dict(zip(request["files"], descriptors, strict=True))})
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(str(pid).encode())


def fork_child(command, *, environment=None, own="nothing", dies_with_parent=False, stdin=None, stdout=None, stderr=None, pass_fds=()):
    """Fork this very process where ``start_child`` starts a process: by a command, a supervisor or a benchmark."""
    for store in list(_stores):
        store.close()
    environment = dict(environment or child_process.child_environment())
    files, pipes, ours = {1: 1, 2: 2}, {}, []
    if stdin == subprocess.PIPE:
        files[0], writing = os.pipe()
        ours.append(files[0])
        pipes["stdin"] = os.fdopen(writing, "w")
    for number, wanted in ((1, stdout), (2, stderr)):
        if wanted == subprocess.STDOUT:
            files[number] = files[1]
        elif wanted is not None:
            if wanted == subprocess.PIPE:
                reading, files[number] = os.pipe()
                pipes["stdout"] = os.fdopen(reading)
            else:
                files[number] = os.open(os.devnull, os.O_WRONLY) if wanted == subprocess.DEVNULL else os.dup(wanted.fileno())
            ours.append(files[number])
    lifeline = child_process.Lifeline() if dies_with_parent else None
    passed = [*pass_fds, *([lifeline.reading] if lifeline else [])]
    pid = _fork(command, environment, own, str(Path.cwd()), {**files, **dict(zip(passed, passed, strict=True))})
    if lifeline:
        lifeline.tie(pid, leads=own != "nothing")
    for descriptor in ours:
        os.close(descriptor)
    return Forked(pid, **pipes, lifeline=lifeline)


def _note_stores():
    """Know every open store, so that none is open when this process forks."""
    from segcore.store.index import Index

    connect = Index._index

    def noted(self):
        _stores.add(self)
        return connect(self)

    def close(self):
        known = getattr(self._local, "index", None)
        if known is not None:
            known.index.close()
            del self._local.index

    Index._index, Index.close = noted, close


def _fork(command, environment, own, folder, files):
    """Fork a process, and return its number once it stands on its own feet."""
    sys.stdout.flush()
    sys.stderr.flush()
    ready, tell = os.pipe()
    pid = os.fork()
    if pid:
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        return pid
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if own == "session":
            os.setsid()
        elif own == "group":
            os.setpgid(0, 0)
        os.umask(child_process.UMASK)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        tell = _keep_only(files, tell)
        with Path(environment["SEGCORE_HOME"], NOTES).open("a") as notes:
            notes.write(json.dumps({"pid": os.getpid(), "command": list(command)}) + "\n")
        os.close(tell)
        code = _run(list(command))
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _keep_only(files, tell):
    """Give this process the descriptors that it is to have, and close all others but ``tell``."""
    out_of_the_way = 500
    copies = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD, out_of_the_way) for number, descriptor in files.items()}
    tell = fcntl.fcntl(tell, fcntl.F_DUPFD_CLOEXEC, out_of_the_way)
    os.closerange(3, out_of_the_way)
    for number, copy in copies.items():
        os.dup2(copy, number)
        os.close(copy)
    if 0 not in files:
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
    return tell


def _run(command):
    """Run a Python command in this process; returns its exit code."""
    arguments = command[1:]
    while arguments[0] in ("-P", "-u"):
        arguments = arguments[1:]
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            sys.path.insert(0, str(Path(arguments[0]).parent))
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))

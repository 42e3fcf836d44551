"""Starts Python processes that need not import TensorFlow: copies from `fork_server.py`.

`Popen` and `run` are those of `subprocess`, and take the place of a new process wherever the import
of TensorFlow is not what a test is about. Where a copy cannot stand for a new process (another
program, flags of the interpreter, other variables that Python reads at its start), a new process is
started.
"""

import atexit
import inspect
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import limits
from fork_server import USUAL

SERVER = Path(__file__).with_name("fork_server.py")
# As TensorFlow is imported by `import_tensorflow(as_tf1_adds=True)`, so that sums have TF1's bits.
AS_TF1_ADDS = {"TF_ENABLE_ONEDNN_OPTS": "0"}
# A copy that has this in its environment comes from a server without TensorFlow.
ON_JAX = {"KERAS_BACKEND": "jax"}
# Python and the libraries read these at their start. Another value needs a new process.
READ_AT_START = (
    "PYTHON",
    "JAX_",
    "KERAS_",
    "TF_ENABLE",
    "TF_USE",
    "LC_",
    "LANG",
    "MPL",
    "COVERAGE",
    "OMP_",
)
IGNORE_WARNINGS = ["-W", "ignore"]
_servers = {}
_server_here = []  # The fork server of a process that is a copy itself, see `ask_here`.


class Popen(subprocess.Popen):
    """A `subprocess.Popen` whose process is a copy of a fork server, where it can be.

    Args:
        args: the command, a list.
        variables: what TensorFlow is imported with, besides this process' environment: `{}` or
            `AS_TF1_ADDS`. One server is started for each. With `AS_TF1_ADDS` or `ON_JAX` in its
            environment, a process is a copy of that server by itself.
        restarts: True for a program that starts itself again by `os.execv`; see `fork_server`.
        children: True for a program whose own Python processes are to be copies, too.
        options: those of `subprocess.Popen`.
    """

    def __init__(self, args, variables=(), restarts=False, children=False, **options):
        self._variables = dict(variables)
        self._restarts, self._children = restarts, children
        self._connection = None
        super().__init__(list(map(os.fspath, args)), **options)

    @property
    def copied(self):
        """Says whether the process is a copy of a fork server."""
        return self._connection is not None

    def _execute_child(self, *given):
        options = inspect.signature(super()._execute_child).bind(*given).arguments
        for each in (ON_JAX, AS_TF1_ADDS):
            if not _server_here and each.items() <= (options["env"] or {}).items():
                self._variables |= each
        if not _can_be_copied(options, self._variables):
            super()._execute_child(*given)
            return
        pipes = [options[end] for end in ("p2cread", "c2pwrite", "errwrite")]
        streams = [own if pipe == -1 else pipe for own, pipe in enumerate(pipes)]
        env = os.environ if options["env"] is None else options["env"]
        warned = options["args"][1:3] != IGNORE_WARNINGS
        request = {
            "arguments": options["args"][1 if warned else 3 :],
            "children": self._children,
            "cwd": os.fspath(options["cwd"] or os.getcwd()),
            "env": {**{os.fsdecode(k): os.fsdecode(v) for k, v in env.items()}, **self._variables},
            "ignores_warnings": not warned,
            "path": _path(env) if _server_here else [],
            "restarts": self._restarts,
            "start_new_session": options["start_new_session"],
        }
        server = _server(self._variables)
        self._connection = server.ask(request, streams)
        self._answers = self._connection.makefile()
        self.pid = int(self._answers.readline() or server.failed())
        self._child_created = True
        self._close_pipe_fds(
            *(options[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite")),
            *(options[name] for name in ("errread", "errwrite")),
        )

    def _internal_poll(self, *given, **options):
        if not self.copied:
            return super()._internal_poll(*given, **options)
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self._read_status()
        return self.returncode

    def _wait(self, timeout):
        if not self.copied:
            return super()._wait(timeout)
        if self.returncode is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._read_status()
        return self.returncode

    def _read_status(self):
        with self._connection, self._answers:
            self.returncode = int(self._answers.readline())


def run(args, *, input=None, timeout=None, check=False, capture_output=False, **options):
    """Does what `subprocess.run` does, with a `Popen` of this module."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(args, **options) as process:
        try:
            out, errors = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, errors)
    if check:
        done.check_returncode()
    return done


def wait_for_cpu(process, seconds):
    """Waits until a running process has used so many seconds of the processor.

    A busy machine takes longer to give it them, so that this waits until the process is as far as
    it was on an idle machine.
    """
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    deadline = time.monotonic() + limits.PROCESS
    while time.monotonic() < deadline:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        if int(fields[11]) + int(fields[12]) >= ticks:  # user and system, see proc(5)
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the process ended or stood still: {process.returncode}")


def _can_be_copied(options, variables):
    """Says whether a copy of a server with these variables can stand for what is to be started."""
    command, env = options["args"], options["env"]
    if not hasattr(os, "pidfd_open") or command[0] != sys.executable or len(command) < 2:
        return False
    first = command[3] if _server_here and command[1:3] == IGNORE_WARNINGS else command[1]
    if first.startswith("-") and first not in ("-c", "-m"):
        return False
    if options["preexec_fn"] or options["pass_fds"] or options["shell"]:
        return False
    return env is None or all(
        env.get(name, USUAL.get(name)) == os.environ.get(name, USUAL.get(name))
        for name in {*env, *os.environ}
        if name.startswith(READ_AT_START)
        and name not in variables
        and not (_server_here and name == "PYTHONPATH")
    )


def _path(env):
    """Returns the module path of `env`; the copy adds what it does not have."""
    return [each for each in env.get("PYTHONPATH", "").split(os.pathsep) if each]


def ask_here(control):
    """Makes this process, a copy, get its own copies from the fork server on this socket."""
    server = _Server.__new__(_Server)  # which runs already
    server._control = control
    _server_here.append(server)


def _server(variables):
    """Returns the fork server whose TensorFlow was imported with these variables."""
    if _server_here:
        return _server_here[0]
    key = tuple(sorted(variables.items()))
    if key not in _servers:
        _servers[key] = _Server(variables)
    return _servers[key]


class _Server:
    """Holds a running fork server; it ends with this process."""

    def __init__(self, variables):
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(SERVER), str(theirs.fileno())],
                env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ, **variables},
                stdin=subprocess.PIPE,  # Python then knows of its streams that they cannot seek
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
        self._control = ours
        atexit.register(self.close)

    def ask(self, request, streams):
        """Sends a request; returns the connection on which the answers come."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno(), *streams])
        ours.sendall(json.dumps(request).encode() + b"\n")
        return ours

    def failed(self):
        """Raises, with what the server wrote before it ended."""
        raise RuntimeError(f"The fork server has ended: {self._process.communicate()[1].decode()}")

    def close(self):
        """Ends the server."""
        self._control.close()
        self._process.communicate()

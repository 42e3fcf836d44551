"""Serves copies of a Python 3.7 process that has imported TensorFlow 1.15 already.

The import takes 7 s of CPU, and contrib's 3 s more. This program imports them once, and forks
itself for each process that a test starts with the interpreter of `tf1_python`, as
`fork_server.py` does for this TensorFlow. That interpreter is this file, too, as a program:

    PYTHON -W ignore ...    what Python 3.7 takes: a script, -c, -m, -I

It asks the server for a copy, which gets its arguments, environment, directory and streams. It ends
as the copy ends. Where a copy cannot stand for a new process, it becomes a new one.
"""

import array
import atexit
import ctypes
import gc
import io
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
import types

# Python and TensorFlow read these at their start or import, so that a copy cannot change them.
READ_AT_START = ("PYTHON", "TF_", "TF2_", "LC_", "LANG", "OMP_", "KMP_", "MKL_", "CUDA_", "KERAS_")
# These a copy can take: a path is added, and files are written or not.
TAKEN = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TF_CPP_MIN_LOG_LEVEL")
SAME_AS_NONE = {"TF2_BEHAVIOR": "0"}
CLIENT = """#!{python} -ISs
import runpy, sys
sys.argv[0] = {python!r}
runpy.run_path({file!r})["client"]({socket!r}, {variables!r})
"""


def read_at_start(environment):
    """Returns the variables that a copy cannot change."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(READ_AT_START) and name not in TAKEN and SAME_AS_NONE.get(name) != value
    }


class Server:
    """Holds a running server, and the path of the interpreter that asks it; for the tests."""

    def __init__(self, python, folder, environment):
        """Starts the server.

        Args:
            python: the interpreter with TensorFlow 1.15.
            folder: an empty directory, for the interpreter and the socket.
            environment: the environment variables of the server.
        """
        self.python = folder / "bin" / "python"
        self.python.parent.mkdir()
        path = str(folder / "socket")
        variables = read_at_start(environment)
        client = CLIENT.format(python=str(python), file=__file__, socket=path, variables=variables)
        self.python.write_text(client)
        self.python.chmod(0o755)
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", __file__, path],
            env={**environment, "TF_CPP_MIN_LOG_LEVEL": "2"},
            stdin=subprocess.PIPE,  # the server ends when it is closed
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for whoever runs the tests
        )
        atexit.register(self.close)
        self.version = self._process.stdout.readline().decode().strip()

    def close(self):
        """Ends the server."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def client(path, variables):
    """Runs `python *sys.argv[1:]` as a copy of the server, or as a new process."""
    python, arguments = sys.argv[0], sys.argv[1:]
    isolated = arguments[:1] == ["-I"]
    rest = arguments[isolated:]
    whole = rest[:2] == ["-W", "ignore"] and len(rest) > 2
    if not whole or (rest[2][:1] == "-" and rest[2] not in ("-c", "-m")):
        os.execv(python, [python, *arguments])
    if read_at_start(os.environ) != variables:
        os.execv(python, [python, *arguments])
    request = {
        "arguments": rest[2:],
        "cwd": os.getcwd(),
        "env": dict(os.environ),
        "path": [] if isolated else os.environ.get("PYTHONPATH", "").split(os.pathsep),
        "isolated": isolated,
    }
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    streams = array.array("i", [0, 1, 2])
    connection.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    with connection.makefile("rw") as file:
        file.write(json.dumps(request) + "\n")
        file.flush()
        for number in (0, 1):  # whoever is at the other end sees the copy close them
            os.close(number)
        status = int(file.readline())
    if status < 0:
        if -status != signal.SIGKILL:
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def serve(path):
    """Answers requests until the standard input closes; returns the request in each copy."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(8)
    watchers = []
    os.write(1, (tf.__version__ + "\n").encode())
    while True:
        if 0 in select.select([0, listener], [], [])[0]:
            os._exit(0)
        connection, _ = listener.accept()
        watching = os.fork()
        if watching == 0:
            listener.close()
            return watched(connection)
        connection.close()
        watchers.append(watching)
        watchers[:] = [each for each in watchers if os.waitpid(each, os.WNOHANG)[0] == 0]


def watched(connection):
    """Forks once more: the copy returns its request, and this process reports its status.

    A copy is killed when the process that asked for it ends before it.
    """
    streams = array.array("i")
    _, received, _, _ = connection.recvmsg(1, socket.CMSG_LEN(3 * streams.itemsize))
    streams.frombytes(received[0][2])
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        return request, list(streams)
    for number in streams:
        os.close(number)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        if select.select([connection], [], [], 0.01)[0]:
            os.kill(pid, signal.SIGKILL)
            os._exit(0)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    connection.sendall(f"{code}\n".encode())
    return os._exit(0)


def become(request, streams):
    """Makes this copy what a new process with that request would be."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: with the one that watches it
    for target, number in enumerate(streams):
        os.dup2(number, target)
        os.close(number)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), write_through=True)
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w", closefd=False), errors="backslashreplace", write_through=True
    )
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.dont_write_bytecode = bool(request["env"].get("PYTHONDONTWRITEBYTECODE"))
    import numpy as np

    np.random.seed()  # else all copies draw the same numbers
    sys.path[0:1] = [each for each in request["path"] if each]


def run(arguments, isolated):
    """Runs `python *arguments` in this process: `-c code ...`, `-m module ...` or `script ...`."""
    first, rest = arguments[0], arguments[1:]
    if first == "-m":
        sys.argv = rest
        sys.path.insert(0, os.getcwd())
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    if first == "-c":
        folder, sys.argv = "", ["-c", *rest[1:]]
        code = compile(rest[0], "<string>", "exec")
    else:
        folder, sys.argv = os.path.dirname(os.path.realpath(first)), arguments
        main.__file__ = first
        with open(first, "rb") as file:
            code = compile(file.read(), first, "exec")
    if not isolated:
        sys.path.insert(0, folder)
    exec(code, vars(main))


def end(arguments, isolated):
    """Runs `python *arguments` to its end, and ends this process with its status."""
    status = 0
    try:
        run(arguments, isolated)
    except SystemExit as stop:
        status = 0 if stop.code is None else stop.code
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException as error:
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename in (__file__, runpy.__file__):
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        status = 1
    threading._shutdown()  # waits for the threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    import tensorflow as tf

    tf.contrib.layers  # noqa: B018  imports all of contrib
    gc.collect()
    gc.freeze()  # the copies leave these pages shared
    given = serve(sys.argv[1])
    become(*given)
    end(given[0]["arguments"], given[0]["isolated"])

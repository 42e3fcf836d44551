"""Serves copies of a Python process that has imported TensorFlow already.

Importing TensorFlow takes seconds of CPU. This program imports it once (with KERAS_BACKEND=jax,
Keras alone), runs nothing with it (threads do not survive a fork), and forks itself for each
request of `new_python.Popen`. The copy becomes what a new `python ...` would be: its own arguments,
environment, directory, standard streams, `__main__` and `sys.path`.

    python tests/support/fork_server.py CONTROL

CONTROL is the number of a Unix socket. Each message on it carries four descriptors: a connection,
and the standard input, output and error. On the connection comes one line of JSON (see
`new_python`). Back go one line with the process id and, at the end of the process, one line with
its status.
"""

import atexit
import contextlib
import ctypes
import functools
import gc
import inspect
import json
import linecache
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import types
import warnings

# TensorFlow and Keras read these while they are imported, so that a copy cannot change them.
READ_AT_IMPORT = ("TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND", "KERAS_HOME", "TF_USE_LEGACY_KERAS")
USUAL = {"KERAS_BACKEND": "tensorflow"}  # what they stand for where nothing sets them


def serve(control):
    """Answers requests until the other end closes; returns the request to become in each copy."""
    connections = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    finish(selector, key.fileobj, *connections.pop(key.fileobj))
                    continue
                _, received, _, _ = socket.recv_fds(control, 1, 4)
                if not received:
                    return None
                connection = socket.socket(fileno=received[0])
                with connection.makefile() as file:
                    request = json.loads(file.readline())
                with warnings.catch_warnings():
                    # Python 3.12 warns of the threads of OpenBLAS, which starts them anew.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    pid = os.fork()
                if pid == 0:
                    held = [control.detach(), connection.detach(), *connections]
                    held += [theirs.detach() for _, theirs in connections.values()]
                    return request, received[1:], held
                for number in received[1:]:
                    os.close(number)
                connection.sendall(f"{pid}\n".encode())
                process = os.pidfd_open(pid)
                connections[process] = pid, connection
                selector.register(process, selectors.EVENT_READ)


def finish(selector, process, pid, connection):
    """Collects a copy that has ended, and reports its status."""
    selector.unregister(process)
    os.close(process)
    _, status = os.waitpid(pid, 0)
    with connection, contextlib.suppress(OSError):  # nobody waits for it any more
        connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(request, streams, held):
    """Makes this copy what a new process with that request would be."""
    if request["start_new_session"]:
        os.setsid()
    for target, number in enumerate(streams):
        os.dup2(number, target)
    for number in {*streams, *held} - {0, 1, 2}:
        os.close(number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.addaudithook(refuse_late_variables)
    import numpy as np

    np.random.seed()  # else all copies draw the same numbers
    sys.orig_argv = [sys.executable, *request["arguments"]]
    sys.excepthook = without_this_file
    sys.path[1:1] = [each for each in request["path"] if each not in sys.path]
    if request["ignores_warnings"]:
        warnings.simplefilter("ignore")
    if request["restarts"]:
        run_again_on_exec()
    if request["children"]:
        copy_for_children()


def copy_for_children():
    """Makes `subprocess` start copies of this process as it is now, wherever they can be used.

    One more copy becomes the fork server of this process, and ends with it. Only this process and
    the copies that it starts return.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        requested = serve(theirs)
        if requested is None:
            os._exit(0)
        become(*requested)
        return
    theirs.close()
    import new_python  # beside this file

    new_python.ask_here(ours)
    subprocess.Popen = new_python.Popen

    @atexit.register
    def end_server():
        ours.close()
        os.waitpid(pid, 0)


def run_again_on_exec():
    """Makes `os.execv` start another copy: a restarted process imports TensorFlow anew.

    This process stays, under the process id that the test knows: it passes signals on to the copy,
    starts the next copy where one calls `os.execv`, and ends as the last copy ended. If it is
    killed, its copy is killed, too. Only the copies return.
    """
    passed_on = (signal.SIGINT, signal.SIGTERM)
    while True:
        reader, writer = os.pipe()
        # The copy may write before this process knows to whom a signal goes now.
        signal.pthread_sigmask(signal.SIG_BLOCK, passed_on)
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: with this process
            os.execv = functools.partial(end_for_next, writer)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
            return
        os.close(writer)
        for each in passed_on:
            signal.signal(each, lambda number, frame, pid=pid: os.kill(pid, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, passed_on)
        with os.fdopen(reader) as file:
            asked = file.read()
        _, status = os.waitpid(pid, 0)
        if not asked:
            end_like(status)
        arguments, environment = json.loads(asked)
        sys.orig_argv = arguments
        os.environ.clear()
        os.environ.update(environment)


def end_for_next(writer, path, arguments):
    """Ends this copy, and asks for another one with these arguments and its environment."""
    with os.fdopen(writer, "w") as file:
        json.dump([arguments, dict(os.environ)], file)
    os._exit(0)


def end_like(status):
    """Ends this process with a status that `os.waitpid` gave, by the same signal if it was one."""
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


def refuse_late_variables(event, arguments):
    """Raises where the copy sets a variable that a new process would read at its import."""
    if event == "os.putenv":
        name, value = map(os.fsdecode, arguments)
        had = imported_with.get(name) or USUAL.get(name)
        if name in READ_AT_IMPORT and had != value:
            raise RuntimeError(
                f"TensorFlow was imported with {name}={had}, so that {value} "
                "comes too late. Start this test's process with `variables={...}`."
            )


def without_this_file(kind, error, traceback):
    """Prints a traceback as a new process does, without the frames of this file and `runpy`."""
    here = (__file__, runpy.__file__, "<frozen runpy>")
    while traceback is not None and traceback.tb_frame.f_code.co_filename in here:
        traceback = traceback.tb_next
    sys.__excepthook__(kind, error.with_traceback(traceback), traceback)


def run(arguments):
    """Runs `python *arguments` in this process: `-c code ...`, `-m module ...` or `script ...`."""
    first, *rest = arguments
    if first == "-m":
        sys.argv = rest
        sys.path[0] = os.getcwd()
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    if first == "-c":
        sys.path[0] = ""
        sys.argv = ["-c", *rest[1:]]
        code = compile(rest[0], "<string>", "exec")
        if sys.version_info >= (3, 13):  # which shows these lines in a traceback
            lines = rest[0].splitlines(keepends=True)
            linecache.cache["<string>"] = (len(rest[0]), None, lines, "<string>")
    else:
        sys.path[0] = os.path.dirname(os.path.realpath(first))
        sys.argv = arguments
        main.__file__ = first
        with open(first, "rb") as file:
            code = compile(file.read(), first, "exec")
    exec(code, vars(main))


def end(arguments):
    """Runs `python *arguments` to its end, and ends this process with its status.

    Does what Python does at the end of a process, but does not take the modules apart: with
    TensorFlow, that alone takes half a second.
    """
    status = 0
    try:
        run(arguments)
    except SystemExit as stop:
        status = 0 if stop.code is None else stop.code
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except Exception as error:
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1
    threading._shutdown()  # waits for the threads
    atexit._run_exitfuncs()
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError:
        sys.exit(status)  # Python itself says what is wrong
    os._exit(status & 0xFF)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever runs the tests
    imported_with = {name: os.environ.get(name) for name in READ_AT_IMPORT}
    if imported_with["KERAS_BACKEND"] == "jax":
        import keras  # noqa: F401  without TensorFlow
    else:
        import tensorflow as tf  # noqa: F401  keras, too
    from absl import app

    # TensorFlow looks for GPUs as soon as absl starts a program that imported TensorFlow before.
    app._init_callbacks.clear()
    if "coverage" in sys.modules:
        inspect.stack()  # coverage asks for it in each copy; the first time looks at all modules
    gc.collect()
    gc.freeze()  # the copies leave these pages shared
    requested = serve(socket.socket(fileno=int(sys.argv[1])))
    if requested is not None:
        become(*requested)
        end(sys.orig_argv[1:])

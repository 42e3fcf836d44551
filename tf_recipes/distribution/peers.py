"""The workers' own connection: they meet before TensorFlow starts, and notice who is lost.

TensorFlow waits without an end for a worker that does not come, joins whoever comes, and takes its
time to notice who is gone. So the workers first meet over TCP, at the port of the chief's address
in `TF_CONFIG`, which TensorFlow's own server takes over after that. The chief keeps a connection to
each worker; a line passes through it every second. Whoever dies closes it.
"""

import contextlib
import json
import socket
import threading
import time

from tf_recipes._support import validation
from tf_recipes.distribution import disagreements
from tf_recipes.distribution.cluster import listener, split_address

HELLO = "tf_recipes worker 1"  # the protocol's name and version
HEARTBEAT = 1.0  # seconds
PAUSE = 0.2  # seconds between two attempts to reach the chief
LONGEST_LINE = 2**20  # bytes; a line of something that is not a peer may never end


class Line:
    """JSON objects, one a line, over a socket."""

    def __init__(self, sock):
        self._socket, self._buffer = sock, b""
        self._sending = threading.Lock()

    def send(self, **message):
        with self._sending:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, seconds):
        """The next object.

        Raises:
            OSError: if the other end is gone, or silent for `seconds` (`TimeoutError`).
            ValueError: if it says something else.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(1e-3, deadline - time.monotonic()))
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionResetError("the connection was closed")
            self._buffer += received
            if len(self._buffer) > LONGEST_LINE or time.monotonic() > deadline:
                raise ValueError("no line of a worker")
        line, _, self._buffer = self._buffer.partition(b"\n")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no object")
        return message

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def meet(cluster, terms, timeout):
    """Waits until all workers are here and want the same; returns their lines.

    Args:
        cluster: a `cluster.Cluster`.
        terms: what all workers must agree on: a dict of whatever JSON can say.
        timeout: seconds to wait at most.

    Returns:
        `{index: Line}`: for the chief those of all others, for the others that of the chief.

    Raises:
        ValueError: naming who did not come, or in what a worker differs.
    """
    # once through JSON, so that tuples compare as the lists they arrive as
    wanted = json.loads(json.dumps({**terms, "addresses": cluster.addresses}))
    meeting = _gather if cluster.is_chief else _join
    return meeting(cluster, wanted, time.monotonic() + timeout, timeout)


def _gather(cluster, wanted, deadline, timeout):
    """The chief's part."""
    lines = {}
    with listener(split_address(cluster.addresses[0])[1]) as door:
        while len(lines) < len(cluster.addresses) - 1:
            door.settimeout(max(1e-3, deadline - time.monotonic()))
            try:
                line = Line(door.accept()[0])
            except TimeoutError:
                _refuse_all(lines, _absent(cluster, lines, timeout))
            hello = _hello(line, len(cluster.addresses))
            if hello is None:
                line.close()  # somebody else, or a worker that was ended just now
                continue
            index = hello["index"]
            if index in lines and _alive(lines[index]):
                _refuse_all({**lines, "twin": line}, _twice(cluster, index))
            if index in lines:
                lines.pop(index).close()
            found = disagreements.first(hello.get("terms"), wanted)
            if found:
                _refuse_all({**lines, index: line}, differs(cluster, index, *found))
            with contextlib.suppress(OSError):  # if it is gone, it will be noticed
                line.send(hello=HELLO)
            lines[index] = line
    for line in lines.values():
        with contextlib.suppress(OSError):
            line.send(go=True)
    return lines


def _hello(line, count):
    """What a worker says of itself, or None from anybody else."""
    try:
        hello = line.receive(5)
    except (OSError, ValueError):
        return None
    known = hello.get("hello") == HELLO and hello.get("index") in range(1, count)
    return hello if known else None


def _alive(line):
    """Whether a worker that waits is still there: it says nothing, so there is nothing to read."""
    try:
        line.receive(1e-2)
    except TimeoutError:
        return True
    except (OSError, ValueError):
        pass
    return False


def _refuse_all(lines, text):
    for line in lines.values():
        with contextlib.suppress(OSError):
            line.send(refused=text)
        line.close()
    raise ValueError(text)


def _join(cluster, wanted, deadline, timeout):
    """The part of everybody else."""
    listener(split_address(cluster.addresses[cluster.index])[1]).close()  # is it free?
    reason = "nobody answers there"
    while time.monotonic() < deadline:
        try:
            line = Line(socket.create_connection(split_address(cluster.addresses[0]), timeout=2))
        except OSError as error:
            reason = error.strerror or str(error) or reason
            time.sleep(PAUSE)
            continue
        try:
            line.send(hello=HELLO, index=cluster.index, terms=wanted)
            answer = line.receive(5)
            if answer.get("hello") == HELLO:
                answer = line.receive(max(1e-3, deadline - time.monotonic()) + 5)
            if "go" in answer:
                return {0: line}
        except (OSError, ValueError):
            answer = {}
        line.close()
        if "refused" in answer:
            raise ValueError(answer["refused"])
        reason = "what answers there is not a tf_recipes worker"
        time.sleep(PAUSE)
    return validation.fail(
        "All workers must be started.",
        f"{cluster.who(0)} did not come within {timeout:g} s ({reason})",
        "Start it, correct TF_CONFIG, or wait longer with --cluster_timeout.",
    )


def _twice(cluster, index):
    return (
        f"Each worker needs an index of its own. Received: {cluster.who(index)} twice. Correct"
        ' "index" in their TF_CONFIG.'
    )


def _absent(cluster, lines, timeout):
    absent = [cluster.who(k) for k in range(1, len(cluster.addresses)) if k not in lines]
    return (
        f"All workers must be started. Received: {', '.join(absent)} did not come within"
        f" {timeout:g} s. Start {'it' if len(absent) == 1 else 'them'}, correct TF_CONFIG, or wait"
        " longer with --cluster_timeout."
    )


def differs(cluster, index, name, theirs, ours):
    """What to say of worker `index`, which has another `name` than the chief."""
    return (
        f"All workers must be started alike. Received: {name}={theirs} on {cluster.who(index)},"
        f" {ours} on {cluster.who(0)}. Start them with the same flags, data and versions."
    )

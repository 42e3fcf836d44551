"""Connects the workers over TCP before TensorFlow starts, and compares their terms.

TensorFlow waits forever for a worker that does not start, accepts any process that connects, and is
slow to notice a lost worker. So the workers first connect over TCP, at the port of the chief's
address in `TF_CONFIG`; TensorFlow's own server uses this port afterwards. The chief keeps a
connection to each worker, on which each end sends one heartbeat a second. When a worker's process
ends, its connection closes.

Each end proves first that it knows the job's key, without sending the key: both send a fresh random
number, and the HMAC-SHA256 of the numbers under the key. A program that does not know the key gets
no answer, learns nothing about the training, and cannot end the job.

    worker -> chief   hello, number, HMAC("knock", number)
    chief -> worker   number, HMAC("chief", both numbers)
    worker -> chief   index, terms, HMAC("worker", both numbers, index, terms)
    chief -> worker   hello, and later go, or the error that all workers raise
"""

import contextlib
import hmac
import json
import queue
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tf_recipes._support import validation
from tf_recipes.distribution import disagreements
from tf_recipes.distribution.cluster import Cluster, listener, split_address

HELLO = "tf_recipes worker 2"  # the protocol's name and version
HEARTBEAT = 1.0  # seconds between two heartbeats
PAUSE = 0.2  # seconds between two attempts to connect to the chief
LONGEST_LINE = 2**20  # bytes of a peer's line
LONGEST_KNOCK = 2**9  # bytes of a line from a process that may not be a peer
DEEPEST = 32  # lists and dicts inside one another
HANDSHAKE = 5.0  # seconds in which a process must prove that it is a peer
MOST_KNOCKING = 64  # processes that may be in the handshake at a time
LONGEST_TEXT = 2000  # characters of a peer's text that are shown

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class Connection:
    """Sends and receives JSON objects over a socket, one object a line.

    Args:
        sock: a connected socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket, self._buffer = sock, b""
        self._sending = threading.Lock()

    def send(self, **message: Any) -> None:
        """Sends the arguments as one JSON object."""
        with self._sending:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float, longest: int = LONGEST_LINE) -> dict[str, Any]:
        """Returns the next JSON object.

        Args:
            seconds: the longest time to wait.
            longest: the largest number of bytes of its line.

        Raises:
            TimeoutError: if none arrives within `seconds`.
            OSError: if the connection is closed.
            ValueError: if something else than a JSON object arrives, or one that is too long or has
                too many lists and dicts inside one another.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(1e-3, deadline - time.monotonic()))
            received = self._socket.recv(min(65536, longest + 1))
            if not received:
                raise ConnectionResetError("the connection was closed")
            self._buffer += received
            if time.monotonic() > deadline and b"\n" not in self._buffer:
                raise ValueError("no line of a worker")
            if len(self._buffer) > longest and b"\n" not in self._buffer[: longest + 1]:
                raise ValueError("no line of a worker")
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > longest or _depth(line) > DEEPEST:
            raise ValueError("no line of a worker")
        message = json.loads(line)
        if not isinstance(message, dict):
            raise ValueError("no object")
        return message

    def close(self) -> None:
        """Closes the connection at both ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def meet(
    cluster: Cluster, terms: Mapping[str, Any], timeout: float, key: bytes = b""
) -> dict[int, Connection]:
    """Waits until all workers are connected and agree on `terms`; returns the connections.

    Args:
        cluster: a `cluster.Cluster`.
        terms: a dict of values for JSON, on which all workers must agree.
        timeout: the longest time to wait, in seconds.
        key: bytes that only the workers of this job know. Without a key every program that reaches
            the chief's port can take part.

    Returns:
        `{index: Connection}`: the chief's connections to all other workers, or another worker's
        connection to the chief.

    Raises:
        ValueError: if a worker does not connect, or has other terms; the text names the worker.
    """
    # JSON turns tuples into lists. The chief converts its own terms, too, to compare them.
    own_terms = json.loads(json.dumps({**terms, "addresses": cluster.addresses}))
    connect = _accept_workers if cluster.is_chief else _connect_to_chief
    return connect(cluster, own_terms, time.monotonic() + timeout, timeout, key)


def printable(value: Any) -> str:
    """Returns a peer's value as a text that a terminal can show, cut to `LONGEST_TEXT`."""
    return "".join(c if c.isprintable() else " " for c in str(value)[:LONGEST_TEXT])


def _depth(line: bytes) -> int:
    """Returns an upper bound of how many lists and dicts are inside one another in JSON.

    Brackets inside strings do not count: closing ones there would hide open ones behind them.

    >>> _depth(b'{"a": [[1], [2]]}'), _depth(b'["}", ["}", ["[", 1]]]')
    (3, 3)
    """
    depth = deepest = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _proof(key: bytes, role: str, *values: Any) -> str:
    return hmac.digest(key, json.dumps([HELLO, role, *values]).encode(), "sha256").hex()


def _is_proof(value: Any, proof: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), proof.encode())


class _Door:
    """Accepts connections, and lets those in that prove to be workers.

    Each connection has a thread and `HANDSHAKE` seconds, so that a program that only connects
    keeps no worker waiting.

    Args:
        server: a socket that listens.
        count: the number of workers.
        key: the job's key.

    Attributes:
        strangers: the number of programs that spoke the protocol and did not know the key.
    """

    def __init__(self, server: socket.socket, count: int, key: bytes) -> None:
        self._server, self._count, self._key = server, count, key
        self._peers: queue.Queue[tuple[Connection, dict[str, Any]]] = queue.Queue()
        self._places = threading.Semaphore(MOST_KNOCKING)
        self.strangers = 0

    def next_peer(self, deadline: float) -> tuple[Connection, dict[str, Any]]:
        """Returns the connection of a worker, and its index and terms.

        Raises:
            TimeoutError: if none comes before `deadline`.
        """
        while True:
            self._server.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                sock = self._server.accept()[0]
                if self._places.acquire(blocking=False):
                    threading.Thread(target=self._let_in, args=(sock,), daemon=True).start()
                else:
                    sock.close()
            with contextlib.suppress(queue.Empty):
                return self._peers.get_nowait()
            if time.monotonic() > deadline:
                raise TimeoutError

    def _let_in(self, sock: socket.socket) -> None:
        connection = Connection(sock)
        try:
            self._peers.put((connection, self._handshake(connection)))
        except (OSError, ValueError):
            connection.close()  # not a worker, or a worker that ended just now
        finally:
            self._places.release()

    def _handshake(self, connection: Connection) -> dict[str, Any]:
        """Returns a worker's index and terms; this is the chief's part of the proof.

        Raises:
            OSError: if nothing comes in time.
            ValueError: if something else comes.
        """
        end = time.monotonic() + HANDSHAKE
        knock = connection.receive(HANDSHAKE, LONGEST_KNOCK)
        theirs, ours = knock.get("number"), secrets.token_hex(16)
        if knock.get("hello") != HELLO or not isinstance(theirs, str):
            raise ValueError("not a worker")
        if not _is_proof(knock.get("proof"), _proof(self._key, "knock", theirs)):
            self.strangers += 1
            raise ValueError("another key")
        connection.send(number=ours, proof=_proof(self._key, "chief", theirs, ours))
        # A recorded knock brings its sender this far and no further.
        answer = connection.receive(max(1e-3, end - time.monotonic()))
        index, terms = answer.get("index"), answer.get("terms")
        if type(index) is not int or index not in range(1, self._count):
            raise ValueError("no worker's index")
        if not isinstance(terms, dict):
            raise ValueError("no terms")
        proof = _proof(self._key, "worker", theirs, ours, index, terms)
        if not _is_proof(answer.get("proof"), proof):
            raise ValueError("another key")
        return {"index": index, "terms": terms}


def _accept_workers(
    cluster: Cluster, own_terms: dict[str, Any], deadline: float, timeout: float, key: bytes
) -> dict[int, Connection]:
    """Accepts a connection from each other worker; this is the chief's part of the meeting."""
    connections: dict[int, Connection] = {}
    with listener(cluster.addresses[0]) as server:
        door = _Door(server, len(cluster.addresses), key)
        while _count_open(connections) < len(cluster.addresses) - 1:
            try:
                connection, hello = door.next_peer(deadline)
            except TimeoutError:
                text = _missing_text(cluster, connections, timeout, door.strangers)
                _refuse_all(connections.values(), text)
            index = hello["index"]
            _count_open(connections)
            if index in connections:
                _refuse_all([*connections.values(), connection], _twice_text(cluster, index))
            difference = disagreements.first_disagreement(hello["terms"], own_terms)
            if difference:
                text = disagreement_text(cluster, index, *difference)
                _refuse_all([*connections.values(), connection], text)
            with contextlib.suppress(OSError):  # `Watch` notices a worker that ended meanwhile
                connection.send(hello=HELLO)
            connections[index] = connection
    for connection in connections.values():
        with contextlib.suppress(OSError):
            connection.send(go=True)
    return connections


def _count_open(connections: dict[int, Connection]) -> int:
    """Takes out the workers that ended while they waited; returns how many are left.

    Such a worker may be started again, and then it knocks.
    """
    for index in [k for k, connection in connections.items() if not _is_open(connection)]:
        connections.pop(index).close()
    return len(connections)


def _is_open(connection: Connection) -> bool:
    """Says whether a waiting worker is still connected; a waiting worker sends nothing."""
    try:
        connection.receive(1e-2)
    except TimeoutError:
        return True
    except (OSError, ValueError):
        pass
    return False


def _refuse_all(connections: Iterable[Connection], text: str) -> NoReturn:
    """Sends the error `text` to all connections, closes them and raises the error."""
    for connection in connections:
        with contextlib.suppress(OSError):
            connection.send(refused=text)
        connection.close()
    raise ValueError(text)


def _connect_to_chief(
    cluster: Cluster, own_terms: dict[str, Any], deadline: float, timeout: float, key: bytes
) -> dict[int, Connection]:
    """Connects to the chief; this is the other workers' part of the meeting."""
    listener(cluster.addresses[cluster.index]).close()  # checks that it is free
    reason = "nothing answers at this address"
    while time.monotonic() < deadline:
        try:
            address = split_address(cluster.addresses[0])
            connection = Connection(socket.create_connection(address, timeout=2))
        except OSError as error:
            reason = error.strerror or str(error) or reason
            time.sleep(PAUSE)
            continue
        try:
            knock(connection, cluster.index, own_terms, key)
            answer = connection.receive(HANDSHAKE)
            if answer.get("hello") == HELLO:
                answer = connection.receive(max(1e-3, deadline - time.monotonic()) + 5)
            if "go" in answer:
                return {0: connection}
        except (OSError, ValueError):
            answer = {}
        connection.close()
        if "refused" in answer:
            raise ValueError(printable(answer["refused"]))
        reason = "a program that is not a worker of this job, or has another key, answers there"
        time.sleep(PAUSE)
    return validation.fail(
        "All workers must be started.",
        f"{cluster.describe(0)} did not connect within {timeout:g} s ({reason})",
        f"Start it, correct TF_CONFIG, or wait longer, for example with {_longer(timeout)}.",
    )


def knock(connection: Connection, index: int, terms: dict[str, Any], key: bytes) -> None:
    """Proves to the chief that this is a worker, and sends the terms to a proven chief only.

    Raises:
        OSError: if the other end closes the connection, or does not answer.
        ValueError: if the other end does not know the key.
    """
    ours = secrets.token_hex(16)
    connection.send(hello=HELLO, number=ours, proof=_proof(key, "knock", ours))
    answer = connection.receive(HANDSHAKE, LONGEST_KNOCK)
    theirs = answer.get("number")
    if not isinstance(theirs, str) or not _is_proof(
        answer.get("proof"), _proof(key, "chief", ours, theirs)
    ):
        raise ValueError("not the chief")
    proof = _proof(key, "worker", ours, theirs, index, terms)
    connection.send(index=index, terms=terms, proof=proof)


def _twice_text(cluster: Cluster, index: int) -> str:
    return (
        f"Each worker needs an index of its own. Received: {cluster.describe(index)} twice. Correct"
        ' "index" in the TF_CONFIG of these workers.'
    )


def _missing_text(
    cluster: Cluster, connections: Mapping[int, Connection], timeout: float, strangers: int
) -> str:
    missing = [
        cluster.describe(k) for k in range(1, len(cluster.addresses)) if k not in connections
    ]
    others = f" ({strangers} connections had another key)" if strangers else ""
    return (
        f"All workers must be started. Received: {', '.join(missing)} did not connect within"
        f" {timeout:g} s{others}. Start {'it' if len(missing) == 1 else 'them'}, correct"
        f" TF_CONFIG, or wait longer, for example with {_longer(timeout)}."
    )


def _longer(timeout: float) -> str:
    return f"cluster_timeout={2 * timeout:g}"


def disagreement_text(
    cluster: Cluster, index: int, name: str, worker_value: str, chief_value: str
) -> str:
    """Returns the error text for worker `index`, whose value of `name` is not the chief's."""
    return (
        f"All workers must be started alike. Received: {name}={worker_value} on"
        f" {cluster.describe(index)}, {chief_value} on {cluster.describe(0)}. Start them with the"
        " same arguments, data and versions."
    )

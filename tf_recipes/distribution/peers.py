"""Connects the workers over TCP before TensorFlow starts, and compares their terms.

TensorFlow waits forever for a worker that does not start, accepts any process that connects, and is
slow to notice a lost worker. So the workers first connect over TCP, at the port of the chief's
address in `TF_CONFIG`; TensorFlow's own server uses this port afterwards. The chief keeps a
connection to each worker, on which each end sends one heartbeat a second. When a worker's process
ends, its connection closes.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from tf_recipes._support import validation
from tf_recipes.distribution import disagreements
from tf_recipes.distribution.cluster import Cluster, listener, split_address

HELLO = "tf_recipes worker 1"  # the protocol's name and version
HEARTBEAT = 1.0  # seconds between two heartbeats
PAUSE = 0.2  # seconds between two attempts to connect to the chief
LONGEST_LINE = 2**20  # bytes; a process that is not a peer may send a line without an end


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

    def receive(self, seconds: float) -> dict[str, Any]:
        """Returns the next JSON object.

        Raises:
            TimeoutError: if none arrives within `seconds`.
            OSError: if the connection is closed.
            ValueError: if something else than a JSON object arrives.
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

    def close(self) -> None:
        """Closes the connection at both ends."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def meet(cluster: Cluster, terms: Mapping[str, Any], timeout: float) -> dict[int, Connection]:
    """Waits until all workers are connected and agree on `terms`; returns the connections.

    Args:
        cluster: a `cluster.Cluster`.
        terms: a dict of values for JSON, on which all workers must agree.
        timeout: the longest time to wait, in seconds.

    Returns:
        `{index: Connection}`: the chief's connections to all other workers, or another worker's
        connection to the chief.

    Raises:
        ValueError: if a worker does not connect, or has other terms; the text names the worker.
    """
    # JSON turns tuples into lists. The chief converts its own terms, too, to compare them.
    own_terms = json.loads(json.dumps({**terms, "addresses": cluster.addresses}))
    connect = _accept_workers if cluster.is_chief else _connect_to_chief
    return connect(cluster, own_terms, time.monotonic() + timeout, timeout)


def _accept_workers(
    cluster: Cluster, own_terms: dict[str, Any], deadline: float, timeout: float
) -> dict[int, Connection]:
    """Accepts a connection from each other worker; this is the chief's part of the handshake."""
    connections: dict[int, Connection] = {}
    with listener(split_address(cluster.addresses[0])[1]) as server:
        while len(connections) < len(cluster.addresses) - 1:
            server.settimeout(max(1e-3, deadline - time.monotonic()))
            try:
                connection = Connection(server.accept()[0])
            except TimeoutError:
                _refuse_all(connections.values(), _missing_text(cluster, connections, timeout))
            hello = _receive_hello(connection, len(cluster.addresses))
            if hello is None:
                connection.close()  # not a worker, or a worker that ended just now
                continue
            index = hello["index"]
            if index in connections and _is_open(connections[index]):
                _refuse_all([*connections.values(), connection], _twice_text(cluster, index))
            if index in connections:
                connections.pop(index).close()
            difference = disagreements.first_disagreement(hello.get("terms"), own_terms)
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


def _receive_hello(connection: Connection, count: int) -> dict[str, Any] | None:
    """Returns the first message of one of `count` workers, or None if no worker sent it."""
    try:
        hello = connection.receive(5)
    except (OSError, ValueError):
        return None
    is_worker = hello.get("hello") == HELLO and hello.get("index") in range(1, count)
    return hello if is_worker else None


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
    cluster: Cluster, own_terms: dict[str, Any], deadline: float, timeout: float
) -> dict[int, Connection]:
    """Connects to the chief; this is the other workers' part of the handshake."""
    listener(split_address(cluster.addresses[cluster.index])[1]).close()  # checks that it is free
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
            connection.send(hello=HELLO, index=cluster.index, terms=own_terms)
            answer = connection.receive(5)
            if answer.get("hello") == HELLO:
                answer = connection.receive(max(1e-3, deadline - time.monotonic()) + 5)
            if "go" in answer:
                return {0: connection}
        except (OSError, ValueError):
            answer = {}
        connection.close()
        if "refused" in answer:
            raise ValueError(answer["refused"])
        reason = "a program that is not a tf_recipes worker answers at this address"
        time.sleep(PAUSE)
    return validation.fail(
        "All workers must be started.",
        f"{cluster.describe(0)} did not connect within {timeout:g} s ({reason})",
        f"Start it, correct TF_CONFIG, or wait longer, for example with {_longer(timeout)}.",
    )


def _twice_text(cluster: Cluster, index: int) -> str:
    return (
        f"Each worker needs an index of its own. Received: {cluster.describe(index)} twice. Correct"
        ' "index" in the TF_CONFIG of these workers.'
    )


def _missing_text(cluster: Cluster, connections: Mapping[int, Connection], timeout: float) -> str:
    missing = [
        cluster.describe(k) for k in range(1, len(cluster.addresses)) if k not in connections
    ]
    return (
        f"All workers must be started. Received: {', '.join(missing)} did not connect within"
        f" {timeout:g} s. Start {'it' if len(missing) == 1 else 'them'}, correct TF_CONFIG, or wait"
        f" longer, for example with {_longer(timeout)}."
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

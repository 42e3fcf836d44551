import contextlib
import json
import socket
import threading
import time

import pytest

import limits
from tf_recipes.distribution import peers
from tf_recipes.distribution.cluster import Cluster

pytestmark = pytest.mark.usefixtures("closed_connections")


@pytest.fixture
def members(free_addresses):
    """`members(count)` returns the `Cluster` of each of `count` workers."""

    def make(count):
        addresses = tuple(free_addresses(count))
        names = tuple(f"worker {k}" for k in range(count))
        return [Cluster(names, addresses, k) for k in range(count)]

    return make


class Meeting(threading.Thread):
    """Runs one worker's `peers.meet` in a thread."""

    def __init__(self, cluster, terms, timeout=limits.EVENT, key=b""):
        super().__init__(daemon=True)
        self.arguments, self.connections, self.error = (cluster, terms, timeout, key), None, ""
        self.start()

    def run(self):
        try:
            self.connections = peers.meet(*self.arguments)
        except ValueError as error:
            self.error = str(error)


def joined(meetings):
    for meeting in meetings:
        meeting.join(limits.EVENT)
    assert not any(meeting.is_alive() for meeting in meetings)
    return meetings


def test_all_workers_connect_in_any_order(members):
    chief, *others = members(3)
    meetings = [Meeting(others[1], {"seed": 1})]
    time.sleep(0.1)
    meetings += [Meeting(chief, {"seed": 1}), Meeting(others[0], {"seed": 1})]
    last, first, middle = joined(meetings)
    assert sorted(first.connections) == [1, 2]
    assert [*last.connections] == [*middle.connections] == [0]
    first.connections[2].send(word="yes")
    assert last.connections[0].receive(limits.EVENT) == {"word": "yes"}


def test_a_chief_without_other_workers_waits_for_none(members):
    assert peers.meet(members(1)[0], {}, 1) == {}


def test_missing_workers_are_named_by_every_worker(members):
    chief, first, *_ = members(4)
    meetings = joined([Meeting(chief, {}, 1), Meeting(first, {})])
    expected = (
        f"All workers must be started. Received: {chief.describe(2)}, {chief.describe(3)} did not"
        " connect within 1 s. Start them, correct TF_CONFIG, or wait longer, for example"
        " with cluster_timeout=2."
    )
    assert [meeting.error for meeting in meetings] == [expected] * 2


def test_a_missing_chief_is_named(members, fails):
    _, worker = members(2)
    with fails(f"{worker.describe(0)} did not connect within 0.5 s", "refused"):
        peers.meet(worker, {}, 0.5)


def test_a_host_that_does_not_exist_is_named(free_addresses, fails):
    cluster = Cluster(("worker 0", "worker 1"), ("nobody.invalid:2222", *free_addresses(1)), 1)
    with fails("worker 0 (nobody.invalid:2222) did not connect within 0.3 s"):
        peers.meet(cluster, {}, 0.3)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n", b"\n", b""])
def test_a_program_that_is_no_worker_is_not_taken_for_one(members, fails, answer):
    _, worker = members(2)

    def serve(server):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = server.accept()
                sock.sendall(answer)
                sock.close()

    with socket.create_server(("localhost", int(worker.addresses[0].split(":")[1]))) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        with fails(
            worker.describe(0), "a program that is not a worker of this job, or has another key"
        ):
            peers.meet(worker, {}, 0.5)
        server.shutdown(socket.SHUT_RDWR)


KEY = b"sixteen letters!"
KNOCK = {"hello": peers.HELLO, "number": "1"}
PROOF = peers._proof(KEY, "knock", "1")


@pytest.mark.parametrize(
    "words",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"{}\n",
        b"[" * 100_000 + b"\n",
        b"[" * 500 + b"\n",
        b'{"hello": ' + b"9" * 5000 + b"}\n",
        b"\xff\n",
        b"no line's end" * 100,
        json.dumps({"hello": peers.HELLO, "index": 1, "terms": {}}).encode() + b"\n",
        json.dumps({**KNOCK, "number": 1, "proof": PROOF}).encode() + b"\n",
        json.dumps({**KNOCK, "proof": None}).encode() + b"\n",
        json.dumps({**KNOCK, "proof": "\u00e9"}).encode() + b"\n",
        json.dumps({**KNOCK, "proof": peers._proof(b"", "knock", "1")}).encode() + b"\n",
    ],
    ids=range(12),
)
def test_a_stranger_at_the_chiefs_server_gets_no_answer(door, words):
    ask, strangers, _ = door
    with ask() as stranger:
        with contextlib.suppress(OSError):  # the chief may not read to the end
            stranger.sendall(words)
        with contextlib.suppress(ConnectionResetError):
            assert stranger.recv(100) == b""
    assert strangers() == []


@pytest.mark.parametrize(
    "change",
    [
        {"index": 1.0},
        {"index": True},
        {"index": 0},
        {"index": 3},
        {"index": "1"},
        {"index": None},
        {"terms": [1]},
        {"terms": {"recipe": 2}},  # not what was proven
        {"proof": peers._proof(KEY, "knock", "1")},
        {"proof": 1},
        {"deep": [[[]] * 3] * 3},
    ],
)
def test_a_worker_that_sends_something_else_is_sent_away(door, change):
    """Only the unchanged line, and one with a field more, lets a worker in."""
    ask, arrived, key = door
    with ask() as sock:
        connection = peers.Connection(sock)
        connection.send(**KNOCK, proof=PROOF)
        answer = connection.receive(limits.EVENT)
        assert answer.keys() == {"number", "proof"}
        assert answer["proof"] == peers._proof(key, "chief", "1", answer["number"])
        line = {"index": 1, "terms": {"recipe": 1}}
        if change != {"terms": {"recipe": 2}}:
            line |= {name: value for name, value in change.items() if name in line}
        line["proof"] = peers._proof(key, "worker", "1", answer["number"], *line.values())
        if "deep" in change:
            connection.send(**line, **change)
            deadline = time.monotonic() + limits.EVENT
            while not arrived() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert arrived() == [{"index": 1, "terms": {"recipe": 1}}]
            return
        connection.send(**line | change)
        assert sock.recv(100) == b""
    assert arrived() == []


def test_a_proof_of_an_earlier_connection_lets_nobody_in(door):
    ask, arrived, key = door
    with ask() as first, ask() as second:
        connections = [peers.Connection(first), peers.Connection(second)]
        for connection in connections:
            connection.send(**KNOCK, proof=PROOF)
        numbers = [each.receive(limits.EVENT)["number"] for each in connections]
        proof = peers._proof(key, "worker", "1", numbers[0], 1, {})
        connections[1].send(index=1, terms={}, proof=proof)
        assert second.recv(100) == b""
    assert arrived() == []


@pytest.fixture
def door():
    """Returns `(ask, arrived, key)` of a chief of 3 workers: functions to connect and to look."""
    server = socket.create_server(("localhost", 0))
    chief = peers._Door(server, 3, KEY)
    found, over = [], threading.Event()

    def serve():
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                found.append(chief.next_peer(time.monotonic())[1])

    thread = threading.Thread(target=serve)
    thread.start()
    yield (
        lambda: socket.create_connection(server.getsockname(), limits.EVENT),
        lambda: found,
        KEY,
    )
    over.set()
    thread.join(limits.EVENT)
    server.close()


def test_strangers_delay_and_end_nothing(members):
    chief, worker = members(2)
    meeting = Meeting(chief, {}, key=KEY)
    port = int(chief.addresses[0].split(":")[1])
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(knock(port)) for _ in range(5)]  # they only connect
        silent[0].sendall(b'{"hello": ')
        other = Meeting(worker, {"recipe": 1}, timeout=0.3, key=b"another key of 16")
        began = time.monotonic()
        joined([other])
        joined([meeting_of_worker := Meeting(worker, {}, key=KEY), meeting])
        assert time.monotonic() - began < peers.HANDSHAKE
    assert [*meeting.connections] == [1] and meeting_of_worker.error == ""
    assert "or has another key" in other.error


def test_the_chief_says_that_a_worker_had_another_key(members):
    chief, worker = members(2)
    meetings = [Meeting(chief, {}, 0.6, KEY), Meeting(worker, {}, 0.4, b"")]
    text = joined(meetings)[0].error
    assert f"{chief.describe(1)} did not connect within 0.6 s (" in text
    assert " connections had another key). Start it" in text


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"a": ' + b'{"b": ' * 40 + b"1" + b"}" * 41,
        b'{"a": ' + b'["}", ' * 50_000 + b"1" + b"]" * 50_000 + b"}",
        b"x" * (peers.LONGEST_LINE + 1),
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\xff",
        b"[1]",
        b"",
    ],
    ids=[
        "deep list",
        "deep dict",
        "deep behind closed strings",
        "long",
        "large number",
        "no text",
        "no object",
        "empty",
    ],
)
def test_a_line_that_is_no_message_is_an_error_of_one_kind(line):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=theirs.sendall, args=(line + b"\n",), daemon=True)
        sender.start()
        with pytest.raises(ValueError):
            peers.Connection(ours).receive(limits.EVENT)


def test_a_message_may_be_as_deep_as_a_recipe():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        message = {"terms": {"recipe": {"hidden": [300, 100], "max_norm": {"axes": [0]}}}}
        peers.Connection(theirs).send(**message)
        assert peers.Connection(ours).receive(limits.EVENT) == message


def test_what_a_peer_sends_is_shown_in_one_line_and_cut():
    assert peers.printable("\x1b[2J a\nb") == " [2J a b"
    assert len(peers.printable("x" * 10_000)) == peers.LONGEST_TEXT


def knock(port):
    """Returns a connection to a port as soon as a process listens on it."""
    deadline = time.monotonic() + limits.EVENT
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return socket.create_connection(("localhost", port), timeout=limits.EVENT)
        time.sleep(0.05)
    raise AssertionError("no process listens on the port")


def test_workers_with_different_terms_all_raise_the_difference(members):
    chief, worker = members(2)
    terms = {"recipe": {"seed": 1, "hidden": (300, 100)}}
    other = {"recipe": {"seed": 2, "hidden": (300, 100)}}
    meetings = joined([Meeting(chief, terms), Meeting(worker, other)])
    expected = (
        f"All workers must be started alike. Received: recipe.seed=2 on {chief.describe(1)}, 1 on"
        f" {chief.describe(0)}. Start them with the same arguments, data and versions."
    )
    assert [meeting.error for meeting in meetings] == [expected] * 2


def test_another_list_of_workers_is_a_difference(members):
    chief, worker = members(2)
    other = Cluster((*worker.names, "worker 2"), (*worker.addresses, "elsewhere:9"), 1)
    meetings = joined([Meeting(chief, {}), Meeting(other, {})])
    assert all("addresses=" in meeting.error for meeting in meetings)


def test_an_index_that_two_workers_have_is_refused(members):
    chief, worker, _ = members(3)
    meetings = [Meeting(chief, {}), Meeting(worker, {})]
    time.sleep(0.3)
    with knock(int(chief.addresses[0].split(":")[1])) as sock:
        connection = peers.Connection(sock)
        peers.knock(connection, 1, {"addresses": list(chief.addresses)}, b"")
        texts = [
            connection.receive(limits.EVENT)["refused"],
            *(meeting.error for meeting in joined(meetings)),
        ]
    assert len(set(texts)) == 1
    assert f"index of its own. Received: {chief.describe(1)} twice. Correct" in texts[0]


def test_a_worker_restarted_while_it_waits_is_accepted_again(members):
    chief, first, second = members(3)
    meeting = Meeting(chief, {})
    with knock(int(chief.addresses[0].split(":")[1])) as sock:
        connection = peers.Connection(sock)
        peers.knock(connection, 1, {"addresses": list(chief.addresses)}, b"")
        assert connection.receive(limits.EVENT) == {"hello": peers.HELLO}
    later = Meeting(second, {})
    time.sleep(0.3)  # the one that comes back need not be the first to come
    meetings = joined([meeting, Meeting(first, {}), later])
    assert [meeting.error for meeting in meetings] == [""] * 3
    meeting.connections[1].send(word=1)
    assert meetings[1].connections[0].receive(limits.EVENT) == {"word": 1}


def test_a_worker_whose_own_port_is_in_use_says_so(members, fails):
    _, worker = members(2)
    port = int(worker.addresses[1].split(":")[1])
    with socket.create_server(("localhost", port)), fails("another program uses it"):
        peers.meet(worker, {}, 1)

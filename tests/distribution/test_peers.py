import contextlib
import socket
import threading
import time

import pytest

from tf_recipes.distribution import peers
from tf_recipes.distribution.cluster import Cluster

pytestmark = pytest.mark.usefixtures("closed_lines")


@pytest.fixture
def members(free_addresses):
    """`members(count)`: the cluster as each of its workers sees it."""

    def make(count):
        addresses = tuple(free_addresses(count))
        names = tuple(f"worker {k}" for k in range(count))
        return [Cluster(names, addresses, k) for k in range(count)]

    return make


class Meeting(threading.Thread):
    """One worker's `peers.meet`, in a thread."""

    def __init__(self, cluster, terms, timeout=5):
        super().__init__(daemon=True)
        self.arguments, self.lines, self.error = (cluster, terms, timeout), None, ""
        self.start()

    def run(self):
        try:
            self.lines = peers.meet(*self.arguments)
        except ValueError as error:
            self.error = str(error)


def joined(meetings):
    for meeting in meetings:
        meeting.join(20)
    assert not any(meeting.is_alive() for meeting in meetings)
    return meetings


def test_all_meet_whatever_the_order(members):
    chief, *others = members(3)
    meetings = [Meeting(others[1], {"seed": 1})]
    time.sleep(0.1)
    meetings += [Meeting(chief, {"seed": 1}), Meeting(others[0], {"seed": 1})]
    last, first, middle = joined(meetings)
    assert sorted(first.lines) == [1, 2]
    assert [*last.lines] == [*middle.lines] == [0]
    first.lines[2].send(word="yes")
    assert last.lines[0].receive(5) == {"word": "yes"}


def test_a_chief_alone_meets_nobody(members):
    assert peers.meet(members(1)[0], {}, 1) == {}


def test_who_does_not_come_is_named_everywhere(members):
    chief, first, *_ = clusters = members(4)
    meetings = joined([Meeting(chief, {}, 1), Meeting(first, {}, 5)])
    expected = (
        f"All workers must be started. Received: {clusters[0].who(2)}, {clusters[0].who(3)} did"
        " not come within 1 s. Start them, correct TF_CONFIG, or wait longer with"
        " --cluster_timeout."
    )
    assert [meeting.error for meeting in meetings] == [expected] * 2


def test_a_chief_that_does_not_come_is_named(members, fails):
    _, worker = members(2)
    with fails(f"{worker.who(0)} did not come within 0.5 s", "refused"):
        peers.meet(worker, {}, 0.5)


def test_a_host_that_does_not_exist_is_named(free_addresses, fails):
    cluster = Cluster(("worker 0", "worker 1"), ("nobody.invalid:2222", *free_addresses(1)), 1)
    with fails("worker 0 (nobody.invalid:2222) did not come within 0.3 s"):
        peers.meet(cluster, {}, 0.3)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n", b"\n", b""])
def test_what_answers_and_is_no_worker_is_not_taken_for_one(members, fails, answer):
    _, worker = members(2)

    def serve(door):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = door.accept()
                sock.sendall(answer)
                sock.close()

    with socket.create_server(("localhost", int(worker.addresses[0].split(":")[1]))) as door:
        threading.Thread(target=serve, args=(door,), daemon=True).start()
        with fails(worker.who(0), "what answers there is not a tf_recipes worker"):
            peers.meet(worker, {}, 0.5)
        door.shutdown(socket.SHUT_RDWR)


def test_a_stranger_at_the_chiefs_door_is_sent_away(members):
    chief, worker = members(2)
    meeting = Meeting(chief, {})
    port = int(chief.addresses[0].split(":")[1])
    for words in (b"GET / HTTP/1.1\r\n\r\n", b'{"hello": "you", "index": 1}\n', b"{}\n"):
        with knock(port) as stranger:
            stranger.sendall(words)
            assert stranger.recv(100) == b""
    joined([meeting, Meeting(worker, {})])
    assert [*meeting.lines] == [1]


def knock(port):
    """A connection to a port, as soon as somebody listens there."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            return socket.create_connection(("localhost", port), timeout=5)
        time.sleep(0.05)
    raise AssertionError("nobody listens")


def test_workers_that_want_different_things_are_all_told_which(members):
    chief, worker = members(2)
    terms = {"recipe": {"seed": 1, "hidden": (300, 100)}}
    other = {"recipe": {"seed": 2, "hidden": (300, 100)}}
    meetings = joined([Meeting(chief, terms), Meeting(worker, other)])
    expected = (
        f"All workers must be started alike. Received: recipe.seed=2 on {chief.who(1)}, 1 on"
        f" {chief.who(0)}. Start them with the same flags, data and versions."
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
        line = peers.Line(sock)
        line.send(hello=peers.HELLO, index=1, terms={"addresses": chief.addresses})
        texts = [line.receive(5)["refused"], *(meeting.error for meeting in joined(meetings))]
    assert len(set(texts)) == 1
    assert f"index of its own. Received: {chief.who(1)} twice. Correct" in texts[0]


def test_a_worker_restarted_while_it_waits_is_taken_again(members):
    chief, first, second = members(3)
    meeting = Meeting(chief, {})
    with knock(int(chief.addresses[0].split(":")[1])) as sock:
        line = peers.Line(sock)
        line.send(hello=peers.HELLO, index=1, terms={"addresses": chief.addresses})
        assert line.receive(5) == {"hello": peers.HELLO}
    meetings = joined([meeting, Meeting(first, {}), Meeting(second, {})])
    assert [meeting.error for meeting in meetings] == [""] * 3
    meeting.lines[1].send(word=1)
    assert meetings[1].lines[0].receive(5) == {"word": 1}


def test_a_worker_whose_own_port_is_held_says_so(members, fails):
    _, worker = members(2)
    port = int(worker.addresses[1].split(":")[1])
    with socket.create_server(("localhost", port)), fails("another program holds it"):
        peers.meet(worker, {}, 1)

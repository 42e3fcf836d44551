import socket
import threading
import time

import pytest

import limits
from tf_recipes.distribution import peers, watch
from tf_recipes.distribution.cluster import Cluster

NAMES, ADDRESSES = ("worker 0", "worker 1", "worker 2"), ("a:1", "b:1", "c:1")

pytestmark = pytest.mark.usefixtures("closed_connections")


class Watched:
    """Holds a worker's watch and the losses that the watch reported."""

    def __init__(self, index, connections, silence=limits.EVENT):
        self.losses, self.event = [], threading.Event()
        cluster = Cluster(NAMES, ADDRESSES, index)
        self.watch = watch.Watch(cluster, connections, silence, self._on_lost)

    def _on_lost(self, *loss):
        self.losses.append(loss)
        self.event.set()


def star():
    """Returns the connections of each of three workers, as `peers.meet` returns them."""
    first, second = socket.socketpair(), socket.socketpair()
    chief = {1: peers.Connection(first[0]), 2: peers.Connection(second[0])}
    return chief, {0: peers.Connection(first[1])}, {0: peers.Connection(second[1])}


def test_a_process_that_ends_is_noticed_at_once_and_by_all():
    chief_connections, first_connections, second_connections = star()
    chief, second = Watched(0, chief_connections), Watched(2, second_connections)
    first_connections[0].close()
    assert chief.event.wait(limits.EVENT) and second.event.wait(limits.EVENT)
    assert chief.losses == second.losses == [("worker 1 (b:1)", "its process ended")]


def test_a_chief_that_ends_is_noticed():
    chief_connections, first_connections, _ = star()
    first = Watched(1, first_connections)
    chief_connections[1].close()
    assert first.event.wait(limits.EVENT)
    assert first.losses == [("worker 0 (a:1)", "its process ended")]


@pytest.mark.parametrize("loss", [1, None, [], ["a"], ["a", "b", "c"], [["a"], {}], "ab"])
def test_a_report_of_another_form_is_a_loss_too(loss):
    chief_connections, first_connections, _ = star()
    first = Watched(1, first_connections)
    chief_connections[1].send(lost=loss)
    assert first.event.wait(limits.EVENT)
    assert all(isinstance(text, str) and text for text in first.losses[0])


def test_silence_is_noticed():
    chief_connections, _, _ = star()
    chief = Watched(0, chief_connections, silence=0.3)
    assert chief.event.wait(limits.EVENT)
    assert chief.losses[0][1] == "it sends no heartbeat"


def test_heartbeats_keep_a_peer_from_being_lost(monkeypatch):
    monkeypatch.setattr(watch, "HEARTBEAT", 0.05)
    connections = star()
    watched = [Watched(index, each, silence=3.0) for index, each in enumerate(connections)]
    time.sleep(3.5)
    assert [each.losses for each in watched] == [[], [], []]


def test_a_finished_worker_is_not_lost_and_all_leave_together():
    connections = star()
    watched = [Watched(index, each) for index, each in enumerate(connections)]
    left = []
    threads = [
        threading.Thread(target=lambda w=w: (w.watch.leave(limits.EVENT), left.append(w)))
        for w in watched
    ]
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.3)
    assert left == []  # the chief is still at work
    threads[0].start()
    for thread in threads:
        thread.join(limits.EVENT)
    assert len(left) == 3
    for each in connections[1:]:
        each[0].close()
    time.sleep(0.2)
    assert [each.losses for each in watched] == [[], [], []]

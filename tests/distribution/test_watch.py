import socket
import threading
import time

import pytest

from tf_recipes.distribution import peers, watch
from tf_recipes.distribution.cluster import Cluster

NAMES, ADDRESSES = ("worker 0", "worker 1", "worker 2"), ("a:1", "b:1", "c:1")

pytestmark = pytest.mark.usefixtures("closed_lines")


class Watched:
    """A worker's watch, and what it was told."""

    def __init__(self, index, lines, silence=5.0):
        self.told, self.event = [], threading.Event()
        cluster = Cluster(NAMES, ADDRESSES, index)
        self.watch = watch.Watch(cluster, lines, silence, self._on_lost)

    def _on_lost(self, *words):
        self.told.append(words)
        self.event.set()


def star():
    """Three workers: for each its lines, as `peers.meet` returns them."""
    first, second = socket.socketpair(), socket.socketpair()
    chief = {1: peers.Line(first[0]), 2: peers.Line(second[0])}
    return chief, {0: peers.Line(first[1])}, {0: peers.Line(second[1])}


def test_a_process_that_ends_is_noticed_at_once_and_by_all():
    chief_lines, first_lines, second_lines = star()
    chief, second = Watched(0, chief_lines), Watched(2, second_lines)
    first_lines[0].close()
    assert chief.event.wait(5) and second.event.wait(5)
    assert chief.told == second.told == [("worker 1 (b:1)", "its process ended")]


def test_a_chief_that_ends_is_noticed():
    chief_lines, first_lines, _ = star()
    first = Watched(1, first_lines)
    chief_lines[1].close()
    assert first.event.wait(5)
    assert first.told == [("worker 0 (a:1)", "its process ended")]


def test_silence_is_noticed():
    chief_lines, _, _ = star()
    chief = Watched(0, chief_lines, silence=0.3)
    assert chief.event.wait(5)
    assert chief.told[0][1] == "it gives no sign of life"


def test_signs_of_life_are_enough(monkeypatch):
    monkeypatch.setattr(watch, "HEARTBEAT", 0.05)
    lines = star()
    watched = [Watched(index, line, silence=1.0) for index, line in enumerate(lines)]
    time.sleep(1.5)
    assert [each.told for each in watched] == [[], [], []]


def test_whoever_is_done_is_not_lost_and_all_leave_together():
    lines = star()
    watched = [Watched(index, line) for index, line in enumerate(lines)]
    left = []
    threads = [
        threading.Thread(target=lambda w=w: (w.watch.leave(10), left.append(w))) for w in watched
    ]
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.3)
    assert left == []  # the chief is still at work
    threads[0].start()
    for thread in threads:
        thread.join(10)
    assert len(left) == 3
    for line in lines[1:]:
        line[0].close()
    time.sleep(0.2)
    assert [each.told for each in watched] == [[], [], []]

"""Notices the loss of a worker while the other workers train."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from tf_recipes.distribution.cluster import Cluster
from tf_recipes.distribution.peers import HEARTBEAT, Connection, printable


class Watch:
    """Sends heartbeats to the peers, and calls `on_lost` once a peer is lost.

    A peer is lost if its process ended, which is noticed at once, or if it sent no heartbeat for
    `silence` seconds. The chief passes the news on to the other workers.

    Args:
        cluster: a `cluster.Cluster`.
        connections: `{index: peers.Connection}`, as `peers.meet` returned them.
        silence: seconds without a heartbeat after which a peer counts as lost.
        on_lost: function of two texts, the lost worker and the reason; called once, in a thread.
    """

    def __init__(
        self,
        cluster: Cluster,
        connections: Mapping[int, Connection],
        silence: float,
        on_lost: Callable[[str, str], None],
    ) -> None:
        self._cluster, self._connections, self._silence = cluster, connections, silence
        self._on_lost, self._lock = on_lost, threading.Lock()
        self._finished: set[int] = set()  # indices of the peers that have finished
        self._all_finished = threading.Event()
        self._over = False
        if not connections:
            self._all_finished.set()
        threads = [threading.Thread(target=self._send_heartbeats, daemon=True)]
        threads += [
            threading.Thread(target=self._listen, args=(k,), daemon=True) for k in connections
        ]
        for thread in threads:
            thread.start()

    def leave(self, seconds: float) -> None:
        """Tells the peers that this worker has finished, and waits for them.

        Args:
            seconds: the longest time to wait.
        """
        if self._cluster.is_chief:
            self._all_finished.wait(seconds)
            self._over = True  # the chief's connections close once this process ends
            self._send_to_all(left=True)
        else:
            self._send_to_all(left=True)
            self._all_finished.wait(seconds)
            self._over = True

    def _send_heartbeats(self) -> None:
        while not self._over:
            self._send_to_all(alive=True)
            time.sleep(HEARTBEAT)

    def _send_to_all(self, **message: Any) -> None:
        for connection in self._connections.values():
            with contextlib.suppress(OSError):  # the thread that listens notices the loss
                connection.send(**message)

    def _listen(self, index: int) -> None:
        connection = self._connections[index]
        while not self._over:
            try:
                message = connection.receive(self._silence)
            except TimeoutError:
                return self._report_loss(self._cluster.describe(index), "it sends no heartbeat")
            except (OSError, ValueError):
                return self._report_loss(self._cluster.describe(index), "its process ended")
            if "lost" in message:
                return self._report_loss(*_loss(message["lost"]))
            if "left" in message:
                self._finished.add(index)
                if self._finished >= self._connections.keys():
                    self._all_finished.set()
                return None
        return None

    def _report_loss(self, worker: str, reason: str) -> None:
        with self._lock:
            if self._over:
                return
            self._over = True
        self._send_to_all(lost=(worker, reason))
        self._on_lost(worker, reason)


def _loss(message: Any) -> tuple[str, str]:
    """Returns the lost worker and the reason of a peer's message, whatever the peer sent."""
    if not isinstance(message, list) or len(message) != 2:
        return "a worker", "another worker reports it"
    return printable(message[0]), printable(message[1])

"""Notices a worker that is lost while the others train."""

import contextlib
import threading
import time

from tf_recipes.distribution.peers import HEARTBEAT


class Watch:
    """Sends a sign of life to the peers, and calls `on_lost` once one of them gives none.

    Args:
        cluster: a `cluster.Cluster`.
        lines: `{index: peers.Line}`, as `peers.meet` returned them.
        silence: seconds without a sign of life after which a peer counts as lost; one whose
            process ends is noticed at once.
        on_lost: called once, in a thread, with the lost worker in words.
    """

    def __init__(self, cluster, lines, silence, on_lost):
        self._cluster, self._lines, self._silence = cluster, lines, silence
        self._on_lost, self._lock = on_lost, threading.Lock()
        self._left = set()  # who has said that it is done
        self._everybody_left = threading.Event()
        self._over = False
        if not lines:
            self._everybody_left.set()
        threads = [threading.Thread(target=self._beat, daemon=True)]
        threads += [threading.Thread(target=self._listen, args=(k,), daemon=True) for k in lines]
        for thread in threads:
            thread.start()

    def leave(self, seconds):
        """Says that this worker is done, and waits for the others, `seconds` at most."""
        if self._cluster.is_chief:
            self._everybody_left.wait(seconds)
            self._over = True  # its lines close once this process ends
            self._tell(left=True)
        else:
            self._tell(left=True)
            self._everybody_left.wait(seconds)
            self._over = True

    def _beat(self):
        while not self._over:
            self._tell(alive=True)
            time.sleep(HEARTBEAT)

    def _tell(self, **message):
        for line in self._lines.values():
            with contextlib.suppress(OSError):  # whoever listens to it notices
                line.send(**message)

    def _listen(self, index):
        line = self._lines[index]
        while not self._over:
            try:
                message = line.receive(self._silence)
            except TimeoutError:
                return self._lost(self._cluster.who(index), "it gives no sign of life")
            except (OSError, ValueError):
                return self._lost(self._cluster.who(index), "its process ended")
            if "lost" in message:
                return self._lost(*message["lost"])
            if "left" in message:
                self._left.add(index)
                if self._left >= self._lines.keys():
                    self._everybody_left.set()
                return None
        return None

    def _lost(self, who, why):
        with self._lock:
            if self._over:
                return
            self._over = True
        self._tell(lost=(who, why))
        self._on_lost(who, why)

"""Times passes of several contestants, interleaved round by round, one contestant at a time."""

import contextlib
import dataclasses
import tempfile
from pathlib import Path

from lab.benchmark import workload as workloads
from lab.benchmark.process import Worker, WorkerError

EPOCHS = 5  # epochs of a pass; for Keras and this project a pass is one call of `fit`


@dataclasses.dataclass
class Timing:
    """Holds the measurements of one contestant with one workload.

    Args:
        name: name of the contestant.
        steps: steps of one epoch.
        seconds: seconds of an epoch in each timed pass, by round.
        first_epoch: seconds of the first epoch, which includes compilation.
        memory: dict of bytes: `peak`, the largest resident memory of the process, and `imported`,
            the memory after the import of the library, before the data is loaded.
        idle_cpu_share: largest CPU time between two passes, over the time of an epoch. It should be
            near 0: a contestant that works between its passes slows the measured contestant.
        versions: versions of the contestant's libraries.
        note: the contestant's remark on itself.
        failed: why the contestant could not run or died, or None.
    """

    name: str
    steps: int
    seconds: list = dataclasses.field(default_factory=list)
    first_epoch: float | None = None
    memory: dict = dataclasses.field(default_factory=dict)
    idle_cpu_share: float | None = None
    versions: dict = dataclasses.field(default_factory=dict)
    note: str = ""
    failed: str | None = None

    @property
    def rates(self):
        """Returns the steps per second in each timed pass."""
        return [self.steps / each for each in self.seconds]


class Contest:
    """Runs the contestants' processes for several workloads, as a context manager.

    All processes end when the context ends.

    Args:
        contestants: names of the contestants.
        say: called with each line on an error.
        tf1_python: interpreter of TF 1.15, or None.
    """

    def __init__(self, contestants, say, tf1_python=None):
        self.names, self.say, self.tf1_python = contestants, say, tf1_python
        self._stack, self._workers, self._hello, self.failed = contextlib.ExitStack(), {}, {}, {}

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            for name in self.names:
                with self._surviving(name):
                    worker = stack.enter_context(Worker(name, self.tf1_python))
                    self._hello[name] = worker.hello()
                    self._workers[name] = worker
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception):
        self._stack.close()

    def run(self, workload, repeats, on_round=lambda: None):
        """Measures a workload, and returns `{name: Timing}` of every contestant.

        The order rotates by one contestant in each round, so that the first position changes.

        Args:
            workload: a `Workload`.
            repeats: number of rounds.
            on_round: called after each round.
        """
        path = self._folder / "workload.npz"
        workloads.save(path, workload)
        timings = {name: Timing(name, workload.steps) for name in self.names}
        for name in list(self._workers):
            with self._surviving(name):
                self._prepare(timings[name], path)
        for k in range(repeats):
            for name in _rotated(list(self._workers), k):
                with self._surviving(name):
                    self._time(timings[name])
            on_round()
        for name, reason in self.failed.items():
            timings[name].failed = reason
        return timings

    def _prepare(self, timing, path):
        """Loads the workload, and trains the first epoch and one pass that is not counted."""
        worker, hello = self._workers[timing.name], self._hello[timing.name]
        timing.versions = hello["versions"]
        timing.note = worker.load(path)["note"]
        timing.first_epoch = worker.train()["seconds"]
        answer = worker.train(EPOCHS)
        worker.rest()
        timing.memory = {"imported": hello["memory"]["now"], "peak": answer["memory"]["peak"]}

    def _time(self, timing):
        """Times one pass."""
        worker = self._workers[timing.name]
        answer = worker.train(EPOCHS)
        worker.rest()
        timing.seconds.append(answer["seconds"])
        timing.memory["peak"] = answer["memory"]["peak"]
        share = answer["idle_cpu_seconds"] / answer["seconds"]
        timing.idle_cpu_share = max(share, timing.idle_cpu_share or 0)

    @contextlib.contextmanager
    def _surviving(self, name):
        """Removes a contestant that fails, and prints the reason; the rest continue."""
        try:
            yield
        except WorkerError as error:
            self.failed[name] = str(error)
            self._workers.pop(name, None)
            self.say(str(error))


def _rotated(names, k):
    """Returns the names rotated by `k` places."""
    if not names:
        return names
    k %= len(names)
    return names[k:] + names[:k]

"""Timed passes of several contestants, interleaved round by round, one at work at a time."""

import contextlib
import dataclasses
import tempfile
from pathlib import Path

from lab.benchmark import workload as workloads
from lab.benchmark.process import Worker, WorkerError

EPOCHS = 5  # of a pass, which for Keras and this project is one call of `fit`


@dataclasses.dataclass
class Timing:
    """What one contestant did with one workload.

    Args:
        name: the contestant's.
        steps: of one epoch.
        seconds: of an epoch in each timed pass, by round.
        first_epoch: seconds of the first epoch, which compiles.
        memory: bytes: `peak`, the largest resident memory of the process, and `imported`, what it
            held once its library was imported and no data was there.
        idle_cpu_share: the most CPU seconds it took between two passes, over an epoch's seconds; it
            should be next to nothing, or it was in the others' way.
        versions: of its libraries.
        note: what it says of itself.
        failed: why it could not run or died, else None.
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
        """Steps per second in each timed pass."""
        return [self.steps / each for each in self.seconds]


class Contest:
    """Processes of some contestants that stay for several workloads.

    Args:
        contestants: names.
        say: called with a line on what goes wrong.
        tf1_python: TF 1.15's interpreter, or None.

    Use it as a context; all processes end with it.
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
        """`{name: Timing}` of every contestant after so many rounds on that workload.

        The order moves on by one in each round, so that nobody always follows the same neighbour.
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
        worker, hello = self._workers[timing.name], self._hello[timing.name]
        timing.versions = hello["versions"]
        timing.note = worker.load(path)["note"]
        timing.first_epoch = worker.train()["seconds"]
        answer = worker.train(EPOCHS)
        worker.rest()
        timing.memory = {"imported": hello["memory"]["now"], "peak": answer["memory"]["peak"]}

    def _time(self, timing):
        worker = self._workers[timing.name]
        answer = worker.train(EPOCHS)
        worker.rest()
        timing.seconds.append(answer["seconds"])
        timing.memory["peak"] = answer["memory"]["peak"]
        share = answer["idle_cpu_seconds"] / answer["seconds"]
        timing.idle_cpu_share = max(share, timing.idle_cpu_share or 0)

    @contextlib.contextmanager
    def _surviving(self, name):
        """Whoever dies is out, with a line; the others go on."""
        try:
            yield
        except WorkerError as error:
            self.failed[name] = str(error)
            self._workers.pop(name, None)
            self.say(str(error))


def _rotated(names, k):
    if not names:
        return names
    k %= len(names)
    return names[k:] + names[:k]

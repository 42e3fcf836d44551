"""Times the way from the command to the end of the first training step, in new processes."""

import tempfile
import time
from pathlib import Path

from lab.benchmark import workload as workloads
from lab.benchmark.process import Worker, WorkerError


def run(contestants, workload, repeats, say, tf1_python=None, on_round=lambda: None):
    """Measures the starts, and returns `{name: list of seconds}` of each contestant that can run.

    The time begins just before the process is started. It ends when the process has answered that
    its first epoch, of a single batch, is over. It includes the interpreter, the imports, reading
    the data, building the model, compilation and one step. For Keras and this project the step is
    the first call of `fit`.

    Args:
        contestants: names of the contestants.
        workload: a `Workload`, of which the first batch is taken.
        repeats: number of rounds; every contestant starts once in each round.
        say: called with each line on an error.
        tf1_python: interpreter of TF 1.15, or None.
        on_round: called after each round.
    """
    batch = workloads.make(workload.recipe, workload.images, workload.labels, 1)
    seconds = {name: [] for name in contestants}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.npz"
        workloads.save(path, batch)
        for _ in range(repeats):
            for name in list(seconds):
                try:
                    seconds[name].append(first_step(name, path, tf1_python))
                except WorkerError as error:
                    say(str(error))
                    del seconds[name]
            on_round()
    return seconds


def first_step(name, path, tf1_python=None):
    """Returns the seconds of one start."""
    started = time.perf_counter()
    with Worker(name, tf1_python) as worker:
        worker.hello()
        worker.load(path)
        worker.train()
        return time.perf_counter() - started

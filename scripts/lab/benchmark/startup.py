"""From the command to the end of the first training step, in fresh processes."""

import tempfile
import time
from pathlib import Path

from lab.benchmark import workload as workloads
from lab.benchmark.process import Worker, WorkerError


def run(contestants, workload, repeats, say, tf1_python=None, on_round=lambda: None):
    """`{name: seconds}`, a list for each contestant that can run.

    From just before the process is started until it has answered that its first epoch, of a single
    batch, is over: the interpreter, the imports, the data from its file, the model, what is
    compiled, and one step. For Keras and this project that is the first call of `fit`.

    Args:
        contestants: names.
        workload: a `Workload`; its first batch is taken.
        repeats: rounds, in each of which every contestant starts once.
        say: called with a line on what goes wrong.
        tf1_python: TF 1.15's interpreter, or None.
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
    """Seconds of one start."""
    started = time.perf_counter()
    with Worker(name, tf1_python) as worker:
        worker.hello()
        worker.load(path)
        worker.train()
        return time.perf_counter() - started

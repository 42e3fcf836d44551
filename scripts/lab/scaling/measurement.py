"""Measures how training scales on this machine, with processes that share its loopback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from lab.scaling.cost_model import Measured

_WORKER = "lab.scaling.measured_worker"
_SCRIPTS = str(Path(__file__).parents[2])


def run(workers, hidden, batches, repeats):
    """Measures the time of a step for every net and batch size, with a number of workers.

    Args:
        workers: int, number of workers.
        hidden: list of lists, the units of each net's hidden layers.
        batches: list of ints, rows of the global batch, each a multiple of `workers`.
        repeats: int, timed calls; the fastest call counts.

    Returns:
        A list of `Measured`.

    Raises:
        OSError: if a worker fails; the text ends with the worker's last output.
    """
    addresses = [f"localhost:{port}" for port in _free_ports(workers)]
    cores = sorted(os.sched_getaffinity(0))
    processes = [
        _worker(addresses, k, cores[k % len(cores)], hidden, batches, repeats)
        for k in range(workers)
    ]
    try:
        outputs = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        if process.returncode:
            raise OSError(f"A worker failed: {errors.strip()[-500:]}")
    measured = zip(*(json.loads(out) for out, _ in outputs), strict=True)
    return [_slowest(workers, each) for each in measured]


def _slowest(workers, results):
    """Returns the `Measured` of one net and batch size, by the slowest worker."""
    parameters, rows, _, sent = results[0]
    return Measured(workers, parameters, rows, max(row[2] for row in results), sent)


def _worker(addresses, index, core, hidden, batches, repeats):
    """Starts the process of one worker."""
    task = {"type": "worker", "index": index}
    setting = {"hidden": hidden, "batches": batches, "repeats": repeats, "core": core}
    config = json.dumps({"cluster": {"worker": addresses}, "task": task})
    return subprocess.Popen(
        [sys.executable, "-m", _WORKER, json.dumps(setting)],
        env={**os.environ, "TF_CONFIG": config, "PYTHONPATH": _path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _path():
    """Returns Python's module path, with the folder of `lab`."""
    return os.pathsep.join(filter(None, [_SCRIPTS, os.environ.get("PYTHONPATH")]))


def _free_ports(count):
    """Returns free ports of this machine."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()

"""Measures how training scales on this machine: processes on its loopback, a core for each."""

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
    """The time of a step for every net and batch, with so many workers.

    Args:
        workers: int.
        hidden: list of lists, the units of each net's hidden layers.
        batches: list of ints, rows of the global batch, each a multiple of `workers`.
        repeats: int, timed calls of which the quickest counts.

    Returns:
        A list of `Measured`.

    Raises:
        OSError: if a worker fails; the text is the end of what it said.
    """
    addresses = [f"localhost:{port}" for port in _free_ports(workers)]
    cores = sorted(os.sched_getaffinity(0))
    processes = [
        _worker(addresses, k, cores[k % len(cores)], hidden, batches, repeats)
        for k in range(workers)
    ]
    try:
        said = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, said, strict=True):
        if process.returncode:
            raise OSError(f"A worker failed: {errors.strip()[-500:]}")
    measured = zip(*(json.loads(out) for out, _ in said), strict=True)
    return [_slowest(workers, each) for each in measured]


def _slowest(workers, each):
    parameters, rows, _, sent = each[0]
    return Measured(workers, parameters, rows, max(row[2] for row in each), sent)


def _worker(addresses, index, core, hidden, batches, repeats):
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
    """Where Python looks for modules, `lab` among them."""
    return os.pathsep.join(filter(None, [_SCRIPTS, os.environ.get("PYTHONPATH")]))


def _free_ports(count):
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()

"""Runs one contestant in a process of its own: `python -m lab.benchmark.worker NAME`.

The process reads one request a line from the standard input, and answers each request with one line
of JSON. It does nothing between two requests, and ends with its input. The requests:

- `load PATH` makes the contestant from the workload in the file,
- `pass N` trains N epochs,
- `ordered` trains one epoch without shuffling,
- `rest` waits until the library's threads are idle,
- `weights PATH` writes the weights as an `.npz`.

This module needs only Python 3.7 and NumPy, besides the contestant's own libraries.
"""

import json
import os
import platform
import subprocess
import sys
import time

import numpy as np

from lab.benchmark import registry, workload

REST = 0.3  # seconds; after their work OpenBLAS' threads spin for about 0.1 s, OpenMP's for less


def main(name):
    """Answers requests for a contestant until the input ends."""
    answers = _answers()
    make = registry.factory(name)
    answer(answers, {"memory": memory(), "versions": versions(name)})
    contestant, rested = None, time.process_time()
    for request in iter(sys.stdin.readline, ""):
        idle = time.process_time() - rested
        verb, _, argument = request.strip().partition(" ")
        if verb == "load":
            contestant = None  # frees the memory of the last contestant
            contestant = make(workload.load(argument))
            result = {"note": getattr(contestant, "note", "")}
        elif verb == "rest":
            time.sleep(REST)
            result = {}
        elif verb == "weights":
            np.savez(argument, **contestant.weights())
            result = {}
        else:
            result = timed_pass(contestant, verb == "pass", int(argument or 1))
        rested = time.process_time()
        answer(answers, dict(result, memory=memory(), idle_cpu_seconds=idle))


def timed_pass(contestant, shuffle, epochs):
    """Trains, and returns the seconds of an epoch, and the last epoch's mean loss or None."""
    started = time.perf_counter()
    if hasattr(contestant, "epochs"):  # trains all epochs in one call
        loss = contestant.epochs(epochs, shuffle)
    else:
        for _ in range(epochs):
            loss = contestant.epoch(shuffle)
    return {"seconds": (time.perf_counter() - started) / epochs, "loss": loss}


def answer(answers, result):
    """Writes an answer as one line of JSON."""
    answers.write(json.dumps(result) + "\n")
    answers.flush()


def _answers():
    """Returns the standard output for answers only, and sends all other output to the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def memory():
    """Returns the bytes of resident memory, largest and present; None without /proc."""
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return {"peak": None, "now": None}
    return {
        key: int(lines[field].split()[0]) * 1024
        for key, field in (("peak", "VmHWM"), ("now", "VmRSS"))
    }


def versions(name):
    """Returns the versions of Python and of the contestant's imported libraries."""
    numbers = {"python": platform.python_version()}
    for library in registry.CONTESTANTS[name].libraries:
        if library in sys.modules:
            numbers[library] = sys.modules[library].__version__
    if "jax" in numbers:
        numbers.update(jax_device(sys.modules["jax"]))
    return numbers


def jax_device(jax):
    """Returns the device that JAX runs on, its driver, and the precision of float32 products."""
    found = {"device": jax.devices()[0].device_kind, "platform": jax.default_backend()}
    found["float32 products"] = jax.config.jax_default_matmul_precision or "JAX's default"
    command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    if found["platform"] == "gpu":
        try:
            found["driver"] = subprocess.check_output(command, timeout=60).decode().strip()
        except (OSError, subprocess.SubprocessError):
            found["driver"] = "unknown"
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

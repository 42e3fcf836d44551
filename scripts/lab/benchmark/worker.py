"""A contestant in a process of its own: `python -m lab.benchmark.worker NAME`.

It reads one request a line from the standard input and answers each with one line of JSON:
`load PATH` makes the contestant from that workload, `pass N` trains N epochs, `ordered` one without
shuffling, `rest` waits until the library's threads have come to rest, `weights PATH` writes an
`.npz`. It ends with its input, and does nothing between two requests. It needs nothing but Python
3.7 and NumPy.
"""

import json
import os
import platform
import sys
import time

import numpy as np

from lab.benchmark import registry, workload

REST = 0.3  # seconds; OpenBLAS' threads spin for some 0.1 s after their work, OpenMP's for less


def main(name):
    """Serves the contestant of that name until the input ends."""
    answers = _answers()
    make = registry.factory(name)
    answer(answers, {"memory": memory(), "versions": versions(name)})
    contestant, rested = None, time.process_time()
    for request in iter(sys.stdin.readline, ""):
        idle = time.process_time() - rested
        verb, _, argument = request.strip().partition(" ")
        if verb == "load":
            contestant = None  # the last one's memory is free before the next one's is taken
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
    """The seconds of an epoch and the last one's mean loss, None where nobody reads it."""
    started = time.perf_counter()
    if hasattr(contestant, "epochs"):  # one call for all of them
        loss = contestant.epochs(epochs, shuffle)
    else:
        for _ in range(epochs):
            loss = contestant.epoch(shuffle)
    return {"seconds": (time.perf_counter() - started) / epochs, "loss": loss}


def answer(answers, result):
    """One line of JSON."""
    answers.write(json.dumps(result) + "\n")
    answers.flush()


def _answers():
    """The standard output, for answers alone: what libraries print there joins the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def memory():
    """Bytes of resident memory: the largest so far and now; None where /proc does not tell."""
    found = {"peak": None, "now": None}
    try:
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return found
    return {
        key: int(lines[field].split()[0]) * 1024
        for key, field in (("peak", "VmHWM"), ("now", "VmRSS"))
    }


def versions(name):
    """Of Python and of the contestant's libraries, those that are imported."""
    found = {"python": platform.python_version()}
    for library in registry.CONTESTANTS[name].libraries:
        if library in sys.modules:
            found[library] = sys.modules[library].__version__
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Runs one worker of a measurement: `python -m lab.scaling.measured_worker SETTING`.

SETTING is JSON: `hidden` (a list of lists of units), `batches`, `repeats`, `core`. The worker
prints JSON, for each net and batch size `[parameters, rows, seconds of a step, bytes on the
loopback interface in a step]`.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np

_COUNTERS = pathlib.Path("/proc/net/dev")
_WORK = 3e9  # parameters times rows of one timed call, about
_MOST, _LEAST = 20, 2  # largest and smallest number of steps of one timed call


def main(setting):
    """Measures every net at every batch size, and prints the results."""
    os.sched_setaffinity(0, {setting["core"]})  # before TensorFlow counts the cores
    from tf_recipes.distribution import job

    with job.start("multiworker", {}, cluster_timeout=120) as started:
        measured = [
            measure(started, hidden, rows, setting["repeats"])
            for hidden in setting["hidden"]
            for rows in setting["batches"]
        ]
    print(json.dumps(measured))


def measure(started, hidden, rows, repeats):
    """Times `repeats` calls, and returns the fastest, because other programs may disturb a call.

    Returns:
        `[parameters, rows, seconds of a step, bytes on the loopback interface in a step]`.
    """
    import keras
    import tensorflow as tf

    from tf_recipes import catalog, models
    from tf_recipes.fast_fit import batches

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    recipe = catalog.get("momentum").replace(hidden=hidden, batch_size=rows)
    with started.scope():
        model = models.build(recipe)
    parameters = model.count_params()
    steps = int(max(_LEAST, min(_MOST, _WORK // (parameters * rows))))
    random = np.random.default_rng(0)
    data = random.random((rows, 784), np.float32), random.integers(0, 10, rows)
    holder, order = batches.Resident(data), tf.tile(tf.range(rows, dtype=tf.int64), [steps])
    loop = started.loop(model, "train")
    loop(holder, order, rows, 0, steps)  # compiles
    timed = []
    for _ in range(repeats):
        began, sent = time.perf_counter(), loopback_bytes()
        loop(holder, order, rows, 0, steps)
        timed.append((time.perf_counter() - began, loopback_bytes() - sent))
    return [parameters, rows, min(timed)[0] / steps, min(b for _, b in timed) / steps]


def loopback_bytes(text=None):
    """Returns the bytes that the loopback interface received so far; NaN without a counter."""
    if text is None:
        text = _COUNTERS.read_text() if _COUNTERS.exists() else ""
    for line in text.splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == "lo":
            return int(counters.split()[0])
    return float("nan")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

"""Measures sparse updates of a large table: this package, Keras' optimizers and TensorFlow 1.15."""

import json
import statistics
import subprocess
import time
from pathlib import Path

from tf_recipes._support import files, quiet_tensorflow, terminal, versions
from tf_recipes.parity.tf1 import interpreter

PROGRAM = Path(__file__).with_name("sparse_session.py")
BATCH = 64  # rows of the table in a gradient
IN_ONE_CALL = 100  # steps of one call of a compiled function, as `FastFitModel.fit` takes them
WHOLE_TABLE = ("Adam", "AdamW")  # their steps are longer than any call
COLUMNS = {
    "tf1": "TensorFlow 1.15",
    "tf_recipes": "tf_recipes",
    "in_one_call": f"{IN_ONE_CALL} steps in one call",
    "keras": "Keras",
}


def run(rows, columns, steps, repeats, tf1_python, json_out):
    """Measures, prints the table, and writes the results if `json_out` names a file.

    Raises:
        interpreter.TF1Error: for a `tf1_python` that does not run TensorFlow 1.15.
        OSError: if the file cannot be written.
    """
    out = terminal.Terminal()
    sizes = {
        "rows": rows,
        "columns": columns,
        "batch": min(BATCH, rows),
        "steps": steps,
        "repeats": repeats,
    }
    results = {"sizes": sizes, "seconds": {}}
    try:
        python = interpreter.check(tf1_python)
    except interpreter.TF1Error as error:
        if tf1_python:
            raise
        out.print(f"TensorFlow 1.15 does not run: {error}", soft_wrap=True, markup=False)
    else:
        results["seconds"]["tf1"] = _tf1(python, sizes)
    results["seconds"] |= _here(**sizes)
    results["versions"] = versions.installed()
    results["table"] = table(results)
    out.print(results["table"], markup=False, highlight=False, soft_wrap=True)
    if json_out:
        with files.replacing(Path(json_out)) as partial:
            partial.write_text(json.dumps(results, indent=1) + "\n")


def table(results):
    """Returns the results of `run` as a table in Markdown."""
    there = [key for key in COLUMNS if key in results["seconds"]]
    lines = [
        "| optimizer | " + " | ".join(f"{COLUMNS[key]}, ms" for key in there) + " |",
        "|---" * (1 + len(there)) + "|",
    ]
    for name in results["seconds"]["tf_recipes"]:
        cells = [_milliseconds(results["seconds"][key].get(name)) for key in there]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _milliseconds(seconds):
    return "" if seconds is None else f"{1000 * statistics.median(seconds):.2g}"


def _tf1(python, sizes):
    """Returns `{optimizer: seconds}` of TensorFlow 1.15, measured in a process of its own."""
    done = subprocess.run(
        [python, "-W", "ignore", PROGRAM],
        input=json.dumps(sizes),
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="3"),
        capture_output=True,
        check=False,
        text=True,
        timeout=interpreter.TIMEOUT,
    )
    if done.returncode:
        last = (done.stderr.strip() or f"status {done.returncode}").splitlines()[-1]
        raise interpreter.TF1Error(f"TensorFlow 1.15 failed under {python}: {last}")
    return json.loads(done.stdout)


def _here(rows, columns, batch, steps, repeats):
    """Returns `{column: {optimizer: seconds}}` of this process, without that of TensorFlow 1.15."""
    quiet_tensorflow.import_tensorflow()  # here, so that a wrong flag is refused at once
    import keras
    import tensorflow as tf

    import tf_recipes

    makers = {
        "tf_recipes": {
            "GradientDescent": lambda: tf_recipes.GradientDescent(0.1),
            "Momentum": lambda: tf_recipes.Momentum(0.1),
            "Momentum, nesterov": lambda: tf_recipes.Momentum(0.1, nesterov=True),
            "Adagrad": lambda: tf_recipes.Adagrad(0.1),
            "RMSProp": lambda: tf_recipes.RMSProp(0.1),
            "RMSProp, centered": lambda: tf_recipes.RMSProp(0.1, centered=True),
            "Adam": lambda: tf_recipes.Adam(0.1),
            "MomentumW": lambda: tf_recipes.MomentumW(0.1, momentum=0.9, weight_decay=0.01),
            "AdamW": lambda: tf_recipes.AdamW(0.1, weight_decay=0.01),
        },
        "keras": {
            "GradientDescent": lambda: keras.optimizers.SGD(0.1),
            "Momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
            "Momentum, nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
            "Adagrad": lambda: keras.optimizers.Adagrad(0.1),
            "RMSProp": lambda: keras.optimizers.RMSprop(0.1),
            "RMSProp, centered": lambda: keras.optimizers.RMSprop(0.1, centered=True),
            "Adam": lambda: keras.optimizers.Adam(0.1),
            "MomentumW": lambda: keras.optimizers.SGD(0.1, momentum=0.9, weight_decay=0.01),
            "AdamW": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.01),
        },
    }

    def timed(optimizer, at_once=1):
        weights = keras.Variable(tf.zeros((rows, columns)))
        optimizer.build([weights])
        ids = tf.range(batch) * (rows // batch)
        values = tf.ones((batch, columns))

        def step(values, ids):
            optimizer.apply([tf.IndexedSlices(values, ids, tf.constant([rows, columns]))])

        def several(values, ids):
            def body(k):
                step(values, ids)
                return k + 1

            tf.while_loop(lambda k: k < at_once, body, [0])

        call = tf.function(step if at_once == 1 else several, autograph=False)
        for _ in range(3):
            call(values, ids)
        found = []
        for _ in range(repeats):
            start = time.perf_counter()
            for _ in range(steps):
                call(values, ids)
            found.append((time.perf_counter() - start) / steps / at_once)
        return found

    found = {
        whose: {name: timed(make()) for name, make in each.items()}
        for whose, each in makers.items()
    }
    found["in_one_call"] = {
        name: timed(make(), IN_ONE_CALL)
        for name, make in makers["tf_recipes"].items()
        if name not in WHOLE_TABLE
    }
    return found

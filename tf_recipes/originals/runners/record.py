"""Runs a recipe's TF1 graph in a session and writes down what it did, step by step.

As a program: `python -m tf_recipes.originals.runners.record JOB.npz TRACE.npz`. The job is an
`.npz` with `spec`, `images`, `labels`, `batches`, `steps` and, if not 1, `neighbours`; the trace is
the format that `tf_recipes.parity.trace` reads.
"""

import json
import platform
import sys

import numpy as np
import tensorflow as tf

from tf_recipes.originals.runners import models
from tf_recipes.recipe import Recipe

N_EVALUATED = 256


def run(recipe, images, labels, batches, steps, initial=None):
    """One training run.

    Args:
        recipe: a `Recipe`.
        images: uint8 (n, 784), the pool.
        labels: (n,).
        batches: int (steps, batch), rows of the pool.
        steps: after which steps the variables are recorded.
        initial: `{name: array}` to start from; None draws from the initialisers.

    Returns:
        A dict with the arrays `initial/VAR`, `losses`, `variables/STEP/VAR`, `masks/X`, `logits`.
    """
    model = models.build(recipe)
    pixels = images.astype(recipe.dtype) / np.asarray(255, recipe.dtype)
    result, losses = {}, []
    masks = {name: [] for name in model.masks}
    with tf.Session(graph=model.graph, config=one_thread()) as sess:
        start(sess, model, initial)
        for name, value in sess.run(model.variables).items():
            result["initial/" + name] = value
        for step, rows in enumerate(batches, start=1):
            feed = {model.X: pixels[rows], model.y: labels[rows]}
            loss, kept, _ = sess.run([model.loss, model.masks, model.training_op], feed)
            sess.run(model.clip_all_weights)
            losses.append(loss)
            for name in masks:
                masks[name].append(kept[name])
            if step in steps:
                for name, value in sess.run(model.variables).items():
                    result[f"variables/{step}/{name}"] = value
        result["logits"] = sess.run(model.logits, {model.X: pixels[:N_EVALUATED]})
    result["losses"] = np.array(losses, recipe.dtype)
    result.update({"masks/" + name: np.array(kept) for name, kept in masks.items()})
    return result


def one_thread():
    """A session that adds in one order only, so that a second run gives the same bits."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def start(sess, model, initial):
    """Initialises the variables, or sets them to `initial`."""
    with model.graph.as_default():
        sess.run(tf.global_variables_initializer())
        for name, value in (initial or {}).items():
            sess.run(tf.assign(model.variables[name], value))


def one_ulp_away(initial, seed):
    """Every initial weight moved to a neighbouring float, up or down at random."""
    random = np.random.RandomState(seed % 2**32)
    moved = {}
    for name in sorted(initial):
        value = initial[name]
        if "moving_" in name:
            moved[name] = value
        else:
            towards = np.where(random.rand(*value.shape) < 0.5, -np.inf, np.inf)
            moved[name] = np.nextafter(value, towards.astype(value.dtype))
    return moved


def drift(value, reference):
    """max|value - reference| / max|reference|."""
    value, reference = np.float64(value), np.float64(reference)
    largest = np.max(np.abs(reference))
    difference = np.max(np.abs(value - reference))
    if difference == 0:
        return 0.0
    return difference / largest if largest else np.inf


def record(recipe, images, labels, batches, steps, neighbours=1):
    """The arrays of a whole trace: the run, and its sensitivity to one ulp.

    The sensitivity is the largest drift from the run among so many `neighbours`, each started one
    ulp away with other signs. A unit that one start puts above zero and another below makes them
    part ways; one neighbour may miss it, eight seldom do.
    """
    pool = images, labels, batches, {int(step) for step in steps}
    trace = run(recipe, *pool)
    initial = {key[8:]: value for key, value in trace.items() if key.startswith("initial/")}
    recorded = [key for key in trace if key == "logits" or key.startswith("variables/")]
    largest = dict.fromkeys(recorded, 0.0)
    for k in range(int(neighbours)):
        neighbour = run(recipe, *pool, initial=one_ulp_away(initial, recipe.seed + k))
        for key in recorded:
            largest[key] = max(largest[key], drift(neighbour[key], trace[key]))
    for key in recorded:
        trace["sensitivity/" + key.replace("variables/", "", 1)] = np.float64(largest[key])
    trace.update(
        spec=json.dumps(recipe.to_spec(), sort_keys=True),
        provenance=json.dumps(dict(provenance(), neighbours=int(neighbours)), sort_keys=True),
        images=images,
        labels=labels,
        batches=batches,
        steps=np.array(sorted(pool[3]), np.int64),
    )
    return trace


def provenance():
    """What ran: versions, and the kind of machine."""
    return {
        "tensorflow": tf.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def main(job_path, trace_path):
    """Reads a job, writes its trace."""
    with np.load(job_path, allow_pickle=False) as job:
        recipe = Recipe.from_spec(json.loads(str(job["spec"])))
        pool = [job[name] for name in ("images", "labels", "batches", "steps")]
        neighbours = int(job["neighbours"]) if "neighbours" in job.files else 1
    with open(trace_path, "wb") as file:
        np.savez_compressed(file, **record(recipe, *pool, neighbours=neighbours))


if __name__ == "__main__":
    main(*sys.argv[1:])

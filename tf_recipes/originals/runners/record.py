"""Trains a recipe's TF1 graph in a session and records a trace of the steps.

As a program: `python -m tf_recipes.originals.runners.record JOB.npz TRACE.npz`. The job is an
`.npz` file with `spec`, `images`, `labels`, `batches`, `steps` and, if it is not 1, `neighbours`.
The trace has the format that `tf_recipes.parity.trace` reads.
"""

import json
import platform
import sys
from typing import Any, Container, Dict, Iterable, Iterator, Optional

import numpy as np
import tensorflow as tf

from tf_recipes.originals.runners import models
from tf_recipes.recipe import Recipe

N_EVALUATED = 256
TYPICAL = 32.0  # a drift is relative to at most this, in medians of the row and the column


def run(
    recipe: Recipe,
    images: np.ndarray,
    labels: np.ndarray,
    batches: np.ndarray,
    steps: Container[int],
    initial: Optional[Dict[str, np.ndarray]] = None,
    masks: Optional[Dict[str, np.ndarray]] = None,
) -> Dict[str, Any]:
    """Trains a recipe once and returns the recorded arrays.

    Args:
        recipe: a `Recipe`.
        images: uint8 (n, 784), the images from which the batches are taken.
        labels: (n,), the labels of the images.
        batches: int (steps, batch), row numbers of the images.
        steps: the steps after which the variables are recorded.
        initial: `{name: array}`, the initial values; None draws them from the initialisers.
        masks: `{layer: bool (steps, batch, units)}`, dropout's masks; None draws them.

    Returns:
        A dict with the arrays `initial/VAR`, `losses`, `variables/STEP/VAR`, `masks/X`, `logits`.
    """
    return next(runs(recipe, images, labels, batches, steps, [initial], masks))


def runs(
    recipe: Recipe,
    images: np.ndarray,
    labels: np.ndarray,
    batches: np.ndarray,
    steps: Container[int],
    starts: Iterable[Optional[Dict[str, np.ndarray]]],
    masks: Optional[Dict[str, np.ndarray]] = None,
) -> Iterator[Dict[str, Any]]:
    """Trains a recipe once from each start, all in one graph, and yields what `run` returns.

    Args:
        recipe, images, labels, batches, steps, masks: as those of `run`.
        starts: the `initial` of each run.
    """
    model = models.build(recipe)
    pixels = images.astype(recipe.dtype) / np.asarray(255, recipe.dtype)
    for initial in starts:
        with tf.Session(graph=model.graph, config=one_thread()) as sess:
            start(sess, model, initial)
            yield train(sess, model, pixels, labels, batches, steps, masks)


def train(
    sess: Any,
    model: models.Model,
    pixels: np.ndarray,
    labels: np.ndarray,
    batches: np.ndarray,
    steps: Container[int],
    masks: Optional[Dict[str, np.ndarray]],
) -> Dict[str, Any]:
    """Trains in a session whose variables are set, and returns what `run` returns."""
    result, losses = {}, []
    kept = {name: [] for name in model.masks}
    for name, value in sess.run(model.variables).items():
        result["initial/" + name] = value
    for step, rows in enumerate(batches, start=1):
        feed = {model.X: pixels[rows], model.y: labels[rows]}
        # A fed mask takes the place of the one that the graph would draw.
        feed.update({model.masks[name]: mask[step - 1] for name, mask in (masks or {}).items()})
        loss, drawn, _ = sess.run([model.loss, model.masks, model.training_op], feed)
        sess.run(model.clip_all_weights)
        losses.append(loss)
        for name in kept:
            kept[name].append(drawn[name])
        if step in steps:
            for name, value in sess.run(model.variables).items():
                result[f"variables/{step}/{name}"] = value
    result["logits"] = sess.run(model.logits, {model.X: pixels[:N_EVALUATED]})
    result["losses"] = np.array(losses, pixels.dtype)
    result.update({"masks/" + name: np.array(each) for name, each in kept.items()})
    return result


def one_thread() -> Any:
    """Returns the configuration of a session with one thread, whose sums repeat bit for bit."""
    return tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def start(sess: Any, model: models.Model, initial: Optional[Dict[str, np.ndarray]]) -> None:
    """Initialises the variables, or sets them to `initial`."""
    with model.graph.as_default():
        sess.run(tf.global_variables_initializer())
        for name, value in (initial or {}).items():
            sess.run(tf.assign(model.variables[name], value))


def one_ulp_away(initial: Dict[str, np.ndarray], seed: int) -> Dict[str, np.ndarray]:
    """Returns the initial weights, each moved to a neighbouring float, up or down at random."""
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


def part(trace: Dict[str, Any], prefix: str) -> Dict[str, Any]:
    """Returns the arrays whose names begin with `prefix`, by the rest of their names."""
    return {key[len(prefix) :]: trace[key] for key in trace if key.startswith(prefix)}


def drift(value: np.ndarray, reference: np.ndarray) -> float:
    """Returns the largest of |value - reference| / scale, with a scale for each entry.

    The scale is the largest magnitude of `reference`, but at most `TYPICAL` times the median
    magnitude of each line that the entry is in: of its row and of its column in a matrix, of the
    whole array in a vector. An entry's own magnitude counts always, for the entry itself.
    """
    value, reference = np.float64(value), np.float64(reference)
    difference, magnitude = np.abs(value - reference), np.abs(reference)
    differs = difference != 0
    if not np.any(differs):
        return 0.0
    used = np.ma.masked_array(magnitude, (value == 0) & (reference == 0))
    scale = np.max(magnitude)
    for axis in (0, 1) if magnitude.ndim == 2 else (None,):
        with np.errstate(over="ignore"):  # an infinite bound is none
            medians = np.ma.median(used, axis=axis, keepdims=True)
            scale = np.minimum(scale, TYPICAL * np.ma.filled(medians, np.inf))
    scale = np.maximum(scale, magnitude)
    with np.errstate(divide="ignore"):
        return np.max(difference[differs] / scale[differs])


def record(
    recipe: Recipe,
    images: np.ndarray,
    labels: np.ndarray,
    batches: np.ndarray,
    steps: Iterable[int],
    neighbours: int = 1,
) -> Dict[str, Any]:
    """Returns the arrays of a whole trace: the run, and its sensitivity to one ulp.

    The sensitivity is the largest drift from the run among `neighbours` further runs, each started
    one ulp away with other signs. Two runs diverge if a unit is above zero in one run and below
    zero in the other. One neighbour may have no such unit; eight neighbours seldom have none.
    """
    pool = images, labels, batches, {int(step) for step in steps}
    trace = run(recipe, *pool)
    initial = part(trace, "initial/")
    recorded = [key for key in trace if key == "logits" or key.startswith("variables/")]
    largest = dict.fromkeys(recorded, 0.0)
    starts = (one_ulp_away(initial, recipe.seed + k) for k in range(int(neighbours)))
    for neighbour in runs(recipe, *pool, starts=starts, masks=part(trace, "masks/")):
        for key in recorded:  # unlike `max`, NumPy's maximum keeps a NaN
            largest[key] = np.maximum(largest[key], drift(neighbour[key], trace[key]))
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


def provenance() -> Dict[str, str]:
    """Returns the versions of TensorFlow, Python and NumPy, and the kind of machine."""
    return {
        "tensorflow": tf.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
    }


def main(job_path: str, trace_path: str) -> None:
    """Reads a job and writes its trace."""
    with np.load(job_path, allow_pickle=False) as job:
        recipe = Recipe.from_spec(json.loads(str(job["spec"])))
        pool = [job[name] for name in ("images", "labels", "batches", "steps")]
        neighbours = int(job["neighbours"]) if "neighbours" in job.files else 1
    with open(trace_path, "wb") as file:
        np.savez_compressed(file, **record(recipe, *pool, neighbours=neighbours))


if __name__ == "__main__":
    main(*sys.argv[1:])

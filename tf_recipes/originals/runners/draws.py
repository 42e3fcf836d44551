"""Records statistics of ten million values that TF1's initialisers and dropout draw.

As a program: `python -m tf_recipes.originals.runners.draws OUT.npz`.
"""

import json
import sys
from typing import Any, Callable, Dict

import numpy as np
import tensorflow as tf

from tf_recipes.originals.dropout import dropout
from tf_recipes.originals.initializers import he_init, xavier_init
from tf_recipes.originals.runners.record import provenance

SHAPE = (784, 12800)
BINS = 200
KEEP_PROBS = (0.5, 0.8, 0.9)
SEED = 2018


def summary(values: np.ndarray) -> Dict[str, Any]:
    """Returns moments, extremes and a histogram of `values`, from the smallest to the largest."""
    values = values.ravel()
    edges = np.linspace(values.min(), values.max(), BINS + 1)
    return {
        "count": np.int64(values.size),
        "mean": values.mean(dtype=np.float64),
        "std": values.std(dtype=np.float64),
        "kurtosis": np.mean((values - values.mean(dtype=np.float64)) ** 4, dtype=np.float64)
        / values.var(dtype=np.float64) ** 2,
        "min": np.float64(values.min()),
        "max": np.float64(values.max()),
        "edges": edges,
        "histogram": np.histogram(values, edges)[0],
    }


def draw(make: Callable[[], Any]) -> np.ndarray:
    """Builds a tensor with `make` in a new graph, and returns its value."""
    with tf.Graph().as_default(), tf.Session() as sess:
        tf.set_random_seed(SEED)
        return sess.run(make())


def record() -> Dict[str, Any]:
    """Returns the statistics of both initialisers and of dropout, `{NAME/STATISTIC: array}`."""
    arrays = {"provenance": json.dumps(provenance(), sort_keys=True)}
    for name, initializer in (("he", he_init), ("xavier", xavier_init)):
        values = draw(lambda make=initializer: make()(SHAPE, dtype=tf.float32))
        for key, value in summary(values).items():
            arrays[f"{name}/{key}"] = value
    for keep_prob in KEEP_PROBS:
        kept = draw(lambda p=keep_prob: dropout(tf.ones(SHAPE), p, is_training=True))
        name = f"dropout_{keep_prob}"
        arrays[name + "/count"] = np.int64(kept.size)
        arrays[name + "/kept"] = np.int64(np.count_nonzero(kept))
        arrays[name + "/scale"] = np.unique(kept[kept != 0])
    return arrays


if __name__ == "__main__":
    np.savez_compressed(sys.argv[1], **record())

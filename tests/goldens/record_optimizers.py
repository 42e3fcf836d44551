"""Three steps of each `tf.train` optimizer on a (3, 2) variable, as JSON on stdout.

`optimizers.json` was written by this on TensorFlow 1.15.5, Python 3.7, CPU. A sparse gradient names
row 0 twice in step 1, row 2 twice in step 2, and row 1 never. Under "decay" the rate halves at
every step.
"""

import json
import sys

import numpy as np
import tensorflow as tf

INITIAL = [[1.0, -2.0], [3.0, 0.5], [-1.0, 2.0]]
GRADIENTS = [
    [[0.1, -0.2], [0.3, 0.0], [-1.5, 0.25]],
    [[-0.4, 0.1], [0.2, 0.05], [0.7, -0.3]],
    [[0.05, 0.6], [-0.1, 0.9], [0.02, -0.01]],
]
ROWS = [[0, 2, 0], [2, 2], [0]]


def optimizers(rate):
    train = tf.train
    second = {"decay": 0.8, "momentum": 0.5}
    return {
        "gradient_descent": train.GradientDescentOptimizer(rate),
        "momentum": train.MomentumOptimizer(rate, 0.9),
        "nesterov": train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        "adagrad": train.AdagradOptimizer(rate),
        "rmsprop": train.RMSPropOptimizer(rate),
        "rmsprop_momentum": train.RMSPropOptimizer(rate, **second),
        "rmsprop_centered": train.RMSPropOptimizer(rate, centered=True, **second),
        "adam": train.AdamOptimizer(rate),
    }


def three_steps(name, dtype, kind, decay):
    with tf.Graph().as_default(), tf.Session() as sess:
        weights = tf.Variable(np.array(INITIAL, dtype))
        step = tf.Variable(0, trainable=False)
        rate = tf.train.exponential_decay(0.1, step, 1, 0.5) if decay else 0.1
        values, rows = tf.placeholder(dtype, (None, 2)), tf.placeholder(tf.int32, (None,))
        sparse = tf.IndexedSlices(values, rows, tf.constant([3, 2]))
        gradient = sparse if kind == "sparse" else tf.reshape(values, (3, 2))
        op = optimizers(rate)[name].apply_gradients([(gradient, weights)], global_step=step)
        sess.run(tf.global_variables_initializer())
        for gradient, named in zip(GRADIENTS, ROWS):
            given = gradient[: len(named)] if kind == "sparse" else gradient
            sess.run(op, {values: given, rows: named})
        return sess.run(weights).tolist()


def main():
    names = sorted(optimizers(0.1))
    cases = [
        {"name": name, "dtype": dtype, "kind": kind, "decay": decay}
        for name in names
        for dtype in ("float32", "float64")
        for kind in ("dense", "sparse")
        for decay in (False, True)
    ]
    for case in cases:
        case["weights"] = three_steps(**case)
    lines = ",\n".join(json.dumps(case) for case in cases)
    sys.stdout.write(f'{{"tensorflow": "{tf.__version__}", "cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()

"""Two steps of each optimizer of TF1 on three variables, under what other arguments ask, as JSON.

`optimizer_arguments.json` was written by this on TensorFlow 1.15.5, Python 3.7, CPU. Each step has
the gradient of a whole batch: the mean over its two parts. The rate halves at every step. The
gradient of the first variable is sparse, as an embedding's: the values of the parts' rows, one
after the other, row 1 never. In the kind "repeated" rows occur twice, within a part and over the
parts; in "unique" never. The gradient of the second variable is dense, that of the third is
missing.

`weight_decay` is that of Keras, which TF1 lacks: `w -= w * decay * rate` before the step.
"""

import json
import sys

import numpy as np

TABLE = [[1.0, -2.0], [3.0, 0.5], [-1.0, 2.0], [0.25, -0.75]]
KERNEL = [0.5, -1.5, 0.75]
UNUSED = [2.0]
# Of each step the two parts: their values and their rows.
REPEATED = [
    (([[0.1, -0.2], [0.3, 0.4], [-1.5, 0.25]], [0, 2, 0]), ([[0.7, 0.1]], [2])),
    (([[-0.4, 0.1], [0.2, 0.05]], [2, 2]), ([[0.7, -0.3], [0.6, 0.6]], [3, 2])),
]
UNIQUE = [
    (([[0.1, -0.2]], [0]), ([[0.7, 0.1]], [2])),
    (([[-0.4, 0.1]], [3]), ([[0.7, -0.3]], [2])),
]
DENSE = [
    ([0.3, -0.6, 0.0], [0.1, 0.2, -0.7]),
    ([-0.2, 0.4, 1.5], [0.5, 0.9, 0.1]),
]
RATE = 0.1
CLIP = 0.3
ARGUMENTS = {
    "plain": {},
    "clipnorm": {"clipnorm": CLIP},
    "clipvalue": {"clipvalue": CLIP},
    "global_clipnorm": {"global_clipnorm": CLIP},
    "weight_decay": {"weight_decay": 0.25},
}
ROWS = {"repeated": REPEATED, "unique": UNIQUE}
DECOUPLED = {"weight_decay": 0.1}


def optimizers(tf, rate):
    train, opt = tf.train, tf.contrib.opt
    return {
        "gradient_descent": train.GradientDescentOptimizer(rate),
        "momentum": train.MomentumOptimizer(rate, 0.9),
        "nesterov": train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        "adagrad": train.AdagradOptimizer(rate),
        "rmsprop": train.RMSPropOptimizer(rate, decay=0.8, momentum=0.5, centered=True),
        "adam": train.AdamOptimizer(rate),
        "momentum_w": opt.MomentumWOptimizer(learning_rate=rate, momentum=0.9, **DECOUPLED),
        "adam_w": opt.AdamWOptimizer(learning_rate=rate, **DECOUPLED),
    }


def cases():
    """Yields `(optimizer, argument, kind)`; those with a decay of their own take no other decay."""
    names = "gradient_descent momentum nesterov adagrad rmsprop adam momentum_w adam_w"
    for name in names.split():
        for argument in ARGUMENTS:
            if not (argument == "weight_decay" and name.endswith("_w")):
                for kind in ROWS:
                    yield name, argument, kind


def clipped(tf, argument, gradients):
    if argument == "global_clipnorm":
        return tf.clip_by_global_norm(gradients, CLIP)[0]
    clip = {
        "clipnorm": lambda gradient: tf.clip_by_norm(gradient, CLIP),
        "clipvalue": lambda gradient: tf.clip_by_value(gradient, -CLIP, CLIP),
    }.get(argument, lambda gradient: gradient)
    return [None if gradient is None else clip(gradient) for gradient in gradients]


def two_steps(tf, name, argument, kind):
    with tf.Graph().as_default(), tf.Session() as sess:
        variables = [tf.Variable(np.array(value)) for value in (TABLE, KERNEL, UNUSED)]
        count = tf.Variable(0, trainable=False)
        rate = tf.train.exponential_decay(RATE, count, 1, 0.5)
        values, rows = tf.placeholder("float64", (None, 2)), tf.placeholder("int32", (None,))
        dense = tf.placeholder("float64", (3,))
        sparse = tf.IndexedSlices(values, rows, tf.constant([4, 2]))
        pairs = list(zip(clipped(tf, argument, [sparse, dense, None]), variables))
        decays = []
        if argument == "weight_decay":
            wd = ARGUMENTS["weight_decay"]["weight_decay"]
            decays = [v.assign_sub(v * wd * tf.cast(rate, v.dtype)) for _, v in pairs[:2]]
        with tf.control_dependencies(decays):
            op = optimizers(tf, rate)[name].apply_gradients(pairs, global_step=count)
        sess.run(tf.global_variables_initializer())
        for step in range(2):
            parts = ROWS[kind][step]
            fed = {
                values: np.concatenate([part for part, _ in parts]) / 2,
                rows: np.concatenate([part for _, part in parts]),
                dense: np.mean(DENSE[step], 0),
            }
            sess.run(op, fed)
        return [each.tolist() for each in sess.run(variables)]


def main():
    import tensorflow as tf

    lines = [json.dumps([*case, *two_steps(tf, *case)]) for case in cases()]
    joined = ",\n".join(lines)
    sys.stdout.write(f'{{"tensorflow": "{tf.__version__}", "cases": [\n{joined}\n]}}\n')


if __name__ == "__main__":
    main()

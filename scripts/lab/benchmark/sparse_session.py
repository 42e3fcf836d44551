"""Times sparse updates on TensorFlow 1.15; a program of its own, for Python 3.7.

The program reads the sizes as JSON from stdin, and writes `{optimizer: [seconds of a step]}`.
"""

import functools
import json
import sys
import time


def optimizers(tf, rate):
    """Returns `{name: optimizer}` of TF1."""
    train, opt = tf.train, tf.contrib.opt
    return {
        "GradientDescent": train.GradientDescentOptimizer(rate),
        "Momentum": train.MomentumOptimizer(rate, 0.9),
        "Momentum, nesterov": train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
        "Adagrad": train.AdagradOptimizer(rate),
        "RMSProp": train.RMSPropOptimizer(rate),
        "RMSProp, centered": train.RMSPropOptimizer(rate, centered=True),
        "Adam": train.AdamOptimizer(rate),
        "MomentumW": opt.MomentumWOptimizer(0.01, rate, 0.9),
        "AdamW": opt.AdamWOptimizer(0.01, rate),
    }


def measure(tf, rows, columns, batch, steps, repeats):
    """Returns `{name: [seconds of a step in each round]}`."""
    found = {}
    for name in optimizers(tf, 0.1):
        with tf.Graph().as_default(), tf.Session() as session:
            table = tf.Variable(tf.zeros((rows, columns)))
            ids = tf.range(batch) * (rows // batch)
            gradient = tf.IndexedSlices(tf.ones((batch, columns)), ids, [rows, columns])
            step = optimizers(tf, 0.1)[name].apply_gradients([(gradient, table)])
            session.run(tf.global_variables_initializer())
            for _ in range(3):
                session.run(step)
            found[name] = [
                _round(functools.partial(session.run, step), steps) for _ in range(repeats)
            ]
    return found


def _round(step, steps):
    """Returns the seconds of a step, the mean of a round."""
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - start) / steps


if __name__ == "__main__":
    import tensorflow

    sys.stdout.write(json.dumps(measure(tensorflow, **json.load(sys.stdin))))

"""Trains recipes on replicas, in a process of its own, for the tests of this folder.

    python trajectory.py SETTING OUTPUT

SETTING is JSON: `recipes`, a list of specs, and `runs`, a list of `one` (one replica), `neighbour`
(one replica that starts one ulp away), `2`, `4` (replicas of this machine's processor) or
`multiworker`. OUTPUT is an `.npz` file with the array `RUN/RECIPE/NAME` for every variable and
metric. The program fails if two replicas end with different variables.
"""

import contextlib
import json
import sys

import numpy as np

STEPS, REST = 25, 7  # REST: rows of the last batch, which is smaller
EVALUATED = 60  # rows of an evaluation batch
FIRST_VALUES = {}  # `{recipe: (model, [(variable, value), ...])}` of the models of one replica


def main(setting, output):
    from tf_recipes._support import quiet_tensorflow

    with quiet_tensorflow.quiet():
        strategies = dict(zip(setting["runs"], start(setting["runs"]), strict=True))
        found = {
            f"{run}/{spec['name']}/{key}": value
            for run, strategy in strategies.items()
            for spec in setting["recipes"]
            for key, value in train(spec, strategy, run == "neighbour").items()
        }
    np.savez(output, **found)


def start(runs):
    """Returns a strategy for each run, None for one replica."""
    import tensorflow as tf

    from tf_recipes.distribution import strategies

    tf.get_logger().setLevel("ERROR")
    if runs == ["multiworker"]:
        return [strategies.multiworker()]
    return [strategies.mirrored(int(run)) if run.isdigit() else None for run in runs]


def train(spec, strategy, ulp_away):
    """Returns all variables and metrics after `STEPS` steps and one step with `REST` rows."""
    import keras
    import tensorflow as tf

    from tf_recipes import mnist, models
    from tf_recipes.distribution import strategies
    from tf_recipes.fast_fit import batches
    from tf_recipes.recipe import Recipe

    recipe = Recipe.from_spec(spec)
    rows = STEPS * recipe.batch_size + REST
    data = mnist.load()
    x, y = mnist.pixels(data.train_images[:rows], recipe.dtype), data.train_labels[:rows]
    if strategy is None and recipe in FIRST_VALUES:  # compiled already
        model, values = FIRST_VALUES[recipe]
        for variable, first_value in values:
            variable.assign(first_value)
    else:
        keras.utils.clear_session()  # so that the names of variables repeat
        keras.utils.set_random_seed(7)
        with strategies.scope(strategy) if strategy else contextlib.nullcontext():
            model = models.build(recipe, jit_compile=False)
        if strategy is None:
            model.optimizer.build(model.trainable_variables)
            variables = [*model.variables, *model.optimizer.variables]
            FIRST_VALUES[recipe] = model, [(v, v.numpy()) for v in variables]
    if ulp_away:
        move(model.trainable_variables)
    holder, order = (
        batches.Resident((x, y)),
        tf.constant(np.random.default_rng(0).permutation(rows)),
    )
    found = {}
    for kind, size in (("train", recipe.batch_size), ("test", EVALUATED)):
        loop = strategies.loop(model, kind, strategy) if strategy else model.loop(kind)
        model.reset_metrics()
        logs = loop(holder, order, size, 0, -(-rows // size))
        # `each`, because Python 3.12.1 would take `value` for the same name in the next line.
        found |= {f"{kind}/{name}": each.numpy() for name, each in logs.items()}
    return found | {v.path: value(v) for v in [*model.variables, *model.optimizer.variables]}


def move(variables):
    from tf_recipes.originals.runners.record import one_ulp_away

    moved = one_ulp_away({v.path: v.numpy() for v in variables}, seed=1)
    for variable in variables:
        variable.assign(moved[variable.path])


def value(variable):
    """Returns the variable's value, which must be equal on every replica."""
    copies = [copy.numpy() for copy in getattr(variable.value, "values", [variable.value])]
    if "SyncOnRead" in type(variable.value).__name__:
        return variable.numpy()
    assert all(np.array_equal(copy, copies[0]) for copy in copies), variable.path
    return copies[0]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])

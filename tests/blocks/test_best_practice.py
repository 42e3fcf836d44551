"""Tests that the example builds the same model as the catalog's recipe, in Keras and in TF1."""

import numpy as np
import pytest

from tf_recipes import catalog, models
from tf_recipes.blocks.best_practice import best_practice
from tf_recipes.parity.tf1 import compat


def arguments(recipe):
    """Returns the recipe's numbers under the argument names of the example."""
    optimizer, schedule = recipe.optimizer_arguments(), recipe.schedule_arguments()
    assert not schedule.pop("staircase")
    return {
        "n_hidden1": recipe.hidden[0],
        "n_hidden2": recipe.hidden[1],
        "decay": recipe.batch_norm_arguments()["decay"],
        "keep_prob": recipe.keep_prob,
        **optimizer,
        **schedule,
    }


@pytest.fixture
def recipe():
    return catalog.get("best_practice").replace(hidden=(12, 8), steps=6, batch_size=16)


def test_the_catalogs_recipe_says_nothing_that_the_example_leaves_out():
    recipe = catalog.get("best_practice")
    assert recipe.batch_norm_arguments()["scale"]
    assert recipe.batch_norm_arguments()["center"]
    assert recipe.batch_norm_arguments()["epsilon"] == 0.001
    assert (recipe.activation, recipe.initializer, recipe.dtype) == ("elu", "he", "float32")
    assert (recipe.max_norm, recipe.regularizer, recipe.clip_value) == (None, None, None)
    assert recipe.optimizer["name"] == "nesterov"


def test_keras_trains_to_the_same_bits(recipe, digits):
    written, built = (
        best_practice(**arguments(recipe), seed=1, jit_compile=False),
        models.build(recipe, jit_compile=False),
    )
    names = [layer.name for layer in written.layers]
    assert names == [layer.name for layer in built.layers]
    for name in names:
        if name.endswith("_dropout"):  # draw the same masks
            seed = built.get_layer(name).seed_generator.state
            written.get_layer(name).seed_generator.state.assign(seed)
    written.set_weights(built.get_weights())
    before = built.get_weights()
    histories = [
        model.fit(*digits, batch_size=16, epochs=3, shuffle=False, verbose=0).history
        for model in (written, built)
    ]
    assert histories[0] == histories[1]
    for ours, theirs in zip(written.get_weights(), built.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (before[0] != built.get_weights()[0]).any()
    np.testing.assert_array_equal(
        written.predict(digits[0], verbose=0), built.predict(digits[0], verbose=0)
    )


def test_keras_repeats_itself_with_a_seed(digits):
    def trained(seed):
        model = best_practice(n_hidden1=6, n_hidden2=4, seed=seed, run_eagerly=True)
        model.fit(*digits, shuffle=False, verbose=0)
        return np.concatenate([weights.ravel() for weights in model.get_weights()])

    first = trained(1)
    np.testing.assert_array_equal(first, trained(1))
    assert (first != trained(2)).any()


def test_tf1_trains_as_the_recipes_graph_does(recipe, digits):
    # Without dropout: TF1's random numbers depend on the number of operations in the graph.
    recipe = recipe.replace(keep_prob=1.0)
    pool = (digits[0] * 255).astype("uint8"), digits[1]
    rows = np.arange(6 * 16).reshape(6, 16) % len(pool[1])
    record, example = compat.originals(), compat.original("best_practice")
    ran = record.run(recipe, *pool, rows, {6})

    graph = example.best_practice(**arguments(recipe))
    initial = {key[8:]: value for key, value in ran.items() if key.startswith("initial/")}
    assert list(graph.variables) == list(initial)
    pixels = pool[0].astype("float32") / np.float32(255)
    batches = ((pixels[step], pool[1][step]) for step in rows)
    losses, variables = example.train(graph, batches, initial, record.one_thread())
    np.testing.assert_array_equal(losses, ran["losses"])
    for name, value in variables.items():
        np.testing.assert_array_equal(value, ran[f"variables/6/{name}"], err_msg=name)


def test_tf1_drops_inputs_and_hidden_units_in_training_only(recipe):
    graph = compat.original("best_practice").best_practice(**arguments(recipe)).graph
    kept = [op.outputs[0].shape[-1] for op in graph.get_operations() if op.type == "GreaterEqual"]
    assert kept == [784, 12, 8]


def test_same_arguments_on_both_sides():
    import inspect

    ours = inspect.signature(best_practice).parameters
    theirs = inspect.signature(compat.original("best_practice").best_practice).parameters
    shared = [name for name in ours if name not in ("seed", "compile_arguments")]
    assert shared == [name for name in theirs if name != "seed"]
    assert all(ours[name].default == theirs[name].default for name in shared)


@pytest.mark.parametrize("argument", ["keep_prob", "decay", "learning_rate", "momentum"])
def test_bad_arguments(argument, fails):
    with fails("=-1"):
        best_practice(**{argument: -1})

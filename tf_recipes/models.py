"""Builds a compiled Keras model from a recipe."""

import functools
from typing import Any

import keras

from tf_recipes._support import doubles, validation
from tf_recipes.blocks.dense import fully_connected
from tf_recipes.ports import PORTS, Port
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe


def build(recipe: Recipe, port: str | Port = "exact", **compile_arguments: Any) -> keras.Model:
    """Builds a compiled Keras model of `recipe`: images (batch, 784) in, logits (batch, 10) out.

    The model's loss takes integer labels (batch,), and its metric is the accuracy. Its layers have
    the names of TF1's scopes: `hidden1`, `hidden2`, ..., `outputs`. The weights depend on
    `recipe.seed` only.

    TF1: the graph of the same recipe, built by `tf_recipes.originals.runners.models`. The exact
    port cannot be told from this graph started one ulp away; `docs/proof.md` says how this is
    measured. The textbook port differs by recipe, as the pages in `docs/recipes/` say.

    Args:
        recipe: a `tf_recipes.recipe.Recipe`.
        port: `"exact"` for TF1's semantics, `"textbook"` for Keras' built-ins, or a `Port`.
        **compile_arguments: for `keras.Model.compile`, such as `jit_compile`.

    Returns:
        A `keras.Model`.

    Raises:
        ValueError: for a recipe that is not a `Recipe`, or an unknown port.

    >>> from tf_recipes.recipe import Recipe
    >>> model = build(Recipe(name="small", hidden=(30,)))
    >>> [layer.name for layer in model.layers]
    ['X', 'hidden1', 'hidden1_activation', 'outputs']
    """
    if not isinstance(recipe, Recipe):
        validation.fail(
            "`recipe` must be a Recipe.",
            f"recipe={recipe!r}",
            "Pass a recipe such as tf_recipes.catalog.get('momentum').",
        )
    if not isinstance(port, Port):
        validation.choice("port", port, PORTS)
        port = PORTS[port]
    inputs = keras.Input((N_INPUTS,), name="X", dtype=recipe.dtype)
    model = port.model(recipe, inputs, network(recipe, port, inputs))
    model.compile(
        optimizer=port.optimizer(recipe, port.schedule(recipe)),
        loss=_loss_class(recipe.dtype)(from_logits=True, dtype=recipe.dtype),
        **{"metrics": ["accuracy"], **compile_arguments},
    )
    return model


def network(recipe: Recipe, port: Port, inputs: Any) -> Any:
    """Applies the recipe's layers to `inputs` (batch, 784); returns logits (batch, 10).

    Args:
        recipe: a `tf_recipes.recipe.Recipe`.
        port: a `Port`, which makes the parts of the layers.
        inputs: tensor (batch, 784) in the recipe's dtype.
    """
    make_initializer = port.initializer(recipe)
    layer = functools.partial(fully_connected, dtype=recipe.dtype)
    if recipe.batch_norm is not None:
        layer = functools.partial(layer, normalizer=functools.partial(port.batch_norm, recipe))
    regularizer = port.regularizer(recipe) if recipe.regularizer else None
    constraint = None if recipe.max_norm is None else port.max_norm(recipe)

    def drop(outputs: Any, name: str) -> Any:
        if recipe.keep_prob == 1:
            return outputs
        return port.dropout(recipe, name=f"{name}_dropout", dtype=recipe.dtype)(outputs)

    outputs = drop(inputs, "X")  # (batch, 784)
    for k, units in enumerate(recipe.hidden, start=1):
        outputs = layer(
            outputs,
            units,
            activation=port.activation(recipe),
            kernel_initializer=make_initializer(seed=_seed(recipe, k)),
            kernel_regularizer=None if constraint else regularizer,
            kernel_constraint=constraint,
            name=f"hidden{k}",
        )
        outputs = drop(outputs, f"hidden{k}")  # (batch, units)
    return layer(
        outputs,
        N_OUTPUTS,
        activation=None,
        kernel_initializer=make_initializer(seed=_seed(recipe, 0)),
        kernel_regularizer=regularizer,
        name="outputs",
    )


def _loss_class(dtype: str) -> type[keras.losses.SparseCategoricalCrossentropy]:
    """Returns Keras' loss, or the one in its place for float64 on PyTorch."""
    if keras.backend.backend() == "torch" and dtype == "float64":
        return doubles.MeanCrossentropy
    return keras.losses.SparseCategoricalCrossentropy


def _seed(recipe: Recipe, k: int) -> int:
    """Returns a seed of its own for each layer k of each recipe."""
    return (recipe.seed * 1000 + k) % 2**31

"""The document's closing combination, written out: everything at once, in one readable example."""

import functools

import keras

from tf_recipes.blocks.activations import elu
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.dense import fully_connected
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.blocks.initializers import he_init
from tf_recipes.blocks.optimizers import Momentum
from tf_recipes.blocks.schedules import exponential_decay


def best_practice(
    n_inputs=28 * 28,
    n_hidden1=300,
    n_hidden2=100,
    n_outputs=10,
    decay=0.99,
    keep_prob=0.9,
    learning_rate=0.05,
    momentum=0.9,
    decay_steps=2000,
    decay_rate=0.8,
    seed=None,
    **compile_arguments,
):
    """He weights, ELU, batch normalization, dropout, Nesterov momentum and a decaying rate.

    TF1: `tf_recipes.originals.best_practice`, line for line. `tf_recipes.models.build` makes the
    same model from the catalog's recipe of this name; copy this one to change it.

    Args:
        n_inputs: features of an input.
        n_hidden1, n_hidden2, n_outputs: units of the three layers.
        decay: of batch normalization's moving averages.
        keep_prob: the share of inputs and hidden units that dropout keeps.
        learning_rate: at the first step.
        momentum: Nesterov's mu.
        decay_steps: steps in which the rate falls by `decay_rate`.
        decay_rate: that factor.
        seed: int for the same weights and masks again, or None.
        **compile_arguments: for `keras.Model.compile`, such as `jit_compile`.

    Returns:
        A compiled `keras.Model`: (batch, n_inputs) in, logits (batch, n_outputs) out. Its loss
        takes integer labels (batch,).

    Raises:
        ValueError: for an argument that one of the parts refuses.

    >>> model = best_practice(n_hidden1=30, n_hidden2=10)
    >>> model.output_shape
    (None, 10)
    """
    seeds = [None] * 6 if seed is None else range(6 * seed, 6 * seed + 6)
    bn = functools.partial(BatchNormalization, momentum=decay, scale=True)
    # what arg_scope said once for all three layers
    layer = functools.partial(fully_connected, activation=elu, normalizer=bn)

    X = keras.Input((n_inputs,), name="X")
    X_drop = Dropout(keep_prob, seed=seeds[0], name="X_dropout")(X)
    hidden1 = layer(X_drop, n_hidden1, kernel_initializer=he_init(seeds[1]), name="hidden1")
    hidden1_drop = Dropout(keep_prob, seed=seeds[2], name="hidden1_dropout")(hidden1)
    hidden2 = layer(hidden1_drop, n_hidden2, kernel_initializer=he_init(seeds[3]), name="hidden2")
    hidden2_drop = Dropout(keep_prob, seed=seeds[4], name="hidden2_dropout")(hidden2)
    logits = layer(
        hidden2_drop,
        n_outputs,
        activation=None,
        kernel_initializer=he_init(seeds[5]),
        name="outputs",
    )

    model = keras.Model(X, logits, name="best_practice")
    rate = exponential_decay(learning_rate, decay_steps, decay_rate)
    model.compile(
        optimizer=Momentum(rate, momentum, nesterov=True),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **compile_arguments,
    )
    return model

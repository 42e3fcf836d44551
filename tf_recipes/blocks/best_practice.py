"""Builds the chapter's final combination of all parts as one readable example."""

import functools
from typing import Any

import keras

from tf_recipes.blocks.activations import elu
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.dense import fully_connected
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.blocks.initializers import he_init
from tf_recipes.blocks.optimizers import Momentum
from tf_recipes.blocks.schedules import exponential_decay


def best_practice(
    n_inputs: int = 28 * 28,
    n_hidden1: int = 300,
    n_hidden2: int = 100,
    n_outputs: int = 10,
    decay: float = 0.99,
    keep_prob: float = 0.9,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    decay_steps: float = 2000,
    decay_rate: float = 0.8,
    seed: int | None = None,
    **compile_arguments: Any,
) -> keras.Model:
    """Builds a net with He weights, ELU, batch norm, dropout, Nesterov momentum, decaying rate.

    TF1: `tf_recipes.originals.best_practice`, line by line. `tf_recipes.models.build` makes the
    same model from the catalog's recipe of this name. Copy this function to change the model.

    Args:
        n_inputs: number of features of an input.
        n_hidden1, n_hidden2, n_outputs: units of the three layers.
        decay: decay of batch normalization's moving averages, in [0, 1].
        keep_prob: share of inputs and hidden units that dropout keeps, in (0, 1].
        learning_rate: learning rate at the first step.
        momentum: Nesterov's mu.
        decay_steps: number of steps in which the learning rate falls by the factor `decay_rate`.
        decay_rate: factor on the learning rate for each `decay_steps` steps.
        seed: int, which repeats the weights and masks, or None for new ones at each call.
        **compile_arguments: for `keras.Model.compile`, such as `jit_compile`.

    Returns:
        A compiled `keras.Model`: (batch, n_inputs) in, logits (batch, n_outputs) out. Its loss
        takes integer labels (batch,).

    Raises:
        ValueError: for an argument that one of the parts refuses.

    >>> model = best_practice(n_hidden1=30, n_hidden2=10)
    >>> model.output_shape
    (None, 10)

    References:
        He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", 2015.
        Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
        Linear Units (ELUs)", 2015.
        Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift", 2015.
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
        Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
        learning", 2013.
    """
    seeds = [None] * 6 if seed is None else list(range(6 * seed, 6 * seed + 6))
    bn = functools.partial(BatchNormalization, momentum=decay, scale=True)
    # replaces TF1's arg_scope, which set these arguments for all three layers
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

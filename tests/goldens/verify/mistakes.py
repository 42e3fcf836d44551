"""Lists ports with one mistake each: what people write when they port such a program.

Each mistake is the faithful port with another argument, so that nothing else differs.
"""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras

import tf_recipes


class Mistake(NamedTuple):
    """Holds a mistake; `build` returns the compiled model.

    `reason` is the key of the known difference, and None for a mistake that is none of these.
    `also` has other keys that name the same mistake.
    """

    name: str
    program: str
    reason: str | None
    build: Callable[[], keras.Model]
    also: tuple[str, ...] = ()


@functools.cache
def port(name):
    """Returns the module of a port."""
    path = Path(__file__).parent / "ports" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"ports_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _mistake(name, program, reason, *, also=(), **arguments):
    return Mistake(name, program, reason, functools.partial(port(program).build, **arguments), also)


def _rmsprop(*args, **kwargs):
    """Takes the epsilon of TF1, so that the mistake is Keras' start of the mean square alone."""
    return keras.optimizers.RMSprop(*args, epsilon=1e-10, **kwargs)


_decaying = functools.partial(keras.optimizers.AdamW, weight_decay=0.01, epsilon=1e-8)


_l2_in_the_loss = {
    "optimizer": tf_recipes.Momentum,
    "regularizer": tf_recipes.l2_regularizer(0.1),
    "clip": {"clipnorm": 0.2},
}


def _none(scale):
    return None


MISTAKES = [
    # optimizers
    _mistake("sgd_under_decay", "contrib_batch_norm", "optimizer", optimizer=keras.optimizers.SGD),
    _mistake("sgd_nesterov", "training_flag", "optimizer", optimizer=keras.optimizers.SGD),
    _mistake("sgd_float64", "float64_net", "optimizer", optimizer=keras.optimizers.SGD),
    _mistake("keras_rmsprop", "slim_net", "optimizer", optimizer=keras.optimizers.RMSprop),
    _mistake("keras_rmsprop_centered", "two_inputs", "optimizer", optimizer=_rmsprop),
    _mistake(
        "keras_adam",
        "tied_autoencoder",
        "optimizer",
        also=("epsilon",),
        optimizer=keras.optimizers.Adam,
    ),
    _mistake(
        "keras_adam_conv",
        "layers_conv_dropout",
        "optimizer",
        also=("epsilon",),
        optimizer=keras.optimizers.Adam,
    ),
    _mistake("default_epsilon", "clip_global_norm", "epsilon", epsilon=1e-8),
    _mistake("beta_default", "tied_autoencoder", "optimizer", beta_1=0.9),
    _mistake("no_nesterov", "shared_weights", "optimizer", nesterov=False),
    _mistake("not_centered", "two_inputs", "optimizer", centered=False),
    _mistake("small_accumulator", "handwritten_conv", "initial_accumulator", accumulator=0.1),
    # learning rates
    _mistake("rate_default", "layers_conv_dropout", "learning_rate", learning_rate=0.001),
    _mistake("rate_of_keras", "estimator_net", "learning_rate", rate=0.001),
    _mistake("rate_a_tenth", "weights_ema", "learning_rate", learning_rate=0.05),
    _mistake("no_staircase", "two_losses", "schedule", staircase=False),
    _mistake("staircase", "contrib_batch_norm", "schedule", staircase=True),
    _mistake("linear_decay", "handwritten_mlp", "schedule", power=1.0),
    _mistake("late_values", "training_flag", "schedule", values=(0.1, 0.1, 0.01)),
    # batch norm
    _mistake(
        "keras_batch_norm",
        "contrib_batch_norm",
        "batch_norm_variance",
        batch_norm=keras.layers.BatchNormalization,
    ),
    _mistake(
        "keras_batch_norm_conv",
        "training_flag",
        "batch_norm_variance",
        batch_norm=keras.layers.BatchNormalization,
    ),
    _mistake("fused_batch_norm", "layers_batch_norm", "batch_norm_variance", fused=None),
    _mistake("decay_of_keras", "training_flag", "batch_norm_decay", momentum=0.99),
    _mistake("decay_of_contrib", "contrib_batch_norm", "batch_norm_decay", momentum=0.999),
    _mistake("epsilon_of_keras", "training_flag", "batch_norm_epsilon", epsilon=0.001),
    _mistake("epsilon_of_torch", "layers_batch_norm", "batch_norm_epsilon", epsilon=1e-5),
    _mistake("frozen_norm", "training_flag", "frozen_batch_norm", frozen=("conv2_BatchNorm",)),
    _mistake("frozen_norms", "contrib_batch_norm", "frozen_batch_norm", frozen=True),
    # regularization
    _mistake("l2_of_keras", "slim_net", "l2_half", regularizer=keras.regularizers.L2),
    _mistake("l2_of_keras_tied", "tied_autoencoder", "l2_half", regularizer=keras.regularizers.L2),
    _mistake("one_without_l2", "slim_net", "missing_regularizer", unregularized=("fc1",)),
    _mistake("without_l1", "estimator_net", "missing_regularizer", scale=None),
    _mistake("without_l2", "handwritten_mlp", "missing_regularizer", scale=None),
    _mistake(
        "adamw_for_l2",
        "tied_autoencoder",
        "decay_order",
        also=("missing_regularizer",),
        optimizer=_decaying,
        regularizer=_none,
    ),
    _mistake("keras_adamw", "decoupled_decay", "decay_order", optimizer=keras.optimizers.AdamW),
    _mistake("axis_of_the_text", "max_norm", "max_norm_axis", axis=0),
    # dropout
    _mistake("keep_prob_as_rate", "handwritten_mlp", "dropout_rate", dropout=keras.layers.Dropout),
    _mistake("rate_as_keep_prob", "layers_conv_dropout", "dropout_rate", rate=0.6),
    _mistake(
        "no_scaling",
        "handwritten_mlp",
        "dropout_scaling",
        dropout=port("handwritten_mlp").UnscaledDropout,
    ),
    # layers
    _mistake("linear", "max_norm", "relu_default", also=("activation",), activation=None),
    _mistake("linear_conv", "training_flag", "relu_default", also=("activation",), activation=None),
    _mistake("slope_of_tf1", "clip_value", "activation", slope=0.2),
    _mistake("slope_of_keras", "tf_data_net", "activation", slope=0.3),
    _mistake("relu_for_softplus", "weights_ema", "activation", activation="relu"),
    _mistake("relu_for_tanh", "two_inputs", "activation", joined="relu"),
    _mistake("no_bias", "handwritten_conv", "missing_bias", use_bias=False),
    _mistake("valid_conv", "slim_net", "padding", padding="valid"),
    _mistake("valid_conv1d", "tf_data_net", "padding", padding="valid"),
    _mistake("symmetric_padding", "handwritten_conv", "padding", symmetric=True),
    _mistake("valid_pool", "handwritten_conv", "padding", pool_padding="valid"),
    _mistake("reset_after", "embedding_gru", "gru_reset", reset_after=True),
    _mistake("reset_after_own_cell", "embedding_gru", "gru_reset", cell="tf1", reset_after=True),
    # losses
    _mistake("mean_for_sum", "clip_value", "loss_reduction", reduction="sum_over_batch_size"),
    _mistake("sum_for_mean", "weights_ema", "loss_reduction", reduction="sum"),
    _mistake("equal_weights", "two_losses", "loss_weights", size_weight=1.0),
    # clipping
    _mistake("not_clipped", "embedding_rnn", "clipping", clip={}),
    _mistake("value_not_clipped", "clip_value", "clipping", clip_with={}),
    _mistake("norm_for_value", "clip_value", "clipping", clip_with={"clipnorm": 1.0}),
    _mistake("own_norms_for_global", "clip_global_norm", "clipping", clip={"clipnorm": 0.1}),
    _mistake(
        "global_for_own_norms",
        "clip_norm",
        "clipping",
        clip_norm=None,
        clip_with={"global_clipnorm": 0.05},
    ),
    _mistake("clipped_before_l2", "clip_with_l2", "clipping_order", before=True),
    _mistake("clipped_after_l2", "clip_before_l2", "clipping_order", **_l2_in_the_loss),
    _mistake("clipped_before_the_mean", "clip_norm", "clipping_order", parts=2),
    _mistake("no_logits", "embedding_gru", "logits", from_logits=False),
    _mistake("smoothed_labels", "handwritten_conv", "label_smoothing", label_smoothing=0.1),
    # none of the known differences
    _mistake("no_lengths", "embedding_rnn", None, masked=False),
    _mistake("other_margin", "shared_weights", None, margin=1.0),
]

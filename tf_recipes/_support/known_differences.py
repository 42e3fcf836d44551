"""Lists what is known to differ between TF1 and a Keras port: one table for the whole package.

The migration check takes from it why a textbook port drifts, a verification the key and the page of
each change that it tries, and the scanner's rules take their words and pages from it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

_RECIPES = "docs/recipes"
_NAMES = "docs/names.md"
_DEFAULTS = "docs/defaults.md"


@dataclasses.dataclass(frozen=True)
class Difference:
    """Holds a known difference: what TF1 does, what a port often has in its place, and the page.

    `built_in` has the differences of this kind that Keras' built-ins have in a textbook port, each
    in a few words, under a word that says which. `page` is a path in the repository. `in_source` is
    true where only source code shows it: a verification begins with TF1's weights and compares
    steps of training, so that it tries no such change.
    """

    tf1: str
    port: str
    page: str
    built_in: Mapping[str, str] = dataclasses.field(default_factory=dict)
    in_source: bool = False


# The keys are those of `reasons[].name` in the JSON of a verification; they are stable.
DIFFERENCES: dict[str, Difference] = {
    "optimizer": Difference(
        "the optimizer's own update, start and numbers",
        "an optimizer of Keras with the same name, or with another `momentum`, `rho` or `beta`",
        f"{_RECIPES}/optimizers.md",
        {
            "rmsprop": "mean square from 0, not 1",
            "momentum": "old gradients keep their old rate",
            "adagrad": "sqrt(s + 1e-7), not sqrt(s)",
            "float64": "hyperparameters are not float32",
        },
    ),
    "epsilon": Difference(
        "the optimizer's `epsilon`, such as Adam's 1e-8",
        "Keras' default of 1e-7",
        f"{_RECIPES}/optimizers.md",
        {"adam": "epsilon 1e-7, not 1e-8"},
    ),
    "initial_accumulator": Difference(
        "the accumulator of Adagrad starts at `initial_accumulator_value`",
        "another start",
        f"{_RECIPES}/optimizers.md",
    ),
    "decay_order": Difference(
        "weight decay as the graph has it: decoupled from the learning rate, or in the loss",
        "`weight_decay`, which Keras multiplies by the learning rate",
        f"{_RECIPES}/optimizers.md",
    ),
    "learning_rate": Difference(
        "the learning rate of each step",
        "another constant, or the same schedule from another rate",
        f"{_RECIPES}/optimizers.md",
    ),
    "schedule": Difference(
        "a learning rate that decays, continuously or as a staircase",
        "no schedule, or one with other rates",
        f"{_RECIPES}/schedules.md",
    ),
    "clipping": Difference(
        "gradients clipped by value, by norm or by the global norm, or not at all",
        "another clipping",
        f"{_RECIPES}/gradient_clipping.md",
    ),
    "clipping_order": Difference(
        "the whole gradient is clipped, or that of the data before the penalty's is added",
        "a clipping before the penalties or the mean of several gradients, or after them",
        f"{_RECIPES}/gradient_clipping.md",
    ),
    "l2_half": Difference(
        "L2 is `scale * sum(w**2) / 2`",
        "`keras.regularizers.L2`, which has no half",
        f"{_RECIPES}/regularization.md",
        {"l2": "L2 lacks the factor 1/2"},
    ),
    "regularizer": Difference(
        "an L1 penalty, or none",
        "another penalty",
        f"{_RECIPES}/regularization.md",
    ),
    "missing_regularizer": Difference(
        "a penalty in the loss, often through a collection",
        "no penalty on some of the weights",
        f"{_RECIPES}/regularization.md",
    ),
    "max_norm": Difference(
        "weights bounded after the step, or not",
        "no bound, or one that TF1 does not have",
        f"{_RECIPES}/max_norm.md",
        {"max_norm": "shrinks inside the ball by 1e-7"},
    ),
    "max_norm_axis": Difference(
        "the norm over the axes that the program names",
        "other axes, another threshold, or Keras' own `MaxNorm`",
        f"{_RECIPES}/max_norm.md",
    ),
    "batch_norm_variance": Difference(
        "the fused kernel averages the variance times N/(N-1)",
        "`keras.layers.BatchNormalization`, which averages it without this factor",
        f"{_RECIPES}/batch_norm.md",
        {"batch_norm": "moving variance lacks N/(N-1)"},
    ),
    "batch_norm_epsilon": Difference(
        "the `epsilon` of batch norm", "another `epsilon`", f"{_RECIPES}/batch_norm.md"
    ),
    "batch_norm_decay": Difference(
        "the `decay` of the moving averages", "another `momentum`", f"{_RECIPES}/batch_norm.md"
    ),
    "batch_norm_scale": Difference(
        "gamma and beta where the program has them",
        "`scale` or `center` the other way round",
        f"{_RECIPES}/batch_norm.md",
    ),
    "batch_norm": Difference(
        "several numbers of batch norm at once",
        "several other ones",
        f"{_RECIPES}/batch_norm.md",
    ),
    "frozen_batch_norm": Difference(
        "moving averages that move, or that the forgotten `UPDATE_OPS` leave as they are",
        "`trainable=False`, or averages that move",
        f"{_RECIPES}/batch_norm.md",
    ),
    "batch_norm_statistics": Difference(
        "`training` is a constant: the batch's statistics in evaluation, too, or, by default, the "
        "moving averages in training, too",
        "a layer that takes the one in training and the other in evaluation",
        f"{_RECIPES}/batch_norm.md",
    ),
    "dropout_rate": Difference(
        "`keep_prob` is the share to keep",
        "`keras.layers.Dropout(keep_prob)`, which drops this share",
        f"{_RECIPES}/dropout.md",
    ),
    "dropout_scaling": Difference(
        "what is kept is divided by `keep_prob`",
        "a layer of the port's own that does not divide",
        f"{_RECIPES}/dropout.md",
    ),
    "activation": Difference(
        "the activation, and the slope of leaky ReLU: 0.2 in `tf.nn.leaky_relu`",
        "another activation or slope: 0.3 in `keras.layers.LeakyReLU`",
        f"{_RECIPES}/activations.md",
        {"leaky_relu": "slope 0.3, not 0.01"},
    ),
    "relu_default": Difference(
        "ReLU, contrib's default in `fully_connected` and `conv2d`",
        "`Dense` or `Conv2D` without `activation`",
        f"{_RECIPES}/dense.md",
    ),
    "dropped_bias": Difference(
        "no bias where contrib has a `normalizer_fn`",
        "a bias",
        f"{_RECIPES}/dense.md",
    ),
    "missing_bias": Difference("a bias", "`use_bias=False`", f"{_RECIPES}/dense.md"),
    "padding": Difference(
        "`SAME` or `VALID`; `SAME` pads more at the end where sizes are odd",
        "the other one, or a padding layer of the port's own",
        _DEFAULTS,
    ),
    "gru_reset": Difference(
        "`GRUCell` applies the reset gate before the product with the state",
        "`keras.layers.GRU`, whose default is `reset_after=True`",
        _DEFAULTS,
    ),
    "loss_reduction": Difference(
        "a sum, a mean, or `tf.nn.l2_loss` with its half",
        "another reduction of the same loss",
        _NAMES,
    ),
    "loss_weights": Difference(
        "the factors of the losses in the sum that is minimized",
        "other `loss_weights`, or none",
        _NAMES,
    ),
    "label_smoothing": Difference(
        "labels as they are, or smoothed by a share, as by `label_smoothing` of `tf.losses`",
        "another `label_smoothing`, or none",
        _NAMES,
    ),
    "training_default": Difference(
        "the layers of `tf.layers` have `training=False` where it is left out, also in training",
        "a layer that `fit` calls with `training=True`",
        _DEFAULTS,
        in_source=True,
    ),
    "logits": Difference(
        "the losses take logits",
        "a loss of Keras, whose default is `from_logits=False`",
        f"{_RECIPES}/best_practice.md",
    ),
    "initializer": Difference(
        "an initializer without its width has a standard deviation, a bound or a scale of 1",
        "the initializer of Keras with the same name, whose default is another",
        f"{_RECIPES}/initializers.md",
        in_source=True,
    ),
    "shared_by_name": Difference(
        "`reuse` shares weights by their names",
        "a second layer, which has weights of its own",
        "docs/sessions.md",
        in_source=True,
    ),
    "resized_images": Difference(
        "`tf.image.resize` and its like take the corners of pixels",
        "`keras.ops.image.resize`, which takes their centres",
        f"{_RECIPES}/augmentation.md",
        in_source=True,
    ),
    "divided_table": Difference(
        "`tf.nn.embedding_lookup` deals the rows to several tables in turn",
        "`tf.nn.embedding_lookup` of TensorFlow 2, which gives each table a block of rows",
        _NAMES,
        in_source=True,
    ),
    "keras_gates": Difference(
        "recurrent layers of `tf.keras` have `hard_sigmoid`, `0.2 x + 0.5`, and a GRU the reset "
        "gate before the product",
        "the same layers of Keras 3, with `sigmoid` and `reset_after=True`",
        _NAMES,
        in_source=True,
    ),
    "step_counter": Difference(
        "the step of a schedule rises only where `minimize` gets it as `global_step`",
        "a schedule of Keras, which counts the steps in any case",
        f"{_RECIPES}/schedules.md",
        in_source=True,
    ),
    "chosen_rows": Difference(
        "`tf.where` takes whole rows where its condition is a vector",
        "`keras.ops.where`, which broadcasts the vector along the last axis",
        _NAMES,
        in_source=True,
    ),
    "integer_division": Difference(
        "`1 / 10` is 0 in Python 2, also in the rate of a schedule",
        "the same code in Python 3, where it is 0.1",
        f"{_RECIPES}/schedules.md",
        in_source=True,
    ),
}


def built_in(key: str, which: str) -> str:
    """Returns in a few words what a built-in of Keras does otherwise.

    >>> built_in("l2_half", "l2")
    'L2 lacks the factor 1/2'
    """
    return DIFFERENCES[key].built_in[which]

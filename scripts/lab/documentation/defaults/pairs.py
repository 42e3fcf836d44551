"""Defines how a TF1 callable is compared with its Keras 3 counterpart."""

import dataclasses
from collections.abc import Mapping

# TF1's arguments that only name or store things.
BOOKKEEPING = frozenset(
    [
        "name",
        "scope",
        "reuse",
        "trainable",
        "seed",
        "dtype",
        "use_locking",
        "variables_collections",
        "outputs_collections",
        "weight_collections",
        "bias_collections",
        "output_collections",
        "loss_collection",
        "_sentinel",
    ]
)
# Keras' arguments that TF1 lacks, with the values at which Keras computes the same as TF1.
NEUTRAL = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,  # not used without use_ema
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "amsgrad": False,
    "beta": 0.0,
    "warmup_target": None,
    "warmup_steps": 0,
    "groups": 1,
    "output_padding": None,
    "lora_rank": None,
    "lora_alpha": None,
    "quantization_config": None,
    "synchronized": False,
    "mask_zero": False,
    "weights": None,
    "input_axes": None,
    "output_axes": None,
    "ignore_class": None,
    "sparse": False,
    "order": 2,
    "dropout": 0.0,
    "recurrent_dropout": 0.0,
    "return_state": False,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "zero_output_for_mask": False,
    "merge_mode": "concat",
    "backward_layer": None,
    "use_bias": True,
    "threshold": 0.0,
    "max_value": None,
    "dilation_rate": 1,
    "from_logits": False,
    "alpha": 1.0,
    "negative_slope": 0.0,
    "strides": 1,
    "momentum": 0.0,
    "nesterov": False,
    "label_smoothing": 0.0,
    "axis": -1,
    "beta_initializer": "zeros",
    "gamma_initializer": "ones",
    "moving_mean_initializer": "zeros",
    "moving_variance_initializer": "ones",
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
    "recurrent_activation": "sigmoid",
    "mode": "fan_in",
    "strategy": "greedy",
    "beam_width": 100,  # not used without beams
    "top_paths": 1,
}


@dataclasses.dataclass(frozen=True)
class Hidden:
    """Holds a default that is set in the code and not in a signature; a test measures both.

    Args:
        argument: TF1's argument that the default belongs to, or a description.
        tf1: TF1's default, as Markdown.
        keras_argument: Keras' argument, or a description.
        keras: Keras' default, as Markdown.
        proof: name of the measurement in `tests/scripts/lab/documentation/defaults/hidden`.
    """

    argument: str
    tf1: str
    keras_argument: str
    keras: str
    proof: str


@dataclasses.dataclass(frozen=True)
class Pair:
    """Holds a TF1 callable and the Keras 3 callable that replaces it.

    Args:
        tf1: dotted name in `tf`.
        keras: dotted name in `keras`.
        renamed: `{TF1's argument: Keras' argument}` of the arguments with different names.
            `call.NAME` is an argument of the layer's call.
        absent: TF1's arguments that Keras lacks, and that have no effect at their default.
        same: `{TF1's argument: reason}` of the defaults that differ in form, but not in effect.
        hidden: the defaults in the code.
        unrelated: Keras' arguments without relation to the TF1 callable.
        also: further names of the TF1 callable.
        page: page under `docs/` with details, or None.
    """

    tf1: str
    keras: str
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    absent: tuple[str, ...] = ()
    same: Mapping[str, str] = dataclasses.field(default_factory=dict)
    hidden: tuple[Hidden, ...] = ()
    unrelated: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    page: str | None = None

    @property
    def names(self):
        """Returns all TF1 names of the callable."""
        return (self.tf1, *self.also)

"""How a TF1 callable is laid beside its Keras 3 counterpart."""

import dataclasses
from collections.abc import Mapping

# TF1's arguments that say where things are kept or what they are called.
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
# Keras' arguments that TF1 lacks, with the values at which Keras does what TF1 always did.
NEUTRAL = {
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,  # without use_ema it is not read
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
    "beam_width": 100,  # without beams it is not read
    "top_paths": 1,
}


@dataclasses.dataclass(frozen=True)
class Hidden:
    """A default that stands in the code and in no signature; a test runs both sides.

    Args:
        argument: TF1's argument that it belongs to, or what it is, in words.
        tf1: what TF1 takes, as Markdown.
        keras_argument: Keras' argument, or what it is, in words.
        keras: what Keras takes, as Markdown.
        proof: the name of the measurement in `tests/documentation/defaults/hidden`.
    """

    argument: str
    tf1: str
    keras_argument: str
    keras: str
    proof: str


@dataclasses.dataclass(frozen=True)
class Pair:
    """A TF1 callable and the Keras 3 callable that takes its place.

    Args:
        tf1: the dotted name, from `tf`.
        keras: the dotted name, from `keras`.
        renamed: TF1's arguments that Keras calls otherwise. Those with the same name on both sides
            need no mention. `call.NAME` is an argument of the layer's call.
        absent: TF1's arguments that Keras lacks, and that compute nothing at their default.
        same: TF1's arguments whose default is written otherwise and means the same; to the reason.
        hidden: the defaults in the code.
        unrelated: Keras' arguments that are about something else than the TF1 callable.
        also: other names of the TF1 callable.
        page: the page under `docs/` that says more, or None.
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
        """Every TF1 name of it."""
        return (self.tf1, *self.also)

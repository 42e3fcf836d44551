"""Defines data augmentation of images: shift, rotation, zoom, brightness."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tf_recipes._support import validation

KINDS = ("shift", "rotation", "zoom", "brightness")
INTERPOLATIONS = ("nearest", "bilinear")
LARGEST_AMOUNTS = {"shift": 1, "rotation": 180, "zoom": 1, "brightness": 1}
# Without `clip`, RandomBrightness still cuts values off, but only this many times the range of
# values outside the range. A float16 can hold such values.
MARGIN = 255


@keras.saving.register_keras_serializable(package="tf_recipes")
class ImageAugmentation(keras.layers.Pipeline):
    """Shifts, rotates, zooms and brightens images at random in training, never in evaluation.

    The layer is a pipeline of Keras' own layers. It works in a model and in `tf.data`.

    TF1: `tf.contrib.image`'s `translate`, `rotate` and `transform`, and
    `tf.image.adjust_brightness`, with amounts from `tf.random_uniform`. For the same amounts the
    images are those of TF1, up to rounding. The amounts come from another random generator.
    Keras' layers with their defaults differ in four ways; this layer does not:

    - Keras' layers change images unless they get `training=False`, so a plain `model(x)` changes
      them. This layer, as dropout does, changes images only if it gets `training=True`.
    - Keras' layers fill the border that a shift or rotation uncovers with a mirror image. TF1 and
      this layer fill it with 0.
    - Keras' layers with the same seed draw dependent amounts: the farther an image moves down, the
      more it turns counterclockwise.
    - `RandomBrightness` clips to `value_range`, as TF1 does for integers and not for floats. In
      integer images it wraps values around: 200 of 255 made brighter by 127 is 71.

    TF1 interpolates by "nearest" by default, and returns integer images as integers, rounded down.
    This layer interpolates by "bilinear" by default, and always returns floats.

    Random numbers are drawn in the order of the calls. `dataset.map` with `num_parallel_calls`
    calls the layer in no fixed order: then a seed does not fix the images, and sometimes two images
    get the same amounts. To avoid this, batch the dataset first and map it sequentially, which
    already uses all cores, or call `tf.config.experimental.enable_op_determinism()`. A loaded model
    draws from the beginning again, as with Keras' dropout. XLA cannot compile the layer:
    `jit_compile="auto"` does not use XLA for a model that contains it.

    Args:
        shift: the largest shift in both directions, as a share of the side, in [0, 1].
        rotation: the largest angle in both directions, in degrees, in [0, 180].
        zoom: in [0, 1). The image shows `1 - zoom` to `1 + zoom` times as much of the original, the
            same in height and width. Below 1 objects look larger.
        brightness: the largest number added or subtracted, as a share of `value_range`, in [0, 1].
        value_range: (black, white) of the images.
        clip: whether to clip the brightened values to `value_range`.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: int, or None to follow `keras.utils.set_random_seed`.
        name: of the layer.

    An amount of 0, the default, leaves the layer for this amount out.

    Shapes: images (batch, height, width, channels) or (height, width, channels) of any dtype; the
    outputs have the same shape and are floats. Rows of pixels need a `Reshape` layer before this
    layer and a `Flatten` layer after it.

    Raises:
        ValueError: at construction, for an amount outside its range or if all amounts are 0; when
            called, for inputs of another rank.

    >>> images = np.ones((2, 28, 28, 1), "float32")
    >>> augment = ImageAugmentation(shift=0.1, rotation=15, zoom=0.1, brightness=0.2, seed=1)
    >>> inputs = keras.Input((28 * 28,))
    >>> rows = keras.layers.Flatten()(augment(keras.layers.Reshape((28, 28, 1))(inputs)))
    >>> model = keras.Model(inputs, keras.layers.Dense(10)(rows))
    >>> import tensorflow as tf
    >>> dataset = tf.data.Dataset.from_tensor_slices((images, [3, 7])).batch(2)
    >>> dataset = dataset.map(lambda x, y: (augment(x, training=True), y))
    >>> [x.shape for x, y in dataset]
    [TensorShape([2, 28, 28, 1])]

    References:
        Simard, Steinkraus, Platt, "Best Practices for Convolutional Neural Networks Applied to
        Visual Document Analysis", 2003.
    """

    def __init__(
        self,
        shift: float = 0,
        rotation: float = 0,
        zoom: float = 0,
        brightness: float = 0,
        value_range: Sequence[float] = (0, 1),
        clip: bool = False,
        interpolation: str = "bilinear",
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        amounts = {"shift": shift, "rotation": rotation, "zoom": zoom, "brightness": brightness}
        _check_arguments(amounts, value_range, clip, interpolation)
        seed = validation.seed("seed", seed)
        super().__init__(_layers(amounts, value_range, clip, interpolation, seed), name=name)
        self._arguments = {
            **amounts,
            "value_range": tuple(value_range),
            "clip": clip,
            "interpolation": interpolation,
            "seed": seed,
        }

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        shape = getattr(inputs, "shape", None)  # a list has no shape
        if shape is not None and len(shape) not in (3, 4):
            validation.fail(
                "Images must have the shape (batch, height, width, channels) or "
                "(height, width, channels).",
                f"a shape of {tuple(shape)}",
                "Put a layer such as keras.layers.Reshape((28, 28, 1)) before this layer.",
            )
        return super().__call__(inputs, **kwargs)

    def build(self, input_shape: Any) -> None:
        self.built = True  # Keras warns when it loads a pipeline without this method

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        return super().call(inputs, training=bool(training), mask=mask)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, **self._arguments}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ImageAugmentation":
        return cls(**config)


def _check_arguments(
    amounts: Mapping[str, float], value_range: Sequence[float], clip: bool, interpolation: str
) -> None:
    for kind, amount in amounts.items():
        validation.number(kind, amount, 0, LARGEST_AMOUNTS[kind], open_high=kind == "zoom")
    if not any(amounts.values()):
        validation.fail(
            "At least one amount must be above 0.",
            ", ".join(f"{kind}={amount!r}" for kind, amount in amounts.items()),
            "Pass an amount such as shift=0.1, or leave this layer out of the model.",
        )
    is_pair = isinstance(value_range, (tuple, list)) and len(value_range) == 2
    for value in value_range if is_pair else ():
        validation.number("value_range", value)
    if not (is_pair and value_range[0] < value_range[1]):
        validation.fail(
            "`value_range` must be the value of black and the larger value of white.",
            f"value_range={value_range!r}",
            "Pass value_range=(0, 1) or value_range=(0, 255).",
        )
    validation.flag("clip", clip)
    validation.choice("interpolation", interpolation, INTERPOLATIONS)


def _layers(
    amounts: Mapping[str, float],
    value_range: Sequence[float],
    clip: bool,
    interpolation: str,
    seed: int | None,
) -> list[keras.layers.Layer]:
    """Returns Keras' layers for the amounts above 0, each layer with a seed of its own."""
    seeds = dict(zip(KINDS, _seeds(seed), strict=True))
    resampling = {"fill_mode": "constant", "interpolation": interpolation}
    shift, rotation, zoom, brightness = (amounts[kind] for kind in KINDS)
    low, high = value_range
    margin = 0 if clip else MARGIN * (high - low)
    # RandomBrightness takes its factor as a share of the range that it gets, margins included.
    share = brightness * (high - low) / (high - low + 2 * margin)
    makers = {
        "shift": lambda seed: keras.layers.RandomTranslation(shift, shift, seed=seed, **resampling),
        "rotation": lambda seed: keras.layers.RandomRotation(
            rotation / 360, seed=seed, **resampling
        ),
        "zoom": lambda seed: keras.layers.RandomZoom(zoom, seed=seed, **resampling),
        "brightness": lambda seed: keras.layers.RandomBrightness(
            share, (low - margin, high + margin), seed
        ),
    }
    to_floats = keras.layers.Rescaling(1.0)  # RandomBrightness wraps integers around
    return [to_floats, *(makers[kind](seeds[kind]) for kind in KINDS if amounts[kind])]


def _seeds(seed: int | None) -> list[int] | list[None]:
    """Returns a seed for each kind, far from the seeds that another `seed` gives."""
    if seed is None:
        return [None] * len(KINDS)
    return [int(word) % 2**31 for word in np.random.SeedSequence(seed).generate_state(len(KINDS))]

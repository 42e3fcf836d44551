"""Data augmentation of images: shift, rotation, zoom, brightness."""

import keras
import numpy as np

from tf_recipes._support import validation

KINDS = ("shift", "rotation", "zoom", "brightness")
INTERPOLATIONS = ("nearest", "bilinear")
MOST = {"shift": 1, "rotation": 180, "zoom": 1, "brightness": 1}
FAR = 255  # times the range of values, beyond which it is cut off after all; a float16 holds that


@keras.saving.register_keras_serializable(package="tf_recipes")
class ImageAugmentation(keras.layers.Pipeline):
    """In training, shifts, rotates, zooms and lights every image anew; in evaluation, nothing.

    It is a pipeline of Keras' own layers, in the model or in `tf.data`. TF1: `tf.contrib.image`'s
    `translate`, `rotate` and `transform`, and `tf.image.adjust_brightness`, with amounts from
    `tf.random_uniform`. By the same amounts the images are those of TF1, to rounding; the amounts
    come from another generator. What Keras' layers do otherwise by themselves, and not here:

    - They are on unless `training=False` is said, so that a plain `model(x)` augments. Here as with
      dropout nothing happens unless training is said.
    - They mirror the image where it is laid bare; TF1 and this leave 0 there.
    - With the same seed they draw in step: the farther to the right, the more counterclockwise.
    - `RandomBrightness` cuts off what leaves `value_range`, as TF1 does with integers and not with
      floats, and by itself wraps integers around: 200 of 255 made brighter by 127 is 71.

    TF1 interpolates by "nearest" unless told otherwise, and gives integer images back as integers,
    rounded down; here they come out as floats.

    Numbers are drawn in the order of the calls. `dataset.map` with `num_parallel_calls` calls in no
    fixed order: then a seed fixes nothing, and now and then two images share a draw. Batch first
    and map in sequence, which already uses all cores, or switch
    `tf.config.experimental.enable_op_determinism()` on. A model that is loaded draws from the
    beginning again, as with Keras' dropout. XLA cannot compile it: Keras' "auto" leaves XLA out.

    Args:
        shift: the largest shift, both ways, as a share of the side, in [0, 1].
        rotation: the largest angle, both ways, in degrees, in [0, 180].
        zoom: in [0, 1): from `1 - zoom` to `1 + zoom` times as much is shown, in both directions
            alike; below 1 things look larger.
        brightness: what is added at most, both ways, as a share of `value_range`, in [0, 1].
        value_range: (black, white) of the images.
        clip: cut off what leaves `value_range` by the brightness.
        interpolation: `"bilinear"` or `"nearest"`.
        seed: int, or None to follow `keras.utils.set_random_seed`.
        name: of the layer.

    An amount of 0, the default, leaves its layer out.

    Shapes: images (batch, height, width, channels) or (height, width, channels), of any dtype, and
    the same out, as floats. Rows of pixels take a `Reshape` before it and a `Flatten` after it.

    Raises:
        ValueError: for amounts outside these, or all of them 0; when called, for another rank.

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
        shift=0,
        rotation=0,
        zoom=0,
        brightness=0,
        value_range=(0, 1),
        clip=False,
        interpolation="bilinear",
        seed=None,
        name=None,
    ):
        amounts = {"shift": shift, "rotation": rotation, "zoom": zoom, "brightness": brightness}
        _check(amounts, value_range, clip, interpolation)
        seed = validation.seed("seed", seed)
        super().__init__(_layers(amounts, value_range, clip, interpolation, seed), name=name)
        self._arguments = {
            **amounts,
            "value_range": tuple(value_range),
            "clip": clip,
            "interpolation": interpolation,
            "seed": seed,
        }

    def __call__(self, inputs, **kwargs):
        shape = getattr(inputs, "shape", None)  # a list has none
        if shape is not None and len(shape) not in (3, 4):
            validation.fail(
                "Images must have the shape (batch, height, width, channels), or without batch.",
                f"a shape of {tuple(shape)}",
                "Reshape rows of pixels before, with keras.layers.Reshape((28, 28, 1)), say.",
            )
        return super().__call__(inputs, **kwargs)

    def build(self, input_shape):
        self.built = True  # nothing to build; a pipeline without this method warns when loaded

    def call(self, inputs, training=False, mask=None):
        return super().call(inputs, training=bool(training), mask=mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {"name": self.name, **self._arguments}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _check(amounts, value_range, clip, interpolation):
    for kind, amount in amounts.items():
        validation.number(kind, amount, 0, MOST[kind], open_high=kind == "zoom")
    if not any(amounts.values()):
        validation.fail(
            "At least one amount must be above 0.",
            ", ".join(f"{kind}={amount!r}" for kind, amount in amounts.items()),
            "Write shift=0.1, say, or leave the layer out.",
        )
    pair = isinstance(value_range, (tuple, list)) and len(value_range) == 2
    for value in value_range if pair else ():
        validation.number("value_range", value)
    if not (pair and value_range[0] < value_range[1]):
        validation.fail(
            "`value_range` must be the values of black and white, in this order.",
            f"value_range={value_range!r}",
            "Write (0, 1) or (0, 255).",
        )
    validation.flag("clip", clip)
    validation.choice("interpolation", interpolation, INTERPOLATIONS)


def _layers(amounts, value_range, clip, interpolation, seed):
    """Keras' layers for those amounts that are not 0, each with a seed of its own."""
    seeds = dict(zip(KINDS, _seeds(seed), strict=True))
    drawn = {"fill_mode": "constant", "interpolation": interpolation}
    shift, rotation, zoom, brightness = (amounts[kind] for kind in KINDS)
    low, high = value_range
    margin = 0 if clip else FAR * (high - low)
    share = brightness * (high - low) / (high - low + 2 * margin)
    made = {
        "shift": lambda seed: keras.layers.RandomTranslation(shift, shift, seed=seed, **drawn),
        "rotation": lambda seed: keras.layers.RandomRotation(rotation / 360, seed=seed, **drawn),
        "zoom": lambda seed: keras.layers.RandomZoom(zoom, seed=seed, **drawn),
        "brightness": lambda seed: keras.layers.RandomBrightness(
            share, (low - margin, high + margin), seed
        ),
    }
    floats = keras.layers.Rescaling(1.0)  # as the brightness needs them, whatever comes in
    return [floats, *(made[kind](seeds[kind]) for kind in KINDS if amounts[kind])]


def _seeds(seed):
    """Another one for each kind, far from those of other seeds."""
    if seed is None:
        return [None] * len(KINDS)
    return [int(word) % 2**31 for word in np.random.SeedSequence(seed).generate_state(len(KINDS))]

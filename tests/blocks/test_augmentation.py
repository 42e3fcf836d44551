"""Tests image augmentation: TF1's images, random in training, unchanged in evaluation."""

import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import xla_flags
from tf_recipes.blocks.augmentation import KINDS, ImageAugmentation
from tf_recipes.fast_fit.model import FastFitModel

# Written by goldens/record_augmentation.py on TensorFlow 1.15.5; the script says the conditions.
GOLDENS = json.loads(
    (pathlib.Path(__file__).parents[1] / "goldens" / "augmentation.json").read_text()
)
IMAGE = np.array(GOLDENS["image"], "uint8")  # (5, 4, 2)
CASES = pytest.mark.parametrize(
    "case",
    GOLDENS["cases"],
    ids=lambda c: f"{c['kind']}-{c['amount']}-{c['interpolation']}-{c['dtype']}",
)
ALL = {"shift": 0.1, "rotation": 15, "zoom": 0.1, "brightness": 0.2}
ROUNDING = 2**-21


def digits(count=6, seed=0):
    return np.random.default_rng(seed).random((count, 28, 28, 1), np.float32)


def exactly(kind, amount, **arguments):
    """Makes the layer of `ImageAugmentation` for `kind`, with one amount instead of a range."""
    _, layer = ImageAugmentation(**{kind: 0.9}, **arguments).layers
    config = layer.get_config()
    height, width, _ = IMAGE.shape
    if kind == "shift":
        right, down = amount
        ends = {"width_factor": (right / width,) * 2, "height_factor": (down / height,) * 2}
    elif kind == "rotation":
        ends = {"factor": (amount / 360,) * 2}
    elif kind == "zoom":
        ends = {"height_factor": (amount - 1,) * 2}
    else:
        low, high = arguments.get("value_range", (0, 1))
        black, white = config["value_range"]
        ends = {"factor": (amount * (high - low) / (white - black),) * 2}
    return type(layer).from_config({**config, **ends})


def result(layer, image):
    return np.array(layer(image[None], training=True))[0]


@CASES
def test_by_the_same_amount_the_images_are_those_of_tf1(case):
    kind, amount, expected = case["kind"], case["amount"], np.array(case["image"])
    arguments = {"interpolation": case["interpolation"].lower()} if case["interpolation"] else {}
    if case["dtype"] == "float32":
        found = result(exactly(kind, amount, **arguments), IMAGE / np.float32(255))
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
        return
    if kind == "brightness":
        arguments |= {"value_range": (0, 255), "clip": True}
    found = result(exactly(kind, amount, **arguments), IMAGE.astype("float32"))
    above = found - expected  # TF1 rounds down to whole numbers
    assert above.min() > -0.01 and above.max() < 1.01


def test_goldens_are_from_tf1_and_cover_every_kind():
    assert GOLDENS["tensorflow"] == "1.15.5"
    assert {case["kind"] for case in GOLDENS["cases"]} == set(KINDS)
    assert len(GOLDENS["cases"]) == 4 * 4 + 4 * 4 + 4 * 4 + 3 * 2


def test_directions():
    """Checks the signs: right and down, counterclockwise, above 1 smaller. The goldens agree."""
    image = np.zeros((5, 5, 1), "float32")
    image[2, 3] = 1  # right of the centre
    shifted = ImageAugmentation(shift=0.9).layers[1].get_config()
    one = {"height_factor": (0.4, 0.4), "width_factor": (0.2, 0.2)}  # two down, one to the right
    moved = keras.layers.RandomTranslation.from_config({**shifted, **one})
    assert np.argwhere(result(moved, image)[..., 0]).tolist() == [[4, 4]]
    turned = np.round(result(exactly("rotation", 90), image)[..., 0], 3)
    assert np.argwhere(turned).tolist() == [[1, 2]]  # above the centre
    smaller = result(exactly("zoom", 1.5), np.ones((5, 5, 1), "float32"))[..., 0]
    assert smaller[2, 2] == 1 and smaller[0, 0] == 0


def test_keras_defaults_mirror_what_is_laid_bare():
    (case,) = (
        c
        for c in GOLDENS["cases"]
        if (c["amount"], c["interpolation"], c["dtype"]) == (15.0, "BILINEAR", "float32")
    )
    layer = keras.layers.RandomRotation((15 / 360,) * 2)
    off = np.abs(result(layer, IMAGE / np.float32(255)) - np.array(case["image"]))
    assert off.max() > 0.25


def test_by_itself_brightness_cuts_nothing_off():
    image = np.array([-3.0, 0.1, 0.9, 250.0], "float32").reshape(1, 1, 4, 1)
    bright = np.ravel(ImageAugmentation(brightness=0.5, seed=1)(image, training=True))
    assert abs(bright[0] + 3) > 0.01
    np.testing.assert_allclose(bright, np.ravel(image) + (bright[0] + 3), atol=1e-4)
    cut = np.ravel(ImageAugmentation(brightness=0.5, clip=True, seed=1)(image, training=True))
    np.testing.assert_allclose(cut, np.clip(bright, 0, 1), atol=ROUNDING)


def test_keras_brightness_wraps_integers_around_and_this_does_not():
    image = np.array([0, 100, 200, 250], "uint8").reshape(1, 4, 1)
    keras_own = keras.layers.RandomBrightness((0.5, 0.5))(image, training=True)
    assert np.ravel(keras_own).tolist() == [127, 227, 71, 121]
    for clip, expected in ((False, 255), (True, 255)):
        augment = ImageAugmentation(brightness=0.5, value_range=(0, 255), clip=clip, seed=1)
        drawn = np.ravel(augment(image, training=True))
        light = drawn[1] - 100
        assert 0 < abs(light) <= 127.5
        sums = np.array([0, 100, 200, 250]) + light
        np.testing.assert_allclose(drawn, np.clip(sums, 0, expected) if clip else sums, rtol=1e-6)


def points(height, width):
    """Makes 500 images with one bright pixel each, 15 pixels right of the centre."""
    images = np.zeros((500, height, width, 1), "float32")
    images[:, height // 2, width // 2 + 15] = 1
    return images


def displacements(images):
    """Computes the centre of mass of each image, relative to its centre: right (n,), down (n,)."""
    mass = np.array(images)[..., 0]
    down, right = (np.arange(n) - n // 2 for n in mass.shape[1:])
    total = mass.sum((1, 2))
    return (mass.sum(1) @ right) / total, (mass.sum(2) @ down) / total


@pytest.fixture(scope="module")
def drawn():
    """Measures the amounts by which 500 images were changed, by kind, all from one seed."""

    def augmented(**arguments):
        return displacements(ImageAugmentation(**arguments, seed=5)(points(61, 81), training=True))

    right, down = augmented(shift=0.1)
    x, y = augmented(rotation=15)
    larger, _ = augmented(zoom=0.1)
    light = ImageAugmentation(brightness=0.2, seed=5)(points(61, 81), training=True)
    return {
        "right": right - 15,
        "down": down,
        "rotation": np.degrees(np.arctan2(-y, x)),
        "zoom": 15 / larger - 1,
        "brightness": np.array(light)[:, 0, 0, 0],
    }


@pytest.mark.parametrize(
    ("amount", "bound"),
    [("right", 8.1), ("down", 6.1), ("rotation", 15), ("zoom", 0.1), ("brightness", 0.2)],
)
def test_amounts_fill_their_range_in_both_directions(drawn, amount, bound):
    """Checks that amounts are uniform in [-bound, bound]: standard deviation bound / sqrt(3)."""
    values = drawn[amount] / bound
    assert -1.05 < values.min() < -0.97 and 0.97 < values.max() < 1.05
    assert abs(values.mean()) < 4 / np.sqrt(3 * 500)
    assert abs(values.std() * np.sqrt(3) - 1) < 0.1


def test_amounts_are_independent_of_one_another(drawn):
    correlations = np.corrcoef(list(drawn.values())) - np.eye(5)
    assert np.abs(correlations).max() < 4 / np.sqrt(500)


def test_keras_layers_with_one_seed_draw_in_step():
    shift = keras.layers.RandomTranslation(0.1, 0, fill_mode="constant", seed=5)
    turn = keras.layers.RandomRotation(15 / 360, fill_mode="constant", seed=5)
    _, down = displacements(shift(points(61, 81), training=True))
    x, y = displacements(turn(points(61, 81), training=True))
    assert np.corrcoef(down, np.arctan2(-y, x))[0, 1] > 0.999


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.augment = ImageAugmentation(**ALL, seed=1)

    def call(self, inputs):
        return self.augment(inputs)


def functional(cls=keras.Model, **arguments):
    inputs = keras.Input((28, 28, 1))
    return cls(inputs, ImageAugmentation(**{**ALL, **arguments}, seed=1)(inputs))


def sequential():
    return keras.Sequential([keras.Input((28, 28, 1)), ImageAugmentation(**ALL, seed=1)])


@pytest.mark.parametrize("make", [functional, sequential, Subclassed])
def test_in_a_model_it_is_off_in_evaluation_bit_for_bit(make):
    model, images = make(), digits()
    model.compile("sgd", "mse")
    for same in (
        model(images),
        model(images, training=False),
        model.predict(images, verbose=0),
        model.predict_on_batch(images),
    ):
        np.testing.assert_array_equal(same, images)
    assert model.evaluate(images, images, verbose=0) == 0
    assert np.abs(model(images, training=True) - images).mean() > 0.05


@pytest.mark.parametrize("cls", [keras.Model, FastFitModel])
def test_fit_sees_other_images_each_epoch_and_evaluates_on_these(cls):
    inputs, images = keras.Input((28, 28, 1)), digits()
    one = keras.layers.Conv2D(1, 1, kernel_initializer="ones", use_bias=False)
    model = cls(inputs, one(ImageAugmentation(**ALL, seed=1)(inputs)))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    assert not model.jit_compile  # XLA has no such operation, so "auto" means no XLA
    history = model.fit(images, images, epochs=3, validation_data=(images, images), verbose=0)
    assert min(history.history["loss"]) > 0.01 and len(set(history.history["loss"])) == 3
    assert history.history["val_loss"] == [0, 0, 0]


def test_keras_layers_alone_are_on_in_a_plain_call():
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, keras.layers.RandomRotation(0.1)(inputs))
    assert np.abs(model(digits()) - digits()).max() > 0.1


def network(cls):
    keras.utils.set_random_seed(3)
    inputs = keras.Input((784,))
    images = keras.layers.Reshape((28, 28, 1))(inputs)
    rows = keras.layers.Flatten()(ImageAugmentation(**ALL, seed=1)(images))
    model = cls(inputs, keras.layers.Dense(2)(rows))
    model.compile("sgd", "mse")
    return model


def test_the_fast_fit_trains_on_the_images_that_keras_does():
    rows = digits(40).reshape(40, 784)
    weights = []
    for cls in (keras.Model, FastFitModel):
        model = network(cls)
        before = model.get_weights()
        model.fit(rows, rows[:, :2], batch_size=8, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
        assert all((a != b).any() for a, b in zip(before, weights[-1], strict=True))
    for keras_own, fast in zip(*weights, strict=True):
        np.testing.assert_allclose(fast, keras_own, rtol=0, atol=1e-5)


def test_a_seed_fixes_the_images_and_nothing_else_does():
    same = np.repeat(digits(1), 5, axis=0)
    first, again, other = (ImageAugmentation(**ALL, seed=seed) for seed in (1, 1, 2))
    steps = [np.array(first(same, training=True)) for _ in range(2)]
    for step in steps:
        np.testing.assert_array_equal(again(same, training=True), step)
    distinct = [*steps[0], *steps[1], *np.array(other(same, training=True))]
    assert len({image.tobytes() for image in distinct}) == 15


def test_without_a_seed_it_follows_keras():
    def images():
        keras.utils.set_random_seed(4)
        return np.array(ImageAugmentation(**ALL)(digits(), training=True))

    np.testing.assert_array_equal(images(), images())


def test_a_kind_draws_the_same_with_and_without_the_others():
    alone = ImageAugmentation(brightness=0.2, seed=1)(np.zeros((3, 4, 4, 1)), training=True)
    together = ImageAugmentation(**ALL, seed=1)(np.zeros((3, 4, 4, 1)), training=True)
    np.testing.assert_array_equal(alone, together)


def mapped(images, batch_size=5, amounts=ALL, **arguments):
    """Maps a dataset of `images` and their numbers; returns [(image, number)] of two epochs."""
    augment = ImageAugmentation(**amounts, seed=1)
    dataset = tf.data.Dataset.from_tensor_slices((images, np.arange(len(images))))
    dataset = dataset.batch(batch_size) if batch_size else dataset
    dataset = dataset.map(lambda x, y: (augment(x, training=True), y), **arguments)
    return [list(dataset.as_numpy_iterator()) for _ in range(2)]


def test_in_tf_data_it_draws_what_it_draws_outside():
    images = digits(20)
    first, second = mapped(images)
    augment = ImageAugmentation(**ALL, seed=1)
    for epoch in (first, second):
        for k, (found, numbers) in enumerate(epoch):
            batch = images[5 * k : 5 * k + 5]
            np.testing.assert_array_equal(found, augment(batch, training=True))
            assert numbers.tolist() == list(range(5 * k, 5 * k + 5))
    assert (first[0][0] != second[0][0]).any()


def test_in_tf_data_it_is_off_unless_training_is_said():
    augment = ImageAugmentation(**ALL, seed=1)
    (found,) = tf.data.Dataset.from_tensors(digits()).map(augment).as_numpy_iterator()
    np.testing.assert_array_equal(found, digits())


def test_in_tf_data_unbatched_images_each_get_their_own():
    images = np.repeat(digits(1), 4, axis=0)
    (first, second), (again, _) = mapped(images, None), mapped(images, None)
    assert len({x.tobytes() for x, _ in [*first, *second]}) == 8
    for (x, _), (expected, _) in zip(again, first, strict=True):
        np.testing.assert_array_equal(x, expected)


def test_parallel_calls_keep_images_with_their_labels():
    """Checks the pairs only: which amounts an image gets is not fixed."""
    images = np.repeat(np.arange(200, dtype="float32"), 16).reshape(200, 4, 4, 1)
    first, _ = mapped(images, None, {"brightness": 0.2}, num_parallel_calls=4)
    assert [number for _, number in first] == list(range(200))
    # an image gets brighter by at most 0.2
    assert [round(float(x.max())) for x, _ in first] == list(range(200))


DETERMINISM = """
import numpy as np, tensorflow as tf
from tf_recipes.blocks.augmentation import ImageAugmentation
tf.config.experimental.enable_op_determinism()
tf.random.set_seed(0)

def images(parallel):
    augment = ImageAugmentation(shift=0.1, rotation=15, seed=1)
    data = tf.data.Dataset.from_tensor_slices(np.ones((100, 8, 8, 1), "float32")).batch(2)
    data = data.map(lambda x: augment(x, training=True), num_parallel_calls=parallel)
    return np.concatenate(list(data.as_numpy_iterator()))

print([bool((images(4) == images(None)).all()) for _ in range(3)])
"""


def test_parallel_calls_are_reproducible_with_op_determinism(run_python):
    assert run_python(DETERMINISM) == "[True, True, True]"


def test_a_saved_model_still_augments(tmp_path):
    model = functional(interpolation="nearest", clip=True)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.layers[-1].get_config() == model.layers[-1].get_config()
    np.testing.assert_array_equal(again(digits()), digits())
    expected = model(digits(), training=True)
    np.testing.assert_array_equal(again(digits(), training=True), expected)


def test_config_round_trip():
    given = {"shift": 0.25, "rotation": 30, "zoom": 0.5, "brightness": 0.75, "seed": 3}
    layer = ImageAugmentation(**given, value_range=(-1, 1), clip=True, name="augment")
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(again, ImageAugmentation) and again.get_config() == layer.get_config()
    expected = layer(digits(), training=True)
    np.testing.assert_array_equal(again(digits(), training=True), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_integers_are_taken_as_the_floats_that_they_are(kind):
    images = np.random.default_rng(0).integers(0, 256, (4, 9, 7, 3), "uint8")
    results = [
        ImageAugmentation(**{kind: 0.5}, value_range=(0, 255), seed=1)(given, training=True)
        for given in (images, images.astype("float32"))
    ]
    assert results[0].dtype == "float32"
    np.testing.assert_array_equal(*results)


def test_half_precision(policy):
    policy("mixed_float16")
    augment = ImageAugmentation(**ALL, seed=1)
    assert augment(digits(), training=True).dtype == "float16"
    np.testing.assert_array_equal(augment(digits()), digits().astype("float16"))


def test_an_image_without_batch():
    image = digits(1)[0]
    augment = ImageAugmentation(**ALL, seed=1)
    np.testing.assert_array_equal(augment(image), image)
    assert augment(image, training=True).shape == image.shape
    assert np.abs(augment(image, training=True) - image).max() > 0.1


def test_channels_move_and_brighten_together():
    grey = digits(4)
    augmented = np.array(ImageAugmentation(**ALL, seed=1)(np.repeat(grey, 3, -1), training=True))
    np.testing.assert_array_equal(augmented[..., :1], augmented[..., 1:2])
    alone = ImageAugmentation(**ALL, seed=1)(grey, training=True)
    np.testing.assert_allclose(augmented[..., :1], alone, atol=ROUNDING)


def test_an_amount_of_0_leaves_its_layer_out():
    assert [layer.name.partition("_")[0] for layer in ImageAugmentation(zoom=0.1).layers] == [
        "rescaling",
        "random",
    ]
    assert isinstance(ImageAugmentation(zoom=0.1).layers[1], keras.layers.RandomZoom)
    assert len(ImageAugmentation(**ALL).layers) == 5


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({"shift": -0.1}, ["`shift`", "[0, 1]", "-0.1"]),
        ({"shift": 1.1}, ["`shift`", "1.1"]),
        ({"rotation": 181}, ["`rotation`", "[0, 180]", "181"]),
        ({"rotation": "15"}, ["`rotation`", "'15'"]),
        ({"zoom": 1}, ["`zoom`", "[0, 1)"]),
        ({"brightness": float("nan")}, ["`brightness`", "nan"]),
        ({"brightness": True}, ["`brightness`", "True"]),
        ({}, ["At least one amount", "shift=0, rotation=0, zoom=0, brightness=0"]),
        ({"shift": 0.1, "value_range": (1, 0)}, ["`value_range`", "(1, 0)"]),
        ({"shift": 0.1, "value_range": 255}, ["`value_range`", "255"]),
        ({"shift": 0.1, "value_range": (0, "1")}, ["`value_range`", "'1'"]),
        ({"shift": 0.1, "clip": 1}, ["`clip`", "true or false"]),
        ({"shift": 0.1, "interpolation": "cubic"}, ["`interpolation`", "'cubic'"]),
        ({"shift": 0.1, "seed": -1}, ["`seed`", "-1"]),
    ],
)
def test_bad_arguments(arguments, parts, fails):
    with fails(*parts):
        ImageAugmentation(**arguments)


@pytest.mark.parametrize("make", [lambda: keras.Input((784,)), lambda: np.ones((784,), "float32")])
def test_rows_of_pixels_are_refused(make, fails):
    with fails("(batch, height, width, channels)", "784", "Reshape((28, 28, 1))"):
        ImageAugmentation(shift=0.1)(make())


OTHER_BACKEND = """
import keras, numpy as np, tensorflow as tf
from tf_recipes.blocks.augmentation import ImageAugmentation
images = np.random.default_rng(0).random((4, 9, 9, 1)).astype("float32")
augment = ImageAugmentation(shift=0.2, rotation=30, zoom=0.2, brightness=0.2, seed=1)
model = keras.Sequential([keras.Input((9, 9, 1)), augment])
model.compile("sgd", "mse")
assert (model.predict(images, verbose=0) == images).all()
assert model.fit(images, images, verbose=0).history["loss"][0] > 0.01
data = tf.data.Dataset.from_tensors(images).map(lambda x: augment(x, training=True))
assert np.abs(next(iter(data)).numpy() - images).max() > 0.1
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_on_another_backend(backend, run_python):
    pytest.importorskip(backend, reason=f"{backend} is not installed; Keras can do without it")
    assert run_python(OTHER_BACKEND, **xla_flags.on(backend)) == backend


def test_xla_that_is_asked_for_gives_way_with_kerass_own_warning():
    inputs, images = keras.Input((28, 28, 1)), digits()
    outputs = keras.layers.Conv2D(1, 1)(ImageAugmentation(shift=0.1, seed=1)(inputs))
    model = FastFitModel(inputs, outputs)
    with pytest.warns(UserWarning, match="Model doesn't support `jit_compile=True`"):
        model.compile("sgd", "mse", jit_compile=True)
    history = model.fit(images, images, epochs=1, verbose=0)
    assert history.history["loss"][0] > 0.001

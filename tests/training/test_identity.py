import dataclasses
import hashlib

import numpy as np

from tf_recipes import catalog, mnist, ports
from tf_recipes._support import versions
from tf_recipes.training import identity

RECIPE = catalog.get("momentum")
DATA = mnist.Mnist(
    np.zeros((20, 784), np.uint8), np.arange(20), np.ones((5, 784), np.uint8), np.arange(5)
)


def described(recipe=RECIPE, port="exact", data=DATA):
    return identity.describe(recipe, port, data, 2)


def differences(**changes):
    return identity.differences(described(), described(**changes))


def test_equal_trainings_have_no_difference():
    assert differences() == []
    assert differences(recipe=RECIPE.replace(steps=7)) == []  # not used in training
    assert differences(port=ports.EXACT) == []


def test_each_difference_is_named_with_both_values():
    rate = RECIPE.replace(optimizer={**RECIPE.optimizer, "learning_rate": 0.1})
    assert differences(recipe=rate) == ["recipe.optimizer.learning_rate: 0.05 saved, 0.1 now"]
    assert differences(recipe=RECIPE.replace(seed=4)) == ["recipe.seed: 0 saved, 4 now"]
    assert differences(port="textbook") == ["port: 'exact' saved, 'textbook' now"]
    bounded = differences(recipe=RECIPE.replace(max_norm={"threshold": 1.0}))
    assert "recipe.max_norm.threshold: nothing saved, 1.0 now" in bounded


def test_one_pixel_and_one_label_are_noticed():
    images, labels = DATA.train_images.copy(), DATA.test_labels.copy()
    images[3, 4], labels[1] = 1, 9
    (line,) = differences(data=dataclasses.replace(DATA, train_images=images))
    assert line.startswith("data.train_images: SHA-256 ") and line.endswith("... now")
    (line,) = differences(data=dataclasses.replace(DATA, test_labels=labels))
    assert line.startswith("data.test_labels: ")


def test_the_digest_covers_dtype_and_shape():
    digest = hashlib.sha256(b"|u1 (5, 784)" + bytes([1]) * 5 * 784).hexdigest()
    assert described()["data"]["test_images"] == digest


def test_another_training_is_refused_with_five_differences_at_most(fails):
    identity.check(described(), described(), "D")
    with fails(
        "output_dir='D' with port: 'exact' saved, 'textbook' now.",
        "Pass another directory, output_dir='DIR'",
    ):
        identity.check(described(), described(port="textbook"), "D")
    other = {key: key for key in "abcdefg"}
    with fails("e: 'e' saved, nothing now and 2 more"):
        identity.check(other, {}, "D")


def test_versions_and_the_machine_are_surroundings():
    found = identity.surroundings()
    assert found.keys() == {*versions.installed(), "machine", "cpus"} and found["cpus"] >= 1

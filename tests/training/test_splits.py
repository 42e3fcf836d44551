import numpy as np

from tf_recipes import mnist
from tf_recipes.training import splits


def images(count):
    return np.full((count, 784), 255, np.uint8), np.arange(count)


def test_the_last_tenth_is_held_out_and_pixels_end_at_1():
    training, held_out, test = splits.split(mnist.Mnist(*images(25), *images(3)), "float64")
    assert training[1].tolist() == list(range(23))
    assert held_out[1].tolist() == [23, 24]
    assert test[1].tolist() == [0, 1, 2]
    for pixels, labels in (training, held_out, test):
        assert pixels.dtype == "float64" and (pixels == 1.0).all() and len(pixels) == len(labels)


def test_nine_images_are_too_few(fails):
    with fails("at least 10 images", "9 training images"):
        splits.held_out_count(mnist.Mnist(*images(9), *images(3)))

import numpy as np
import pytest

from lab.benchmark import workload
from tf_recipes import catalog


def test_images_are_repeated_or_left_out():
    recipe = catalog.get("clipped_momentum_decay").replace(batch_size=2, hidden=[3])
    images, labels = np.eye(3, 784, dtype=np.float32), np.array([7, 8, 9])
    longer = workload.make(recipe, images, labels, 2)
    assert longer.labels.tolist() == [7, 8, 9, 7]
    assert longer.images.argmax(axis=1).tolist() == [0, 1, 2, 0]
    assert longer.steps == 2
    assert workload.make(recipe, images, labels, 1).labels.tolist() == [7, 8]


def test_it_survives_the_file(small, tmp_path):
    work = small()
    workload.save(tmp_path / "work.npz", work)
    read = workload.load(tmp_path / "work.npz")
    assert read.recipe == work.recipe
    np.testing.assert_array_equal(read.images, work.images)
    np.testing.assert_array_equal(read.labels, work.labels)
    assert list(read.initial) == list(work.initial)
    for name, value in work.initial.items():
        assert read.initial[name].dtype == np.float32
        np.testing.assert_array_equal(read.initial[name], value)


def test_the_weights_are_hes():
    recipe = catalog.get("he_init").replace(hidden=[300, 100])
    initial = workload.initial_weights(recipe)
    assert [value.shape for value in initial.values()] == [
        (784, 300),
        (300,),
        (300, 100),
        (100,),
        (100, 10),
        (10,),
    ]
    drawn = initial["hidden1/weights"]
    # a normal cut at two deviations keeps 0.8796 of its own; 235,200 draws tell 0.2 %
    assert drawn.std() == pytest.approx(0.8796 * np.sqrt(1.3 * 2 / 784), rel=0.01)
    assert np.abs(drawn).max() <= np.float32(2 * np.sqrt(1.3 * 2 / 784))
    assert not initial["hidden1/biases"].any()

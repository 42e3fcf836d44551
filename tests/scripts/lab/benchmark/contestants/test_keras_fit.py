import keras
import numpy as np
import pytest

from lab.benchmark.contestants import keras_fit


@pytest.mark.parametrize("name", ["tf_recipes", "tf_recipes_kernels"])
def test_this_project_trains_as_numpy_does(trains_as_numpy_does, name):
    trains_as_numpy_does(name)


def test_keras_defaults_do_at_a_constant_rate(trains_as_numpy_does):
    trains_as_numpy_does("keras", decay_rate=1.0)


def test_keras_defaults_fold_a_decaying_rate_into_the_velocity(small, contestant, trained):
    work = small(decay_rate=0.5)
    fitted = contestant("keras", work)
    for _ in range(2):
        fitted.epoch(shuffle=False)
    _, expected = trained(work, 2)
    assert np.abs(fitted.weights()["outputs/weights"] - expected["outputs/weights"]).max() > 1e-3


def test_keras_defaults_are_built_ins(small):
    model = keras_fit.defaults(small().recipe)
    assert type(model) is keras.Sequential
    assert type(model.optimizer) is keras.optimizers.SGD
    assert model.optimizer.clipvalue == 0.02
    assert [layer.activation.__name__ for layer in model.layers] == ["elu", "elu", "linear"]
    assert {type(layer.kernel_initializer) for layer in model.layers} == {
        keras.initializers.HeNormal
    }


@pytest.mark.parametrize("name", ["keras", "tf_recipes"])
def test_it_shuffles(shuffles, name):
    shuffles(name)

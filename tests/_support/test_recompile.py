"""Tests what a second compilation keeps; tests/blocks/test_transfer.py tests its use."""

import keras
import pytest

from tf_recipes._support import recompile


def compiled(**options):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(
        **{"optimizer": keras.optimizers.Adam(0.5, beta_1=0.25), "loss": "mse", **options}
    )
    return model


def test_the_optimizer_is_new_and_of_the_same_arguments():
    model = compiled()
    before = model.optimizer
    recompile.compile_again(model, recompile.checked_arguments(model, learning_rate=0.125))
    assert model.optimizer is not before and model.optimizer.built
    assert (model.optimizer.beta_1, float(model.optimizer.learning_rate)) == (0.25, 0.125)


def test_the_loss_is_the_same_object():
    class Own(keras.losses.Loss):
        def __init__(self, factor):  # no get_config, so Keras could not create a copy
            super().__init__()
            self.factor = factor

        def call(self, y_true, y_pred):
            return self.factor * keras.ops.mean(keras.ops.square(y_pred - y_true), axis=-1)

    loss = Own(7.0)
    model = compiled(loss=loss, loss_weights=0.5)
    recompile.compile_again(model, recompile.checked_arguments(model))
    assert model.loss is loss


def test_a_loss_scale_keeps_its_inner_optimizer():
    inner = keras.optimizers.SGD(0.5, momentum=0.25)
    model = compiled(optimizer=keras.optimizers.LossScaleOptimizer(inner))
    recompile.compile_again(model, recompile.checked_arguments(model, learning_rate=0.125))
    assert type(model.optimizer) is keras.optimizers.LossScaleOptimizer
    assert model.optimizer.inner_optimizer.momentum == 0.25
    assert float(model.optimizer.learning_rate) == 0.125


def test_a_model_that_is_not_compiled(fails):
    with fails("`model` must be compiled"):
        recompile.checked_arguments(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))


@pytest.mark.parametrize(
    ("text", "expected"), [("One. Two.", "One"), ("One\n two", "One two"), ("One.", "One")]
)
def test_first_sentence(text, expected):
    assert recompile.first_sentence(text) == expected

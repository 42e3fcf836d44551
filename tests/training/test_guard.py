import math

import keras
import numpy as np
import pytest
from keras import ops

from tf_recipes.training import guard, variable_state

IMAGES = np.ones((20, 3), np.float32)


class RateJumps(keras.optimizers.schedules.LearningRateSchedule):
    """Returns the rate 0.125 in the first seven steps, then another rate."""

    def __init__(self, value):
        self.value = value

    def __call__(self, step):
        return ops.where(step < 7, 0.125, self.value)


def failure(training, epochs=2):
    with pytest.raises(FloatingPointError) as raised:
        training.driver.train(epochs)
    return str(raised.value)


def test_the_layer_whose_output_overflows_is_named(small):
    training = small()
    training.model.get_layer("a").kernel.assign(np.full((3, 4), 1e30))
    training.model.get_layer("b").kernel.assign(np.full((4, 2), 1e30))
    text = failure(training)
    assert "in step 1 (epoch 1/2, step 1 of 5): first in the output of layer b; " in text
    assert "learning rate 0.1. The last good weights, from before that step, are in " in text
    assert text.endswith(
        "step-00000000.ckpt. Pass a lower `learning_rate` and another `output_dir`."
    )


def test_a_loss_that_is_infinite_by_itself_is_named(small):
    text = failure(small(loss=lambda y, p: ops.sum(p, axis=-1) * 0 + math.inf))
    assert text.startswith("The loss became inf in step 1 ")
    assert "first in the loss itself, as every layer's output is finite" in text


def test_a_gradient_that_is_infinite_is_named(small):
    training = small(keras.layers.Activation(ops.sqrt))  # sqrt'(0) = inf
    training.model.get_layer("a").kernel.assign(np.zeros((3, 4)))
    text = failure(training)
    assert text.startswith("The weights became infinite or not a number, at a loss of ")
    assert "in step 1 (epoch 1/2, step 1 of 5): first in the gradient of a/bias" in text


def test_the_update_that_breaks_the_weights_is_found_among_many_steps(small):
    training, finite = (
        small(learning_rate=RateJumps(math.inf)),
        small(learning_rate=RateJumps(0.125)),
    )
    finite.run_state.rewind(0, training.variables.arrays())
    text = failure(training)
    assert text.startswith("The weights became infinite or not a number, at a loss of ")
    assert "in step 8 (epoch 2/2, step 3 of 5): first in the update of " in text
    assert "learning rate inf" in text
    kept = training.checkpoints.newest()
    assert (kept.step, kept.place) == (7, [1, 2])
    # Before that step the weights are those of training at a finite rate.
    finite.run_state.every_steps = 7
    saved = []
    finite.run_state.save = lambda: saved.append(
        (finite.run_state.total_steps, finite.run_state.arrays)
    )
    finite.driver.train(2)
    wanted = dict(saved)[7]
    for name in wanted:
        assert kept.arrays[name].tobytes() == wanted[name].tobytes(), name


def test_a_step_that_overflows_the_next_keeps_what_is_finite(small):
    training = small(learning_rate=RateJumps(1e38))
    text = failure(training)
    # The eighth step makes weights of about 1e37, with which the ninth step overflows.
    assert "in step 9 (epoch 2/2, step 4 of 5): first in " in text and "rate 1e+38" in text
    kept = training.checkpoints.newest()
    assert kept.step == 8 and variable_state.all_finite(kept.arrays)


def test_a_validation_loss_that_is_not_finite_is_named_and_the_weights_are_saved(small):
    held_out = IMAGES.copy()
    held_out[17, 1] = np.inf
    training = small(held_out=held_out)
    text = failure(training)
    assert "The validation loss became nan after step 5 (epoch 1/2): first in the output of" in text
    assert "layer X; learning rate 0.1. The weights, all finite, are in " in text
    kept = training.checkpoints.newest()
    assert kept.place == [0, 5] and variable_state.all_finite(kept.arrays)


def test_a_good_batch_has_no_bad_layer(small):
    training = small()
    assert guard.first_bad_layer(training.model, IMAGES, np.zeros(20), training=True) is None

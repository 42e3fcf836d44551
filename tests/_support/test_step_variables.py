"""The first step of a model whose variables are there is traced once."""

import keras
import numpy as np
import pytest

from tf_recipes._support import step_variables

X, Y = np.ones((8, 3), np.float32), np.zeros(8, np.int64)


class CountsTraces(keras.Model):
    traces = 0

    def train_step(self, data):
        self.traces += 1
        return super().train_step(data)


def made():
    inputs = keras.Input((3,))
    model = CountsTraces(inputs, keras.layers.Dense(2)(inputs))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    return model


@pytest.mark.parametrize(("created", "traces"), [(False, 2), (True, 1)])
def test_the_first_step_is_traced_once(created, traces):
    model = made()
    if created:
        step_variables.create(model)
    model.fit(X, Y, batch_size=4, verbose=0)
    assert model.traces == traces


def test_variables_that_are_there_keep_their_values():
    model = made()
    model.fit(X, Y, batch_size=4, verbose=0)
    before = [each.numpy() for each in (*model.optimizer.variables, *model.metrics_variables)]
    step_variables.create(model, Y)
    after = [*model.optimizer.variables, *model.metrics_variables]
    # iterations, rate, two slots of two variables; a total and a count of loss and accuracy
    assert len(after) == 6 + 4 and before[0] == 2
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other.numpy())

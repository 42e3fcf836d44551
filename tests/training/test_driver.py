import os
import signal

import numpy as np
import pytest

from tf_recipes.training import driver
from tf_recipes.training.signals import Interrupted


def test_each_epoch_has_an_order_of_its_own_that_follows_from_its_number():
    orders = [driver.order(7, epoch, 50) for epoch in range(3)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], driver.order(8, 0, 50))
    assert np.array_equal(orders[2], driver.order(7, 2, 50))


def test_a_chunk_is_one_step_until_compiled_then_what_patience_allows():
    pace = driver.Pace()
    pace.record(1, 30.0)  # with the time of the compiler
    assert pace.steps == 1
    pace.record(1, 0.01)
    assert pace.steps == 50
    pace.record(50, 0.001)
    assert pace.steps == 500
    pace.record(500, 1000.0)
    assert pace.steps == 1


def test_every_chunking_gives_the_same_bits(small, monkeypatch):
    one, other = small(), small(every_steps=3)
    other.variables.assign(one.variables.arrays())
    one.driver.train(2)
    monkeypatch.setattr(driver, "LONGEST", 2)
    other.driver.train(2)
    assert one.run_state.history == other.run_state.history
    ends = one.variables.arrays(), other.variables.arrays()
    assert all(ends[0][name].tobytes() == ends[1][name].tobytes() for name in ends[0])


def test_the_history_has_the_rate_that_comes_next(small):
    training = small(learning_rate=0.25)
    training.driver.train(2)
    assert training.run_state.history["learning_rate"] == [0.25, 0.25]
    assert sorted(training.run_state.history) == [
        "accuracy",
        "learning_rate",
        "loss",
        "val_accuracy",
        "val_loss",
    ]


def test_a_signal_in_the_middle_of_a_chunk_waits_for_its_end(small):
    training = small()
    with training.stop:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted, match="interrupted at epoch 1 after step 1 of 5; saved"):
            training.driver.train(1)
    assert training.checkpoints.newest().place == [0, 1]

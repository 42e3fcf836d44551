"""Tests when a monitor measures, and where the figures go."""

import csv
import types

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tf_recipes import FastFitModel
from tf_recipes.tools.diagnostics.monitor import Monitor


class Counting(Monitor):
    """Has one figure, the number of measurements; the values 3, 4 and 6 are bad."""

    CONDITIONS = ("odd",)
    STEP = "counting_step"

    def prepare(self):
        self.prepared = getattr(self, "prepared", 0) + 1

    def measure(self, step):
        return {"unit/looks": float(len(self.records) + 1)}

    def judge(self, figures):
        if figures["unit/looks"] in (3, 4, 6):
            yield "unit", "odd", f"it has {figures['unit/looks']:g}"


ROWS = np.ones((10, 2), "float32")


def build(cls, **options):
    inputs = keras.Input((2,))
    model = cls(inputs, keras.layers.Dense(1, name="unit")(inputs))
    model.compile("sgd", "mse", jit_compile=False, **options)
    return model


def fit(model, monitor, *others, epochs=2, **arguments):
    callbacks = [monitor, *others]
    return model.fit(
        ROWS, ROWS[:, :1], batch_size=1, epochs=epochs, verbose=0, callbacks=callbacks, **arguments
    )


@pytest.mark.parametrize("cls", [keras.Model, FastFitModel])
@pytest.mark.parametrize(
    ("interval", "steps"),
    [(4, [0, 4, 8, 14, 18]), (5, [0, 5, 10, 15, 20]), (100, [0, 10, 20]), (1, list(range(21)))],
)
def test_it_looks_first_every_interval_and_at_least_once_an_epoch(cls, interval, steps):
    monitor = Counting(interval)
    fit(build(cls), monitor)
    assert [record["step"] for record in monitor.records] == steps


def test_several_steps_per_execution():
    monitor = Counting(4)
    fit(build(keras.Model, steps_per_execution=3), monitor)
    assert [record["step"] for record in monitor.records] == [0, 6, 9, 16, 19]


def test_batches_are_counted_where_the_optimizer_counts_fewer():
    model, monitor = build(keras.Model), Counting(4)
    model.compile(
        keras.optimizers.SGD(0.1, gradient_accumulation_steps=4), "mse", jit_compile=False
    )
    fit(model, monitor)
    assert [record["step"] for record in monitor.records] == [0, 4, 8, 14, 18]


def test_a_second_fit_goes_on_counting_and_does_not_look_twice_at_one_step():
    model, monitor = build(keras.Model), Counting(6)
    fit(model, monitor, epochs=1)
    fit(model, monitor, epochs=1)
    assert [record["step"] for record in monitor.records] == [0, 6, 10, 16]


def test_a_step_without_batches_since_is_looked_at_once():
    model, monitor = build(keras.Model), Counting(100)
    fit(model, monitor, epochs=1)
    fit(model, monitor, epochs=1)
    assert [record["step"] for record in monitor.records] == [0, 10, 20]


def test_history_csv_and_tensorboard_have_the_latest_figures(tmp_path):
    monitor = Counting(4)
    others = [keras.callbacks.CSVLogger(tmp_path / "log.csv")]
    others += [keras.callbacks.TensorBoard(tmp_path / "logs")]
    history = fit(build(keras.Model), monitor, *others).history
    assert history["unit/looks"] == [3, 5]
    assert history["counting_step"] == [8, 18]
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["unit/looks"]) for row in rows] == [3, 5]
    events = EventAccumulator(str(tmp_path / "logs" / "train")).Reload()
    assert "epoch_unit/looks" in events.Tags()["tensors"]


def test_it_warns_once_until_it_is_over(said):
    monitor = Counting(4)
    fit(build(keras.Model), monitor, epochs=3)  # measurements at 0, 4, 8, 14, 18, 24, 28
    assert monitor.warnings == [(8, "unit", "odd"), (24, "unit", "odd")]
    assert said == ["layer unit at step 8: it has 3.", "layer unit at step 24: it has 6."]


def test_it_stops_training_where_it_is_told_to(said):
    monitor = Counting(4, stop_on="odd")
    model = build(keras.Model)
    fit(model, monitor, epochs=3)
    assert int(model.optimizer.iterations) == 8


def test_bad_arguments(fails):
    with fails("`interval` must be a whole number of at least 1."):
        Counting(0)
    with fails("`stop_on` must be one of odd."):
        Counting(1, stop_on=["even"])


def test_several_replicas_are_refused(fails):
    monitor = Counting(1)
    strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    monitor.set_model(types.SimpleNamespace(distribute_strategy=strategy))
    with fails("This callback supports only one replica.", "a model on 2 replicas"):
        monitor.on_train_begin()

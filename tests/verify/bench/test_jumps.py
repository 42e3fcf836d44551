"""What is judged where TF1's own numbers jump, as at a ReLU whose input is nearly zero."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.verify import verify
from tf_recipes.verify.bench import jumps
from tf_recipes.verify.bench.judgement import LOSSES, Judged
from tf_recipes.verify.bench.reference import Sensitivity
from tf_recipes.verify.reports import document_schema

v1 = tf.compat.v1
ROWS = 40


def farther(a=(1e-6, 1e-6, 1e-3), b=(1e-6, 1e-6, 1e-6), losses=(1e-6, 1e-6, 1e-6)):
    variables = [{"a": one, "b": other} for one, other in zip(a, b, strict=True)]
    return Sensitivity(variables, np.array(losses), {"y:0": 2e-3})


def judged(name, *drift):
    return Judged(name, list(drift), [1e-7] * len(drift))


def test_numbers_jump_where_they_drift_much_farther_than_the_start_is():
    both = [judged("a", 0.0, 0.0, 0.0), judged("b", 0.0, 0.0, 0.0), judged(LOSSES, 0.0, 0.0, 0.0)]
    assert jumps.first_step(both, farther()) == 2
    # 10 times one ulp is 1e-6, and 10 times that is no jump yet
    assert jumps.first_step(both, farther(a=(1e-6, 9e-6, 9e-6))) is None
    assert jumps.first_step(both, farther(a=(1e-6, 1.1e-5, 0.0))) == 1
    assert jumps.first_step(both, farther(losses=(2e-5, 0.0, 0.0))) == 0
    assert jumps.first_step(both, farther(a=(np.inf, 1e-6, 1e-6))) is None
    # starts that took fewer steps
    assert jumps.first_step(both, Sensitivity([{"a": 1.0, "b": 0.0}], np.zeros(1), {})) == 0


def test_smooth_numbers_have_the_larger_unit_of_both_kinds_of_starts():
    far = farther(a=(2e-6, 5e-7, np.inf))
    found = jumps.in_proportion(judged("a", 1.9e-6, 0.9e-6, 0.9e-6), far)
    assert found.sensitivity == [2e-7, 1e-7, 1e-7] and found.passed
    assert jumps.in_proportion(judged("a", 2.1e-6), far).first_failure == 0
    # starts that took the first step alone
    few = Sensitivity([{"a": 2e-6}], np.zeros(1), {})
    assert jumps.in_proportion(judged("a", 0.0, 0.0), few).sensitivity == [2e-7, 1e-7]
    output = Judged("y", [0.0019], [1e-7])
    assert jumps.output_beyond(output, "y:0", far, False).passed
    assert not jumps.output_beyond(Judged("y", [0.0021], [1e-7]), "y:0", far, False).passed


def test_from_the_jump_on_only_what_is_beyond_the_farther_starts_differs():
    kinds = {"a": "weight", "b": "weight"}

    def found(*drift, **kind):
        return jumps.beyond(
            [judged("a", 0.0, 0.0, 0.0), judged("b", *drift)], kinds | kind, farther(), 2
        )[1]

    # chance decides which weight jumps, so that all have the largest drift of their kind
    assert found(0.0, 0.0, 9e-3).passed and found(0.0, 0.0, 9e-3).sensitivity[2] == 1e-3
    assert found(0.0, 0.0, 1.1e-2).first_failure == 2
    assert found(0.0, 0.0, 9e-3, b="slot").first_failure == 2
    assert found(0.0, 2e-6, 0.0).first_failure == 1  # before it, one ulp is the unit
    assert not found(0.0, 0.0, np.nan).passed
    output = Judged("y", [0.019], [1e-7])
    assert jumps.output_beyond(output, "y:0", farther(), True).passed
    assert not jumps.output_beyond(output, "y:0", farther(), False).passed
    assert not jumps.output_beyond(Judged("y", [0.021], [1e-7]), "y:0", farther(), True).passed


def test_in_the_first_step_a_kind_that_does_not_jump_keeps_its_unit():
    far = farther(a=(1e-3, 1e-3, 1e-3), b=(1.5e-6, 1.5e-6, 1.5e-6))
    kinds = {"a": "weight", "b": "moving average"}

    def found(*drift):
        return jumps.beyond([judged("a", 0.0, 0.0), judged("b", *drift)], kinds, far, 0)[1]

    assert found(9e-7, 9e-6).passed
    assert found(9e-7, 9e-6).sensitivity == [1.5e-7, 1.5e-6]  # a tenth of 10 ulps, or all of it
    assert found(2e-6, 0.0).first_failure == 0
    assert found(9e-7, 2e-5).first_failure == 1
    far = farther(a=(1e-3, 1e-3, 1e-3), b=(2.5e-6, 2.5e-6, 2.5e-6))  # more than in proportion
    assert found(9e-6, 0.0).passed


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program of which one row's unit is on by less than 10 ulps, and more than one."""
    path = tmp_path_factory.mktemp("jumps") / "model.ckpt"
    random = np.random.RandomState(0)
    x = random.rand(ROWS, 3).astype("f4")
    x[-1] = 1.0, -1.0, 5e-7
    with tf.Graph().as_default(), v1.Session() as session:
        inputs = v1.placeholder(tf.float32, [None, 3], name="x")
        y = v1.placeholder(tf.float32, [None, 2], name="y")
        first = np.float32([[1.0, 1.0], [1.0, 0.5], [1.0, 1.0]])
        kernel = v1.get_variable("w", initializer=first)
        loss = tf.reduce_mean(tf.square(tf.nn.relu(inputs @ kernel) - y))
        v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(path))
    return path, {"x": x, "y": np.full((ROWS, 2), 3.0, "f4")}


@keras.saving.register_keras_serializable("tests")
class Shift(keras.layers.Layer):
    """Moves its input by a few ulps, as the roundings of another library do."""

    def call(self, inputs):
        return inputs - 1e-6


@pytest.fixture
def verifying(program, tmp_path):
    def run(rate=0.1, momentum=0.9, shift=True, rows=slice(None), **settings):
        x = keras.Input((3,), name="x")
        kernel = keras.layers.Dense(2, use_bias=False)(x)
        kernel = Shift()(kernel) if shift else kernel
        model = keras.Model(x, keras.layers.ReLU()(kernel))
        model.compile(keras.optimizers.SGD(rate, momentum=momentum), "mse")
        path, feeds = program
        feeds = {name: array[rows] for name, array in feeds.items()}
        given = {"steps": 3, "batch_size": len(feeds["x"]), "cache": tmp_path, **settings}
        report = verify(model, path, feeds, **{"explain": False, **given})
        document_schema.check(report.document)
        return report

    return run


def test_a_port_as_far_as_tf1_from_itself_cannot_be_judged(verifying):
    report = verifying()
    assert report.exit_status == 2 and not report.passed and report.first_failure is None
    assert "TF1's own numbers jump in the first step" in str(report)
    assert report.document["training"]["steps"] == []
    # without the row whose unit jumps, the same port is proven, and so is one with equal roundings
    assert verifying(rows=slice(ROWS - 1)).passed
    assert verifying(shift=False).passed


def test_a_port_much_farther_differs_from_the_step_that_shows_it(verifying):
    report = verifying(rate=0.2)
    assert report.exit_status == 1 and report.first_failure["step"] == 1
    (row,) = (r for r in report.document["training"]["variables"] if r["tf1"] == "w")
    assert "from step 1 on beside starts 10 ulps away" in row["note"]
    report = verifying(momentum=0.5)  # the first step is the same
    assert report.exit_status == 1 and report.first_failure["step"] > 1


def test_what_the_farther_starts_did_is_kept(verifying, tmp_path):
    def kept():
        return sorted(path.name.partition("-")[0] for path in tmp_path.iterdir())

    steps = []
    report = verifying(on_step=lambda: steps.append(1))
    # 9 runs of 3 steps, 8 from farther away to the step that differs, and 8 of all steps
    assert len(steps) == 27 + 8 + 24 and kept() == ["farther", "farther", "forward", "steps"]
    again = verifying(on_step=lambda: steps.append(1))
    assert len(steps) == 59 and str(again) == str(report)
    for path in tmp_path.glob("farther-*"):
        path.write_bytes(b"PK")
    assert str(verifying(on_step=lambda: steps.append(1))) == str(report) and len(steps) == 59 + 32

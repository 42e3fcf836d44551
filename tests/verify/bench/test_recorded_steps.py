"""Models beside recordings of TF 1.15: `tests/goldens/verify/recordings` names the programs."""

from pathlib import Path

import keras
import numpy as np
import pytest

import tf_recipes
from tf_recipes.verify import assert_migrated, verify
from tf_recipes.verify.reports import document_schema

RECORDINGS = Path(__file__).parents[2] / "goldens" / "verify" / "recordings"


def fed_net(keep_prob=0.5, momentum=0.9):
    """The program feeds keep_prob, and draws dropout's masks in the graph."""
    inputs = keras.Input((3,), name="X")
    hidden = keras.layers.Dense(4, activation="relu", name="hidden")(inputs)
    hidden = tf_recipes.Dropout(keep_prob)(hidden)
    model = keras.Model(inputs, keras.layers.Dense(2, use_bias=False, name="out")(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf_recipes.Momentum(0.1, momentum), loss)
    return model


def conditional(dropout=None):
    """The program's dropout lies in `tf.cond(is_training, ...)`."""
    inputs = keras.Input((5,), name="X")
    hidden = keras.layers.Dense(8, activation="relu", name="hidden")(inputs)
    hidden = (dropout or keras.layers.Dropout(0.4))(hidden)
    model = keras.Model(inputs, keras.layers.Dense(3, name="logits")(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tf_recipes.Momentum(0.1, 0.9), loss)
    return model


class Near(keras.Model):
    """Pulls its outputs towards 1; there are no labels."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(keras.ops.square(y_pred - 1))


def resource_net(bound=0.9):
    """Batch norm's updates are fetched beside the step, and the weights are clipped after it."""
    inputs = keras.Input((3,), name="X")
    constraint = tf_recipes.MaxNorm(bound, axis=0)
    z = keras.layers.Dense(4, use_bias=False, kernel_constraint=constraint, name="h")(inputs)
    z = keras.layers.BatchNormalization(momentum=0.9)(z)
    model = Near(inputs, keras.layers.Dense(1, name="z")(keras.ops.relu(z)))
    model.compile(tf_recipes.RMSProp(0.01))
    return model


def test_a_port_matches_what_was_recorded():
    report = verify(fed_net, RECORDINGS / "fed_net.npz")
    assert report.passed, report
    document_schema.check(report.document)
    assert report.document["reference"]["kind"] == "recording"
    assert report.document["training"]["steps"] == [1, 2, 3, 4, 5]
    assert_migrated(fed_net, RECORDINGS / "fed_net.npz")


def test_dropout_inside_a_branch_is_replayed():
    settings = {"eval_feed": {"is_training": False}, "cache": False}
    path = RECORDINGS / "conditional.npz"
    report = verify(conditional, path, **settings)
    assert report.passed and report.document["not_compared"] == [], report
    wrong = verify(lambda: conditional(keras.layers.Dropout(0.6)), path, **settings)
    assert [each["name"] for each in wrong.reasons] == ["dropout_rate"]


def test_a_port_that_keeps_other_units_differs():
    report = verify(lambda: fed_net(keep_prob=0.75), RECORDINGS / "fed_net.npz")
    assert report.exit_status == 1 and report.first_failure["step"] == 1
    assert [each["name"] for each in report.reasons] == ["dropout_rate"]
    assert "0.5" in report.reasons[0]["code"]
    with pytest.raises(AssertionError, match="The port differs"):
        assert_migrated(lambda: fed_net(momentum=0.5), RECORDINGS / "fed_net.npz", explain=False)


def test_operations_beside_and_between_the_steps_belong_to_them():
    """TF1's weights of a step are those before the clip; a constraint of Keras comes before."""
    feeds = {"net/training": False}
    report = verify(resource_net, RECORDINGS / "resource_net.npz", eval_feed=feeds, explain=False)
    variables = {each["tf1"]: each for each in report.document["training"]["variables"]}
    moving = variables["net/batch_normalization/moving_variance"]
    assert moving["passed"] and len(moving["ratio"]) == 3
    # unclipped, the kernel is further away than any rounding; the next step begins clipped
    assert not variables["net/h/kernel"]["passed"]
    assert variables["net/z/kernel"]["passed"]


def altered(folder, change):
    """Returns the path of a copy of a recording in which some arrays are others."""
    with np.load(RECORDINGS / "fed_net.npz") as file:
        arrays = dict(file)
    change(arrays)
    np.savez(folder / "altered.npz", **arrays)
    return folder / "altered.npz"


@pytest.mark.parametrize("name", ["variables/1/hidden/weights", "variables/5/out/weights"])
def test_a_recording_that_its_own_graph_does_not_follow_is_refused(tmp_path, name):
    def change(arrays):
        arrays[name] = arrays[name] * np.float32(1.001)

    with pytest.raises(ValueError, match="must do here what the recorded program did"):
        verify(fed_net, altered(tmp_path, change), explain=False)


def test_a_recording_has_its_own_batches():
    with pytest.raises(ValueError, match=r"its own batches.*Leave feeds and feed out"):
        verify(fed_net, RECORDINGS / "fed_net.npz", {"X": np.zeros((2, 3))})
    with pytest.raises(ValueError, match=r"its own batches"):
        verify(fed_net, RECORDINGS / "fed_net.npz", feed={"keep_prob": 1.0})

"""Trainings that cannot be compared: the model is written, and it is said why they were not."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert import output_folder
from tf_recipes.convert.conversion import convert
from tf_recipes.convert.reports import conversion_schema

tf1 = tf.compat.v1


def net(rate=0.1, label_shift=0):
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("int32", [None], name="y")
    kernel = tf1.get_variable("out/kernel", [3, 4], use_resource=False)
    logits = tf.matmul(x, kernel)
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y + label_shift, logits=logits)
    tf1.train.GradientDescentOptimizer(rate).minimize(tf.reduce_mean(entropy))


def diverging():
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 1], name="y")
    out = tf.matmul(x, tf1.get_variable("kernel", [3, 1], use_resource=False))
    tf1.train.GradientDescentOptimizer(1e20).minimize(tf.reduce_mean(tf.square(out - y)))


def standing_still():
    net(rate=1e-12)


@pytest.fixture
def converted(checkpoints):
    return lambda build, **settings: convert(
        checkpoints.save("program", lambda _: build()), **settings
    )


@pytest.mark.parametrize(
    ("build", "why", "verified"),
    [
        (diverging, "TF1's own numbers must be finite", False),
        (standing_still, "the steps move TF1's variables so little", True),
    ],
)
def test_a_training_that_cannot_be_compared(converted, build, why, verified, tmp_path):
    done = converted(build, output_dir=tmp_path / "out")
    assert done.passed and done.model.compiled
    assert str(done).endswith("TF1's (largest ratio 0); training was not compared")
    said = done.document["training_not_compared"]
    assert said.startswith("Training was not compared: ") and why in said
    assert said in done.document["notes"]
    assert (done.document["training"] is not None) == verified
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(output_folder.FILES)


def test_fewer_rows_are_tried_where_nothing_can_be_judged(converted, monkeypatch):
    """Of 64 rows it is likely that one is at the edge of a ReLU, where TF1's numbers jump."""
    from tf_recipes.convert import training_check
    from tf_recipes.verify import migration

    real = migration.verify

    def verify(make, path, feeds, **settings):
        asked.append(len(feeds["x:0"]))
        report = real(make, path, feeds, **settings)
        if asked[-1] > training_check.FEW:
            return migration.Report({**report.document, "passed": False, "verdict": "not judged"})
        return report

    asked = []
    monkeypatch.setattr(migration, "verify", verify)
    done = converted(net, steps=2)
    assert asked == [64, 8] and done.passed and done.document["training"]["passed"]
    assert done.document["training"]["settings"]["batch_size"] == 8
    rows = {"x": np.ones((64, 3), "f4"), "y": np.zeros(64, "i4")}
    done = converted(net, steps=2, feeds=rows)  # those of a person are not cut
    assert asked == [64, 8, 64] and "not compared" in str(done)


def test_a_training_that_was_not_judged_needs_its_reason(converted):
    document = dict(converted(standing_still).document)
    conversion_schema.check(document)
    document["training_not_compared"] = None
    with pytest.raises(ValueError, match="must say why a training was not judged"):
        conversion_schema.check(document)


def test_a_difference_of_the_predictions_counts_all_the_same(converted, monkeypatch):
    from tf_recipes.convert import forward_check

    monkeypatch.setattr(forward_check.Predictions, "passed", False)
    assert not converted(standing_still).passed


def test_made_labels_on_which_the_graph_cannot_train_are_no_error(converted, monkeypatch):
    from tf_recipes.convert import compared_rows, stages

    made = compared_rows.of

    def with_large_labels(*arguments):
        rows = made(*arguments)
        return {name: each + 9 if name == "y:0" else each for name, each in rows.items()}

    monkeypatch.setattr(stages.compared_rows, "of", with_large_labels)
    done = converted(net)
    assert done.passed and "outside the valid range" in done.document["training_not_compared"]
    assert "feeds='batches.npz'" in done.document["training_not_compared"]


ROWS = np.random.RandomState(0).randn(8, 3).astype("f4")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"feeds": {"x": ROWS, "y": np.full(8, 7)}}, "outside the valid range"),
        ({"feeds": {"x": ROWS, "y": np.zeros(5, "i4")}}, "the same number of rows"),
        ({"feed": {"out/kernel/read": "text"}}, "must be a number or true or false"),
    ],
)
def test_what_a_person_gave_is_refused(converted, settings, text):
    with pytest.raises(ValueError, match=text):
        converted(net, **settings)

"""What a reference is read from: a checkpoint, its folder, a SavedModel."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure
from tf_recipes.verify import verify
from tf_recipes.verify.bench import feeds as feeds_of_steps
from tf_recipes.verify.bench import reference
from tf_recipes.verify.bench.arguments import Arguments

v1 = tf.compat.v1
RANDOM = np.random.RandomState(0)
FEEDS = {"x": RANDOM.rand(20, 4).astype("f4"), "y": RANDOM.randint(0, 3, 20)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A SavedModel whose graph trains, and a checkpoint with the state file of TF1."""
    folder = tmp_path_factory.mktemp("reference")
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 4], name="x")
        y = v1.placeholder(tf.int64, [None], name="y")
        kernel = v1.get_variable("w", [4, 3], initializer=v1.glorot_uniform_initializer(seed=1))
        loss = v1.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x @ kernel)
        v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(loss))
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder / "saved"))
        builder.add_meta_graph_and_variables(session, ["train"])
        builder.save()
        v1.train.Saver().save(session, str(folder / "checkpoints" / "model.ckpt"))
    return folder


def build(rate=0.1):
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, use_bias=False)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


def test_a_saved_model_that_trains_is_a_reference(folder):
    settings = {"steps": 2, "batch_size": 10, "cache": False}
    report = verify(build, folder / "saved", FEEDS, **settings)
    assert report.passed and report.document["reference"]["kind"] == "saved_model"
    report = verify(lambda: build(0.2), folder / "saved", FEEDS, **settings)
    assert [each["name"] for each in report.reasons] == ["learning_rate"]


def test_a_checkpoint_is_found_by_its_folder_and_by_each_of_its_files(folder):
    prefix = str(folder / "checkpoints" / "model.ckpt")
    for path in (prefix, f"{prefix}.meta", f"{prefix}.index", folder / "checkpoints"):
        kind, graph, found = reference.open_files(path)
        assert (kind, found) == ("checkpoint", prefix) and graph.definition.node
    with pytest.raises(ValueError, match="A folder must hold a checkpoint"):
        reference.open_files(folder)


def test_the_forward_pass_changes_no_variable(tmp_path):
    """The new value of a moving average depends on the inputs, and is no tensor of a layer."""
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        is_training = v1.placeholder(tf.bool, [], name="is_training")
        mean = v1.get_variable(
            "mean", [3], trainable=False, initializer=v1.ones_initializer(), use_resource=False
        )
        of_batch = tf.reduce_mean(x, 0)
        update = v1.assign_sub(mean, (mean - of_batch) * 0.5, name="update")
        with tf.control_dependencies([update]):
            tf.identity(x * 2.0, name="after")
        used = tf.where(is_training, of_batch, mean)
        kernel = v1.get_variable("w", [3, 1], initializer=v1.ones_initializer(), use_resource=False)
        loss = tf.reduce_mean(tf.nn.softplus((x - used) @ kernel, name="outputs"))
        with tf.control_dependencies([update]):
            v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    structure = Structure(meta_graph.read(f"{prefix}.meta"))
    held = reference.Reference(
        structure, Arguments(["x:0"], []), lambda session: session.restore(prefix)
    )
    feeds = feeds_of_steps.make(
        held.session,
        {"x": RANDOM.rand(8, 3)},
        {"is_training": True},
        {"is_training": False},
        1,
        8,
        0,
    )
    values = held.forward(feeds)
    assert "outputs:0" in values and not {"update:0", "after:0"} & values.keys()
    np.testing.assert_array_equal(held.session.values()["mean"], np.ones(3))
    held.session.close()

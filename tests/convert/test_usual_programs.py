"""Tests forms that usual programs have: defaults of placeholders, scalars, constants, lengths."""

import numpy as np
import pytest
import tensorflow as tf

import whole_programs
from tf_recipes.convert.conversion import convert

tf1 = tf.compat.v1
RNG = np.random.RandomState(5)
ROWS = RNG.randn(8, 3).astype("f4")


def variable(name, shape):
    return tf1.get_variable(name, shape, use_resource=False)


@pytest.fixture
def converted(checkpoints):
    """Returns a function that saves what `build` makes, and converts it."""
    folders = {}

    def convert_it(build, **settings):
        if build not in folders:
            folders[build] = checkpoints.save(build.__name__, lambda _: build())
        return convert(folders[build], **settings)

    return convert_it


def two_heads_on_constants():
    ids = tf1.placeholder("int32", [None, 6], name="ids")
    age, kind = (
        tf1.placeholder(t, [None], name=n) for t, n in (("float32", "age"), ("int64", "kind"))
    )
    places = tf.tile(tf.expand_dims(tf.range(6), 0), [tf.shape(ids)[0], 1])
    waves = np.sin(np.arange(48)).reshape(6, 8).astype("f4")
    words = tf.nn.embedding_lookup(variable("words", [9, 8]), ids)
    scale = variable("scale", [])
    hidden = tf.reduce_mean(words + tf.nn.embedding_lookup(waves, places), 1) * scale
    of_age = tf.matmul(hidden, variable("age_kernel", [8, 1]))
    of_kind = tf.matmul(hidden, variable("kind_kernel", [8, 2]))
    loss = tf.reduce_mean(tf.abs(tf.squeeze(of_age, 1) - age)) + 0.1 * tf.reduce_sum(tf.abs(scale))
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=kind, logits=of_kind)
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss + tf.reduce_mean(entropy))


def test_scalars_constants_and_flat_labels_of_two_heads_train_as_in_tf1(converted):
    done = converted(two_heads_on_constants, steps=2)
    assert done.passed and done.document["training"]["training"] is not None, str(done)
    assert 'initializer="zeros"' in done.source, "whole numbers have no random first value"


def dropping(share):
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 1], name="y")
    hidden = tf1.nn.dropout(tf.matmul(x, variable("first", [3, 4])), rate=share)
    loss = tf.reduce_mean(tf.square(tf.matmul(hidden, variable("last", [4, 1])) - y))
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)


def of_a_rate():
    dropping(tf1.placeholder("float32", [], name="rate"))


def of_a_rate_with_default():
    dropping(tf1.placeholder_with_default(0.0, [], name="rate"))


def of_a_keep_prob_with_default():
    dropping(1.0 - tf1.placeholder_with_default(0.5, [], name="keep"))


def test_a_default_that_drops_nothing_is_for_evaluation_alone(converted):
    for build in (of_a_rate, of_a_rate_with_default):
        done = converted(build)
        assert done.passed and not done.model.compiled and "Dropout(0.5" in done.source
        assert any("feed={'rate': 0.5}" in note for note in done.document["notes"])
    assert "Dropout(0.3" in (done := converted(build, feed={"rate": 0.3}, steps=2)).source
    assert done.passed and done.model.compiled
    done = converted(of_a_keep_prob_with_default, steps=0)
    assert "Dropout(0.5" in done.source and done.document["notes"] == [
        "Training was not compared, as steps=0 asks."
    ]


def test_a_share_of_one_in_training_leaves_no_mask_to_a_layer(converted):
    done = converted(of_a_rate, feed={"rate": 0.0}, eval_feed={"rate": 0.0}, steps=2)
    assert done.passed and "Dropout" not in done.source, str(done)


def mean_of_words():
    ids = tf1.placeholder("int32", [None, 5], name="ids")
    lengths = tf1.placeholder("int32", [None], name="lengths")
    words = tf.nn.embedding_lookup(variable("words", [9, 4]), ids)
    mask = tf.expand_dims(tf.sequence_mask(lengths, 5, dtype="float32"), -1)
    tf.divide(tf.reduce_sum(words * mask, 1), tf.cast(tf.expand_dims(lengths, -1), "float32"))


def never_finite():
    x = tf1.placeholder("float32", [None, 3], name="x")
    tf.matmul(tf.math.log(-1.0 - tf.square(x)), variable("kernel", [3, 2]), name="out")


def test_rows_are_made_for_which_the_graph_is_finite(converted):
    assert converted(mean_of_words).passed
    with pytest.raises(ValueError, match=r"must predict finite numbers.*'out:0' for rows.*feeds="):
        converted(never_finite)


def larger_images():
    x = tf1.placeholder("float32", [None, None, None, 1], name="x")
    y = tf1.placeholder("float32", [None, None, None, 1], name="y")
    maps = tf1.nn.conv2d(x, variable("kernel", [3, 3, 1, 4]), [1, 1, 1, 1], "SAME")
    made = tf.tanh(tf1.depth_to_space(maps, 2), name="made")
    tf1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(y - made)))


def triplets():
    kernel = variable("kernel", [3, 2])
    one, same, other = (
        tf.nn.l2_normalize(tf.matmul(tf1.placeholder("float32", [None, 3], name=name), kernel), 1)
        for name in ("one", "same", "other")
    )
    near, far = (tf.reduce_sum(tf.square(one - each), 1) for each in (same, other))
    loss = tf.reduce_mean(tf.maximum(near - far + 0.2, 0.0))
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)


def test_predictions_are_what_the_program_calls_so(converted):
    done = converted(larger_images, steps=2)
    assert done.passed and done.document["outputs"] == ["made:0"]
    assert done.model.compiled
    done = converted(triplets, steps=2)
    assert done.passed and done.document["outputs"] == [
        "l2_normalize:0",
        "l2_normalize_1:0",
        "l2_normalize_2:0",
    ]


def looked_up():
    ids = tf1.placeholder("int32", [None], name="ids")
    y = tf1.placeholder("float32", [None, 2], name="y")
    found = tf.nn.embedding_lookup(variable("words", [9, 2]), ids)
    loss = tf.reduce_mean(tf.square(found - y))
    tf1.train.FtrlOptimizer(0.1).minimize(loss)


def test_ftrl_of_looked_up_rows_is_not_that_of_keras(converted):
    done = converted(looked_up)
    assert done.passed and not done.model.compiled
    (note,) = done.document["notes"]
    assert "Ftrl of the rows that a step looks up, such as of 'words'" in note


def variational():
    x = tf1.placeholder("float32", [None, 3], name="x")
    mean = tf.matmul(x, variable("kernel", [3, 2]))
    back = tf.matmul(mean, variable("back", [2, 3]))
    loss = tf.reduce_mean(tf.reduce_sum(tf.square(back - x), 1) + tf.reduce_sum(mean**2 - mean, 1))
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)


def test_a_note_says_that_fit_takes_an_input_as_labels(converted):
    done = converted(variational, steps=2)
    assert done.passed
    assert (
        "The loss takes the input 'x:0': pass its rows to fit as labels, too."
        in done.document["notes"]
    )
    done.model.fit(ROWS, ROWS, verbose=0)


def test_an_optimizer_that_was_not_saved_begins_anew(tmp_path, checkpoints):
    folder = whole_programs.programs()["keras_sequential"].unpack(tmp_path).parent

    def without_optimizer(values):
        for name in [name for name in values if name.startswith("Adam/")]:
            del values[name]

    checkpoints.rewrite(folder, without_optimizer)
    done = convert(folder, steps=0)
    assert done.model.compiled and int(done.model.optimizer.iterations) == 0


def noisy():
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 2], name="y")
    hidden = tf.tanh(tf.matmul(x + 0.3 * tf1.random_normal(tf.shape(x)), variable("first", [3, 4])))
    loss = tf.reduce_mean(tf.square(tf.matmul(hidden, variable("last", [4, 2])) - y))
    tf1.train.GradientDescentOptimizer(0.1).minimize(loss)


def same_noise():
    x = tf1.placeholder("float32", [None, 3], name="x")
    tf.matmul(x + 0.3 * tf1.random_normal([3]), variable("first", [3, 4]), name="out")


def test_noise_of_each_step_is_that_of_the_graph(converted):
    done = converted(noisy, steps=3)
    assert done.passed and done.document["training"]["training"] is not None, str(done)
    assert 'GaussianNoise(0.3, name="add")(x, training=True)' in " ".join(done.source.split())
    assert any("adds noise in evaluation, too" in note for note in done.document["notes"])
    (layer,) = [each for each in done.model.layers if "noise" in type(each).__name__.lower()]
    assert layer.stddev == 0.3 and "call" not in vars(layer)
    with pytest.raises(ValueError, match="adds noise that several entries share"):
        converted(same_noise)


def with_a_size_left_over():
    x = tf1.placeholder("float32", [None, 3], name="x")
    tf.matmul(x, variable("kernel", [3, 2]), name="scores")
    tf.shape(x)[0]
    tf.identity(tf1.placeholder("bool", [], name="is_training"))


def test_a_size_or_a_flag_that_nothing_takes_is_no_prediction(converted):
    assert converted(with_a_size_left_over).document["outputs"] == ["scores:0"]

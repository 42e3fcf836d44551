"""Tests which training step a conversion takes, and when a model makes predictions alone."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

import whole_programs
from tf_recipes.convert.conversion import convert
from tf_recipes.convert.program import built_model

tf1 = tf.compat.v1
RNG = np.random.RandomState(12)
ROWS = RNG.randn(20, 3).astype("f4")


def saved(folder, build, steps):
    """Saves a program that ran its operations at once for some steps; returns the prefix.

    `build()` returns the operations and what they are fed.
    """
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.set_random_seed(3)
        operations, feeds = build()
        session.run(tf1.global_variables_initializer())
        for _ in range(steps):
            session.run(operations, feeds)
        return tf1.train.Saver().save(session, str(folder / "model.ckpt"))


def two_nets():
    x = tf1.placeholder("float32", [None, 3], name="x")
    noise = tf1.placeholder("float32", [None, 2], name="noise")
    maker = tf1.get_variable("maker", [2, 3], use_resource=False)
    judge = tf1.get_variable("judge", [3, 1], use_resource=False)
    of_made, of_real = (tf.matmul(each, judge) for each in (tf.matmul(noise, maker), x))
    fall = tf.reduce_mean(of_made) - tf.reduce_mean(of_real)
    steps = [
        tf1.train.AdamOptimizer(0.01, name=name).minimize(loss, var_list=[variable])
        for name, loss, variable in (
            ("of_judge", fall, judge),
            ("of_maker", tf.reduce_mean(tf.square(of_made - 1.0)), maker),
        )
    ]
    return steps, {x: ROWS, noise: ROWS[:, :2]}


def test_of_several_training_steps_one_is_chosen_by_name(tmp_path):
    prefix = saved(tmp_path, two_nets, 3)
    done = convert(prefix)
    assert done.passed and not done.model.compiled and len(done.model.outputs) == 2
    (note,) = done.document["notes"]
    assert "The model is not compiled" in note and "'of_judge', 'of_maker'" in note
    assert note.endswith("Name the operation with train_op='NAME'.")
    with pytest.raises(ValueError, match="One operation must be the training step"):
        convert(prefix, inference=False)
    for name, trained in (("of_judge", "judge"), ("of_maker", "maker")):
        done = convert(prefix, train_op=name, steps=2)
        assert done.passed and done.document["training"] is not None, str(done)
        weights = [each.path for each in done.model.trainable_variables]
        assert [path.partition("/")[0] for path in weights] == [trained]


def normalized():
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 1], name="y")
    mean = tf1.get_variable(
        "moving_mean", [3], trainable=False, initializer=tf1.zeros_initializer(), use_resource=False
    )
    variance = tf1.get_variable(
        "moving_variance",
        [3],
        trainable=False,
        initializer=tf1.ones_initializer(),
        use_resource=False,
    )
    training = tf1.placeholder("bool", [], name="training")
    batch = tf.nn.moments(x, [0])
    for old, new in zip((mean, variance), batch, strict=True):
        tf1.add_to_collection("update_ops", tf1.assign_sub(old, 0.1 * (old - new)))
    used = [tf.where(training, new, old) for new, old in zip(batch, (mean, variance), strict=True)]
    gamma = tf1.get_variable("gamma", [3], initializer=tf1.ones_initializer(), use_resource=False)
    net = tf.nn.batch_normalization(x, *used, None, gamma, 1e-3)
    kernel = tf1.get_variable("kernel", [3, 1], use_resource=False)
    loss = tf.reduce_mean(tf.square(tf.matmul(net, kernel) - y))
    step = tf1.train.MomentumOptimizer(0.1, 0.9, name="step").minimize(loss)
    feeds = {x: ROWS, y: ROWS[:, :1] ** 2, training: True}
    return [step, tf1.get_collection("update_ops")], feeds


def test_updates_that_the_program_ran_beside_its_step_belong_to_the_step(tmp_path):
    done = convert(saved(tmp_path, normalized, 3), steps=2)
    assert done.passed and done.document["training"] is not None, str(done)
    assert "momentum=0.9" in done.source and "momentum=1.0" not in done.source
    assert "A step runs 2 operations of the collection `update_ops`, too" in str(
        done.document["notes"]
    )
    (tmp_path / "still").mkdir()
    alone = saved(tmp_path / "still", normalized, 0)
    done = convert(alone, steps=0)
    assert "momentum=1.0" in done.source
    assert "does not run the updates of the moving averages" in str(done.document["notes"])


def saturated():
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 1], name="y")
    start = tf1.constant_initializer([[6.0], [5.0], [-9.0]])
    kernel = tf1.get_variable("kernel", [3, 1], initializer=start, use_resource=False)
    share = tf.sigmoid(tf.matmul(x, kernel))
    terms = y * tf1.log(share + 1e-7) + (1.0 - y) * tf1.log(1.0 - share + 1e-7)
    step = tf1.train.GradientDescentOptimizer(0.01).minimize(-tf.reduce_mean(terms))
    return step, {x: ROWS, y: (ROWS[:, :1] > 0).astype("f4")}


def test_a_compiled_loss_adds_its_numbers_in_the_order_of_the_graph(tmp_path):
    """TensorFlow's optimizer would make `(1 - x) + 1e-7` of a compiled loss `(1 + 1e-7) - x`."""
    feeds = {"x:0": 2 * ROWS, "y:0": (ROWS[:, 1:2] > 0).astype("f4")}
    done = convert(saved(tmp_path, saturated, 1), feeds=feeds, steps=2)
    assert done.passed and done.document["training"] is not None, str(done)
    assert "keras.ops.log(rounded(1.0 - sigmoid) + 1e-07)" in done.source


def test_predictions_are_converted_where_the_loss_is_sampled():
    program = whole_programs.programs()["word2vec_nce"]
    done, _ = whole_programs.converted(program, inference=None, outputs=None)
    assert done.passed and done.document["outputs"] == ["similarity:0"]
    assert not done.model.compiled
    assert "a loss over sampled classes, by LogUniformCandidateSampler" in str(
        done.document["notes"]
    )


def test_one_model_is_in_memory_at_a_time(nets, monkeypatch):
    build, made = built_model.build, []

    def counting(source):
        gc.collect()
        assert [each for each in made if each() is not None] == []
        model = build(source)
        made.append(weakref.ref(model))
        return model

    monkeypatch.setattr(built_model, "build", counting)
    done = convert(nets["trained"], steps=2)
    assert done.passed and len(made) == 2 and made[-1]() is done.model
    assert int(done.model.optimizer.iterations) == 0  # the comparison trained another one

"""Variables of one shape that no name tells apart: found by the graph or by values, or refused."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf1_program import saved
from tf_recipes.verify import AmbiguousMap, verify
from tf_recipes.verify.bench import map_orders
from tf_recipes.verify.bench.variable_map import ORDER, Link, Map

v1 = tf.compat.v1
layers = keras.layers
ROWS = np.random.RandomState(0).rand(16, 5).astype("f4")
FEEDS = {"x": ROWS, "y": ROWS.sum(1, keepdims=True) > 2.5}


def judged(model, checkpoint, feeds=FEEDS, **settings):
    settings = {"explain": False, "steps": 2, "batch_size": 8, "cache": False, **settings}
    return verify(model, checkpoint, feeds, **settings)


def dense(x, units, name, seed=None):
    random = v1.random_uniform_initializer(-0.5, 0.5, seed=sum(map(ord, name)))
    random = random if seed is None else v1.random_uniform_initializer(-0.5, 0.5, seed=seed)
    with v1.variable_scope(name):
        kernel = v1.get_variable("kernel", [x.shape[-1], units], initializer=random)
        return tf.matmul(x, kernel) + v1.get_variable("bias", [units], initializer=random)


def minimize(outputs, penalty=0.0):
    target = v1.placeholder(tf.float32, [None, 1], "y")
    loss = tf.reduce_mean(tf.square(outputs - target))
    v1.train.GradientDescentOptimizer(0.1).minimize(loss + penalty)


def compiled(model):
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def hows(report):
    return {each["tf1"]: each["how"] for each in report.document["map"]}


class Chain(keras.Model):
    """Makes its layers in another order than it calls them in."""

    def __init__(self, activation="tanh"):
        super().__init__()
        self.made = [layers.Dense(5, activation, name=f"p{k}") for k in (2, 0, 1)]
        self.last = layers.Dense(1, name="head")

    def call(self, x):
        two, zero, one = self.made
        return self.last(two(one(zero(x))))


def test_layers_one_behind_the_other_are_told_by_the_graph(tmp_path):
    def program():
        net = v1.placeholder(tf.float32, [None, 5], "x")
        for k in range(3):
            net = tf.tanh(dense(net, 5, f"h{k}"))
        minimize(dense(net, 1, "out"))

    checkpoint = saved(tmp_path, program)
    right = judged(lambda: compiled(Chain()), checkpoint)
    assert right.passed, str(right)
    there = {each["tf1"]: each["keras"].split("/")[-2] for each in right.document["map"]}
    assert [there[f"h{k}/{v}"] for k in range(3) for v in ("kernel", "bias")] == [
        *("p0", "p0", "p1", "p1", "p2", "p2"),
    ]
    wrong = judged(lambda: compiled(Chain("relu")), checkpoint, explain=True)
    assert wrong.exit_status == 1 and {e["name"] for e in wrong.reasons} == {"activation"}
    assert wrong.first_failure["name"] == "p0" and hows(wrong)["h1/kernel"] == "use"
    # a mistake of which nothing is known, and one in training alone
    unknown = judged(lambda: compiled(Chain(keras.ops.sin)), checkpoint)
    assert unknown.exit_status == 1 and hows(unknown)["h2/bias"] == "use"


def twins(factor=-2.0, activation="tanh", first="one"):
    x = keras.Input((5,), name="x")
    made = {name: layers.Dense(4, activation, name=f"{name}_of_two") for name in ("one", "two")}
    if first == "two":  # the order of the weights is that of the calls
        made["two"](x)
    parts = [made["one"](x), made["two"](x)]
    summed = layers.Add(name="sum")
    scaled = layers.Rescaling(factor, name="scaled")
    a, b = parts if first == "one" else reversed(parts)
    inner = summed([a, scaled(b)])
    return compiled(keras.Model(x, layers.Dense(1, name="head")(inner)))


def side_by_side():
    x = v1.placeholder(tf.float32, [None, 5], "x")
    left, right = tf.tanh(dense(x, 4, "left")), tf.tanh(dense(x, 4, "right"))
    minimize(dense(right - 2.0 * left, 1, "out"))


def test_twins_are_told_by_values_or_refused(tmp_path):
    checkpoint = saved(tmp_path, side_by_side)
    for first in ("one", "two"):
        right = judged(lambda first=first: twins(first=first), checkpoint)
        assert right.passed and hows(right)["left/kernel"] == "order and values", str(right)
    # the copy that is mended tells the map
    mended = judged(lambda: twins(activation="relu"), checkpoint, explain=True)
    assert mended.exit_status == 1 and mended.reasons[0]["name"] == "activation"
    there = {each["tf1"]: each["keras"] for each in mended.document["map"]}
    assert there["right/kernel"] == "one_of_two/kernel"
    with pytest.raises(AmbiguousMap) as refused:
        judged(lambda: twins(factor=-2.5), checkpoint)
    text = str(refused.value)
    assert "\n" not in text and "map=FILE" in text and "variable_map=" in text
    for part in ("'left/kernel', 'right/kernel' of TF1", "'one_of_two/kernel'", "(5, 4)"):
        assert part in text
    pairs = {each["tf1"]: each["keras"] for each in refused.value.pairs}
    assert len(pairs) == 6 and json.dumps(refused.value.pairs)
    told = judged(lambda: twins(factor=-2.5), checkpoint, variable_map=there)
    assert told.exit_status == 1 and told.first_failure["stage"] == "forward"


def test_a_map_that_training_alone_tells(tmp_path):
    def program():  # equal values at the start, and a penalty for one of the two
        x = v1.placeholder(tf.float32, [None, 5], "x")
        net = tf.tanh(dense(x, 4, "left", seed=1)) + tf.tanh(dense(x, 4, "right", seed=1))
        kernel = v1.global_variables()[2]
        assert kernel.name == "right/kernel:0"
        minimize(dense(net, 1, "out"), 0.3 * tf.nn.l2_loss(kernel + 0.0))

    def port(scales):
        x = keras.Input((5,), name="x")
        parts = [
            layers.Dense(4, "tanh", name=f"part_{k}", kernel_regularizer=keras.regularizers.L2(s))
            for k, s in enumerate(scales)
        ]
        net = layers.Add()([each(x) for each in parts])
        return compiled(keras.Model(x, layers.Dense(1, name="head")(net)))

    checkpoint = saved(tmp_path, program)
    for scales in ((0.15, 0.0), (0.0, 0.15)):
        assert judged(lambda scales=scales: port(scales), checkpoint).passed
    # it differs with each map, so that this is no guess
    assert judged(lambda: port((0.3, 0.0)), checkpoint).first_failure["stage"] == "training"


def test_inputs_that_no_name_tells(tmp_path):
    def program():
        one, two = (v1.placeholder(tf.float32, [None, 5], n) for n in ("one", "two"))
        minimize(dense(one - 2.0 * two, 1, "out"))

    def port(factor):
        inputs = [keras.Input((5,), name=n) for n in "pq"]
        net = layers.Add()([layers.Rescaling(factor)(inputs[0]), inputs[1]])
        return compiled(keras.Model(inputs, layers.Dense(1, name="out")(net)))

    checkpoint, feeds = saved(tmp_path, program), {"one": ROWS, "two": ROWS[::-1], "y": FEEDS["y"]}
    assert judged(lambda: port(-2.0), checkpoint, feeds).passed
    with pytest.raises(
        ValueError, match=r"which input of the model takes which .*'one:0', 'two:0'"
    ):
        judged(lambda: port(-3.0), checkpoint, feeds)
    told = judged(lambda: port(-3.0), checkpoint, feeds, inputs=["two", "one"])
    assert told.exit_status == 1


def test_cells_change_places_with_all_their_variables():
    from tf_recipes.graph.roles import TF1Variable
    from tf_recipes.verify.bench.recurrent_cells import Cell

    cells = []
    for name in "ab":
        layer = layers.SimpleRNN(3, name=name)
        layer.build((None, 4, 2))
        weights = {v.path.rpartition("/")[2]: v for v in layer.weights}
        theirs = {
            part: TF1Variable(f"{name}/{part}", (), part, 0, True, True)
            for part in ("kernel", "bias")
        }
        cells.append(Cell("simple", name, theirs, weights))
    (other,) = map_orders.permutations(Map([], cells, [], []))
    assert [each.layer for each in other.cells] == ["b", "a"]
    assert other.cells[0].weights is cells[1].weights and other.cells[0].tf1 is cells[0].tf1
    value = keras.Variable(np.zeros((2, 2), "f4"), name="v")
    alone = Map([Link("w", value, ORDER, unit="w")], cells[:1], [], [])
    assert map_orders.groups(alone) == [] and list(map_orders.permutations(alone)) == []
    assert map_orders.count(Map([], cells, [], [])) == 2

"""Tests what cannot be trained in Keras: one line that names the node, and what to do."""

import re

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert.lifting import graph_view, lifter, placeholders
from tf_recipes.convert.training import compilation
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

tf1 = tf.compat.v1


def net():
    """Returns the placeholders, the weights and the outputs of a small net."""
    x = tf1.placeholder("float32", [None, 3], name="x")
    y = tf1.placeholder("float32", [None, 2], name="y")
    w = tf1.get_variable("w", [3, 4], use_resource=False)
    v = tf1.get_variable("v", [4, 2], use_resource=False)
    outputs = tf.identity(tf.matmul(tf.nn.tanh(tf.matmul(x, w)), v), name="outputs")
    return y, w, v, outputs


def minimize(loss, optimizer=None, change=lambda gradient: gradient):
    optimizer = optimizer or tf1.train.GradientDescentOptimizer(0.1)
    pairs = optimizer.compute_gradients(loss)
    tf1.add_to_collection("train_op", optimizer.apply_gradients([(change(g), v) for g, v in pairs]))


def scaled_gradients():
    y, _, _, outputs = net()
    minimize(tf.reduce_mean(tf.square(outputs - y)), change=lambda g: 0.5 * g)


def signs_of_gradients():
    y, _, _, outputs = net()
    minimize(tf.reduce_mean(tf.square(outputs - y)), change=tf.sign)


def noisy_rate():
    y, _, _, outputs = net()
    rate = tf1.train.noisy_linear_cosine_decay(0.1, tf1.train.get_or_create_global_step(), 10)
    loss = tf.reduce_mean(tf.square(outputs - y))
    step = tf1.train.get_global_step()
    tf1.train.GradientDescentOptimizer(rate).minimize(loss, global_step=step)


def dual_averaging():
    y, _, _, outputs = net()
    step = tf1.train.get_or_create_global_step()
    minimize(tf.reduce_mean(tf.square(outputs - y)), tf1.train.AdagradDAOptimizer(0.1, step))


def proximal():
    y, _, _, outputs = net()
    minimize(tf.reduce_mean(tf.square(outputs - y)), tf1.train.ProximalAdagradOptimizer(0.1))


def sampled_classes():
    _, _, _, outputs = net()
    numbers = tf1.placeholder("int64", [None, 1], name="numbers")
    table = tf1.get_variable("table", [9, 2], use_resource=False)
    bias = tf1.get_variable("bias", [9], use_resource=False)
    sampled = tf1.nn.sampled_softmax_loss(table, bias, numbers, outputs, 3, 9)
    minimize(tf.reduce_mean(sampled))


def noisy_gradients():
    y, _, _, outputs = net()
    minimize(
        tf.reduce_mean(tf.square(outputs - y)),
        change=lambda g: g + tf1.random_normal(tf.shape(g)),
    )


def decay_in_gradients():
    y, _, _, outputs = net()
    loss = tf.reduce_mean(tf.square(outputs - y))
    optimizer = tf1.train.GradientDescentOptimizer(0.1)
    pairs = optimizer.compute_gradients(loss)
    pairs = [(tf.clip_by_norm(gradient, 1.0) + 0.1 * weight, weight) for gradient, weight in pairs]
    tf1.add_to_collection("train_op", optimizer.apply_gradients(pairs))


def one_step_after_the_other():
    y, w, v, outputs = net()
    loss = tf.reduce_mean(tf.square(outputs - y))
    first = tf1.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[w])
    with tf.control_dependencies([first]):
        second = tf1.train.AdamOptimizer(0.1).minimize(loss, var_list=[v])
    tf1.add_to_collection("train_op", tf.group(first, second))


def two_optimizers_that_count():
    y, w, v, outputs = net()
    loss, step = tf.reduce_mean(tf.square(outputs - y)), tf1.train.get_or_create_global_step()
    rate = tf1.train.exponential_decay(0.1, step, 10, 0.5)
    one = tf1.train.GradientDescentOptimizer(rate).minimize(loss, step, var_list=[w])
    other = tf1.train.AdamOptimizer(0.1).minimize(loss, step, var_list=[v])
    tf1.add_to_collection("train_op", tf.group(one, other))


def one_of_two_clips_of_all():
    y, w, v, outputs = net()
    loss = tf.reduce_mean(tf.square(outputs - y))
    of_w, of_v = tf.gradients(loss, [w, v])
    clipped = of_w * (1.0 / tf.maximum(1.0, tf.linalg.global_norm([of_w, of_v])))
    one = tf1.train.GradientDescentOptimizer(0.1).apply_gradients([(clipped, w)])
    other = tf1.train.AdamOptimizer(0.1).apply_gradients([(of_v, v)])
    tf1.add_to_collection("train_op", tf.group(one, other))


def fed_rate():
    y, _, _, outputs = net()
    rate = tf1.placeholder("float32", [], name="rate")
    loss = tf.reduce_mean(tf.square(outputs - y))
    minimize(loss, tf1.train.GradientDescentOptimizer(rate))


def unknown_optimizer():
    y, _, _, outputs = net()
    loss = tf.reduce_mean(tf.square(outputs - y))
    minimize(loss, tf1.train.ProximalGradientDescentOptimizer(0.1))


def fourth_powers():
    y, w, _, outputs = net()
    minimize(tf.reduce_mean(tf.square(outputs - y)) + tf.reduce_sum(w**4))


def random_loss():
    y, _, _, outputs = net()
    minimize(tf.reduce_mean(tf.square(outputs - y + tf1.random_normal([2]))))


def clipped_weights():
    y, w, _, outputs = net()
    loss = tf.reduce_mean(tf.square(outputs - y))
    update = tf1.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([update]):
        step = tf1.assign(w, tf.clip_by_value(w.read_value(), -0.1, 0.1))
    tf1.add_to_collection("train_op", step.op)


REFUSED = {
    scaled_gradients: "The gradients must be applied as they are.*gradients times 0.5",
    signs_of_gradients: "The gradients must be applied as they are.*another function",
    noisy_rate: "The learning rate must be.*random numbers at 'Noisy",
    dual_averaging: "Received: AdagradDA",
    proximal: "Received: ProximalAdagrad",
    sampled_classes: "a loss over sampled classes, by LogUniformCandidateSampler",
    noisy_gradients: "The gradients must be applied as they are",
    decay_in_gradients: "gradients to which '(w|v)' is added",
    one_step_after_the_other: "must take their gradients before all updates",
    two_optimizers_that_count: "'global_step', to which each of several optimizers adds 1",
    one_of_two_clips_of_all: "clipped by value, norm or global norm",
    fed_rate: "must have a value. Received: none for 'rate'.*feed={'rate': VALUE}",
    unknown_optimizer: "Received: ProximalGradientDescent",
    fourth_powers: "a function of the weights 'w'",
    random_loss: "random numbers at 'random_normal",
    clipped_weights: "assigns 'w'",
}


@pytest.mark.parametrize("program", REFUSED, ids=lambda program: program.__name__)
def test_the_refusal_names_what_is_at_fault(program):
    with tf.Graph().as_default():
        program()
        content = tf1.train.export_meta_graph().SerializeToString()
    graph = meta_graph.parse(content, "program.meta")
    structure = Structure(graph)
    inputs = placeholders.model_inputs(graph_view.GraphView(graph, ["outputs:0"], []))
    view = graph_view.GraphView(graph, ["outputs:0"], inputs)
    lifted = lifter.lift(view, placeholders.values(view), inputs)
    random = np.random.RandomState(0)
    values = {
        name: random.randn(*(dim.size for dim in structure.nodes[name].attr["shape"].shape.dim))
        for name in structure.variables
    }
    values = {name: np.asarray(value, "f4") for name, value in values.items()}
    with pytest.raises(ValueError) as found:
        compilation.find(structure, view, lifted, values)
    text = str(found.value)
    assert re.search(REFUSED[program], text), text
    assert text.count("Received: ") == 1 and "\n" not in text
    assert "inference=True" in text

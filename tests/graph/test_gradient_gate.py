"""Two optimizers in a group leave their order open; here all gradients are computed first."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.graph import meta_graph
from tf_recipes.graph.gradient_gate import GATE, close
from tf_recipes.graph.graph_session import GraphSession
from tf_recipes.graph.structure import Structure

v1 = tf.compat.v1


def grouped(after_the_other=False):
    """Returns the structure of `x * a * b` with an optimizer for each of `a` and `b`.

    The gradient of `a` needs `b`, and long numbers that change nothing, so that the update of `b`
    may come before it.
    """
    with v1.Graph().as_default() as graph:
        two = v1.constant_initializer(2.0)
        a, b = (v1.get_variable(n, [], initializer=two, use_resource=False) for n in "ab")
        x = v1.placeholder(tf.float32, [], "x")
        loss = tf.multiply(x * a, b, name="loss")
        slow = x
        for _ in range(2000):
            slow = tf.sin(slow)
        first, second = (v1.train.GradientDescentOptimizer(0.5, name=n) for n in ("one", "two"))
        of_b = second.apply_gradients([(x * a, b)])
        with tf.control_dependencies([of_b] if after_the_other else []):
            of_a = first.apply_gradients([(b * (x + tf.minimum(slow, 0.0)), a)])
        step = tf.group(of_a, of_b, name="both")
        v1.add_to_collection("train_op", step)
        meta = v1.train.export_meta_graph(graph=graph)
    return Structure(meta_graph.parse(meta.SerializeToString(), "both"), step.name, loss.name)


@pytest.mark.parametrize(("after_the_other", "a"), [(False, 1.0), (True, 1.5)])
def test_gradients_come_before_updates_unless_the_program_orders_them(after_the_other, a):
    """By hand: `a` is 2 - 0.5 b with b = 2, or with b = 1 where the program updates it before."""
    structure = grouped(after_the_other)
    session = GraphSession(structure)
    for _ in range(5):
        session.assign({name: np.float32(2) for name in "ab"})
        session.run([structure.train_op], {"x": np.float32(1)})
        assert {k: float(v) for k, v in session.values().items()} == {"a": a, "b": 1.0}
    session.close()


def test_one_update_needs_no_gate():
    structure = grouped()
    definition = v1.GraphDef()
    definition.CopyFrom(structure.graph.definition)
    structure.step -= {"one/update_a/ApplyGradientDescent"}
    close(definition, structure)
    assert all(node.name != GATE for node in definition.node)

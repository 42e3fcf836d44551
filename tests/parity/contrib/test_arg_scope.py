"""Tests the replacement of contrib's `arg_scope`."""

import pytest

from tf_recipes.parity.tf1 import compat

# test_init.py runs these snippets: `{name: (code, result on TF 1.15.5)}`.
SNIPPETS = {
    "arg_scope reaches batch_norm": (
        """
with scope([layers.batch_norm], is_training=False, center=False):
    layers.batch_norm(X)
    layers.fully_connected(X, 2, normalizer_fn=layers.batch_norm)
found = names(), len(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
""",
        [
            [
                "BatchNorm/moving_mean",
                "BatchNorm/moving_variance",
                "fully_connected/weights",
                "fully_connected/BatchNorm/moving_mean",
                "fully_connected/BatchNorm/moving_variance",
            ],
            0,
        ],
    ),
    "arg_scope reaches dropout": (
        """
with scope([layers.dropout], is_training=False):
    found = total(layers.dropout(tf.ones((9,)), 0.5))
""",
        9.0,
    ),
    "arg_scope can be used again": (
        """
with scope([layers.fully_connected], biases_initializer=None) as kept:
    pass
with scope([layers.batch_norm], scale=True):
    with scope(kept):
        layers.fully_connected(X, 2, layers.batch_norm)
found = names()
""",
        [
            "fully_connected/weights",
            "fully_connected/BatchNorm/beta",
            "fully_connected/BatchNorm/moving_mean",
            "fully_connected/BatchNorm/moving_variance",
        ],
    ),
    "arg_scope takes one's own functions": (
        """
@tf.contrib.framework.add_arg_scope
def own(x, more=1):
    return x + more

with scope([own, layers.dropout], more=2):
    found = own(1), own(1, more=3)
""",
        [3, 4],
    ),
    "arg_scope refuses": (
        """
def enter(*functions, **arguments):
    with scope(*functions, **arguments):
        pass

def unknown():
    with scope([layers.dropout], rate=0.1):
        layers.dropout(X)

found = [
    refused(lambda: enter([tf.nn.relu], name="r")),
    refused(lambda: enter([layers.xavier_initializer], uniform=False)),
    refused(lambda: enter(layers.dropout, seed=1)),
    refused(lambda: enter({}, seed=1)),
    refused(unknown),
]
""",
        [True, True, True, True, True],
    ),
}


def layer_names(build):
    tf = compat.original("runners.record").tf
    with tf.Graph().as_default():
        build(tf, tf.placeholder(tf.float32, (None, 5)))
        return {v.op.name for v in tf.global_variables()}, tf.get_default_graph()


def op_types(build):
    return {op.type for op in layer_names(build)[1].get_operations()}


def test_arg_scope_is_overridden_by_the_call_and_by_the_inner_scope():
    def build(tf, X):
        layer, scope = tf.contrib.layers.fully_connected, tf.contrib.framework.arg_scope
        with scope([layer], activation_fn=tf.nn.elu, normalizer_fn=tf.contrib.layers.batch_norm):
            with scope([layer], activation_fn=tf.nn.tanh):
                layer(X, 2, scope="inner")  # tanh, with a norm
                layer(X, 2, scope="called", activation_fn=tf.nn.sigmoid, normalizer_fn=None)
            layer(X, 2, scope="outer")  # elu again
        layer(X, 2, scope="outside")  # relu, without a norm

    names, graph = layer_names(build)
    kinds = {(op.name.split("/")[0], op.type) for op in graph.get_operations()}
    wanted = {"inner": "Tanh", "called": "Sigmoid", "outer": "Elu", "outside": "Relu"}
    assert {pair for pair in kinds if pair[1] in wanted.values()} == set(wanted.items())
    assert {name.split("/")[0] for name in names if name.endswith("/biases")} == {
        "called",
        "outside",
    }
    assert "inner/BatchNorm/moving_mean" in names
    assert "outer/BatchNorm/moving_mean" in names


def test_arg_scope_ends_with_an_exception():
    def build(tf, X):
        layer = tf.contrib.layers.fully_connected
        with pytest.raises(KeyError), tf.contrib.framework.arg_scope([layer], activation_fn=None):
            raise KeyError
        layer(X, 2, scope="after")

    assert "Relu" in op_types(build)

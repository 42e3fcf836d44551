"""Rewrites the clipping of tensors, in a function that becomes Keras."""

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, New


def _by_value(call: Call) -> New:
    call.drop("name")
    made = new_arguments.pieces(call, {}, {}, ["t", "clip_value_min", "clip_value_max"])
    call.done()
    return New("keras.ops.clip", made)


def _by_norm(call: Call) -> New:
    call.drop("name")
    made = new_arguments.pieces(call, {"axes": "axis"}, {}, ["t", "clip_norm"])
    call.done()
    return New("tf_recipes.clip_by_norm", made)


REWRITE = Rewrite(
    name="clipping",
    idiom=KERAS,
    summary="`tf.clip_by_value` and `tf.clip_by_norm`, in a function that becomes Keras.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def net(x):\n"
        "    y = tf.clip_by_value(tf.layers.dense(x, 3), 0.0, 6.0)\n"
        "    return tf.clip_by_norm(y, 1.0, axes=[1])\n"
    ),
    after=(
        "import keras\n"
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def net(x):\n"
        "    y = keras.ops.clip(keras.layers.Dense(3)(x), 0.0, 6.0)\n"
        "    return tf_recipes.clip_by_norm(y, 1.0, axis=[1])\n"
    ),
    calls={"tf.clip_by_value": _by_value, "tf.clip_by_norm": _by_norm},
    orders={
        "tf.clip_by_value": ["t", "clip_value_min", "clip_value_max", "name"],
        "tf.clip_by_norm": ["t", "clip_norm", "axes", "name"],
    },
)

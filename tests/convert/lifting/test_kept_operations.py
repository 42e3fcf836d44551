"""Tests operations that are kept as they are: the model computes what the graph computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.convert import conversion


def exclusive_sum(v1, x):
    return v1.cumsum(x, axis=1, exclusive=True)


def whole_mean(v1, x):
    return v1.cast(v1.reduce_mean(v1.cast(x * 9, "int32"), axis=1, keepdims=True), "float32") * x


def band(v1, x):
    return v1.linalg.band_part(x[:, None] * x[..., None], 1, 0)[:, 1]


def rest_of_rows(v1, x):
    return tf.concat(v1.split(x, [2, -1], axis=0)[::-1], axis=0)


def buckets(v1, x):
    return v1.cast(tf.raw_ops.Bucketize(input=x, boundaries=[-0.5, 0.0, 0.5]), "float32")


def dilation(v1, x):
    filters = v1.constant(np.linspace(-1, 1, 4, dtype="f4").reshape(2, 2, 1))
    found = tf.raw_ops.Dilation2D(
        input=v1.reshape(x, [-1, 2, 2, 1]),
        filter=filters,
        strides=[1, 1, 1, 1],
        rates=[1, 1, 1, 1],
        padding="SAME",
    )
    return v1.reshape(found, [-1, 4])


def bits(v1, x):
    return v1.cast(v1.bitcast(x, "int32") % 7, "float32")


def several_outputs(v1, x):
    found = tf.raw_ops.TopKV2(input=x, k=v1.reduce_max(v1.cast(x * 0, "int32")) + 4)
    return v1.reshape(found.values * v1.cast(found.indices, "float32"), [-1, 4])


# graph -> the operation that is kept and a part of its attributes
KEPT = {
    exclusive_sum: ("Cumsum", '"exclusive": True'),
    whole_mean: ("Mean", '"keep_dims": True'),
    band: ("MatrixBandPart", '"num_lower": 1'),
    rest_of_rows: ("SplitV", '"num_split": 2'),
    buckets: ("Bucketize", '"boundaries": [-0.5, 0.0, 0.5]'),
    dilation: ("Dilation2D", '"padding": "SAME"'),
    bits: ("Bitcast", '"type": "int32"'),
    several_outputs: ("TopKV2", '"sorted": True'),
}


@pytest.mark.parametrize("build", KEPT, ids=lambda build: build.__name__)
def test_the_outputs_are_those_of_the_graph(build, checkpoints, tmp_path, rows):
    def net(v1):
        x = v1.placeholder("float32", [None, 4], name="x")
        kept = build(v1, x)
        v1.matmul(v1.ensure_shape(kept, [None, 4]), v1.get_variable("w", [4, 2]), name="y")

    saved = checkpoints.save("kept", net)
    done = conversion.convert(saved, tmp_path / "out", keep_unknown=True)
    operation, attributes = KEPT[build]
    text = " ".join(done.source.split())
    assert f'TF1Operation("{operation}"' in text.replace("( ", "(")
    assert attributes in text
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = str(saved / "model.ckpt.meta")
        saver = tf.compat.v1.train.import_meta_graph(meta)
        saver.restore(session, str(saved / "model.ckpt"))
        expected = session.run("y:0", {"x:0": rows})
    np.testing.assert_allclose(done.model(rows), expected, rtol=1e-5, atol=1e-6)
    loaded = keras.saving.load_model(tmp_path / "out" / "model.keras")
    np.testing.assert_array_equal(loaded(rows), done.model(rows))


def test_an_operation_whose_attribute_is_a_shape_is_not_kept(checkpoints, fails):
    def net(v1):
        x = v1.placeholder("float32", [3, 4], name="x")
        total = tf.raw_ops.AccumulateNV2(inputs=[x, x], shape=[3, 4])
        v1.matmul(total, v1.get_variable("w", [4, 2]), name="y")

    with fails("AccumulateNV2"):
        conversion.convert(checkpoints.save("shape", net), keep_unknown=True)

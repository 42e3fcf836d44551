import keras
import numpy as np
import tensorflow as tf

from tf1_program import descend, entropy, placeholders, saved, variable
from tf_recipes.verify import verify


def test_a_kernel_may_have_axes_of_one_entry_more(tmp_path):
    """Text CNNs of TF1 convolve words in two dimensions, of which Keras needs one."""
    random = np.random.RandomState(0)
    feeds = {"x": random.rand(24, 6, 5).astype("f4"), "y": random.randint(0, 3, 24)}

    def program():
        x, y = placeholders(6, 5)
        net = tf.nn.conv2d(x[..., None], variable("filter", [2, 5, 1, 3]), 1, "VALID")
        descend(entropy(tf.reduce_max(net, [1, 2]), y))

    def port():
        inputs = keras.Input((6, 5), name="x")
        net = keras.layers.Conv1D(3, 2, use_bias=False)(inputs)
        model = keras.Model(inputs, keras.layers.GlobalMaxPooling1D()(net))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    report = verify(port, saved(tmp_path, program), feeds, steps=2, batch_size=8, cache=False)
    assert report.passed, str(report)
    assert report.document["map"][0]["shape"] == [2, 5, 1, 3]

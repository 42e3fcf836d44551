"""Writes TF1 checkpoints with the graphs of `tf.compat.v1`, in this process."""

import shutil

import numpy as np
import pytest


class Checkpoints:
    """Writes checkpoints of small graphs into a folder.

    Args:
        folder: the folder, to which each checkpoint adds one of its own.
    """

    def __init__(self, folder):
        self.folder = folder

    def save(self, name, build, change=None):
        """Saves a graph with variables at random, the same in each run; returns the folder.

        Args:
            name: the name of the folder.
            build: adds the nodes to the graph of TF1.
            change: alters the saved `MetaGraphDef`.
        """
        import tensorflow as tf

        prefix = str(self.folder / name / "model.ckpt")
        with tf.Graph().as_default():
            tf.compat.v1.set_random_seed(0)  # before the variables, whose seeds come from it
            build(tf.compat.v1)
            with tf.compat.v1.Session() as session:
                session.run(tf.compat.v1.global_variables_initializer())
                if tf.compat.v1.global_variables():
                    tf.compat.v1.train.Saver().save(session, prefix)
        if change is not None:
            path = self.folder / name / "model.ckpt.meta"
            meta = tf.compat.v1.MetaGraphDef.FromString(path.read_bytes())
            change(meta)
            path.write_bytes(meta.SerializeToString())
        return self.folder / name

    @staticmethod
    def rewrite(folder, change):
        """Saves the variables of a checkpoint again after `change` has altered their dict."""
        import tensorflow as tf

        prefix = str(folder / "model.ckpt")
        reader = tf.train.load_checkpoint(prefix)
        values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
        change(values)
        names = sorted(values)
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[values[name] for name in names],
        )


def dense(v1, inputs, units, name, activation=None):
    """Returns the output of a layer of hand-written TF1."""
    with v1.variable_scope(name):
        weights = v1.get_variable("kernel", [inputs.shape[-1], units], use_resource=False)
        bias = v1.get_variable("bias", [units], use_resource=False)
        found = v1.nn.bias_add(v1.matmul(inputs, weights), bias)
    return activation(found) if activation else found


def net(v1):
    """Builds a net of two layers, without training."""
    x = v1.placeholder("float32", [None, 4], name="x")
    hidden = dense(v1, x, 8, "dnn/hidden1", v1.nn.relu)
    v1.identity(dense(v1, hidden, 3, "dnn/out"), name="logits")


def trained(v1):
    """Builds a net with a training step."""
    x = v1.placeholder("float32", [None, 4], name="x")
    labels = v1.placeholder("int64", [None], name="t")
    hidden = dense(v1, x, 8, "dnn/hidden1", v1.nn.relu)
    logits = dense(v1, hidden, 3, "dnn/out")
    loss = v1.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(v1.reduce_mean(loss))


@pytest.fixture(scope="session")
def layer():
    return dense


@pytest.fixture
def checkpoints(tmp_path):
    """`checkpoints.save(name, build)`: the folder of a new checkpoint."""
    return Checkpoints(tmp_path)


@pytest.fixture(scope="session")
def nets(tmp_path_factory):
    """`{name: folder}` of checkpoints that tests only read."""
    saved = Checkpoints(tmp_path_factory.mktemp("nets"))
    return {"net": saved.save("net", net), "trained": saved.save("trained", trained)}


@pytest.fixture
def own(nets, tmp_path):
    """A copy of the checkpoint `net`, which a test may damage."""
    return shutil.copytree(nets["net"], tmp_path / "own")


@pytest.fixture
def rows():
    return np.random.RandomState(1).standard_normal((5, 4)).astype("float32")

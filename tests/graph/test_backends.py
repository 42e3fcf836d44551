"""A graph runs on real TF 1.15 in a process of its own, as in the installed TensorFlow."""

import numpy as np
import pytest


@pytest.fixture
def remote(program, tf1_python):
    """`training_flag`, with batch norm in `tf.cond`, on TF 1.15."""
    from tf_recipes.graph.graph_session import GraphSession

    wanted = program("training_flag")
    session = GraphSession(wanted.structure, wanted.names["outputs"], str(tf1_python))
    yield wanted, session
    session.close()


def test_real_tf1_restores_predicts_trains_and_says_what_it_cannot(remote):
    program, session = remote
    assert session.version.startswith("1.15")
    initial = session.restore(program.prefix)
    assert initial.keys() == program.initial.keys()
    for name, value in program.initial.items():
        np.testing.assert_array_equal(initial[name], value, name)
    (output,) = program.names["outputs"]
    got = session.run({"predicted": output}, program.evaluation)
    np.testing.assert_allclose(
        got["predicted"], program.tf1[f"predictions/{output}"], rtol=0, atol=1e-6
    )
    session.run(program.structure.train_op, program.steps[0])
    for name, value in session.values().items():
        recorded = program.tf1[f"variables/1/{name}"]
        np.testing.assert_allclose(value, recorded, rtol=1e-5, atol=1e-6, err_msg=name)
    session.assign(initial)
    np.testing.assert_array_equal(session.values()["conv1/weights"], initial["conv1/weights"])
    with pytest.raises(ValueError, match=r"must be fed. Received: no value for"):
        session.run(output, {})


def test_a_graph_that_tf1_refuses_is_one_line(tf1_python):
    from tf_recipes.graph.backends import RealTF1

    with pytest.raises(ValueError, match=r"TensorFlow 1.15 must accept the graph. Received: "):
        RealTF1(str(tf1_python), b"\xff\xff", [])


def test_channels_first_run_on_a_processor(tmp_path):
    """TensorFlow has no kernels for channels first there; what NumPy computes is the truth."""
    import tensorflow as tf

    from tf_recipes.graph import meta_graph
    from tf_recipes.graph.graph_session import GraphSession
    from tf_recipes.graph.structure import Structure

    v1 = tf.compat.v1
    prefix, random = str(tmp_path / "model.ckpt"), np.random.RandomState(0)
    images, kernel = random.rand(2, 3, 4, 4).astype("f4"), random.rand(1, 1, 3, 5).astype("f4")
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(0)
        x = v1.placeholder(tf.float32, [None, 3, 4, 4], "x")
        weights = v1.get_variable("kernel", initializer=kernel)
        net = tf.nn.conv2d(x, weights, 1, "SAME", data_format="NCHW", name="conv")
        net = tf.nn.bias_add(net, v1.get_variable("bias", [5]), data_format="NCHW")
        pooled = tf.nn.max_pool2d(net, 2, 2, "VALID", data_format="NCHW", name="pool")
        v1.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(pooled), name="step")
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, prefix)
    structure = Structure(meta_graph.read(f"{prefix}.meta"))
    session = GraphSession(structure, ["conv", "pool"])
    initial = session.restore(prefix)
    got = session.run({"conv": "conv:0", "pool": "pool:0"}, {"x": images})
    convolved = np.einsum("nihw,io->nohw", images, kernel[0, 0])
    np.testing.assert_allclose(got["conv"], convolved, rtol=1e-6)
    biased = (convolved + initial["bias"][:, None, None]).reshape(2, 5, 2, 2, 2, 2)
    # a sum near zero of terms near one
    np.testing.assert_allclose(got["pool"], biased.max((3, 5)), rtol=0, atol=1e-6)
    session.run("step", {"x": images})
    # each of the 2 x 4 maxima has the gradient 1
    np.testing.assert_allclose(session.values()["bias"], initial["bias"] - 0.5 * 8, rtol=1e-6)
    session.close()

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

import pytest
import tensorflow as tf

from tf_recipes.graph import meta_graph
from tf_recipes.graph.control_flow import ControlFlow
from tf_recipes.graph.node_graph import NodeGraph

v1 = tf.compat.v1


@pytest.fixture(scope="module")
def flow():
    """Branches and a loop as TF 1.15 writes them, one inside the other."""
    v1.disable_control_flow_v2()
    try:
        with tf.Graph().as_default():
            one, two = (v1.placeholder(tf.bool, (), name) for name in ("one", "two"))

            def inner():
                return v1.cond(
                    two, lambda: v1.random_uniform([2], name="deep"), lambda: tf.zeros(2)
                )

            v1.cond(tf.identity(one), inner, lambda: tf.ones(2, name="plain"))
            body = lambda k: k + v1.random_uniform([], 0, 3, tf.int32, name="looped")  # noqa: E731
            v1.while_loop(lambda k: k < 5, body, [0])
            content = v1.train.export_meta_graph().SerializeToString()
    finally:
        v1.enable_control_flow_v2()
    return ControlFlow(NodeGraph(meta_graph.parse(content, "x")))


def test_a_node_in_a_branch_needs_the_answers_that_lead_to_it(flow):
    assert flow.conditions["cond/cond/deep/RandomUniform"] == {("one:0", True), ("two:0", True)}
    assert flow.conditions["cond/plain"] == {("one:0", False)}
    assert flow.conditions["cond/cond/zeros"] == {("one:0", True), ("two:0", False)}
    assert flow.conditions["cond/cond/Merge"] == {("one:0", True)}
    assert "cond/Merge" not in flow.conditions and "one" not in flow.conditions
    assert flow.needed("cond/Switch:1") == {("one:0", True)}
    assert "cond/Switch" in flow.in_branches, "of its outputs one alone has a value"


def test_what_has_a_control_input_alone_lies_in_a_loop_too(flow):
    assert "while/looped" in flow.in_loops
    assert not flow.in_loops & {"one", "cond/Merge", "while/Exit"}
    assert not any("while" in name for name in flow.conditions)


def test_the_branches_and_loops_of_a_program_are_known(program):
    branch = program("layers_conv_dropout").structure
    draw = "dropout/cond/dropout/random_uniform/RandomUniform"
    assert draw in branch.in_branches and f"{draw}:0" in branch.draws
    assert branch.control_flow.conditions[draw] == {("training:0", True)}
    loop = program("embedding_rnn").structure
    assert any(node.startswith("rnn/while/") for node in loop.in_loops)
    found = loop.candidates(["ids:0", "lengths:0"], ["labels:0"])
    assert found and not loop.in_loops & set(found) and loop.hidden_draws == ()

"""What the nodes of the recorded graphs are for; expected from the programs' own constants."""

from pathlib import Path

import pytest

from tf_recipes.graph import meta_graph
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure

NAMES = sorted(p.stem for p in (Path(__file__).parents[1] / "goldens/verify/programs").glob("*.py"))
# the arrays that only the loss reads; all others are inputs
LABELS = {
    "layers_conv_dropout": {"labels:0"},
    "slim_net": {"one_hot:0"},
    "handwritten_mlp": {"y_:0"},
    "tied_autoencoder": set(),
    "two_inputs": {"target:0"},
    "two_losses": {"kind_label:0", "size_label:0"},
    "embedding_rnn": {"labels:0"},
    "embedding_gru": {"labels:0"},
    "clip_norm": {"sign:0"},
    "clip_global_norm": {"targets:0"},
    "shared_weights": {"same:0"},
    "tf_data_net": {"IteratorGetNext:1"},
    "estimator_net": {"IteratorGetNext:1"},
}
# where the weights flow together before the tensor that the program calls its output
BEFORE = {
    "clip_global_norm": "softmax/xw_plus_b",
    "handwritten_mlp": "add_2",
    "shared_weights": "sub",
}


@pytest.mark.parametrize("name", NAMES)
def test_step_loss_labels_and_output_are_found(name, program):
    one = program(name)
    structure = one.structure
    assert structure.train_op == node_of(one.names["train_op"])
    assert structure.loss == one.constants["LOSS"]
    assert set(one.labels) == LABELS.get(name, {"y:0"})
    trained = {v for v in one.graph.collections["trainable_variables"] if v in structure.variables}
    assert set(structure.trainable) == trained and len(trained) > 1
    if name != "tied_autoencoder":  # without labels no output can be told
        output = structure.output(one.inputs, one.labels)
        if len(one.constants["OUTPUTS"]) == 1:
            assert output == BEFORE.get(name, node_of(one.constants["OUTPUTS"][0]))
    else:
        assert structure.output(one.inputs, []) is None
    for output in one.constants["OUTPUTS"]:
        assert node_of(output) in structure.candidates(one.inputs, one.labels)


def test_placeholders_and_their_defaults(program):
    structure = program("contrib_batch_norm").structure
    assert set(structure.placeholders) == {"X", "y", "is_training"}
    assert structure.has_default("is_training") and not structure.has_default("X")


def test_a_given_step_and_loss_are_taken_with_and_without_an_index(program):
    graph = program("layers_batch_norm").graph
    alone = Structure(graph, "GradientDescent:0", "loss")
    assert (alone.train_op, alone.loss, alone.also) == ("GradientDescent", "loss:0", [])
    # the update of the averages is in the group alone
    assert "norm1/moving_mean" not in alone.written
    assert "norm1/moving_mean" in program("layers_batch_norm").structure.written
    updates = graph.collections["update_ops"]
    both = Structure(graph, ["GradientDescent", *updates])
    assert set(both.also) == {node_of(n) for n in updates}
    assert "norm1/moving_mean" in both.written


def test_a_wrong_step_or_loss_is_refused(program, fails):
    graph = program("clip_value").graph
    with fails("`train_op` must name an operation", "train_op='nothing'", "Momentum"):
        Structure(graph, "nothing")
    with fails("`loss` must name a tensor", "loss='nothing:0'"):
        Structure(graph, loss="nothing:0")


def test_two_steps_in_one_graph_are_not_guessed_between(program, fails):
    import tensorflow as tf

    one = tf.Graph()
    with one.as_default():
        w = tf.compat.v1.get_variable("w", [2])
        for name in ("first", "second"):
            loss = tf.reduce_sum(w * w, name=f"loss_{name}")
            tf.compat.v1.train.GradientDescentOptimizer(0.1, name=name).minimize(loss)
        content = tf.compat.v1.train.export_meta_graph().SerializeToString()
    graph = meta_graph.parse(content, "two")
    with fails("One operation must be the training step.", "2 in 'two': 'first', 'second'"):
        Structure(graph)
    assert Structure(graph, "second").loss == "loss_second:0"
    both = Structure(graph, ["first", "second"], "loss_first:0")
    assert both.also == ["second"]
    with fails("One tensor must be the loss.", "'loss_first:0', 'loss_second:0'"):
        Structure(graph, ["first", "second"])


def test_a_graph_without_a_step_is_refused(fails):
    import tensorflow as tf

    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="only")
        content = tf.compat.v1.train.export_meta_graph().SerializeToString()
    del graph
    with fails("One operation must be the training step.", "0 in 'x': none"):
        Structure(meta_graph.parse(content, "x"))


@pytest.mark.parametrize(
    ("name", "slots", "sparse"),
    [
        ("embedding_rnn", {"accumulator"}, True),
        ("two_inputs", {"mg", "ms", "momentum_slot"}, False),
        ("decoupled_decay", {"m", "v"}, False),
        ("weights_ema", set(), False),
    ],
)
def test_an_update_names_its_slots(name, slots, sparse, program):
    updates = program(name).structure.updates
    assert all(set(each.slots) == slots for each in updates)
    assert any(each.sparse for each in updates) == sparse


def test_a_variable_is_found_behind_its_reads(program):
    structure = program("two_inputs").structure  # resource variables
    assert structure.variable_of("rooms_hidden/MatMul/ReadVariableOp") == "rooms_hidden/kernel"
    assert structure.variable_of("rooms_hidden/MatMul") is None
    structure = program("clip_value").structure
    assert structure.variable_of("dnn/hidden1/weights/read") == "dnn/hidden1/weights"


def test_the_order_has_inputs_before_what_needs_them(program):
    structure = program("embedding_gru").structure
    order = structure.order
    assert len(set(order.values())) == len(order) == len(structure.nodes)
    assert order["encoder/embedding"] < order["output/MatMul"] < order["loss"]

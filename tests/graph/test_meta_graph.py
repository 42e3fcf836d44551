"""What is read of a `.meta` file and of a SavedModel, and what is refused."""

import os
from pathlib import Path

import pytest
import tensorflow as tf

from tf_recipes.graph import meta_graph

REMEDY = "Write the file again with tf.train.Saver().save(session, PREFIX) on TF1."


@pytest.fixture
def content(program):
    return Path(f"{program('clip_value').prefix}.meta").read_bytes()


def test_the_graph_its_collections_and_its_saver(program):
    graph = program("contrib_batch_norm").graph
    assert graph.tensorflow_version == "1.15.5"
    assert graph.restore == ("save/restore_all", "save/Const:0")
    assert graph.collections["train_op"] == ("train/Momentum",)
    # variables stand as records, operations and tensors as names
    assert graph.collections["global_step"] == ("global_step",)
    assert graph.collections["trainable_variables"][:2] == (
        "hidden1/weights",
        "hidden1/BatchNorm/beta",
    )
    assert graph.collections["update_ops"][0] == "hidden1/BatchNorm/cond_1/Merge:0"


def test_hints_on_shapes_and_places_are_left_out(program):
    import tensorflow as tf

    one = program("contrib_batch_norm")
    with open(f"{one.prefix}.meta", "rb") as file:
        written = tf.compat.v1.MetaGraphDef.FromString(file.read())
    assert any("_output_shapes" in node.attr for node in written.graph_def.node)
    for node in one.graph.definition.node:
        assert not {"_output_shapes", "_class"} & set(node.attr) and node.device == ""


def test_a_file_that_is_missing_or_too_large_is_refused(tmp_path, monkeypatch, fails, content):
    with fails("A TF1 graph must be a file.", "nothing.meta', no file"):
        meta_graph.read(tmp_path / "nothing.meta")
    with fails("A TF1 graph must be a file.", "saved_model.pb"):
        meta_graph.read(tmp_path)
    path = tmp_path / "large.meta"
    path.write_bytes(content)
    monkeypatch.setattr(meta_graph, "LARGEST", 1000)
    with fails("must have at most 1000 bytes", f"of {len(content)} bytes"):
        meta_graph.read(path)


def test_bytes_that_are_no_graph_are_refused(content, fails):
    with fails("A TF1 graph must have nodes.", "'x' without any", REMEDY):
        meta_graph.parse(b"", "x")
    for damaged in (content[: len(content) // 2], b"\xff" * 200, b"PK\x03\x04" + content):
        with fails("A TF1 graph must be readable.", REMEDY):
            meta_graph.parse(damaged, "x")
        with fails("A TF1 graph must be readable.", REMEDY):
            meta_graph.parse(damaged, "x", saved_model=True)


def test_a_graph_whose_bytes_changed_is_refused(content, fails):
    proto = tf.compat.v1.MetaGraphDef.FromString(content)
    user = next(node for node in proto.graph_def.node if node.input)
    user.input[0] = f"{user.input[0][:-1]}?"
    with fails("must take each other's outputs.", repr(user.name), "?'", "no node of 'x'", REMEDY):
        meta_graph.parse(proto.SerializeToString(), "x")
    proto = tf.compat.v1.MetaGraphDef.FromString(content)
    held = next(n for n in proto.graph_def.node if n.op in ("VariableV2", "VarHandleOp"))
    held.attr["dtype"].type = 77
    with fails("A variable of a TF1 graph must have a dtype.", repr(held.name), REMEDY):
        meta_graph.parse(proto.SerializeToString(), "x")


def test_random_bytes_never_give_a_traceback():
    for k in range(20):
        with pytest.raises(ValueError, match="A TF1 graph must"):
            meta_graph.parse(os.urandom(k * k), "x")
        with pytest.raises(ValueError, match="A TF1 graph must"):
            meta_graph.parse(os.urandom(k * k), "x", saved_model=True)


def field(number, value):
    """Returns a field of a protocol buffer that has a length."""
    size, head = len(value), bytes([number << 3 | 2])
    while size > 127:
        head, size = head + bytes([size & 127 | 128]), size >> 7
    return head + bytes([size]) + value


def tagged(content, tag):
    import tensorflow as tf

    proto = tf.compat.v1.MetaGraphDef.FromString(content)
    proto.meta_info_def.tags.append(tag)
    return proto.SerializeToString()


def test_of_a_saved_model_the_graph_for_training_is_taken(content, program, tmp_path):
    other = Path(f"{program('max_norm').prefix}.meta").read_bytes()
    version = b"\x08\x01"  # the first field of a SavedModel is a number
    saved = version + field(2, tagged(other, "serve")) + field(2, tagged(content, "train"))
    (tmp_path / "saved_model.pb").write_bytes(saved)
    for path in (tmp_path, tmp_path / "saved_model.pb"):
        assert "dnn/hidden1/weights" in {n.name for n in meta_graph.read(path).definition.node}
    first = meta_graph.parse(version + field(2, tagged(other, "serve")), "x", saved_model=True)
    assert "hidden1/weights" in {n.name for n in first.definition.node}
    with pytest.raises(ValueError, match="no graph in this SavedModel"):
        meta_graph.parse(version, "x", saved_model=True)


def test_a_part_of_a_graph_has_what_the_wanted_nodes_need(program, fails):
    graph = program("clip_value").graph
    part = meta_graph.without_unknown_ops(graph, ["dnn/outputs/BiasAdd"])
    names = {node.name for node in part.node}
    assert {"X", "dnn/hidden1/weights", "dnn/outputs/BiasAdd"} <= names
    assert "y" not in names and "Momentum" not in names
    with fails("A node must be in the graph.", "'nothing'"):
        meta_graph.without_unknown_ops(graph, ["nothing"])


def test_an_operation_that_tensorflow_lacks_is_named(content, fails):
    import tensorflow as tf

    proto = tf.compat.v1.MetaGraphDef.FromString(content)
    for node in proto.graph_def.node:
        if node.op == "Maximum":
            node.op = "MyCustomLeak"
    graph = meta_graph.parse(proto.SerializeToString(), "x")
    with fails("Every operation of the graph must exist", "MyCustomLeak (2 times, such as 'dnn/"):
        meta_graph.without_unknown_ops(graph, ["dnn/outputs/BiasAdd"])
    meta_graph.without_unknown_ops(graph, ["dnn/hidden1/BiasAdd"])  # it does not need them

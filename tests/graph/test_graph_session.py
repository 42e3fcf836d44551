"""Restoring, assigning and running a TF1 graph, and what no graph from elsewhere may do."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tf_recipes.graph import graph_session, meta_graph
from tf_recipes.graph.graph_session import GraphSession, touches
from tf_recipes.graph.structure import Structure

TOUCH = "A training step must not read or write files, nor run Python."


@pytest.fixture
def edited(program):
    """`edited(name, change)`: the structure of a program whose `GraphDef` was changed."""
    import tensorflow as tf

    def make(name, change):
        with open(f"{program(name).prefix}.meta", "rb") as file:
            proto = tf.compat.v1.MetaGraphDef.FromString(file.read())
        change(proto.graph_def, {node.name: node for node in proto.graph_def.node})
        return Structure(meta_graph.parse(proto.SerializeToString(), "edited"))

    return make


@pytest.fixture
def copied(program, tmp_path):
    """`copied(name)`: the prefix of a copy of a program's checkpoint."""

    def make(name):
        for path in Path(program(name).prefix).parent.glob("model.ckpt*"):
            shutil.copy(path, tmp_path)
        return tmp_path / "model.ckpt"

    return make


def test_every_variable_is_restored_and_can_be_set(program):
    one = program("embedding_gru")
    import tensorflow as tf

    reader = tf.train.load_checkpoint(one.prefix)
    for name, value in one.initial.items():
        assert (value == reader.get_tensor(name)).all(), name
    changed = {"output/bias": np.full(1, 3, "f4"), "not a variable": np.zeros(1)}
    one.session.assign(changed)
    assert one.session.values()["output/bias"] == 3
    one.session.assign(one.initial)
    assert (one.session.values()["output/bias"] == one.initial["output/bias"]).all()


@pytest.mark.parametrize("name", ["embedding_gru", "estimator_net"])
def test_large_variables_take_no_memory_until_they_are_set(program, name, monkeypatch):
    monkeypatch.setattr(graph_session, "LARGE", 8)  # bytes, so that several runs set them
    one = program(name)
    one.session.free({name: value.shape for name, value in one.initial.items()})
    assert sum(value.size for value in one.session.values(copied=False).values()) == sum(
        value.size for value in one.initial.values() if value.size <= 1
    )
    one.session.assign(one.initial)
    for name, value in one.session.values().items():
        np.testing.assert_array_equal(value, one.initial[name])


def test_shapes_dtypes_and_outputs_of_tensors(program):
    session = program("two_losses").session
    assert session.shape_of("x:0") == (None, 12) and session.dtype_of("kind_label:0") == "int64"
    assert session.outputs_of("kind/BiasAdd") == ["kind/BiasAdd:0"]
    assert session.outputs_of("nothing") == [] and session.outputs_of("group_deps") == []


def test_what_cannot_be_run_is_said_in_one_line(program, fails):
    one = program("handwritten_mlp")
    x, y = one.batches["x:0"], one.batches["y_:0"]
    with fails("Every placeholder that the graph needs must be fed.", "no value for 'keep_prob'"):
        one.session.run("loss:0", {"x": x, "y_": y})
    with fails("TensorFlow must be able to run the graph."):
        one.session.run("loss:0", {"x": x[:, :3], "y_": y, "keep_prob": 1.0})
    with fails("TensorFlow must be able to run the graph."):
        one.session.run("loss:0", {"x": x[:5], "y_": y, "keep_prob": 1.0})
    with fails("TensorFlow must be able to run the graph."):
        one.session.run("nothing:0", {})


def test_tensors_of_a_branch_that_is_not_taken_are_not_live(program):
    one = program("layers_conv_dropout")
    (draw,) = one.structure.draws
    feeds = {**one.batches, "training": True}
    assert one.session.live([draw, "loss:0"], feeds) == [draw, "loss:0"]
    assert one.session.live([draw], {**feeds, "training": False}) == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda p: p.with_suffix(".ckpt.index").unlink(), "A checkpoint must have an index."),
        (lambda p: p.with_suffix(".ckpt.index").write_bytes(b"?" * 99), "must be readable."),
        (
            lambda p: p.with_suffix(".ckpt.data-00000-of-00001").unlink(),
            "Every shard of a checkpoint must be there.",
        ),
        (
            lambda p: p.with_suffix(".ckpt.data-00000-of-00001").rename(f"{p}.data-00000-of-00002"),
            "Every shard of a checkpoint must be there.",
        ),
        (
            lambda p: p.with_suffix(".ckpt.data-00000-of-00001").write_bytes(b"1234"),
            "The shards of a checkpoint must hold its variables.",
        ),
        (
            lambda p: p.with_suffix(".ckpt.data-00000-of-00001").write_bytes(bytes(10**5)),
            "The checkpoint must hold every variable of the graph.",  # the checksums differ
        ),
    ],
)
def test_a_damaged_checkpoint_is_refused(damage, says, copied, program, fails):
    prefix = copied("clip_value")
    damage(prefix)
    with fails(says):
        program("clip_value").session.restore(prefix)


def test_the_checkpoint_of_another_graph_is_refused(copied, program, fails):
    with fails("The checkpoint must hold every variable of the graph.", "not found in checkpoint"):
        program("clip_value").session.restore(copied("max_norm"))


def test_a_variable_without_a_value_is_named(edited, program, fails):
    structure = edited("clip_value", lambda graph, nodes: None)
    with fails("Every variable must have a value.", "uninitialized"):
        GraphSession(structure).values()


def python(graph, nodes, inputs="dnn/outputs/biases/read"):
    """Puts a Python function before the last bias."""
    nodes["dnn/outputs/BiasAdd"].input[1] = "outside"
    node = graph.node.add(name="outside", op="PyFunc", input=[inputs])
    node.attr["token"].s = b"pyfunc_0"
    node.attr["Tin"].list.type.append(1)
    node.attr["Tout"].list.type.append(1)


def reading(graph, nodes):
    """Makes the loss wait until a file was read."""
    name = graph.node.add(name="path", op="Const")
    name.attr["dtype"].type = 7
    name.attr["value"].tensor.dtype = 7
    name.attr["value"].tensor.string_val.append(b"/etc/hostname")
    name.attr["value"].tensor.tensor_shape.SetInParent()
    graph.node.add(name="file", op="ReadFile", input=["path"])
    nodes["loss/loss"].input.append("^file")


def in_a_function(graph, nodes):
    function = graph.library.function.add()
    function.signature.name = "harmless"
    function.node_def.add(name="inside", op="WriteFile")
    call = graph.node.add(name="call", op="PartitionedCall")
    call.attr["f"].func.name = "harmless"
    nodes["Momentum"].input.append("^call")


def in_the_restore(graph, nodes):
    reading(graph, nodes)
    del nodes["loss/loss"].input[-1]
    nodes["save/restore_all"].input.append("^file")


def printing(graph, nodes):
    node = graph.node.add(name="print", op="PrintV2", input=["path"])
    node.attr["output_stream"].s = b"file:///tmp/written"
    nodes["loss/loss"].input.append("^print")
    reading(graph, nodes)
    del nodes["loss/loss"].input[-1]


@pytest.mark.parametrize(
    ("change", "op"),
    [
        (python, "PyFunc at 'outside'"),
        (reading, "ReadFile at 'file'"),
        (in_a_function, "WriteFile at 'inside'"),
        (in_the_restore, "ReadFile at 'file'"),
        (printing, "PrintV2 at 'print'"),
    ],
)
def test_a_step_that_touches_files_or_runs_python_is_refused(change, op, edited, fails):
    with fails(TOUCH, f"the operation {op}", "Feed the tensor"):
        GraphSession(edited("clip_value", change))


def test_what_is_fed_in_place_of_python_is_run(edited, program, fails):
    structure, one = edited("clip_value", python), program("clip_value")
    session = GraphSession(structure, fed=["outside"])
    start = session.restore(one.prefix)
    fed = {**one.batches, "outside": start["dnn/outputs/biases"]}
    loss = session.run("loss/loss:0", fed)
    one.session.assign(one.initial)
    assert loss == one.session.run("loss/loss:0", one.batches)
    with fails(TOUCH):
        GraphSession(structure, fed=["outside:1"])  # another of its tensors


def test_an_initializer_that_reads_a_file_is_not_run(edited, program):
    def change(graph, nodes):
        reading(graph, nodes)
        del nodes["loss/loss"].input[-1]
        nodes["dnn/outputs/biases/Assign"].input.append("^file")

    session = GraphSession(edited("clip_value", change))
    start = session.restore(program("clip_value").prefix)
    for name, value in program("clip_value").initial.items():
        assert (start[name] == value).all()


FILES = """
ReadFile WriteFile SaveV2 SaveSlices RestoreV2 MergeV2Checkpoints PyFunc EagerPyFunc
PyFuncStateless MatchingFiles WholeFileReader TFRecordReaderV2 WriteScalarSummary RpcCall
CreateSummaryFileWriter DebugIdentity TFRecordDataset TextLineDataset SaveDatasetV2
DatasetToTFRecord InitializeTableFromTextFileV2 LoadAndRemapMatrix
"""
NO_FILES = """
MatMul ReadVariableOp ResourceApplyAdam Merge ScalarSummary HistogramSummary Print
TensorArrayReadV3 IteratorGetNext QueueDequeueV2 Assert RandomUniform
"""


def test_the_kinds_that_touch_files():
    assert [op for op in FILES.split() if not touches(op)] == []
    assert [op for op in NO_FILES.split() if touches(op)] == []

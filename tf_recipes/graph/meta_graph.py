"""Reads a TF1 graph from a checkpoint's `.meta` file, a SavedModel or bytes."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.nodes import VARIABLES, node_of

LARGEST = 2**30  # bytes of a file that holds a graph; a protocol buffer has at most twice as many
# Hints on shapes and places, from the program that built the graph. Newer versions of TensorFlow
# infer other shapes for some gradients and then refuse the whole graph; the places are devices of
# another machine.
_HINTS = ("_output_shapes", "_class")


@dataclasses.dataclass(frozen=True)
class MetaGraph:
    """Holds a TF1 graph and what its program noted about it.

    `definition` is a `tf.compat.v1.GraphDef`, without hints on shapes and devices. `collections`
    are the names in each collection, of nodes, tensors or variables. `restore` is the name of the
    saver's restore operation and of the tensor that takes the checkpoint's path, or None.
    `shapes` are the shapes of tensors that the program knew, with None for any size: what a graph
    does not tell, such as those that `set_shape` sets, or the first versions of TF1 knew of
    placeholders.
    """

    source: str
    definition: Any
    collections: Mapping[str, tuple[str, ...]]
    restore: tuple[str, str] | None
    tensorflow_version: str
    shapes: Mapping[str, tuple[int | None, ...]] = dataclasses.field(default_factory=dict)


def read(path: str | os.PathLike[str]) -> MetaGraph:
    """Reads the graph beside a checkpoint, `PREFIX.meta`, or the graph of a TF1 SavedModel.

    Args:
        path: the `.meta` file, or a SavedModel's directory or `saved_model.pb`.

    Raises:
        ValueError: if the file is missing, too large, or holds no graph.
    """
    file = Path(path, "saved_model.pb") if Path(path).is_dir() else Path(path)
    remedy = "Pass a checkpoint's prefix, whose graph lies beside it as PREFIX.meta."
    if not file.is_file():
        validation.fail("A TF1 graph must be a file.", f"{str(file)!r}, no file", remedy)
    size = file.stat().st_size
    if size > LARGEST:
        validation.fail(
            f"The file of a graph must have at most {LARGEST} bytes.",
            f"{str(file)!r} of {size} bytes",
            "Freeze no constants into the graph; weights belong into the checkpoint.",
        )
    return parse(file.read_bytes(), str(file), saved_model=file.name == "saved_model.pb")


def parse(content: bytes, source: str, saved_model: bool = False) -> MetaGraph:
    """Reads a graph from bytes.

    Args:
        content: a serialised `MetaGraphDef`, or `SavedModel` where `saved_model` is True.
        source: what errors call the bytes, such as the file's path.
        saved_model: True for the content of `saved_model.pb`.

    Raises:
        ValueError: if the bytes hold no graph.
    """
    remedy = "Write the file again with tf.train.Saver().save(session, PREFIX) on TF1."
    try:
        if saved_model:
            content = _training_graph(content)
        proto = tf.compat.v1.MetaGraphDef.FromString(content)
    except Exception as error:  # protobuf's errors have no public type
        reason = shortened(str(error).partition("\n")[0], 200)
        return validation.fail("A TF1 graph must be readable.", f"{source!r}: {reason}", remedy)
    if not proto.graph_def.node:
        validation.fail("A TF1 graph must have nodes.", f"{source!r} without any", remedy)
    definition = proto.graph_def
    _check_whole(definition, source, remedy)
    shapes = _known_shapes(definition)
    for nodes in (definition.node, *(each.node_def for each in definition.library.function)):
        for node in nodes:
            node.device = ""
            for hint in _HINTS:
                node.attr.pop(hint, None)
    saver = proto.saver_def
    restore = (saver.restore_op_name, saver.filename_tensor_name) if saver.restore_op_name else None
    return MetaGraph(
        source,
        definition,
        {name: _names(collection) for name, collection in proto.collection_def.items()},
        restore,
        proto.meta_info_def.tensorflow_version,
        shapes,
    )


def _check_whole(definition: Any, source: str, remedy: str) -> None:
    """Checks that the nodes take nodes of the graph, and that variables have a dtype."""
    names = {node.name for node in definition.node}
    for node in definition.node:
        for each in node.input:
            if node_of(each) not in names:
                validation.fail(
                    "The nodes of a TF1 graph must take each other's outputs.",
                    f"{shortened(node.name, 80)!r}, which takes {shortened(each, 80)!r}, no node "
                    f"of {source!r}",
                    remedy,
                )
        if node.op in VARIABLES and not _is_dtype(node.attr["dtype"].type):
            validation.fail(
                "A variable of a TF1 graph must have a dtype.",
                f"{shortened(node.name, 80)!r} without one in {source!r}",
                remedy,
            )


def _is_dtype(number: int) -> bool:
    try:
        tf.as_dtype(number)
    except TypeError:
        return False
    return True


def without_unknown_ops(graph: MetaGraph, wanted: Iterable[str]) -> Any:
    """Returns the part of the graph that the wanted nodes need, a `GraphDef`.

    Args:
        graph: a `MetaGraph`.
        wanted: names of nodes.

    Raises:
        ValueError: if a node is missing, or an operation that they need is not in this TensorFlow.
    """
    nodes = {node.name: node for node in graph.definition.node}
    needed: set[str] = set()
    waiting = list(wanted)
    for name in waiting:
        if name not in nodes:
            validation.fail(
                "A node must be in the graph.",
                f"{shortened(name, 100)!r}, which {graph.source!r} does not have",
                "Pass the name of an operation or a tensor of the TF1 program.",
            )
        if name not in needed:
            needed.add(name)
            waiting += (each.removeprefix("^").partition(":")[0] for each in nodes[name].input)
    part = tf.compat.v1.GraphDef(versions=graph.definition.versions)
    part.library.CopyFrom(graph.definition.library)
    part.node.extend(node for node in graph.definition.node if node.name in needed)
    known = {function.signature.name for function in part.library.function}
    unknown = Counter(
        node.op for node in part.node if node.op not in known and not hasattr(tf.raw_ops, node.op)
    )
    if unknown:
        listed = ", ".join(
            f"{shortened(op, 60)} ({count} times, such as {_first(part, op)!r})"
            for op, count in unknown.most_common(5)
        )
        validation.fail(
            f"Every operation of the graph must exist in TensorFlow {tf.__version__}.",
            listed,
            "Run the graph on real TF 1.15 with reference='tf1', or replace the operation in the "
            "TF1 program and save again.",
        )
    return part


def _known_shapes(definition: Any) -> dict[str, tuple[int | None, ...]]:
    """Returns the shapes of tensors that the hints of a graph tell, with None for any size."""
    found = {}
    for node in definition.node:
        if "_output_shapes" not in node.attr:
            continue
        for place, shape in enumerate(node.attr["_output_shapes"].list.shape):
            if not shape.unknown_rank:
                sizes = (each.size for each in shape.dim)
                found[f"{node.name}:{place}"] = tuple(s if s >= 0 else None for s in sizes)
    return found


def _first(definition: Any, op: str) -> str:
    return shortened(next(node.name for node in definition.node if node.op == op), 80)


def _names(collection: Any) -> tuple[str, ...]:
    """Returns the names in a collection: of nodes as they stand, of variables without `:0`."""
    if collection.HasField("node_list"):
        return tuple(collection.node_list.value)
    if collection.HasField("bytes_list"):
        # a VariableDef begins with the variable's name; other records give no name of the graph
        found = (_first_string(each) for each in collection.bytes_list.value)
        return tuple(name.partition(":")[0] for name in found if name)
    return ()


def _first_string(record: bytes) -> str:
    """Returns the string in the first field of a serialised record, or "" if it has none."""
    size, at, shift = 0, 1, 0
    if record[:1] != b"\x0a":  # field 1, a string
        return ""
    while at < min(len(record), 6):
        size |= (record[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if record[at - 1] < 0x80:
            break
    return record[at : at + size].decode("utf-8", "replace")


def _training_graph(content: bytes) -> bytes:
    """Returns the serialised graph of a SavedModel: the one for training, or else the first.

    A `SavedModel` holds its graphs in field 2, and in each the tags in field 1's field 4.
    """
    graphs = [value for field, value in _fields(content) if field == 2]
    if not graphs:
        raise ValueError("no graph in this SavedModel")
    tagged = [
        g for g in graphs if "train" in tf.compat.v1.MetaGraphDef.FromString(g).meta_info_def.tags
    ]
    return (tagged or graphs)[0]


def _fields(record: bytes) -> Iterable[tuple[int, bytes]]:
    """Yields the number and the bytes of each field that has a length."""
    at = 0

    def varint() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            if at >= len(record) or shift > 63:
                raise ValueError("cut off")
            byte = record[at]
            value |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value

    while at < len(record):
        key = varint()
        if key & 7 == 2:
            size = varint()
            if at + size > len(record):
                raise ValueError("cut off")
            yield key >> 3, record[at : at + size]
            at += size
        elif key & 7 == 0:
            varint()
        elif key & 7 in (1, 5):
            at += 8 if key & 7 == 1 else 4
        else:
            raise ValueError("no SavedModel")

"""Reads the values of a graph's variables from a checkpoint, without running the graph."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.graph_session import check_files
from tf_recipes.graph.joined_values import JoinedValues
from tf_recipes.graph.meta_graph import MetaGraph
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure

_RESTORES = ("RestoreV2", "Restore", "RestoreSlice")
IN_MEMORY = 2**22  # bytes of a value that stays in memory
_WHOLE = "Pass the checkpoint that was saved with this .meta file, with all its shards."
_ASSIGNS = ("Assign", "AssignVariableOp")


class Place(NamedTuple):
    """Says where a checkpoint has a variable: its key, and for a partition the part of it."""

    key: str
    part: tuple[slice, ...] = ()


def places(graph: MetaGraph) -> dict[str, Place]:
    """Returns where the graph's saver reads each variable.

    A saver may know a variable under another name, and a partition as a part of a whole.

    Args:
        graph: a `MetaGraph`.
    """
    nodes = {node.name: node for node in graph.definition.node}
    found: dict[str, Place] = {}

    @functools.cache  # one node has the names of all variables
    def strings(tensor: str) -> list[str]:
        return _strings(nodes.get(node_of(tensor)))

    for node in nodes.values():
        if node.op not in _ASSIGNS or len(node.input) < 2:
            continue
        source, index = node.input[1].partition(":")[::2]
        read = nodes.get(source)
        while read is not None and read.op == "Identity":
            source, index = read.input[0].partition(":")[::2]
            read = nodes.get(source)
        if read is None or read.op not in _RESTORES:
            continue
        keys, parts = [*map(strings, read.input[1:3]), [], []][:2]
        k = int(index or 0)
        if k < len(keys):
            part = parts[k] if k < len(parts) else ""
            found[node_of(node.input[0])] = Place(keys[k], _slices(part))
    return found


def _strings(node: Any) -> list[str]:
    if node is None or node.op != "Const":
        return []
    array = np.atleast_1d(tf.make_ndarray(node.attr["value"].tensor))
    return [each.decode("utf-8", "replace") for each in array.tolist()]


def _slices(text: str) -> tuple[slice, ...]:
    """Returns the part that a text such as "10 4 0,5:0,4" stands for; none for the whole."""
    words = text.split()
    if not words or (":" not in words[-1] and "-" not in words[-1] and "," not in words[-1]):
        return ()
    found = []
    for each in words[-1].split(":"):
        first, comma, size = each.partition(",")
        found.append(slice(int(first), int(first) + int(size)) if comma else slice(None))
    return tuple(found)


def shapes(structure: Structure) -> dict[str, tuple[int, ...]]:
    """Returns `{variable: shape}` of the variables of numbers that a training step touches."""
    found = {}
    for name in structure.variables:
        node = structure.nodes[name]
        if tf.as_dtype(node.attr["dtype"].type).base_dtype != tf.string:
            found[name] = tuple(int(each.size) for each in node.attr["shape"].shape.dim)
    return found


def holds(prefix: str, graph: MetaGraph, names: Iterable[str]) -> bool:
    """Returns whether a checkpoint has values for some variables.

    Args:
        prefix: the checkpoint's path without `.index` or `.data-00000-of-00001`.
        graph: the graph beside the checkpoint.
        names: the variables.

    Raises:
        ValueError: if a file is missing or damaged.
    """
    check_files(prefix)
    there = tf.train.load_checkpoint(prefix).get_variable_to_shape_map()
    found = places(graph)
    return all(name in there or found.get(name, Place(name)).key in there for name in names)


def read(
    prefix: str,
    graph: MetaGraph,
    shapes: Mapping[str, tuple[int, ...]],
    more: Mapping[str, tuple[int, ...]] = types.MappingProxyType({}),
) -> CheckpointValues:
    """Returns `{variable: value}`; all values are checked, and read again where they are used.

    Args:
        prefix: the checkpoint's path without `.index` or `.data-00000-of-00001`.
        graph: the graph beside the checkpoint.
        shapes: `{variable: shape}` of the wanted variables, as the graph has them.
        more: the same for variables that may be missing in the checkpoint.

    Raises:
        ValueError: if a file is missing, damaged or another graph's, or a value is not finite.
    """
    check_files(prefix)
    reader = tf.train.load_checkpoint(prefix)
    there, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    found_places = places(graph)
    wanted = {name: found_places.get(name, Place(name)) for name in shapes}
    wanted = {n: p if p.key in there or n not in there else Place(n) for n, p in wanted.items()}
    remedy = _WHOLE
    for name, shape in more.items():
        place = found_places.get(name, Place(name))
        place = place if place.key in there else Place(name)
        if name not in wanted and place.key in there:
            wanted[name], shapes = place, {**shapes, name: shape}
    missing = [name for name, place in wanted.items() if place.key not in there]
    if missing:
        validation.fail(
            "The checkpoint must hold every variable that the model needs.",
            f"{prefix!r} without {_listed(missing)}",
            remedy,
        )
    keys = {place.key for place in wanted.values()}
    size = sum(math.prod(there[key]) * dtypes[key].size for key in keys)
    files = sum(path.stat().st_size for path in _data_files(prefix))
    if size > files:
        validation.fail(
            "A checkpoint must be as large as its variables.",
            f"{prefix!r} with {files} bytes for variables of {size} bytes",
            remedy,
        )
    found = CheckpointValues(prefix, reader, wanted)
    types_of_graph = {
        node.name: node.attr["dtype"].type  # a look would add the attribute to other nodes
        for node in graph.definition.node
        if "dtype" in node.attr
    }
    for name in wanted:
        _check(name, found[name], tuple(shapes[name]), types_of_graph[name], remedy)
    return found


def large_in_file(
    values: Mapping[str, NDArray[Any]], prefix: str, graph: MetaGraph
) -> Mapping[str, NDArray[Any]]:
    """Returns values of which the large ones are read from a checkpoint wherever they are used.

    Args:
        values: `{variable: value}`, as they were restored.
        prefix: the checkpoint's path.
        graph: the graph beside the checkpoint.
    """
    large = [name for name, value in values.items() if value.nbytes > IN_MEMORY]
    if not large or not Path(f"{prefix}.index").is_file():
        return values
    reader, found = tf.train.load_checkpoint(prefix), places(graph)
    there = reader.get_variable_to_shape_map()
    wanted = {name: found.get(name, Place(name)) for name in large}
    wanted = {name: place for name, place in wanted.items() if place.key in there}
    in_file = CheckpointValues(prefix, reader, wanted)
    equal = [name for name in in_file if np.array_equal(in_file[name], values[name])]
    small = {name: value for name, value in values.items() if name not in equal}
    return JoinedValues(values, small, in_file)


class CheckpointValues(Mapping[str, NDArray[Any]]):
    """Reads the value of a variable where it is asked for, so that memory holds few at a time.

    Args:
        prefix: the checkpoint's path, for errors.
        reader: reads a tensor by its key.
        wanted: `{variable: its place}`.
    """

    def __init__(self, prefix: str, reader: Any, wanted: Mapping[str, Place]) -> None:
        self._prefix, self._reader, self._places = prefix, reader, dict(wanted)

    def __getitem__(self, name: str) -> NDArray[Any]:
        place = self._places[name]
        try:
            value = np.asarray(self._reader.get_tensor(place.key))
        except Exception as error:  # TensorFlow raises many types for damaged files
            text = shortened(str(error).partition("\n")[0], 200)
            validation.fail("A checkpoint must be readable.", f"{self._prefix!r}: {text}", _WHOLE)
        return value[place.part] if place.part else value

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def _check(name: str, value: NDArray[Any], shape: tuple[int, ...], dtype: int, remedy: str) -> None:
    """Checks that a value fits the graph's variable, and is finite."""
    if tuple(value.shape) != shape:
        transposed = " The transpose would fit." if value.shape[::-1] == shape else ""
        validation.fail(
            "A variable must have the same shape in the checkpoint and in the graph.",
            f"{shortened(name, 80)!r} of shape {value.shape} in the checkpoint and {shape} in the "
            "graph",
            f"{remedy}{transposed}",
        )
    expected = tf.as_dtype(dtype).base_dtype
    if value.dtype != expected.as_numpy_dtype:
        validation.fail(
            "A variable must have the same dtype in the checkpoint and in the graph.",
            f"{shortened(name, 80)!r} as {value.dtype} in the checkpoint, {expected.name} in the "
            "graph: bits would be lost",
            remedy,
        )
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        validation.fail(
            "The variables must be finite numbers.",
            f"NaN or infinity in {shortened(name, 80)!r}",
            "Take an earlier checkpoint of the run.",
        )


def _data_files(prefix: str) -> Iterable[Path]:
    folder, name = Path(prefix).parent, Path(prefix).name
    found = [path for path in folder.iterdir() if path.name.startswith(f"{name}.data-")]
    return found or [Path(prefix)]


def _listed(names: list[str]) -> str:
    listed = ", ".join(repr(shortened(name, 60)) for name in names[:5])
    return listed + (f" and {len(names) - 5} more" if len(names) > 5 else "")

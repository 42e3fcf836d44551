"""Runs a TF1 graph in the installed TensorFlow: restores variables, takes steps, reads values."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph import gradient_gate
from tf_recipes.graph.backends import Installed, RealTF1, SessionError
from tf_recipes.graph.control_flow import Condition
from tf_recipes.graph.meta_graph import without_unknown_ops
from tf_recipes.graph.nodes import VARIABLES, full, node_of
from tf_recipes.graph.structure import Structure
from tf_recipes.graph.tf1_server import ASSIGN, NEW, READ

Values = dict[str, NDArray[Any]]
LARGE = 2**25  # bytes of values that are given to TensorFlow at a time
_WIDEST = 8  # bytes of a number
# Operations that read or write files, or run Python, and that a training step may not contain: a
# graph from elsewhere must not touch this machine.
_REFUSED = re.compile(
    r"(ReadFile|WriteFile|Save\w*|DistributedSave|MergeV2Checkpoints|\w*PyFunc\w*|\w*MatchingFiles\w*"
    r"|\w*Reader(V2)?|\w*Summary\w*Writer\w*|\w*Write\w*Summary|(Flush|Close)SummaryWriter"
    r"|CreateSummary\w+|\w*Rpc\w*|RemoteCall|Debug\w+|\w*DatasetToTFRecord|GenerateVocabRemapping"
    r"|LoadAndRemapMatrix|InitializeTableFromTextFile\w*|\w*(Record|TextLine|Sql|Load|Snapshot)Dataset\w*"
    r"|DataServiceDataset\w*|FileSystemSetConfiguration)$"
)
_RESTORES = re.compile(r"Restore(V2|Slice)?$")


class GraphSession:
    """Holds a session with the part of a graph that a training step and some tensors need.

    Args:
        structure: the `Structure` of the graph.
        extra: names of more tensors that will be asked for.
        python: a Python with TensorFlow 1.15 that runs the graph; None runs it in this process.
        fed: the tensors that each run is fed, so that what they come from is not run.

    Raises:
        ValueError: if the graph needs operations that this TensorFlow lacks, that touch files or
            that run Python.
    """

    def __init__(
        self,
        structure: Structure,
        extra: Iterable[str] = (),
        python: str | None = None,
        fed: Iterable[str] = (),
    ) -> None:
        self.structure = structure
        wanted = [structure.train_op, *structure.also, node_of(structure.loss)]
        wanted += map(node_of, extra)
        fed = {full(name) for name in fed}
        self._refuse(structure, wanted, fed)
        initializers = {
            node_of(node.input[0]): name
            for name, node in structure.nodes.items()
            if node.op in ("Assign", "AssignVariableOp")
            and name == f"{node_of(node.input[0])}/Assign"
        }
        # one that reads a file is not needed: the checkpoint has its variable
        self._initializers = {
            v: initializers[v]
            for v in structure.variables
            if v in initializers and not _touching(structure, [initializers[v]])
        }
        restore = [structure.graph.restore[0]] if structure.graph.restore else []
        self._refuse(structure, restore, restores=True)
        part = without_unknown_ops(
            structure.graph,
            [*wanted, *structure.variables, *self._initializers.values(), *restore],
        )
        gradient_gate.close(part, structure)
        content = part.SerializeToString()  # the import below adds attributes that TF1 lacks
        self._graph = tf.Graph()
        with self._graph.as_default():
            try:
                tf.graph_util.import_graph_def(part, name="")
            except Exception as error:  # TensorFlow raises many types for graphs it refuses
                text = shortened(str(error).partition("\n")[0], 200)
                validation.fail(
                    "TensorFlow must accept the graph.",
                    f"{structure.graph.source!r}: {text}",
                    "Run the graph on real TF 1.15 with reference='tf1'.",
                )
        self._names = [n.name for n in part.node if n.op in VARIABLES and _is_number(n)]
        self._backend: Installed | RealTF1 = (
            RealTF1(python, content, self._names) if python else Installed(self._graph, self._names)
        )

    @property
    def version(self) -> str:
        """Returns the version of the TensorFlow that runs the graph."""
        return self._backend.version

    def close(self) -> None:
        """Frees the session."""
        self._backend.close()

    def restore(self, prefix: str | os.PathLike[str]) -> Values:
        """Restores a checkpoint; returns the value of every variable.

        Variables that the checkpoint does not hold get the value of their initializer.

        Args:
            prefix: the checkpoint's path without `.index` or `.data-00000-of-00001`.

        Raises:
            ValueError: if the checkpoint is incomplete, damaged or another graph's.
        """
        prefix = os.fspath(prefix)
        check_files(prefix)
        # an initializer may need what only a restored variable has
        with contextlib.suppress(SessionError):
            self._run([*self._initializers.values()], {})
        try:
            if self.structure.graph.restore:
                restore, path = self.structure.graph.restore
                self._run([restore], {path: np.array(os.fsencode(prefix))})
            else:
                self._restore_by_name(prefix)
        except SessionError as error:
            text = shortened(_said(error.message), 200)
            validation.fail(
                "The checkpoint must hold every variable of the graph.",
                f"{prefix!r}: {text}",
                "Pass the checkpoint that was saved with this .meta file, with all its shards.",
            )
        return self.values()

    def initial_values(self, names: Iterable[str]) -> Values:
        """Returns the values that the initializers of some variables give, where they can run."""
        nodes, found = self.structure.nodes, {}
        for name in names:
            if name in self._initializers:
                tensor = nodes[self._initializers[name]].input[1]
                # an initializer may need what only a feed has
                with contextlib.suppress(SessionError):
                    found[name] = np.array(self._run([full(tensor)], {})[0])
        return found

    def assign(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Sets variables to values, several at a time as long as they are small."""
        waiting: Values = {}
        for name in values:
            if name in self._names:
                waiting[name] = values[name]
            if sum(value.nbytes for value in waiting.values()) > LARGE:
                self._set(waiting)
                waiting = {}
        self._set(waiting)

    def _set(self, values: Values) -> None:
        self._run(
            [f"{ASSIGN}{name}" for name in values],
            {f"{NEW}{name}": value for name, value in values.items()},
        )

    def free(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Frees the memory of large variables; they have no value until they are set.

        Args:
            shapes: `{variable: shape}`.
        """
        empty: Values = {}
        for name, shape in shapes.items():
            if name in self._names and math.prod(shape) > LARGE // _WIDEST:
                dtype = self._graph.get_operation_by_name(name).get_attr("dtype")
                empty[name] = np.zeros(0, dtype.base_dtype.as_numpy_dtype)
        self._set(empty)

    def values(self, copied: bool = True) -> Values:
        """Returns the value of every variable.

        Args:
            copied: False for arrays that the next step may change, in less time and memory.
        """
        try:
            found = self._run([f"{READ}{name}" for name in self._names], {})
        except SessionError as error:
            name = re.search(r"uninitialized value ([^\s]+)|variable (\S+)", error.message)
            return validation.fail(
                "Every variable must have a value.",
                shortened(name[0] if name else error.message.partition("\n")[0], 100),
                "Save the checkpoint with a saver of all variables, after their initialization.",
            )
        keep = np.array if copied else np.asarray
        return {name: keep(value) for name, value in zip(self._names, found, strict=True)}

    def run(self, fetched: Any, feeds: Mapping[str, Any]) -> Any:
        """Runs tensors and operations by name.

        Args:
            fetched: names of tensors, such as `"logits:0"`, or operations; a dict, list or name.
            feeds: `{name of a tensor: value}`.

        Raises:
            ValueError: if a tensor is not in the graph, or TensorFlow cannot compute this.
        """
        named = {full(name): value for name, value in feeds.items()}
        known = {name: v for name, v in named.items() if self._has(name)}
        names = _flat(fetched)
        try:
            values = self._run(names, known)
        except SessionError as error:
            missing = re.search(r"placeholder tensor '([^']+)'", error.message)
            if missing:
                return validation.fail(
                    "Every placeholder that the graph needs must be fed.",
                    f"no value for {shortened(missing[1], 100)!r}",
                    "Add an array of this name to the feeds, or set it with feed=.",
                )
            return _failed(error.message)
        return _packed(fetched, iter(values))

    def _run(self, names: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        return self._backend.run(names, feeds)

    def live(self, tensors: Iterable[str], feeds: Mapping[str, Any]) -> list[str]:
        """Returns those of some tensors that have a value; in a branch not taken they have none.

        Args:
            tensors: names of tensors.
            feeds: what the run will be fed, with each random number that a branch depends on.
        """
        needed_by = self.structure.control_flow.needed
        needed = {each: needed_by(each) for each in tensors}
        answers: dict[str, bool] = {}
        waiting = {asked for each in needed.values() for asked, _ in each}
        while waiting:  # a condition inside a branch has a value if the branch is taken
            waiting |= {a for w in waiting for a, _ in needed_by(w)}
            waiting -= answers.keys()
            ready = [w for w in sorted(waiting) if self._known(needed_by(w), answers)]
            taken = [w for w in ready if self._holds(needed_by(w), answers)]
            values = self.run(taken, feeds) if taken else []
            answers.update(dict.fromkeys(ready, False))
            answers.update({w: bool(v) for w, v in zip(taken, values, strict=True)})
        return [each for each, of in needed.items() if self._holds(of, answers)]

    @staticmethod
    def _known(conditions: Iterable[Condition], answers: Mapping[str, bool]) -> bool:
        return all(asked in answers for asked, _ in conditions)

    @staticmethod
    def _holds(conditions: Iterable[Condition], answers: Mapping[str, bool]) -> bool:
        return all(answers.get(asked) == answer for asked, answer in conditions)

    def shape_of(self, tensor: str) -> tuple[int | None, ...] | None:
        """Returns the static shape of a tensor, or None where its rank is not known."""
        shape = self._graph.get_tensor_by_name(tensor).shape
        return tuple(shape.as_list()) if shape.rank is not None else None

    def dtype_of(self, tensor: str) -> str:
        """Returns the name of a tensor's dtype."""
        return str(self._graph.get_tensor_by_name(tensor).dtype.base_dtype.name)

    def outputs_of(self, node: str) -> list[str]:
        """Returns the names of the tensors that a node of the session gives, or none."""
        try:
            return [each.name for each in self._graph.get_operation_by_name(node).outputs]
        except KeyError:
            return []

    def _has(self, tensor: str) -> bool:
        return bool(self.outputs_of(node_of(tensor)))

    def _restore_by_name(self, prefix: str) -> None:
        reader = tf.train.load_checkpoint(prefix)
        shapes = reader.get_variable_to_shape_map()
        self.assign({name: reader.get_tensor(name) for name in self._names if name in shapes})

    @staticmethod
    def _refuse(
        structure: Structure,
        wanted: Sequence[str],
        fed: Collection[str] = (),
        restores: bool = False,
    ) -> None:
        found = _touching(structure, wanted, fed, restores)
        if found:
            name, op = found
            validation.fail(
                "A training step must not read or write files, nor run Python.",
                f"the operation {op} at {shortened(name, 80)!r}",
                "Feed the tensor that the operation gives, or record the program.",
            )


def _touching(
    structure: Structure,
    wanted: Iterable[str],
    fed: Collection[str] = (),
    restores: bool = False,
) -> tuple[str, str] | None:
    """Returns the name and the kind of an operation that touches files or runs Python, or None.

    Args:
        structure: the `Structure` of the graph.
        wanted: the nodes that will run.
        fed: tensors that are fed, which nothing is computed for.
        restores: True where the nodes may read a checkpoint.
    """
    functions = {each.signature.name: each for each in structure.graph.definition.library.function}
    seen = {name for name in wanted if name in structure.nodes}
    waiting = [(structure.nodes[name], False) for name in seen]
    inside: set[str] = set()  # the functions that were looked into
    while waiting:
        node, in_function = waiting.pop()
        file = node.op == "PrintV2" and node.attr["output_stream"].s.startswith(b"file:")
        if file or _REFUSED.match(node.op) or (not restores and _RESTORES.match(node.op)):
            return node.name, node.op
        called = {node.op}
        for value in node.attr.values():
            called |= {value.func.name, *(each.name for each in value.list.func)}
        for name in called & functions.keys() - inside:
            inside.add(name)
            waiting += [(each, True) for each in functions[name].node_def]
        for tensor in () if in_function else node.input:
            named = full(tensor)
            name = node_of(tensor)
            control = tensor.startswith("^")
            if name in structure.nodes and name not in seen and (control or named not in fed):
                seen.add(name)
                waiting.append((structure.nodes[name], False))
    return None


def touches(op: str) -> bool:
    """Returns whether an operation of some kind touches files, or runs Python."""
    return bool(_REFUSED.match(op) or _RESTORES.match(op))


def _is_number(node: Any) -> bool:
    """Returns whether a variable holds numbers."""
    return tf.as_dtype(node.attr["dtype"].type).base_dtype not in (tf.string, tf.resource)


def _flat(fetched: Any) -> list[str]:
    """Returns the names in nested dicts and lists, in order."""
    if isinstance(fetched, Mapping):
        return [name for each in fetched.values() for name in _flat(each)]
    if isinstance(fetched, list | tuple):
        return [name for each in fetched for name in _flat(each)]
    return [fetched]


def _packed(fetched: Any, values: Iterator[Any]) -> Any:
    """Returns values in the structure of the names."""
    if isinstance(fetched, Mapping):
        return {key: _packed(each, values) for key, each in fetched.items()}
    if isinstance(fetched, list | tuple):
        return [_packed(each, values) for each in fetched]
    return next(values)


def check_files(prefix: str) -> None:
    """Checks that a checkpoint's index and shards are there, and that they are large enough."""
    remedy = "Copy the whole checkpoint: PREFIX.meta, PREFIX.index and every PREFIX.data-… file."
    folder = Path(prefix).parent
    shards = sorted(folder.glob(f"{_escaped(Path(prefix).name)}.data-*-of-*"))
    if not Path(f"{prefix}.index").is_file():
        if Path(prefix).is_file():  # the first format was a single file
            return
        validation.fail("A checkpoint must have an index.", f"no {prefix + '.index'!r}", remedy)
    counts = {path.name.rpartition("-of-")[2] for path in shards}
    if len(counts) != 1 or not (count := counts.pop()).isdigit() or len(shards) != int(count):
        found = ", ".join(path.name for path in shards) or "none"
        validation.fail("Every shard of a checkpoint must be there.", f"{shortened(found)}", remedy)
    try:
        reader = tf.train.load_checkpoint(prefix)
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except Exception as error:  # TensorFlow raises many types for damaged files
        text = shortened(str(error).partition("\n")[0], 200)
        validation.fail("A checkpoint must be readable.", f"{prefix!r}: {text}", remedy)
    needed = sum(
        int(np.prod(shape, dtype=object)) * max(dtypes[name].size, 1)
        for name, shape in shapes.items()
        if dtypes[name] != tf.string
    )
    there = sum(path.stat().st_size for path in shards)
    if needed > there:
        validation.fail(
            "The shards of a checkpoint must hold its variables.",
            f"{there} bytes for {needed}",
            remedy,
        )


def _escaped(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _said(message: str) -> str:
    """Returns the line of TensorFlow's message that says what went wrong."""
    lines = (line.strip() for line in message.splitlines())
    aside = ("Graph execution error", "Detected at node", "Node:", "[[", "Original stack trace")
    found = (line for line in lines if line and not line.startswith(aside))
    return next(found, "no word").rstrip(".:")


def _failed(message: str) -> Any:
    text = _said(message)
    remedy = "Check the shapes and dtypes of the feeds."
    if "on the CPU" in text or "No OpKernel" in text or "no supported kernel" in text.lower():
        remedy = "Run this where the device is for which the program was written, such as a GPU."
    return validation.fail(
        "TensorFlow must be able to run the graph.", shortened(text, 300), remedy
    )

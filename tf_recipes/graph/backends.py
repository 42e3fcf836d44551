"""Runs a graph in the installed TensorFlow, or on real TF 1.15 in a process of its own."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph import tf1_server


class SessionError(Exception):
    """Says why TensorFlow did not compute something; `kind` is the name of its error's class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class Installed:
    """Runs a graph in this process.

    Args:
        graph: a `tf.Graph`.
        variables: the names of its variables.
    """

    def __init__(self, graph: tf.Graph, variables: list[str]) -> None:
        self.version = str(tf.__version__)
        self._special = tf1_server.accessors(graph, variables)
        config = tf1_server.as_written()
        first = _channels_first(graph)
        if first and not tf.config.list_physical_devices("GPU"):
            _run_channels_last(config)
            with graph.as_default():  # what is fetched itself is not rewritten
                behind = {t.name: tf.identity(t).name for each in first for t in each.outputs}
            self._special = {**behind, **self._special}
        self._session = tf.compat.v1.Session(graph=graph, config=config)

    def run(self, fetched: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        """Returns the values of some names; None for an operation.

        Raises:
            SessionError: if TensorFlow does not compute them.
        """
        special = self._special
        try:
            return list(
                self._session.run(
                    [special.get(name, name) for name in fetched],
                    {special.get(name, name): value for name, value in feeds.items()},
                )
            )
        except tf.errors.OpError as error:
            raise SessionError(type(error).__name__, error.message) from error
        except (KeyError, TypeError, ValueError) as error:
            raise SessionError(type(error).__name__, str(error)) from error

    def close(self) -> None:
        """Frees the session."""
        self._session.close()


class RealTF1:
    """Runs a graph in a process with TF 1.15.

    Args:
        python: a Python that has TensorFlow 1.15.
        definition: the graph, a serialized `GraphDef`.
        variables: the names of its variables.

    Raises:
        ValueError: if that TensorFlow refuses the graph.
    """

    def __init__(self, python: str, definition: bytes, variables: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, as long as the process
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(Path(tf1_server.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_without_this_python(),
        )
        first = {"graph": np.frombuffer(definition, np.uint8)}
        self.version = str(
            self._ask({**first, "variables": np.array(json.dumps(list(variables)))})["version"]
        )

    def run(self, fetched: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
        """Returns the values of some names, as `Installed.run` does."""
        asked = {f"feed/{name}": np.asarray(value) for name, value in feeds.items()}
        got = self._ask({"fetched": np.array(json.dumps(list(fetched))), **asked})
        if "error" in got:
            raise SessionError(str(got["kind"]), str(got["error"]))
        return [got.get(str(k)) for k in range(len(fetched))]

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # what a dead process has not read
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._errors.close()

    def _ask(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            tf1_server.write(self._process.stdin, arrays)
            got: dict[str, Any] | None = tf1_server.read(self._process.stdout)
        except BrokenPipeError:
            got = None
        if got is None:
            self._errors.seek(0)
            lines = collections.deque(self._errors, 1)
            text = lines[0].decode("utf-8", "replace").strip() if lines else "no word"
            self.close()
            return validation.fail(
                "TensorFlow 1.15 must accept the graph.",
                shortened(text, 300),
                "Run the graph in the installed TensorFlow, without reference='tf1'.",
            )
        return got


def _channels_first(graph: tf.Graph) -> list[tf.Operation]:
    """Returns the operations of a graph that have the channels before rows and columns."""
    return [
        operation
        for operation in graph.get_operations()
        if "data_format" in operation.node_def.attr
        and operation.get_attr("data_format") in (b"NCHW", b"NCDHW")
    ]


def _run_channels_last(config: Any) -> None:
    """Sets that operations with channels first run with channels last, transposed.

    A processor has no kernels for channels first. Nothing else of the graph is changed.
    """
    options = config.graph_options.rewrite_options
    off = type(options).OFF
    for field in options.DESCRIPTOR.fields:
        kind = field.enum_type
        if kind is not None and kind.name == "Toggle":
            setattr(options, field.name, off)
    options.disable_meta_optimizer = False
    options.disable_model_pruning = True
    options.memory_optimization = type(options).NO_MEM_OPT
    options.min_graph_nodes = -1  # small graphs, too
    options.layout_optimizer = type(options).ON
    options.cpu_layout_conversion = type(options).NCHW_TO_NHWC


def _without_this_python() -> dict[str, str]:
    """Returns the environment without what TF1 would take for its own, such as flags of XLA."""
    ours = ("PYTHON", "TF_", "TF2_", "XLA_")
    left = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {**left, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"}

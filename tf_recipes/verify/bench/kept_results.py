"""Keeps what TF1 did in files, so that a run after a mend of the port does not compute it again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes._support import files
from tf_recipes.graph.graph_session import Values
from tf_recipes.graph.trajectory import Trajectory
from tf_recipes.parity import trace_file
from tf_recipes.verify.bench.feeds import Feeds
from tf_recipes.verify.bench.reference import Reference, Sensitivity, Steps

FORMAT = 4  # of the files; one more wherever the same graph would give other numbers
LARGEST = 2**28  # bytes of one file; what is larger is computed again
ALL = 2**30  # bytes of all files in the folder; the ones used longest ago are removed
_NAME = re.compile(r"(steps|forward|farther)-[0-9a-f]{64}\.npz$")
_STACKED = ("variables", "drawn", "masks")  # {name: array} for each step, kept as (steps, …)


class KeptResults:
    """Holds a folder of files, each with what one graph did with one set of feeds.

    A file is found by a digest of all that it depends on: the graph, the variables at the start,
    the feeds, the settings, TensorFlow's version and devices. A damaged file is computed again and
    replaced. Where the folder cannot be written to, nothing is kept.

    Args:
        folder: the folder; it is made when something is kept.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def sensitivity(
        self,
        reference: Reference,
        feeds: Feeds,
        values: Values,
        starts: int,
        seed: int,
    ) -> dict[str, float]:
        """Returns `Reference.forward_sensitivity`, from a file where there is one."""
        key = _digest(reference, [feeds.evaluate()], [sorted(values), starts, seed])

        def read(file: trace_file.ArrayFile) -> dict[str, float]:
            found = _about(file)
            if set(found) != set(values):
                raise ValueError("other tensors")
            return {name: float(found[name]) for name in values}

        path = self._path("forward", key)
        kept = _read(path, read)
        if kept is not None:
            return kept
        new = reference.forward_sensitivity(feeds, values, starts, seed)
        self._write(path, {"about": _packed(new)})
        return new

    def steps(
        self,
        reference: Reference,
        feeds: Feeds,
        evaluated: Sequence[str],
        starts: int,
        seed: int,
        on_step: Callable[[], object] = lambda: None,
    ) -> Steps:
        """Returns `Reference.steps`, from a file where there is one."""
        given = [feeds.step(k) for k in range(len(feeds.rows))]
        key = _digest(reference, [*given, feeds.evaluate()], [list(evaluated), starts, seed])
        path = self._path("steps", key)
        kept = _read(path, _steps)
        if kept is not None:
            return kept
        new = reference.steps(feeds, evaluated, starts, seed, on_step)
        self._write(path, _arrays(new))
        return new

    def farther_sensitivity(
        self,
        reference: Reference,
        run: Trajectory,
        feeds: Feeds,
        evaluated: Sequence[str],
        starts: int,
        seed: int,
        count: int,
        on_step: Callable[[], object] = lambda: None,
    ) -> Sensitivity:
        """Returns `Reference.farther_sensitivity`, from a file where there is one."""
        fed = [*(feeds.step(k) for k in range(count)), feeds.evaluate(), {"losses": run.losses}]
        path = self._path(
            "farther", _digest(reference, fed, [list(evaluated), starts, seed, count])
        )
        kept = _read(path, lambda file: _sensitivity(file, count))
        if kept is not None:
            return kept
        new = reference.farther_sensitivity(run, feeds, evaluated, starts, seed, count, on_step)
        self._write(path, {"about": _packed(_about_sensitivity(new)), "losses_drift": new.losses})
        return new

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / f"{kind}-{key}.npz"

    def _write(self, path: Path, arrays: Mapping[str, NDArray[Any]] | None) -> None:
        """Writes a file, and removes the oldest ones where they are too many; or does nothing."""
        if arrays is None or sum(each.nbytes for each in arrays.values()) > LARGEST:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.replacing(path) as partial, open(partial, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]  # NumPy has a keyword, too
            self._trim()

    def _trim(self) -> None:
        """Removes the files used longest ago until the rest takes at most `ALL` bytes."""
        found = []
        for path in self.folder.iterdir():
            if _NAME.match(path.name):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        size = 0
        for _, bytes_, path in sorted(found, reverse=True):
            size += bytes_
            if size > ALL:
                path.unlink(missing_ok=True)


def folder_of(cache: bool | str | os.PathLike[str]) -> Path | None:
    """Returns the folder that the setting `cache` means: the user's, a given one, or None."""
    if cache is True:
        try:
            return files.user_cache() / "verify"
        except RuntimeError:  # a user without a home
            return None
    return Path(cache) if cache is not False else None


def _digest(reference: Reference, fed: Sequence[Mapping[str, Any]], rest: Sequence[Any]) -> str:
    """Returns a digest of all that the numbers of a graph depend on."""
    structure = reference.structure
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    devices = sorted(each.device_type for each in tf.config.list_logical_devices())
    computer = [reference.session.version, tf.__version__, platform.machine(), threads, devices]
    computer += [os.environ.get("TF_ENABLE_ONEDNN_OPTS"), np.__version__]
    step = [structure.train_op, list(structure.also), structure.loss]
    between = sorted((k, list(each)) for k, each in reference.between.items())
    digest = hashlib.sha256(json.dumps([FORMAT, computer, step, between, list(rest)]).encode())
    digest.update(structure.graph.definition.SerializeToString(deterministic=True))
    for values in (reference.initial, *fed):
        for name in sorted(values):
            array = np.asarray(values[name])
            head = json.dumps([name, array.dtype.str, array.shape])
            digest.update(f"{len(head)}:{head}".encode())
            texts = array.dtype.kind == "O"
            digest.update(repr(array.tolist()).encode() if texts else array.tobytes())
    return digest.hexdigest()


def _read(path: Path, make: Callable[[trace_file.ArrayFile], Any]) -> Any:
    """Returns what a file holds, or None if there is no whole file."""
    try:
        if path.stat().st_size > LARGEST + 2**20:
            return None
        with trace_file.opened(path) as file:
            found = make(file)
        os.utime(path)  # the files used longest ago are removed first
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return None


def _packed(about: Any) -> NDArray[Any]:
    return np.frombuffer(json.dumps(about).encode(), np.uint8)


def _about(file: trace_file.ArrayFile) -> Any:
    return json.loads(_array(file, "about").tobytes())


def _array(file: trace_file.ArrayFile, name: str) -> NDArray[Any]:
    """Returns an array after a look at its size."""
    shape, dtype = file.head(name)
    if dtype.kind not in "fiub" or int(np.prod(shape, dtype=object)) * dtype.itemsize > LARGEST:
        raise ValueError("an array that this module did not write")
    return file.read(name)


def _arrays(steps: Steps) -> dict[str, NDArray[Any]] | None:
    """Returns a file's arrays; None where the steps' arrays have no common shape or odd dtypes."""
    run, arrays = steps.run, {}
    names: dict[str, list[str]] = {}
    for kind in _STACKED:
        each_step = getattr(run, kind)
        if len({frozenset(step) for step in each_step}) > 1:  # branches that some steps take
            return None
        names[kind] = sorted(each_step[0]) if each_step else []
        for k, name in enumerate(names[kind]):
            values = [np.asarray(step[name]) for step in each_step]
            if len({(v.shape, v.dtype) for v in values}) != 1:
                return None
            arrays[f"{kind}{k}"] = np.stack(values)
    names["outputs"] = sorted(run.outputs)
    for k, name in enumerate(names["outputs"]):
        arrays[f"outputs{k}"] = np.asarray(run.outputs[name])
    if any(each.dtype.kind not in "fiub" for each in arrays.values()):
        return None
    about = {
        "names": names,
        "numbers": list(run.numbers),
        **_about_sensitivity(steps.sensitivity),
        "noise": sorted(steps.noise),
    }
    return {
        "about": _packed(about),
        "losses": run.losses,
        "losses_drift": steps.sensitivity.losses,
        **arrays,
    }


def _steps(file: trace_file.ArrayFile) -> Steps:
    """Returns what a file holds.

    Raises:
        ValueError: if the file is not one that `_arrays` made.
    """
    about = _about(file)
    losses, names = _array(file, "losses"), about["names"]
    count = len(losses)

    def stacked(kind: str) -> list[Values]:
        arrays = {name: _array(file, f"{kind}{k}") for k, name in enumerate(names[kind])}
        if any(len(each) != count for each in arrays.values()):
            raise ValueError("another number of steps")
        return [{name: each[k, ...] for name, each in arrays.items()} for k in range(count)]

    run = Trajectory(
        losses,
        stacked("variables"),
        {name: _array(file, f"outputs{k}") for k, name in enumerate(names["outputs"])},
        stacked("drawn"),
        stacked("masks"),
        about["numbers"],
    )
    return Steps(run, _sensitivity(file, count), frozenset(about["noise"]))


def _about_sensitivity(found: Sensitivity) -> dict[str, Any]:
    return {"variables_drift": list(found.variables), "outputs_drift": dict(found.outputs)}


def _sensitivity(file: trace_file.ArrayFile, count: int) -> Sensitivity:
    """Returns the drifts that a file holds.

    Raises:
        ValueError: if they are not those of so many steps.
    """
    about, losses = _about(file), _array(file, "losses_drift")
    if not len(losses) == len(about["variables_drift"]) == count:
        raise ValueError("another number of steps")
    return Sensitivity(about["variables_drift"], losses, about["outputs_drift"])

"""Makes the Keras model to verify, again and again, and notes which line made which part."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import os
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import keras

from tf_recipes._support import saved_models, validation
from tf_recipes._support.visible import shortened

Place = tuple[str, int]  # a file and a line
Changes = Mapping[tuple[type, int], Mapping[str, Any]]  # of the k-th layer made of a class


class ModelSource:
    """Makes copies of one compiled model.

    Args:
        model: `"port.py:build"`, a function in a Python file that takes no arguments; the path of
            a `.keras` file; such a function; or a compiled model.
        unsafe: True to load a `.keras` file that holds Python code, such as a Lambda layer.
        compiled: whether the model must be compiled.

    Raises:
        ValueError: if there is no such file or function.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | Callable[[], Any] | keras.Model,
        unsafe: bool = False,
        compiled: bool = True,
    ) -> None:
        self.unsafe, self.saved, self._compiled = unsafe, False, compiled
        self.lines: dict[str, Place] = {}  # name of a layer or optimizer -> where it was made
        self.file: str | None = None
        self.can_copy = True
        if isinstance(model, keras.Model):
            self.name = type(model).__name__
            self._make = self._copies_of(model)
        elif callable(model):
            self.name = getattr(model, "__qualname__", "a function")
            code = getattr(getattr(model, "func", model), "__code__", None)
            self.file = code.co_filename if code else None
            self._make = model
        else:
            self.name = os.fspath(model)
            self._make = self._from_path(self.name)

    def make(self, changes: Changes | None = None) -> keras.Model:
        """Returns a new, compiled model.

        Args:
            changes: `{made_as: arguments}`: the arguments with which a layer is made in place of
                the port's own. `made_as` is an attribute of the layers that this method makes.

        Raises:
            ValueError: if the function fails, or gives no compiled model.
        """
        self.lines.clear()
        try:
            with self._noting_lines(), _with_arguments(changes or {}):
                model = self._make()
        except (Exception, SystemExit) as error:  # what ends Python must not end in a match
            if self.saved and isinstance(error, ValueError | OSError):
                raise  # it says already what is wrong with the file
            frames = [f for f in traceback.extract_tb(error.__traceback__) if self._own(f.filename)]
            at = f", line {frames[-1].lineno}" if frames else ""
            text = shortened(" ".join(str(error).split()), 300)
            return validation.fail(
                "The function must return a compiled Keras model.",
                f"{self.name}{at}: {type(error).__name__}: {text}",
                "Run the function by itself, and mend it.",
            )
        if not isinstance(model, keras.Model):
            validation.fail(
                "The function must return a compiled Keras model.",
                f"{self.name} returned {type(model).__name__}",
                "Write `return model` at its end.",
            )
        if self._compiled and getattr(model, "optimizer", None) is None:
            validation.fail(
                "The model must be compiled with an optimizer and a loss.",
                f"{self.name}, whose model has no optimizer",
                "Call model.compile(optimizer, loss) before returning the model.",
            )
        if self._compiled and int(keras.ops.convert_to_numpy(model.optimizer.iterations)):
            _restart(model)
        return model

    def line(self, name: str) -> Place | None:
        """Returns the file and the line that made a layer or an optimizer, if it is known."""
        return self.lines.get(name)

    def _own(self, filename: str) -> bool:
        return self.file is not None and os.path.realpath(filename) == os.path.realpath(self.file)

    @contextlib.contextmanager
    def _noting_lines(self) -> Iterator[None]:
        """Notes, while a model is made, the line of the file in which each part is made."""
        if self.file is None:
            yield
            return
        kinds = (keras.layers.Layer, keras.optimizers.Optimizer)
        before = [kind.__init__ for kind in kinds]
        counts: Counter[type] = Counter()

        def noting(first: Callable[..., None]) -> Callable[..., None]:
            def init(made: Any, *args: Any, **kwargs: Any) -> None:
                first(made, *args, **kwargs)
                object.__setattr__(made, "made_as", (type(made), counts[type(made)]))
                counts[type(made)] += 1
                frame: FrameType | None = sys._getframe(1)
                while frame is not None and not self._own(frame.f_code.co_filename):
                    frame = frame.f_back
                if frame is not None:
                    key = made.name if isinstance(made, keras.layers.Layer) else "optimizer"
                    self.lines[key] = (Path(self.file or "").name, frame.f_lineno)

            return init

        try:
            for kind, first in zip(kinds, before, strict=True):
                kind.__init__ = noting(first)
            yield
        finally:
            for kind, first in zip(kinds, before, strict=True):
                kind.__init__ = first

    def _from_path(self, path: str) -> Callable[[], Any]:
        if path.endswith(".keras"):
            self.saved = True
            return lambda: self._load(path)
        file, colon, function = path.rpartition(":")
        if not colon or not file.endswith(".py") or not function.isidentifier():
            validation.fail(
                "`model` must be FILE.py:FUNCTION or a .keras file.",
                f"model={shortened(path, 200)!r}",
                "Pass for example model='port.py:build', where build() returns a compiled model.",
            )
        if not Path(file).is_file():
            validation.fail("`model` must name a file.", f"no file {file!r}", "Correct the path.")
        self.file = os.path.abspath(file)
        module = self._run(self.file)
        found = getattr(module, function, None)
        if not callable(found):
            defined = [n for n, v in vars(module).items() if callable(v) and n[0] != "_"]
            validation.fail(
                "`model` must name a function of the file.",
                f"no function {function!r} in {file!r}",
                f"The file has {', '.join(defined[:8]) or 'none'}.",
            )
        return found

    def _run(self, file: str) -> Any:
        """Runs the user's file as a module; its own folder is on the module path meanwhile."""
        spec = importlib.util.spec_from_file_location("_verified_port", file)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        sys.path.insert(0, os.path.dirname(file))
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:  # what ends Python must not end in a match
            text = shortened(" ".join(str(error).split()), 300)
            validation.fail(
                "The model's file must run.",
                f"{file!r}: {type(error).__name__}: {text}",
                "Run it with python, and mend it.",
            )
        finally:
            sys.path.remove(os.path.dirname(file))
        return module

    def _load(self, path: str) -> keras.Model:
        """Returns the model of a file, compiled as it was saved."""
        safe = not self.unsafe
        try:
            saved_models.load(path, safe_mode=safe)  # checks the file
        except ValueError as error:
            if safe and "`Lambda`" in str(error) and "deserialization" in str(error):
                validation.fail(
                    "A .keras file must hold no Python code, which would be run.",
                    f"{path!r} with a Lambda layer",
                    "If you trust the file, pass unsafe=True.",
                )
            raise
        with warnings.catch_warnings():  # slots of a model that was saved before its training
            warnings.filterwarnings("ignore", message="Skipping variable loading")
            return keras.saving.load_model(path, compile=True, safe_mode=safe)

    def _copies_of(self, model: keras.Model) -> Callable[[], keras.Model]:
        """Returns a function that copies a compiled model by its configuration."""

        def copy() -> keras.Model:
            new = keras.models.clone_model(model)
            new.set_weights(model.get_weights())
            new.compile_from_config(model.get_compile_config())
            return new

        return copy


def _restart(model: keras.Model) -> None:
    """Sets the optimizer of a model that was trained before to the state of its first step.

    The weights get TF1's values, and so do the slots that TF1 has filled. What is left of another
    training would count as a difference.
    """
    optimizer = model.optimizer

    def state(of: keras.optimizers.Optimizer) -> list[keras.Variable]:
        return [each for each in of.variables if not each.path.endswith("learning_rate")]

    try:
        fresh = type(optimizer).from_config(_without_rate(optimizer.get_config()))
        fresh.build(model.trainable_variables)
        for variable, first in zip(state(optimizer), state(fresh), strict=True):
            variable.assign(first)
    except Exception as error:
        validation.fail(
            "The model's optimizer must be new, or its configuration must make it.",
            f"{type(optimizer).__name__} that took steps: "
            f"{shortened(' '.join(str(error).split()), 200)}",
            "Compile the model with a new optimizer before returning the model.",
        )


def _without_rate(config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the configuration of an optimizer, also of one around another, with the rate 0.

    A schedule of the user's own has no part in the state, and may not be made by its name.
    """
    found = dict(config)
    if "learning_rate" in found:
        found["learning_rate"] = 0.0
    inner = found.get("inner_optimizer")
    if isinstance(inner, Mapping) and isinstance(inner.get("config"), Mapping):
        found["inner_optimizer"] = {**inner, "config": _without_rate(inner["config"])}
    return found


@contextlib.contextmanager
def _with_arguments(changes: Changes) -> Iterator[None]:
    """Gives layers other arguments while they are made, whatever code makes them."""
    before = {kind: kind.__dict__.get("__init__") for kind, _ in changes}

    def changing(kind: type, first: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(first)
        made_ones: Counter[type] = Counter()

        def init(made: Any, *args: Any, **kwargs: Any) -> None:
            bound = signature.bind(made, *args, **kwargs)
            if type(made) is kind:
                other = changes.get((kind, made_ones[kind]), {})
                made_ones[kind] += 1
                for name, value in other.items():
                    bound.arguments[name] = value
            first(*bound.args, **bound.kwargs)

        return init

    try:
        for kind in before:
            first = kind.__init__  # type: ignore[misc]  # of the class itself
            setattr(kind, "__init__", changing(kind, first))  # noqa: B010
        yield
    finally:
        for kind, own in before.items():
            if own is None:
                delattr(kind, "__init__")
            else:
                setattr(kind, "__init__", own)  # noqa: B010

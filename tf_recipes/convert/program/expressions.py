"""Defines what the steps of a Keras program are made of, and writes it as source code.

Nothing from a graph reaches the code but as a literal, written by `repr`, or as an identifier that
`identifier` made. Names of functions and classes come from the patterns alone.
"""

from __future__ import annotations

import builtins
import dataclasses
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tf_recipes.convert.program import written_functions

LONGEST_NAME = 30  # letters of an identifier in the code
LONGEST_LAYER_NAME = 100  # a graph from elsewhere may hold names of any length


@dataclasses.dataclass(frozen=True)
class Named:
    """Stands for something that the code names, such as `keras.activations.elu`.

    `path` is written as it is, so that it must come from a pattern and not from a graph.
    """

    path: str


@dataclasses.dataclass(frozen=True)
class Made:
    """Stands for a call in the code, such as `tf_recipes.l2_regularizer(0.01)`.

    `keywords` are pairs of a name and a value, in the order in which they are written.
    """

    path: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True)
class WeightName:
    """Stands for the name that a layer has in the code, or for the path of one of its weights.

    `weight` is the name of the weight in the layer, or nothing for the layer.
    """

    layer: Layer
    weight: str = ""


def made(path: str, *arguments: Any, **keywords: Any) -> Made:
    """Returns a `Made` with these arguments."""
    return Made(path, arguments, tuple(keywords.items()))


@dataclasses.dataclass(frozen=True)
class Transform:
    """Says how a Keras variable is made from TF1 variables: a function of NumPy arrays.

    `function` is a name in `program/transforms.py`, `arguments` are its keyword arguments.
    """

    function: str
    arguments: tuple[tuple[str, Any], ...] = ()


@dataclasses.dataclass(frozen=True)
class Origin:
    """Says where the value of a Keras variable comes from.

    Attributes:
        variables: the TF1 variables, of which the checkpoint has the values.
        transform: how they make the value; None for one variable as it is.
        constant: the place in `KerasProgram.constants` of a value that the graph holds, or -1.
    """

    variables: tuple[str, ...] = ()
    transform: Transform | None = None
    constant: int = -1


@dataclasses.dataclass(frozen=True)
class Layer:
    """Describes a layer of the program; equal descriptions are one layer.

    Attributes:
        path: the class, such as `keras.layers.Dense`.
        arguments: the positional arguments of the class.
        keywords: pairs of a keyword and a value, without `name`.
        weights: pairs of a variable's path in the layer, such as `kernel` or `cell.kernel`, and its
            `Origin`.
        scope: TF1's scope or name, of which the layer's name is made.
    """

    path: str
    arguments: tuple[Any, ...] = ()
    keywords: tuple[tuple[str, Any], ...] = ()
    weights: tuple[tuple[str, Origin], ...] = ()
    scope: str = ""

    def keyword(self, name: str, default: Any = None) -> Any:
        """Returns the value of a keyword."""
        return dict(self.keywords).get(name, default)

    def with_keywords(self, **keywords: Any) -> Layer:
        """Returns the layer with other keywords, in the order of the old ones."""
        return dataclasses.replace(
            self, keywords=tuple({**dict(self.keywords), **keywords}.items())
        )

    def with_only(
        self, keywords: Mapping[str, Any], weights: tuple[tuple[str, Origin], ...]
    ) -> Layer:
        """Returns the layer with these keywords and weights, and no others."""
        return dataclasses.replace(self, keywords=tuple(keywords.items()), weights=weights)

    def with_activation(self, name: str) -> Layer:
        """Returns the layer with an activation, which stands before its other keywords."""
        others = {key: value for key, value in self.keywords if key != "activation"}
        return self.with_only({"activation": name, **others}, self.weights)

    @property
    def variables(self) -> tuple[str, ...]:
        """Returns the TF1 variables that the layer's weights come from."""
        return tuple(name for _, origin in self.weights for name in origin.variables)


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """Describes one step of the program: an input, the call of a layer, or an operation.

    Attributes:
        callee: a `Layer`, or the path of a function such as `keras.ops.matmul`, or an operator such
            as `+`, or `[]` for an index, or `keras.Input`.
        arguments: `Tensor`s, literals, and lists or tuples of them.
        keywords: pairs of a keyword and a value.
        shapes: the static shape of each output, with None for a dimension that is not known.
        dtypes: the dtype's name of each output.
        nodes: the TF1 nodes that the step stands for.
        scope: TF1's name, of which the name in the code is made.
        sequence: True where the step gives a list or tuple of tensors.
    """

    callee: Layer | str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    shapes: tuple[tuple[int | None, ...] | None, ...]
    dtypes: tuple[str, ...]
    nodes: tuple[str, ...]
    scope: str
    sequence: bool = False

    @property
    def layer(self) -> Layer | None:
        """Returns the layer that the step calls, or None for an operation."""
        return self.callee if isinstance(self.callee, Layer) else None

    def tensors(self) -> Iterator[Tensor]:
        """Yields the tensors that the step takes."""
        yield from tensors_in((self.arguments, tuple(value for _, value in self.keywords)))


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Stands for an output of a step."""

    step: Step
    index: int = 0

    @property
    def shape(self) -> tuple[int | None, ...] | None:
        """Returns the static shape, or None where the rank is not known."""
        return self.step.shapes[self.index]

    @property
    def dtype(self) -> str:
        """Returns the name of the dtype."""
        return self.step.dtypes[self.index]


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Yields the tensors in a value, however deep in lists, tuples, dicts and calls."""
    match value:
        case Tensor():
            yield value
        case Made():
            yield from tensors_in(value.arguments)
            yield from tensors_in([each for _, each in value.keywords])
        case list() | tuple():
            for each in value:
                yield from tensors_in(each)
        case Mapping():
            for each in value.values():
                yield from tensors_in(each)


def code(value: Any, name_of: Callable[[Tensor], str] | None = None) -> str:
    """Writes a value as source code.

    Args:
        value: a `Tensor`, `Named`, `Made`, a literal, an array, or lists, tuples or dicts of those.
        name_of: returns the code of a tensor.

    Raises:
        TypeError: for a value of another kind, which must not reach the code.

    >>> code(made("tf_recipes.l2_regularizer", 0.01))
    'tf_recipes.l2_regularizer(0.01)'
    >>> code({"a": (1, None)}), code(np.float32(0.1)), code("it's")
    ('{"a": (1, None)}', '0.1', '"it\\'s"')
    """
    match value:
        case Tensor():
            if name_of is None:
                raise TypeError("a tensor outside of a step")
            return name_of(value)
        case Named():
            return value.path
        case Made():
            return f"{value.path}({call(value.arguments, value.keywords, name_of)})"
        case str():
            return quoted(value)
        case bool() | None | int():
            return repr(value)
        case float() | np.floating():
            return number(value)
        case np.integer() | np.bool_():
            return repr(value.item())
        case list():
            whole = _whole_sequence(value)
            if whole is not None and name_of is not None:
                return name_of(whole).rpartition("[")[0]
            return f"[{', '.join(code(each, name_of) for each in value)}]"
        case tuple():
            inside = ", ".join(code(each, name_of) for each in value)
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        case dict():
            pairs = (f"{code(k, name_of)}: {code(v, name_of)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
    raise TypeError(f"{type(value).__name__} has no code")


def index(value: Any) -> str:
    """Writes what stands between the brackets of an index.

    >>> index((slice(None), -1)), index((..., None, slice(1, None, 2)))
    (':, -1', '..., None, 1::2')
    """
    match value:
        case tuple():
            return ", ".join(index(each) for each in value)
        case slice(start=start, stop=stop, step=step):
            first, last = ("" if each is None else code(each) for each in (start, stop))
            return f"{first}:{last}" + ("" if step is None else f":{code(step)}")
    return "..." if value is ... else code(value)


def _whole_sequence(tensors: list[Any]) -> Tensor | None:
    """Returns the first tensor, where a list has all the tensors that one step gives, in order."""
    first = tensors[0] if tensors else None
    if not isinstance(first, Tensor) or not first.step.sequence:
        return None
    whole = [(id(first.step), k) for k in range(len(first.step.shapes))]
    found = [(id(t.step), t.index) if isinstance(t, Tensor) else None for t in tensors]
    return first if found == whole else None


def call(arguments: Any, keywords: Any, name_of: Callable[[Tensor], str] | None = None) -> str:
    """Writes the arguments of a call."""
    given = [code(each, name_of) for each in arguments]
    given += [f"{name}={code(value, name_of)}" for name, value in keywords]
    return ", ".join(given)


def number(value: float | np.floating[Any]) -> str:
    """Writes a number with the fewest digits that give its bits again, in its own precision.

    >>> number(np.float32(0.1)), number(0.1), number(float("inf")), number(np.float32(300))
    ('0.1', '0.1', 'float("inf")', '300.0')
    """
    if not np.isfinite(value):
        return f'float("{float(value)}")'
    text = str(value.item() if isinstance(value, np.float64) else value)
    return repr(float(text))


def quoted(text: str) -> str:
    """Writes a string in double quotes, where it holds none.

    >>> quoted("a/b"), quoted('"')
    ('"a/b"', '\\'"\\'')
    """
    written = repr(text)
    return written if '"' in written else f'"{written[1:-1]}"'


def identifier(text: str, fallback: str = "x") -> str:
    """Returns a Python identifier that resembles a TF1 name.

    >>> identifier("dnn/hidden1/kernel:0"), identifier("1st"), identifier("class"), identifier("")
    ('dnn_hidden1_kernel_0', 'x_1st', 'class_', 'x')
    >>> identifier("InceptionV3/InceptionV3/Mixed_5b/Branch_0/Conv2d_0a_1x1")
    'branch_0_conv2d_0a_1x1'
    >>> identifier("IteratorGetNext"), identifier("W1"), identifier("Conv2D")
    ('iterator_get_next', 'w1', 'conv2d')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", text.replace("MatMul", "Matmul"))
    name = re.sub(r"[^0-9A-Za-z]+", "_", apart).strip("_").lower()
    if not name:
        return fallback
    if len(name) > LONGEST_NAME:  # the last words of a scope say the most
        name = name[-LONGEST_NAME:]
        name = name.partition("_")[2] or name
        while name[0].isdigit() and "_" in name:
            name = name.partition("_")[2]
    if name[0].isdigit():
        name = f"{fallback}_{name}"
    taken = keyword.iskeyword(name) or hasattr(builtins, name)
    taken = taken or name in (*_TAKEN, *written_functions.FUNCTIONS)
    return f"{name}_" if taken else name


# names that the code uses for something else
_TAKEN = ("keras", "sys", "tf_recipes", "build", "model", "numpy")


def layer_name(scope: str, fallback: str) -> str:
    """Returns the name of a Keras layer for a TF1 scope: letters, digits and underscores.

    >>> layer_name("dnn/hidden1", "dense"), layer_name("Größe", "dense"), layer_name("", "dense")
    ('dnn_hidden1', 'Gr_e', 'dense')
    """
    name = re.sub(r"[^0-9A-Za-z]+", "_", scope).strip("_")
    return name[-LONGEST_LAYER_NAME:].strip("_") or fallback

"""Says which fed tensors are the inputs and the labels of a Keras model, and in which form."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.graph.nodes import node_of
from tf_recipes.graph.structure import Structure


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Holds the tensors that a model takes, in the model's order.

    `inputs` are fed tensors, one for each input of the model; `labels` one for each output that
    has a loss; `weight` is the tensor of sample weights, or None. `labels_told` is whether a
    person or names told the order of the labels. `guessed` are the places of inputs that their
    order alone tells. `keyed` is whether a model without symbolic inputs takes a dict of them.
    """

    inputs: Sequence[str]
    labels: Sequence[str]
    weight: str | None = None
    labels_told: bool = False
    guessed: Sequence[int] = ()
    keyed: bool = False

    @property
    def keys(self) -> list[str]:
        """Returns the keys of the inputs in a dict: the placeholders' names, without scopes."""
        nodes = [node_of(name) for name in self.inputs]
        last = [node.rpartition("/")[2] for node in nodes]
        return last if len(set(last)) == len(last) else nodes

    def in_a_dict(self) -> Arguments:
        """Returns the same inputs for a model that takes a dict, whose keys leave no guess."""
        return dataclasses.replace(self, keyed=True, guessed=())

    def other_orders(self) -> Iterator[Arguments]:
        """Yields the arguments with the guessed inputs in each other order, of five at most."""
        places = list(self.guessed)
        for order in itertools.islice(itertools.permutations(places), 1, 120):
            inputs = list(self.inputs)
            for place, other in zip(places, order, strict=True):
                inputs[place] = self.inputs[other]
            yield dataclasses.replace(self, inputs=inputs)

    def for_outputs(self, structure: Structure, outputs: Sequence[str]) -> Arguments:
        """Returns the arguments with the labels in the order of some outputs, as the loss has them.

        Labels stay in the order that a person or names told.

        Args:
            structure: the `Structure` of the graph.
            outputs: the tensor beside each output of the model, maybe with `|` and a function.

        Raises:
            ValueError: if nothing tells which output takes which label.
        """
        names = [each.partition("|")[0] for each in outputs]
        if self.labels_told or len(self.labels) < 2 or len(names) < 2:
            return self
        paired = structure.labels_of(
            [n for n in names if node_of(n) in structure.nodes], self.labels
        )
        if len(paired) < len(names):
            listed = ", ".join(repr(shortened(each, 40)) for each in self.labels[:8])
            validation.fail(
                "Names or the graph must tell which output of the model takes which label.",
                f"{len(names)} outputs, and the labels {listed}",
                "Name the labels in the order of the model's outputs with labels=[...].",
            )
        return dataclasses.replace(self, labels=[paired[name] for name in names])

    def x(self, model: keras.Model, feeds: Mapping[str, Any]) -> Any:
        """Returns the inputs of the model, in its structure and shapes."""
        given = [np.asarray(feeds[name]) for name in self.inputs]
        wanted = _inputs(model)
        if not wanted and self.keyed:
            return dict(zip(self.keys, given, strict=True))
        if not wanted:
            return given[0] if len(given) == 1 else given
        shaped = [_shaped(a, t) for a, t in zip(given, wanted, strict=True)]
        by_tensor = {id(t): a for t, a in zip(wanted, shaped, strict=True)}
        if isinstance(model, keras.Sequential):
            return shaped[0]
        return keras.tree.map_structure(lambda t: by_tensor[id(t)], model.input)

    def y(self, model: keras.Model, feeds: Mapping[str, Any], predictions: Any) -> Any:
        """Returns the labels, in the form that the model's loss takes.

        TF1 programs feed labels as one-hot rows or as numbers, and Keras has a loss for each. A
        model that computes its loss by itself takes them as they are fed.
        """
        fed = self.labels
        outputs = keras.tree.flatten(predictions)
        if not fed and model.loss is not None and model.loss != []:
            fed = self.inputs  # an autoencoder: the loss compares outputs with inputs
            shapes = [np.shape(each) for each in outputs]
            alike = [name for name in fed if np.shape(feeds[name]) in shapes]
            fed = alike if len(alike) == len(outputs) else fed  # besides noise, say
        labels = [np.asarray(feeds[name]) for name in fed]
        names = _keys(predictions) or list(getattr(model, "output_names", None) or [])
        losses = _losses(model, names, len(labels))
        own = not model.loss and type(model).compute_loss is not keras.Model.compute_loss
        formed = [
            a if own else _label(a, np.shape(outputs[k]) if k < len(outputs) else None, losses[k])
            for k, a in enumerate(labels)
        ]
        if not formed:
            return None
        if len(formed) == 1:
            return formed[0]
        by_name = isinstance(model.loss, Mapping) or isinstance(predictions, Mapping)
        if by_name and len(names) == len(formed):
            return dict(zip(names, formed, strict=True))
        return formed


def find(
    structure: Structure,
    model: keras.Model,
    fed: Mapping[str, NDArray[Any]],
    inputs: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    weight: str | None = None,
) -> Arguments:
    """Finds which fed tensors are inputs and labels: by name, else by use.

    Args:
        structure: the `Structure` of the graph.
        model: the model.
        fed: `{tensor: array (rows, …)}`, what is fed.
        inputs: the tensors of the model's inputs, in order, or None to find them.
        labels: the tensors of the labels, in the order of the outputs, or None to find them.
        weight: the tensor of the sample weights, or None to find it where there are more labels
            than outputs.

    Raises:
        ValueError: if they cannot be told.
    """
    # a node may give several tensors, so that a name without a number means the first of them
    by_name = {node_of(name): name for name in reversed(list(fed))} | {name: name for name in fed}

    def named(field: str, names: Sequence[str]) -> list[str]:
        for name in names:
            if name not in by_name:
                validation.fail(
                    f"`{field}` must name fed arrays.",
                    f"{field}={shortened(name, 60)!r}",
                    f"The feeds have {', '.join(repr(each.removesuffix(':0')) for each in fed)}.",
                )
        return [by_name[name] for name in names]

    weights = named("sample_weight", [weight] if weight is not None else [])
    left = [name for name in fed if name not in weights]
    label_names = named("labels", labels) if labels is not None else None
    if label_names is None:
        label_names = [name for name in left if structure.feeds_only_the_loss(name)]
        if weight is None:
            weights = _weights(structure, model, label_names, fed)
            label_names = [name for name in label_names if name not in weights]
    left = [name for name in left if name not in (*label_names, *weights)]
    found = (named("inputs", inputs), []) if inputs is not None else _matched(model, left)
    ordered = _ordered_labels(model, label_names)
    return Arguments(
        found[0],
        label_names if ordered is None else ordered,
        weights[0] if weights else None,
        labels is not None or ordered is not None,
        found[1],
    )


def is_symbolic(model: keras.Model) -> bool:
    """Returns whether a model says by symbolic tensors what it takes; a subclass does not."""
    return bool(_inputs(model))


def _inputs(model: keras.Model) -> list[Any]:
    """Returns the symbolic inputs of a model, or none for one without, such as a subclass."""
    try:
        if isinstance(model, keras.Sequential):  # has no attribute `input` before it is called
            return list(model.inputs or [])
        return list(keras.tree.flatten(model.input))
    except (AttributeError, ValueError):
        return []


def _matched(model: keras.Model, left: list[str]) -> tuple[list[str], list[int]]:
    """Returns the tensors for the model's inputs: by name, then in order; and places in order."""
    wanted = _inputs(model)
    if not wanted:
        return left, list(range(len(left))) if len(left) > 1 else []
    found: dict[int, str] = {}
    rest = list(left)
    for k, tensor in enumerate(wanted):
        same = [name for name in rest if _same_name(name, tensor.name)]
        if len(same) == 1:
            found[k] = same[0]
            rest.remove(same[0])
    open_inputs = [k for k in range(len(wanted)) if k not in found]
    if len(rest) < len(open_inputs) or (len(open_inputs) > 1 and len(rest) != len(open_inputs)):
        validation.fail(
            "Each input of the model must have a fed array.",
            f"{len(wanted)} inputs ({', '.join(shortened(t.name, 40) for t in wanted)}) and the "
            f"arrays {', '.join(repr(shortened(n, 40)) for n in left) or 'none'}",
            "Name the inputs after the placeholders, or name the arrays with inputs=[...].",
        )
    found.update(zip(open_inputs, rest, strict=False))
    return [found[k] for k in range(len(wanted))], open_inputs if len(open_inputs) > 1 else []


def _same_name(tensor: str, name: str) -> bool:
    node = node_of(tensor)
    return name in (node, node.replace("/", "_"), node.rpartition("/")[2])


def _weights(
    structure: Structure, model: keras.Model, labels: list[str], fed: Mapping[str, NDArray[Any]]
) -> list[str]:
    """Returns the label that holds the samples' weights, where a model with one loss has several.

    Raises:
        ValueError: if there are several labels still for the one loss.
    """
    one = model.loss is not None and not isinstance(model.loss, Mapping | list | tuple)
    if len(labels) < 2 or not one or len(getattr(model, "output_names", None) or ["one"]) > 1:
        return []
    found = [
        name
        for name in structure.weights_of_samples(labels)
        if fed[name].dtype.kind == "f" and fed[name].size == len(fed[name])
    ]
    if len(found) != 1 or len(labels) > 2:
        listed = ", ".join(repr(shortened(each, 40)) for each in labels[:8])
        validation.fail(
            "A model with one loss takes one label, and may take weights of the samples.",
            f"{listed}, which only the loss of the graph takes",
            "Name them with labels=[...] and sample_weight=NAME, or give the model a loss for each "
            "output.",
        )
    return found


def _ordered_labels(model: keras.Model, labels: list[str]) -> list[str] | None:
    """Returns the labels in the order of the model's outputs, or None where no name tells it."""
    names = _output_keys(model) or list(getattr(model, "output_names", None) or [])
    if len(labels) > 1 and len(names) == len(labels):
        found = [[t for t in labels if _alike(t, name)] for name in names]
        if all(len(each) == 1 for each in found) and len({f[0] for f in found}) == len(names):
            return [each[0] for each in found]
    return None


def _alike(tensor: str, output: str) -> bool:
    words = set(node_of(tensor).lower().replace("/", "_").split("_")) - {"y", "labels", "label"}
    return bool(words & set(output.lower().split("_")))


def _keys(outputs: Any) -> list[str]:
    """Returns the keys of outputs that are a dict, in the order of the flattened outputs."""
    if not isinstance(outputs, Mapping):
        return []
    return [str(each) for each in keras.tree.flatten({key: key for key in outputs})]


def _output_keys(model: keras.Model) -> list[str]:
    """Returns the keys of a functional model's outputs, or none where they are no dict."""
    try:
        return _keys(model.output)
    except (AttributeError, ValueError):
        return []


def _losses(model: keras.Model, names: Sequence[str], count: int) -> list[Any]:
    loss = model.loss
    if isinstance(loss, Mapping):
        listed = [loss[n] for n in names] if set(names) == set(loss) else list(loss.values())
    else:
        listed = list(loss) if isinstance(loss, list | tuple) else [loss]
    return [*listed, *[listed[-1] if listed else None] * count][:count]


def _label(labels: NDArray[Any], shape: Any, loss: Any) -> NDArray[Any]:
    """Returns labels as numbers or one-hot rows, whichever the loss takes."""
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    sparse = "sparse" in str(name).lower()
    if shape is None:
        return labels
    classes, same = shape[-1] if len(shape) else 1, labels.shape == tuple(shape)
    if sparse and same and classes > 1 and _is_one_hot(labels):
        return labels.argmax(-1)
    whole = np.issubdtype(labels.dtype, np.integer)
    named = "categorical" in str(name).lower() and labels.ndim == len(shape) - 1
    if not sparse and named and whole and classes > 1:
        return np.eye(classes, dtype="float32")[labels]
    if not sparse and labels.size == int(np.prod(shape)) and not same:
        return labels.reshape(shape)
    return labels


def _is_one_hot(labels: NDArray[Any]) -> bool:
    """Returns whether each row holds one 1 and otherwise 0."""
    return bool(((labels == 0) | (labels == 1)).all() and (labels.sum(-1) == 1).all())


def _shaped(array: NDArray[Any], tensor: Any) -> NDArray[Any]:
    """Returns an input in the shape of the model's input, where it has as many numbers."""
    wanted = tuple(tensor.shape)
    if array.shape[1:] != wanted[1:] and None not in wanted[1:]:
        if int(np.prod(array.shape[1:])) != int(np.prod(wanted[1:])):
            validation.fail(
                "An input of the model must take the rows of its placeholder.",
                f"input {shortened(tensor.name, 40)!r} of shape {wanted}, rows {array.shape[1:]}",
                "Give the model an input of the placeholder's shape, or name the arrays with "
                "inputs=[...].",
            )
        array = array.reshape(len(array), *wanted[1:])
    return array.astype(tensor.dtype) if array.dtype != np.dtype(tensor.dtype) else array

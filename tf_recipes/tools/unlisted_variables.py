"""Finds variables of a model that Keras does not list among the model's variables."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

OWNERS = (
    keras.Layer,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.random.SeedGenerator,
)


def find(model: keras.Model) -> list[Any]:
    """Returns the variables among the attributes of a model, of its layers and of their attributes.

    Keras lists neither the states of a stateful RNN nor a layer's own `tf.Variable`s in
    `model.variables`. A training step changes them all the same.

    Args:
        model: a `keras.Model`.

    Returns:
        A list of `keras.Variable`s and, on TensorFlow, `tf.Variable`s. It holds the listed
        variables too, and a variable may be in it twice.

    >>> rnn = keras.layers.SimpleRNN(1, stateful=True)
    >>> model = keras.Sequential([keras.Input(batch_shape=(1, 2, 3)), rnn])
    >>> len(model.variables), len({id(variable) for variable in find(model)})
    (4, 5)
    """
    tensorflow = sys.modules.get("tensorflow")  # never imported here: another backend may be used
    plain = () if tensorflow is None else (tensorflow.Variable,)
    modules = () if tensorflow is None else (tensorflow.Module,)
    return list(_walk(model, (keras.Variable, *plain), (*OWNERS, *modules), set()))


def _walk(
    value: Any, variables: tuple[type, ...], owners: tuple[type, ...], seen: set[int]
) -> Iterator[Any]:
    """Yields the variables in `value`; `seen` has the ids of the objects that are searched."""
    if isinstance(value, variables):
        yield value
        return
    if isinstance(value, Mapping):
        items: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple, set)):
        items = value
    elif isinstance(value, owners):
        items = vars(value).values()
    else:
        return
    if id(value) not in seen:
        seen.add(id(value))
        for each in list(items):
            yield from _walk(each, variables, owners, seen)

"""Predicts with Monte-Carlo dropout: the mean of the sub-networks, and their disagreement."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes.tools import dropout_layers

ROUNDING = 1e-2  # rounding error of the sum of float16 probabilities
# With fewer rows than this, logits may look like probabilities by chance.
MIN_ROWS_TO_TELL = 5
_Collected = TypeVar("_Collected")


@dataclasses.dataclass(frozen=True, eq=False)
class MonteCarloPrediction:
    """Holds the prediction of all sub-networks together for n inputs.

    Args:
        probabilities: float64 (n, classes), the mean over the sub-networks.
        standard_deviation: float64 (n, classes), over the sub-networks.
        predictive_entropy: float64 (n,), the entropy of the mean in nats, from 0 to log(classes).
        mutual_information: float64 (n,), in nats: the part of this entropy that comes from the
            disagreement of the sub-networks. The remaining part is the mean entropy of a single
            sub-network.
    """

    probabilities: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    predictive_entropy: NDArray[np.float64]
    mutual_information: NDArray[np.float64]


def monte_carlo_dropout(
    model: keras.Model,
    x: Any,
    samples: int = 50,
    batch_size: int = 256,
    activation: str | None = "softmax",
    seed: int | None = None,
) -> MonteCarloPrediction:
    """Predicts with `samples` sub-networks that dropout draws, instead of the whole network.

    TF1: repeated `sess.run(logits, {is_training: True})`. With it, batch normalization uses the
    statistics of the batch, too, and updates its averages; `model(x, training=True)` does the same
    in Keras. This function draws only in the dropout layers; all other layers are in evaluation
    mode. It leaves the model unchanged, with its random generators, so training continues with the
    same numbers as without the call.

    Args:
        model: a `keras.Model` of any kind with one output (n, ..., classes) and with dropout layers
            at any depth: Keras' `Dropout`, `SpatialDropout1D` to `3D`, `GaussianDropout`,
            `AlphaDropout`, or this package's `Dropout`. The model must call these layers in
            evaluation, too.
        x: array (n, ...), or a structure of such arrays.
        samples: int >= 2, sub-networks for each batch.
        batch_size: int >= 1, rows at a time. The memory depends on it, but not on `samples`.
        activation: `"softmax"` if the outputs are logits; None if they are probabilities.
        seed: int, or None. The same seed and `batch_size` give the same result.

    Returns:
        A `MonteCarloPrediction`.

    Raises:
        ValueError: for a model without dropout; for dropout in recurrent cells or in compiled
            calls, where masks cannot be drawn; for outputs that are not logits or not
            probabilities; for an argument outside its range.

    >>> inputs = keras.Input((8,))
    >>> dropped = keras.layers.Dropout(0.5)(inputs)
    >>> model = keras.Model(inputs, keras.layers.Dense(3)(dropped))
    >>> found = monte_carlo_dropout(model, np.ones((2, 8), "float32"), samples=20, seed=1)
    >>> found.probabilities.shape, found.mutual_information.shape
    ((2, 3), (2,))

    References:
        Gal, Ghahramani, "Dropout as a Bayesian Approximation: Representing Model Uncertainty in
        Deep Learning", 2016.
        Houlsby, Huszár, Ghahramani, Lengyel, "Bayesian Active Learning for Classification and
        Preference Learning", 2011 (the mutual information).
    """
    parts = list(_parts(model, x, samples, batch_size, activation, seed, summarize))
    names = [field.name for field in dataclasses.fields(MonteCarloPrediction)]
    return MonteCarloPrediction(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in names)
    )


def subnetwork_probabilities(
    model: keras.Model,
    x: Any,
    samples: int,
    batch_size: int = 256,
    activation: str | None = "softmax",
    seed: int | None = None,
) -> NDArray[np.float64]:
    """Returns the probabilities of each sub-network that Monte-Carlo dropout draws.

    Args, Raises: as in `monte_carlo_dropout`, which returns `summarize` of the same draws.

    Returns:
        float64 (samples, n, ..., classes).
    """

    def stack(draws: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.stack(list(draws))

    parts = list(_parts(model, x, samples, batch_size, activation, seed, stack))
    return np.concatenate(parts, axis=1)


def entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Computes the entropy in nats over the last axis.

    >>> float(entropy(np.array([0.5, 0.5, 0.0])).round(4))  # log 2
    0.6931
    """
    # H = -sum p log p, where 0 log 0 = 0
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return -np.sum(probabilities * logs, axis=-1) + 0.0


def summarize(draws: Iterable[NDArray[np.float64]]) -> MonteCarloPrediction:
    """Returns the `MonteCarloPrediction` of two or more sub-networks, by Welford's updates.

    Args:
        draws: iterable of probabilities (n, ..., classes), one array for each sub-network.

    Raises:
        ValueError: for fewer than two draws.

    >>> draws = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])  # each is certain, of opposite classes
    >>> summarize(draws).mutual_information.round(4).tolist()  # log 2
    [0.6931]
    """
    count = 0
    mean: Any = 0.0
    squares: Any = 0.0
    entropies: Any = 0.0
    for count, probabilities in enumerate(draws, start=1):
        # m_k = m_(k-1) + (p - m_(k-1)) / k;  S_k = S_(k-1) + (p - m_(k-1)) (p - m_k)
        deviation = probabilities - mean
        mean = mean + deviation / count
        squares = squares + deviation * (probabilities - mean)
        entropies = entropies + entropy(probabilities)
    validation.whole("count of draws", count, 2)
    # I = H(E p) - E H(p)
    total = entropy(mean)
    information = np.maximum(total - entropies / count, 0)  # rounding may give a little less
    return MonteCarloPrediction(mean, np.sqrt(squares / (count - 1)), total, information)


def _parts(
    model: keras.Model,
    x: Any,
    samples: int,
    batch_size: int,
    activation: str | None,
    seed: int | None,
    collect: Callable[[Iterable[NDArray[np.float64]]], _Collected],
) -> Iterator[_Collected]:
    """Yields `collect(draws)` for each batch; `draws` are the sub-networks' probabilities."""
    validation.whole("samples", samples, 2)
    validation.whole("batch_size", batch_size, 1)
    if activation is not None:
        validation.choice("activation", activation, ("softmax",))
    seeds = np.random.SeedSequence(validation.seed("seed", seed))
    if not isinstance(model, keras.layers.Layer):
        validation.fail(
            "`model` must be a Keras model.",
            f"model={model!r}",
            "Pass a keras.Model with dropout layers.",
        )
    rows = _rows(x)
    model(_batch(x, 0, 1), training=False)  # builds a model that is not built
    layers = dropout_layers.inside(model)
    for start in range(0, rows, batch_size):
        batch = _batch(x, start, start + batch_size)
        with dropout_layers.drawing(layers, *seeds.spawn(1)) as drawn:
            part = collect(_draw(model, batch, activation, drawn) for _ in range(samples))
        yield part


def _draw(
    model: keras.Model, batch: Any, activation: str | None, drawn: list[keras.layers.Layer]
) -> NDArray[np.float64]:
    """Returns the probabilities of one sub-network."""
    drawn.clear()
    outputs = model(batch, training=False)
    if not drawn:
        validation.fail(
            "The model must call its dropout layers in evaluation, too.",
            "a model whose dropout layers were not called",
            "Write self.dropout(x, training=training) in `call`, without `if training` around it.",
        )
    return _probabilities(outputs, activation)


def _probabilities(outputs: Any, activation: str | None) -> NDArray[np.float64]:
    if isinstance(outputs, (list, tuple, dict)) or len(outputs.shape) < 2 or outputs.shape[-1] < 2:
        validation.fail(
            "The model must have one output, (n, ..., classes), of two classes or more.",
            f"{keras.tree.map_structure(lambda each: tuple(each.shape), outputs)}",
            "Pass a model with only this output, such as keras.Model(model.input, logits).",
        )
    outputs = np.asarray(keras.ops.convert_to_numpy(outputs), np.float64)
    are_probabilities = (outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=ROUNDING)
    certainly = are_probabilities and len(outputs) >= MIN_ROWS_TO_TELL
    mistaken = not are_probabilities if activation is None else certainly
    if mistaken or not np.isfinite(outputs).all():
        validation.fail(
            "The outputs must be finite logits, or with activation=None probabilities.",
            f"activation={activation!r}, outputs from {outputs.min():.3g} to {outputs.max():.3g} "
            f"that {'are' if are_probabilities else 'are not'} probabilities",
            "Pass activation=None for probabilities and activation='softmax' for logits. If the "
            "outputs are infinite or NaN, pass a model that has not diverged.",
        )
    if activation is None:
        return outputs
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.softmax(outputs)), np.float64)


def _rows(x: Any) -> int:
    """Returns the number of rows, the same for all arrays in `x`."""
    shapes = [np.shape(array) for array in keras.tree.flatten(x)]
    counts = {shape[0] if shape else 0 for shape in shapes}
    if len(counts) != 1 or 0 in counts:
        validation.fail(
            "The inputs must be arrays with the same number of rows, at least one.",
            f"shapes {shapes}",
            "Pass arrays whose first axes have the same length.",
        )
    return counts.pop()


def _batch(x: Any, start: int, stop: int) -> Any:
    return keras.tree.map_structure(lambda array: array[start:stop], x)

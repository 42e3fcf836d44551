"""Monte-Carlo dropout: the average over the sub-networks, and how far they disagree."""

import dataclasses

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes.tools import dropout_layers

ROUNDING = 1e-2  # of the sum of float16 probabilities
FEW = 5  # rows: the logits of fewer may add up to 1 by chance


@dataclasses.dataclass(frozen=True, eq=False)
class MonteCarloPrediction:
    """What the sub-networks say together about n inputs.

    Args:
        probabilities: float64 (n, classes), the mean over the sub-networks.
        standard_deviation: float64 (n, classes), how far one sub-network is from another.
        predictive_entropy: float64 (n,), of the mean, in nats, from 0 to log(classes).
        mutual_information: float64 (n,), in nats: the part of that entropy which comes from the
            sub-networks' disagreement. The rest is what each by itself is unsure of.
    """

    probabilities: np.ndarray
    standard_deviation: np.ndarray
    predictive_entropy: np.ndarray
    mutual_information: np.ndarray


def monte_carlo_dropout(model, x, samples=50, batch_size=256, activation="softmax", seed=None):
    """Predicts with `samples` sub-networks that dropout draws, in place of the one whole network.

    TF1: `sess.run(logits, {is_training: True})` again and again, which has batch normalization use
    the statistics of the batch, too, and update its averages. So would `model(x, training=True)`
    here. This draws in the dropout layers alone; everything else is in evaluation. The model is
    as it was afterwards, its random generators too: a training goes on as if nothing had been.

    Args:
        model: a `keras.Model` of any kind, with one output (n, ..., classes), and dropout layers,
            however deep inside: Keras' `Dropout`, `SpatialDropout1D` to `3D`, `GaussianDropout`,
            `AlphaDropout`, or this package's `Dropout`. They must be called in evaluation, too.
        x: array (n, ...), or a structure of them.
        samples: int >= 2, sub-networks for each batch.
        batch_size: int, rows at a time. Memory grows with it, and not with `samples`.
        activation: `"softmax"` for a model that gives logits; None for one that gives
            probabilities.
        seed: int, for the same result again with the same `batch_size`; or None.

    Returns:
        A `MonteCarloPrediction`.

    Raises:
        ValueError: for a model without dropout, or with dropout where this cannot draw: inside
            recurrent cells, or in calls that are compiled; for outputs that are no logits or no
            probabilities; for bad arguments.

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


def subnetwork_probabilities(model, x, samples, batch_size=256, activation="softmax", seed=None):
    """What each of those sub-networks says: float64 (samples, n, ..., classes).

    Arguments and errors as of `monte_carlo_dropout`, which is `summarize` of the same draws.
    """

    def stack(draws):
        return np.stack(list(draws))

    parts = list(_parts(model, x, samples, batch_size, activation, seed, stack))
    return np.concatenate(parts, axis=1)


def entropy(probabilities):
    """Entropy in nats over the last axis.

    >>> float(entropy(np.array([0.5, 0.5, 0.0])).round(4))  # log 2
    0.6931
    """
    # H = -sum p log p, where 0 log 0 = 0
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return -np.sum(probabilities * logs, axis=-1) + 0.0


def summarize(draws):
    """The `MonteCarloPrediction` of what two sub-networks or more say, by Welford's updates.

    Args:
        draws: iterable of probabilities (n, ..., classes), one for each sub-network.

    >>> found = summarize(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))  # each sure, of opposite classes
    >>> found.mutual_information.round(4).tolist()  # log 2
    [0.6931]
    """
    count, mean, squares, entropies = 0, 0.0, 0.0, 0.0
    for count, probabilities in enumerate(draws, start=1):
        # m_k = m_(k-1) + (p - m_(k-1)) / k;  S_k = S_(k-1) + (p - m_(k-1)) (p - m_k)
        deviation = probabilities - mean
        mean = mean + deviation / count
        squares = squares + deviation * (probabilities - mean)
        entropies = entropies + entropy(probabilities)
    validation.whole("count of draws", count, 2)
    # I = H(E p) - E H(p)
    total = entropy(mean)
    information = np.maximum(total - entropies / count, 0)  # rounding may leave a hair less
    return MonteCarloPrediction(mean, np.sqrt(squares / (count - 1)), total, information)


def _parts(model, x, samples, batch_size, activation, seed, collect):
    """Yields `collect(draws)` for each batch; `draws` are the sub-networks' probabilities."""
    validation.whole("samples", samples, 2)
    validation.whole("batch_size", batch_size, 1)
    if activation is not None:
        validation.choice("activation", activation, ("softmax",))
    seeds = np.random.SeedSequence(validation.seed("seed", seed))
    if not isinstance(model, keras.layers.Layer):
        validation.fail("`model` must be a Keras model.", f"model={model!r}", "Give one.")
    rows = _rows(x)
    model(_batch(x, 0, 1), training=False)  # builds what is not built
    layers = dropout_layers.inside(model)
    for start in range(0, rows, batch_size):
        batch = _batch(x, start, start + batch_size)
        with dropout_layers.drawing(layers, *seeds.spawn(1)) as drawn:
            part = collect(_draw(model, batch, activation, drawn) for _ in range(samples))
        yield part


def _draw(model, batch, activation, drawn):
    """One sub-network's probabilities."""
    drawn.clear()
    outputs = model(batch, training=False)
    if not drawn:
        validation.fail(
            "The model must call its dropout layers in evaluation, too.",
            "a model whose dropout layers were not called",
            "Write self.dropout(x, training=training), and no `if training` around it.",
        )
    return _probabilities(outputs, activation)


def _probabilities(outputs, activation):
    if isinstance(outputs, (list, tuple, dict)) or len(outputs.shape) < 2 or outputs.shape[-1] < 2:
        validation.fail(
            "The model must have one output, (n, ..., classes), of two classes or more.",
            f"{keras.tree.map_structure(lambda each: tuple(each.shape), outputs)}",
            "Give a model with that output alone.",
        )
    outputs = np.asarray(keras.ops.convert_to_numpy(outputs), np.float64)
    are = (outputs >= 0).all() and np.allclose(outputs.sum(axis=-1), 1, atol=ROUNDING)
    other = not are if activation is None else are and len(outputs) >= FEW
    if other or not np.isfinite(outputs).all():
        validation.fail(
            "The outputs must be finite logits, or with activation=None probabilities.",
            f"activation={activation!r}, outputs from {outputs.min():.3g} to {outputs.max():.3g} "
            f"that {'are' if are else 'are not'} probabilities",
            "Give the other activation, or a model that has not diverged.",
        )
    if activation is None:
        return outputs
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.softmax(outputs)), np.float64)


def _rows(x):
    shapes = [np.shape(array) for array in keras.tree.flatten(x)]
    counts = {shape[0] if shape else 0 for shape in shapes}
    if len(counts) != 1 or 0 in counts:
        validation.fail(
            "The inputs must be arrays of as many rows, one at least.",
            f"shapes {shapes}",
            "Give arrays with the same first axis.",
        )
    return counts.pop()


def _batch(x, start, stop):
    return keras.tree.map_structure(lambda array: array[start:stop], x)

"""Draws the learning curves of a training run."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot(history: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Writes the figure of `draw` to a PNG file.

    Args:
        history: the result of `tf_recipes.training.train`.
        path: the path of the file.
    """
    draw(history).savefig(path, dpi=120, format="png")


def draw(history: Mapping[str, Any]) -> "Figure":
    """Returns a figure of the training and validation loss and accuracy over the epochs.

    Args:
        history: the result of `tf_recipes.training.train`.
    """
    # A figure without pyplot does not change the caller's backend. Matplotlib is imported only
    # here, because the import is slow.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    loss, accuracy = figure.subplots(1, 2)
    epochs = range(1, len(history["loss"]) + 1)
    _curves(loss, epochs, history["loss"], history["val_loss"])
    loss.set_ylabel("loss (cross-entropy and penalties, nats)")
    _curves(accuracy, epochs, *(_percent(history[key]) for key in ("accuracy", "val_accuracy")))
    test = 100 * history["test_accuracy"]
    accuracy.axhline(test, color="0.4", linestyle=":", label=f"test, at the end: {test:.2f} %")
    accuracy.set_ylabel("accuracy (%)")
    for axes in (loss, accuracy):
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.suptitle(history["recipe"]["name"])
    return figure


def _curves(
    axes: Any, epochs: Iterable[int], training: Iterable[float], validation: Iterable[float]
) -> None:
    axes.plot(epochs, training, marker="o", markersize=4, label="training, mean over the epoch")
    axes.plot(epochs, validation, marker="s", markersize=4, label="validation, after the epoch")


def _percent(shares: Iterable[float]) -> list[float]:
    return [100 * share for share in shares]

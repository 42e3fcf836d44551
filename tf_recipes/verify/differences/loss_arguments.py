"""Tries other arguments of the loss: logits or probabilities, and the smoothing of the labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tf_recipes.verify.bench.substitution import TRAINING, Case, Substitution, rounded

_LOSSES: dict[str, type[keras.losses.Loss]] = {
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
}
_SHOWN = ("from_logits", "label_smoothing")


def substitutions(case: Case) -> Iterator[Substitution]:
    """Yields the loss of the port with other arguments, where it is a cross-entropy of Keras."""
    loss = case.model.loss
    if isinstance(loss, str):
        loss = _LOSSES[loss]() if loss in _LOSSES else None
    if case.stage != TRAINING or type(loss) not in _LOSSES.values():
        return
    config = loss.get_config()
    if not config["from_logits"] and not any("|" in each.tensor for each in case.result.outputs):
        text = "the outputs are TF1's logits, and the port takes them for probabilities"
        yield Substitution("logits", *_changed(loss, config | {"from_logits": True}, text))
    if "label_smoothing" not in config:
        return
    now = config["label_smoothing"]
    for share in _smoothed(case) or ([0.0] if now else []):
        if abs(share - now) > 1e-6:
            text = f"TF1 smooths the labels by {share:g}; the port by {now:g}"
            changed = _changed(loss, config | {"label_smoothing": share}, text)
            yield Substitution("label_smoothing", *changed)


def _smoothed(case: Case) -> list[float]:
    """Returns by which shares TF1 may smooth labels: they are multiplied by 1 - share."""
    graph, labels = case.structure, case.result.bench.reference.arguments.labels
    everything = set(graph.nodes)
    of_labels = graph.descendants(graph.starts(labels), everything)
    of_weights = graph.descendants(graph.trainable, everything)
    found = []
    for name in sorted(of_labels - of_weights):
        if graph.nodes[name].op == "Mul":
            for each in graph.nodes[name].input:
                value = graph.constant(each)
                if value is not None and value.size == 1 and 0.5 <= float(value) < 1:
                    found.append(rounded(1 - rounded(float(value))))
    return list(dict.fromkeys(found))


def _changed(loss: keras.losses.Loss, config: dict[str, Any], text: str) -> tuple[str, str, Any]:
    """Returns the text, the code and the change of a substitution of the loss."""
    kind = type(loss)
    default = kind().get_config()
    given = {
        key: value
        for key, value in config.items()
        if key != "name" and ((key in _SHOWN and value) or value != default.get(key))
    }
    code = f"keras.losses.{kind.__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def change(model: keras.Model, _: Any) -> None:
        model.compile(optimizer=model.optimizer, loss=kind.from_config(config))

    return f"give the model the loss `{code}`: {text}", code, change

"""Writes what a person must know of a converted model, as sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.lifter import Lifted
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.source_graph import SourceGraph
from tf_recipes.convert.training.compilation import Training
from tf_recipes.graph import early_writes
from tf_recipes.graph.structure import Structure

# the end of a refusal of training, which a model for predictions has heeded
_ALONE = re.compile(
    r"(, or convert|: convert|\bConvert) for predictions alone with inference=True\.$"
)


def of_refusal(error: ValueError) -> str:
    """Returns why a model makes predictions alone.

    Args:
        error: what says that Keras cannot train as the graph does.
    """
    why = _ALONE.sub("", str(error)).strip().rstrip(".")
    return f"The model is not compiled: it makes predictions alone. {why}."


def of_model(
    source: SourceGraph, lifted: Lifted, code: ModelCode, hidden: Sequence[str]
) -> list[str]:
    """Returns what the graph says of its layers, its step and its outputs.

    Args:
        source: what was converted.
        lifted: the result of the lifter.
        code: the written code.
        hidden: the outputs that are there for the loss.
    """
    nodes: dict[str, list[str]] = {}
    for name, note in lifted.notes.items():
        nodes.setdefault(note, []).append(name)
    notes = [f"{_listed(names)}: {note}" for note, names in nodes.items()]
    if source.moved and source.structure is not None:
        notes.append(
            f"A step runs {len(source.moved)} operations of the collection `update_ops`, too, "
            "since the moving averages in the checkpoint are not those of the start. Name "
            f"train_op={source.structure.train_op!r} to leave them out."
        )
    if source.structure is not None:
        notes += _of_races(source.structure)
    if hidden:
        last = ", ".join(shortened(name, 80) for name in hidden)
        notes.append(f"The loss takes more than the predictions. The last outputs: {last}.")
    if code.recursion_limit:
        notes.append(
            "The model is deep. A program that loads model.keras must call "
            f"sys.setrecursionlimit({code.recursion_limit}) first, as model.py does."
        )
    return notes


def of_labels(training: Training | None, inputs: Sequence[str]) -> list[str]:
    """Returns what a person must know of the labels.

    Args:
        training: how the graph trains, or None.
        inputs: names of the tensors that the model takes.
    """
    both = [name for name in training.labels if name in inputs] if training else []
    if not both:
        return []
    names = ", ".join(repr(shortened(name, 80)) for name in both)
    return [f"The loss takes the input {names}: pass its rows to fit as labels, too."]


def of_steps(steps: int, asked: int | None, usual: int) -> str | None:
    """Returns why fewer training steps were compared than usual, or none; None for the usual.

    Args:
        steps: how many steps were compared.
        asked: how many were asked for, or None.
        usual: how many are compared where memory allows.
    """
    if asked or (asked is None and steps == usual):
        return None
    compared = f"{steps} training steps were compared" if steps else "Training was not compared"
    if asked == 0:
        return f"{compared}, as steps=0 asks."
    return (
        f"{compared}, since the variables of {usual} steps take much memory. Pass "
        f"steps={usual} to compare all the same."
    )


def _of_races(structure: Structure) -> list[str]:
    """Returns what a person must know of weights that TF1 changes while it reads them."""
    found = set(early_writes.find(structure).values())
    names = [name for name in found if structure.nodes[name].op != "VarHandleOp"]
    if not names:
        return []
    return [
        f"TF1 changes {_listed(sorted(names))} before, after or between the gradients, as it "
        "comes: two runs of the program may differ. The model takes all gradients first, as TF1 "
        "does with resource variables."
    ]


def _listed(names: Sequence[str]) -> str:
    """Returns the first names of nodes, and how many more there are."""
    listed = ", ".join(shortened(name, 60) for name in names[:4])
    return listed + (f" and {len(names) - 4} more" if len(names) > 4 else "")

"""Makes the results of a verification, from which the JSON file, the table and the page come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tf_recipes.parity.comparison import LIMIT
from tf_recipes.verify.bench import averages, judgement, slots, variable_map
from tf_recipes.verify.bench.attempt import OutputResult
from tf_recipes.verify.bench.judgement import Judged
from tf_recipes.verify.bench.reference import FAR
from tf_recipes.verify.bench.result import Result
from tf_recipes.verify.reports.document_schema import DIFFERS, FORMAT, MATCH, NOT_JUDGED


def build(result: Result, reasons: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns the results: JSON's types alone, with stable keys; see `docs/verify_json.md`."""
    bench, settings, structure = result.bench, result.settings, result.bench.reference.structure
    failure = None if result.passed else _first_failure(result)
    verdict = MATCH if result.passed else DIFFERS if result.judged else NOT_JUDGED
    return {
        "format": FORMAT,
        "passed": result.passed,
        "verdict": verdict,
        "message": _message(result, verdict, failure),
        "reference": {
            "kind": result.kind,
            "path": result.path,
            "runs_on": f"TensorFlow {bench.reference.session.version}",
            "train_op": structure.train_op,
            "loss": structure.loss,
            "outputs": [each.tensor for each in result.outputs],
            "inputs": list(bench.reference.arguments.inputs),
            "labels": list(bench.reference.arguments.labels),
            "dtype": bench.dtype,
        },
        "model": {
            "path": result.source.name,
            "name": result.model.name,
            "layers": len(result.model.layers),
            "parameters": int(result.model.count_params()),
        },
        "settings": {
            "steps": len(bench.feeds.rows),
            "batch_size": len(bench.feeds.rows[0]),
            "seed": settings.seed,
            "starts": settings.starts,
            "limit": LIMIT,
        },
        "map": map_rows(result),
        "unmatched": {
            "tf1": [
                {"name": each.name, "shape": list(each.shape)}
                for each in result.found.left_tf1
                if each.needed
            ],
            "keras": [
                {"name": each.path, "shape": list(each.shape)} for each in result.found.left_keras
            ],
            "offers": variable_map.offers(
                [each for each in result.found.left_tf1 if each.needed], result.found.left_keras
            ),
        },
        "forward": _forward(result),
        "training": _training(result),
        "first_failure": failure,
        "reasons": list(reasons),
        "not_compared": _not_compared(result),
    }


def _slots(result: Result) -> list[slots.SlotLink]:
    """Returns the slots that the optimizers share; none where nothing was trained."""
    if result.training is None:
        return []
    reference = result.bench.reference
    found = slots.find(reference.structure, reference.roles, result.found, result.model).used
    return found + averages.find(
        reference.roles, result.found, result.model.optimizer, reference.initial
    )


def map_rows(result: Result) -> list[dict[str, Any]]:
    """Returns the pairs of the variables, and TF1's variables without a counterpart."""
    roles = result.bench.reference.roles
    pairs: dict[str, list[dict[str, str]]] = {}
    for link in _slots(result):
        owner = roles.slots[link.tf1][0] if link.tf1 in roles.slots else roles.shadows[link.tf1]
        pair = {"tf1": link.tf1, "keras": link.keras.path, "role": link.role}
        pairs.setdefault(owner, []).append(pair)

    def row(name: str, keras_path: str | None, how: str | None, turned: bool) -> dict[str, Any]:
        return {
            "tf1": name,
            "keras": keras_path,
            "shape": list(result.bench.reference.shapes[name]),
            "how": how,
            "transposed": turned,
            "slots": pairs.get(name, []),
        }

    rows = [row(e.tf1, e.keras.path, e.how, e.transposed) for e in result.found.links]
    for cell in result.found.cells:
        path = f"{cell.layer}: {', '.join(cell.weights)}"
        rows += [row(each.name, path, variable_map.CELL, False) for each in cell.tf1.values()]
    return rows + [row(e.name, None, None, False) for e in result.found.left_tf1 if e.needed]


def _forward(result: Result) -> dict[str, Any]:
    layers = [
        {
            "layer": each.layer,
            "class": each.kind,
            "tf1": each.tensor,
            "drift": number(each.judged.drift[0]) if each.judged else None,
            "ratio": number(each.judged.ratio[0]) if each.judged else None,
            "passed": each.judged.passed if each.judged else None,
        }
        for each in result.layers
    ]
    first = next((each["layer"] for each in layers if each["passed"] is False), None)
    return {
        "passed": result.predicts,
        "layers": layers,
        "outputs": [_output(each) for each in result.outputs],
        "first_difference": None if result.predicts else first,
    }


def _output(each: OutputResult) -> dict[str, Any]:
    return {
        "output": each.output,
        "tf1": each.tensor,
        "drift": number(each.judged.drift[0]),
        "sensitivity": number(each.judged.sensitivity[0]),
        "ratio": number(each.judged.ratio[0]),
        "passed": each.judged.passed,
    }


def _training(result: Result) -> dict[str, Any] | None:
    training = result.training
    if training is None:
        return None
    names = {link.tf1: link.keras.path for link in result.found.links}
    names |= {slot.tf1: slot.keras.path for slot in _slots(result)}
    tf1_slots = result.bench.reference.roles.slots
    steps = result.bench.steps([each.tensor for each in result.outputs])
    losses = next((e for e in training.judged if e.name == judgement.LOSSES), None)
    count = training.compared if training.differs else training.steps
    after = training.after if count == training.compared else ()
    note = None
    if training.jump is not None and count > training.jump:
        note = (
            f"from step {training.jump + 1} on beside starts {FAR} ulps away, since TF1's own "
            "numbers jump there"
        )
    return {
        "passed": not training.differs and training.steps > 0,
        "steps": list(range(1, 1 + count)),
        "losses": {
            "tf1": [number(v) for v in steps.run.losses],
            "keras": [number(v) for v in training.losses],
            "ratio": [number(v) for v in losses.ratio[:count]] if losses else [],
        },
        "variables": [
            {
                "tf1": each.name,
                "keras": names.get(each.name),
                "kind": "slot" if each.name in tf1_slots else _kind(each.name, result),
                "drift": [number(v) for v in each.drift[:count]],
                "sensitivity": [number(v) for v in each.sensitivity[:count]],
                "ratio": [number(v) for v in each.ratio[:count]],
                "passed": each.passed,
                "note": note,
            }
            for each in training.judged
            if each.name != judgement.LOSSES
        ],
        "after": {"outputs": [_output(each) for each in after]},
    }


def _kind(name: str, result: Result) -> str:
    trained = {each.name for each in result.bench.reference.roles.weights if each.trained}
    return "variable" if name in trained else "moving average"


def _first_failure(result: Result) -> dict[str, Any] | None:
    if not result.found.complete:  # what has no counterpart makes the predictions differ, too
        left = [each.name for each in result.found.left_tf1 if each.needed]
        name = left[0] if left else result.found.left_keras[0].path
        return _failure("map", None, name, None, 0)
    if not result.predicts and not result.found.guessed:
        forward = _forward(result)
        worst = max(result.outputs, key=lambda each: each.judged.worst, default=None)
        layer = forward["first_difference"]
        name = layer or (worst.output if worst else "outputs")
        at = next((e for e in result.layers if e.layer == layer and e.judged), None)
        judged = at.judged if at and at.judged else worst.judged if worst else None
        return _failure("forward", None, name, judged, 0)
    training = result.training
    if training is None:
        return None
    found = judgement.first_failure(training.judged)
    if found is not None:
        return _failure("training", found[0] + 1, found[1].name, found[1], found[0])
    for each in training.after:
        if not each.judged.passed:
            return _failure("training", len(result.bench.feeds.rows), each.output, each.judged, 0)
    if training.masks_left:
        return _failure("training", 1, training.masks_left[0], None, 0)
    return None


def _failure(
    stage: str, step: int | None, name: str, judged: Judged | None, at: int
) -> dict[str, Any]:
    drift = number(judged.drift[at]) if judged else "inf"
    ratio = number(judged.ratio[at]) if judged else "inf"
    where = "in the predictions" if stage == "forward" else f"at step {step}"
    if stage == "map":
        text = f"{name!r} has no counterpart on the other side"
    elif judged is None:
        text = f"TF1 draws {name!r}, and no dropout layer of the model takes it"
    else:
        text = (
            f"{name!r} is the first to differ, {where}: {_short(drift)} away, "
            f"{_short(ratio)} times TF1's own drift"
        )
    return {
        "stage": stage,
        "step": step,
        "name": name,
        "drift": drift,
        "ratio": ratio,
        "text": text,
    }


def _message(result: Result, verdict: str, failure: dict[str, Any] | None) -> str:
    steps = len(result.bench.feeds.rows)
    if verdict == MATCH:
        judged = result.training.steps if result.training else 0
        short = "" if judged == steps else f" ({judged} of {steps} steps could be judged)"
        return (
            f"The port matches TF1 in prediction and in {judged} training steps{short}: largest "
            f"ratio {result.worst:.2g}."
        )
    if verdict == NOT_JUDGED and result.training and result.training.jump is not None:
        return (
            "Nothing could be judged: TF1's own numbers jump in the first step, as where the input "
            f"of a ReLU is nearly zero. From starts {FAR} ulps away TF1 drifts from itself by up "
            f"to {_short(_jump(result))}, and the port is as near. Choose other rows, or fewer."
        )
    drifts = result.training.judged if result.training else ()
    if verdict == NOT_JUDGED and result.unseen and any(each.drift for each in drifts):
        return (
            "Nothing could be judged: the steps move TF1's variables so little that a port which "
            "trains nothing would match, too. Take more steps, or a checkpoint at which the "
            "learning rate is larger."
        )
    if verdict == NOT_JUDGED:
        return (
            "Nothing could be judged: TF1 drifts from itself by more than 0.1 % after one step, "
            f"most of all in {_farthest(result)!r}. Choose other rows, or a smaller learning rate."
        )
    return f"The port differs: {failure['text'] if failure else 'see the report'}."


def _jump(result: Result) -> float:
    """Returns how far TF1 drifts from itself in the first step, from the farther starts."""
    assert result.training is not None
    return max(each.sensitivity[0] for each in result.training.judged)


def _farthest(result: Result) -> str:
    """Returns the variable in which TF1 drifts farthest from itself in the first step."""
    steps = result.bench.steps([each.tensor for each in result.outputs])
    judged = {n: v for n, v in steps.sensitivity.variables[0].items() if n not in steps.noise}
    return max(judged, key=lambda name: judged[name])


def _not_compared(result: Result) -> list[dict[str, str]]:
    found = [
        {"name": each.name, "why": "the predictions do not depend on this variable"}
        for each in result.found.left_tf1
        if not each.needed
    ]
    if result.training is None:
        return found
    steps = result.bench.steps([each.tensor for each in result.outputs])
    joined = {link.tf1 for link in result.found.links}
    for name in sorted(steps.noise & joined):
        why = "its gradient is nothing but roundings; it is judged by the outputs and the losses"
        found.append({"name": name, "why": why})
    compared = {each.name for each in result.training.judged}
    for slot, (owner, _) in sorted(result.bench.reference.roles.slots.items()):
        if owner in joined and slot not in compared and slot not in steps.noise:
            why = "the Keras optimizer has no state of the same meaning"
            found.append({"name": slot, "why": why})
    for name in result.bench.reference.roles.shadows:
        if name not in compared:
            why = "moving averages of weights are no part of the model"
            found.append({"name": name, "why": why})
    if all(math.isnan(each) for each in result.training.losses):
        found.append({"name": "loss", "why": "the model's train_step gives no loss"})
    for name in result.training.still if result.training.seen else ():
        why = "TF1 moves it so little in these steps that a port which does not would match, too"
        found.append({"name": name, "why": why})
    for name, why in result.training.layers_without_mask.items():
        found.append({"name": name, "why": why})
    return found


def number(value: float) -> float | str:
    """Returns a number as JSON can hold it: `"nan"` and `"inf"` are texts."""
    value = float(value)
    return value if math.isfinite(value) else ("nan" if math.isnan(value) else "inf")


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.2g}"

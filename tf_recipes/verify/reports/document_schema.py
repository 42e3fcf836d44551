"""Lists the keys of a verification's JSON with types and meanings, and checks results by them.

`docs/verify_json.md` shows `KEYS` as tables. The keys are stable: a new version of the package may
add keys, but removes none and changes none without another `FORMAT`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_recipes._support.json_schema import (
    AMOUNT,
    AMOUNTS,
    FLAG,
    NUMBERS,
    OBJECT,
    OBJECTS,
    TEXT,
    TEXTS,
    WHOLE,
    WHOLES,
    Kind,
    Schema,
    one_of,
    or_null,
)

FORMAT = "tf_recipes verify 1"
MATCH, DIFFERS, NOT_JUDGED = "match", "differs", "not judged"
OPTIMIZER = "optimizer"  # what `reasons[].layer` is for a change of the optimizer


_OUTPUT: tuple[tuple[str, Kind, str], ...] = (
    ("output", TEXT, "name of the model's output"),
    ("tf1", TEXT, "TF1's tensor that the output is compared with"),
    ("drift", AMOUNT, "largest difference from TF1, relative to the output's scale"),
    ("sensitivity", AMOUNT, "TF1's own drift when TF1 starts one ulp away"),
    ("ratio", AMOUNT, "drift divided by sensitivity"),
    ("passed", FLAG, "whether the ratio is at most `settings.limit`, and the drift small"),
)

# `(path, kind, meaning)`; `a.b` is the key `b` of the object `a`, `a[].b` of each object of a list
KEYS: tuple[tuple[str, Kind, str], ...] = (
    ("format", one_of(FORMAT), "version of these keys"),
    ("passed", FLAG, 'whether the verdict is "match"'),
    (
        "verdict",
        one_of(MATCH, DIFFERS, NOT_JUDGED),
        'exit status 0, 1 and 2; "not judged" where something kept the comparison from being made',
    ),
    ("message", TEXT, "the verdict in one sentence, or the error that kept it from being made"),
    ("reference", or_null(OBJECT), "the TF1 side; null only where it could not be read"),
    (
        "reference.kind",
        one_of("checkpoint", "recording", "saved_model"),
        "what the TF1 side was read from",
    ),
    ("reference.path", TEXT, "the file, or the prefix of the checkpoint's files"),
    ("reference.runs_on", TEXT, "the TensorFlow that ran TF1's graph, such as `TensorFlow 1.15.5`"),
    ("reference.train_op", TEXT, "operation of a training step"),
    ("reference.loss", or_null(TEXT), "tensor of the loss; null where none is known"),
    ("reference.outputs", TEXTS, "tensors that the model's outputs are compared with"),
    ("reference.inputs", TEXTS, "placeholders of the model's inputs"),
    ("reference.labels", TEXTS, "placeholders of the labels, which the loss alone reads"),
    ("reference.dtype", TEXT, "dtype of the variables"),
    ("model", or_null(OBJECT), "the Keras side; null only where it could not be built"),
    ("model.path", TEXT, "the function or the file that gave the model, such as `port.py:build`"),
    ("model.name", TEXT, "the model's name"),
    ("model.layers", WHOLE, "number of layers"),
    ("model.parameters", WHOLE, "number of weights, without the optimizer's slots"),
    ("settings", or_null(OBJECT), "how the two were compared; null only where nothing ran"),
    ("settings.steps", WHOLE, "training steps"),
    ("settings.batch_size", WHOLE, "rows of a batch"),
    ("settings.seed", WHOLE, "seed that the rows of the batches were drawn by"),
    ("settings.starts", WHOLE, "starts one ulp away that the sensitivity is the largest drift of"),
    ("settings.limit", AMOUNT, "largest ratio of what matches"),
    ("map", OBJECTS, "a pair for each TF1 variable that is no slot"),
    ("map[].tf1", TEXT, "TF1's variable"),
    ("map[].keras", or_null(TEXT), "path of the Keras variable; null where there is none"),
    ("map[].shape", WHOLES, "shape of TF1's variable"),
    (
        "map[].how",
        or_null(one_of("name", "shape", "use", "order and values", "cell", "given")),
        'what paired the two: "use" where their places in the graph tell, "order and values" where '
        'equal predictions do, "cell" where a recurrent layer has them in another layout, "given" '
        "where the user wrote it; null where there is no pair",
    ),
    ("map[].transposed", FLAG, "whether the Keras variable is the transpose of TF1's"),
    ("map[].slots", OBJECTS, "the pairs of the optimizer's slots of this variable"),
    ("map[].slots[].tf1", TEXT, "TF1's slot"),
    ("map[].slots[].keras", TEXT, "path of Keras' slot"),
    ("map[].slots[].role", TEXT, "the slot's part in the update, such as `momentum`"),
    ("unmatched", OBJECT, "what has no counterpart on the other side"),
    *(
        row
        for side, words in (("tf1", "TF1"), ("keras", "Keras"))
        for row in (
            (f"unmatched.{side}", OBJECTS, f"{words} variables without a counterpart"),
            (f"unmatched.{side}[].name", TEXT, "name or path of the variable"),
            (f"unmatched.{side}[].shape", WHOLES, "shape of the variable"),
        )
    ),
    ("unmatched.offers", TEXTS, "pairs of these that a map may hold, as it would hold them"),
    (
        "forward",
        or_null(OBJECT),
        "one forward pass in evaluation, from the same weights; null where it was not run",
    ),
    ("forward.passed", FLAG, "whether the outputs match"),
    ("forward.layers", OBJECTS, "the model's layers, from the input to the output"),
    ("forward.layers[].layer", TEXT, "name of the layer"),
    ("forward.layers[].class", TEXT, "class of the layer"),
    ("forward.layers[].tf1", or_null(TEXT), "TF1's tensor of the layer's output; null: unknown"),
    ("forward.layers[].drift", or_null(AMOUNT), "as for an output; null: not compared"),
    ("forward.layers[].ratio", or_null(AMOUNT), "as for an output; null: not compared"),
    ("forward.layers[].passed", or_null(FLAG), "as for an output; null: not compared"),
    ("forward.outputs", OBJECTS, "the model's outputs"),
    *((f"forward.outputs[].{key}", kind, meaning) for key, kind, meaning in _OUTPUT),
    (
        "forward.first_difference",
        or_null(TEXT),
        "first layer or output that differs, in the order of the model; null where none does",
    ),
    (
        "training",
        or_null(OBJECT),
        "training steps from the same weights on the same batches; null where they were not run, "
        "for example because the forward pass differs already",
    ),
    ("training.passed", FLAG, "whether the losses, the variables and the outputs after it match"),
    ("training.steps", WHOLES, "the steps after which variables were compared, counted from 1"),
    ("training.losses", OBJECT, "the losses before the updates"),
    (
        "training.losses.tf1",
        NUMBERS,
        "TF1's losses: one for each of `training.steps`, or one for each of all "
        "`settings.steps`; none where no loss is known",
    ),
    ("training.losses.keras", NUMBERS, "the port's losses, as many"),
    (
        "training.losses.ratio",
        AMOUNTS,
        "drift over sensitivity of the losses, as many or one for each of `training.steps`; none "
        "where the losses were not judged",
    ),
    ("training.variables", OBJECTS, "what was compared after the steps"),
    ("training.variables[].tf1", TEXT, "TF1's variable"),
    ("training.variables[].keras", or_null(TEXT), "path of the Keras variable, where known"),
    ("training.variables[].kind", one_of("variable", "slot", "moving average"), "what it is"),
    ("training.variables[].drift", AMOUNTS, "largest relative difference, for each of the steps"),
    (
        "training.variables[].sensitivity",
        AMOUNTS,
        "TF1's own drift in this variable, for each of the steps",
    ),
    ("training.variables[].ratio", AMOUNTS, "drift over sensitivity, for each of the steps"),
    ("training.variables[].passed", FLAG, "whether it matches after every step"),
    (
        "training.variables[].note",
        or_null(TEXT),
        "how it was judged where not by its ratio alone, such as a bias before a batch norm",
    ),
    ("training.after", OBJECT, "one forward pass in evaluation after the last step"),
    ("training.after.outputs", OBJECTS, "the model's outputs"),
    *((f"training.after.outputs[].{key}", kind, meaning) for key, kind, meaning in _OUTPUT),
    ("first_failure", or_null(OBJECT), "where the port first leaves TF1; null where it does not"),
    (
        "first_failure.stage",
        one_of("map", "forward", "training"),
        'what was being compared; "map" where a variable has no counterpart',
    ),
    ("first_failure.step", or_null(WHOLE), "the training step; null before training"),
    ("first_failure.name", TEXT, "the layer, output, variable, drawn mask or `losses`"),
    ("first_failure.drift", AMOUNT, "its drift; infinite where there is no number"),
    ("first_failure.ratio", AMOUNT, "its ratio; infinite where there is no number"),
    ("first_failure.text", TEXT, "the same in one sentence"),
    (
        "reasons",
        OBJECTS,
        "changes of the port that remove the drift, tried on copies of the model; where no change "
        "alone removes it, the first is the one that helps most, and the next ones were tried "
        "together with it; none where no known difference explains the drift",
    ),
    ("reasons[].name", TEXT, "key of the known difference, such as `batch_norm_variance`"),
    ("reasons[].text", TEXT, "what to do, with code between backticks"),
    ("reasons[].code", TEXT, "the code to write in the port"),
    (
        "reasons[].layer",
        or_null(TEXT),
        f"layer that the change is about, or `{OPTIMIZER}`; null: the whole model",
    ),
    ("reasons[].file", or_null(TEXT), "file that made the layer or the optimizer, where known"),
    ("reasons[].line", or_null(WHOLE), "line of the file, where known"),
    ("reasons[].ratio_before", AMOUNT, "worst ratio without this change"),
    ("reasons[].ratio_after", AMOUNT, "worst ratio with this change"),
    ("reasons[].page", TEXT, "page of the documentation on this difference"),
    ("not_compared", OBJECTS, "what the verdict says nothing about"),
    ("not_compared[].name", TEXT, "variable, layer or tensor"),
    ("not_compared[].why", TEXT, "why it was not compared"),
)
_SCHEMA = Schema(KEYS, FORMAT, "A verification's results", "docs/verify_json.md")
tables = _SCHEMA.tables
_refuse = _SCHEMA.refuse


def check(document: Any) -> None:
    """Checks that results have all the keys of `KEYS`, no other keys, and values that agree.

    The results agree if `passed`, `verdict`, `first_failure` and the single verdicts say the same,
    and if every list over the steps is as long as `training.steps`.

    Args:
        document: a verification's results, made here or read back from JSON.

    Raises:
        ValueError: for the first key that is missing, unknown or of another type, and for the
            first values that contradict one another.
    """
    _SCHEMA.check(document)
    _check_agreement(document)


def _check_agreement(document: Mapping[str, Any]) -> None:
    """Checks that the values do not contradict one another."""
    verdict, training = document["verdict"], document["training"]
    if document["passed"] != (verdict == MATCH):
        _refuse('`passed` must be true exactly where the verdict is "match".', "verdict", verdict)
    if verdict != NOT_JUDGED:
        for key in ("reference", "model", "settings", "forward"):
            if document[key] is None:
                _refuse(f"`{key}` may be null only where nothing was judged.", "verdict", verdict)
    if (verdict == DIFFERS) != (document["first_failure"] is not None) and verdict != NOT_JUDGED:
        _refuse(
            '`first_failure` must be an object where the verdict is "differs", and null where it '
            'is "match".',
            "first_failure",
            document["first_failure"],
        )
    if verdict == MATCH:
        if training is None:
            _refuse('`training` may not be null where the verdict is "match".', "training", None)
        for place, passed in _verdicts(document):
            if not passed:
                _refuse('Every part must match where the verdict is "match".', place, passed)
    if training is not None:
        _check_lengths(training, document["settings"])


def _verdicts(document: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yields `(place, passed)` of everything that a match needs."""
    forward, training = document["forward"], document["training"]
    yield "forward.passed", forward["passed"]
    yield "training.passed", training["passed"]
    for place, rows in (
        ("forward.outputs", forward["outputs"]),
        ("training.variables", training["variables"]),
        ("training.after.outputs", training["after"]["outputs"]),
    ):
        for number, row in enumerate(rows):
            yield f"{place}[{number}].passed", row["passed"]


def _check_lengths(training: Mapping[str, Any], settings: Mapping[str, Any] | None) -> None:
    """Checks the lists over the steps of training."""
    steps = training["steps"]
    if steps != sorted(set(steps)) or 0 in steps:
        _refuse("`training.steps` must grow, from 1 on.", "training.steps", steps)
    for number, row in enumerate(training["variables"]):
        for key in ("drift", "sensitivity", "ratio"):
            if len(row[key]) != len(steps):
                place = f"training.variables[{number}].{key}"
                _refuse(f"`{place}` must have a value for each of the steps.", place, row[key])
    losses = training["losses"]
    tf1, keras, ratio = lengths = [len(losses[key]) for key in ("tf1", "keras", "ratio")]
    whole: set[int] = {0, len(steps)} | ({settings["steps"]} if settings else set())
    if tf1 != keras or tf1 not in whole or ratio not in {0, len(steps), tf1} or ratio > tf1:
        _refuse(
            "The lists of `training.losses` must have a value for each of the steps.",
            "lengths",
            lengths,
        )


def loss_steps(document: Mapping[str, Any], key: str = "tf1") -> Sequence[int]:
    """Returns the steps of the losses: `training.steps`, or every step where all were kept.

    Args:
        document: a verification's results that have a training.
        key: the key of `training.losses`.
    """
    training = document["training"]
    count = len(training["losses"][key])
    return training["steps"] if count == len(training["steps"]) else range(1, count + 1)

"""Lists the keys of `conversion.json` with types and meanings, and checks results by them.

`docs/convert.md` shows `KEYS` as tables. The keys are stable: a new version of the package may add
keys, but removes none and changes none without another `FORMAT`.
"""

from collections.abc import Mapping
from typing import Any

from tf_recipes._support.json_schema import (
    AMOUNT,
    FLAG,
    OBJECTS,
    TEXT,
    TEXTS,
    WHOLE,
    WHOLES,
    Kind,
    Schema,
    list_of,
    or_null,
)
from tf_recipes.verify.reports import document_schema

FORMAT = "tf_recipes convert 1"
_SIZES = list_of(or_null(WHOLE), "whole numbers or null")
_VERIFICATION = Kind(
    "object, as `tf-recipes verify --json_out` writes it, or null",
    lambda value: value is None or isinstance(value, dict),
)

# `(path, kind, meaning)`; `a.b` is the key `b` of the object `a`, `a[].b` of each object of a list
KEYS: tuple[tuple[str, Kind, str], ...] = (
    ("format", TEXT, f"version of these keys, `{FORMAT}`"),
    ("passed", FLAG, "whether the model does what the graph does, as far as that was compared"),
    ("message", TEXT, "the outcome in one sentence"),
    ("tf_recipes", TEXT, "version of this package"),
    ("checkpoint", TEXT, "what was converted, as it was named"),
    ("tensorflow", TEXT, "version of the TensorFlow that wrote the graph"),
    (
        "model",
        or_null(TEXT),
        "the function or file of a model of your own that was filled; null for a model that was "
        "made of the graph",
    ),
    ("notes", TEXTS, "what a person must know of the model"),
    ("inputs", OBJECTS, "the model's inputs"),
    ("inputs[].name", TEXT, "name of the input, of TF1's placeholder"),
    ("inputs[].shape", _SIZES, "its shape; null: any size"),
    ("inputs[].dtype", TEXT, "its dtype"),
    ("outputs", TEXTS, "TF1's tensors of the model's outputs"),
    ("layers", OBJECTS, "the model's layers, in order, without its inputs"),
    ("layers[].name", TEXT, "name of the layer"),
    ("layers[].class", TEXT, "its class, such as `keras.layers.Dense`"),
    ("layers[].scope", TEXT, "TF1's scope or node that the name comes from"),
    ("layers[].code", or_null(TEXT), "the code that makes the layer"),
    ("layers[].line", or_null(WHOLE), "line of `model.py` that has the layer's name"),
    ("variables", OBJECTS, "the weights of the model"),
    ("variables[].tf1", TEXTS, "TF1's variables that the weight is made of; none for a constant"),
    ("variables[].keras", TEXT, "path of the Keras variable"),
    ("variables[].shape", WHOLES, "its shape"),
    (
        "variables[].transform",
        or_null(TEXT),
        "what was done with the values, such as `transpose`; null: they are as they were",
    ),
    ("nodes", OBJECTS, "the nodes of the graph that the outputs need"),
    ("nodes[].name", TEXT, "name of the node"),
    ("nodes[].op", TEXT, "its operation"),
    ("nodes[].pattern", or_null(TEXT), "the pattern that took it; null: it served another node"),
    ("nodes[].in", TEXT, "the layer or function that it became, or became a part of"),
    ("dropped", OBJECTS, "the nodes that the model does without, by kind"),
    ("dropped[].kind", TEXT, "kind of the nodes, such as `saver`"),
    ("dropped[].why", TEXT, "why the model does without them"),
    ("dropped[].count", WHOLE, "how many there are"),
    ("dropped[].first", TEXT, "name of the first"),
    ("predictions", OBJECTS, "the comparison of the model's outputs with the graph's"),
    ("predictions[].tensor", TEXT, "TF1's tensor"),
    ("predictions[].drift", AMOUNT, "largest difference, relative to the tensor's scale"),
    ("predictions[].sensitivity", AMOUNT, "the graph's own drift with weights one ulp away"),
    ("predictions[].ratio", AMOUNT, "drift divided by sensitivity"),
    ("predictions[].passed", FLAG, "whether the ratio is at most 10"),
    (
        "training",
        _VERIFICATION,
        "the verification of training steps, with [the keys of its own](verify_json.md); null for "
        "a model for predictions alone, or where none could be made",
    ),
    (
        "training_not_compared",
        or_null(TEXT),
        "why nothing is known of the training of a model that trains; `passed` is the verdict of "
        "its predictions then",
    ),
)
_SCHEMA = Schema(KEYS, FORMAT, "A conversion's results", "docs/convert.md")
tables = _SCHEMA.tables


def check(document: Any) -> None:
    """Checks that results have all the keys of `KEYS`, no other keys, and values that agree.

    Args:
        document: a conversion's results, made here or read back from JSON.

    Raises:
        ValueError: for the first key that is missing, unknown or of another type, and for a verdict
            that contradicts what was compared.
    """
    _SCHEMA.check(document)
    parts = [each["passed"] for each in document["predictions"]]
    if document["training"] is not None:
        document_schema.check(document["training"])
        judged = document["training"]["verdict"] != document_schema.NOT_JUDGED
        if judged != (document["training_not_compared"] is None):
            _SCHEMA.refuse(
                "`training_not_compared` must say why a training was not judged.",
                "training_not_compared",
                document["training_not_compared"],
            )
        if judged:
            parts.append(document["training"]["passed"])
    if document["passed"] != all(parts):
        _SCHEMA.refuse("`passed` must say what was compared.", "passed", document["passed"])


def owned(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Returns `{layer: TF1's variables that its weights are made of}`.

    Args:
        document: a conversion's results.
    """
    found: dict[str, list[str]] = {each["name"]: [] for each in document["layers"]}
    for each in document["variables"]:
        owner = next((part for part in each["keras"].split("/") if part in found), None)
        if owner is not None:
            found[owner] += [name for name in each["tf1"] if name not in found[owner]]
    return found

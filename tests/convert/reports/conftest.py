"""Makes up results of a conversion, in the form that `conversion_schema` describes."""

import copy

import pytest

RESULTS = {
    "format": "tf_recipes convert 1",
    "passed": True,
    "message": "2 layers, 12 weights; the predictions match TF1's (largest ratio 0.5)",
    "tf_recipes": "0.1.0",
    "checkpoint": "run/model.ckpt",
    "tensorflow": "1.15.5",
    "model": None,
    "notes": ["keep_prob has no value for training"],
    "inputs": [{"name": "x", "shape": [None, 3], "dtype": "float32"}],
    "outputs": ["logits:0"],
    "layers": [
        {
            "name": "dense",
            "class": "keras.layers.Dense",
            "scope": "dnn/dense",
            "code": 'keras.layers.Dense(3, name="dense")',
            "line": 11,
        }
    ],
    "variables": [
        {"tf1": ["w"], "keras": "dense/kernel", "shape": [3, 3], "transform": "transpose"},
        {"tf1": ["b"], "keras": "dense/bias", "shape": [3], "transform": None},
    ],
    "nodes": [
        {"name": "w", "op": "VariableV2", "pattern": "variable", "in": "dense"},
        {"name": "MatMul", "op": "MatMul", "pattern": "dense layer", "in": "dense"},
        {"name": "zero", "op": "Const", "pattern": None, "in": ""},
    ],
    "dropped": [{"kind": "saver", "why": "Keras saves the model", "count": 2, "first": "save"}],
    "predictions": [
        {"tensor": "logits:0", "drift": 5e-8, "sensitivity": 1e-7, "ratio": 0.5, "passed": True}
    ],
    "training": None,
    "training_not_compared": None,
}
EVIL = (
    '<script>alert("x")</script>',
    "</script><img src=x onerror=alert(1)>",
    '"><b>bold</b>',
    "it's & so/on/{{ 7 * 7 }}",
    "a\nb\\n\x1b[31mred\u202etxt",
    "x" * 9000,
    "",
)


@pytest.fixture
def results():
    """Returns results that pass."""
    return copy.deepcopy(RESULTS)


@pytest.fixture
def evil():
    return EVIL


@pytest.fixture
def evil_results(results):
    """Returns results in which every text that may come from a graph is evil, in turn."""
    rows = {key: results[key][0] for key in ("layers", "variables", "nodes", "predictions")}
    for key in rows:
        results[key] = []
    results |= {"notes": list(EVIL), "outputs": list(EVIL), "dropped": [], "inputs": []}
    results |= {"message": EVIL[1], "checkpoint": EVIL[0], "tensorflow": EVIL[2], "model": EVIL[3]}
    for text in EVIL:
        results["layers"].append({**rows["layers"], "name": text, "scope": text, "code": text})
        results["variables"].append({**rows["variables"], "tf1": [text, text], "keras": text})
        results["nodes"].append({"name": text, "op": text, "pattern": text, "in": text})
        results["predictions"].append({**rows["predictions"], "tensor": text})
        results["dropped"].append({"kind": "saver", "why": "so", "count": 1, "first": text})
        results["inputs"].append({"name": text, "shape": [None], "dtype": text})
    return results

"""Tests every pattern on graphs that TF 1.15.5 made: the outputs, and the code that is written."""

import functools
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tf_recipes.convert.lifting import graph_view, lifter, placeholders
from tf_recipes.convert.program import built_model
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

GOLDENS = Path(__file__).parents[1].joinpath("goldens", "convert")
SERIES = "rnn/TensorArrayStack/TensorArrayGatherV3"
# graph -> the nodes that are named where a graph has no counterpart, and a part of the reason
REFUSED = {
    "rnn_no_layer": ({"while/Exit_1", SERIES}, "no recurrent layer of Keras"),
    "form_peepholes": ({SERIES}, "its cell has peepholes (use_peepholes)"),
    "form_projection": ({SERIES}, "its cell projects its output (num_proj)"),
    "form_cell_clip": ({SERIES}, "its cell clips its memory (cell_clip)"),
    "form_layer_norm": ({SERIES}, "its cell has layer normalization"),
    "form_state_dropout": ({SERIES}, "its state is dropped (state_keep_prob)"),
    "form_masking": (
        {SERIES.replace("rnn", "gru")},
        "its series are masked in each turn, as by the layer Masking of tf.keras",
    ),
    "form_attention_wrapper": ({SERIES}, "its cell has attention"),
    "form_raw": ({SERIES.removeprefix("rnn/")}, "it ends by a condition of its own, as raw_rnn"),
    "form_decoder": (
        {SERIES.replace("rnn", "decoder")},
        "it ends by a condition of its own, as raw_rnn and the decoders of seq2seq",
    ),
    "image_of_any_size": ({"ResizeBilinear"}, "has a size that is not known"),
    "form_grid": ({"rnn/rnn/bidirectional_grid_lstm_cell/fwd_1/mul_11"}, "is in no pattern"),
    "parts_sparse": (
        {"embedding_lookup/SparseReshape", "embedding_lookup/Where"}
        | {"embedding_lookup_sparse/Unique"},
        "is in no pattern",
    ),
}
GRAPHS = [
    path for path in sorted(GOLDENS.joinpath("graphs").glob("*.npz")) if path.stem not in REFUSED
]
CLOSE = 1e-5  # of the largest output


@functools.cache
def lifted(path, notes=False):
    """Returns the code, the model with its weights, and the arrays of a recorded graph."""
    with np.load(path) as file:
        arrays = dict(file)
    inputs, outputs, variables = (
        {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(kind)}
        for kind in ("in/", "out/", "var/")
    )
    feeds = json.loads(str(arrays["feeds"]))
    graph = meta_graph.parse(arrays["meta"].tobytes(), path.name)
    train_op = feeds.get("train_op")
    structure = Structure(graph, train_op) if train_op else None
    view = graph_view.GraphView(graph, list(outputs), list(inputs), structure)
    values = placeholders.values(view, feeds["feed"], feeds["eval_feed"])
    found = lifter.lift(view, values, list(inputs))
    code = ModelCode(found.program, found.inputs, found.outputs)
    model = built_model.build(code.source())
    built_model.set_weights(code, model, variables)
    return (code, model, inputs, outputs, *([found.notes] if notes else []))


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_the_model_gives_the_outputs_of_tf1(path):
    _, model, inputs, outputs = lifted(path)
    rows = list(inputs.values())
    predicted = model(rows if len(rows) > 1 else rows[0], training=False)
    predicted = predicted if isinstance(predicted, list) else [predicted]
    for (name, expected), found in zip(outputs.items(), predicted, strict=True):
        largest = max(1.0, float(np.abs(expected).max(initial=0)))
        np.testing.assert_allclose(found, expected, rtol=0, atol=CLOSE * largest, err_msg=name)


# graph -> lines that its code has
LINES = {
    "dense_contrib": ['hidden = keras.layers.Dense(4, activation="relu", name="hidden")(x)'],
    "dense_transposed": ['w = keras.layers.Dense(3, name="W")(x)'],
}
for each in sorted(GOLDENS.joinpath("expected_code").glob("*.py")):
    LINES.update(runpy.run_path(str(each))["LINES"])


@pytest.mark.parametrize("name", LINES)
def test_the_code_has_the_layers_of_keras(name):
    code, *_ = lifted(GRAPHS[0].with_name(f"{name}.npz"))
    lines = [line.strip() for line in code.source().splitlines()]
    assert [line for line in LINES[name] if line not in lines] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_layer_is_refused_by_name(name):
    nodes, reason = REFUSED[name]
    with pytest.raises(lifter.LiftError) as error:
        lifted(GRAPHS[0].with_name(f"{name}.npz"))
    assert {each.node for each in error.value.unknown} == nodes
    assert all(reason in each.reason for each in error.value.unknown)


# graph -> a part of what a reader is told of it
NOTES = {
    "norm_not_updated": "does not run the updates of the moving averages",
    "form_stateful": "begin with this state of the checkpoint",
    "norm_always_training": "normalises by the batch in evaluation, too",
}


@pytest.mark.parametrize("name", NOTES)
def test_a_reader_is_told_what_differs(name):
    _, _, _, _, notes = lifted(GRAPHS[0].with_name(f"{name}.npz"), notes=True)
    assert any(NOTES[name] in note for note in notes.values())
    assert not lifted(GRAPHS[0].with_name("drop_flag.npz"), notes=True)[-1]


def test_the_code_is_formatted_as_ruff_does(tmp_path):
    pytest.importorskip("ruff")
    for path in GRAPHS:
        (tmp_path / f"{path.stem}.py").write_text(lifted(path)[0].source())
    command = ["ruff", "format", "--isolated", "--line-length=88", "--diff", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout

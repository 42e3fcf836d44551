import struct

import pytest

from tf_recipes.training import learning_curves

HISTORY = {
    "loss": [0.9, 0.5],
    "val_loss": [0.8, 0.4],
    "accuracy": [0.5, 0.75],
    "val_accuracy": [0.25, 1.0],
    "test_accuracy": 0.9,
    "recipe": {"name": "momentum"},
}


def test_the_curves_show_the_history_with_names_and_units():
    loss, accuracy = learning_curves.draw(HISTORY).axes
    assert [line.get_ydata().tolist() for line in loss.lines] == [[0.9, 0.5], [0.8, 0.4]]
    assert [list(line.get_ydata()) for line in accuracy.lines] == [
        [50.0, 75.0],
        [25.0, 100.0],
        [90.0, 90.0],
    ]
    assert [list(line.get_xdata()) for line in loss.lines] == [[1, 2], [1, 2]]
    assert loss.get_xlabel() == accuracy.get_xlabel() == "epoch"
    assert "loss" in loss.get_ylabel() and "nats" in loss.get_ylabel()
    assert accuracy.get_ylabel() == "accuracy (%)"
    legend = [text.get_text() for text in accuracy.get_legend().get_texts()]
    assert legend == [
        "training, mean over the epoch",
        "validation, after the epoch",
        "test, at the end: 90.00 %",
    ]


def test_one_epoch_is_a_visible_point():
    short = {key: value[:1] if isinstance(value, list) else value for key, value in HISTORY.items()}
    loss, _ = learning_curves.draw(short).axes
    assert [line.get_marker() for line in loss.lines] == ["o", "s"]
    assert [tick for tick in loss.get_xticks() if tick == int(tick)] == list(loss.get_xticks())


@pytest.mark.parametrize("name", ["curves.png", "without_suffix"])
def test_the_file_is_a_png(tmp_path, name):
    learning_curves.plot(HISTORY, tmp_path / name)
    header = (tmp_path / name).read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:]) == (1200, 504)


def test_the_callers_backend_is_left_alone(run_python, tmp_path):
    code = (
        "import sys, matplotlib; matplotlib.use('svg');"
        "from tf_recipes.training import learning_curves;"
        f"learning_curves.plot({HISTORY!r}, sys.argv[1]);"
        "print(matplotlib.get_backend(), 'matplotlib.pyplot' in sys.modules)"
    )
    assert run_python(code, tmp_path / "curves.png", new=True) == "svg False"

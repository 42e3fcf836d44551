"""Tests that a baseline hides old findings alone."""

import json

import pytest

from tf_recipes.scan import baseline, scanner


def test_only_new_findings_are_left(tmp_path):
    code, known = tmp_path / "a.py", tmp_path / "known.json"
    code.write_text("import tensorflow as tf\ntf.log(1)\n")
    baseline.write(scanner.scan([str(code)]), str(known))
    assert json.loads(known.read_text()) == [
        {"path": "a.py", "code": "TFR001", "text": "tf.log(1)"}
    ]
    code.write_text("import tensorflow as tf\n\n\ntf.log(1)\ntf.log(1)\ntf.Session()\n")
    left = baseline.read(str(known)).without(scanner.scan([str(code)])).findings
    assert [each.line for each in left] == [5, 6]


@pytest.mark.parametrize("text", ["", "[1]", '[{"path": 1}]'])
def test_another_file_is_refused(tmp_path, text):
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(ValueError, match="A baseline is a file that a scan wrote"):
        baseline.read(str(tmp_path / "known.json"))

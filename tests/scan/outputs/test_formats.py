"""Tests every format on one small scan."""

import json
import os
import pathlib

import pytest

from tf_recipes.scan import scanner
from tf_recipes.scan.outputs import annotations, finding_json, finding_text, formats, sarif

CODE = "import tensorflow as tf\n\ty = 'é' if x else tf.log(1)\n".replace("\t", "if 1:\n\t")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("code")
    (folder / "a.py").write_text(CODE)
    (folder / "b.py").write_text("x = 1\ny = (")
    return scanner.scan([str(folder / "a.py"), str(folder / "b.py")])


def test_text(report):
    path, other = (f"{report.findings[0].path[:-4]}{name}.py" for name in "ab")
    assert finding_text.text(report).splitlines() == [
        f"{path}:3:20: TFR001 [vanished] TensorFlow 2 lacks tf.log. "
        "It lives in tf.compat.v1, in graph mode.",
        "    \ty = 'é' if x else tf.log(1)",
        "    \t                  ^^^^^^",
        "    write: keras.ops.log(1)",
        "    see docs/sessions.md",
        f"{other}:2: not scanned: it is neither Python 3 nor Python 2 that can be converted "
        "('(' was never closed)",
        "2 files, 3 lines: 1 finding in 1 file, 1 not scanned",
    ]


def test_json(report):
    (made,) = json.loads(finding_json.text(report))
    assert list(made) == list(finding_json.KEYS)
    assert (made["line"], made["column"], made["cell"]) == (3, 20, None)
    assert (made["code"], made["severity"], made["page"]) == (
        "TFR001",
        "vanished",
        "docs/sessions.md",
    )


def test_sarif(report):
    made = json.loads(sarif.text(report))
    assert made["version"] == "2.1.0"
    (run,) = made["runs"]
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "TFR001"
    assert result["level"] == "error"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 20, "endColumn": 26}
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"]
    (notification,) = invocation["toolExecutionNotifications"]
    assert "not scanned" in notification["message"]["text"]


def test_annotations(report):
    first, second = annotations.text(report).splitlines()
    assert (
        first.startswith("::error file=") and ",line=3,col=20,title=TFR001::TensorFlow 2" in first
    )
    assert second.startswith("::error file=") and ",line=2::not scanned" in second


def test_annotations_escape_what_would_end_them(report):
    finding = report.findings[0]._replace(path="a,b:c.py", message="50 %\nno.")
    made = annotations.text(report._replace(findings=[finding], problems=[]))
    assert "file=a%2Cb%3Ac.py," in made and "50 %25%0Ano." in made


def test_nothing_found(report):
    empty = report._replace(findings=[], problems=[])
    made = {name: write(empty) for name, write in formats.FORMATS.items()}
    assert made["text"] == "2 files, 3 lines: no findings"
    assert json.loads(made["json"]) == [] and made["github"] == ""


def test_a_name_that_is_no_utf8_keeps_its_bytes(tmp_path):
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), b"bad\xff.py"))
    pathlib.Path(path).write_text(CODE)
    (run,) = json.loads(sarif.text(scanner.scan([path])))["runs"]
    (result,) = run["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("/bad%FF.py") and json.dumps(run, ensure_ascii=False).encode()

"""Tests scans of whole trees: what is found, what is named as not scanned, and how fast."""

import ast
import json
import keyword
import os
import re
import sys
from pathlib import Path

import keras
import pytest

from lab.documentation import pages
from tf_recipes.knowledge import symbols
from tf_recipes.scan import scanner

ROOT = Path(__file__).parents[2]
SESSION = "import tensorflow as tf\ntf.Session()\n"


def codes(report):
    return [each.code for each in report.findings]


def test_a_file_that_fails_is_named_and_the_others_are_scanned(tmp_path):
    (tmp_path / "a.py").write_text("x = (")
    (tmp_path / "b.py").write_text(SESSION)
    (tmp_path / "c.py").write_bytes(b"x = '\xff'")
    (tmp_path / "d.ipynb").write_text("{")
    (tmp_path / "e.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "f.py").symlink_to(tmp_path / "f.py")
    (tmp_path / "g").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "i.py")
    report = scanner.scan([str(tmp_path), str(tmp_path / "h.py")])
    named = {os.path.basename(each.path): each.reason for each in report.problems}
    assert named.keys() == {"a.py", "c.py", "d.ipynb", "e.py", "f.py", "g", "h.py", "i.py"}
    assert named["e.py"] == "it is a link that leads nowhere" and named["i.py"] == "it is no file"
    assert codes(report) == ["TFR001"]
    assert report.status == 2


@pytest.mark.parametrize(
    "text",
    [
        "x = " + " + ".join(["1"] * 30_000),
        "x = " + "(" * 150 + ")" * 150,
        "import tensorflow as tf\n"
        + "".join(f"{' ' * n}if x:\n" for n in range(99))
        + " " * 99
        + "x",
        "import tensorflow as tf\nx = " + "tf." * 900 + "y",
        "import tensorflow as tf\nif x:\n  pass\n" + "elif x:\n  tf.Session()\n" * 700,
    ],
    ids=["sum", "brackets", "blocks", "attributes", "elif"],
)
def test_deep_nesting_is_scanned_or_named(tmp_path, text):
    (tmp_path / "a.py").write_text(text)
    report = scanner.scan([str(tmp_path)])
    found = text.count("tf.Session")
    assert report.problems or len(report.findings) == found


def test_status(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    assert scanner.scan([str(tmp_path)]).status == 0
    (tmp_path / "a.py").write_text(SESSION)
    assert scanner.scan([str(tmp_path)]).status == 1


def test_noqa(tmp_path):
    lines = ["tf.Session()  # noqa", "tf.Session()  # noqa: TFR001", "tf.Session()  # noqa: TFR002"]
    (tmp_path / "a.py").write_text("\n".join(["import tensorflow as tf", *lines]))
    assert [each.line for each in scanner.scan([str(tmp_path)]).findings] == [4]


def test_notebooks(tmp_path):
    sources = ["# text", "%matplotlib inline\nimport tensorflow as tf", "x\nprint tf.log(1)"]
    cells = [
        {"cell_type": "code" if n else "markdown", "source": text} for n, text in enumerate(sources)
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (finding,) = scanner.scan([str(tmp_path)]).findings
    assert (finding.cell, finding.line, finding.column) == (3, 2, 7)
    assert finding.text == "print tf.log(1)"


def test_folders_that_hold_no_source_of_ones_own(tmp_path):
    for folder in (".git", "__pycache__", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text(SESSION)
    (tmp_path / "env" / "pyvenv.cfg").write_text("")
    assert scanner.scan([str(tmp_path)]).files == 0
    assert scanner.scan([str(tmp_path / "env")]).files == 1


def test_several_processes_find_the_same(tmp_path):
    for number in range(scanner._FEW + 1):
        (tmp_path / f"a{number}.py").write_text(SESSION * (number + 1))
    (tmp_path / "b.py").write_text("from a1 import tf\ntf.Session()")
    alone = scanner.scan([str(tmp_path)], workers=1)
    assert scanner.scan([str(tmp_path)], workers=2) == alone
    assert len(alone.findings) > 800


def test_the_originals_are_tf1_code_and_the_port_is_not():
    folders = [path for path in (ROOT / "tf_recipes").iterdir() if path.is_dir()]
    paths = [str(path) for path in folders if path.name not in ("originals", "parity", "verify")]
    report = scanner.scan([*paths, str(ROOT / "tf_recipes" / "models.py")])
    assert (report.findings, report.problems) == ([], [])
    originals = scanner.scan([str(ROOT / "tf_recipes" / "originals")])
    assert len({each.path for each in originals.findings}) >= 12
    assert {"TFR001", "TFR010", "TFR014", "TFR018"} <= set(codes(originals))


def tf1_code():
    """Yields `(where, code)`: the originals, and the TF1 code of all pages, as TF 1.15 has it."""
    for path in sorted((ROOT / "tf_recipes" / "originals").rglob("*.py")):
        yield path.name, path.read_text()
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for number, block in enumerate(pages.blocks(page)):
            if block.tf1:
                code = block.code.replace("tensorflow.compat.v1 as tf", "tensorflow as tf")
                yield f"{page.name} {number}", code


def must_change(code):
    """Returns the lines that name, from `tf` on, what the TensorFlow that is installed lacks."""
    import tensorflow

    lines = set()
    for node in ast.walk(ast.parse(code)):
        name = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if re.fullmatch(r"tf(\.\w+)+", name) and not _has(tensorflow, name.split(".")[1:]):
            lines.add(node.lineno)
    return lines


def _has(value, parts):
    for part in parts:
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True


def test_every_line_of_the_chapters_code_that_must_change_is_marked(tmp_path):
    codes = dict(tf1_code())
    for number, code in enumerate(codes.values()):
        (tmp_path / f"a{number:03}.py").write_text(code)
    report = scanner.scan([str(tmp_path)], workers=1)
    assert report.problems == []
    marked = {(each.path, each.line) for each in report.findings}
    lacking = [
        f"{where}, line {line}"
        for number, (where, code) in enumerate(codes.items())
        for line in must_change(code)
        if (str(tmp_path / f"a{number:03}.py"), line) not in marked
    ]
    assert lacking == [] and len(codes) > 60 and len(marked) > 250


def test_keras_own_code_has_no_findings():
    """A part of Keras: what calls TensorFlow, and the examples of optimizers and layers."""
    source = Path(keras.__file__).parent / "src"
    report = scanner.scan([str(source / "backend" / "tensorflow"), str(source / "trainers")])
    assert (report.findings, report.problems) == ([], [])
    assert report.lines > 20_000


def test_private_modules_that_are_gone_need_no_other_sign_of_tf1(tmp_path):
    lines = ["from tensorflow.python.estimator import run_config", "run_config.RunConfig()"]
    (tmp_path / "a.py").write_text("\n".join(lines))
    (tmp_path / "b.py").write_text("from tensorflow.python.eager import context\ncontext.x()")
    report = scanner.scan([str(tmp_path)], ["TFR002"])
    assert [(each.path[-4:], each.line) for each in report.findings] == [("a.py", 1), ("a.py", 2)]
    assert "lacks tensorflow.python.estimator." in report.findings[0].message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import tensorflow.compat.v1 as tf\ntf.Session()\ntf.nn.relu(x)", ["TFR004"]),
        ("from tensorflow.compat import v1\nv1.train.AdamOptimizer(1)", ["TFR004", "TFR020"]),
        ("import tensorflow as tf\ntf.compat.v1.Session()", []),
        (
            "import tensorflow as tf\ntf.compat.v1.disable_v2_behavior()\n"
            "tf.compat.v1.reduce_sum(x, keep_dims=True)\ntf.compat.v1.nn.dropout(x, 0.8)",
            ["TFR004", "TFR013"],
        ),
        ("import tensorflow as tf\ny = tf.nn.dropout(x, keep_prob)", ["TFR013"]),
        ("import tensorflow as tf\nprint 'x'\ny = tf.nn.dropout(x, 0.8)", ["TFR013"]),
        ("import tensorflow as tf\ny = tf.image.resize(x, [2, 2])", []),
        (
            "import tensorflow.contrib.slim as s\nd = {'a': s.fully_connected}\nd[k](x, 3)",
            ["TFR001", "TFR001", "TFR010"],
        ),
        (
            "import functools, tensorflow as tf\ndef net(x, fc=tf.contrib.layers.fully_connected):"
            "\n    return fc(x, 3)",
            ["TFR001", "TFR001", "TFR010"],
        ),
    ],
)
def test_traps_are_found_however_tf1_is_reached(tmp_path, text, expected):
    (tmp_path / "a.py").write_text(text)
    assert codes(scanner.scan([str(tmp_path)])) == expected


def test_no_tensorflow_is_imported(run_python):
    code = (
        "import sys; from tf_recipes.cli import scan_command; from tf_recipes.scan import scanner; "
        f"scanner.scan([{str(ROOT / 'tf_recipes' / 'originals')!r}], workers=1); "
        "print([name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules])"
    )
    assert run_python(code, new=True) == "[]"


def test_recursion_is_as_deep_as_before(tmp_path):
    before = sys.getrecursionlimit()
    (tmp_path / "a.py").write_text(SESSION)
    scanner.scan([str(tmp_path)])
    assert sys.getrecursionlimit() == before


def test_every_vanished_symbol_is_found_in_every_style(tmp_path):
    """Recall against introspection: 2,900 names, each used in four ways."""
    names = [
        name
        for name in symbols.vanished()
        if name.count(".") and not any(map(keyword.iskeyword, name.split(".")))
    ]
    styles = {
        "alias": "import tensorflow as tf1\n" + "\n".join(f"tf1{name[2:]}" for name in names),
        "getattr": "import tensorflow as tf\n"
        + "\n".join("getattr(tf{1}, '{2}')".format(*_split(name)) for name in names),
        "assignment": "import tensorflow\ntf = tensorflow\n"
        + "\n".join(f"x = {name}" for name in names),
        "from": "\n".join("from tensorflow{1} import {2}".format(*_split(name)) for name in names),
    }
    assert len(names) > 2900
    for style, text in styles.items():
        path = tmp_path / f"{style}.py"
        path.write_text(text)
        report = scanner.scan([str(path)], ["TFR001", "TFR002"])
        lines = {each.line for each in report.findings}
        first = len(text.split("\n")) - len(names) + 1
        lacking = [name for line, name in enumerate(names, first) if line not in lines]
        assert (lacking, report.problems) == ([], []), style


def _split(name):
    """Returns the name, its module below `tensorflow` with the dot in front, and its last part."""
    module, _, last = name.rpartition(".")
    return name, module[2:], last

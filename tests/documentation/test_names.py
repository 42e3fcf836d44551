"""The index of TF1 names: sorted, complete for what this repository names, and true."""

import ast
import functools
import json
import re
import subprocess
from pathlib import Path

import keras
import pytest
import tensorflow

import tf_recipes
from tf_recipes.documentation import pages
from tf_recipes.parity import tf1

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "names.md"
ROW = re.compile(r"^\| `(tf\.[\w.]+)` \| (.+) \| \[(\w+)\]\(([^)]+)\) \|$")
ROOTS = {"keras": keras, "tf_recipes": tf_recipes, "tf": tensorflow}


def rows():
    """The rows of the table as `(TF1 name, what takes its place, title, target)`."""
    lines = PAGE.read_text().splitlines()
    start = lines.index("| TF1 | in its place | page |") + 2
    found = [ROW.match(line) for line in lines[start:] if line.startswith("|")]
    assert None not in found, lines[start + found.index(None)]
    return [each.groups() for each in found]


NAMES = [name for name, *_ in rows()]


def names_in(source):
    """Every `tf.NAME` in code, as long as attributes follow one another; and what is imported.

    >>> sorted(names_in("from tensorflow.contrib.layers import dropout; tf.Session(tf.nn.relu)"))
    ['tf.Session', 'tf.contrib.layers.dropout', 'tf.nn.relu']
    """
    tree = ast.parse(source)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tensorflow."):
            space = node.module.replace("tensorflow", "tf", 1)
            yield from (f"{space}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and id(node) not in inner and _dotted(node):
            yield _dotted(node)


def _dotted(node):
    """`tf.a.b` of an attribute that starts at `tf`, without dunder names; else None."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    public = [name for name in reversed(names) if not name.startswith("__")]
    starts = isinstance(node, ast.Name) and node.id == "tf" and public
    return ".".join(["tf", *public]) if starts else None


def missing(names):
    """Those that are neither in the table nor a module that holds one of the table."""
    modules = {".".join(name.split(".")[:n]) for name in NAMES for n in range(2, 5)}
    return sorted(set(names) - set(NAMES) - modules)


def test_names_are_found_in_code():
    source = "from tensorflow.contrib.layers import dropout\ntf.Session().run(tf.nn.relu(x.tf.y))"
    expected = ["tf.Session", "tf.contrib.layers.dropout", "tf.nn.relu"]
    assert sorted(names_in(source)) == expected
    assert list(names_in("tf.__version__; tf.float32.__class__")) == ["tf.float32"]
    assert missing([*expected, "tf.nn", "tf.nn.no_such"]) == ["tf.nn.no_such"]


def test_there_are_many_names_and_each_once():
    assert len(NAMES) == len(set(NAMES)) > 250


def test_the_table_is_sorted():
    assert sorted(NAMES, key=lambda name: (name.lower(), name)) == NAMES


@pytest.mark.parametrize("folder", ["tf_recipes/originals", "tests/originals", "tests/goldens"])
def test_every_name_in_tf1_code_is_there(folder):
    files = sorted((ROOT / folder).glob("*.py"))
    found = {name for path in files for name in names_in(path.read_text())}
    assert len(found) > 5
    assert missing(found) == []


def test_every_name_in_the_pages_tf1_blocks_is_there():
    blocks = [each for page in sorted((ROOT / "docs").rglob("*.md")) for each in pages.blocks(page)]
    found = {name for block in blocks if block.tf1 for name in names_in(block.code)}
    assert len(found) > 5
    assert missing(found) == []


@pytest.mark.parametrize(
    "name",
    [
        # every name of the document that the recipes are taken from, written out
        "tf.GraphKeys.REGULARIZATION_LOSSES",
        "tf.Session",
        "tf.Variable",
        "tf.abs",
        "tf.add",
        "tf.add_n",
        "tf.add_to_collection",
        "tf.assign",
        "tf.bool",
        "tf.clip_by_norm",
        "tf.clip_by_value",
        "tf.contrib.framework.arg_scope",
        "tf.contrib.layers.batch_norm",
        "tf.contrib.layers.dropout",
        "tf.contrib.layers.fully_connected",
        "tf.contrib.layers.l1_regularizer",
        "tf.contrib.layers.variance_scaling_initializer",
        "tf.float32",
        "tf.get_collection",
        "tf.get_variable",
        "tf.maximum",
        "tf.nn.dropout",
        "tf.nn.elu",
        "tf.placeholder",
        "tf.reduce_mean",
        "tf.reduce_sum",
        "tf.train.AdagradOptimizer",
        "tf.train.AdamOptimizer",
        "tf.train.GradientDescentOptimizer",
        "tf.train.MomentumOptimizer",
        "tf.train.RMSPropOptimizer",
        "tf.train.exponential_decay",
        "tf.variable_scope",
    ],
)
def test_the_documents_names_are_there(name):
    assert name in NAMES


def test_every_name_is_one_of_tf1(tf1_python):
    code = """
import json, sys
from functools import reduce
import tensorflow as tf
def found(name):
    try:
        reduce(getattr, name.split(".")[1:], tf)
    except AttributeError:
        return False
    return True
print(json.dumps([name for name in json.load(sys.stdin) if not found(name)]))
"""
    done = subprocess.run(
        [tf1_python, "-I", "-W", "ignore", "-c", code],
        input=json.dumps([*NAMES, "tf.no_such"]),
        env=tf1.environment(TF_CPP_MIN_LOG_LEVEL="2"),
        capture_output=True,
        check=True,
        text=True,
        timeout=300,
    )
    assert json.loads(done.stdout) == ["tf.no_such"]


@pytest.mark.parametrize(("name", "place"), [row[:2] for row in rows()], ids=NAMES)
def test_what_takes_its_place_exists(name, place):
    for code in re.findall(r"`((?:keras|tf_recipes|tf)(?:\.\w+)*)`", place):
        first, *rest = code.split(".")
        assert functools.reduce(getattr, rest, ROOTS[first]) is not None
    outside = re.sub(r"`[^`]*`", "", place)
    assert not re.search(r"\b(keras|tf_recipes|tf)\.", outside), "a name that is not in code style"


@pytest.mark.parametrize("target", sorted({row[3] for row in rows()}))
def test_every_page_and_anchor_exists(target):
    path, _, anchor = target.partition("#")
    assert (PAGE.parent / path).is_file()
    assert not anchor or anchor in pages.anchors(PAGE.parent / path)


def test_the_title_of_a_link_is_its_page():
    for name, _, title, target in rows():
        assert title == Path(target.partition("#")[0]).stem, name

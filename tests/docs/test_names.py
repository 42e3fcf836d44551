"""Tests that the index of TF1 names is sorted, complete for this repository, and true."""

import ast
import functools
import json
import re
import subprocess
from pathlib import Path

import keras
import pytest
import tensorflow

import limits
import tf_recipes
from lab.documentation import pages
from tf_recipes.knowledge import names
from tf_recipes.parity.tf1 import interpreter

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "names.md"
DEFAULTS = ROOT / "docs" / "defaults.md"
LISTS = json.loads(Path(__file__).with_name("names.json").read_text())
NOBODY = [name for listed in LISTS["nobody migrates"].values() for name in listed]
ROOTS = {"keras": keras, "tf_recipes": tf_recipes, "tf": tensorflow}


ROWS = names.rows()  # the table of the page is written from them
NAMES = list(ROWS)


def names_in(source):
    """Yields every longest `tf.a.b` in code, and every name imported from TensorFlow.

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
    """Returns `tf.a.b` of an attribute that starts at `tf`, without dunder names; else None."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    public = [name for name in reversed(parts) if not name.startswith("__")]
    starts = isinstance(node, ast.Name) and node.id == "tf" and public
    return ".".join(["tf", *public]) if starts else None


def missing(found):
    """Returns the names that are neither in the table nor a module of a name in the table."""
    modules = {".".join(name.split(".")[:n]) for name in NAMES for n in range(2, 5)}
    return sorted(set(found) - set(NAMES) - modules)


def test_names_are_found_in_code():
    source = "from tensorflow.contrib.layers import dropout\ntf.Session().run(tf.nn.relu(x.tf.y))"
    expected = ["tf.Session", "tf.contrib.layers.dropout", "tf.nn.relu"]
    assert sorted(names_in(source)) == expected
    assert list(names_in("tf.__version__; tf.float32.__class__")) == ["tf.float32"]
    assert missing([*expected, "tf.nn", "tf.nn.no_such"]) == ["tf.nn.no_such"]


def test_there_are_many_names_and_each_once():
    assert len(NAMES) == len(set(NAMES)) > 1000


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


def test_the_names_written_out_are_there():
    # "looked up": names that readers searched for
    for listed in (LISTS["the chapter's names"], LISTS["looked up"]):
        assert len(listed) > 10
        assert [name for name in listed if name not in NAMES] == []


def test_every_name_in_the_table_of_defaults_is_there():
    table = DEFAULTS.read_text().partition("<!-- generated defaults -->")[2].partition("<!-- /")[0]
    first = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    found = set(re.findall(r"`(tf\.[\w.]+)`", first))
    assert len(found) > 70
    assert sorted(found - set(NAMES)) == []


@pytest.fixture(scope="module")
def in_tf1(tf1_python):
    """Asks real TF 1.15 which names it lacks, and which names its modules hold.

    `public` is {module: {name: whether it is the same object as tf.NAME}}, without submodules.
    """
    code = """
import json, sys, types
from functools import reduce
import tensorflow as tf
def get(name):
    return reduce(getattr, name.split(".")[1:], tf)
def found(name):
    try:
        get(name)
    except AttributeError:
        return False
    return True
def public(module):
    names = [name for name in dir(module) if not name.startswith("_")]
    held = [(name, getattr(module, name)) for name in names]
    return {name: each is getattr(tf, name, None) for name, each in held
            if not isinstance(each, types.ModuleType)}
names, modules = json.load(sys.stdin)
print(json.dumps({"lacking": [name for name in names if not found(name)],
                  "public": {module: public(get(module)) for module in modules}}))
"""
    modules = [*LISTS["whole modules"], *LISTS["namespaces"]]
    done = subprocess.run(
        [tf1_python, "-I", "-W", "ignore", "-c", code],
        input=json.dumps([[*NAMES, *NOBODY, "tf.no_such"], modules]),
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="2"),
        capture_output=True,
        check=True,
        text=True,
        timeout=limits.PROCESS,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_every_name_is_one_of_tf1(in_tf1):
    assert in_tf1["lacking"] == ["tf.no_such"]


@pytest.mark.parametrize("module", LISTS["whole modules"])
def test_every_public_name_is_there_or_nobody_migrates_it(in_tf1, module):
    public = {f"{module}.{name}" for name in in_tf1["public"][module]}
    assert len(public) > 9
    assert sorted(public - set(NAMES) - set(NOBODY)) == []


@pytest.mark.parametrize("space", LISTS["namespaces"])
def test_the_rule_for_namespaces_finds_every_name(in_tf1, space):
    """A public name has a row, is the same object as `tf.NAME`, or is a name of TensorFlow 2."""
    public = in_tf1["public"][space]
    later = getattr(tensorflow, space.removeprefix("tf."), None)  # TensorFlow 2 may lack the module
    lost = [
        name
        for name, same in public.items()
        if f"{space}.{name}" not in NAMES
        and not (same and f"tf.{name}" in {*NAMES, *NOBODY})
        and not hasattr(later, name)
    ]
    assert len(public) > 7
    assert lost == []


def test_the_namespaces_of_the_page_are_those():
    table = PAGE.read_text().partition("## Namespaces")[2].partition("## Names")[0]
    found = re.findall(r"^\| `(tf\.[\w.]+)` \| .+ \| \[(\w+)\]\(\2\.md\) \|$", table, re.MULTILINE)
    assert [space for space, _ in found] == LISTS["namespaces"] == sorted(LISTS["namespaces"])
    assert all((PAGE.parent / f"{page}.md").is_file() for _, page in found)


def test_the_introduction_names_the_whole_modules():
    scope = PAGE.read_text().split("The index has every public name")[1].split(", but for")[0]
    assert sorted(re.findall(r"`(tf[\w.]*)`", scope)) == LISTS["whole modules"]


def test_what_nobody_migrates_has_no_row():
    assert sorted({*NAMES} & {*NOBODY}) == []
    assert len(NOBODY) == len(set(NOBODY)) < 60


@pytest.mark.parametrize("place", [row.replacement for row in ROWS.values()], ids=NAMES)
def test_what_takes_its_place_exists(place):
    for code in re.findall(r"`((?:keras|tf_recipes|tf)(?:\.\w+)*)`", place):
        first, *rest = code.split(".")
        assert functools.reduce(getattr, rest, ROOTS[first]) is not None
    outside = re.sub(r"`[^`]*`", "", place)
    assert not re.search(r"\b(keras|tf_recipes|tf)\.", outside), "a name that is not in code style"


@pytest.mark.parametrize("target", sorted({row.page for row in ROWS.values()}))
def test_every_page_and_anchor_exists(target):
    path, _, anchor = target.partition("#")
    assert (PAGE.parent / path).is_file()
    assert not anchor or anchor in pages.anchors(PAGE.parent / path)


def test_the_page_has_every_row():
    assert PAGE.read_text().count("\n| `tf.") == len(NAMES) + len(LISTS["namespaces"])
    assert f"\n{names.markdown()}\n" in PAGE.read_text()


SPARSE = {  # replacements that are built-ins of Keras, with the arguments of their rows
    "tf.contrib.opt.AdaMaxOptimizer": lambda: keras.optimizers.Adamax(0.1, epsilon=1e-8),
    "tf.train.AdadeltaOptimizer": lambda: keras.optimizers.Adadelta(1.0, epsilon=1e-8),
    "tf.train.FtrlOptimizer": lambda: keras.optimizers.Ftrl(0.1),
    "tf.train.GradientDescentOptimizer": lambda: keras.optimizers.SGD(0.1),
}


def after_steps(optimizer, rows):
    """Returns a table of three rows after a sparse gradient of one row in each step."""
    table = keras.Variable([[1.0, -2.0], [3.0, 0.5], [-1.0, 2.0]])
    for row in rows:
        values = tensorflow.constant([[0.5, -0.25]])
        optimizer.apply([tensorflow.IndexedSlices(values, [row], [3, 2])], [table])
    return table.numpy()


@pytest.mark.parametrize("name", SPARSE)
def test_an_optimizer_that_changes_rows_without_a_gradient_is_for_dense_ones(name):
    """TF1's kernels of these optimizers read and wrote the rows of the gradient alone."""
    between, alone = (after_steps(SPARSE[name](), rows) for rows in ([0, 1, 0], [0, 0]))
    as_tf1 = (between[0] == alone[0]).all() and (between[2] == [-1.0, 2.0]).all()
    assert ("for dense gradients" in ROWS[name].replacement) == (not as_tf1)


def test_every_optimizer_of_keras_in_the_index_is_asked():
    built_in = re.compile(r"(?<!none: )`keras\.optimizers\.[A-Z]\w+`")
    listed = {
        n for n, row in ROWS.items() if row.compared == "run" and built_in.search(row.replacement)
    }
    assert {n for n in listed if "tf_recipes" not in ROWS[n].replacement} <= SPARSE.keys()

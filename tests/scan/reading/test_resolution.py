"""Tests that TensorFlow's names are found however they were reached."""

import textwrap

import pytest

from tf_recipes.scan import scanner

REACHED = {
    "alias": "import tensorflow as tf1\ntf1.Session()",
    "no alias": "import tensorflow\ntensorflow.Session()",
    "submodule": "import tensorflow.contrib.slim\ntensorflow.contrib.slim.conv2d(x)",
    "submodule alias": "import tensorflow.contrib.slim as s\ns.conv2d(x)",
    "from": "from tensorflow import Session\nSession()",
    "from as": "from tensorflow.contrib import slim as s\ns.conv2d(x)",
    "star": "from tensorflow import *\nSession()",
    "star of contrib": "from tensorflow.contrib.layers import *\nfully_connected(x, 1)",
    "assignment": "import tensorflow as tf\nslim = tf.contrib.slim\nslim.conv2d(x)",
    "chain of assignments": "import tensorflow as tf\na = tf.contrib\nb = c = a.slim\nc.conv2d(x)",
    "tuple": "import tensorflow as tf\na, b = tf.nn, tf.layers\nb.dense(x, 1)",
    "default": "import tensorflow as tf\ndef f(g=tf.layers.dense):\n    return g(x, 1)",
    "partial": "import functools, tensorflow as tf\n"
    "d = functools.partial(tf.layers.dense, units=1)\nd(x)",
    "getattr": "import tensorflow as tf\ngetattr(tf, 'layers').dense(x, 1)",
    "getattr of a chain": "import tensorflow as tf\ngetattr(tf.contrib, 'slim').conv2d(x)",
    "in a function": "def f():\n    import tensorflow as tf\n    return tf.Session()",
    "in try": "try:\n    import tensorflow as tf\nexcept ImportError:\n    tf = None\ntf.Session()",
    "either": "import tensorflow as tf\nl = x or tf.layers\nl.dense(x)",
    "walrus in place": "import tensorflow as tf\n(s := tf.layers).dense(x, 1)",
    "conditional": "import tensorflow as tf\nl = tf.layers if x else tf.contrib.layers\nl.dense(x)",
    "lambda": "import tensorflow as tf\nf = lambda x: tf.layers.dense(x, 1)",
    "decorator": "import tensorflow as tf\n@tf.contrib.framework.add_arg_scope\ndef f(): pass",
    "base class": "import tensorflow as tf\nclass C(tf.layers.Layer): pass",
    "self": "import tensorflow as tf\nclass C:\n    def __init__(self):\n"
    "        self.d = tf.layers.dense\n    def f(self):\n        return self.d(x, 1)",
    "import_module": "import importlib\ntf = importlib.import_module('tensorflow')\ntf.Session()",
    "__import__": "tf = __import__('tensorflow')\ntf.Session()",
    "global": "def f():\n    global tf\n    import tensorflow as tf\ndef g():\n    tf.Session()",
    "walrus": "import tensorflow as tf\nif (s := tf.layers):\n    s.dense(x, 1)",
    "arg_scope": "import tensorflow as tf\nwith tf.contrib.framework.arg_scope([f]):\n    pass",
    "f-string": "import tensorflow as tf\nf'{tf.Session()}'",
    "item of a dict": "import tensorflow as tf\nd = {'a': tf.layers}\nd['a'].dense(x, 1)",
    "of compat": "import tensorflow.compat.v1 as tf\ntf.layers.dense(x, 1)",
}
NOT_REACHED = {
    "lives": "import tensorflow as tf\ntf.nn.relu(x)",
    "parameter": "import tensorflow as tf\ndef f(tf):\n    return tf.Session()",
    "rebound": "import tensorflow as tf\nlayers = tf.nn\nlayers = [1]\nlayers.dense(x)",
    "other library": "import tf_slim as slim\nslim.conv2d(x)",
    "attribute of an object": "import tensorflow as tf\nx.tf.Session()",
    "compat": "import tensorflow.compat.v1 as tf\ntf.Session()",
    "compat in try": "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n"
    "    import tensorflow as tf\ntf.Session()",
    "text": "s = 'tensorflow'\n# tf.Session()",
    "star of a built-in": "from tensorflow import *\nprint(round(1.5))",
    "class attribute": "import tensorflow as tf\nclass C:\n    tf = 1\n    s = tf.Session",
    "itself": "import tensorflow\nx = x\nx.Session()",
}


def scanned(tmp_path, **files):
    """Scans the folder of files, `{stem: source}`, and returns `[(file, line, message)]`."""
    for stem, code in files.items():
        path = tmp_path / f"{stem}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(code))
    report = scanner.scan([str(tmp_path)], ["TFR001"], workers=1)
    assert report.problems == []
    return [(each.path.rpartition("/")[2], each.line, each.message) for each in report.findings]


@pytest.mark.parametrize("code", REACHED.values(), ids=REACHED)
def test_a_vanished_name_is_found_where_it_is_used(tmp_path, code):
    found = scanned(tmp_path, a=code)
    last = len(code.split("\n")) - ("arg_scope" in code)
    assert [each for each in found if each[1] in (last, last - 1)], found


@pytest.mark.parametrize("code", NOT_REACHED.values(), ids=NOT_REACHED)
def test_other_names_are_not_found(tmp_path, code):
    assert scanned(tmp_path, a=code) == []


@pytest.mark.parametrize(
    ("helper", "main"),
    [
        ("import tensorflow as tf", "from helper import tf\ntf.Session()"),
        ("import tensorflow as tf", "import helper\nhelper.tf.Session()"),
        ("import tensorflow as tf", "import helper as h\nh.tf.Session()"),
        ("import tensorflow as tf", "from helper import *\ntf.Session()"),
        ("import tensorflow as tf\nS = tf.Session", "from helper import S\nS()"),
        ("from tensorflow import Session", "import helper\nhelper.Session()"),
    ],
)
def test_tensorflow_through_a_helper(tmp_path, helper, main):
    found = scanned(tmp_path, helper=helper, main=main)
    assert ("main.py", 2) in [each[:2] for each in found]


def test_tensorflow_through_two_helpers_and_a_package(tmp_path):
    found = scanned(
        tmp_path,
        **{"package/__init__": "from package.first import *"},
        **{"package/first": "import tensorflow as tf"},
        second="from package import tf as t",
        main="from second import t\nt.Session()",
    )
    assert [each[:2] for each in found] == [("main.py", 2)]


def test_helpers_that_import_one_another(tmp_path):
    found = scanned(
        tmp_path, a="from b import *\nimport tensorflow as tf", b="from a import *\ntf.Session()"
    )
    assert [each[:2] for each in found] == [("b.py", 2)]


def test_a_helper_beside_a_file_that_is_named(tmp_path):
    (tmp_path / "helper.py").write_text("import tensorflow as tf\ntf.Session()")
    (tmp_path / "main.py").write_text("from helper import tf\ntf.Session()")
    report = scanner.scan([str(tmp_path / "main.py")], ["TFR001"])
    assert [each.line for each in report.findings] == [2]
    assert report.findings[0].path.endswith("main.py")

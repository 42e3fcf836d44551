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
    "walrus with a dot": "import tensorflow as tf\n(t := tf).Session()",
    "choice with a dot": "import tensorflow as tf\nx = 1\n(x or tf).Session()",
    "attribute of an object": "import tensorflow as tf\nclass C:\n    def __init__(self):\n"
    "        self.l = tf.layers\n\n\ndef f():\n    o = C()\n    return o.l.dense(x, 1)",
    "attribute of a new object": "import tensorflow as tf\nclass C:\n    l = tf.layers\nx = 1\n"
    "C().l.dense(x, 1)",
    "property of an object": "import tensorflow as tf\nclass C:\n    @property\n    def l(self):\n"
    "        return tf.layers\no = C()\no.l.dense(x, 1)",
    "result of a static method": "import tensorflow as tf\nclass C:\n    @staticmethod\n"
    "    def l():\n        return tf.layers\nx = 1\nC.l().dense(x, 1)",
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
    "attribute of a class": "import tensorflow as tf\nclass C:\n    act = tf.contrib.layers\n"
    "    def f(self):\n        return self.act.flatten(x)",
    "attribute by the class": "import tensorflow as tf\nclass C:\n    l = tf.layers\n"
    "x = 1\nC.l.dense(x, 1)",
    "inherited attribute": "import tensorflow as tf\nclass B:\n    l = tf.layers\nclass C(B):\n"
    "    def f(self):\n        return self.l.dense(x, 1)",
    "property": "import tensorflow as tf\nclass C:\n    @property\n    def l(self):\n"
    "        return tf.layers\n    def f(self):\n        return self.l.dense(x, 1)",
    "result of a function": "import tensorflow as tf\ndef f():\n    return tf.layers\n\n\n"
    "g = f()\n\n\ng.dense(x, 1)",
    "result of a lambda": "import tensorflow as tf\nf = lambda: tf\nx = 1\ntf.Session()",
    "parameter that a call passes": "import tensorflow as tf\nf(tf.layers)\n\n\ndef f(l):\n"
    "    return l.dense(x, 1)",
    "loop over a list": "import tensorflow as tf\nfor f in [1, tf.layers]:\n    x = 1\n"
    "    f.dense(x)",
    "loop over a dict": "import tensorflow as tf\nd = {'a': tf.layers}\nx = 1\n"
    "for k, f in d.items():\n    y = 1\n    f.dense(x)",
    "item of dict()": "import tensorflow as tf\nd = dict(a=tf.layers)\nx = 1\nd['a'].dense(x, 1)",
    "item that was put in": "import tensorflow as tf\nd = {}\nd['a'] = tf.layers\nx = 1\n"
    "d['a'].dense(x, 1)",
    "partial by another name": "from functools import partial as p\nimport tensorflow as tf\n"
    "f = p(tf.layers.dense, units=1)\nx = 1\nf(x)",
    "getattr with a name": "import tensorflow as tf\nN = 'layers'\nx = 1\n"
    "getattr(tf, N).dense(x, 1)",
    "getattr with a sum": "import tensorflow as tf\ngetattr(tf, 'lay' + 'ers').dense(x, 1)",
    "import_module by another name": "from importlib import import_module as m\n"
    "s = m('tensorflow.contrib.slim')\nx = 1\ns.conv2d(x, 1, 1)",
    "relative import_module": "import importlib as i\n"
    "s = i.import_module('.slim', 'tensorflow.contrib')\nx = 1\ns.conv2d(x, 1, 1)",
    "sys.modules": "import sys, tensorflow\ntf = sys.modules['tensorflow']\nx = 1\ntf.Session()",
    "globals": "import tensorflow as tf\nglobals()['tf'].Session()",
    "vars": "import tensorflow as tf\nvars(tf)['Session']()",
    "__dict__": "import tensorflow as tf\ntf.__dict__['Session']()",
    "nonlocal": "def f():\n    tf = None\n    def g():\n        nonlocal tf\n"
    "        import tensorflow as tf\n    g()\n    tf.Session()",
    "in try of contrib": "try:\n    import tensorflow.contrib.slim as s\nexcept ImportError:\n"
    "    import tf_slim as s\nx = 1\ns.conv2d(x, 1, 1)",
    "default of a lambda": "import tensorflow as tf\nf = lambda x, g=tf.layers.dense: g(x, 1)",
    "MNIST": "from tensorflow.examples.tutorials.mnist import input_data\nx = 1\n"
    "input_data.read_data_sets('x')",
    "from compat": "from tensorflow.compat import v1 as tf\ntf.layers.dense(x, 1)",
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
    "other result": "import tensorflow as tf\ndef f():\n    return g(tf.nn)\nf().Session()",
    "items of each other": "import tensorflow as tf\nd = {}\nd[1] = d[2]\nd[2] = d[1]\n"
    "d[1].Session()",
    "base of itself": "import tensorflow as tf\nclass C(C):\n    def f(self):\n"
    "        return self.x.Session()",
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
        (
            "import tensorflow as tf\nclass N:\n    l = tf.layers",
            "from helper import N\nN.l.dense(x)",
        ),
        ("import tensorflow as tf\ndef f():\n    return tf", "from helper import f\nf().Session()"),
        ("import tensorflow as tf\ndef f():\n    return tf", "import helper\nhelper.f().Session()"),
        ("import tensorflow as tf\nd = {1: tf.layers}", "from helper import d\nd[1].dense(x)"),
        (
            "import tensorflow as tf\nclass N:\n    l = tf.layers",
            "import helper\nclass M(helper.N): x = 1; f = lambda self: self.l.dense(x)",
        ),
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


@pytest.mark.parametrize("has_init", [True, False])
def test_a_helper_by_its_dotted_name(tmp_path, has_init):
    """`import lib.ops` binds `lib`, whether the folder is a package or a namespace."""
    (tmp_path / "lib").mkdir()
    if has_init:
        (tmp_path / "lib" / "__init__.py").write_text("")
    (tmp_path / "lib" / "ops.py").write_text("import tensorflow as tf\n")
    main = tmp_path / "main.py"
    main.write_text("import lib.ops\n\nlib.ops.tf.Session()\nlib.tf.Session()\n")
    report = scanner.scan([str(main)], workers=1)
    assert [(each.line, each.code) for each in report.findings] == [(3, "TFR001")]

"""Tests what a rewrite of a file keeps, what it leaves, and what it says."""

import json
import sys
import textwrap

import pytest

import scanned
from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\n"


def fixed(code):
    return fixer.fixed_text(HEAD + textwrap.dedent(code))


def notes(tmp_path, code):
    return scanned.notes(tmp_path, HEAD + textwrap.dedent(code))


def test_a_function_gets_keras_as_a_whole_or_not_at_all(tmp_path):
    """The scope of one idiom is a function: the second has `get_variable`, which stays TF1."""
    code = """
    def whole(x):
        return tf.layers.dense(tf.log(x), 10)


    def half(x):
        y = tf.layers.dense(tf.log(x), 10)
        return y * tf.get_variable("w", [10])
    """
    made = fixed(code)
    assert "return keras.layers.Dense(10)(keras.ops.log(x))" in made
    assert "y = tf.layers.dense(tf.math.log(x), 10)" in made
    (note,) = notes(tmp_path, code)
    assert note == "half (line 8) keeps TF1's idiom, because of tf.get_variable"


def test_outside_functions_is_a_scope_of_its_own():
    made = fixed("y = tf.layers.dense(x, 1)\nz = tf.placeholder(tf.float32)\nn = tf.is_nan(z)\n")
    assert "tf.layers.dense(x, 1)" in made and "n = tf.math.is_nan(z)" in made
    assert "y = keras.layers.Dense(1)(x)" in fixed("y = tf.layers.dense(x, 1)\n")


def test_what_is_inside_a_function_belongs_to_it():
    """Also its defaults, its decorators and the functions in it."""
    made = fixed(
        """
        def outer(x, start=tf.placeholder(tf.float32)):
            def inner(y):
                return tf.layers.dense(y, 2)
            return inner(x)
        """
    )
    assert "tf.layers.dense(y, 2)" in made


def test_methods_share_an_idiom_where_self_keeps_what_is_rewritten(tmp_path):
    code = """
    class Model:
        def __init__(self):
            self.optimizer = tf.train.AdamOptimizer()

        def train(self, loss):
            return self.optimizer.minimize(loss)

        def penalty(self):
            return tf.contrib.layers.l2_regularizer(0.1)
    """
    made = fixed(code)
    assert "tf.train.AdamOptimizer()" in made and "tf.contrib.layers.l2_regularizer" in made
    assert all(".minimize()" in each for each in notes(tmp_path, code))
    alone = fixed("def penalty():\n    return tf.contrib.layers.l2_regularizer(0.1)\n")
    assert "return tf_recipes.l2_regularizer(0.1)" in alone


def test_comments_and_layout_stay():
    made = fixed(
        """
        def net(x):  # the net

            y = tf.layers.conv2d(  # first
                x,   # inputs
                8,   # filters
                [3,  3],

                activation = tf.nn.relu,  # not linear
            )
            return tf.reduce_max( y,  [1, 2],  keep_dims = True )  # last
        """
    )
    for comment in ("# the net", "# first", "# inputs", "# filters", "# not linear", "# last"):
        assert made.count(comment) == 1
    assert "        [3,  3],\n\n" in made
    assert "keras.ops.max( y,  [1, 2],  keepdims = True )" in made


def test_every_way_to_reach_a_name():
    made = fixer.fixed_text(
        "import tensorflow as tf1\n"
        "from tensorflow import log as logarithm\n"
        "from tensorflow.contrib.layers import fully_connected as fc, l2_regularizer\n"
        "slim = tf1.contrib.slim\n\n\n"
        "def net(x):\n"
        "    layer = tf1.layers.dense\n"
        "    return layer(slim.flatten(fc(x, 3, weights_regularizer=l2_regularizer(0.1))), 2)\n\n\n"
        "y = logarithm(tf1.to_float(3))\n"
    )
    assert "contrib" not in made and "slim" not in made and "layer =" not in made
    assert "keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.Dense(3, " in made
    assert "y = tf1.math.log(tf1.cast(3, tf1.float32))" in made


def test_arg_scope_is_spelled_out_from_the_inside():
    code = """
    from tensorflow.contrib.framework import arg_scope
    from tensorflow.contrib.layers import conv2d, max_pool2d

    def net(x):
        with arg_scope([conv2d, max_pool2d], padding="SAME"):  # all
            with arg_scope([conv2d], activation_fn=tf.nn.elu, padding="VALID"):
                y = conv2d(x, 8, 3)
                # end of the inner
            y = max_pool2d(y, 2)
        return y
    """
    made = fixed(code)
    assert "with" not in made and "arg_scope" not in made
    assert 'activation=tf_recipes.elu, padding="valid"' in made
    assert 'keras.layers.MaxPooling2D(2, padding="same", strides=2)(y)' in made
    assert "# all" in made and "# end of the inner" in made


@pytest.mark.parametrize(
    "body",
    [
        "return block(x)",  # calls the layer out of sight
        "return [lambda: slim.conv2d(x, 8, 3)]",
    ],
)
def test_an_arg_scope_that_reaches_further_stays(body):
    code = f"""
    from tensorflow.contrib import slim
    def net(x):
        with slim.arg_scope([slim.conv2d], padding="VALID"):
            {body}
    """
    assert fixed(code) == HEAD + textwrap.dedent(code)


@pytest.mark.parametrize(
    "call",
    [
        "tf.layers.dense(x, 3, reuse=True)",
        "tf.layers.dense(x, 3, name='a/b')",
        "tf.layers.dense(*args)",
        "tf.layers.dense(x, 3, **options)",
        "tf.layers.batch_normalization(f(x))",
        "tf.contrib.layers.conv2d(x, 8, 3, normalizer_fn=norm)",
        "tf.train.exponential_decay(0.1, step, 10, 0.5)",
    ],
)
def test_what_has_no_counterpart_stays_and_is_named(call, tmp_path):
    code = f"def net(x):\n    y = tf.layers.flatten(x)\n    return {call}, y\n"
    assert fixed(code) == HEAD + code
    (note,) = notes(tmp_path, code)
    assert call.partition("(")[0] in note


def test_obstacles_are_named_once_with_the_way_out(tmp_path):
    code = """
    tf.estimator.Estimator(f); tf.estimator.Estimator(g)
    tf.train.shuffle_batch(x, 3, 4, 5)
    tf.contrib.seq2seq.BasicDecoder(c, h, s)
    tf.train.MonitoredTrainingSession()
    tf.import_graph_def(d)
    tf.contrib.slim.learning.train(op, "x")
    """
    found = notes(tmp_path, code)
    assert [each.split(": ")[1].partition(" (")[0] for each in found] == [
        "Estimators",
        "Queues and readers",
        "seq2seq decoders",
        "Distributed sessions",
        "GraphDef surgery",
        "slim.learning",
    ]
    assert all("; see docs/" in each for each in found)


def test_flags_need_a_program_that_reads_them(tmp_path):
    code = "flags = tf.app.flags\nflags.DEFINE_string('a', '', 'text')\n"
    assert fixed(code) == HEAD + code
    assert "no tf.app.run" in notes(tmp_path, code)[0]
    early = f"{code}print(flags.FLAGS.a)\nif __name__ == '__main__':\n    tf.app.run()\n"
    assert "absl" not in fixed(early)


def test_a_name_that_means_something_else_is_not_taken(tmp_path):
    code = "keras = 3\n\ndef net(x):\n    return tf.layers.dense(x, 3)\n"
    assert notes(tmp_path, code) == ["not rewritten: the name keras means something else in it"]


def test_python_2_and_odd_slices_stop_nothing(tmp_path):
    assert fixed("x[(1):(2)]\ny = tf.log(x[(a):(b), ...])\n") == (
        HEAD + "x[(1):(2)]\ny = tf.math.log(x[(a):(b), ...])\n"
    )
    (note,) = notes(tmp_path, "y = 1\nprint tf.log(1)\n")
    command = "python" if sys.version_info < (3, 13) else "python3.12"
    assert note.startswith("not rewritten: line 3 is Python 2; convert the file first: ")
    assert f": {command} -m lib2to3 -w {tmp_path / 'a.py'} (Python 3.13 has no" in note


def test_what_the_note_on_python_2_says_makes_the_file_one_that_is_rewritten(tmp_path):
    lib2to3 = pytest.importorskip("lib2to3.main")  # gone from Python 3.13
    path = tmp_path / "a.py"
    path.write_text(HEAD + "print tf.log(1.0)\n")
    assert lib2to3.main("lib2to3.fixes", ["--write", "--nobackups", str(path)]) == 0
    assert fixer.fix(str(path)).after == HEAD + "print(tf.math.log(1.0))\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_keeps_its_encoding_its_line_ends_and_its_mode(tmp_path, newline, mark):
    path = tmp_path / "a.py"
    text = f"{mark}# é{newline}import tensorflow as tf{newline}y = tf.log(1)"
    path.write_bytes(text.encode())
    path.chmod(0o750)
    result = fixer.fix(str(path), write=True)
    assert path.read_bytes() == text.replace("tf.log", "tf.math.log").encode()
    assert path.stat().st_mode & 0o777 == 0o750
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]
    assert "+y = tf.math.log(1)" in result.diff.replace("\r", "")


def test_latin_1(tmp_path):
    path = tmp_path / "a.py"
    text = "# -*- coding: latin-1 -*-\nimport tensorflow as tf\nx = 'é'; y = tf.log(1)\n"
    path.write_bytes(text.encode("latin-1"))
    fixer.fix(str(path), write=True)
    assert path.read_bytes() == text.replace("tf.log", "tf.math.log").encode("latin-1")


def test_a_notebook_keeps_its_cells_and_magics(tmp_path):
    path = tmp_path / "a.ipynb"
    sources = [
        ["%matplotlib inline\n", "import tensorflow as tf\n", "files = !ls"],
        "# text",
        "%%bash\ntf.log",
        ["if True:\n", "    %timeit x\n", "def net(x):\n", "    return tf.layers.dense(x, 3)"],
    ]
    cells = [
        {"cell_type": "markdown" if n == 1 else "code", "source": each, "outputs": []}
        for n, each in enumerate(sources)
    ]
    path.write_text(json.dumps({"cells": cells, "nbformat": 4}, indent=1) + "\n")
    before = path.read_text()
    fixer.fix(str(path), write=True)
    after = path.read_text()
    found = ["".join(each["source"]) for each in json.loads(after)["cells"]]
    assert found[0] == "%matplotlib inline\nimport keras\nimport tensorflow as tf\nfiles = !ls"
    assert found[1:3] == sources[1:3]
    assert found[3] == ("if True:\n    %timeit x\ndef net(x):\n    return keras.layers.Dense(3)(x)")
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    assert fixer.fix(str(path), write=True).diff == ""


@pytest.mark.parametrize(
    "code",
    [
        "if x:\n    {}else:\n    pass\n",
        "try:\n    pass\nexcept ValueError:\n    {}finally:\n    pass\n",
        "match x:\n    case 1:\n        pass\n    case _:\n        {}",
    ],
)
def test_a_function_in_a_branch_is_a_scope_of_its_own(code):
    """A placeholder beside it does not keep it on TF1."""
    indent = " " * (8 if "case" in code else 4)
    before = f"def net(x):\n{indent}    return tf.layers.dense(x, 3)\n"
    after = f"def net(x):\n{indent}    return keras.layers.Dense(3)(x)\n"
    made = fixed("x = tf.placeholder(tf.float32)\n" + code.format(before))
    assert code.format(after) in made and "tf.placeholder" in made


def test_brackets_around_a_name_and_around_a_call_stay():
    made = fixed("y = (tf.log)(1)\nz = (tf.is_nan(1))\nf = (tf.log)\n")
    assert "z = (tf.math.is_nan(1))\n" in made and "f = (tf.math.log)\n" in made


def test_a_level_of_logging_must_have_a_name():
    code = "tf.logging.set_verbosity(2)\ntf.logging.set_verbosity()\n"
    assert fixed(code) == HEAD + code


@pytest.mark.parametrize(
    "code",
    [
        "def net(x, layer=tf.layers.dense):\n    return layer(x, 3)\n",
        "def net(x, layer=None):\n    if layer is None:\n        layer = tf.layers.dense\n"
        "    return layer(x, 3)\n",
        "class Net:\n    def __init__(self, layer=tf.layers.dense):\n        self.layer = layer\n\n"
        "    def call(self, x):\n        return self.layer(x, 3)\n",
        "class Net:\n    layer = tf.layers.dense\n\n    def call(self, x):\n"
        "        return self.layer(x, 3)\n\n\n"
        "class Other(Net):\n    layer = tf.layers.conv1d\n",
        "def pick(layer=tf.layers.dense):\n    return layer\n\n\n"
        "def net(x):\n    return pick()(x, 3)\n",
    ],
)
def test_what_a_caller_may_replace_stays_and_is_named(code, tmp_path):
    """A default is one possibility: a caller that passes another layer must get it."""
    assert fixed(code) == HEAD + code
    assert any("a caller or a subclass" in each for each in notes(tmp_path, code))


def test_an_activation_that_a_caller_may_replace_stays_a_parameter():
    made = fixed(
        "def net(x, activation=tf.nn.relu):\n    return tf.layers.dense(x, 3, activation)\n"
    )
    assert "def net(x, activation=tf.nn.relu):" in made
    assert "return keras.layers.Dense(3, activation=activation)(x)" in made
    local = "def net(x):\n    act = tf.nn.relu\n    return tf.layers.dense(x, 3, act)\n"
    assert 'keras.layers.Dense(3, activation="relu")(x)' in fixed(local)


def test_a_layer_that_self_keeps_stays_with_its_calls(tmp_path):
    """The assignment would name a function that has vanished, so that no method could run."""
    code = (
        "class Net:\n    def __init__(self):\n        self.layer = tf.layers.dense\n\n"
        "    def call(self, x):\n        return self.layer(x, 3)\n"
    )
    assert fixed(code) == HEAD + code
    assert any("it is kept in self.layer" in each for each in notes(tmp_path, code))
    code += "\n\nnet = Net()\n\n\ndef call(x):\n    return net.layer(x, 3)\n"
    assert fixed(code) == HEAD + code


@pytest.mark.parametrize(
    "shares",
    [
        "with tf.variable_scope('g', reuse=True):\n    z = net(y)\n",
        "with tf.variable_scope('g', reuse=tf.AUTO_REUSE):\n    z = net(y)\n",
        "tf.get_variable_scope().reuse_variables()\n",
        "shared = tf.make_template('g', net)\n",
    ],
)
def test_layers_of_a_file_that_shares_weights_stay(shares, tmp_path):
    """Called again in the scope, TF1's function takes the same weights; a layer has new ones."""
    code = f"def net(x):\n    return tf.layers.dense(x, 3, name='a')\n\n\n{shares}"
    assert "tf.layers.dense(x, 3, name='a')" in fixed(code) and "keras" not in fixed(code)
    assert any("shares weights by reuse" in each for each in notes(tmp_path, code))
    assert "keras.layers.Dense" in fixed(code.replace(shares, "tf.variable_scope('g', None)\n"))


@pytest.mark.parametrize(
    "lines",
    [
        ["rate = 0.1 * tf.minimum(step ** -0.5, 1.0)"],
        ["rate = tf.cond(step > 10, lambda: 0.1, lambda: 0.01)"],
        ["start = tf.Variable(0.1, trainable=False)", "rate = start"],
        ["rate = tf.train.exponential_decay(0.1, step * 64, 1000, 0.5)"],
        ["images = step * 64", "rate = tf.train.exponential_decay(0.1, images, 1000, 0.5)"],
        ["rate = tf.train.piecewise_constant(step // 2, [10], [1.0, 0.1])"],
    ],
)
def test_a_rate_that_is_computed_in_each_step_stays(lines, tmp_path):
    """An optimizer of Keras would keep its first value, or count other steps."""
    body = "".join(f"    {line}\n" for line in lines)
    code = f"def make(step):\n{body}    return tf.train.GradientDescentOptimizer(rate)\n"
    assert fixed(code) == HEAD + code
    assert any("computed" in each for each in notes(tmp_path, code))


@pytest.mark.parametrize("rate", ["0.1 * 2", "rate", "FLAGS.rate", "float(rate) / 3"])
def test_a_rate_that_is_a_number_is_passed_on(rate):
    code = "FLAGS = tf.app.flags.FLAGS\n\n\ndef make(rate):\n"
    code += f"    return tf.train.GradientDescentOptimizer({rate})\n\n\ntf.app.run()\n"
    assert f"return tf_recipes.GradientDescent({rate})" in fixed(code)


def test_a_call_that_is_refused_alone_is_named(tmp_path):
    code = "def net(x):\n    return tf.layers.dense(x, 3, name='a/b')\n"
    (note,) = notes(tmp_path, code)
    assert "net (line 2)" in note and "has a slash" in note


@pytest.mark.parametrize("lookup", ["tf.nn.embedding_lookup(table, ids)", "tf.gather(table, ids)"])
def test_adadelta_stays_where_rows_are_looked_up(lookup, tmp_path):
    """Keras' Adadelta also decays the averages of the rows that a batch lacks."""
    code = "\ndef optimizer():\n    return tf.train.AdadeltaOptimizer(0.1)\n"
    assert "keras.optimizers.Adadelta(0.1" in fixed(code)
    code += f"\n\ndef rows(table, ids):\n    return {lookup}\n"
    assert "    return tf.train.AdadeltaOptimizer(0.1)\n" in fixed(code)
    assert any("rows that a look-up did not take" in each for each in notes(tmp_path, code))

"""Tests that methods of TF1's objects are found by their names, and no other's."""

import functools

import pytest

import scanned
from tf_recipes.scan import scanner

found = functools.partial(scanned.findings, code="TFR005")
TF1 = "import tensorflow as tf\ns = tf.Session()\n"
FOUND = {
    "make_one_shot_iterator": (
        "n = tf.data.Dataset.range(3).make_one_shot_iterator().get_next()",
        "for batch in tf.data.Dataset.range(3): ..., or keras.Model.fit(tf.data.Dataset.range(3), ",
    ),
    "make_initializable_iterator": (
        "it = self.data.make_initializable_iterator()",
        "for batch in self.data: ...",
    ),
    "fit_generator": (
        "m.fit_generator(rows(), steps_per_epoch=5, workers=2, nb_epoch=3)",
        "m.fit(rows(), steps_per_epoch=5, epochs=3)",
    ),
    "evaluate_generator": ("m.evaluate_generator(g, 7)", "m.evaluate(...)"),
    "predict_generator": ("p = models[0].predict_generator(generator=g)", "models[0].predict(x=g)"),
    "map_with_legacy_function": ("d.map_with_legacy_function(f)", "d.map(...)"),
    "output_types": ("t = d.batch(2).output_types", "d.batch(2).element_spec"),
    "experimental_run_v2": ("strategy.experimental_run_v2(f)", "strategy.run(...)"),
    "value of get_shape": ("n = x.get_shape()[1].value", "x.shape[1]"),
    "value of shape": ("n = int(net.out.shape[-1].value)", "net.out.shape[-1]"),
    "eval": ("a = accuracy.eval(feed_dict={x: rows})", ".numpy()"),
    "eval in a session": ("print(w.eval(session=s))", ".numpy()"),
    "run of an operation": ("step.run(feed_dict={x: rows})", "keras.Model.fit"),
    "eval of what TensorFlow made": ("c = 2 * tf.add(1, 2)\nprint(c.eval())", ".numpy()"),
    "eval with feeds": ("c = tf.add(1, 2)\nprint(c.eval({p: 3}, s))", ".numpy()"),
    "run of what an optimizer made": (
        "step = tf.train.AdamOptimizer().minimize(x)\nstep.run({x: rows})",
        "keras.Model.fit",
    ),
    "run of an initializer": ("tf.global_variables_initializer().run()", "keras.Model.fit"),
    "load": ("w = tf.Variable(3)\nw.load(4, s)", "w.assign(...)"),
    "_parse_flags": ("FLAGS._parse_flags()", "FLAGS(sys.argv)"),
    "apply_gradients with a step": (
        "t = opt.apply_gradients(zip(g, v), global_step=n)",
        "opt.apply_gradients(zip(g, v))",
    ),
    "op of a tensor": ("n = net.out.op.name.split('/')", "of the layer"),
}
# those that name nothing else of TF1
WITHOUT_TF1 = {name: case for name, case in FOUND.items() if "tf.train" not in case[0]}
WITHOUT_TF1.pop("run of an initializer")
OTHERS = [
    "y = s.run(x, feed_dict={p: 1})",
    "frame.eval('a + b')",
    "model.eval()",
    "thread.run()",
    "self.output_shapes = []",
    "n = entry.value",
    "n = x.shape[1]",
    "n = table[3].value",
    "table = tf.add(1, 2)\ntable = frame()\ntable.eval()",
    "def f(c):\n    c.eval()",
    "out = s.run(tf.add(1, 2))\nout.load('a')",
    "e = node.op\nn = e.name",
    "s.run({'a': x}, feed_dict=feeds)",
    "s.run({'a': x})",
    "s.run()",
]


@pytest.mark.parametrize(("code", "replacement"), FOUND.values(), ids=FOUND)
def test_a_method_that_only_tf1_has_is_found(tmp_path, code, replacement):
    (finding,) = found(tmp_path, TF1 + code)
    assert finding.line == 3 + code.count("\n") and replacement in finding.replacement


@pytest.mark.parametrize("code", OTHERS)
def test_a_method_of_other_objects_is_not_found(tmp_path, code):
    assert found(tmp_path, TF1 + code) == []


@pytest.mark.parametrize(("code", "_"), WITHOUT_TF1.values(), ids=WITHOUT_TF1)
def test_a_file_without_tf1_is_left_alone(tmp_path, code, _):
    assert found(tmp_path, "import tensorflow as tf\n" + code) == []


def test_a_name_of_tensorflow_has_one_finding(tmp_path):
    (tmp_path / "a.py").write_text(TF1 + "it = tf.data.make_one_shot_iterator(d)\n")
    findings = scanner.scan([str(tmp_path / "a.py")], workers=1).findings
    assert [(each.line, each.code) for each in findings] == [(2, "TFR001"), (3, "TFR001")]

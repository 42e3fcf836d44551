"""Tests that methods of classes that have vanished are found, and no other object's."""

import functools

import pytest

import scanned

found = functools.partial(scanned.findings, code="TFR008")
TF1 = "import tensorflow as tf\nimport onnxruntime as ort\nx = tf.placeholder('float32')\n"
FOUND = {
    "run of what `with` opened": (
        "with tf.Session() as sess:\n  sess.run(x)",
        "keras.Model.fit",
    ),
    "minimize of a parameter": (
        "def f(opt):\n  return opt.minimize(loss, global_step=n)",
        "keras.Model.fit",
    ),
    "compute_gradients of an attribute": (
        "def f(self):\n  return self.optimizer_d.compute_gradients(x)",
        "tape.gradient(loss, variables)",
    ),
    "run of a session": ("s = tf.InteractiveSession()\nn = s.run(x)", "which is eager"),
    "run of what `with` calls otherwise": (
        "with tf.Session(graph=g) as s:\n  s.run(x)",
        "keras.Model.fit",
    ),
    "apply": ("d = tf.layers.Dense(3)\ny = d.apply(x)", "layer(inputs)"),
    "run of the default session": ("tf.get_default_session().run(x)", "keras.Model.fit"),
    "run of Keras' session": ("tf.keras.backend.get_session().run(x)", "keras.Model.fit"),
    "run of a parameter": ("def f(sess):\n  return sess.run(x)", "keras.Model.fit"),
    "run of an attribute": ("def f(self):\n  return self._session.run(x)", "keras.Model.fit"),
    "run of a session of contrib's": (
        "s = tf.train.MonitoredTrainingSession()\ns.run(x)",
        "keras.Model.fit",
    ),
    "make_callable": ("s = tf.Session()\nf = s.make_callable(x)", "tf.function(...)"),
    "minimize": (
        "t = tf.train.AdamOptimizer(0.1).minimize(x)",
        "keras.Model.compile(optimizer, loss)",
    ),
    "minimize of a name": (
        "o = tf.train.AdamOptimizer(0.1)\nt = o.minimize(x)",
        "keras.Model.compile(optimizer, loss)",
    ),
    "minimize of one of two": (
        "if x:\n  o = tf.train.AdamOptimizer()\nelse:\n  o = tf.contrib.opt.NadamOptimizer()\n"
        "t = o.minimize(x)",
        "keras.Model.compile(optimizer, loss)",
    ),
    "compute_gradients": (
        "o = tf.compat.v1.train.MomentumOptimizer(0.1, 0.9)\ng = o.compute_gradients(x)",
        "tape.gradient(loss, variables)",
    ),
    "get_slot": ("o = tf.train.AdamOptimizer()\nm = o.get_slot(x, 'm')", "optimizer.variables"),
    "zero_state": (
        "c = tf.nn.rnn_cell.BasicLSTMCell(3)\ns = c.zero_state(4, 'float32')",
        "cell.get_initial_state(batch_size=...)",
    ),
    "zero_state of contrib": (
        "z = tf.contrib.rnn.GRUCell(3).zero_state(4, 'float32')",
        "cell.get_initial_state(batch_size=...)",
    ),
    "save": ("tf.train.Saver().save(None, 'a')", 'model.save("model.keras")'),
    "restore": ("def f(saver):\n  saver.restore(None, 'a')", "tf-recipes convert"),
    "add_summary": (
        "w = tf.summary.FileWriter('logs')\nw.add_summary(x, 3)",
        "tf.summary.scalar(name, value, step=...)",
    ),
    "add_graph": ("self_writer = None\nself_writer.add_graph(x)", "TensorBoard(log_dir"),
}
OTHERS = [
    "session = ort.InferenceSession('a')\nsession.run(None, {})",
    "sess = Session()\nsess.run(x)",
    "thread.run()",
    "import subprocess\nsubprocess.run(['ls'])",
    "from scipy import optimize\noptimize.minimize(f, 0)",
    "o = make()\no.minimize(x)",
    "import scipy.optimize as opt\nopt.minimize(f, start)",
    "import scipy.optimize as opt\nopt.minimize(f, x0=start)",
    "o = keras.optimizers.Adam()\no.apply_gradients(pairs)",
    "model.save('a')",
    "figure.save('a')",
    "o = tf.train.AdamOptimizer()\no = make()\no.minimize(x)",
    "f = sess.run",
    "with ort.Session() as s:\n  s.run(x)",
    "frame.apply(x)",
    "d = keras.layers.Dense(3)\nd.apply(x)",
]


@pytest.mark.parametrize(("code", "replacement"), FOUND.values(), ids=FOUND)
def test_a_method_of_a_class_that_has_vanished_is_found(tmp_path, code, replacement):
    (finding,) = found(tmp_path, TF1 + code)
    assert finding.line == 4 + code.count("\n") and replacement in finding.replacement
    assert "have vanished, with their " in finding.message


@pytest.mark.parametrize("code", OTHERS)
def test_a_method_of_another_object_is_not_found(tmp_path, code):
    assert found(tmp_path, TF1 + code) == []


@pytest.mark.parametrize("code", ["sess.run(x)", "o = keras.optimizers.Adam()\no.minimize(x)"])
def test_a_file_without_tf1_is_left_alone(tmp_path, code):
    assert found(tmp_path, "import tensorflow as tf\n" + code) == []

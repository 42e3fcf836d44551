"""Tests what rules are shown of a call: arguments of `partial`, `arg_scope` and a normalizer."""

import pytest

from tf_recipes.scan import scanner

HEAD = "import functools, tensorflow as tf\nslim = tf.contrib.slim\nfc = slim.fully_connected\n"
BN = "tf.contrib.layers.batch_norm"
CALLS = {
    "default": ("fc(x, 3)", ["TFR010"]),
    "given": ("fc(x, 3, activation_fn=None)", []),
    "by position": ("fc(x, 3, None)", []),
    "partial": ("f = functools.partial(fc, activation_fn=None)\nf(x, 3)", []),
    "partial without it": ("f = functools.partial(fc, num_outputs=3)\nf(x)", ["TFR010"]),
    "position in partial": ("f = functools.partial(fc, x, 3, None)\nf()", []),
    "scope": ("with slim.arg_scope([fc], activation_fn=None):\n    fc(x, 3)", []),
    "scope of another": (
        "with slim.arg_scope([slim.conv2d], activation_fn=None):\n    fc(x, 3)",
        ["TFR010"],
    ),
    "scope around two": (
        "with slim.arg_scope([slim.conv2d, fc], activation_fn=None):\n    fc(x, 3)",
        [],
    ),
    "scope by another name": (
        "with tf.contrib.framework.arg_scope([tf.contrib.layers.fully_connected],"
        " activation_fn=None):\n    fc(x, 3)",
        [],
    ),
    "scope made elsewhere": ("with slim.arg_scope(made()):\n    fc(x, 3)", []),
    "after the scope": (
        "with slim.arg_scope([fc], activation_fn=None):\n    pass\nfc(x, 3)",
        ["TFR010"],
    ),
    "stars": ("fc(x, 3, **more)", []),
    "normalizer": (f"fc(x, 3, None, {BN})", ["TFR011", "TFR014"]),
    "no normalizer": ("fc(x, 3, None, None)", []),
    "layer through self": (
        "class C:\n    def __init__(self):\n        self.f = fc\n"
        "    def g(self):\n        self.f(x, 3)",
        ["TFR010"],
    ),
}


def scanned(tmp_path, code):
    (tmp_path / "a.py").write_text(HEAD + code)
    codes = ["TFR010", "TFR011", "TFR014"]
    return scanner.scan([str(tmp_path / "a.py")], codes, workers=1).findings


@pytest.mark.parametrize(("code", "expected"), CALLS.values(), ids=CALLS)
def test_the_arguments_of_a_call(tmp_path, code, expected):
    assert sorted(each.code for each in scanned(tmp_path, code)) == expected


@pytest.mark.parametrize("params", ["{{'decay': 0.9, 'scale': True}}", "p"])
def test_the_parameters_of_a_normalizer_are_written_out(tmp_path, params):
    given = params.format()
    code = f"p = {{'decay': 0.9, 'scale': True}}\nfc(x, 3, None, {BN}, normalizer_params={given})"
    found = {each.code: each.replacement for each in scanned(tmp_path, code)}
    assert found["TFR014"] == (
        "tf_recipes.BatchNormalization(momentum=0.9, epsilon=0.001, center=True, scale=True)"
    )


def test_the_replacement_has_the_arguments_of_the_code(tmp_path):
    (finding,) = scanned(tmp_path, "fc(hidden, n * 2)")
    assert finding.replacement == (
        'keras.layers.Dense(n * 2, activation="relu", '
        "kernel_initializer=tf_recipes.xavier_init())(hidden)"
    )

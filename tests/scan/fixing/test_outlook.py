"""Tests how much of a file is said to be mechanical."""

from tf_recipes.scan import scanner
from tf_recipes.scan.fixing import outlook


def test_what_is_mechanical_and_what_must_be_written_anew(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "import tensorflow as tf\ny = tf.log(tf.placeholder(tf.float32))\n"
        "tf.estimator.Estimator(f)\n\n\ndef net(x):\n    return tf.layers.dense(x, 3)\n"
    )
    report = outlook.added(scanner.scan([str(path)]), [str(path)])
    assert [each.line for each in report.findings] == [2, 2, 3, 7]
    assert report.outlooks[str(path)] == (2, ["Estimators"])
    path.write_text("print tf\nimport tensorflow as tf\ntf.log(1)\n")
    report = outlook.added(scanner.scan([str(path)]), [str(path)])
    assert report.outlooks[str(path)] == (0, [])

"""Tests the page of a scan."""

from tf_recipes.scan import scanner
from tf_recipes.scan.fixing import outlook
from tf_recipes.scan.outputs import summary_page


def test_the_page_has_a_row_for_each_file_and_sums(tmp_path):
    (tmp_path / "a<b.py").write_text(
        "import tensorflow as tf\ntf.log(tf.nn.dropout(x, 0.5))\ntf.estimator.Estimator(f)\n"
    )
    (tmp_path / "c.py").write_text("import tensorflow as tf\ntf.log(1)\n")
    (tmp_path / "d.py").write_text("(")
    report = outlook.added(scanner.scan([str(tmp_path)]), [str(tmp_path)])
    page = summary_page.text(report)
    assert "a<b" not in page and "a&lt;b.py" in page
    assert page.index("a&lt;b.py") < page.index("c.py</code></a>")  # the most work first
    assert "<td>Estimators</td>" in page and "2 files</td>" in page and ">1 part<" in page
    assert "<h2>Not scanned</h2>" in page and "d.py" in page
    assert page.count("<details") == 2


def test_the_page_of_nothing(tmp_path):
    page = summary_page.text(scanner.scan([str(tmp_path)]))
    assert "no findings" in page and "<table" not in page

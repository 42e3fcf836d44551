NAME = "features"


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")


def test_without_scikit_learn_it_says_so(refuses, tmp_path):
    absent = "raise ModuleNotFoundError(\"No module named 'sklearn'\", name='sklearn')"
    (tmp_path / "sklearn.py").write_text(absent)
    refuses(NAME, [], "pip install 'tf_recipes[sklearn]'.", PYTHONPATH=tmp_path)

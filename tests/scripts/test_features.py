import json

NAME = "features"
SMALL = ["--hidden=20,10", "--C=0.01", "--C=0.1", "--epochs=1", "--seeds=2"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| pixels            | SVM           | scikit-learn | 0.01 " in printed
    assert "the features that a DNN extracts can be handed to an SVM or an LR. Mea" in printed
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["C"] == [0.01, 0.1]
    assert written["settings"]["command"].startswith(f"python scripts/{NAME}.py --hidden=20,10 ")
    assert [run["seed"] for run in written["runs"]] == [None] * 2 + [0] * 10 + [1] * 10
    assert len(written["claims"]) == 4


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")


def test_without_scikit_learn_it_says_so(refuses, tmp_path):
    absent = "raise ModuleNotFoundError(\"No module named 'sklearn'\", name='sklearn')"
    (tmp_path / "sklearn.py").write_text(absent)
    refuses(NAME, [], "pip install 'tf_recipes[sklearn]'.", PYTHONPATH=tmp_path)

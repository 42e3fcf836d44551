import json

NAME = "learning_rate"
SMALL = ["--epochs=1", "--target_accuracy=0.7", "--seeds=2"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| suggested      | 0.0" in printed and "| high, decaying | 0.1" in printed
    assert "a higher learning rate makes it faster. Measured: epochs more until 70%" in printed
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["command"].startswith(f"python scripts/{NAME}.py --epochs=1 ")
    assert [run["rate"] for run in written["runs"]] == 2 * [
        "low", "suggested", "high", "high, decaying",
    ]  # fmt: skip
    assert [test["seed"] for test in written["also"]["range_tests"]] == [0, 1]


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")

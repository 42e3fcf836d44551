import json

NAME = "depth_vs_width"
SMALL = ["--depths=1,2", "--budget=8000", "--epochs=1", "--seeds=2"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| 2 x 10 " in printed
    assert "more layers gain more than more units in a layer. Measured: " in printed
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["data"] == "sample"
    assert written["settings"]["command"].startswith(f"python scripts/{NAME}.py --depths=1,2 ")
    assert [run["depth"] for run in written["runs"]] == [1, 2, 1, 2]


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")

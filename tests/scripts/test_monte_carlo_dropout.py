import json

NAME = "monte_carlo_dropout"
SMALL = ["--keep_prob=0.8", "--epochs=1", "--samples=4", "--seeds=2"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| arithmetic mean of 4 " in printed and "| mutual information " in printed
    assert "the final network is this averaging ensemble, in what it decides. Mea" in printed
    files = [f"{NAME}.json", f"{NAME}.png", "monte_carlo_uncertainty.png"]
    assert sorted(path.name for path in out.iterdir()) == files
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["counts"] == [1, 2, 3, 4]
    assert written["settings"]["keep_prob"] == 0.8
    assert [run["seed"] for run in written["runs"]] == [0, 1]
    assert set(written["runs"][0]) >= {"plain", "arithmetic", "geometric", "auroc", "surest"}


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")

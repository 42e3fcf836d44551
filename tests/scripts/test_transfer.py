import json

NAME = "transfer"
SMALL = ["--kinds=dense", "--reused=1", "--per_class=5", "--sizes=2", "--steps=20"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    few = ["--source_epochs=1", "--seeds=2", "--nobatch_norm", f"--output_dir={out}"]
    status, printed, errors = run_script(NAME, *SMALL, *few)
    assert (status, errors) == (0, "")
    assert "| dense | from scratch " in printed
    assert "transfer makes training faster. Measured: dense net, 5 images per digit" in printed
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["data"] == "sample"
    assert written["settings"]["command"].startswith(f"python scripts/{NAME}.py --kinds=dense ")
    # each seed: three rates, untrained, three ways with 5 and with 2; from scratch with 2 and all
    assert len(written["runs"]) == 2 * (3 + 1 + 2 * 3 + 2)
    for run in written["runs"]:
        assert len(run["test_accuracies"]) == (2 if run["per_class"] == 5 else 1) + (
            run["way"].endswith("then all train") and run["per_class"] != 5
        )


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")

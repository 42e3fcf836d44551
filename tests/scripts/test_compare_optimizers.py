import json

NAME = "compare_optimizers"
SMALL = ["--rates=0.05", "--target_loss=1", "--max_steps=60", "--seeds=2", "--tuning_seeds=1"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| same rate          | momentum         | 0.05          | 2 of 2  |" in printed
    text = "MomentumOptimizer is at least 10 times faster than GradientDescentOptimizer"
    assert printed.count(f"NOT borne out: {text}, ") == 2
    assert sorted(path.name for path in out.iterdir()) == [f"{NAME}.json", f"{NAME}.png"]
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["target_loss"] == 1
    assert written["settings"]["command"].startswith(f"python scripts/{NAME}.py --rates=0.05 ")
    assert set(written["runs"][0]) == {
        "group", "base_rate", "optimizer", "learning_rate", "seed", "end", "steps_to_target",
        "limit", "curve_steps", "curve_loss",
    }  # fmt: skip
    assert set(written["also"]["tuning"]["adam"]) == {"best", "good", "at_edge", "grid"}

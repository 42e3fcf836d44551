import json

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--rates=0.1,x"], "--rates takes numbers separated by commas. Received: '0.1,x'."),
        (["--rates="], "`rates` must be different learning rates."),
        (["--rates=nan"], "`rates` must be a finite number in (0, inf)."),
        (["--target_loss=3"], "`target_loss` must be a finite number in (0, 2.0]."),
        (["--max_steps=0"], "flag --max_steps=0"),
        (["--tuning_seeds=0"], "flag --tuning_seeds=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["more"], "takes flags only."),
    ],
)
def test_a_mistake_is_one_line_and_status_2(refuses, arguments, says):
    refuses(NAME, arguments, says)

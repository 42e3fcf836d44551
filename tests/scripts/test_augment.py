import json

import pytest

NAME = "augment"
SMALL = ["--images=100", "--steps=400", "--seeds=2", "--rotation=10"]


def test_a_small_run(run_script, tmp_path):
    out = tmp_path / "new" / "out"
    status, printed, errors = run_script(NAME, *SMALL, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| brightness " in printed
    assert "augmentation effectively prevents overfitting. Measured: " in printed
    files = [f"{NAME}.json", f"{NAME}.png", f"{NAME}_grid.png"]
    assert sorted(path.name for path in out.iterdir()) == files
    written = json.loads((out / f"{NAME}.json").read_text())
    assert set(written) == {"settings", "runs", "summary", "claims", "also", "environment"}
    assert written["settings"]["amounts"] == {
        "shift": 0.1,
        "rotation": 10,
        "zoom": 0.1,
        "brightness": 0.2,
    }
    assert len(written["runs"]) == 2 * 6
    assert len(written["also"]["grid"]["percent"]["all"]) == 8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--images=0"], "`images` must be a whole number of at least 1."),
        (["--steps=250"], "`steps` must be a whole number of at least 400."),
        (["--zoom=0"], "At least one amount must be above 0."),
        (["--rotation=x"], "flag --rotation=x"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
)
def test_a_mistake_is_one_line_and_status_2(refuses, arguments, says):
    refuses(NAME, arguments, says)

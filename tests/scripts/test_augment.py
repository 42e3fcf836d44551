import json

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

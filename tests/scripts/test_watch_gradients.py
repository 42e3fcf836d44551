import json

NAME = "watch_gradients"


def test_a_small_run(run_script, tmp_path):
    small = ["--recipe=elu", "--hidden=6", "--epochs=1", "--interval=50", "--histograms"]
    out = tmp_path / "out"
    status, printed, errors = run_script(NAME, *small, f"--output_dir={out}")
    assert (status, errors) == (0, "")
    assert "| hidden1_activation |" in printed
    names = sorted(path.name for path in out.iterdir())
    assert names == ["tensorboard", f"{NAME}.json", f"{NAME}.png"]
    assert list((out / "tensorboard" / "diagnostics").glob("events.out.tfevents.*"))
    written = json.loads((out / f"{NAME}.json").read_text())
    assert [r["step"] for r in written["runs"][0]["records"]] == [0, 50, 100]


def test_a_warning_is_one_line_that_names_layer_and_step(run_script, tmp_path):
    bad = ["--recipe=gradient_descent", "--activation=sigmoid", "--hidden=9,9,9,9,9,9,9,9"]
    status, _, errors = run_script(NAME, *bad, "--epochs=1", f"--output_dir={tmp_path}")
    assert status == 0
    assert "layer hidden1 at step 0: its gradient vanishes: norm " in errors
    assert all("at step" in line for line in errors.splitlines())

import json

NAME = "diagnose"


def test_a_small_run(run_script, tmp_path):
    small = ["--depths=2", "--epochs=1", "--seeds=2"]
    status, printed, errors = run_script(NAME, *small, f"--output_dir={tmp_path}")
    assert (status, errors) == (0, "")
    assert "| 2 x 100, N(0, 1) |" in printed
    assert "NOT borne out: a dead ReLU unit is dead for good." in printed
    figures = [f"{NAME}_{claim}.png" for claim in ("leaky_elu", "relu", "sigmoid", "xavier")]
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert names == [f"{NAME}.json", *figures]
    written = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert len(written["runs"]) == 2 * 2 + 3 * 2
    assert len(written["claims"]) == 8

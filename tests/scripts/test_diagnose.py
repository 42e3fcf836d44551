import json

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--depths=0"], "`depths` must be a whole number of at least 1."),
        (["--depths="], "`depths` must name at least one number of hidden layers."),
        (["--shock_rate=-1"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--shock_rate=nan"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--epochs=0"], "flag --epochs=0"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(refuses, arguments, says):
    refuses(NAME, arguments, says)

import pytest

SHORT = ("--recipe=he_init", "--kills=2", "--epochs=1", "--checkpoint_steps=30", "--fork")


def test_a_short_soak_ends_with_the_same_bits(run_script, tmp_path):
    status, out, error = run_script("soak", f"--output_dir={tmp_path}/out", *SHORT)
    assert (status, error) == (0, ""), out
    lines = out.splitlines()
    assert lines[0].startswith("without a kill: ")
    assert [line.split(":")[0] for line in lines[1:]] == ["kill 1", "kill 2", "killed 2 times"]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "flag, text", [("--kills=0", "flag --kills=0"), ("--recipe=adm", "`recipe` must be one of")]
)
def test_a_mistake_is_one_line(run_script, flag, text):
    status, out, error = run_script("soak", flag)
    assert (status, out) == (2, "") and error.count("\n") == 1
    assert error.startswith("soak.py: error: ") and text in error

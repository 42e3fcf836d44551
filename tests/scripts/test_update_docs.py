import shutil
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[2] / "docs" / "check.json"


@pytest.fixture
def clone(tmp_path):
    """Makes a clone: a README with one marker, and the check's results."""
    folder = tmp_path / "clone"
    (folder / "docs").mkdir(parents=True)
    shutil.copy(CHECK, folder / "docs")
    (folder / "README.md").write_text("<!-- measured l2 steps -->?<!-- / -->\n")
    return folder


def test_from_elsewhere_it_checks_its_own_clone(run_script):
    status, out, error = run_script("update_docs", "--check")
    assert (status, error) == (0, ""), out
    assert out.endswith(" files were up to date.\n")


def test_it_updates_once(run_script, clone):
    named = f"--folder={clone}"
    assert run_script("update_docs", named, "--check")[0] == 1
    status, out, error = run_script("update_docs", named)
    assert (status, error) == (0, "")
    assert out == f"{clone}/README.md: updated\n0 of 1 files were up to date.\n"
    assert (clone / "README.md").read_text() == "<!-- measured l2 steps -->100<!-- / -->\n"
    assert run_script("update_docs", named, "--check")[0] == 0


def damaged(clone):
    (clone / "docs" / "check.json").write_text("{")


def unknown(clone):
    (clone / "README.md").write_text("<!-- measured adm steps --><!-- / -->\n")


def missing(clone):
    shutil.rmtree(clone)


def older(clone):
    (clone / "docs" / "check.json").write_text('{"passed": true, "results": []}')


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (damaged, "check.json"),
        (unknown, "`recipe` must be one of"),
        (missing, "made from the check's results"),
        (older, "check.json"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(refuses, clone, spoil, says):
    spoil(clone)
    before = {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()}
    refuses("update_docs", [f"--folder={clone}"], says)
    assert {path: path.read_bytes() for path in clone.rglob("*") if path.is_file()} == before

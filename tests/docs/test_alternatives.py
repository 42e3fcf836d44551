"""Tests that the page on alternatives describes `tf_upgrade_v2` truly."""

import re
import sys
from pathlib import Path

import pytest

import limits
import new_python
from lab.documentation import pages, update

PAGE = update.CLONE / "docs" / "alternatives.md"
TOOL = Path(sys.executable).with_name("tf_upgrade_v2")
READS_EVERY_F_STRING = sys.version_info < (3, 12)


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """Runs `tf_upgrade_v2` on the originals; returns its report and the converted text."""
    if not READS_EVERY_F_STRING:
        pytest.skip("an f-string ends tf_upgrade_v2 on Python 3.12 and later; Python 3.11 runs it")
    folder = tmp_path_factory.mktemp("upgraded")
    report, out = folder / "upgrade.txt", folder / "out"
    twins = update.CLONE / "tf_recipes" / "originals"
    new_python.run(
        [sys.executable, TOOL, "--intree", twins, "--outtree", out, "--reportfile", report],
        capture_output=True,
        check=True,
        timeout=limits.PROCESS,
    )
    return report.read_text(), "\n".join(path.read_text() for path in out.glob("*.py"))


def test_an_f_string_ends_it_from_python_3_12_on(tmp_path):
    (line,) = re.findall(r'^\(`(".*names\))` does\)', PAGE.read_text(), re.MULTILINE)
    source = tmp_path / "source.py"
    source.write_text(f"scopes = {line}\n")
    done = new_python.run(
        [sys.executable, TOOL, "--infile", source, "--outfile", tmp_path / "out.py"],
        cwd=tmp_path,  # where it leaves its report
        capture_output=True,
        check=False,
        text=True,
        timeout=limits.PROCESS,
    )
    assert (done.returncode == 0) is READS_EVERY_F_STRING
    assert ("Traceback" in done.stderr) is not READS_EVERY_F_STRING


def test_it_reports_and_leaves_what_the_page_shows(upgraded):
    """The report and the leftovers are those that the two commands of the page print."""
    report, code = upgraded
    (shown,) = (block.code for block in pages.blocks(PAGE) if block.language == "text")
    (detected,) = re.findall("^.*Detected.*$", report, re.MULTILINE)
    left = sorted(set(re.findall(r"tf\.contrib\.[a-z0-9_.]*", code)))
    assert [detected, *left] == shown.splitlines()
    commands = "\n".join(block.code for block in pages.blocks(PAGE) if block.language == "sh")
    assert "\ngrep Detected " in commands and "'tf\\.contrib\\.[a-z0-9_.]*'" in commands


def test_it_leaves_tf1_code(upgraded):
    assert "tf.compat.v1.Session" in upgraded[1] and "tf.compat.v1.placeholder" in upgraded[1]

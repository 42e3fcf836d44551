"""What the page on other ways says of `tf_upgrade_v2` is what it does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tf_recipes.documentation import pages, update

PAGE = update.CLONE / "docs" / "alternatives.md"


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """The report on the TF1 twins, and the text of what came out."""
    folder = tmp_path_factory.mktemp("upgraded")
    report, out = folder / "upgrade.txt", folder / "out"
    command = Path(sys.executable).with_name("tf_upgrade_v2")
    twins = update.CLONE / "tf_recipes" / "originals"
    subprocess.run(
        [command, "--intree", twins, "--outtree", out, "--reportfile", report],
        capture_output=True,
        check=True,
        timeout=300,
    )
    return report.read_text(), "\n".join(path.read_text() for path in out.glob("*.py"))


def test_it_reports_as_many_places_as_the_page_says(upgraded):
    (said,) = re.findall(r"reports (\d+) places", PAGE.read_text())
    assert f"Detected {said} issues that require attention" in upgraded[0]


def test_it_leaves_the_names_that_the_page_lists(upgraded):
    (listed,) = (block.code for block in pages.blocks(PAGE) if block.language == "text")
    left = set(re.findall(r"tf\.contrib\.[a-z0-9_.]*[a-z0-9]", upgraded[1]))
    assert sorted(left) == listed.split()


def test_it_leaves_tf1_code(upgraded):
    assert "tf.compat.v1.Session" in upgraded[1] and "tf.compat.v1.placeholder" in upgraded[1]

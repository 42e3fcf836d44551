"""Tests that the example of docs/convert.md runs, and does what the page says."""

import functools
import json

import pytest

import limits
import new_python
from lab.documentation import convert_example, convert_tables, pages
from lab.documentation.verify_example import without_numbers
from tf_recipes.convert.lifting import pattern
from tf_recipes.convert.refusals import KNOWN

KEPT = json.loads(convert_example.KEPT.read_text())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the example does here."""
    execute = functools.partial(
        new_python.run, variables=new_python.AS_TF1_ADDS, timeout=limits.PROCESS
    )
    return convert_example.run(tmp_path_factory.mktemp("example"), execute)


def test_the_example_prints_what_the_page_shows(found):
    assert found["status"] == KEPT["status"] == 0
    printed, code = (without_numbers(each["printed"]) for each in (found, KEPT)), found["code"]
    assert len(set(printed)) == 1
    assert code == KEPT["code"]


def test_training_goes_on_after_the_fifth_step(found):
    (block,) = [b for b in pages.blocks(convert_example.PAGE) if b.title == "Keras 3"]
    assert found["fit"].splitlines() == block.prints
    assert block.prints[0] == "steps taken: 5"


def test_the_short_form_is_the_verdict_and_the_files():
    lines = convert_example.show("short", KEPT).splitlines()
    assert lines[1].startswith("match ") and lines[2].startswith("converted: model.keras, model.py")


def test_the_tables_have_every_pattern_and_every_known_refusal():
    table = convert_tables.patterns()
    assert table.count("\n") == len(pattern.all_patterns()) + 1
    assert convert_tables.refused().count("\n") == len(KNOWN) + 1


def test_what_is_known_to_be_refused_is_in_no_pattern():
    known = {op for each in KNOWN for op in each.ops}
    loops = {"Enter", "Exit", "NextIteration", "LoopCond", "While", "StatelessWhile"}
    loops |= {"TensorArrayGatherV3"}
    assert known & set(pattern.by_operation()) <= loops  # loops of recurrent layers

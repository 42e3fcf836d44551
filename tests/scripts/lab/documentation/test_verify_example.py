"""Tests that the example of docs/verify.md runs, and does what the page says."""

import doctest
import functools
import json

import pytest

import limits
import new_python
from lab.documentation import verify_example

KEPT = json.loads(verify_example.KEPT.read_text())
NAMED = ("text", "code", "name", "layer", "file", "line", "page")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the example does here."""
    execute = functools.partial(
        new_python.run, variables=new_python.AS_TF1_ADDS, timeout=limits.PROCESS
    )
    return verify_example.run(tmp_path_factory.mktemp("example"), execute)


@pytest.mark.parametrize(("run", "status"), [("wrong", 1), ("mended", 0)])
def test_the_example_prints_what_the_page_shows(found, run, status):
    assert found[run]["status"] == KEPT[run]["status"] == status
    printed = [verify_example.without_numbers(each[run]["printed"]) for each in (found, KEPT)]
    assert printed[0] == printed[1]


def test_the_json_of_the_example_has_what_the_page_shows(found):
    documents = [each["wrong"]["document"] for each in (found, KEPT)]
    for document in documents:
        assert document["first_failure"]["name"] == "leaky_relu"
        assert [each["name"] for each in document["reasons"]] == ["activation", "optimizer"]
    reasons = [[{k: each[k] for k in NAMED} for each in d["reasons"]] for d in documents]
    assert reasons[0] == reasons[1]
    ours, kept = (d["reasons"][1] for d in documents)
    for each in (ours, kept):
        assert each["ratio_before"] > 1e5 and each["ratio_after"] <= 10
    assert found["mended"]["document"]["passed"] and not found["mended"]["document"]["reasons"]


def test_numbers_are_left_out():
    assert doctest.testmod(verify_example).attempted > 0
    assert doctest.testmod(verify_example).failed == 0
    text = verify_example.without_numbers("on TensorFlow 2.21.0: w1 is 4.2e+05 away, at -1")
    assert text == "on TensorFlow #: w1 is # away, at -#"


def test_the_short_form_begins_with_the_verdict():
    lines = verify_example.show("short", KEPT).splitlines()
    assert lines[1] == "DIFFERS: The port leaves TF1." and len(lines) <= 13

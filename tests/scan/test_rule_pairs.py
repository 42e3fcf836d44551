"""Tests every rule on a pair of whole programs that print the same numbers, on TF1 and Keras."""

import contextlib
import io
import json

import pytest

import rule_pairs
from tf_recipes.scan import rule_registry, scanner


@pytest.fixture(scope="module")
def on_tf1(run_on_tf1):
    """`{code: what the program of TF1 prints}`, on real TensorFlow 1.15."""
    return run_on_tf1({code: pair[0] for code, pair in rule_pairs.SAME.items()})


def test_every_rule_has_a_pair_or_says_why_not():
    pairs, excused = rule_pairs.SAME.keys(), rule_pairs.WITHOUT_NUMBERS.keys()
    assert pairs | excused == rule_registry.all_rules().keys() and not pairs & excused


@pytest.mark.parametrize("code", rule_pairs.SAME)
def test_the_program_has_the_finding_and_the_port_has_none(code, tmp_path):
    before, after = rule_pairs.SAME[code]
    for name, text in (("before.py", before), ("after.py", after)):
        (tmp_path / name).write_text(text)
    report = scanner.scan([str(tmp_path)], workers=1)
    assert report.problems == []
    assert code in [each.code for each in report.findings if each.path.endswith("before.py")]
    assert [each for each in report.findings if each.path.endswith("after.py")] == []


@pytest.mark.parametrize("code", rule_pairs.SAME)
def test_the_port_prints_the_numbers_of_tf1(code, on_tf1):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(rule_pairs.SAME[code][1], {})
    expected = json.loads(on_tf1[code])
    assert json.loads(printed.getvalue()) == expected and expected not in ([], None)

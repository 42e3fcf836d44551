"""Tests every rule on its own pair of programs, and what all rules have in common."""

import re
from pathlib import Path

import pytest

from tf_recipes.scan import rule_registry, scanner
from tf_recipes.scan.terms.findings import SEVERITIES

DOCS = Path(__file__).parents[2] / "docs"
RULES = rule_registry.all_rules()


def found(tmp_path, code, text, name="a.py"):
    (tmp_path / name).write_text(text)
    report = scanner.scan([str(tmp_path / name)], [code], workers=1)
    assert report.problems == []
    return report.findings


@pytest.mark.parametrize("code", RULES)
def test_a_rule_finds_its_idiom_and_no_other(tmp_path, code):
    rule = RULES[code]
    findings = found(tmp_path, code, rule.before)
    assert {each.code for each in findings} == {code}
    assert findings[0].severity == rule.severity in SEVERITIES
    assert found(tmp_path, code, rule.after) == []


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_what_to_write_and_where_to_read_on(tmp_path, code):
    rule = RULES[code]
    assert re.fullmatch(r"TFR\d{3}", code) and re.fullmatch(r"[a-z0-9-]+", rule.name)
    for each in found(tmp_path, code, rule.before):
        assert each.message.endswith(".") and each.replacement
        assert (DOCS.parent / each.page.partition("#")[0]).is_file()
        assert each.text[each.column - 1 :].strip()


def test_names_are_unique():
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


def messages(tmp_path, text):
    (tmp_path / "a.py").write_text("import tensorflow as tf\n" + text)
    return [(each.code, each.text) for each in scanner.scan([str(tmp_path / "a.py")]).findings]


@pytest.mark.parametrize(
    "line",
    [
        "tf.nn.dropout(x, rate=0.5)",
        "tf.nn.dropout(x, **given)",
        "tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=x)",
    ],
)
def test_code_that_tensorflow_2_runs_as_it_is_has_no_finding(tmp_path, line):
    assert messages(tmp_path, f"{line}\n") == []

"""Tests that the check, a verification and the pages share one table of known differences."""

import ast
from pathlib import Path

import pytest

from tf_recipes._support.known_differences import DIFFERENCES, built_in
from tf_recipes.parity import differences
from tf_recipes.scan import rule_registry
from tf_recipes.scan.terms.findings import NUMBERS

CLONE = Path(__file__).parents[2]
MODULES = sorted((CLONE / "tf_recipes" / "verify" / "differences").glob("[a-z]*.py"))


def keys(module):
    """Returns the first argument of every `Substitution` in a module, each value it may have."""
    tree = ast.parse(module.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call for call in calls if getattr(call.func, "id", None) == "Substitution"]
    assert made, module
    return set().union(*(_values(call.args[0], tree) for call in made))


def _values(expression, tree):
    match expression:
        case ast.Constant(value):
            return {value}
        case ast.IfExp(body=body, orelse=orelse):
            return _values(body, tree) | _values(orelse, tree)
        case ast.Dict(values=values):
            return set().union(*(_values(each, tree) for each in values))
        case ast.Subscript(value=value):
            return _values(value, tree)
        case ast.Name(id=name):
            found = [_values(value, tree) for value in _assigned(name, tree)]
            assert found, name
            return set().union(*found)
    raise AssertionError(ast.unparse(expression))


def _assigned(name, tree):
    """Yields what a module assigns to a name, alone or among several."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        (target,) = node.targets
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = zip(target.elts, node.value.elts, strict=True)
        else:
            pairs = [(target, node.value)]
        yield from (value for each, value in pairs if getattr(each, "id", None) == name)


def test_a_verification_tries_what_the_table_lists_and_nothing_else():
    of_training = {key for key, each in DIFFERENCES.items() if not each.in_source}
    assert set().union(*map(keys, MODULES)) == of_training


TRAPS = {
    "TFR010": "relu_default",
    "TFR011": "dropped_bias",
    "TFR012": "padding",
    "TFR013": "dropout_rate",
    "TFR014": "batch_norm_decay",
    "TFR015": "frozen_batch_norm",
    "TFR016": "training_default",
    "TFR017": "l2_half",
    "TFR018": "optimizer",
    "TFR019": "optimizer",
    "TFR020": "epsilon",
    "TFR021": "max_norm_axis",
    "TFR022": "gru_reset",
    "TFR023": "logits",
    "TFR024": "initializer",
    "TFR025": "shared_by_name",
    "TFR027": "integer_division",
    "TFR028": "resized_images",
    "TFR029": "chosen_rows",
    "TFR030": "step_counter",
    "TFR031": "keras_gates",
    "TFR032": "divided_table",
}


def test_every_trap_of_the_scanner_is_a_known_difference_with_its_page():
    traps = [rule for rule in rule_registry.all_rules().values() if rule.severity == NUMBERS]
    assert {rule.code: rule.difference for rule in traps} == TRAPS
    for rule in traps:
        assert f"docs/{rule.page}" == DIFFERENCES[rule.difference].page, rule.code
    found = {rule.difference for rule in traps}
    assert {key for key, each in DIFFERENCES.items() if each.in_source} <= found
    assert DIFFERENCES["dropped_bias"].tf1 in rule_registry.all_rules()["TFR011"].summary


def test_the_check_names_what_the_table_says_of_keras_own_parts():
    told = [text for each in DIFFERENCES.values() for text in each.built_in.values()]
    assert sorted(text for _, text in differences.DIFFERENCES) == sorted(told)
    assert built_in("optimizer", "rmsprop") == "mean square from 0, not 1"


@pytest.mark.parametrize("key", DIFFERENCES)
def test_each_difference_has_a_page_and_says_both_sides(key):
    difference = DIFFERENCES[key]
    assert (CLONE / difference.page).is_file()
    assert difference.tf1 and difference.port and difference.tf1 != difference.port

import pytest

from tf_recipes.parity import differences
from tf_recipes.recipe import Recipe

MOMENTUM = {"name": "momentum", "learning_rate": 0.1}
DECAY = {"decay_steps": 10, "decay_rate": 0.5}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"optimizer": {"name": "rmsprop", "learning_rate": 0.1}}, "mean square from 0, not 1"),
        ({"activation": "leaky_relu"}, "slope 0.3, not 0.01"),
        ({"optimizer": MOMENTUM, "schedule": DECAY}, "old gradients keep their old rate"),
        (
            {"optimizer": {**MOMENTUM, "name": "nesterov"}, "schedule": DECAY},
            "old gradients keep their old rate",
        ),
        ({"regularizer": {"l2": 0.1}}, "L2 lacks the factor 1/2"),
        ({"optimizer": {"name": "adam"}}, "epsilon 1e-7, not 1e-8"),
        ({"batch_norm": {}}, "moving variance lacks N/(N-1)"),
        ({"max_norm": {"threshold": 1.0}}, "shrinks inside the ball by 1e-7"),
        (
            {"optimizer": {"name": "adagrad", "learning_rate": 0.1}},
            "sqrt(s + 1e-7), not sqrt(s)",
        ),
    ],
)
def test_each_difference_is_named_where_it_applies(changes, reason):
    assert differences.why(Recipe("a", **changes), textbook_passed=False) == reason
    assert differences.why(Recipe("a", **changes), textbook_passed=None) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": MOMENTUM},
        {"schedule": DECAY},
        {"optimizer": {**MOMENTUM, "momentum": 0.0}, "schedule": DECAY},
        {"regularizer": {"l1": 0.1}},
        {"regularizer": {"l2": 0.0}},
        {"keep_prob": 0.5, "clip_value": 0.1, "activation": "elu"},
        {"dtype": "float64"},
        {"dtype": "float64", "optimizer": MOMENTUM},
    ],
)
def test_where_none_applies_none_is_named(changes):
    assert differences.why(Recipe("a", **changes), textbook_passed=False) == "no listed difference"


def test_several_are_listed_largest_first():
    recipe = Recipe("a", optimizer={"name": "adam"}, dtype="float64", regularizer={"l2": 0.1})
    assert differences.why(recipe, textbook_passed=False) == (
        "L2 lacks the factor 1/2; epsilon 1e-7, not 1e-8; hyperparameters are not float32"
    )


def test_a_port_that_passed_needs_no_reason():
    recipe = Recipe("a", optimizer={"name": "adam"})
    assert differences.why(recipe, textbook_passed=True) == "no difference above TF1's own noise"

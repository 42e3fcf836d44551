"""Says why a textbook port trains another model: one line for each difference from TF1."""

from collections.abc import Callable

from tf_recipes._support.known_differences import built_in
from tf_recipes.recipe import Recipe


def _optimizer_is(*names: str) -> Callable[[Recipe], bool]:
    """Returns a test whether a recipe's optimizer has one of the names."""
    return lambda recipe: recipe.optimizer["name"] in names


def _has_momentum_and_schedule(recipe: Recipe) -> bool:
    """Returns whether momentum accumulates gradients while the learning rate decays."""
    momentum = recipe.optimizer_arguments().get("momentum", 0)
    named = recipe.optimizer["name"] in ("momentum", "nesterov")
    return named and bool(momentum) and recipe.schedule is not None


# Keras rounds the learning rate and the momentum to float32, as TF1 does, but not the decay rates
# of these optimizers.
_KEEPS_DOUBLES = _optimizer_is("adam", "rmsprop")
# `(test, text)`: what applies to a recipe, the largest difference first.
DIFFERENCES: tuple[tuple[Callable[[Recipe], bool], str], ...] = (
    (_optimizer_is("rmsprop"), built_in("optimizer", "rmsprop")),
    (lambda r: r.activation == "leaky_relu", built_in("activation", "leaky_relu")),
    (_has_momentum_and_schedule, built_in("optimizer", "momentum")),
    (lambda r: bool(r.regularizer and r.regularizer.get("l2")), built_in("l2_half", "l2")),
    (_optimizer_is("adam"), built_in("epsilon", "adam")),
    (lambda r: r.batch_norm is not None, built_in("batch_norm_variance", "batch_norm")),
    (lambda r: r.max_norm is not None, built_in("max_norm", "max_norm")),
    (_optimizer_is("adagrad"), built_in("optimizer", "adagrad")),
    (lambda r: r.dtype == "float64" and _KEEPS_DOUBLES(r), built_in("optimizer", "float64")),
)


def why(recipe: Recipe, textbook_passed: bool | None) -> str:
    """Returns one line: how the textbook port of `recipe` differs from TF1.

    Args:
        recipe: a `Recipe`.
        textbook_passed: whether the textbook port matches, or None where it was not judged.
    """
    if textbook_passed:
        return "no difference above TF1's own noise"
    reasons = [text for applies, text in DIFFERENCES if applies(recipe)]
    return "; ".join(reasons) or "no listed difference"

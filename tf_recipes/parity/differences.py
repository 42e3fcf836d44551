"""Says why a textbook port trains another model: one line for each difference from TF1."""

from collections.abc import Callable

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
    (_optimizer_is("rmsprop"), "mean square from 0, not 1"),
    (lambda r: r.activation == "leaky_relu", "slope 0.3, not 0.01"),
    (_has_momentum_and_schedule, "old gradients keep their old rate"),
    (lambda r: bool(r.regularizer and r.regularizer.get("l2")), "L2 lacks the factor 1/2"),
    (_optimizer_is("adam"), "epsilon 1e-7, not 1e-8"),
    (lambda r: r.batch_norm is not None, "moving variance lacks N/(N-1)"),
    (lambda r: r.max_norm is not None, "shrinks inside the ball by 1e-7"),
    (_optimizer_is("adagrad"), "sqrt(s + 1e-7), not sqrt(s)"),
    (lambda r: r.dtype == "float64" and _KEEPS_DOUBLES(r), "hyperparameters are not float32"),
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

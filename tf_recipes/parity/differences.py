"""Why a textbook port trains another model: one line for each difference that a recipe meets."""


def _is(*names):
    return lambda recipe: recipe.optimizer["name"] in names


def _momentum_under_decay(recipe):
    momentum = recipe.optimizer_arguments().get("momentum", 0)
    return _is("momentum", "nesterov")(recipe) and bool(momentum) and recipe.schedule is not None


# Keras rounds the rate and the momentum to float32, as TF1 does, and keeps these ones' decays.
_DOUBLES = _is("adam", "rmsprop")
# The largest first.
DIFFERENCES = (
    (_is("rmsprop"), "mean square from 0, not 1"),
    (lambda r: r.activation == "leaky_relu", "slope 0.3, not 0.01"),
    (_momentum_under_decay, "old gradients keep their old rate"),
    (lambda r: bool(r.regularizer and r.regularizer.get("l2")), "L2 lacks the factor 1/2"),
    (_is("adam"), "epsilon 1e-7, not 1e-8"),
    (lambda r: r.batch_norm is not None, "moving variance lacks N/(N-1)"),
    (lambda r: r.max_norm is not None, "shrinks inside the ball by 1e-7"),
    (_is("adagrad"), "sqrt(s + 1e-7), not sqrt(s)"),
    (lambda r: r.dtype == "float64" and _DOUBLES(r), "hyperparameters are not float32"),
)


def why(recipe, textbook_passed):
    """One line: what makes the textbook port of `recipe` differ, or that nothing shows."""
    reasons = [text for applies, text in DIFFERENCES if applies(recipe)]
    if textbook_passed is None:
        return "; ".join(reasons) or "no listed difference"
    if textbook_passed:
        return "no difference above TF1's own noise"
    return "; ".join(reasons) or "no listed difference"

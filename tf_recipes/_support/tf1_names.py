"""Refuses TF1's argument names with an error that says what to write here."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from tf_recipes._support import validation

P = ParamSpec("P")
R = TypeVar("R")
NONE: Mapping[str, str] = {}

# What to do instead of arguments that many functions of TF1 had.
GLOBAL_STEP = "Leave it out: the optimizer counts the steps, in its `iterations`."
LOCKING = {"use_locking": "Leave it out: two updates of one variable never overlap here."}
NAME = {"name": "Leave it out: there is no graph whose nodes need names."}
DTYPE = {"dtype": "Leave it out: the layer passes the dtype of its weights."}
SCOPE = {"scope": "Leave it out: there is no graph whose nodes need names."}
CALLED = {
    "inputs": "Call the layer with the inputs.",
    "is_training": "Pass `training` when the layer is called; `fit` does so.",
}
VARIABLES = {
    "scope": "Pass `name`.",
    "reuse": "Call one layer several times: calls share its weights.",
    "variables_collections": "Leave it out: a model lists the weights of its layers.",
    "outputs_collections": "Leave it out: a model lists its layers, and each has an `output`.",
}


def refused(
    renamed: Mapping[str, str] = NONE, gone: Mapping[str, str] = NONE
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Returns a decorator, for a function or an `__init__`, that refuses TF1's argument names.

    Without it, an argument of TF1 would be an unknown one, or Keras would take and ignore it.

    Args:
        renamed: `{TF1's name: the name here}`; both take the same values.
        gone: `{TF1's name: what to do instead}`, a sentence.

    >>> @refused(renamed={"decay": "rho"})
    ... def average(rho=0.9):
    ...     return rho
    >>> average(decay=0.5)
    Traceback (most recent call last):
    ...
    ValueError: `decay` is TF1's name of `rho`. Received: decay=0.5. Pass rho instead.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name in renamed:
                    new = renamed[name]
                    validation.fail(
                        f"`{name}` is TF1's name of `{new}`.",
                        f"{name}={kwargs[name]!r}",
                        f"Pass {new} instead.",
                    )
                if name in gone:
                    validation.fail(
                        f"`{name}` of TF1 has no argument here that takes the same values.",
                        f"{name}={kwargs[name]!r}",
                        gone[name],
                    )
            return function(*args, **kwargs)

        # Keras reads the names of a constructor's arguments, and does not look behind a wrapper.
        vars(checked)["__signature__"] = inspect.signature(function)
        return checked

    return decorate

"""Implements contrib's `arg_scope`: gives arguments to all calls of some functions."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tf_recipes._support.validation import fail

Scope = dict[Callable[..., Any], dict[str, Any]]  # {function: keyword arguments}

# The scopes around the current call, the innermost last. A key is the function that
# `add_arg_scope` was given, not the wrapped function.
_STACK: list[Scope] = [{}]


def add_arg_scope(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `function`, which then takes the arguments that a call lacks from the scopes."""

    @functools.wraps(function)
    def scoped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{**_STACK[-1].get(function, {}), **kwargs})

    vars(scoped)["arg_scope_key"] = function
    return scoped


@contextlib.contextmanager
def arg_scope(
    list_ops_or_scope: Sequence[Callable[..., Any]] | Scope, **kwargs: Any
) -> Iterator[Scope]:
    """Gives `kwargs` to the functions' calls inside; arguments of a call itself come first.

    Args:
        list_ops_or_scope: list or tuple of functions that `add_arg_scope` returned, or the scope
            that another `arg_scope` yielded, which then replaces all scopes around this one.
        **kwargs: arguments for each of the functions; none beside a scope.

    Yields:
        The scope.

    Raises:
        ValueError: for another function, or for `kwargs` beside a scope.
    """
    _STACK.append(_scope(list_ops_or_scope, kwargs))
    try:
        yield _STACK[-1]
    finally:
        _STACK.pop()


def _scope(functions: Sequence[Callable[..., Any]] | Scope, arguments: Mapping[str, Any]) -> Scope:
    """Returns the outer scope with the arguments added to each function's."""
    if isinstance(functions, dict):
        if arguments:
            fail(
                "`arg_scope` takes no arguments beside a scope.",
                ", ".join(sorted(arguments)),
                "Pass a list of functions, or leave the arguments out.",
            )
        return dict(functions)
    if not isinstance(functions, (list, tuple)):
        fail(
            "`list_ops_or_scope` must be a list or tuple of functions, or a scope.",
            f"list_ops_or_scope={functions!r}",
            "Put a single function into a list.",
        )
    outer = _STACK[-1]
    keys = [_key(function) for function in functions]
    return {**outer, **{key: {**outer.get(key, {}), **arguments} for key in keys}}


def _key(function: Any) -> Callable[..., Any]:
    """Returns the function that `add_arg_scope` was given."""
    if not hasattr(function, "arg_scope_key"):
        name = getattr(function, "__name__", repr(function))
        fail(
            "`arg_scope` takes contrib's layers, and functions that `add_arg_scope` returned.",
            name,
            "Pass the arguments in each call of this function.",
        )
    return function.arg_scope_key

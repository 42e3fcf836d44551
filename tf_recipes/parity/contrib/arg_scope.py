"""contrib's `arg_scope`: arguments said once for all calls of some functions."""

import contextlib
import functools

from tf_recipes._support.validation import fail

_STACK = [{}]  # of scopes: {function as it was before add_arg_scope: keyword arguments}


def add_arg_scope(function):
    """`function`, with the arguments of the scopes around each call where the call has none."""

    @functools.wraps(function)
    def scoped(*args, **kwargs):
        return function(*args, **{**_STACK[-1].get(function, {}), **kwargs})

    scoped.arg_scope_key = function
    return scoped


@contextlib.contextmanager
def arg_scope(list_ops_or_scope, **kwargs):
    """Inside, the functions take `kwargs` unless a call says otherwise; yields the scope.

    Args:
        list_ops_or_scope: list or tuple of functions that `add_arg_scope` made, or the scope that
            another `arg_scope` gave, which then stands for all that is around it.
        **kwargs: what each of the functions takes; none beside a scope.

    Raises:
        ValueError: for another function, or for `kwargs` beside a scope.
    """
    _STACK.append(_scope(list_ops_or_scope, kwargs))
    try:
        yield _STACK[-1]
    finally:
        _STACK.pop()


def _scope(functions, arguments):
    if isinstance(functions, dict):
        if arguments:
            fail("A scope takes no arguments.", sorted(arguments), "Name functions, or none.")
        return dict(functions)
    if not isinstance(functions, (list, tuple)):
        fail("`arg_scope` takes a list of functions.", repr(functions), "Put it into brackets.")
    outer = _STACK[-1]
    keys = [_key(function) for function in functions]
    return {**outer, **{key: {**outer.get(key, {}), **arguments} for key in keys}}


def _key(function):
    if not hasattr(function, "arg_scope_key"):
        name = getattr(function, "__name__", repr(function))
        fail("`arg_scope` takes contrib's layers.", name, "Pass the arguments in each call.")
    return function.arg_scope_key

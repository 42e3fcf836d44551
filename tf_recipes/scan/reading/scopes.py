"""Defines what a file binds and uses: scopes, bindings, uses, imports, calls."""

import ast
from typing import Any, NamedTuple

LOADS = ("import_module", "__import__")
CALLS = (*LOADS, "partial", "getattr")
MODULES = ("functools", "importlib")
NAMESPACES = ("vars", "globals", "locals")
PARAMETER = (0, 0)  # the place of the binding of a parameter
SELF = ("self", "cls")
_LEADING = frozenset([ast.Name, ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp, ast.NamedExpr])


class Binding:
    """Holds one binding of a name: to an expression in a scope, to dotted names, or to unknown."""

    __slots__ = ("conditional", "known", "made", "names", "position", "scope", "value")

    def __init__(
        self,
        position: tuple[int, int],
        conditional: bool,
        value: ast.expr | None = None,
        scope: "Scope | None" = None,
        names: tuple[str, ...] = (),
    ) -> None:
        self.position, self.conditional = position, conditional
        self.value, self.scope, self.names = value, scope, names
        self.made: Scope | None = None  # the class or function that the name stands for
        # what the resolver found; nothing is found where there is nothing to look at
        self.known: Any = ()
        if names or (value is not None and may_lead(value)):
            self.known = None


def may_lead(value: ast.expr | None) -> bool:
    """Returns whether an expression is of a kind that may stand for a name of TensorFlow."""
    if type(value) is ast.Call:
        function = value.func
        if type(function) is ast.Name:
            return function.id in CALLS
        return type(function) is ast.Attribute and function.attr in CALLS
    return type(value) in _LEADING


class Scope:
    """Holds the names that a module, a class or a function binds.

    Attributes:
        bindings: the bindings of each name.
        attributes: those of each attribute of `self`, in a class.
        results: what a function returns, or the bases of a class.
        is_property: whether a function is called by naming it.
        items: what is put into the containers of each name, in a module.
        aliases: names of `partial`, `import_module` and their modules, in a module.
        submodules: `{(local package, name): local module}` of `import package.name`, in a module.
        known: what the resolver found.
    """

    __slots__ = (
        "aliases",
        "attributes",
        "bindings",
        "globals",
        "is_property",
        "items",
        "kind",
        "known",
        "nonlocals",
        "parent",
        "results",
        "stars",
        "submodules",
    )

    def __init__(self, kind: str, parent: "Scope | None") -> None:
        self.kind, self.parent = kind, parent
        self.bindings: dict[str, list[Binding]] = {}
        self.attributes: dict[str, list[Binding]] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.stars: list[str] = []
        self.results: list[ast.expr] = []
        self.is_property = False
        self.items: dict[str, list[tuple[ast.expr, Scope]]] = {}
        self.aliases: dict[str, str] = {}
        self.submodules: dict[tuple[str, str], str] = {}
        self.known: dict[str, Any] = {}


class Use(NamedTuple):
    """Holds the use of a name or of `a.b.c`; `root` is its first name, None for another node."""

    node: Any
    scope: Scope
    root: ast.Name | None = None


class Imported(NamedTuple):
    """Holds a dotted name that an import statement has, from `tf` on."""

    node: ast.AST
    name: str


class Calling(NamedTuple):
    """Holds a call, the `with arg_scope(...)` calls around it, and whether a loop is around it."""

    node: ast.Call
    scope: Scope
    arg_scopes: tuple[tuple[ast.Call, Scope], ...]
    in_loop: bool = False


def tensorflow_name(module: str) -> str | None:
    """Returns the name from `tf` on of a module of TensorFlow; None for another module.

    >>> tensorflow_name("tensorflow.contrib.slim"), tensorflow_name("tensorflow_probability")
    ('tf.contrib.slim', None)
    """
    first, dot, rest = module.partition(".")
    return f"tf{dot}{rest}" if first == "tensorflow" else None


def enclosing_class(scope: Scope | None) -> Scope | None:
    """Returns the class around a scope."""
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    return scope


def is_self(node: ast.expr) -> bool:
    """Returns whether an expression is the name of the object in a method."""
    return isinstance(node, ast.Name) and node.id in SELF


def name_of(node: ast.expr) -> str:
    """Returns the name that an expression is; nothing for another expression."""
    return node.id if isinstance(node, ast.Name) else ""


def called_name(call: ast.Call) -> str:
    """Returns the last name of what a call calls: `c` of `a.b.c()`; nothing for another form."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else name_of(call.func)


def bindings_of(name: str, scope: Scope | None) -> list[Binding]:
    """Returns the bindings of a name in the nearest scope that has some."""
    while scope is not None and name not in scope.bindings:
        scope = scope.parent
    return scope.bindings[name] if scope is not None else []

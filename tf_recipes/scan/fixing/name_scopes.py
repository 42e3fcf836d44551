"""Tells which blocks of `tf.variable_scope` only name what is in them."""

import ast
import collections
import functools
from collections.abc import Callable, Iterator, Mapping

from tf_recipes.knowledge import symbols
from tf_recipes.scan import rewrite_registry
from tf_recipes.scan.fixing.file_view import FileView, is_harmless, root
from tf_recipes.scan.fixing.function_units import Function
from tf_recipes.scan.reading.scopes import Calling, Scope, is_self
from tf_recipes.scan.rewrites.scopes_rewrite import is_text
from tf_recipes.scan.terms.tf1_calls import CannotFix

# These make variables, or find them, by the names of the scopes around them.
_BY_NAME = (
    "tf.contrib.framework.model_variable",
    "tf.contrib.framework.variable",
    "tf.get_local_variable",
    "tf.get_variable",
    "tf.get_variable_scope",
)
_PORTED = ("keras", "tf_recipes")


class NameScopes:
    """Looks at the blocks of `tf.variable_scope` of one file.

    Args:
        view: the file.
        shares: whether the file shares weights by the names of their variables.
    """

    def __init__(self, view: FileView, shares: bool) -> None:
        self._view, self._shares = view, shares

    def check(self, calling: Calling) -> None:
        """Checks that a scope is a block that only names what is in it.

        Raises:
            CannotFix: if not, or if layers of Keras would have one name.
        """
        block, target = self._block(calling.node)
        if self._shares:
            raise CannotFix("this file shares weights by reuse")
        if target is not None and not self._is_unused(target, block):
            raise CannotFix("the scope is used as an object")
        name = _name(calling.node)
        if isinstance(name, ast.Name | ast.Attribute) and not self._may_be_text(
            name, calling.scope
        ):
            raise CannotFix(f"{ast.unparse(name)} may be the scope of other variables")
        self._check_names(block, isinstance(name, ast.Constant))
        function = self._view.functions.of(calling.node.lineno)
        for call in _calls(block):
            own = self._own(call.func) - {function}
            if not own.isdisjoint(self._by_name):
                raise CannotFix(f"{ast.unparse(call.func)} makes variables by their names")
            if not own.isdisjoint(self._of_tf1):
                raise CannotFix(f"{ast.unparse(call.func)} keeps TF1's idiom")

    def _block(self, node: ast.Call) -> tuple[ast.With, ast.expr | None]:
        item = self._view.parents.get(id(node))
        block = self._view.parents.get(id(item))
        if not isinstance(item, ast.withitem) or not isinstance(block, ast.With):
            raise CannotFix("it is no block")
        return block, item.optional_vars

    def _is_unused(self, target: ast.expr, block: ast.With) -> bool:
        if not isinstance(target, ast.Name):
            return False
        function = self._view.functions.of(block.lineno)
        loads = self._view.loads(target.id)
        return all(self._view.functions.of(each.lineno) != function for each in loads)

    def _may_be_text(self, node: ast.Name | ast.Attribute, scope: Scope) -> bool:
        last = node.attr if isinstance(node, ast.Attribute) else node.id
        if "name" in last.lower():
            return True
        found = self._view.analysis.resolver.lookups.bound(node, scope)
        return bool(found) and all(is_text(value) for value, _ in found)

    def _check_names(self, block: ast.With, is_written_out: bool) -> None:
        """Checks that the layers of a block will have names of their own."""
        function = self._view.functions.of(block.lineno)
        listed = self._layer_names[function]
        for call in _calls(block):
            for name in self._names_of(call):
                if not is_written_out:
                    raise CannotFix(f"its layer {name} may be made under several names")
                if listed[name] > 1:
                    raise CannotFix(f"a layer of another scope is called {name}, too")

    @functools.cached_property
    def _layer_names(self) -> Mapping[Function, collections.Counter[str]]:
        """Returns how often each function gives a name to a layer."""
        made: dict[Function, collections.Counter[str]] = collections.defaultdict(
            collections.Counter
        )
        for calling in self._view.analysis.collected.calls:
            function = self._view.functions.of(calling.node.lineno)
            made[function].update(self._names_of(calling.node))
        return made

    def _names_of(self, call: ast.Call) -> Iterator[str]:
        """Yields the name that the call of a layer gives it, as source."""
        name, _ = self._view.named(call.func)
        if name in _layers() or root(call.func) in _PORTED:
            for each in call.keywords:
                if each.arg in ("name", "scope") and ast.unparse(each.value) != "None":
                    yield ast.unparse(each.value)

    def stands_alone(self, calling: Calling) -> bool:
        """Returns whether nothing in a block needs TF1's scope: then Keras' may take its place."""
        block, _ = self._block(calling.node)
        return all(self._is_ported(call) for call in _calls(block))

    def _is_ported(self, call: ast.Call) -> bool:
        function = call.func
        if self._view.named(function)[0] or is_harmless(call) or root(function) in _PORTED:
            return True
        if isinstance(function, ast.Call):  # `keras.layers.Dense(3)(x)`
            return root(function.func) in _PORTED
        return bool(self._own(function))  # `check` has looked at it

    def _own(self, node: ast.expr) -> frozenset[Function]:
        """Returns the functions of the file that an expression may stand for."""
        if isinstance(node, ast.Name):
            return frozenset(self._by_last.get(node.id, ()))
        if isinstance(node, ast.Attribute) and is_self(node.value):
            return frozenset(self._by_last.get(node.attr, ()))
        return frozenset()

    @functools.cached_property
    def _by_last(self) -> Mapping[str, list[Function]]:
        made: dict[str, list[Function]] = {}
        for function in self._view.functions.all():
            made.setdefault(function.name.rpartition(".")[2], []).append(function)
        return made

    @functools.cached_property
    def _by_name(self) -> frozenset[Function]:
        """Returns the functions that make variables by their names, also those that call them."""
        return self._reaching(lambda name: name in _BY_NAME)

    @functools.cached_property
    def _of_tf1(self) -> frozenset[Function]:
        """Returns the functions with something that has vanished, also those that call them."""
        return self._reaching(lambda name: symbols.first_vanished(name) is not None)

    def _reaching(self, wanted: Callable[[str], bool]) -> frozenset[Function]:
        functions = self._view.functions
        found = {
            functions.of(node.lineno)
            for node, names, _ in self._view.uses
            if any(wanted(name) or wanted(symbols.canonical(name)) for name in names)
        }
        callers = [
            (functions.of(each.node.lineno), self._own(each.node.func))
            for each in self._view.analysis.collected.calls
        ]
        size = -1
        while size != len(found):
            size = len(found)
            found |= {caller for caller, called in callers if not called.isdisjoint(found)}
        return frozenset(found)


def _name(node: ast.Call) -> ast.expr | None:
    """Returns the name of a scope; the default name where it is None."""
    given = dict(zip(("name_or_scope", "default_name"), node.args, strict=False))
    given.update((each.arg, each.value) for each in node.keywords if each.arg)
    name = given.get("name_or_scope")
    is_none = isinstance(name, ast.Constant) and name.value is None
    return given.get("default_name") if name is None or is_none else name


def _calls(block: ast.With) -> Iterator[ast.Call]:
    for statement in block.body:
        for each in ast.walk(statement):
            if isinstance(each, ast.Call):
                yield each


@functools.cache
def _layers() -> frozenset[str]:
    known = rewrite_registry.all_rewrites()
    return frozenset([*known["layers"].calls, *known["contrib-layers"].calls])

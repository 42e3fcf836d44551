"""Finds what keeps a function in TF1's idiom: shared weights, kept names, methods, scopes."""

import ast
from collections.abc import Callable

from tf_recipes.knowledge import symbols
from tf_recipes.scan.fixing.choosing import Place
from tf_recipes.scan.fixing.file_view import FileView
from tf_recipes.scan.fixing.function_units import Function
from tf_recipes.scan.reading.scopes import Calling, Scope
from tf_recipes.scan.rules import methods_of_classes, vanished_methods
from tf_recipes.scan.terms.rewrite import Rewrite
from tf_recipes.scan.terms.shape_code import is_dimension
from tf_recipes.scan.terms.tf1_calls import CannotFix

_LAYER_METHODS = ("minimize", "compute_gradients")
_LAYERS = ("layers", "contrib-layers")  # the rewrites of functions that make weights
_NO_REUSE = ("False", "None")
_LOOKUPS = ("embedding_lookup", "gather", "embed_sequence", "Embedding")
_DENSE_ALONE = ("tf.train.AdadeltaOptimizer",)  # what it becomes does another thing with rows
Block = Callable[[Function, Place, str], None]


class Hindrances:
    """Finds what of one file must stay as it is.

    Args:
        view: the file.

    Attributes:
        shares: whether the file shares weights by the names of their variables.
    """

    def __init__(self, view: FileView) -> None:
        self._view = view
        self.shares = self._has_reuse()

    def kept_in(self, node: ast.expr, scope: Scope) -> str:
        """Returns the attribute that holds a name that has vanished; nothing if none does.

        The assignment to the attribute stays, so that its calls stay as well.
        """
        start = node
        while isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Attribute):
            return ""
        resolve = self._view.analysis.resolver.resolve
        if resolve(node.value, scope):
            return ""  # an attribute of TensorFlow, or of a module
        found = resolve(node, scope)
        if not any(symbols.first_vanished(each.name) is not None for each in found):
            return ""
        return ".".join(ast.unparse(start).split(".")[:2])

    def _has_reuse(self) -> bool:
        """Returns whether the file shares weights by the names of their variables."""
        names = {symbols.canonical(name) for _, listed, _ in self._view.uses for name in listed}
        if names & {"tf.AUTO_REUSE", "tf.make_template"}:
            return True
        for calling in self._view.analysis.collected.calls:
            func = calling.node.func
            if isinstance(func, ast.Attribute) and func.attr == "reuse_variables":
                return True
            for each in calling.node.keywords:
                shares = each.arg == "reuse" and ast.unparse(each.value) not in _NO_REUSE
                if shares and self._view.place(func) in self._view.known:
                    return True
        return False

    def check_shared(self, calling: Calling, rewrite: Rewrite) -> None:
        """Checks that a layer does not take the weights of another.

        Raises:
            CannotFix: if the file shares weights by their names.
        """
        if self.shares and rewrite.name in _LAYERS and not _is_flat(calling.node):
            raise CannotFix("this file shares weights by reuse; layers of Keras do not")

    def check_rows(self, name: str) -> None:
        """Checks that an optimizer which Keras has for dense gradients alone gets no others.

        Raises:
            CannotFix: if the file looks up rows of a table, whose gradient is sparse.
        """
        if name in _DENSE_ALONE and any(
            last.startswith(_LOOKUPS)
            for _, listed, _ in self._view.uses
            for last in (each.rpartition(".")[2] for each in listed)
        ):
            raise CannotFix("Keras' optimizer also changes rows that a look-up did not take")

    def methods(self, block: Block) -> None:
        """Blocks the functions that use a method of TF1's objects, which Keras' lack.

        Args:
            block: is called with the function, the place and the reason.
        """
        for calling in self._view.analysis.collected.calls:
            func = calling.node.func
            if isinstance(func, ast.Attribute) and func.attr in _LAYER_METHODS:
                self._block(func, block, "()")
        for rule in (vanished_methods, methods_of_classes):
            for seen in self._view.analysis.attributed(rule.RULE.attributes):
                is_found = any(True for _ in rule.check(seen))
                if is_found and not is_dimension(seen.node.value):
                    self._block(seen.node, block, "" if seen.call is None else "()")

    def _block(self, node: ast.Attribute, block: Block, end: str) -> None:
        function = self._view.functions.of(node.lineno)
        block(function, self._view.place(node), f".{node.attr}{end}")


def _is_flat(node: ast.Call) -> bool:
    """Returns whether a call surely makes no weights: pooling, flattening, dropout."""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return "pool" in last or last in ("flatten", "dropout")

"""Adds the imports that new code needs, and removes those of what has vanished and is not used."""

import ast
from collections.abc import Iterable, Mapping, Sequence

import libcst as cst

from tf_recipes.knowledge import symbols

_ROOT = {"tf": "tensorflow"}


def taken(tree: ast.Module, roots: Iterable[str]) -> list[str]:
    """Returns the names among `roots` that the file binds to something else than the module."""
    allowed = {
        "keras": ("keras", "tensorflow.keras", "tensorflow"),
        "tf_recipes": ("tf_recipes",),
        "absl": ("absl",),
    }
    found = []
    for root in sorted({each.partition(".")[0] for each in roots} & allowed.keys()):
        if any(not _is_import(node, root, allowed[root]) for node in _binding(tree, root)):
            found.append(root)
    return found


def _binding(tree: ast.Module, name: str) -> Iterable[ast.AST]:
    for node in ast.walk(tree):
        if _binds(node, name):
            yield node


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.arg):
        return node.arg == name
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.Import | ast.ImportFrom):
        return any((each.asname or each.name.partition(".")[0]) == name for each in node.names)
    return False


def _is_import(node: ast.AST, name: str, modules: Sequence[str]) -> bool:
    if isinstance(node, ast.Import):
        return all(
            each.name.partition(".")[0] in modules or each.name in modules
            for each in node.names
            if (each.asname or each.name.partition(".")[0]) == name
        )
    return isinstance(node, ast.ImportFrom) and node.module in modules and not node.level


def alias(tree: ast.Module) -> str:
    """Returns what the file calls TensorFlow: `tf`, if it has no name for it yet."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name == "tensorflow":
                    return each.asname or each.name
    return "tf"


def used(tree: ast.Module) -> set[str]:
    """Returns the names that are read, or listed in `__all__`."""
    found = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == "__all__" for each in node.targets
        ):
            found |= {
                str(each.value)
                for each in ast.walk(node.value)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return found


def missing(tree: ast.Module, roots: Iterable[str], name: str) -> list[str]:
    """Returns the import lines that new code needs and the file lacks.

    Args:
        tree: the file before.
        roots: the modules that new code names.
        name: what the file calls TensorFlow.
    """
    bound = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {each.asname or each.name for each in node.names}
    lines = []
    for root in sorted(roots):
        if root == "tf":
            if name not in bound:
                lines.append("import tensorflow as tf")
        elif root not in bound:
            lines.append(f"import {root}")
    return lines


def added(module: cst.Module, lines: Sequence[str]) -> cst.Module:
    """Returns the module with these imports beside that of TensorFlow, or after the others."""
    body = list(module.body)
    place = next((n for n, each in enumerate(body) if is_import(each, "tensorflow")), None)
    first = [line for line in lines if line < "import tensorflow"] if place is not None else []
    later = [line for line in lines if line not in first]
    if place is None:
        place = max(
            (n for n, each in enumerate(body) if is_import(each, "")), default=_head(body) - 1
        )
    else:
        old = body[place]
        lead = list(old.leading_lines) if isinstance(old, cst.SimpleStatementLine) else []
        if any(each.comment is not None for each in lead):
            first, later = [], list(lines)
        if first and isinstance(old, cst.SimpleStatementLine):
            body[place] = old.with_changes(leading_lines=[])
            new = [_line(each) for each in first]
            new[0] = new[0].with_changes(leading_lines=lead)
            body[place:place] = new
            place += len(new)
    header = list(module.header)
    if place < 0 and body:
        # where the first import went, the empty lines below it are no part of the header
        end = max((n for n, each in enumerate(header, 2) if each.comment is not None), default=0)
        body[0] = body[0].with_changes(leading_lines=[*header[end:], *body[0].leading_lines])
        header = header[:end]
    body[place + 1 : place + 1] = [_line(each) for each in later]
    return module.with_changes(body=body, header=header)


def _head(body: Sequence[cst.CSTNode]) -> int:
    """Returns the number of statements that must come first: the docstring."""
    if body and isinstance(body[0], cst.SimpleStatementLine):
        inner = body[0].body[0] if body[0].body else None
        if isinstance(inner, cst.Expr) and isinstance(
            inner.value, cst.SimpleString | cst.ConcatenatedString
        ):
            return 1
    return 0


def _line(text: str) -> cst.SimpleStatementLine:
    made = cst.parse_statement(text)
    assert isinstance(made, cst.SimpleStatementLine)
    return made


def is_import(node: cst.CSTNode, module: str) -> bool:
    """Returns whether a statement imports a module, or something below it."""
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    for each in node.body:
        if isinstance(each, cst.Import):
            names = [_name(item.name) for item in each.names]
        elif isinstance(each, cst.ImportFrom):
            names = [_name(each.module)] if each.module is not None else [""]
        else:
            continue
        if any(f"{name}.".startswith(f"{module}.") or not module for name in names):
            return True
    return False


def _name(node: cst.BaseExpression) -> str:
    parts = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    parts.append(node.value if isinstance(node, cst.Name) else "")
    return ".".join(reversed(parts))


class Pruner(cst.CSTTransformer):
    """Removes imports and assignments of what has vanished, whose names are no longer read.

    Args:
        names: the names that were read before and are not now.
        values: `{name: name of TensorFlow}` of the names that were assigned outside functions.
    """

    def __init__(self, names: set[str], values: Mapping[str, str]) -> None:
        super().__init__()
        self._names, self._values = names, values
        self._depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self._depth += 1

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self._depth -= 1
        return updated_node

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if isinstance(updated_node.names, cst.ImportStar) or updated_node.module is None:
            return updated_node
        space = _name(updated_node.module)
        if updated_node.relative or not f"{space}.".startswith("tensorflow."):
            return updated_node
        kept = [
            each
            for each in updated_node.names
            if not self._is_lost(
                f"tf{space.removeprefix('tensorflow')}.{_name(each.name)}", _bound(each)
            )
        ]
        return _with_names(updated_node, kept)  # type: ignore[return-value]

    def leave_Import(
        self, original_node: cst.Import, updated_node: cst.Import
    ) -> cst.Import | cst.RemovalSentinel:
        kept = []
        for each in updated_node.names:
            name = _name(each.name)
            full = f"tf{name.removeprefix('tensorflow')}" if name.startswith("tensorflow.") else ""
            if not full or each.asname is None or not self._is_lost(full, _bound(each)):
                kept.append(each)
        return _with_names(updated_node, kept)  # type: ignore[return-value]

    def leave_Assign(
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.Assign | cst.RemovalSentinel:
        target = updated_node.targets[0].target
        single = len(updated_node.targets) == 1 and isinstance(target, cst.Name)
        if self._depth or not single or not isinstance(target, cst.Name):
            return updated_node
        if target.value in self._names and target.value in self._values:
            return cst.RemoveFromParent()
        return updated_node

    def _is_lost(self, full: str, bound: str) -> bool:
        return bound in self._names and symbols.first_vanished(full) is not None


def _bound(alias: cst.ImportAlias) -> str:
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        return alias.asname.name.value
    return _name(alias.name)


def _with_names(
    node: cst.Import | cst.ImportFrom, kept: list[cst.ImportAlias]
) -> cst.Import | cst.ImportFrom | cst.RemovalSentinel:
    if isinstance(node.names, cst.ImportStar) or len(kept) == len(node.names):
        return node
    if not kept:
        return cst.RemoveFromParent()
    last = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return node.with_changes(names=[*kept[:-1], last])

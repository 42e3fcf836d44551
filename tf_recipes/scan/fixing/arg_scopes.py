"""Spells out `arg_scope` blocks: each call in the block gets the arguments, and the block ends."""

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tf_recipes.knowledge import symbols
from tf_recipes.scan.analysis import ARG_SCOPES, Analysis
from tf_recipes.scan.fixing.choosing import Place
from tf_recipes.scan.fixing.file_view import is_harmless
from tf_recipes.scan.fixing.planning import Planner
from tf_recipes.scan.reading.scopes import Calling, Scope
from tf_recipes.scan.terms.rule import Called

# These call a layer that they are given, with their own keywords; the place of the layer.
_CALLERS = {"tf.contrib.layers.repeat": 2, "tf.contrib.layers.stack": 1}


class Spelled(NamedTuple):
    """Holds what is done: the blocks that end, and `{place of a call: [(argument, source)]}`."""

    blocks: frozenset[Place]
    calls: Mapping[Place, list[tuple[str, str]]]


def spelled(analysis: Analysis, planner: Planner) -> Spelled:
    """Returns the innermost blocks whose arguments can be written into their calls."""
    blocks: set[Place] = set()
    calls: dict[Place, list[tuple[str, str]]] = {}
    for node in ast.walk(analysis.source.tree):
        if isinstance(node, ast.With) and _arg_scope(node, analysis) is not None:
            found = _spelled(node, analysis, planner)
            if found is not None:
                blocks.add(planner.place(node.items[0].context_expr))
                calls.update(found)
    return Spelled(frozenset(blocks), calls)


def _arg_scope(node: ast.With, analysis: Analysis) -> ast.Call | None:
    """Returns the call of `arg_scope` of a `with` that has nothing else."""
    first = node.items[0]
    if len(node.items) > 1 or not isinstance(first.context_expr, ast.Call):
        return None
    names = {symbols.canonical(each) for each, _ in _resolved(first.context_expr.func, analysis)}
    return first.context_expr if names & set(ARG_SCOPES) else None


def _resolved(node: ast.expr, analysis: Analysis) -> Iterator[tuple[str, Scope]]:
    for use in analysis.collected.uses:
        if use.node is node and not analysis.resolver.lookups.is_passed(node, use.scope):
            for reference in analysis.resolver.resolve(node, use.scope):
                yield reference.name, use.scope


def _spelled(
    node: ast.With, analysis: Analysis, planner: Planner
) -> dict[Place, list[tuple[str, str]]] | None:
    """Returns the arguments for each call of a block; None if it must stay."""
    scope_call = _arg_scope(node, analysis)
    assert scope_call is not None
    listed = scope_call.args[0] if len(scope_call.args) == 1 else None
    if node.items[0].optional_vars is not None or not isinstance(listed, ast.List | ast.Tuple):
        return None
    functions = set()
    for each in listed.elts:
        names = {symbols.canonical(name) for name, _ in _resolved(each, analysis)}
        if len(names) != 1:
            return None
        functions |= names
    if not all(
        each.arg is not None and _is_repeatable(each.value, analysis)
        for each in scope_call.keywords
    ):
        return None
    inner = [each for statement in node.body for each in ast.walk(statement)]
    if any(
        isinstance(each, ast.FunctionDef | ast.Lambda | ast.ClassDef | ast.AsyncFunctionDef)
        for each in inner
    ):
        return None
    if any(isinstance(each, ast.With) and _arg_scope(each, analysis) is not None for each in inner):
        return None  # the inner block first
    callings = {id(each.node): each for each in analysis.collected.calls}
    made: dict[Place, list[tuple[str, str]]] = {}
    heads = set()
    for call in inner:
        if not isinstance(call, ast.Call):
            continue
        heads.add(id(call.func))
        names = {symbols.canonical(name) for name, _ in _resolved(call.func, analysis)}
        if not names and not is_harmless(call):
            return None  # it may call a layer of the block
        if len(names) > 1:
            return None
        calling = callings[id(call)]
        if names & _CALLERS.keys():
            layer = _called_layer(call, names.pop())
            if layer is None:
                return None
            heads.add(id(layer.func))
            names = {symbols.canonical(name) for name, _ in _resolved(layer.func, analysis)}
            calling = calling._replace(node=layer)
        if len(names) > 1 or (not names and not is_harmless(call)):
            return None
        if names & functions:
            given = _missing(calling, names.pop(), scope_call, analysis)
            if given is None:
                return None
            made[planner.place(call)] = given
    values = [each for each in inner if isinstance(each, ast.Name | ast.Attribute)]
    for value in values:
        names = {symbols.canonical(name) for name, _ in _resolved(value, analysis)}
        if names & functions and id(value) not in heads:
            return None  # a layer is passed on
    return made


def _called_layer(call: ast.Call, name: str) -> ast.Call | None:
    """Returns the call of a layer that `repeat` or `stack` makes; None where it is not known."""
    place = _CALLERS[name]
    if len(call.args) <= place or any(isinstance(each, ast.Starred) for each in call.args):
        return None
    inputs, layer, rest = call.args[0], call.args[place], call.args[place + 1 :]
    if name.endswith("stack"):
        listed = rest[0] if len(rest) == 1 else None
        if not isinstance(listed, ast.List) or not listed.elts:
            return None
        if any(isinstance(each, ast.List | ast.Tuple | ast.Starred) for each in listed.elts):
            return None
        rest = listed.elts[:1]  # one argument for each layer
    return ast.copy_location(ast.Call(layer, [inputs, *rest], call.keywords), call)


def _missing(
    calling: Calling, name: str, scope_call: ast.Call, analysis: Analysis
) -> list[tuple[str, str]] | None:
    references = analysis.resolver.resolve(calling.node.func, calling.scope)
    partials = references[0].partials if references else ()
    called = Called(name, calling.node, partials)
    if called.unsure:
        return None
    return [
        (str(each.arg), ast.unparse(each.value))
        for each in scope_call.keywords
        if called.argument(str(each.arg)) is None
    ]


def _is_repeatable(node: ast.expr, analysis: Analysis) -> bool:
    """Returns whether it makes no difference that an expression is computed more than once."""
    for each in ast.walk(node):
        if isinstance(each, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr):
            return False
        if isinstance(each, ast.Call) and not any(_resolved(each.func, analysis)):
            if ast.unparse(each.func) == "dict":
                continue  # what it holds is looked at as well
            return False
    return True


def carried_out(module: cst.Module, found: Spelled, before: int) -> cst.Module:
    """Returns the module with the blocks spelled out.

    Args:
        module: the code of a file or of a cell.
        found: the result of `spelled`.
        before: the number of lines in the cells before.
    """
    positions = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)

    def place(node: cst.CSTNode) -> Place:
        span: CodeRange = positions[node]
        start, end = span.start, span.end
        return start.line + before, start.column, end.line + before, end.column

    return module.visit(_Speller(found, place))


class _Speller(cst.CSTTransformer):
    """Gives the calls their arguments, and puts the statements of a block in its place."""

    def __init__(self, found: Spelled, place: Callable[[cst.CSTNode], Place]) -> None:
        super().__init__()
        self._found, self._place = found, place

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
        given = self._found.calls.get(self._place(original_node))
        if not given:
            return updated_node
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        new = [
            cst.Arg(cst.parse_expression(text), keyword=cst.Name(name), equal=equal)
            for name, text in given
        ]
        args = list(updated_node.args)
        end: dict = {}
        if args:
            last = args[-1]
            end = {"comma": last.comma, "whitespace_after_arg": last.whitespace_after_arg}
            gap = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
            if isinstance(last.comma, cst.Comma) and len(args) > 1:
                before = args[-2].comma
                gap = before if isinstance(before, cst.Comma) else gap
            args[-1] = last.with_changes(comma=gap, whitespace_after_arg=cst.SimpleWhitespace(""))
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        new = [*(each.with_changes(comma=comma) for each in new[:-1]), new[-1].with_changes(**end)]
        return updated_node.with_changes(args=[*args, *new])

    def leave_With(
        self, original_node: cst.With, updated_node: cst.With
    ) -> cst.With | cst.FlattenSentinel[cst.BaseStatement]:
        if self._place(original_node.items[0].item) not in self._found.blocks:
            return updated_node
        body = updated_node.body
        if not isinstance(body, cst.IndentedBlock):
            line = cst.SimpleStatementLine(
                [each for each in body.body if isinstance(each, cst.BaseSmallStatement)],
                leading_lines=updated_node.leading_lines,
                trailing_whitespace=body.trailing_whitespace,  # type: ignore[attr-defined]
            )
            return cst.FlattenSentinel([line])
        statements = list(body.body)
        lead = [*updated_node.leading_lines]
        lead += [cst.EmptyLine(comment=cst.Comment(each)) for each in _comments(updated_node)]
        if body.header.comment is not None:
            lead.append(cst.EmptyLine(comment=body.header.comment))
        statements[0] = _led(statements[0], lead)
        ending = [each for each in body.footer if each.comment is not None]
        if ending:
            statements[-1] = _led(
                statements[-1], [each.with_changes(indent=True) for each in ending]
            )
        return cst.FlattenSentinel(statements)


def _comments(node: cst.With) -> list[str]:
    from tf_recipes.scan.fixing.transforming import comments

    return [text for item in node.items for text in comments(item).elements()]


def _led(statement: cst.BaseStatement, lines: list[cst.EmptyLine]) -> cst.BaseStatement:
    return statement.with_changes(leading_lines=[*lines, *statement.leading_lines])  # type: ignore[attr-defined]

"""Carries a plan out on the code of a file, or of a cell of a notebook."""

import collections
from collections.abc import Callable, Iterable, Sequence

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tf_recipes.scan.fixing.building import built, reshaped
from tf_recipes.scan.fixing.choosing import Place, Planned
from tf_recipes.scan.fixing.planning import Plan
from tf_recipes.scan.terms.tf1_calls import Call, Given


def transformed(
    module: cst.Module, plan: Plan, before: int, alias: str
) -> tuple[cst.Module, set[str]]:
    """Returns the module with the rewrites of a plan, and the modules that it must import.

    Args:
        module: the code of a file or of a cell.
        plan: the plan of the whole file.
        before: the number of lines in the cells before.
        alias: what the file calls TensorFlow.

    Raises:
        CannotFix: if a call that was planned cannot be made after all.
    """
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)

    def place(node: cst.CSTNode) -> Place:
        found: CodeRange = positions[node]
        start, end = found.start, found.end
        return start.line + before, start.column, end.line + before, end.column

    carrier = _Carrier(module, plan, place, alias)
    made = module.visit(carrier)
    return made, carrier.roots


class _Carrier(cst.CSTTransformer):
    """Rewrites the calls and names of a plan, from the inside out."""

    def __init__(
        self, module: cst.Module, plan: Plan, place: Callable[[cst.CSTNode], Place], alias: str
    ) -> None:
        super().__init__()
        self._module, self._plan, self._place, self._alias = module, plan, place, alias
        self.roots: set[str] = set()
        self._changes = 0
        self._before: list[int] = []

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self._named(original_node, updated_node)

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        form = self._plan.shapes.get(self._place(original_node)) if self._plan.shapes else None
        if form is not None:
            self._changes += 1
            return reshaped(form, updated_node)
        return self._named(original_node, updated_node)

    def _named(
        self, original: cst.Name | cst.Attribute, updated: cst.Name | cst.Attribute
    ) -> cst.BaseExpression:
        new = self._plan.names.get(self._place(original)) if self._plan.names else None
        if new is None:
            return updated
        expression = cst.parse_expression(self._rooted(new))
        if updated.lpar and isinstance(expression, cst.Name | cst.Attribute):
            return expression.with_changes(lpar=updated.lpar, rpar=updated.rpar)
        return expression

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        place = self._place(original_node)
        form = self._plan.shapes.get(place)
        if form is not None:
            self._changes += 1
            return reshaped(form, updated_node)
        planned = self._plan.calls.get(place)
        if planned is None:
            return updated_node
        made = self._made(planned, original_node, updated_node)
        self._changes += 1
        return made

    def _made(self, planned: Planned, original: cst.Call, updated: cst.Call) -> cst.BaseExpression:
        arguments = []
        for old, new in zip(original.args, updated.args, strict=True):
            name, called = self._plan.known.get(self._place(old.value), (None, False))
            given = Given(new, self._code(new.value), name, called)
            arguments.append((old.keyword.value if old.keyword else None, given))
        call = Call(
            planned.name,
            arguments,
            planned.order,
            self._plan.literals,
            planned.inline,
            planned.is_rate,
        )
        new_call = planned.make(call)
        made = built(new_call, updated)
        same = planned.is_same_name and new_call.function == planned.name
        keeps = planned.keeps_function or same
        if keeps and isinstance(made, cst.Call):
            return made.with_changes(func=updated.func)
        return made.visit(_Roots(self._rooted))  # type: ignore[return-value]

    def _rooted(self, name: str) -> str:
        """Returns a dotted name with what this file calls TensorFlow, and notes the import."""
        root, dot, rest = name.partition(".")
        if root == "tf":
            self.roots.add("tf")
            return f"{self._alias}{dot}{rest}"
        if root == "absl":
            self.roots.add(".".join(name.split(".")[:2]))
        elif root in ("keras", "tf_recipes"):
            self.roots.add(root)
        return name

    def _code(self, node: cst.CSTNode) -> str:
        return self._module.code_for_node(node)

    def leave_Assign(
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.Assign | cst.RemovalSentinel:
        if self._plan.removed and self._place(original_node.value) in self._plan.removed:
            return cst.RemoveFromParent()
        return updated_node

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.With:
        before, after = comments_of(original_node.items), comments_of(updated_node.items)
        lines = [cst.EmptyLine(comment=cst.Comment(text)) for text in (before - after).elements()]
        if not lines:
            return updated_node
        return updated_node.with_changes(leading_lines=[*updated_node.leading_lines, *lines])

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:
        self._before.append(self._changes)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        if self._before.pop() == self._changes:
            return updated_node
        lost = comments(original_node) - comments(updated_node)
        if not lost:
            return updated_node
        lines = [cst.EmptyLine(comment=cst.Comment(text)) for text in lost.elements()]
        return updated_node.with_changes(leading_lines=[*updated_node.leading_lines, *lines])


class _Roots(cst.CSTTransformer):
    """Gives new names the root that the file has, where a name was made by a rewrite.

    The arguments of the old call were visited before, and begin with names of the file.
    """

    def __init__(self, rooted: Callable[[str], str]) -> None:
        super().__init__()
        self._rooted = rooted

    def leave_Attribute(
        self, original_node: cst.Attribute, updated_node: cst.Attribute
    ) -> cst.BaseExpression:
        name = dotted(updated_node)
        if name is None or name.partition(".")[0] not in ("keras", "tf_recipes", "absl", "tf"):
            return updated_node
        new = self._rooted(name)
        return updated_node if new == name else cst.parse_expression(new)


def dotted(node: cst.BaseExpression) -> str | None:
    """Returns `a.b.c` of an attribute or a name; None for another expression."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        return None
    return ".".join([node.value, *reversed(parts)])


def comments(node: cst.CSTNode) -> collections.Counter[str]:
    """Returns the comments of a node, counted."""
    found: collections.Counter[str] = collections.Counter()

    class Visitor(cst.CSTVisitor):
        def visit_Comment(self, node: cst.Comment) -> None:
            found[node.value] += 1

    node.visit(Visitor())
    return found


def comments_of(nodes: Iterable[cst.CSTNode]) -> collections.Counter[str]:
    """Returns the comments of several nodes, counted."""
    return sum(map(comments, nodes), collections.Counter())


def lines_of(parts: Sequence[str]) -> list[int]:
    """Returns the number of lines before each part, when they are joined by a line end."""
    before, made = 0, []
    for part in parts:
        made.append(before)
        before += part.count("\n") + 1
    return made

"""Makes the new expression that a rewrite describes, with the layout of the old call."""

from collections.abc import Sequence
from typing import Any

import libcst as cst

from tf_recipes.scan.fixing import shape_forms
from tf_recipes.scan.terms.tf1_calls import New, Piece

_SPACE = cst.SimpleWhitespace(" ")


def built(new: New, old: cst.Call) -> cst.BaseExpression:
    """Returns the new expression, with the layout of the old call."""
    made: cst.BaseExpression = _call(new.function, new.pieces, old)
    if new.then is not None:
        made = cst.Call(made, _arguments(new.then, None))
    for each in new.around:
        made = cst.Call(_call(each.function, each.pieces, None), [cst.Arg(made)])
        if each.then:
            made = made.with_changes(args=_joined([*made.args, *_arguments(each.then, None)]))
    if old.lpar and isinstance(made, cst.Call):
        made = made.with_changes(lpar=old.lpar, rpar=old.rpar)
    return made


def _call(function: str, pieces: Sequence[Piece], old: cst.Call | None) -> cst.Call:
    func = cst.parse_expression(function)
    arguments = _arguments(pieces, old)
    if old is None or not arguments:
        return cst.Call(func, arguments)
    return cst.Call(
        func,
        arguments,
        whitespace_after_func=old.whitespace_after_func,
        whitespace_before_args=old.whitespace_before_args,
    )


def _arguments(pieces: Sequence[Piece], old: cst.Call | None) -> list[cst.Arg]:
    made = []
    for piece in pieces:
        keyword = None if piece.keyword is None else cst.Name(piece.keyword)
        no_space = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        equal = no_space if keyword else cst.MaybeSentinel.DEFAULT
        if isinstance(piece.value, str):
            made.append(cst.Arg(cst.parse_expression(piece.value), keyword=keyword, equal=equal))
        elif old is None:
            made.append(cst.Arg(piece.value.node.value, keyword=keyword, equal=equal))
        else:
            kept = piece.value.node
            if old.args and kept.comma is old.args[-1].comma and isinstance(kept.comma, cst.Comma):
                kept = kept.with_changes(comma=_between(old, kept.comma))
            if kept.keyword is not None and keyword is not None:
                equal = kept.equal
            made.append(kept.with_changes(keyword=keyword, equal=equal))
    return _joined(made, old)


def _joined(made: list[cst.Arg], old: cst.Call | None = None) -> list[cst.Arg]:
    """Puts a comma behind each argument but the last, whose end is that of the old call."""
    for number, arg in enumerate(made[:-1]):
        if not isinstance(arg.comma, cst.Comma):
            comma = cst.Comma(whitespace_after=_gap(old))
            # what stood before the closing bracket now stands before the comma
            made[number] = arg.with_changes(
                comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")
            )
    if made:
        end: dict[str, Any] = {"comma": cst.MaybeSentinel.DEFAULT}
        if old is not None and old.args:
            last = old.args[-1]
            end = {"comma": last.comma, "whitespace_after_arg": last.whitespace_after_arg}
        made[-1] = made[-1].with_changes(**end)
    return made


def _gap(old: cst.Call | None) -> cst.BaseParenthesizableWhitespace:
    """Returns the space behind a new comma: a line end, where the old call has one there."""
    spaces = [old.whitespace_before_args] if old is not None else []
    for arg in old.args[:-1] if old is not None else ():
        if isinstance(arg.comma, cst.Comma):
            spaces.append(arg.comma.whitespace_after)
    if spaces and isinstance(space := spaces[-1], cst.ParenthesizedWhitespace):
        plain = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return space.with_changes(first_line=plain, empty_lines=[])
    return _SPACE


def _between(old: cst.Call, last: cst.Comma) -> cst.Comma:
    """Returns the comma of the last argument, with the space of those before and its comment."""
    space, gap = last.whitespace_after, _gap(old)
    has_comment = isinstance(space, cst.ParenthesizedWhitespace) and space.first_line.comment
    if isinstance(space, cst.ParenthesizedWhitespace) and isinstance(
        gap, cst.ParenthesizedWhitespace
    ):
        gap = gap.with_changes(first_line=space.first_line, empty_lines=space.empty_lines)
    elif has_comment:
        return last
    return last.with_changes(whitespace_after=gap)


def reshaped(form: str, node: cst.Attribute | cst.Call) -> cst.BaseExpression:
    """Returns the expression of Keras in the place of a form of `shape_forms.py`."""
    if form == shape_forms.PLAIN and isinstance(node, cst.Call):  # `x.get_shape()`
        made: cst.BaseExpression = cst.ensure_type(node.func, cst.Attribute).with_changes(
            attr=cst.Name("shape")
        )
    elif form == shape_forms.ITEM and isinstance(node, cst.Attribute):  # `x.shape[1].value`
        made = node.value
    else:
        outer = node.func if isinstance(node, cst.Call) else node
        function = "list" if form == shape_forms.LIST else "len"
        made = cst.Call(cst.Name(function), [cst.Arg(cst.ensure_type(outer, cst.Attribute).value)])
    lpar, rpar = [*node.lpar, *_brackets(made, "lpar")], [*_brackets(made, "rpar"), *node.rpar]
    return made.with_changes(lpar=lpar, rpar=rpar)


def _brackets(node: cst.BaseExpression, side: str) -> Sequence[cst.CSTNode]:
    return getattr(node, side)

"""Rewrites files until nothing more can be rewritten, and says what it leaves."""

import ast
import collections
import difflib
import io
import shlex
import sys
import tokenize
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import libcst as cst

from tf_recipes.knowledge import symbols
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.fixing import arg_scopes, documents, imports, obstacles
from tf_recipes.scan.fixing.choosing import Kept
from tf_recipes.scan.fixing.planning import Plan, Planner
from tf_recipes.scan.fixing.transforming import lines_of, transformed
from tf_recipes.scan.reading import source
from tf_recipes.scan.terms.tf1_calls import CannotFix

_MOST_ROUNDS = 12
Locate = Callable[[str, int], str | None]
Exports = Callable[[str], Mapping[str, tuple[str, ...]]]


class Fixed(NamedTuple):
    """Holds what a rewrite of a file gives: its text before and after, and what is left and why."""

    path: str
    before: str
    after: str
    notes: list[str]

    @property
    def diff(self) -> str:
        """Returns the unified diff."""
        both = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        lines = []
        for line in difflib.unified_diff(*both, self.path, self.path):
            lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
        return "".join(lines)


def fix(
    path: str,
    locate: Locate = lambda module, level: None,
    exports: Exports = lambda name: {},
    write: bool = False,
) -> Fixed:
    """Rewrites a file.

    Args:
        path: a `.py` file or a notebook.
        locate: function that finds local modules, see `Collector`.
        exports: function from a local module to what its names stand for, see `Resolver`.
        write: whether the file is written; without it nothing is.

    Raises:
        Unreadable: if the file cannot be read or parsed.
        OSError: if it cannot be written; then it is unchanged.
    """
    try:
        document = documents.read(path)
        parts, notes = _fixed(document.parts, path, locate, exports)
    except CannotFix as error:
        return Fixed(path, "", "", [f"not rewritten: {error}"])
    text = documents.rewritten(document, parts) if parts != document.parts else document.text
    if write and text != document.text:
        documents.write(document, text)
    return Fixed(path, document.text, text, notes)


def fixed_text(text: str) -> str:
    """Returns Python source with all rewrites; the source must not be of Python 2.

    >>> fixed_text("import tensorflow as tf\\ny = tf.log(x)\\n").splitlines()[1]
    'y = tf.math.log(x)'
    """
    return _fixed([text], "<text>", lambda module, level: None, lambda name: {})[0][0]


def _fixed(
    parts: list[str], path: str, locate: Locate, exports: Exports
) -> tuple[list[str], list[str]]:
    first = parts
    for _ in range(_MOST_ROUNDS):
        analysis, planner = _analysed(parts, path, locate, exports)
        found = arg_scopes.spelled(analysis, planner)
        if found.blocks:
            modules = _parsed(parts)
            starts = lines_of(parts)
            made = [
                arg_scopes.carried_out(each, found, start)
                for each, start in zip(modules, starts, strict=True)
            ]
            parts = _pruned(made, analysis)
            continue
        plan = planner.plan()
        if not (plan.calls or plan.names or plan.shapes):
            break
        again = _carried_out(parts, _parsed(parts), plan, analysis)
        if again == parts:
            break
        parts = again
    _check(first, parts)
    notes = _notes(plan)
    return parts, notes


def _analysed(
    parts: list[str], path: str, locate: Locate, exports: Exports
) -> tuple[Analysis, Planner]:
    text = "\n".join(parts)
    tree, is_python2 = source.parse(text)
    if is_python2:
        raise CannotFix(_of_python2(text, path))
    read = source.Source(path, text, text.split("\n"), tree, None, False)
    analysis = Analysis(read, locate, exports)
    return analysis, Planner(analysis, text)


def _of_python2(text: str, path: str) -> str:
    """Returns which line is Python 2, and what converts the file."""
    try:
        ast.parse(text)
        line = 0
    except SyntaxError as error:
        line = error.lineno or 0
    if path.endswith(".ipynb"):
        return "its code is Python 2, which no tool converts in a notebook: write its cells anew"
    # lib2to3 was part of Python until 3.12; futurize needs it as well
    with_python = "python" if sys.version_info < (3, 13) else "python3.12"
    return (
        f"line {line} is Python 2; convert the file first: {with_python} -m lib2to3 -w "
        f"{shlex.quote(path)} (Python 3.13 has no lib2to3), and look at each division (TFR027)"
    )


def _parsed(parts: Iterable[str]) -> list[cst.Module]:
    try:
        return [cst.parse_module(each) for each in parts]
    except (cst.ParserSyntaxError, RecursionError) as error:
        text = " ".join(str(error).split())
        raise CannotFix(f"LibCST cannot parse it ({text[:80]})") from error


def _carried_out(
    parts: list[str], modules: list[cst.Module], plan: Plan, analysis: Analysis
) -> list[str]:
    tree = analysis.source.tree
    alias = imports.alias(tree)
    roots: set[str] = set()
    made = []
    for module, start in zip(modules, lines_of(parts), strict=True):
        new, needed = transformed(module, plan, start, alias)
        roots |= needed
        made.append(new)
    for root in imports.taken(tree, roots):
        raise CannotFix(f"the name {root} means something else in it")
    codes = _pruned(made, analysis)
    lines = imports.missing(tree, roots, alias)
    if lines:
        first = next((n for n, each in enumerate(modules) if _imports_tensorflow(each)), 0)
        codes[first] = imports.added(cst.parse_module(codes[first]), lines).code
    return codes


def _imports_tensorflow(module: cst.Module) -> bool:
    return any(imports.is_import(each, "tensorflow") for each in module.body)


def _pruned(made: list[cst.Module], analysis: Analysis) -> list[str]:
    """Returns the code without the imports and names of what has vanished that nothing reads."""
    before = imports.used(analysis.source.tree)
    codes = [each.code for each in made]
    for _ in range(3):  # an assignment may hold the last use of an import
        lost = before - imports.used(source.parse("\n".join(codes))[0])
        if not lost:
            break
        pruner = imports.Pruner(lost, _values(analysis))
        made = [each.visit(pruner) for each in made]
        again = [each.code for each in made]
        if again == codes:
            break
        codes = again
    return codes


def _values(analysis: Analysis) -> dict[str, str]:
    """Returns `{name: vanished name that it was assigned}` of the names outside functions."""
    scope = analysis.collected.module
    made = {}
    for name, bindings in scope.bindings.items():
        for binding in bindings:
            found = analysis.resolver.resolve(binding.value, scope) if binding.value else ()
            if found and symbols.first_vanished(found[0].name):
                made[name] = found[0].name
    return made


def _check(before: list[str], after: list[str]) -> None:
    """Checks that the new code can be parsed, and that it has every comment of the old.

    Raises:
        CannotFix: if not.
    """
    for old, new in zip(before, after, strict=True):
        if old != new and _comments(old) - _comments(new):
            raise CannotFix("a comment would be lost")


def _comments(code: str) -> collections.Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return collections.Counter(each.string for each in tokens if each.type == tokenize.COMMENT)


def _notes(plan: Plan) -> list[str]:
    """Returns what is left, and why: each function that keeps TF1's idiom, and each obstacle."""
    notes = [_kept(each) for each in plan.kept]
    for obstacle, name in obstacles.found(plan.names_used):
        notes.append(
            f"no rewrite: {obstacle.what} ({name}): {obstacle.way_out}; see {obstacle.page}"
        )
    return notes


def _kept(kept: Kept) -> str:
    shown = ", ".join(kept.reasons[:4]) + (", ..." if len(kept.reasons) > 4 else "")
    if kept.function.first == 0:
        return f"outside functions TF1's idiom stays, because of {shown}"
    return (
        f"{kept.function.name} (line {kept.function.first}) keeps TF1's idiom, because of {shown}"
    )

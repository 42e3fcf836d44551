"""Scans one file: shows every rule its uses, its calls and the file as a whole."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from tf_recipes.knowledge import symbols
from tf_recipes.scan.reading.bindings import Calling, Collector, Scope, Use
from tf_recipes.scan.reading.resolution import Reference, Resolver
from tf_recipes.scan.reading.source import Source
from tf_recipes.scan.terms.findings import Finding
from tf_recipes.scan.terms.rule import Advice, Called, Rule, Used, Whole

ARG_SCOPES = ("tf.contrib.framework.arg_scope", "tf.contrib.slim.arg_scope")
_NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?", re.IGNORECASE)


class Analysis:
    """Scans one file.

    Args:
        source: the file.
        locate: function that finds local modules, see `Collector`.
        exports: function from a local module to what its names stand for, see `Resolver`.
    """

    def __init__(
        self,
        source: Source,
        locate: Callable[[str, int], str | None],
        exports: Callable[[str], Mapping[str, tuple[str, ...]]],
    ) -> None:
        self.source = source
        self.collected = Collector(source.tree, locate)
        self.resolver = Resolver(self.collected.module, exports)

    def findings(self, rules: Iterable[Rule]) -> list[Finding]:
        """Returns the findings of these rules, in the order of the file, without those of noqa."""
        rules = list(rules)
        found = set(self._of_uses(rules))
        if self.uses_tensorflow:
            calls = list(self._calls())
            found.update(self._of_calls(rules, calls))
            found.update(self._of_whole(rules, calls))
        kept = [each for each in found if not self._is_silenced(each)]
        return [self._placed(each) for each in sorted(kept, key=_order)]

    @property
    def uses_tensorflow(self) -> bool:
        """Returns whether the file was seen to use TensorFlow."""
        return bool(self._names)

    def _of_uses(self, rules: list[Rule]) -> Iterator[Finding]:
        self._names: set[str] = set()
        shown = [rule for rule in rules if rule.use is not None]
        uses = list(self._uses())
        self._names.update(symbols.canonical(name) for _, name, _ in uses)
        self._is_tf1 = any(symbols.first_vanished(name) for _, name, _ in uses)
        for node, name, imported in uses:
            for rule in shown:
                used = Used(name, imported, self._is_tf1)
                for advice in rule.use(used):  # type: ignore[misc]
                    yield self._finding(rule, advice, node)

    def _uses(self) -> Iterator[tuple[Any, str, bool]]:
        for node, name in self.collected.imported:
            yield node, name, True
        for use in self.collected.uses:
            for reference in self._references(use):
                yield use.node, reference.name, False

    def _references(self, use: Use) -> Iterator[Reference]:
        for reference in self.resolver.resolve(use.node, use.scope):
            if reference.name.startswith("tf"):
                yield reference

    def _calls(self) -> Iterator[Called]:
        for calling in self.collected.calls:
            for reference in self.resolver.resolve(calling.node.func, calling.scope):
                if reference.name.startswith("tf.") and not symbols.is_compat(reference.name):
                    name = symbols.canonical(reference.name)
                    scoped, unsure = self._scoped(calling, name)
                    called = Called(name, calling.node, reference.partials, scoped, unsure)
                    called.in_tf1_code = self._is_tf1
                    yield called
                    yield from self._normalizers(called, calling.scope)

    def _normalizers(self, called: Called, scope: Scope) -> Iterator[Called]:
        """Yields the call of `normalizer_fn` that a layer of contrib makes."""
        function = called.argument("normalizer_fn")
        if function is None:
            return
        given, keywords, unsure = called.argument("normalizer_params"), [], False
        for literal in self.resolver.literals(given, scope):
            if not isinstance(literal, ast.Dict):
                unsure = True
                continue
            for key, value in zip(literal.keys, literal.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else None
                keywords.append(ast.keyword(name if isinstance(name, str) else None, value))
        made = ast.copy_location(ast.Call(func=function, args=[], keywords=keywords), function)
        for reference in self.resolver.resolve(function, scope):
            yield Called(symbols.canonical(reference.name), made, reference.partials, (), unsure)

    def _scoped(self, calling: Calling, name: str) -> tuple[list[ast.Call], bool]:
        """Returns the `arg_scope` calls that give this function arguments, and any doubt."""
        scoped, unsure = [], False
        for call, scope in calling.arg_scopes:
            resolved = self.resolver.resolve(call.func, scope)
            if not any(symbols.canonical(each.name) in ARG_SCOPES for each in resolved):
                continue
            first = call.args[0] if call.args else None
            if not isinstance(first, ast.List | ast.Tuple):
                unsure = True  # a scope made elsewhere
                continue
            for function in first.elts:
                names = self.resolver.resolve(function, scope)
                if any(symbols.canonical(each.name) == name for each in names):
                    scoped.append(call)
        return scoped, unsure

    def _of_calls(self, rules: list[Rule], calls: list[Called]) -> Iterator[Finding]:
        shown = [rule for rule in rules if rule.call is not None]
        for call in calls:
            for rule in shown:
                if not rule.functions or call.name in rule.functions:
                    for advice in rule.call(call):  # type: ignore[misc]
                        yield self._finding(rule, advice, advice.node or call.node)

    def _of_whole(self, rules: list[Rule], calls: list[Called]) -> Iterator[Finding]:
        whole = Whole(
            frozenset(self._names),
            calls,
            "\n".join(self.source.lines),
            self.source.tree,
            self.source.is_python2,
        )
        for rule in rules:
            if rule.whole is not None:
                for advice in rule.whole(whole):
                    yield self._finding(rule, advice, advice.node)

    def _finding(self, rule: Rule, advice: Advice, node: Any) -> Finding:
        line, column = node.lineno, node.col_offset
        text = self.source.lines[line - 1] if line <= len(self.source.lines) else ""
        column = len(text.encode()[:column].decode(errors="ignore"))
        width = node.end_col_offset - node.col_offset if node.end_lineno == line else len(text)
        page = f"docs/{advice.page or rule.page}"
        return Finding(
            self.source.path,
            line,
            column + 1,
            None,
            rule.code,
            rule.severity,
            advice.message,
            advice.replacement,
            page,
            text,
            max(1, min(width, len(text) - column)),
        )

    def _placed(self, finding: Finding) -> Finding:
        cell, line = self.source.place(finding.line)
        return finding._replace(cell=cell, line=line)

    def _is_silenced(self, finding: Finding) -> bool:
        """Returns whether the line has `# noqa`, or `# noqa: TFR012` with this code."""
        match = _NOQA.search(finding.text) if "noqa" in finding.text.lower() else None
        if match is None:
            return False
        codes = re.findall(r"[A-Z]+\d+", (match["codes"] or "").upper())
        return not codes or finding.code in codes


def _order(finding: Finding) -> tuple[int, int, str, str]:
    return finding.line, finding.column, finding.code, finding.message

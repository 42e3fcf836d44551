"""Scans one file: shows every rule its uses, its calls and the file as a whole."""

import ast
import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from tf_recipes.knowledge import symbols
from tf_recipes.scan import suggesting
from tf_recipes.scan.reading import makers
from tf_recipes.scan.reading.bindings import Collector
from tf_recipes.scan.reading.resolution import Reference, Resolver
from tf_recipes.scan.reading.scopes import Calling, Scope, Use
from tf_recipes.scan.reading.source import Source
from tf_recipes.scan.terms import contrib_functions
from tf_recipes.scan.terms.findings import VANISHED, Finding
from tf_recipes.scan.terms.rule import Advice, Attributed, Called, Rule, Used, Whole

ARG_SCOPES = ("tf.contrib.framework.arg_scope", "tf.contrib.slim.arg_scope")
_ON_COMPAT = {
    f"{symbols.COMPAT}.{name}"
    for name in ("disable_v2_behavior", "disable_eager_execution", "disable_v2_tensorshape")
}
_MOST_KNOWN = 20_000  # names whose advice is kept
_NOQA = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?", re.IGNORECASE)


class Analysis:
    """Scans one file.

    Args:
        source: the file.
        locate: function that finds local modules, see `Collector`.
        exports: function from a local module to what its names stand for, see `Resolver`.

    Attributes:
        is_tf1: whether the file names what only TensorFlow 1 has, once the findings are known.
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
        names = None if self.collected.has_stars else self.collected.names
        self._suggester = suggesting.Suggester(self.resolver, names)
        self.is_tf1 = False

    def findings(self, rules: Iterable[Rule]) -> list[Finding]:
        """Returns the findings of these rules, in the order of the file, without those of noqa."""
        table = _table(tuple(rules))
        found = set(self._of_uses(table))
        if self.uses_tensorflow:
            calls = list(self._calls(table))
            found.update(self._of_calls(table, calls))
            found.update(self._of_attributes(table))
            found.update(self._of_whole(table, calls))
        kept = sorted(found, key=_order)
        if "noqa" in self.source.text.lower():
            kept = [each for each in kept if not self._is_silenced(each)]
        return kept if self.source.places is None else [self._placed(each) for each in kept]

    @property
    def uses_tensorflow(self) -> bool:
        """Returns whether the file was seen to use TensorFlow."""
        return bool(self._names)

    def _of_uses(self, table: "_Table") -> Iterator[Finding]:
        uses = list(self._uses())
        self._callings = {id(each.node.func): each for each in self.collected.calls}
        every = {name for _, name, _ in uses}
        self._names = {symbols.canonical(name) for name in every}
        self.is_tf1 = self.source.is_python2 or any(map(symbols.is_of_tf1, every))
        known, facts = table.known, (self.is_tf1, not every.isdisjoint(_ON_COMPAT))
        if any(name == symbols.COMPAT for _, name in self.collected.imported):
            facts = (self.is_tf1, True)
        for node, name, imported in uses:
            found = known.get((name, imported, *facts))
            if found is None:
                found = table.of_use(Used(name, imported, *facts))
            for rule, advice in found:
                yield self._finding(rule, self._spelled(rule, advice, node, name), node)

    def _spelled(self, rule: Rule, advice: Advice, node: Any, name: str) -> Advice:
        """Returns advice on a name that has vanished, with its call written out."""
        if rule.severity != VANISHED or not name.startswith("tf."):
            return advice
        calling = self._callings.get(id(node))
        if calling is None:
            new = suggesting.renamed(name)
            return advice._replace(replacement=new) if new else advice
        canonical = symbols.canonical(name)
        if not suggesting.is_known(canonical):
            return advice
        references = self._resolved.get(id(node), ())
        scoped, unsure = self.scoped(calling, canonical)
        partials = references[0].partials if references else ()
        called = Called(canonical, calling.node, partials, scoped, unsure)
        written = self._suggester.written(called, calling.scope)
        return advice._replace(replacement=written) if written else advice

    def _uses(self) -> Iterator[tuple[Any, str, bool]]:
        self._resolved: dict[int, tuple[Reference, ...]] = {}
        for node, name in self.collected.imported:
            yield node, name, True
        resolve, resolved = self.resolver.resolve_use, self._resolved
        names, every = self.collected.names, self.collected.has_stars
        for use in self.collected.uses:
            root = use.root
            if root is not None and root.id not in names and not every:
                continue
            references = resolve(use)
            if references:
                resolved[id(use.node)] = references
                for reference in references:
                    if reference.name.startswith("tf"):
                        yield use.node, reference.name, False

    def references(self, use: Use) -> Iterator[Reference]:
        """Yields what a use may stand for of TensorFlow."""
        for reference in self.resolver.resolve_use(use):
            if reference.name.startswith("tf"):
                yield reference

    def _calls(self, table: "_Table") -> Iterator[Called]:
        resolved = self._resolved
        for calling in self.collected.calls:
            function = calling.node.func
            kind = type(function)
            if kind is ast.Name or kind is ast.Attribute:
                references = resolved.get(id(function), ())
            else:
                references = self.resolver.resolve(function, calling.scope)
            for reference in references:
                if reference.name.startswith("tf."):
                    name = symbols.canonical(reference.name)
                    if not table.looks_at(name, calling.node):
                        continue
                    scoped, unsure = self.scoped(calling, name)
                    called = Called(name, calling.node, reference.partials, scoped, unsure)
                    called.scope = calling.scope
                    called.is_compat = symbols.is_compat(reference.name)
                    called.in_tf1_code = self.is_tf1 or called.is_compat
                    yield called
                    if name in contrib_functions.LAYERS:
                        yield from self._normalizers(called, calling.scope)

    def _normalizers(self, called: Called, scope: Scope) -> Iterator[Called]:
        """Yields the call of `normalizer_fn` that a layer of contrib makes."""
        function = called.argument("normalizer_fn")
        if function is None:
            return
        given, keywords, unsure = called.argument("normalizer_params"), [], False
        for literal in self.resolver.lookups.literals(given, scope):
            if not isinstance(literal, ast.Dict):
                unsure = True
                continue
            for key, value in zip(literal.keys, literal.values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else None
                keywords.append(ast.keyword(name if isinstance(name, str) else None, value))
        made = ast.copy_location(ast.Call(func=function, args=[], keywords=keywords), function)
        for reference in self.resolver.resolve(function, scope):
            yield Called(symbols.canonical(reference.name), made, reference.partials, (), unsure)

    def scoped(self, calling: Calling, name: str) -> tuple[list[ast.Call], bool]:
        """Returns the `arg_scope` calls that give this function arguments, and any doubt."""
        if not calling.arg_scopes:
            return [], False
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

    def _of_calls(self, table: "_Table", calls: list[Called]) -> Iterator[Finding]:
        for call in calls:
            for rule in table.of_call(call.name, call.node):
                if call.is_compat and not rule.difference:
                    continue  # `tf.compat.v1` has TF1's arguments
                for advice in rule.call(call):  # type: ignore[misc]
                    found = advice
                    if call.scope is not None and call.name in contrib_functions.LAYERS:
                        written = self._suggester.written(call, call.scope)
                        found = advice._replace(replacement=written or advice.replacement)
                    yield self._finding(rule, found, advice.node or call.node)

    def _of_attributes(self, table: "_Table") -> Iterator[Finding]:
        for seen in self.attributed(table.attributes):
            for rule in table.attributes[seen.node.attr]:
                for advice in rule.attribute(seen):  # type: ignore[misc]
                    yield self._finding(rule, advice, advice.node or seen.node)

    def attributed(self, names: Collection[str]) -> Iterator[Attributed]:
        """Yields the attributes of objects, such as methods, with one of these names in TF1 code.

        It may be asked once the findings are known.
        """
        if not self.is_tf1 or not names:
            return
        for use in self.collected.uses:
            node = use.node
            if type(node) is not ast.Attribute or id(node) in self._resolved:
                continue  # a name of TensorFlow, such as a function of a module
            while type(node) is ast.Attribute:
                if node.attr in names:
                    calling = self._callings.get(id(node))
                    call = None if calling is None else calling.node
                    asked = node.value, use.scope, self.resolver
                    yield Attributed(
                        node,
                        call,
                        functools.partial(makers.is_made, *asked),
                        functools.partial(makers.makers, *asked),
                    )
                node = node.value

    def _of_whole(self, table: "_Table", calls: list[Called]) -> Iterator[Finding]:
        if not table.whole:
            return
        whole = Whole(
            frozenset(self._names),
            calls,
            [each.node for each in self.collected.calls if each.in_loop],
            self.source.text,
            self.source.tree,
            self.source.is_python2,
        )
        for rule in table.whole:
            for advice in rule.whole(whole):  # type: ignore[misc]
                yield self._finding(rule, advice, advice.node)

    def _finding(self, rule: Rule, advice: Advice, node: Any) -> Finding:
        line, column = node.lineno, node.col_offset
        text = self.source.lines[line - 1] if line <= len(self.source.lines) else ""
        if not text.isascii():
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
        match = _NOQA.search(finding.text)
        if match is None:
            return False
        codes = re.findall(r"[A-Z]+\d+", (match["codes"] or "").upper())
        return not codes or finding.code in codes


class _Table:
    """Holds rules by what they are shown, so that each place of a file asks few of them."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.whole: list[Rule] = []
        self._use: list[Rule] = []
        self._functions: dict[str, list[Rule]] = {}
        self._keywords: dict[str, list[Rule]] = {}
        self.attributes: dict[str, list[Rule]] = {}
        self.known: dict[tuple[str, bool, bool, bool], list[tuple[Rule, Advice]]] = {}
        for rule in rules:
            if rule.use is not None:
                self._use.append(rule)
            if rule.whole is not None:
                self.whole.append(rule)
            for name in rule.functions:
                self._functions.setdefault(name, [])
                if rule.call is not None:
                    self._functions[name].append(rule)
            for name in rule.attributes:
                self.attributes.setdefault(name, []).append(rule)
            for name in rule.keywords if rule.call is not None else ():
                self._keywords.setdefault(name, []).append(rule)

    def of_use(self, used: Used) -> list[tuple[Rule, Advice]]:
        """Returns the advice of all rules on a use, which only these facts decide.

        `known` keeps it for the next use.
        """
        found = [
            (rule, advice)
            for rule in self._use
            for advice in rule.use(used)  # type: ignore[misc]
        ]
        if len(self.known) < _MOST_KNOWN:
            self.known[used] = found
        return found

    def looks_at(self, name: str, call: ast.Call) -> bool:
        """Returns whether a rule is shown the call of a function."""
        if name in self._functions:
            return True
        return any(each.arg in self._keywords for each in call.keywords)

    def of_call(self, name: str, call: ast.Call) -> list[Rule]:
        """Returns the rules that are shown the call of a function."""
        return [*self._functions.get(name, ()), *self._of_keywords(call)]

    def _of_keywords(self, call: ast.Call) -> list[Rule]:
        return [
            rule
            for keyword in call.keywords
            if keyword.arg in self._keywords
            for rule in self._keywords[keyword.arg]
        ]


@functools.lru_cache(maxsize=4)
def _table(rules: tuple[Rule, ...]) -> _Table:
    return _Table(rules)


def _order(finding: Finding) -> tuple[int, int, str, str]:
    return finding.line, finding.column, finding.code, finding.message

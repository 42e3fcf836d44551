"""Finds which calls and names of a file may be rewritten, and what keeps a function from it.

`choosing.py` then decides in which functions this is done.
"""

import ast
import collections
import types
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan import rewrite_registry, rule_registry
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.fixing import shape_forms
from tf_recipes.scan.fixing.choosing import Candidate, Chooser, Kept, Place, Planned
from tf_recipes.scan.fixing.file_view import FileView, root
from tf_recipes.scan.fixing.function_units import OUTSIDE, Function
from tf_recipes.scan.fixing.hindrances import Hindrances
from tf_recipes.scan.fixing.name_scopes import NameScopes
from tf_recipes.scan.fixing.rate_checks import Rates
from tf_recipes.scan.fixing.shape_forms import ITEM
from tf_recipes.scan.reading.scopes import Calling, Scope
from tf_recipes.scan.rewrites.scopes_rewrite import SCOPE
from tf_recipes.scan.rules import (
    changed_arguments,
    chosen_rows,
    core_initializer,
    divided_table,
    graph_functions,
    old_order,
    resized_images,
    step_at_rest,
)
from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.rewrite import EITHER, KERAS, Facts, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given

# Findings on names that live. Other arguments do for the first; the second keep a function in TF1's
# idiom, unless Keras is written for them.
_CHANGED = frozenset(each.RULE.code for each in (changed_arguments, old_order))
_OTHER_MEANING = frozenset(
    each.RULE.code
    for each in (chosen_rows, core_initializer, divided_table, graph_functions, resized_images)
)


class Plan(NamedTuple):
    """Holds what is rewritten: calls and names by their places, and the functions that are not.

    `shapes` are the forms of `shape_forms.py`, `known` is `{place of an expression: (name of
    TensorFlow, whether it is called)}`, and `removed` the places of the values of assignments that
    nothing needs any more.
    """

    calls: Mapping[Place, Planned]
    names: Mapping[Place, str]
    shapes: Mapping[Place, str]
    known: Mapping[Place, tuple[str, bool]]
    literals: Callable[[str], ast.expr | None]
    removed: frozenset[Place]
    kept: list[Kept]
    names_used: frozenset[str]


class Planner:
    """Plans the rewrites of one file.

    Args:
        analysis: the file.
        text: its code.

    Attributes:
        place: function from a node of the file to its place.
    """

    def __init__(self, analysis: Analysis, text: str) -> None:
        self._analysis = analysis
        self._view = FileView(analysis, text)
        self.place = self._view.place
        self._rewrites = rewrite_registry.all_rewrites().values()
        self._candidates: dict[Function, list[Candidate]] = collections.defaultdict(list)
        self._blocked: dict[Function, list[tuple[Place, str]]] = collections.defaultdict(list)
        self._aliases: dict[Function, set[Place]] = collections.defaultdict(set)

    def plan(self) -> Plan:
        """Returns what is rewritten."""
        view = self._view
        findings = self._analysis.findings(rule_registry.all_rules().values())
        self._traps = {
            (each.line, each.column - 1) for each in findings if each.severity == NUMBERS
        }
        self._changed, self._other = (
            {(each.line, each.column - 1) for each in findings if each.code in codes}
            for codes in (_CHANGED, _OTHER_MEANING)
        )
        code = step_at_rest.RULE.code
        at_rest = {(each.line, each.column - 1) for each in findings if each.code == code}
        reasons = [each.condition(view.facts) for each in self._rewrites]
        both = list(zip(self._rewrites, reasons, strict=True))
        self._allowed = [each for each, no in both if no is None]
        self._rates, self._hindrances = Rates(view, at_rest), Hindrances(view)
        self._scopes = NameScopes(view, self._hindrances.shares)
        for node, names, scope in view.uses:
            self._consider(node, names, scope)
        self._hindrances.methods(self._block)
        for node, form in shape_forms.found(view):
            function, place, needed = view.functions.of(node.lineno), self.place(node), form == ITEM
            made = Candidate(
                KERAS, place, None, "", needed and self._analysis.is_tf1, frozenset(), form
            )
            self._candidates[function].append(made)
        refused = [no for each, no in both if no and _has(each, view.facts)]
        chooser = Chooser(self._candidates, self._blocked, self._aliases, view.self_lines)
        choice = chooser.choice()
        kept = [*choice.kept, *(Kept(OUTSIDE, [each]) for each in refused)]
        written = choice.calls, choice.names, choice.shapes
        names_used = view.facts.names
        return Plan(*written, view.known, view.literals, choice.removed, kept, names_used)

    def _block(self, function: Function, place: Place, reason: str) -> None:
        self._blocked[function].append((place, reason))

    def _consider(self, node: ast.expr, names: list[str], scope: Scope) -> None:
        """Adds the rewrites of a use of TensorFlow, or what it keeps in TF1's idiom."""
        function, place = self._view.functions.of(node.lineno), self.place(node)
        lost = [name for name in names if symbols.first_vanished(name)]
        if len(names) > 1 or symbols.is_compat(names[0]):
            if lost:
                self._block(function, place, lost[0])
            return
        name = names[0]
        if id(node) in self._view.passed:
            if lost:
                why = "a caller or a subclass may put something else in its place"
                self._block(function, place, f"{name} ({why})")
            return
        keeper = self._hindrances.kept_in(node, scope) if lost else ""
        if keeper:
            self._block(function, place, f"{name} (it is kept in {keeper})")
            return
        calling = self._view.calling.get(id(node))
        reason = name
        left = place[:2] in self._changed
        made: list[Candidate] = []
        if calling is not None:
            reason = self._call(calling, name, scope, made)
        if place[:2] in self._other and not any(each.idiom == KERAS for each in made):
            self._block(function, place, reason or name)
        if self._name(node, name, scope, self._candidates[function]) or any(
            each.idiom == EITHER for each in made
        ):
            made = [each._replace(needed=False) for each in made]  # no need to become Keras
            reason = ""
        self._candidates[function] += made
        if not reason:
            return
        if lost and function is not OUTSIDE and self._is_alias(node, function):
            self._aliases[function].add(place)
            return
        if lost or left or reason != name:
            self._block(function, place, reason if lost or left else "")

    def _call(
        self,
        calling: Calling,
        name: str,
        scope: Scope,
        candidates: list[Candidate],
    ) -> str:
        """Adds the rewrites of a call; returns why there is none, or nothing."""
        canonical = symbols.canonical(name)
        reason, done = name, False
        # its other name may live, with arguments that changed and another meaning
        is_other = bool(symbols.first_vanished(name)) and not symbols.first_vanished(canonical)
        for rewrite in self._allowed:
            make = rewrite.calls.get(canonical) or rewrite.calls.get(name)
            if make is None or (is_other and rewrite.idiom == EITHER):
                continue
            place = self.place(calling.node)
            planned = self._planned(calling, scope, rewrite, make, name)
            needed = symbols.first_vanished(name) is not None or place[:2] in self._traps
            try:
                self._check(calling, scope, rewrite, canonical, needed)
                if canonical == SCOPE:
                    needed = self._scopes.stands_alone(calling)
                consumed = self._tried(calling.node, planned)
            except CannotFix as error:
                reason = f"{name} ({error})" if str(error) else name
                continue
            if consumed is not None:  # else it is written so already
                candidates.append(Candidate(rewrite.idiom, place, planned, "", needed, consumed))
            done = True
        return "" if done else reason

    def _planned(
        self, calling: Calling, scope: Scope, rewrite: Rewrite, make: Callable, name: str
    ) -> Planned:
        canonical = symbols.canonical(name)
        order = rewrite.orders.get(canonical)
        keeps = any(canonical.startswith(f"{each}.") for each in rewrite.names)
        return Planned(
            make,
            canonical,
            None if order is None else list(order),
            isinstance(self._view.parents.get(id(calling.node)), ast.Call | ast.keyword),
            self._rates.is_rate(calling.node),
            keeps and self._view.is_bound(calling.node.func, scope),
            name == canonical,
        )

    def _check(
        self, calling: Calling, scope: Scope, rewrite: Rewrite, name: str, needed: bool
    ) -> None:
        """Checks that nothing outside a call forbids its rewrite.

        Raises:
            CannotFix: if something does.
        """
        references = self._analysis.resolver.resolve(calling.node.func, scope)
        if any(each.partials for each in references):
            raise CannotFix("functools.partial gives it arguments")
        if rewrite.idiom != KERAS:
            return
        scoped, unsure = self._analysis.scoped(calling, name)
        if (scoped or unsure) and needed:
            raise CannotFix("arg_scope gives it arguments")
        self._hindrances.check_shared(calling, rewrite)
        self._hindrances.check_rows(name)
        self._rates.check(calling, name)
        if name == SCOPE:
            self._scopes.check(calling)

    def _name(
        self,
        node: ast.expr,
        name: str,
        scope: Scope,
        candidates: list[Candidate],
    ) -> bool:
        """Adds the rewrite of a name, or of the beginning of it; returns whether there is one."""
        canonical = symbols.canonical(name)
        for rewrite in self._allowed:
            for full in (name, canonical):
                parts = full.split(".")
                for length in range(len(parts), 1, -1):
                    start = ".".join(parts[:length])
                    if start not in rewrite.names:
                        continue
                    part = node
                    for _ in parts[length:]:
                        part = part.value if isinstance(part, ast.Attribute) else ast.Constant(0)
                    if not isinstance(part, ast.Attribute | ast.Name):
                        return True  # the end of the name is bound elsewhere, and rewritten there
                    if self._view.is_bound(part, scope):
                        return True
                    new = rewrite.names[start]
                    place = self.place(part)
                    candidates.append(Candidate(rewrite.idiom, place, None, new, True, frozenset()))
                    return True
        return False

    def _is_alias(self, node: ast.expr, function: Function) -> bool:
        """Returns whether a name of a function stands for another, and is called alone.

        Then the calls decide.
        """
        parent = self._view.parents.get(id(node))
        if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
            return False
        target = parent.targets[0]
        if not isinstance(target, ast.Name):
            return False
        return all(
            id(use.node) in self._view.calling
            for use in self._analysis.collected.uses
            if root(use.node) == target.id and self._view.functions.of(use.node.lineno) == function
        )

    def _tried(self, node: ast.Call, planned: Planned) -> frozenset[Place] | None:
        """Makes the new call once; returns the places of the arguments that are not in it.

        None means that the call stays as it is.
        """
        arguments: list[tuple[str | None, Given]] = []
        places = {}
        for each in node.args:
            star = "*" if isinstance(each, ast.Starred) else ""
            value = each.value if isinstance(each, ast.Starred) else each
            given = self._given(value, star)
            places[id(given)] = self.place(value)
            arguments.append((None, given))
        for keyword in node.keywords:
            given = self._given(keyword.value, "" if keyword.arg else "**")
            places[id(given)] = self.place(keyword.value)
            arguments.append((keyword.arg, given))
        arguments.sort(key=lambda pair: places[id(pair[1])])
        new = planned.make(
            Call(
                planned.name,
                arguments,
                planned.order,
                self._view.literals,
                planned.inline,
                planned.is_rate,
            )
        )
        same = new.function == planned.name and planned.is_same_name and new.then is None
        if same and [(piece.keyword, piece.value) for piece in new.pieces] == arguments:
            return None
        left = set()
        for made in (new, *new.around):
            left |= {id(each.value) for each in (*made.pieces, *(made.then or ()))}
        return frozenset(place for number, place in places.items() if number not in left)

    def _given(self, node: ast.expr, star: str) -> Given:
        name, called = self._view.known.get(self.place(node), (None, False))
        arg = types.SimpleNamespace(star=star)
        return Given(arg, ast.unparse(node), name, called)


def _has(rewrite: Rewrite, facts: Facts) -> bool:
    """Returns whether a file has something that a rewrite is for."""
    return any(
        name == each or name.startswith(f"{each}.")
        for name in facts.names
        for each in (*rewrite.calls, *rewrite.names)
    )

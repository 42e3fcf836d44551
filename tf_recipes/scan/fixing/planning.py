"""Finds which calls and names of a file may be rewritten, and what keeps a function from it.

`choosing.py` then decides in which functions this is done.
"""

import ast
import collections
import types
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan import rewrite_registry, rule_registry
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.fixing.choosing import Candidate, Chooser, Kept, Place, Planned
from tf_recipes.scan.fixing.function_units import OUTSIDE, Function, Functions
from tf_recipes.scan.reading.scopes import Calling, Scope
from tf_recipes.scan.terms.findings import NUMBERS
from tf_recipes.scan.terms.rewrite import EITHER, KERAS, Facts, Rewrite
from tf_recipes.scan.terms.rule import Called
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, Given

_LAYER_METHODS = ("minimize", "compute_gradients")
_SELF = ("self", "cls")
_FLAGS = ("tf.app.flags", "tf.flags")
# What a step may be made by: these count steps, and compute nothing.
_COUNTERS = frozenset(
    ["tf.train.get_global_step", "tf.train.get_or_create_global_step", "tf.cast", "tf.to_float"]
).union(["tf.train.create_global_step", "tf.Variable", "tf.get_variable", "tf.placeholder"])
_LAYERS = ("layers", "contrib-layers")  # the rewrites of functions that make weights
_NO_REUSE = ("False", "None")
_MOST_STEPS = 8  # names behind one another


class Plan(NamedTuple):
    """Holds what is rewritten: calls and names by their places, and the functions that are not.

    `known` is `{place of an expression: (name of TensorFlow, whether it is called)}`, and `removed`
    the places of the values of assignments that nothing needs any more.
    """

    calls: Mapping[Place, Planned]
    names: Mapping[Place, str]
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
    """

    def __init__(self, analysis: Analysis, text: str) -> None:
        self._analysis = analysis
        self._lines = text.split("\n")
        self._functions = Functions(analysis.source.tree)
        self._self_lines = [
            (node.lineno, (node.end_lineno or node.lineno) + 1)
            for node in ast.walk(analysis.source.tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Attribute)
        ]
        self._parents = _parents(analysis.source.tree)
        self._calling = {id(each.node.func): each for each in analysis.collected.calls}
        self._aliases: dict[Function, set[Place]] = collections.defaultdict(set)
        self._rewrites = rewrite_registry.all_rewrites().values()

    def plan(self) -> Plan:
        """Returns what is rewritten."""
        findings = self._analysis.findings(rule_registry.all_rules().values())
        self._traps = {
            (each.line, each.column - 1) for each in findings if each.severity == NUMBERS
        }
        uses = self._uses()
        facts = self._facts(uses)
        reasons = [each.condition(facts) for each in self._rewrites]
        self._allowed = [
            each for each, no in zip(self._rewrites, reasons, strict=True) if no is None
        ]
        self._known = {}
        for node, names, _ in uses:
            if len(names) == 1:
                self._known[self.place(node)] = (symbols.canonical(names[0]), False)
        self._passed = {
            id(node) for node, _, scope in uses if self._analysis.resolver.is_passed(node, scope)
        }
        for node, _, _ in uses:
            if id(node) in self._passed:
                self._known.pop(self.place(node), None)
        self._shares = self._has_reuse(uses)
        for calling in self._analysis.collected.calls:
            reference = self._known.get(self.place(calling.node.func))
            if reference is not None:
                self._known[self.place(calling.node)] = (reference[0], True)
        candidates: dict[Function, list[Candidate]] = collections.defaultdict(list)
        blocked: dict[Function, list[tuple[Place, str]]] = collections.defaultdict(list)
        for node, names, scope in uses:
            self._consider(node, names, scope, candidates, blocked)
        self._methods(candidates, blocked)
        refused = [
            no
            for each, no in zip(self._rewrites, reasons, strict=True)
            if no and self._has(each, facts)
        ]
        choice = Chooser(candidates, blocked, self._aliases, self._self_lines).choice()
        kept = [*choice.kept, *(Kept(OUTSIDE, [each]) for each in refused)]
        written = choice.calls, choice.names
        return Plan(*written, self._known, self.literals, choice.removed, kept, facts.names)

    def _has(self, rewrite: Rewrite, facts: Facts) -> bool:
        mine = (*rewrite.calls, *rewrite.names)
        return any(
            name == each or name.startswith(f"{each}.") for name in facts.names for each in mine
        )

    def _uses(self) -> list[tuple[ast.expr, list[str], Scope]]:
        """Returns each use of a name of TensorFlow, with what it may stand for."""
        made = []
        for use in self._analysis.collected.uses:
            names = {each.name for each in self._analysis._references(use)}
            if names:
                made.append((use.node, sorted(names), use.scope))
        return made

    def _facts(self, uses: Iterable[tuple[ast.expr, list[str], Scope]]) -> Facts:
        every, outside = set(), set()
        for node, names, _ in uses:
            canonical = {symbols.canonical(name) for name in names} | set(names)
            every |= canonical
            if self._functions.of(node.lineno) is OUTSIDE:
                outside |= canonical
        return Facts(frozenset(every), frozenset(outside))

    def place(self, node: ast.expr) -> Place:
        """Returns the place of a node."""
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        first = self._column(node.lineno, node.col_offset)
        return node.lineno, first, end_line, self._column(end_line, end_column)

    def _column(self, line: int, column: int) -> int:
        text = self._lines[line - 1]
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))

    def _consider(
        self,
        node: ast.expr,
        names: list[str],
        scope: Scope,
        candidates: dict[Function, list[Candidate]],
        blocked: dict[Function, list[tuple[Place, str]]],
    ) -> None:
        function = self._functions.of(node.lineno)
        lost = [name for name in names if symbols.first_vanished(name)]
        if len(names) > 1 or symbols.is_compat(names[0]):
            blocked[function] += [(self.place(node), lost[0])] if lost else []
            return
        name = names[0]
        if id(node) in self._passed:
            if lost:
                reason = f"{name} (a caller or a subclass may put something else in its place)"
                blocked[function].append((self.place(node), reason))
            return
        if lost and self._is_kept(node, scope):
            blocked[function].append((self.place(node), f"{name} (it is kept in {_start(node)})"))
            return
        calling = self._calling.get(id(node))
        reason = name
        made: list[Candidate] = []
        if calling is not None:
            reason = self._call(calling, name, scope, made)
        if self._name(node, name, scope, candidates[function]) or any(
            each.idiom == EITHER for each in made
        ):
            made = [each._replace(needed=False) for each in made]  # no need to become Keras
            reason = ""
        candidates[function] += made
        if not reason:
            return
        if lost and function is not OUTSIDE and self._is_alias(node, function):
            self._aliases[function].add(self.place(node))
            return
        if lost or reason != name:
            blocked[function].append((self.place(node), reason if lost else ""))

    def _call(
        self,
        calling: Calling,
        name: str,
        scope: Scope,
        candidates: list[Candidate],
    ) -> str:
        """Adds the rewrites of a call; returns why there is none, or nothing."""
        canonical = symbols.canonical(name)
        found = [
            (each, each.calls.get(canonical) or each.calls.get(name)) for each in self._allowed
        ]
        reason, done = name, False
        # its other name may live, with arguments that changed and another meaning
        is_other = bool(symbols.first_vanished(name)) and not symbols.first_vanished(canonical)
        for rewrite, make in found:
            if make is None or (is_other and rewrite.idiom == EITHER):
                continue
            place = self.place(calling.node)
            order = rewrite.orders.get(canonical)
            partial = any(
                each.partials for each in self._analysis.resolver.resolve(calling.node.func, scope)
            )
            planned = Planned(
                make,
                canonical,
                None if order is None else list(order),
                isinstance(self._parents.get(id(calling.node)), ast.Call | ast.keyword),
                self._is_rate(calling.node, scope),
                any(canonical.startswith(f"{each}.") for each in rewrite.names)
                and self._is_bound(calling.node.func, scope),
                name == canonical,
            )
            needed = symbols.first_vanished(name) is not None or place[:2] in self._traps
            try:
                if partial:
                    raise CannotFix("functools.partial gives it arguments")
                scoped, unsure = self._analysis._scoped(calling, canonical)
                if (scoped or unsure) and rewrite.idiom == KERAS and needed:
                    raise CannotFix("arg_scope gives it arguments")
                if rewrite.idiom == KERAS:
                    self._check_shared(calling, rewrite)
                    self._check_steps(calling, canonical)
                consumed = self._tried(calling.node, planned)
                if consumed is None:  # it is written so already
                    done = True
                    continue
            except CannotFix as error:
                reason = f"{name} ({error})" if str(error) else name
                continue
            candidates.append(Candidate(rewrite.idiom, place, planned, "", needed, consumed))
            done = True
        return "" if done else reason

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
                    if self._is_bound(part, scope):
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
        parent = self._parents.get(id(node))
        if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
            return False
        target = parent.targets[0]
        if not isinstance(target, ast.Name):
            return False
        return all(
            id(use.node) in self._calling
            for use in self._analysis.collected.uses
            if _root(use.node) == target.id and self._functions.of(use.node.lineno) == function
        )

    def _is_bound(self, node: ast.expr, scope: Scope) -> bool:
        """Returns whether the first name of `a.b.c` was assigned, and not imported."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            return True
        current: Scope | None = scope
        while current is not None and node.id not in current.bindings:
            current = current.parent
        bindings = current.bindings[node.id] if current is not None else []
        return any(not each.names for each in bindings)

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
                self.literals,
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
        name, called = self._known.get(self.place(node), (None, False))
        arg = types.SimpleNamespace(star=star)
        return Given(arg, ast.unparse(node), name, called)

    def literals(self, name: str) -> ast.expr | None:
        """Returns the expression that a name is bound to, if it is bound once in the file."""
        found = [
            binding.value for scope in self._scopes() for binding in scope.bindings.get(name, ())
        ]
        return found[0] if len(found) == 1 else None

    def _scopes(self) -> list[Scope]:
        scopes = {id(use.scope): use.scope for use in self._analysis.collected.uses}
        for scope in list(scopes.values()):
            outer = scope.parent
            while outer is not None:
                scopes[id(outer)] = outer
                outer = outer.parent
        return list(scopes.values())

    def _is_rate(self, node: ast.Call, scope: Scope) -> bool:
        """Returns whether the result of a call is the first argument of optimizers alone."""
        parent = self._parents.get(id(node))
        if self._is_of_optimizer(parent, node):
            return True
        if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
            return False
        target = parent.targets[0]
        if not isinstance(target, ast.Name):
            return False
        uses = self._analysis.collected.uses
        loads = [use.node for use in uses if _root(use.node) == target.id]
        return bool(loads) and all(
            self._is_of_optimizer(self._parents.get(id(each)), each) for each in loads
        )

    def _is_of_optimizer(self, parent: ast.AST | None, node: ast.AST) -> bool:
        if isinstance(parent, ast.keyword) and parent.arg == "learning_rate":
            parent = self._parents.get(id(parent))
        elif not isinstance(parent, ast.Call) or not parent.args or parent.args[0] is not node:
            return False
        if not isinstance(parent, ast.Call):
            return False
        name, _ = self._known.get(self.place(parent.func), ("", False))
        return name.startswith("tf.train.") and name.endswith("Optimizer")

    def _is_kept(self, node: ast.expr, scope: Scope) -> bool:
        """Returns whether an attribute of an object or a class stands for a name that has vanished.

        The assignment to the attribute stays, so that its calls stay as well.
        """
        while isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Attribute):
            return False
        if self._analysis.resolver.resolve(node.value, scope):
            return False  # an attribute of TensorFlow, or of a module
        found = self._analysis.resolver.resolve(node, scope)
        return any(symbols.first_vanished(each.name) is not None for each in found)

    def _has_reuse(self, uses: Iterable[tuple[ast.expr, list[str], Scope]]) -> bool:
        """Returns whether the file shares weights by the names of their variables."""
        names = {symbols.canonical(name) for _, listed, _ in uses for name in listed}
        if names & {"tf.AUTO_REUSE", "tf.make_template"}:
            return True
        for calling in self._analysis.collected.calls:
            func = calling.node.func
            if isinstance(func, ast.Attribute) and func.attr == "reuse_variables":
                return True
            for each in calling.node.keywords:
                shares = each.arg == "reuse" and ast.unparse(each.value) not in _NO_REUSE
                if shares and self.place(func) in self._known:
                    return True
        return False

    def _check_shared(self, calling: Calling, rewrite: Rewrite) -> None:
        """Checks that a layer does not take the weights of another.

        Raises:
            CannotFix: if the file shares weights by their names.
        """
        if self._shares and rewrite.name in _LAYERS and not _is_flat(calling.node):
            raise CannotFix("this file shares weights by reuse; layers of Keras do not")

    def _check_steps(self, calling: Calling, name: str) -> None:
        """Checks that a rate is a number or a schedule, and that a schedule counts the steps.

        Raises:
            CannotFix: if TensorFlow computes one of them anew in each step.
        """
        call = Called(name, calling.node)
        if name.startswith("tf.train.") and name.endswith("Optimizer"):
            rate = call.argument("learning_rate", 0)
            if rate is not None and self._is_computed(rate, calling.scope):
                raise CannotFix("its rate is computed in each step, and would stay the first one")
        elif name in rewrite_registry.all_rewrites()["schedules"].calls:
            step = call.argument("x") if "piecewise" in name else call.argument("global_step")
            if step is not None and self._is_other_count(step, calling.scope):
                raise CannotFix("its step is computed, and a schedule counts the steps alone")

    def _is_computed(self, node: ast.expr, scope: Scope, depth: int = 0) -> bool:
        """Returns whether an expression has an operation of TensorFlow, but for a schedule."""
        schedules = rewrite_registry.all_rewrites()["schedules"].calls
        name, called = self._known.get(self.place(node), ("", False))
        if called and name in schedules:
            return False
        if name and not name.startswith(_FLAGS):
            return True
        if isinstance(node, ast.Name) or _root(node) in _SELF:
            found = self._analysis.resolver.bound(node, scope)
            return depth < _MOST_STEPS and any(
                self._is_computed(value, of_scope, depth + 1) for value, of_scope in found
            )
        inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        return any(self._is_computed(each, scope, depth) for each in inner)

    def _is_other_count(self, node: ast.expr, scope: Scope, depth: int = 0) -> bool:
        """Returns whether an expression is no mere number of steps, such as `step * 64`."""
        if isinstance(node, ast.Name) or _root(node) in _SELF:
            found = self._analysis.resolver.bound(node, scope)
            return depth < _MOST_STEPS and any(
                self._is_other_count(value, of_scope, depth + 1) for value, of_scope in found
            )
        if isinstance(node, ast.Call):
            name, _ = self._known.get(self.place(node), ("", False))
            counted = node.args[:1] if name in ("tf.cast", "tf.to_float") else []
            return bool(name) and (
                name not in _COUNTERS
                or any(self._is_other_count(each, scope, depth) for each in counted)
            )
        return isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp)

    def _methods(
        self,
        candidates: Mapping[Function, list[Candidate]],
        blocked: dict[Function, list[tuple[Place, str]]],
    ) -> None:
        """Blocks the functions that call `minimize` of an optimizer, which Keras' lack."""
        for calling in self._analysis.collected.calls:
            func = calling.node.func
            if isinstance(func, ast.Attribute) and func.attr in _LAYER_METHODS:
                function = self._functions.of(func.lineno)
                blocked[function].append((self.place(func), f".{func.attr}()"))


def _start(node: ast.expr) -> str:
    """Returns the first two names of `self.layer.b.c`."""
    return ".".join(ast.unparse(node).split(".")[:2])


def _is_flat(node: ast.Call) -> bool:
    """Returns whether a call surely makes no weights: pooling, flattening, dropout."""
    last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return "pool" in last or last in ("flatten", "dropout")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _parents(tree: ast.AST) -> dict[int, ast.AST]:
    return {
        id(child): parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)
    }

"""Collects, in one walk of a syntax tree, what names are bound to, and where they are used.

Nothing is resolved here: `resolution.py` does this, once the whole file is known.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from tf_recipes.scan.reading.scopes import (
    CALLS,
    MODULES,
    NAMESPACES,
    PARAMETER,
    Binding,
    Calling,
    Imported,
    Scope,
    Use,
    enclosing_class,
    is_self,
    may_lead,
    name_of,
    tensorflow_name,
)

_BRANCHES = (ast.If, ast.Try, ast.TryStar, ast.ExceptHandler, ast.Match)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PROPERTIES = ("property", "cached_property")
_BEFORE_A_DOT = frozenset([ast.Call, ast.Subscript, ast.NamedExpr, ast.IfExp, ast.BoolOp])
_CONTAINERS = frozenset([ast.Dict, ast.List, ast.Tuple])


class Collector:
    """Walks a file's tree.

    Args:
        locate: function from `(module, level)` of an import to the name of a local module,
            which begins with `@`, or None.

    Attributes:
        names: the names that may stand for something of TensorFlow; the others surely do not.
        has_stars: whether there are names besides that a star import brings.
    """

    def __init__(self, tree: ast.Module, locate: Any) -> None:
        self.module = self.scope = Scope("module", None)
        self.uses: list[Use] = []
        self.imported: list[Imported] = []
        self.calls: list[Calling] = []
        self.local: set[str] = set()
        self.names: set[str] = {"self", "cls"}
        self.has_stars = False
        self._locate = locate
        self._branches = self._loops = 0
        self._arg_scopes: tuple[tuple[ast.Call, Scope], ...] = ()
        self._containers: set[str] = set()  # names of dicts, lists and tuples
        self._called: dict[str, list[tuple[str, Binding]]] = {}  # `x = f()` by `f`
        self._functions: dict[str, list[tuple[Scope, list[str]]]] = {}
        self._all(tree.body)
        self._results()
        self._parameters()

    # walking

    def _visit(self, node: ast.AST) -> None:
        visit = _VISITORS.get(type(node))
        if visit is not None:
            visit(self, node)

    def _children(self, node: ast.AST) -> None:
        visitors = _VISITORS
        for name in _FIELDS[type(node)]:
            value = getattr(node, name)
            if type(value) is list:
                for each in value:
                    visit = visitors.get(type(each))
                    if visit is not None:
                        visit(self, each)
            else:
                visit = visitors.get(type(value))
                if visit is not None:
                    visit(self, value)

    def _value(self, node: Any) -> None:
        """Visits the only part of a node that holds names."""
        visit = _VISITORS.get(type(node.value))
        if visit is not None:
            visit(self, node.value)

    def _sides(self, node: ast.BinOp) -> None:
        for side in (node.left, node.right):
            visit = _VISITORS.get(type(side))
            if visit is not None:
                visit(self, side)

    def _elements(self, node: Any) -> None:
        visitors = _VISITORS
        for each in node.elts:
            visit = visitors.get(type(each))
            if visit is not None:
                visit(self, each)

    def _all(self, nodes: Iterable[ast.AST | None]) -> None:
        visitors = _VISITORS
        for node in nodes:
            visit = visitors.get(type(node))
            if visit is not None:
                visit(self, node)

    def _results(self) -> None:
        """Marks the names of results that may stand for something, once all functions are known."""
        functions = set(self.module.aliases)
        for name, made in self._functions.items():
            if any(self._may_lead(each) for scope, _ in made for each in scope.results):
                functions.add(name)
        for name in self._called.keys() & self.module.bindings.keys():
            scopes = (each.made for each in self.module.bindings[name])
            if any(each is not None and each.kind == "class" for each in scopes):
                self.names.update(target for target, _ in self._called[name])
        for name in self._called.keys() & (self.names | functions):
            of_module = self.module.bindings.get(name, ())
            if name in functions or any(n[:1] == "@" for each in of_module for n in each.names):
                for target, binding in self._called[name]:
                    binding.known = None
                    self.names.add(target)

    def _may_lead(self, value: ast.expr) -> bool:
        if not may_lead(value):
            return False
        while type(value) is ast.Attribute:
            value = value.value
        return type(value) is not ast.Name or value.id in self.names

    def _parameters(self) -> None:
        """Binds parameters to what calls in this file pass, such as the function of a layer."""
        for calling in self.calls:
            function = calling.node.func
            if type(function) is not ast.Name or function.id not in self._functions:
                continue
            for scope, names in self._functions[function.id]:
                given = [*zip(names, calling.node.args, strict=False)]
                given += [(each.arg or "", each.value) for each in calling.node.keywords]
                for name, value in given:
                    leads = type(value) in (ast.Name, ast.Attribute) and self._may_lead(value)
                    if leads and name in scope.bindings:
                        passed = Binding(PARAMETER, True, value, calling.scope)
                        scope.bindings[name].append(passed)
                        self.names.add(name)

    def _loop(self, node: ast.AST) -> None:
        self._loops += 1
        self._branch(node)
        self._loops -= 1

    def _branch(self, node: ast.AST) -> None:
        self._branches += 1
        if isinstance(node, ast.For | ast.AsyncFor):
            self._bind(*self._looped(node.target, node.iter))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            self._add(node.name, Binding(_position(node), True))
        self._children(node)
        self._branches -= 1

    def _looped(self, target: ast.expr, items: ast.expr) -> tuple[ast.expr, ast.expr | None]:
        """Returns the target of a loop, and an expression for what it gets, or None."""
        name = items
        if isinstance(items, ast.Call) and isinstance(items.func, ast.Attribute):
            name = items.func.value
            pair = items.func.attr == "items" and isinstance(target, ast.Tuple)
            if pair and len(target.elts) == 2:  # type: ignore[attr-defined]
                self._bind(target.elts[0])  # type: ignore[attr-defined]
                target = target.elts[1]  # type: ignore[attr-defined]
            elif items.func.attr != "values":
                return target, None
        if isinstance(name, ast.Name) and name.id not in self._containers:
            return target, None
        if not isinstance(name, ast.Name | ast.List | ast.Tuple | ast.Dict):
            return target, None
        item = ast.Subscript(name, ast.Constant(None), ast.Load())
        return target, ast.copy_location(item, items)

    # binding

    def _add(self, name: str, binding: Binding) -> None:
        scope = self.scope
        if name in scope.globals:
            while scope.parent is not None:
                scope = scope.parent
        elif name in scope.nonlocals:
            while scope.parent is not None and (scope is self.scope or name not in scope.bindings):
                scope = scope.parent
        value = binding.value
        if binding.known is None:
            self.names.add(name)
        elif type(value) is ast.Call:
            self._note_call(name, value, binding)
            if name_of(value.func) == "dict":
                self._containers.add(name)
        if type(value) in _CONTAINERS:
            self._containers.add(name)
        bindings = scope.bindings.get(name)
        if bindings is None:
            scope.bindings[name] = [binding]
        else:
            bindings.append(binding)

    def _note_call(self, name: str, value: ast.Call, binding: Binding) -> None:
        function = name_of(value.func)
        if function:
            self._called.setdefault(function, []).append((name, binding))

    def _bind(self, target: ast.expr, value: ast.expr | None = None) -> None:
        if type(target) is ast.Name:
            place = target.lineno, target.col_offset
            self._add(target.id, Binding(place, self._branches > 0, value, self.scope))
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(values):
                values = list(value.elts)
            for each, of_each in zip(target.elts, values, strict=True):
                self._bind(each, of_each)
        elif isinstance(target, ast.Starred):
            self._bind(target.value)
        elif isinstance(target, ast.Attribute) and is_self(target.value):
            owner = enclosing_class(self.scope)
            if owner is not None:
                binding = Binding(_position(target), True, value, self.scope)
                owner.attributes.setdefault(target.attr, []).append(binding)
                if type(value) is ast.Call and binding.known is not None:
                    self._note_call("self", value, binding)
        elif isinstance(target, ast.Subscript) and value is not None and may_lead(value):
            self.module.items.setdefault(name_of(target.value), []).append((value, self.scope))

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind(target, node.value)
            if type(target) is not ast.Name:
                self._visit(target)
        self._visit(node.value)

    def _assign_one(self, node: Any) -> None:
        """Binds the target of `x: T = value`, `x := value` and `x += value`."""
        value = None if isinstance(node, ast.AugAssign) else node.value
        self._bind(node.target, value)
        self._children(node)

    def _global(self, node: ast.Global) -> None:
        self.scope.globals.update(node.names)

    def _nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.nonlocals.update(node.names)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            if may_lead(node.value):
                self.scope.results.append(node.value)
            self._visit(node.value)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            first = alias.name.partition(".")[0]
            name = tensorflow_name(alias.name)
            bound = alias.asname or first
            if name is not None:
                self.imported.append(Imported(alias, name))
                target: str | None = name if alias.asname else tensorflow_name(first)
            else:
                if alias.asname and alias.name in MODULES:
                    self.module.aliases[alias.asname] = alias.name
                target = self._local(alias.name if alias.asname else first, 0)
                if self._local(alias.name, 0) and not alias.asname:
                    target = self._packages(alias.name, target)
            names = (target,) if target else ()
            self._add(bound, Binding(_position(alias), self._branches > 0, names=names))

    def _packages(self, name: str, package: str | None) -> str | None:
        """Notes the modules below a package that `import a.b.c` makes its attributes.

        Returns the package; a name that stands for it where it has no file of its own.
        """
        parts = name.split(".")
        outer = first = package or f"@{parts[0]}.py"
        for number, part in enumerate(parts[1:], 2):
            inner = self._local(".".join(parts[:number]), 0) or f"{outer[:-3]}.{part}.py"
            self.module.submodules[outer, part] = inner
            outer = inner
        return first

    def _import_from(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        space = tensorflow_name(module) if not node.level else None
        local = None if space else self._local(module, node.level)
        for alias in node.names:
            if alias.name == "*":
                if space or local:
                    self.scope.stars.append(space or str(local))
                    self.has_stars = True
                if space and space != "tf":
                    self.imported.append(Imported(alias, space))
                continue
            if alias.asname and module in MODULES and alias.name in CALLS:
                self.module.aliases[alias.asname] = alias.name
            full = f"{space or local}.{alias.name}" if space or local else None
            if space:
                self.imported.append(Imported(alias, f"{space}.{alias.name}"))
            elif inner := self._local(f"{module}.{alias.name}".lstrip("."), node.level):
                full = inner
            bound = alias.asname or alias.name
            names = (full,) if full else ()
            self._add(bound, Binding(_position(alias), self._branches > 0, names=names))

    def _local(self, module: str, level: int) -> str | None:
        found = self._locate(module, level)
        if found is not None:
            self.local.add(found)
        return found

    # scopes

    def _function(self, node: Any) -> None:
        self._all(getattr(node, "decorator_list", ()))
        arguments = node.args
        self._all([*arguments.defaults, *arguments.kw_defaults])
        outer = self.scope
        scope = Scope("function", outer)
        if isinstance(node, ast.Lambda):
            if may_lead(node.body):
                scope.results.append(node.body)
        else:
            binding = Binding(_position(node), self._branches > 0)
            binding.made = scope
            scope.is_property = any(name_of(each) in _PROPERTIES for each in node.decorator_list)
            self._add(node.name, binding)
            names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
            self._functions.setdefault(node.name, []).append((scope, names))
            self._all([node.returns])
            self._all([each.annotation for each in _arguments(arguments) if each.annotation])
        for name, default in _parameters(arguments):
            binding = Binding(PARAMETER, False, default, outer)
            scope.bindings[name] = [binding]
            if binding.known is None:
                self.names.add(name)
        self._inside(scope, [node.body] if isinstance(node, ast.Lambda) else node.body)

    def _class(self, node: ast.ClassDef) -> None:
        self._all([*node.decorator_list, *node.bases, *node.keywords])
        binding = Binding(_position(node), self._branches > 0)
        binding.made = scope = Scope("class", self.scope)
        scope.results = node.bases
        self._add(node.name, binding)
        self._inside(scope, node.body)
        if any(each.known is None for listed in scope.bindings.values() for each in listed):
            self.names.add(node.name)

    def _inside(self, scope: Scope, body: Iterable[ast.AST]) -> None:
        outer, branches, arg_scopes = self.scope, self._branches, self._arg_scopes
        self.scope, self._branches = scope, 0
        if scope.kind == "function":
            self._arg_scopes = ()
        self._all(body)
        self.scope, self._branches, self._arg_scopes = outer, branches, arg_scopes

    def _comprehension(self, node: Any) -> None:
        outer, self.scope = self.scope, Scope("function", self.scope)
        for each in node.generators:
            self._bind(each.target)
        self._children(node)
        self.scope = outer

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        outer = self._arg_scopes
        for item in node.items:
            self._visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, item.context_expr)
            if isinstance(item.context_expr, ast.Call):
                self._arg_scopes = (*self._arg_scopes, (item.context_expr, self.scope))
        self._all(node.body)
        self._arg_scopes = outer

    # uses

    def _name(self, node: ast.Name) -> None:
        if type(node.ctx) is ast.Load:
            self.uses.append(Use(node, self.scope, node))

    def _attribute(self, node: ast.Attribute) -> None:
        inner: ast.expr = node.value
        while type(inner) is ast.Attribute:
            inner = inner.value
        if type(inner) is ast.Name:
            self.uses.append(Use(node, self.scope, inner))
            return
        if type(inner) in _BEFORE_A_DOT:
            self.uses.append(Use(node, self.scope))
        self._visit(inner)

    def _subscript(self, node: ast.Subscript) -> None:
        value = node.value
        if isinstance(node.slice, ast.Constant) and (
            (isinstance(value, ast.Attribute) and value.attr in ("__dict__", "modules"))
            or (isinstance(value, ast.Call) and name_of(value.func) in NAMESPACES)
        ):
            self.uses.append(Use(node, self.scope))
        self._children(node)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        self.calls.append(Calling(node, self.scope, self._arg_scopes, self._loops > 0))
        if type(function) is ast.Name and function.id in ("getattr", "__import__"):
            self.uses.append(Use(node, self.scope))
        visitors = _VISITORS
        visit = visitors.get(type(function))
        if visit is not None:
            visit(self, function)
        for each in node.args:
            if type(each) is ast.Name:  # the most frequent argument, without another call
                self.uses.append(Use(each, self.scope, each))
                continue
            visit = visitors.get(type(each))
            if visit is not None:
                visit(self, each)
        for keyword in node.keywords:
            value = keyword.value
            if type(value) is ast.Name:
                self.uses.append(Use(value, self.scope, value))
                continue
            visit = visitors.get(type(value))
            if visit is not None:
                visit(self, value)


def _position(node: Any) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    more = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *more]


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Yields each parameter with its default, or None."""
    positional = [*arguments.posonlyargs, *arguments.args]
    if not (arguments.defaults or arguments.kwonlyargs or arguments.vararg or arguments.kwarg):
        yield from ((each.arg, None) for each in positional)
        return
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for each, default in zip(positional, [*missing, *arguments.defaults], strict=True):
        yield each.arg, default
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield each.arg, default
    for rest in (arguments.vararg, arguments.kwarg):
        if rest is not None:
            yield rest.arg, None


def _node_types(base: type[ast.AST]) -> Iterator[type[ast.AST]]:
    for each in base.__subclasses__():
        yield each
        yield from _node_types(each)


# A type that is not here holds no names: constants, operators, contexts.
_FIELDS: dict[type, tuple[str, ...]] = {
    each: tuple(name for name in each._fields if name not in ("ctx", "op", "ops", "type_comment"))
    for each in _node_types(ast.AST)
    if each._fields and not issubclass(each, ast.Constant)
}
_VISITORS: dict[type, Any] = {
    **dict.fromkeys(_FIELDS, Collector._children),
    ast.Assign: Collector._assign,
    ast.AnnAssign: Collector._assign_one,
    ast.AugAssign: Collector._assign_one,
    ast.NamedExpr: Collector._assign_one,
    ast.Attribute: Collector._attribute,
    ast.BinOp: Collector._sides,
    ast.Expr: Collector._value,
    ast.Starred: Collector._value,
    **dict.fromkeys((ast.List, ast.Set, ast.Tuple), Collector._elements),
    ast.Call: Collector._call,
    ast.ClassDef: Collector._class,
    ast.Global: Collector._global,
    ast.Nonlocal: Collector._nonlocal,
    ast.Return: Collector._return,
    ast.Subscript: Collector._subscript,
    ast.Import: Collector._import,
    ast.ImportFrom: Collector._import_from,
    ast.Lambda: Collector._function,
    ast.Name: Collector._name,
    ast.With: Collector._with,
    ast.AsyncWith: Collector._with,
    **dict.fromkeys(_FUNCTIONS, Collector._function),
    **dict.fromkeys(_BRANCHES, Collector._branch),
    **dict.fromkeys(_LOOPS, Collector._loop),
    **dict.fromkeys(
        (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), Collector._comprehension
    ),
}

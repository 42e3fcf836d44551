"""Scans files and folders, on several processors, and follows imports between the files."""

import ast
import functools
import gc
import json
import marshal
import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from tf_recipes.scan import rule_registry
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.reading import exporting, source
from tf_recipes.scan.reading import paths as path_lists
from tf_recipes.scan.reading.bindings import Collector
from tf_recipes.scan.reading.resolution import EVERY, Resolver
from tf_recipes.scan.result_cache import Kept, Store
from tf_recipes.scan.terms.findings import Finding, Problem, Report

TOO_DEEP = "its code is nested too deeply"
_DEEPEST = 6000  # calls within calls of the walk through a tree
_FEW = 40  # files that one process scans sooner than several begin
_LONGEST_CHAIN = 20  # helper modules behind one another
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(\.*)([\w.]*)[ \t]+import|import[ \t]+([\w.]+))", re.MULTILINE
)
Exports = Mapping[str, Mapping[str, tuple[str, ...]]]


Names = frozenset[tuple[str, str]]  # names of local modules, each as `(module, name)`


class _First(NamedTuple):
    """Holds what the first look at a file gives.

    `findings` hold unless a local module gives one of the names in `asked` a meaning; they are None
    in a file that does not name TensorFlow, and is not looked at further. `exports` hold unless one
    gives a name in `exports_asked` a meaning.
    """

    path: str
    root: str
    lines: int
    problem: Problem | None = None
    findings: list[Finding] | None = None
    local: frozenset[str] = frozenset()
    exports: Mapping[str, tuple[str, ...]] = {}
    asked: Names = frozenset()
    exports_asked: Names = frozenset()

    def waits(self, exports: Exports) -> bool:
        """Returns whether local modules with these exports may add findings."""
        if self.findings is None:
            return self.problem is None and not self.local.isdisjoint(exports)
        return _have_meaning(self.asked, exports)

    def depends(self, exports: Exports) -> bool:
        """Returns whether local modules with these exports may add exports."""
        if self.findings is None:
            return self.problem is None and not self.local.isdisjoint(exports)
        return _have_meaning(self.exports_asked, exports)


def _have_meaning(names: Names, exports: Exports) -> bool:
    for module, name in names:
        known = exports.get(module)
        if known and (name == EVERY or name in known):
            return True
    return False


def scan(
    paths: Iterable[str],
    codes: Iterable[str] | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    store: Store | None = None,
) -> Report:
    """Scans files and folders, and returns the findings.

    Args:
        paths: `.py` files, notebooks and folders.
        codes: the codes of the rules to apply; None for all.
        workers: processes; None for as many as there are processors.
        progress: is called with the number of files that are done, and of all.
        store: the results of earlier scans with these codes, which is added to.
    """
    path_lists.forget()
    files, problems = path_lists.listed(paths)
    chosen = tuple(rule_registry.all_rules() if codes is None else codes)
    workers = workers or len(os.sched_getaffinity(0))
    if workers == 1 or len(files) < _FEW:
        collects = gc.isenabled()
        gc.disable()
        try:
            return _all(files, problems, chosen, map, progress, store)
        finally:
            if collects:
                gc.enable()
    with multiprocessing.get_context("fork").Pool(workers, _begin_worker) as pool:

        def mapped(function: Callable, items: Iterable) -> Iterable:
            packed = pool.imap(functools.partial(_packed, function), items, chunksize=8)
            return map(_unpacked, packed)

        return _all(files, problems, chosen, mapped, progress, store)


def exports(files: Iterable[tuple[str, str]]) -> Exports:
    """Returns what the names of local modules stand for, where TensorFlow is reached through them.

    Args:
        files: each file with its root, as `paths.listed` returns them.
    """
    firsts = [_first(file, codes=()) for file in files]
    return _helpers({f"@{path_lists.real(first.path)}": first for first in firsts})


def _all(
    files: list[tuple[str, str]],
    problems: list[Problem],
    codes: tuple[str, ...],
    mapped: Callable,
    progress: Callable[[int, int], None],
    store: Store | None,
) -> Report:
    firsts: list[_First] = []
    for first in mapped(functools.partial(_first, codes=codes, store=store), files):
        firsts.append(first)
        progress(len(firsts), len(files))
    problems += [first.problem for first in firsts if first.problem is not None]
    findings = {first.path: first.findings or [] for first in firsts}
    exports = _helpers({f"@{path_lists.real(first.path)}": first for first in firsts})
    waiting = [(each.path, each.root, each.local) for each in firsts if each.waits(exports)]
    second = functools.partial(_second, codes=codes, exports=exports, store=store)
    for path, found in mapped(second, waiting):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            findings[path] = found
    ordered = [each for path, _ in files for each in findings[path]]
    return Report(ordered, problems, len(files), sum(first.lines for first in firsts))


def _helpers(firsts: Mapping[str, _First]) -> Exports:
    """Returns the exports of all modules through which TensorFlow can be reached.

    Those that nobody asked to scan, beside a file that was named, are read here.
    """
    known = dict(firsts)
    waiting = {name for first in firsts.values() for name in first.local} - known.keys()
    for _ in range(_LONGEST_CHAIN):
        for name in sorted(waiting):
            known[name] = _first((name[1:], os.path.dirname(name[1:])), codes=())
        waiting = {each for name in waiting for each in known[name].local} - known.keys()
    exports: dict[str, Mapping[str, tuple[str, ...]]] = {
        name: first.exports for name, first in known.items() if first.exports
    }
    changed = set(exports)
    trees: dict[str, ast.Module] = {}
    for _ in range(_LONGEST_CHAIN):
        again = {
            name: _exported(first, exports, trees)
            for name, first in known.items()
            if not first.local.isdisjoint(changed) and first.depends(exports)
        }
        changed = {name for name, made in again.items() if made != exports.get(name, {})}
        exports.update((name, again[name]) for name in changed)
        if not changed:
            break
    return exports


def _exported(
    first: _First, exports: Exports, trees: dict[str, ast.Module]
) -> Mapping[str, tuple[str, ...]]:
    """Returns what the names of a module stand for that imports from modules with exports."""
    if first.path not in trees:
        trees[first.path] = source.read(first.path).tree
    locate = functools.partial(path_lists.locate, first.path, first.root)
    with deep():
        module = Collector(trees[first.path], locate).module
        return exporting.exported(Resolver(module, _getter(exports)))


def _getter(exports: Exports) -> Callable[[str], Mapping[str, tuple[str, ...]]]:
    return lambda name: exports.get(name, {})


def _first(file: tuple[str, str], codes: tuple[str, ...], store: Store | None = None) -> _First:
    """Reads a file, and scans it if it names TensorFlow, without what local modules export."""
    path, root = file
    locate = functools.partial(path_lists.locate, path, root)
    try:
        data = source.data_of(path)
        kept = store.find(path, data) if store is not None else None
        if kept is not None and all(locate(*each[:2]) == each[2] for each in kept.answers):
            local = frozenset(each[2] for each in kept.answers if each[2] is not None)
            asked, of_exports = frozenset(kept.asked), frozenset(kept.exports_asked)
            found = kept.findings, local, kept.exports
            return _First(path, root, kept.lines, None, *found, asked, of_exports)
        read = source.read(path, data)
    except source.Unreadable as error:
        return _First(path, root, 0, Problem(path, error.reason, error.line))
    lines = len(read.lines) - (read.lines[-1] == "")
    if "tensorflow" not in read.text:
        return _First(path, root, lines, local=_local(read.text, locate))
    answers: set[tuple[str, int, str | None]] = set()

    def noted(module: str, level: int) -> str | None:
        found = locate(module, level)
        answers.add((module, level, found))
        return found

    try:
        with deep():
            analysis = Analysis(read, noted, lambda name: {})
            exports = exporting.exported(analysis.resolver)
            exports_asked = frozenset(analysis.resolver.asked)
            findings = analysis.findings(_rules(codes)) if codes else []
    except RecursionError:
        return _First(path, root, lines, Problem(path, TOO_DEEP))
    names = frozenset(each for each in analysis.resolver.asked if each[1] != EVERY)
    if store is not None:
        listed = sorted(answers, key=str)
        made = Kept(lines, findings, exports, listed, sorted(names), sorted(exports_asked))
        store.keep(path, data, made)
    local = frozenset(analysis.collected.local)
    return _First(path, root, lines, None, findings, local, exports, names, exports_asked)


def _local(text: str, locate: Callable[[str, int], str | None]) -> frozenset[str]:
    """Returns the local modules that a file imports which does not name TensorFlow."""
    found = set()
    for dots, module, imported in _IMPORT.findall(text):
        name = module or imported
        if name.partition(".")[0] not in sys.stdlib_module_names:
            found.add(locate(name, len(dots)))
    return frozenset(each for each in found if each is not None)


def _second(
    file: tuple[str, str, frozenset[str]],
    codes: tuple[str, ...],
    exports: Exports,
    store: Store | None,
) -> tuple[str, list[Finding] | Problem]:
    """Scans a file that imports local modules."""
    path, root, local = file
    locate = functools.partial(path_lists.locate, path, root)
    beside = json.dumps([(name, exports[name]) for name in sorted(local & exports.keys())])
    try:
        data = source.data_of(path)
        kept = store.find(path, data, beside) if store is not None else None
        if kept is not None:
            return path, kept.findings
        with deep():
            analysis = Analysis(source.read(path, data), locate, _getter(exports))
            findings = analysis.findings(_rules(codes))
        if store is not None:
            store.keep(path, data, Kept(0, findings, {}, [], [], []), beside)
        return path, findings
    except RecursionError:
        return path, Problem(path, TOO_DEEP)


def _rules(codes: tuple[str, ...]) -> list:
    known = rule_registry.all_rules()
    return [known[code] for code in codes]


def _packed(function: Callable, item: tuple) -> tuple[Any, bytes | None]:
    """Returns a worker's result, its findings as bytes, which takes a tenth of pickle's time."""
    result = function(item)
    if isinstance(result, _First):
        if not result.findings:
            return result, None
        return result._replace(findings=[]), _bytes(result.findings)
    path, found = result
    return (result, None) if isinstance(found, Problem) else ((path, []), _bytes(found))


def _unpacked(packed: tuple[Any, bytes | None]) -> Any:
    result, found = packed
    if found is None:
        return result
    findings = [Finding._make(each) for each in marshal.loads(found)]
    return (
        result._replace(findings=findings) if isinstance(result, _First) else (result[0], findings)
    )


def _bytes(findings: list[Finding]) -> bytes:
    return marshal.dumps([tuple(each) for each in findings])


def _begin_worker() -> None:
    """Turns the collector of cycles off: parsing takes half the time. Ctrl-C ends it in silence."""
    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class deep:
    """Allows deep recursion for a while; Python's own calls need no stack of C."""

    def __enter__(self) -> None:
        self._before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(_DEEPEST, self._before))

    def __exit__(self, *error: object) -> None:
        sys.setrecursionlimit(self._before)

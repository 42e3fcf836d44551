"""Scans files and folders, on several processors, and follows imports between the files."""

import functools
import gc
import json
import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from tf_recipes.scan import rule_registry
from tf_recipes.scan.analysis import Analysis
from tf_recipes.scan.reading import paths as path_lists
from tf_recipes.scan.reading import source
from tf_recipes.scan.reading.bindings import Collector, Scope
from tf_recipes.scan.reading.resolution import Resolver
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


class _First(NamedTuple):
    """Holds what the first look at a file gives: its findings, or what it waits for."""

    path: str
    lines: int
    problem: Problem | None
    findings: list[Finding] | None
    local: frozenset[str]
    exports: Mapping[str, tuple[str, ...]]
    has_tensorflow: bool = False
    root: str = ""


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
    with multiprocessing.get_context("fork").Pool(workers, _no_collection) as pool:
        mapped = functools.partial(pool.imap, chunksize=8)
        return _all(files, problems, chosen, mapped, progress, store)


def exports(files: Iterable[tuple[str, str]]) -> Exports:
    """Returns what the names of local modules stand for, where TensorFlow is reached through them.

    Args:
        files: each file with its root, as `paths.listed` returns them.
    """
    firsts = [_first(file, codes=()) for file in files]
    return _helpers({f"@{os.path.realpath(first.path)}": first for first in firsts})


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
    exports = _helpers({f"@{os.path.realpath(first.path)}": first for first in firsts})
    roots = dict(files)
    waiting = [
        (first.path, roots[first.path], first.local)
        for first in firsts
        if first.findings is None
        and first.problem is None
        and (first.has_tensorflow or first.local & exports.keys())
    ]
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
    reached = {name for name, first in known.items() if first.exports}
    while True:
        more = {name for name, first in known.items() if first.local & reached} - reached
        if not more:
            break
        reached |= more
    exports: dict[str, Mapping[str, tuple[str, ...]]] = {
        name: known[name].exports for name in reached
    }
    chained = [name for name in sorted(reached) if known[name].local & reached]
    scopes = {name: _module_scope(known[name]) for name in chained}
    for _ in range(_LONGEST_CHAIN):
        again = {
            name: Resolver(scope, _getter(exports)).exported() for name, scope in scopes.items()
        }
        if all(exports[name] == made for name, made in again.items()):
            break
        exports.update(again)
    return exports


def _module_scope(first: _First) -> Scope:
    locate = functools.partial(path_lists.locate, first.path, first.root)
    return Collector(source.read(first.path).tree, locate).module


def _getter(exports: Exports) -> Callable[[str], Mapping[str, tuple[str, ...]]]:
    return lambda name: exports.get(name, {})


def _first(file: tuple[str, str], codes: tuple[str, ...], store: Store | None = None) -> _First:
    """Reads a file, and scans it if it imports TensorFlow and no local module."""
    path, root = file
    locate = functools.partial(path_lists.locate, path, root)
    try:
        data = source.data_of(path)
        kept = store.find(path, data) if store is not None else None
        if kept is not None and all(locate(*each[:2]) == each[2] for each in kept.answers):
            local = frozenset(each[2] for each in kept.answers if each[2] is not None)
            found = kept.findings
            return _First(path, kept.lines, None, found, local, kept.exports, True, root)
        read = source.read(path, data)
    except source.Unreadable as error:
        return _First(path, 0, Problem(path, error.reason, error.line), None, frozenset(), {})
    text = "\n".join(read.lines)
    lines = len(read.lines) - (read.lines[-1] == "")
    if "tensorflow" not in text:
        return _First(path, lines, None, None, _local(text, locate), {}, root=root)
    try:
        answers: set[tuple[str, int, str | None]] = set()

        def asked(module: str, level: int) -> str | None:
            found = locate(module, level)
            answers.add((module, level, found))
            return found

        with deep():
            analysis = Analysis(read, asked, lambda name: {})
            local = frozenset(analysis.collected.local)
            exports = analysis.resolver.exported()
            findings = None if local else analysis.findings(_rules(codes))
        if store is not None:
            store.keep(path, data, Kept(lines, findings, exports, sorted(answers, key=str)))
    except RecursionError:
        problem = Problem(path, TOO_DEEP)
        return _First(path, lines, problem, None, frozenset(), {})
    return _First(path, lines, None, findings, local, exports, True, root)


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
        if kept is not None and kept.findings is not None:
            return path, kept.findings
        with deep():
            analysis = Analysis(source.read(path, data), locate, _getter(exports))
            findings = analysis.findings(_rules(codes))
        if store is not None:
            store.keep(path, data, Kept(0, findings, {}, []), beside)
        return path, findings
    except RecursionError:
        return path, Problem(path, TOO_DEEP)


def _rules(codes: tuple[str, ...]) -> list:
    known = rule_registry.all_rules()
    return [known[code] for code in codes]


def _no_collection() -> None:
    """Turns the collector of cycles off in a worker: parsing takes half the time, and it ends."""
    gc.disable()


class deep:
    """Allows deep recursion for a while; Python's own calls need no stack of C."""

    def __enter__(self) -> None:
        self._before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(_DEEPEST, self._before))

    def __exit__(self, *error: object) -> None:
        sys.setrecursionlimit(self._before)

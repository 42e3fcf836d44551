"""The migration check: every trace, every port, one result each."""

import dataclasses
from collections.abc import Callable, Iterable

from tf_recipes.parity import comparison, differences
from tf_recipes.parity.trace import Trace, load


@dataclasses.dataclass(frozen=True)
class Source:
    """A trace to come: what to call it, how many steps it has, and how to get it."""

    name: str
    get: Callable[[], Trace]


@dataclasses.dataclass(frozen=True)
class Result:
    """One trace judged with each port, or the reason why it could not be.

    `comparisons` is empty exactly where `error` is set.
    """

    name: str
    trace: Trace | None = None
    comparisons: tuple[comparison.Comparison, ...] = ()
    error: str = ""

    def port(self, name):
        """The comparison of that port, or None."""
        return next((c for c in self.comparisons if c.port == name), None)

    @property
    def why(self):
        """One line on what the textbook port does otherwise."""
        textbook = self.port("textbook")
        return differences.why(self.trace.recipe, textbook.passed if textbook else None)


def from_files(paths):
    """A source for each file; those are named apart that bear the name of another."""
    return [Source(str(path), lambda path=path: load(path)) for path in paths]


def judge(sources: Iterable[Source], ports, on_start=None, on_step=None):
    """Yields a `Result` for each source, in turn.

    Args:
        sources: `Source`s.
        ports: names of ports.
        on_start: called with a trace and how many steps it will be replayed for in all.
        on_step: called after each training step.
    """
    from tf_recipes.parity.replay import replay  # imports TensorFlow, which takes seconds

    on_step = on_step or (lambda: None)
    for source in sources:
        try:
            reference = source.get()
        except ValueError as error:
            yield Result(source.name, error=str(error))
            continue
        if on_start is not None:
            on_start(reference, len(ports) * reference.recipe.steps)
        compared = tuple(
            comparison.compare(reference, port, replay(reference, port, on_step)) for port in ports
        )
        yield Result(reference.recipe.name, reference, compared)


def named_apart(results):
    """The results, with the file's name added where two traces bear the same name."""
    names = [result.name for result in results]
    return [
        dataclasses.replace(result, name=f"{result.name} ({result.trace.source})")
        if result.trace is not None and names.count(result.name) > 1
        else result
        for result in results
    ]


def exit_status(results, distributions=()):
    """0 if every exact port matches, 1 if one does not, 2 if something could not be judged.

    Nothing judged, or no exact port among it, is no match.
    """
    if not results or any(result.error for result in results):
        return 2
    exact = [c for result in results for c in result.comparisons if c.port == "exact"]
    exact += [check for check in distributions if check.port == "exact"]
    return 0 if exact and all(each.passed for each in exact) else 1

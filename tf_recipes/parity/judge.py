"""The migration check: every trace, every port, one result each."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from tf_recipes.parity import comparison, differences
from tf_recipes.parity.trace import Trace, load

# How far TF1 itself was seen to part where a unit fell on the other side of zero: by up to 11 %.
ROUNDING = 0.2
CHAOTIC = 0.01  # TF1's own drift from which on a match is weak evidence


@dataclasses.dataclass(frozen=True)
class Source:
    """A trace to come: what to call it, and how to get it.

    A live reference has `get_closer`, too: the same trace, its sensitivity taken over more starts.
    """

    name: str
    get: Callable[[], Trace]
    get_closer: Callable[[], Trace] | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """One trace judged with each port, or the reason why it could not be.

    `comparisons` is empty exactly where `error` is set; `failed` says why a textbook port, for
    which Keras refuses what TF1 took, has none.
    """

    name: str
    trace: Trace | None = None
    comparisons: tuple[comparison.Comparison, ...] = ()
    error: str = ""
    note: str = ""
    failed: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def port(self, name):
        """The comparison of that port, or None."""
        return next((c for c in self.comparisons if c.port == name), None)

    @property
    def why(self):
        """One line on what the textbook port does otherwise."""
        if "textbook" in self.failed:
            return f"Keras refuses it: {self.failed['textbook']}"
        textbook = self.port("textbook")
        return differences.why(self.trace.recipe, textbook.passed if textbook else None)


def from_files(paths):
    """A source for each file."""
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
        replays, failed = {}, {}
        for port in ports:
            try:
                replays[port] = replay(reference, port, on_step)
            except Exception as error:  # somebody else's trace must not end the whole check
                failed[port] = " ".join(str(error).split())[:200]
        if "exact" in failed or not replays:
            port, reason = next(iter(failed.items()))
            text = f"{reference.source}: the {port} port could not be replayed: {reason}"
            yield Result(source.name, error=text)
        else:
            note = _doubt(reference, live=source.get_closer is not None)
            result = dataclasses.replace(_compare(reference, replays), failed=failed, note=note)
            yield _judge_closely(source, result, replays)


def _doubt(reference, live):
    """What makes a match with this trace say less than it seems to; mostly nothing."""
    name, version = reference.recipe.name, reference.provenance.get("tensorflow")
    if not live and not str(version).startswith("1.15"):
        return f"{name}: the trace's provenance names no TensorFlow 1.15."
    own = max(max(drifts.values()) for drifts in reference.sensitivity.values())
    if own > CHAOTIC:
        return f"{name}: TF1 drifts from itself by up to {own:.0%}; a match says little there."
    return ""


def _tf1_here(reference):
    """Whether TF1's own graph, run in this TensorFlow, leaves a recorded trace too: one line.

    Then the trace hangs on single roundings, and a port cannot do better. Where the graph matches
    and the port does not, the port is wrong. With dropout there is no telling: its masks differ.
    """
    if reference.masks:
        return ""
    from tf_recipes.parity.replay import Replay
    from tf_recipes.parity.tf1 import compat  # imports TensorFlow

    pool = reference.images, reference.labels, reference.batches, set(reference.steps)
    ran = compat.originals().run(reference.recipe, *pool, initial=reference.initial)
    variables = {
        step: {name: ran[f"variables/{step}/{name}"] for name in names}
        for step, names in reference.variables.items()
    }
    here = comparison.compare(reference, "tf1", Replay(ran["losses"], variables, ran["logits"]))
    name = reference.recipe.name
    if here.passed:
        return f"{name}: TF1's own graph, run in this TensorFlow, matches: the port is at fault."
    far = not all(each.drift <= ROUNDING for each in here.drifts)  # NaN is far
    why = "is of another recipe, or damaged" if far else "hangs on single roundings"
    return (
        f"{name}: TF1's own graph, run in this TensorFlow, leaves the trace too (ratio "
        f"{here.worst.ratio:.3g}): the trace {why}."
    )


def _compare(reference, replays):
    compared = (comparison.compare(reference, port, done) for port, done in replays.items())
    return Result(reference.recipe.name, reference, tuple(compared))


def _judge_closely(source, result, replays):
    """Judges a failed exact port again, against TF1's drift from itself over more starts.

    One start an ulp away may keep every unit on its side of zero where others do not; then TF1
    itself, started otherwise, would fail.
    """
    exact = result.port("exact")
    if exact is None or exact.passed:
        return result
    if source.get_closer is None:
        return dataclasses.replace(result, note=_tf1_here(result.trace) or result.note)
    closer = _compare(source.get_closer(), replays)
    runs = closer.trace.provenance["neighbours"]
    note = f"{result.name}: one start an ulp away was not enough; judged against the largest of "
    return dataclasses.replace(closer, note=f"{note}{runs}.", failed=result.failed)


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

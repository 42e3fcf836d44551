"""Judges every trace with every port: the migration check, one result for each trace."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tf_recipes._support.visible import shortened
from tf_recipes.parity import comparison, differences, own_drift, verdict
from tf_recipes.parity.trace import Trace, load

if TYPE_CHECKING:
    from tf_recipes.parity.random_draws import DistributionCheck
    from tf_recipes.parity.replay import Replay

# Where a ReLU unit fell on the other side of zero, TF1 itself parted from its trace by up to 11 %.
ROUNDING = 0.2


@dataclasses.dataclass(frozen=True)
class Source:
    """Names a trace, and loads or records the trace when it is needed.

    Attributes:
        name: what the results call the trace.
        get: returns the trace.
        get_closer: of a live reference: returns the same trace with its sensitivity taken over
            more starts. None for a recorded trace.
    """

    name: str
    get: Callable[[], Trace]
    get_closer: Callable[[], Trace] | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """Holds the verdicts on one trace, or the reason why it could not be judged.

    Attributes:
        name: the recipe's name, or the source's name where the trace could not be judged.
        trace: the trace; None where it could not be judged.
        comparisons: one for each port that was replayed; empty exactly where `error` is set.
        error: why the trace could not be judged.
        note: one line that says how far the verdict can be trusted; mostly empty.
        failed: `{port: reason}` of a textbook port that Keras refuses, although TF1 took it.
    """

    name: str
    trace: Trace | None = None
    comparisons: tuple[comparison.Comparison, ...] = ()
    error: str = ""
    note: str = ""
    failed: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def port(self, name: str) -> comparison.Comparison | None:
        """Returns the comparison of the port of that name, or None."""
        return next((each for each in self.comparisons if each.port == name), None)

    @property
    def why(self) -> str:
        """Returns one line on how the textbook port differs from TF1; empty without a trace."""
        if self.trace is None:
            return ""
        if "textbook" in self.failed:
            return f"Keras refuses it: {self.failed['textbook']}"
        textbook = self.port("textbook")
        return differences.why(self.trace.recipe, textbook.passed if textbook else None)


def from_files(paths: Iterable[Path]) -> list[Source]:
    """Returns a source for each trace file."""

    def source(path: Path) -> Source:
        return Source(str(path), lambda: load(path))

    return [source(path) for path in paths]


def judge(
    sources: Iterable[Source],
    ports: Sequence[str],
    on_start: Callable[[Trace, int], object] | None = None,
    on_step: Callable[[], object] | None = None,
    float32_products: bool = True,
) -> Iterator[Result]:
    """Replays each source with each port, and yields its `Result`.

    Args:
        sources: the traces to judge.
        ports: names of ports.
        on_start: called with a trace and the number of steps of all its replays together.
        on_step: called after each training step.
        float32_products: as in `tf_recipes.parity.replay.replay`.
    """
    from tf_recipes.parity.replay import replay  # imports TensorFlow, which takes seconds

    on_step = on_step or (lambda: None)
    for source in sources:
        try:
            reference = source.get()
        except ValueError as error:
            yield Result(source.name, error=str(error))
            continue
        bounded = ""
        if source.get_closer is None and not own_drift.has_graph():
            reference, bounded = own_drift.bounded(reference)
        if distrust := _distrust(reference, live=source.get_closer is not None):
            yield Result(source.name, error=distrust)
            continue
        if on_start is not None:
            on_start(reference, len(ports) * reference.recipe.steps)
        replays: dict[str, Replay] = {}
        failed: dict[str, str] = {}
        for port in ports:
            try:
                replays[port] = replay(reference, port, on_step, float32_products)
            except Exception as error:  # a foreign trace must not end the whole check
                failed[port] = shortened(" ".join(str(error).split()), 200)
        if "exact" in failed or not replays:
            port, reason = next(iter(failed.items()))
            text = f"{reference.source}: the {port} port could not be replayed: {reason}"
            yield Result(source.name, error=text)
        else:
            live = source.get_closer is not None
            note = _provenance(reference, live=live) or bounded or _few_images(reference)
            compared = _compare(reference, replays)
            result = Result(reference.recipe.name, reference, compared, note=note, failed=failed)
            yield _judge_closely(source, reference, result, replays)


def _distrust(reference: Trace, live: bool) -> str:
    """Returns why a trace cannot be judged by its own sensitivities; an empty text if it can.

    The sensitivities of a live reference were measured just now.
    """
    try:
        return own_drift.doubt(reference, trusted=live)
    except Exception as error:  # a foreign trace must not end the whole check
        return (
            f"{reference.source}: TF1's own graph must run on the trace, to bound its "
            f"sensitivities. Received: {shortened(str(error))} Record the trace again."
        )


def _provenance(reference: Trace, live: bool) -> str:
    """Returns a note on a recorded trace that TF 1.15 did not record; an empty text if it did."""
    if live or str(reference.provenance.get("tensorflow")).startswith("1.15"):
        return ""
    return f"{reference.recipe.name}: the trace's provenance names no TensorFlow 1.15."


def _few_images(reference: Trace) -> str:
    """Returns a note on a trace that proves little; an empty text for any other trace."""
    images, rows = len(reference.images), reference.recipe.batch_size
    if images >= rows:
        return ""
    return f"{reference.recipe.name}: the trace has fewer images ({images}) than a batch ({rows})."


def _explain(reference: Trace) -> str:
    """Returns one line on an exact port that fails: whether TF1's own graph fails as well.

    The line is empty where TensorFlow is not installed.
    """
    if not own_drift.has_graph():
        return ""
    try:
        return _compare_graph(reference)
    except Exception as error:  # a foreign trace must not end the whole check
        reason = shortened(" ".join(str(error).split()))
        return f"{reference.recipe.name}: TF1's own graph does not run on the trace: {reason}"


def _compare_graph(reference: Trace) -> str:
    """Returns one line: whether TF1's own graph, run in this TensorFlow, leaves the trace too.

    If the graph leaves the trace, the trace depends on single roundings, and no port can match
    it. If the graph matches where the port does not, the port is wrong.
    """
    from tf_recipes.parity.replay import Replay
    from tf_recipes.parity.tf1 import compat  # imports TensorFlow

    pool = reference.images, reference.labels, reference.batches, set(reference.steps)
    arrays = compat.originals().run(
        reference.recipe, *pool, initial=reference.initial, masks=reference.masks
    )
    variables = {
        step: {name: arrays[f"variables/{step}/{name}"] for name in names}
        for step, names in reference.variables.items()
    }
    graph = Replay(arrays["losses"], variables, arrays["logits"])
    compared = comparison.compare(reference, "tf1", graph)
    name = reference.recipe.name
    if compared.passed:
        return f"{name}: TF1's own graph, run in this TensorFlow, matches: the port is at fault."
    near = all(each.drift <= ROUNDING for each in compared.drifts)  # a NaN is not near
    reason = "depends on single roundings" if near else "is of another recipe, or damaged"
    return (
        f"{name}: TF1's own graph, run in this TensorFlow, leaves the trace too (ratio "
        f"{compared.worst.ratio:.3g}): the trace {reason}."
    )


def _compare(
    reference: Trace, replays: Mapping[str, "Replay"]
) -> tuple[comparison.Comparison, ...]:
    """Compares each port's replay with the trace."""
    return tuple(comparison.compare(reference, port, done) for port, done in replays.items())


def _judge_closely(
    source: Source, reference: Trace, result: Result, replays: Mapping[str, "Replay"]
) -> Result:
    """Judges a failed exact port once more, with TF1's drift from itself over more starts.

    One start an ulp away may keep every unit on its side of zero where other starts do not. TF1
    itself, started otherwise, would then fail.
    """
    exact = result.port("exact")
    if exact is None or exact.passed:
        return result
    if source.get_closer is None:
        return dataclasses.replace(result, note=_explain(reference) or result.note)
    closer = source.get_closer()
    if error := own_drift.doubt(closer, trusted=True):
        return Result(source.name, error=error)
    note = (
        f"{result.name}: one start an ulp away was not enough; judged against the largest drift of "
        f"{closer.provenance['neighbours']} starts."
    )
    compared = _compare(closer, replays)
    return dataclasses.replace(result, trace=closer, comparisons=compared, note=note)


def named_apart(results: Sequence[Result]) -> list[Result]:
    """Returns the results with the file's name added where two traces have the same name."""
    names = [result.name for result in results]
    return [
        dataclasses.replace(result, name=f"{result.name} ({result.trace.source})")
        if result.trace is not None and names.count(result.name) > 1
        else result
        for result in results
    ]


def exit_status(
    results: Sequence[Result], distributions: Iterable["DistributionCheck"] = ()
) -> int:
    """Returns the exit status of a check: 0, 1 or 2, as `verdict.STATUSES` says.

    Args:
        results: one for each trace.
        distributions: the checks of random draws.
    """
    judged = bool(results) and not any(result.error for result in results)
    exact = [
        each.passed for result in results for each in result.comparisons if each.port == "exact"
    ]
    exact += [each.passed for each in distributions if each.port == "exact"]
    return verdict.exit_status(judged, exact)

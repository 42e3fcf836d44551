import dataclasses
import shutil

import pytest

from tf_recipes.parity import judge, references
from tf_recipes.parity.random_draws import DistributionCheck

QUICK = references.RECORDED / "dropout_float64.npz"


@pytest.fixture(scope="module")
def good():
    return next(iter(judge.judge(judge.from_files([QUICK]), ["exact", "textbook"])))


def test_a_good_trace_is_judged_with_each_port(good):
    assert good.name == "dropout_float64"
    assert [c.port for c in good.comparisons] == ["exact", "textbook"]
    assert good.port("exact").passed
    assert good.port("none") is None
    assert not good.error


def test_a_bad_trace_does_not_keep_the_others_from_being_judged(tmp_path, good):
    (tmp_path / "a.npz").write_bytes(b"torn")
    shutil.copy(QUICK, tmp_path / "b.npz")
    results = list(judge.judge(judge.from_files(sorted(tmp_path.iterdir())), ["exact"]))
    assert "a.npz" in results[0].error
    assert results[0].comparisons == ()
    assert results[1].port("exact").passed
    assert judge.exit_status(results) == 2


def test_exit_status(good):
    exact_only = dataclasses.replace(good, comparisons=good.comparisons[:1])
    textbook_only = dataclasses.replace(good, comparisons=good.comparisons[1:])
    failing = dataclasses.replace(
        good, comparisons=(dataclasses.replace(good.comparisons[0], drifts=()),)
    )
    assert judge.exit_status([good]) == 0
    assert judge.exit_status([exact_only]) == 0
    assert judge.exit_status([textbook_only]) == 1
    assert judge.exit_status([good, failing]) == 1
    assert judge.exit_status([]) == 2
    assert judge.exit_status([good, judge.Result("x", error="torn")]) == 2
    drawn = DistributionCheck("he", "exact", {"truncation": float("inf")}, 1.0)
    assert judge.exit_status([good], [drawn]) == 1
    assert judge.exit_status([good], [dataclasses.replace(drawn, port="textbook")]) == 0


def test_traces_of_one_name_are_named_apart(good):
    other = dataclasses.replace(good, trace=dataclasses.replace(good.trace, source="other.npz"))
    names = [result.name for result in judge.named_apart([good, other])]
    assert names == [f"dropout_float64 ({QUICK})", "dropout_float64 (other.npz)"]
    assert judge.named_apart([good])[0].name == "dropout_float64"


def test_progress_is_reported(good):
    started, ticks = [], []
    sources = judge.from_files([QUICK])
    list(judge.judge(sources, ["exact"], lambda t, n: started.append(n), lambda: ticks.append(1)))
    assert started == [20]
    assert len(ticks) == 20


def strict(reference):
    """Returns the trace with sensitivities of 0, and with variables moved by 1e-12."""
    none = {step: dict.fromkeys(values, 0.0) for step, values in reference.sensitivity.items()}
    shifted = {
        step: {name: value * (1 + 1e-12) for name, value in values.items()}
        for step, values in reference.variables.items()
    }
    return dataclasses.replace(reference, sensitivity=none, variables=shifted)


def test_a_failed_live_port_is_judged_again_over_more_starts(good):
    near = strict(good.trace)
    more = {s: dict.fromkeys(values, 1e-12) for s, values in near.sensitivity.items()}
    far = dataclasses.replace(near, sensitivity=more, provenance={"neighbours": 8})
    (recorded,) = judge.judge([judge.Source("live", lambda: near)], ["exact"])
    assert not recorded.port("exact").passed
    assert recorded.port("exact").worst.ratio == pytest.approx(1e-12 / 2**-52, rel=0.01)
    (closer,) = judge.judge([judge.Source("live", lambda: near, lambda: far)], ["exact"])
    assert closer.port("exact").passed
    assert closer.port("exact").worst.ratio == pytest.approx(1, rel=0.01)
    assert "the largest drift of 8 starts" in closer.note


def test_a_port_that_matches_is_not_judged_again(good):
    def never():
        raise AssertionError("asked for more starts")

    (result,) = judge.judge([judge.Source("live", lambda: good.trace, never)], ["exact"])
    assert result.port("exact").passed
    assert not result.note


def respecified(good, **changes):
    return dataclasses.replace(good.trace, recipe=good.trace.recipe.replace(**changes))


def test_what_keras_refuses_spares_the_exact_port(good):
    steep = {"name": "momentum", "learning_rate": 1, "momentum": 1.5}
    source = judge.Source("steep", lambda: respecified(good, optimizer=steep))
    (result,) = judge.judge([source], ["exact", "textbook"])
    assert [c.port for c in result.comparisons] == ["exact"]
    assert "momentum" in result.failed["textbook"]
    assert "Keras refuses it" in result.why


def test_a_port_that_breaks_is_an_error_and_the_others_are_judged(good, monkeypatch):
    from tf_recipes.parity import replay

    real = replay.replay

    def breaks(reference, port, *options):
        if reference.recipe.name == "broken":
            raise RuntimeError("out of luck")
        return real(reference, port, *options)

    monkeypatch.setattr(replay, "replay", breaks)
    sources = [
        judge.Source("broken", lambda: respecified(good, name="broken")),
        judge.Source("good", lambda: good.trace),
    ]
    broken, fine = judge.judge(sources, ["exact"])
    assert "out of luck" in broken.error
    assert fine.port("exact").passed
    assert judge.exit_status([broken, fine]) == 2


@pytest.mark.parametrize("changes", [{"name": "名前"}, {"name": "_x+y"}, {"seed": 2**70}])
def test_any_word_and_any_seed_is_replayed(good, changes):
    source = judge.Source("x", lambda: respecified(good, **changes))
    (result,) = judge.judge([source], ["exact", "textbook"])
    assert result.port("exact").passed
    assert not result.failed


def test_whole_numbers_are_taken_as_tf1_took_them(good):
    whole = {"name": "momentum", "learning_rate": 1, "momentum": 0}
    source = judge.Source("x", lambda: respecified(good, optimizer=whole))
    (result,) = judge.judge([source], ["exact", "textbook"])
    assert len(result.comparisons) == 2


def test_a_match_that_says_little_says_so(good):
    def judged(**changes):
        source = judge.Source("x", lambda: dataclasses.replace(good.trace, **changes))
        return next(iter(judge.judge([source], ["exact"])))

    assert good.note == ""
    for other in ({"tensorflow": "2.21.0"}, {"cpu": "1.15 GHz", "tensorflow": "2.21.0"}, {}):
        assert "names no TensorFlow 1.15" in judged(provenance=other).note


def test_a_trace_that_drifts_from_itself_is_not_judged(good):
    wide = {step: dict.fromkeys(own, 0.0011) for step, own in good.trace.sensitivity.items()}
    chaotic = dataclasses.replace(good.trace, sensitivity=wide)
    near = strict(good.trace)
    for source in (
        judge.Source("x", lambda: chaotic),
        judge.Source("x", lambda: chaotic, lambda: chaotic),
        judge.Source("x", lambda: near, lambda: chaotic),
    ):
        (result,) = judge.judge([source], ["exact"])
        assert result.comparisons == ()
        assert "TF1 must drift from itself by at most 0.1%" in result.error
        assert "Received: sensitivity/1=0.0011. Record a trace of fewer steps" in result.error
        assert judge.exit_status([result]) == 2


def test_with_dropout_the_graph_takes_the_traces_masks(good):
    """TF1's graph draws other masks, so that without the trace's its drift would be large."""
    assert judge._compare_graph(good.trace).endswith("matches: the port is at fault.")


def recorded(name):
    return references.RECORDED / f"{name}.npz"


def test_a_port_at_fault_is_told_from_a_trace_that_depends_on_roundings(monkeypatch):
    from tf_recipes import ports
    from tf_recipes.parity import trace

    # at fault: the port has the wrong decay, TF1's graph matches
    wrong = dataclasses.replace(ports.EXACT, regularizer=ports.TEXTBOOK.regularizer)
    monkeypatch.setitem(ports.PORTS, "exact", wrong)
    (result,) = judge.judge(judge.from_files([recorded("l2")]), ["exact"])
    assert not result.port("exact").passed
    assert "the port is at fault" in result.note
    monkeypatch.undo()

    # not at fault: the variables after step 100 are another run's, for the graph and for the port
    real = trace.load(recorded("l2"))
    for factor, why in (
        (1.01, "depends on single roundings."),
        (3, "is of another recipe, or damaged."),
    ):
        other = {**real.variables, 100: {k: v * factor for k, v in real.variables[100].items()}}
        source = judge.Source("x", lambda other=other: dataclasses.replace(real, variables=other))
        (result,) = judge.judge([source], ["exact"])
        assert not result.port("exact").passed
        assert "leaves the trace too" in result.note and result.note.endswith(why)

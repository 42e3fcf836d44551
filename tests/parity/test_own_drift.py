import dataclasses

import numpy as np
import pytest

from tf_recipes.parity import own_drift, references, trace

EPSILON = 2.0**-23  # float32


def read(name):
    return trace.load(references.RECORDED / f"{name}.npz")


def loosened(reference, factor):
    return dataclasses.replace(
        reference,
        sensitivity={
            step: {name: factor * value for name, value in own.items()}
            for step, own in reference.sensitivity.items()
        },
    )


def test_what_roundings_explain():
    assert own_drift.explained("float32", 1) == 11 * EPSILON
    assert own_drift.explained("float32", 100) == 20 * EPSILON
    assert own_drift.explained("float64", 10000) == 110 * 2.0**-52


def test_most_shipped_traces_need_no_graph(monkeypatch):
    """Roundings explain all shipped sensitivities but those of small gradients."""
    asked = []
    monkeypatch.setattr(own_drift, "_graph_drifts", lambda t: asked.append(t.recipe.name) or [])
    doubted = [path.stem for path in references.trace_files() if own_drift.doubt(trace.load(path))]
    assert doubted == asked == ["adam", "adam_float64", "clipped_momentum_decay"]


def test_tf1s_own_graph_tells_a_large_sensitivity_from_a_false_one(monkeypatch):
    """Adam divides small gradients by their size: 29 epsilons after one step, on TF 1.15."""
    monkeypatch.setattr(own_drift, "STARTS", 3)
    adam = read("adam")
    assert 25 * EPSILON < own_drift.largest_recorded(adam)[1] < 35 * EPSILON
    drifts = list(own_drift._graph_drifts(adam))
    assert len(drifts) == own_drift.STARTS
    assert drifts[0].keys() == {1, 5, 20, 50, 100, "logits"}
    own = max(each[1] for each in drifts)
    assert 5 * EPSILON < own < 100 * EPSILON

    with pytest.MonkeyPatch.context() as patch:
        taken = []

        def some(reference):
            for each in drifts:
                taken.append(each)
                yield each

        patch.setattr(own_drift, "_graph_drifts", some)
        assert own_drift.doubt(adam) == ""
        assert len(taken) < own_drift.STARTS  # no more starts than it takes
        text = own_drift.doubt(loosened(adam, 20))
        assert text.startswith(f"{adam.source}: a sensitivity must be at most 4 times the drift")
        assert f"here {own:.3g}" in text
        assert text.endswith("Record the trace again.")
        assert own_drift.doubt(loosened(adam, 20), trusted=True) == ""
        # the graph's drift is from the graph, not from what the trace says
        false = {step: {k: 1.05 * v for k, v in vs.items()} for step, vs in adam.variables.items()}
        assert own_drift.doubt(dataclasses.replace(loosened(adam, 20), variables=false)) == text


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("moment", [50, "logits"])
def test_above_a_tenth_of_a_percent_nothing_is_proven(moment, trusted):
    quiet = read("he_init")
    large = {"hidden1/weights": 0.00101}
    if moment == "logits":
        wide = dataclasses.replace(quiet, logits_sensitivity=0.00101)
    else:
        own = {**quiet.sensitivity, moment: {**quiet.sensitivity[moment], **large}}
        wide = dataclasses.replace(quiet, sensitivity=own)
    text = own_drift.doubt(wide, trusted)
    assert "at most 0.1%" in text
    assert f"Received: sensitivity/{moment}=0.00101." in text
    assert own_drift.doubt(quiet, trusted) == ""


def test_the_variables_of_the_trace_play_no_part():
    small = read("dropout_float64")
    false = dataclasses.replace(
        small,
        variables={s: {k: 2 * v for k, v in vs.items()} for s, vs in small.variables.items()},
        losses=-small.losses,
        logits=-small.logits,
    )
    one, other = (next(own_drift._graph_drifts(each)) for each in (small, false))
    assert one == other
    assert all(value < 50 * np.finfo(np.float64).eps for value in one.values())


def test_without_tensorflow_a_trace_is_judged_more_strictly(monkeypatch):
    """Only what roundings explain counts, and a note says so."""
    loaded = trace.load(references.RECORDED / "adam.npz")
    stricter, note = own_drift.bounded(loaded)
    assert "judged more strictly" in note and "adam" in note
    recorded, bounded = map(own_drift.largest_recorded, (loaded, stricter))
    assert all(bounded[moment] <= recorded[moment] for moment in recorded)
    assert bounded != recorded
    monkeypatch.setattr(own_drift, "_graph_drifts", None)  # TF1's graph must not run
    assert own_drift.doubt(stricter) == ""
    unchanged = trace.load(references.RECORDED / "dropout_float64.npz")
    assert own_drift.bounded(unchanged) == (unchanged, "")

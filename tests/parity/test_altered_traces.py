"""Alters one array of a good trace at a time, by more than the limit: each time the check fails.

Every alteration has a digest of its own, as if somebody had recorded it so, and the whole judge
decides. The exact port's values are replayed once; only where an array feeds the replay is a short
trace of one step replayed anew.
"""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from tf_recipes.parity import comparison, judge, own_drift, references, replay, trace

SEED = np.random.default_rng(11)
FAR = 2 * comparison.LIMIT


def read(name):
    with np.load(references.RECORDED / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files if key != "digest"}


def status(arrays):
    """The exit status of a check of these arrays, and why."""
    signed = {**arrays, "digest": np.array(trace.digest(arrays))}
    source = judge.Source("x", lambda: trace.from_arrays(signed, "x.npz"))
    results = list(judge.judge([source], ["exact"]))
    return judge.exit_status(results), results[0].error or results[0].port("exact").first_failure


@pytest.fixture(scope="module", params=["batch_norm", "dropout_float64"])
def computed(request):
    """A trace's arrays, what the exact port makes of them, and how TF1's own graph drifts."""
    arrays = read(request.param)
    reference = trace.from_arrays(arrays, "x.npz")
    drifts = list(itertools.islice(own_drift._graph_drifts(reference), 2))
    return arrays, replay.replay(reference, "exact"), drifts


@pytest.fixture
def good(computed, monkeypatch):
    """A trace's arrays; nothing is computed for them again."""
    arrays, replayed, drifts = computed
    monkeypatch.setattr(replay, "replay", lambda *arguments: replayed)
    monkeypatch.setattr(own_drift, "_graph_drifts", lambda reference: iter(drifts))
    monkeypatch.setattr(judge, "_compare_graph", lambda reference: "")
    assert status(arrays)[0] == 0
    return arrays


def unit(arrays, step):
    """TF1's own drift at a step, in the denominator of the ratio."""
    group = "sensitivity/logits" if step == "logits" else f"sensitivity/{step}/"
    own = max(float(array) for key, array in arrays.items() if key.startswith(group))
    return max(own, np.finfo(arrays["logits"].dtype).eps)


def moved(array, by, part=slice(None)):
    """A copy with one entry moved, relative to the largest one of the part."""
    changed = array.copy()
    rows = changed[part]
    at = np.unravel_index(SEED.integers(rows.size), rows.shape)
    rows[at] += by * np.abs(rows).max()
    return changed


def alterations(arrays):
    """Yields `(array, what was done, value)`."""
    steps = arrays["steps"].tolist()
    for key, array in arrays.items():
        group, _, rest = key.partition("/")
        if group == "variables":
            yield key, "moved", moved(array, FAR * unit(arrays, rest.partition("/")[0]))
        elif group == "sensitivity":
            above = FAR * own_drift.FACTOR * unit(arrays, rest.partition("/")[0])
            for value in (above, 0.00099, 1.0):
                yield key, f"set to {value}", np.float64(value)
    yield "logits", "moved", moved(arrays["logits"], FAR * unit(arrays, "logits"))
    yield "logits", "negated", -arrays["logits"]
    for before, step in zip([0, *steps], steps, strict=False):
        by = FAR * unit(arrays, step)
        yield "losses", f"moved before {step}", moved(arrays["losses"], by, slice(before, step))
    yield "losses", "negated", -arrays["losses"]
    yield "losses", "times 100", 100 * arrays["losses"]
    yield "steps", "one left out", arrays["steps"][:-1]


def test_each_altered_array_fails(good):
    survived = [
        (key, what)
        for key, what, value in alterations(good)
        if status({**good, key: value})[0] == 0
    ]
    assert survived == []


def test_the_file_cannot_loosen_its_own_proof(good):
    """All sensitivities just below the bound of 0.1 %, weights that are 5 % off."""
    loose = {key: np.float64(0.00099) for key in good if key.startswith("sensitivity/")}
    weights = {
        key: array * array.dtype.type(1.05)
        for key, array in good.items()
        if key.startswith("variables/") and key.endswith("weights")
    }
    found, why = status({**good, **loose, **weights})
    assert found == 2
    assert "at most 4 times the drift of TF1's own graph from itself" in why
    found, why = status({**good, "sensitivity/logits": np.float64(1), "logits": -good["logits"]})
    assert found == 2
    assert "Received: sensitivity/logits=1." in why


def unused_pixels(arrays):
    """Rows of the first weights that no image uses: what stands there changes nothing."""
    return np.flatnonzero(~arrays["images"].any(axis=0))


def huge_number(array):
    """A number that is so large that a difference of 1 is below the roundings of both sides."""
    return 100 / np.finfo(array.dtype).eps


def with_planted(arrays, place):
    """The arrays, with a huge number at a place of the first weights, at each step."""
    found = dict(arrays)
    for key in (key for key in arrays if key.endswith("hidden1/weights")):
        if not key.startswith("sensitivity/"):
            found[key] = arrays[key].copy()
            found[key][place] = huge_number(arrays[key])
    return found


def off(arrays, part, factor):
    """The first weights with a part of each array multiplied, at every recorded step."""
    found = {}
    for key, array in arrays.items():
        if key.startswith("variables/") and key.endswith("hidden1/weights"):
            found[key] = array.copy()
            found[key][part] *= array.dtype.type(factor)
    return found


def test_huge_entries_hide_nothing(good, computed, monkeypatch):
    """No huge entry, row or column hides that the others are 30 % off; nor do all unused rows."""
    unused, replayed = unused_pixels(good), computed[1]
    used = np.setdiff1d(np.arange(784), unused)
    places = {
        "an entry": (unused[0], 3),
        "a row": unused[0],
        "all unused rows": unused,
        "a column": np.s_[:, 0],
        "all unused rows and a column": np.logical_or.outer(
            np.isin(np.arange(784), unused), np.arange(10) == 0
        ),
    }
    survived = []
    for name, place in places.items():
        there = {step: with_planted(names, place) for step, names in replayed.variables.items()}
        same = dataclasses.replace(replayed, variables=there)
        monkeypatch.setattr(replay, "replay", lambda *arguments, same=same: same)
        huge = with_planted(good, place)
        assert status(huge)[0] == 0, name
        if status({**huge, **off(huge, (used, slice(1, None)), 1.3)})[0] == 0:
            survived.append(name)
    assert survived == []


def test_huge_entries_of_other_arrays_hide_nothing(good, computed, monkeypatch):
    """A bias, an image's logits, a class's logits, a loss: the others are 30 % off."""
    replayed = computed[1]
    last = good["steps"][-1]
    vector = next(
        name
        for name in ("hidden1/biases", "hidden1/BatchNorm/moving_variance")
        if f"variables/{last}/{name}" in good
    )
    key = f"variables/{last}/{vector}"
    for name, place, rest in (
        (key, 0, np.s_[1:]),
        ("logits", np.s_[0], np.s_[1:]),
        ("logits", np.s_[:, 0], np.s_[:, 1:]),
        ("losses", -1, np.s_[:-1]),
    ):
        huge = good[name].copy()
        huge[place] = huge_number(huge)
        variables = {step: dict(names) for step, names in replayed.variables.items()}
        same = dataclasses.replace(replayed, variables=variables)
        if name == key:
            port = variables[last][vector] = variables[last][vector].copy()
        else:
            port = getattr(replayed, name).copy()
            same = dataclasses.replace(same, **{name: port})
        port[place] = huge_number(port)
        monkeypatch.setattr(replay, "replay", lambda *arguments, same=same: same)
        assert status({**good, name: huge})[0] == 0, name
        huge[rest] *= huge.dtype.type(1.3)
        assert status({**good, name: huge})[0] == 1, name


def test_dead_units_hide_nothing(good, computed, monkeypatch):
    """Seven of ten units with a huge bias set the scale of the others: this is not judged."""
    replayed = computed[1]
    name = next(key for key in good if key.startswith("initial/hidden1/") and good[key].ndim == 1)
    name = name.removeprefix("initial/")
    planted = dict(good)
    for key in (f"initial/{name}", *(f"variables/{step}/{name}" for step in good["steps"])):
        planted[key] = good[key].copy()
        planted[key][:7] = huge_number(good[key])
    variables = {
        step: {**names, name: planted[f"variables/{step}/{name}"].copy()}
        for step, names in replayed.variables.items()
    }
    same = dataclasses.replace(replayed, variables=variables)
    monkeypatch.setattr(replay, "replay", lambda *arguments: same)
    for step in good["steps"]:
        planted[f"variables/{step}/{name}"][7:] *= good[f"initial/{name}"].dtype.type(1.3)
    found, why = status(planted)
    assert found == 2
    assert "a difference among them does not show" in why


def test_the_last_step_is_compared(good):
    last = good["steps"][-1]
    short = {key: array for key, array in good.items() if f"/{last}/" not in key}
    found, why = status({**short, "steps": good["steps"][:-1]})
    assert found == 2
    assert f"the recipe's last step, {last}, must be among them" in why


def test_few_images_are_named(good):
    reference = trace.from_arrays(good, "x.npz")
    assert judge._few_images(reference) == ""
    few = dataclasses.replace(reference, images=reference.images[:1])
    assert judge._few_images(few).endswith("the trace has fewer images (1) than a batch (50).")


def test_where_tf1_drifts_far_from_itself_nothing_is_proven(good, monkeypatch):
    """TF1's graph drifts by 0.2 % here, as the trace says: 4 % off would be a ratio of 20."""
    moments = [*good["steps"].tolist(), "logits"]

    def drifting(own):
        drifts = [dict.fromkeys(moments, own)]
        monkeypatch.setattr(own_drift, "_graph_drifts", lambda reference: iter(drifts))
        large = {key: np.float64(own) for key in good if key.startswith("sensitivity/")}
        return {**good, **large}

    for factor in (1.0, 1.015, 1.04):
        arrays = drifting(0.002)
        found, why = status({**arrays, **off(arrays, slice(None), factor)})
        assert found == 2
        assert "TF1 must drift from itself by at most 0.1%" in why
    arrays = drifting(0.00099)
    assert status({**arrays, **off(arrays, slice(None), 1.004)})[0] == 0
    assert status({**arrays, **off(arrays, slice(None), 1.011)})[0] == 1


def one_step(arrays):
    """The first step of a trace of dropout, as a trace."""
    spec = json.loads(str(arrays["spec"]))
    reference = trace.from_arrays(arrays, "x.npz")
    short = {key: array for key, array in arrays.items() if "/" not in key or "/1/" in key}
    short |= {key: array for key, array in arrays.items() if key.startswith("initial/")}
    short |= {key: array[:1] for key, array in arrays.items() if key.startswith("masks/")}
    short |= {key: arrays[key][:1] for key in ("batches", "losses", "steps")}
    one = dataclasses.replace(
        reference,
        recipe=reference.recipe.replace(steps=1),
        steps=(1,),
        batches=reference.batches[:1],
        masks={name: mask[:1] for name, mask in reference.masks.items()},
    )
    # TF1's logits after the first step were not recorded; the port's take their place
    logits = replay.replay(one, "exact").logits
    spec = np.array(json.dumps({**spec, "steps": 1}))
    own = {"sensitivity/logits": arrays["sensitivity/1/hidden1/weights"]}
    return {**short, **own, "spec": spec, "logits": logits}


def test_each_altered_array_that_feeds_the_replay_fails(monkeypatch):
    monkeypatch.setattr(judge, "_compare_graph", lambda reference: "")
    arrays = one_step(read("dropout_float64"))
    assert status(arrays)[0] == 0
    spec, row = json.loads(str(arrays["spec"])), arrays["batches"][0, 7]
    by = FAR * unit(arrays, 1)
    changed = {key: moved(arrays[key], by) for key in arrays if key.startswith("initial/")}
    for key in ("hidden1", "hidden2", "outputs"):  # they are all zero
        changed[f"initial/{key}/biases"] = arrays[f"initial/{key}/biases"] + by
    for key in (key for key in arrays if key.startswith("masks/")):
        changed[key] = arrays[key].copy()
        kept = np.argwhere(arrays[key][0].all(axis=0))
        at = (0, slice(None), kept[0, 0]) if len(kept) else (0, slice(None), slice(None))
        changed[key][at] ^= True
    changed["images"] = arrays["images"].copy()
    changed["images"][row, 300:500] ^= 1
    changed["labels"] = arrays["labels"].copy()
    changed["labels"][row] = (changed["labels"][row] + 1) % 10
    changed["batches"] = arrays["batches"].copy()
    changed["batches"][0, 7] = (row + 1) % len(arrays["images"])
    changed["spec"] = np.array(json.dumps({**spec, "keep_prob": spec["keep_prob"] * (1 - 1e-12)}))
    assert {key.partition("/")[0] for key in arrays} - {
        *(key.partition("/")[0] for key in changed),
        *("variables", "sensitivity", "losses", "logits", "steps", "provenance"),
    } == set()
    survived = [key for key, array in changed.items() if status({**arrays, key: array})[0] == 0]
    assert survived == []
    unused = unused_pixels(arrays)
    huge = with_planted(arrays, (unused[0], 0))
    assert status(huge)[0] == 0  # the replay keeps what no image uses
    rest = np.setdiff1d(np.arange(784), unused)
    assert status({**huge, **off(huge, rest, 1.3)})[0] == 1

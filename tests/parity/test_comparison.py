import dataclasses

import numpy as np
import pytest

from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.replay import Replay

REFERENCE = trace.load(references.RECORDED / "he_init.npz")
EPSILON = 2.0**-23  # float32


def copy_of(reference):
    """Returns a replay that equals the trace."""
    return Replay(
        losses=reference.losses.copy(),
        variables={
            s: {n: v.copy() for n, v in vs.items()} for s, vs in reference.variables.items()
        },
        logits=reference.logits.copy(),
    )


def test_relative_drift_by_arithmetic():
    assert comparison.relative_drift([1.0, -4.0], [1.0, -4.0]) == 0.0
    assert comparison.relative_drift([1.0, -3.0], [1.0, -4.0]) == 0.25
    assert comparison.relative_drift([0.0], [0.0]) == 0.0
    assert comparison.relative_drift([1.0], [0.0]) == float("inf")
    assert np.isnan(comparison.relative_drift([np.nan], [1.0]))


def test_a_huge_entry_sets_no_scale_but_its_own():
    """An entry, a row, a column, most rows, most columns of 1e8; the others are 1, and 30 % off."""
    reference = np.ones((6, 5))
    value = reference + 0.3
    scale = comparison.TYPICAL  # times the median of each row and column, which is 1
    assert comparison.relative_drift(value, reference) == pytest.approx(0.3)
    for place in (np.s_[2, 3], np.s_[2], np.s_[:, 3], np.s_[1:], np.s_[:, :4]):
        one, other = reference.copy(), value.copy()
        one[place] = other[place] = 1e8
        assert comparison.relative_drift(other, one) == pytest.approx(0.3 / scale)
        other[place] = 1.01e8  # its own magnitude is its scale
        assert comparison.relative_drift(other, one) == pytest.approx(0.01)
    vector = [1e8, 1.0, 1.0]
    assert comparison.relative_drift([1e8, 1.3, 1.0], vector) == pytest.approx(0.3 / scale)
    assert comparison.relative_drift(2.5, 2.0) == 0.25


def test_zeros_set_no_scale():
    """What is zero on both sides has no part; where TF1 alone is mostly zero, the port fails."""
    reference = np.array([1e8, 2.0, 0.0, 0.0, 0.0, 0.0])
    port = np.array([1e8, 1.0, 0.0, 0.0, 0.0, 0.0])
    assert comparison.relative_drift(port[1:], reference[1:]) == 0.5
    port, claimed = [1e8, 0.1, 0.1, 0.1], [1e8, 0.0, 0.0, 0.0]
    assert comparison.relative_drift(port, claimed) == float("inf")


def plain_drift(value, reference):
    """Returns what `relative_drift` defines, with NumPy's medians of masked arrays."""
    magnitude, used = np.abs(reference), (value != 0) | (reference != 0)
    scale = np.full(reference.shape, magnitude.max())
    for axis in range(reference.ndim):
        others = tuple(k for k in range(reference.ndim) if k != axis) or None
        medians = np.ma.median(np.ma.masked_array(magnitude, ~used), axis=others, keepdims=True)
        scale = np.minimum(scale, comparison.TYPICAL * np.ma.filled(medians, np.inf))
    scale = np.maximum(scale, magnitude)
    differs = value != reference
    return float(np.max(np.abs(value - reference)[differs] / scale[differs]))


@pytest.mark.parametrize("block", [1, 7, 2**20])
def test_a_part_at_a_time_gives_the_same_drifts(block, monkeypatch):
    monkeypatch.setattr(comparison, "BLOCK", block)
    random = np.random.RandomState(0)
    for shape in ((), (9,), (6, 5), (4, 3, 2), (1, 5), (5, 1)):
        for zeros in (0.0, 0.4):
            reference = random.standard_cauchy(shape) * (random.rand(*shape) >= zeros)
            yardstick = comparison.Yardstick(reference)
            for left in (0.0, 0.5, 0.0):  # entries that are zero on one side, or on both
                kept = random.rand(*shape) >= left
                value = reference * kept + 1e-3 * random.standard_normal(shape) * (reference != 0)
                with np.errstate(divide="ignore"):
                    expected = plain_drift(value, reference) if np.any(value != reference) else 0
                assert yardstick.drift(value) == expected
    assert np.isnan(yardstick.drift(np.full(shape, np.nan)))


@pytest.mark.filterwarnings("error")
def test_the_largest_numbers_give_no_warning():
    largest = np.finfo(np.float64).max
    for reference in (largest * np.ones((4, 2)), [largest, -largest, 0.0, 0.0]):
        zeros = np.zeros(np.shape(reference))
        assert comparison.relative_drift(zeros, reference) == 1
        assert comparison.relative_drift(-np.asarray(reference), reference) == float("inf")


@pytest.mark.parametrize(("drift", "own"), [(0.011, 0.002), (0.2, 0.1), (np.nan, 0.1)])
def test_no_drift_above_one_percent_matches(drift, own):
    assert not comparison.Drift(1, "hidden1/weights", drift, own).matches
    assert comparison.Drift(1, "hidden1/weights", 0.0099, own).matches


def test_tf1_itself_matches_with_drift_zero():
    verdict = comparison.compare(REFERENCE, "tf1", copy_of(REFERENCE))
    assert verdict.passed
    assert verdict.first_failure is None
    assert verdict.worst.drift == 0.0
    # five steps of six variables and of the losses, and the logits
    assert len(verdict.drifts) == 5 * (6 + 1) + 1


def test_the_floor_is_the_steps_largest_sensitivity_or_epsilon():
    at_5 = {"hidden1/weights": 3e-6, "hidden1/biases": 1e-9}
    sensitivity = {
        step: {**dict.fromkeys(REFERENCE.variables[step], 0.0), **(at_5 if step == 5 else {})}
        for step in REFERENCE.steps
    }
    changed = dataclasses.replace(REFERENCE, sensitivity=sensitivity, logits_sensitivity=0.0)
    floors = {
        (d.step, d.variable): d.sensitivity
        for d in comparison.compare(changed, "tf1", copy_of(changed)).drifts
    }
    assert floors[5, "hidden1/biases"] == 3e-6
    assert floors[1, "hidden1/biases"] == EPSILON
    assert floors[100, "logits"] == EPSILON


@pytest.mark.parametrize(("ratio", "passes"), [(9.9, True), (10.1, False)])
@pytest.mark.parametrize("step", [1, 5, 6, 50, 100])
def test_losses_are_judged_like_variables(ratio, passes, step):
    double = trace.load(references.RECORDED / "adam_float64.npz")
    sensitivity = {s: dict.fromkeys(double.variables[s], 1e-6) for s in double.steps}
    constant = dataclasses.replace(double, sensitivity=sensitivity)
    shifted = copy_of(constant)
    recorded = min(s for s in constant.steps if s >= step)
    before = max([s for s in constant.steps if s < recorded], default=0)
    largest = constant.losses[before:recorded].max()
    shifted.losses[step - 1] += ratio * 1e-6 * largest
    verdict = comparison.compare(constant, "shifted", shifted)
    assert verdict.passed is passes
    assert verdict.worst.ratio == pytest.approx(ratio, rel=1e-6)
    assert (verdict.worst.step, verdict.worst.variable) == (recorded, "losses")
    assert verdict.by_step()[0][1] == 0  # the curve is of the variables


def test_losses_after_the_last_recorded_step_and_too_few_are_judged_too():
    early = dataclasses.replace(REFERENCE, steps=REFERENCE.steps[:-1])
    shifted = copy_of(REFERENCE)
    shifted.losses[-1] *= 1.01
    first = comparison.compare(early, "shifted", shifted).first_failure
    assert (first.step, first.variable) == (50, "losses")
    few = dataclasses.replace(copy_of(REFERENCE), losses=REFERENCE.losses[:-1])
    assert comparison.compare(REFERENCE, "few", few).first_failure.drift == float("inf")


def test_losses_count_in_the_coarser_dtype():
    double = trace.load(references.RECORDED / "adam_float64.npz")
    single = dataclasses.replace(copy_of(double), losses=double.losses.astype(np.float32))
    verdict = comparison.compare(double, "single", single)
    assert verdict.passed
    floors = {d.sensitivity for d in verdict.drifts if d.variable == "losses"}
    assert floors == {EPSILON}


@pytest.mark.parametrize(("ratio", "passes"), [(9.9, True), (10.1, False)])
def test_the_limit_is_ten_times_the_sensitivity(ratio, passes):
    # in double precision, so that the shift itself is not rounded away
    double = trace.load(references.RECORDED / "adam_float64.npz")
    sensitivity = {s: dict.fromkeys(double.variables[s], 1e-6) for s in double.steps}
    constant = dataclasses.replace(double, sensitivity=sensitivity)
    shifted = copy_of(constant)
    weights = shifted.variables[20]["outputs/weights"]
    largest = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    weights[largest] *= 1 + ratio * 1e-6
    verdict = comparison.compare(constant, "shifted", shifted)
    assert verdict.passed is passes
    assert verdict.worst.ratio == pytest.approx(ratio, rel=1e-6)
    assert (verdict.worst.step, verdict.worst.variable) == (20, "outputs/weights")


def test_the_first_failure_is_the_earliest_step_and_its_largest_drift():
    shifted = copy_of(REFERENCE)
    shifted.variables[50]["hidden1/biases"] += 100
    shifted.variables[5]["hidden1/weights"] += 1
    shifted.variables[5]["outputs/weights"] += 10
    failure = comparison.compare(REFERENCE, "shifted", shifted).first_failure
    assert (failure.step, failure.variable) == (5, "outputs/weights")


def spoil_variable(replay):
    replay.variables[20]["hidden2/biases"][0] = np.nan


def spoil_logits(replay):
    replay.logits[3, 3] = np.nan


def spoil_loss(replay):
    replay.losses[7] = np.nan


def lose_variable(replay):
    del replay.variables[20]["hidden2/biases"]


def add_variable(replay):
    replay.variables[20]["hidden2/gamma"] = np.ones(8, np.float32)


@pytest.mark.parametrize(
    "spoil", [spoil_variable, spoil_logits, spoil_loss, lose_variable, add_variable]
)
def test_nan_or_a_variable_too_few_or_too_many_never_passes(spoil):
    replay = copy_of(REFERENCE)
    spoil(replay)
    assert not comparison.compare(REFERENCE, "spoilt", replay).passed


def test_a_nan_is_the_worst_of_all():
    replay = copy_of(REFERENCE)
    replay.variables[5]["hidden1/weights"] += 1e6
    spoil_variable(replay)
    worst = comparison.compare(REFERENCE, "spoilt", replay).worst
    assert (worst.step, worst.variable) == (20, "hidden2/biases")


def test_a_nan_is_the_first_failure_of_its_step():
    replay = copy_of(REFERENCE)
    replay.variables[20]["hidden1/weights"] += 1e6
    replay.variables[20]["outputs/weights"] += 1e6
    spoil_variable(replay)
    first = comparison.compare(REFERENCE, "spoilt", replay).first_failure
    assert (first.step, first.variable) == (20, "hidden2/biases")
    assert np.isnan(first.drift)


def test_nothing_compared_is_no_pass():
    assert not comparison.Comparison("x", "exact", (), np.zeros(1)).passed


def test_the_curve_holds_the_largest_drift_of_each_step():
    shifted = copy_of(REFERENCE)
    shifted.variables[5]["hidden1/weights"] *= 1.5
    shifted.variables[5]["hidden1/biases"] *= 1.25
    curve = comparison.compare(REFERENCE, "shifted", shifted).by_step()
    assert [row[0] for row in curve] == [1, 5, 20, 50, 100]
    assert [row[1] for row in curve] == pytest.approx([0, 0.5, 0, 0, 0])

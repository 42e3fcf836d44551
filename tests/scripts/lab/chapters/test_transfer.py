"""Tests the gain of reused layers, the fairness of the comparison, and the verdicts."""

import numpy as np
import pytest

from lab.chapters import transfer, transfer_training
from lab.chapters.transfer import draw, measure
from lab.chapters.transfer_training import FROZEN, INITIAL, SCRATCH, THEN, UNTRAINED

SMALL = {"reused": 2, "per_class": 10, "sizes": (5,), "steps": 40, "source_epochs": 2, "seeds": 3}


@pytest.fixture(scope="module")
def found(sample, say):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer_training, "FILTERS", (6, 12))
        return measure(sample, say, kinds=("conv",), **SMALL)


def of(found, way, size=10):
    return [r for r in found.runs if (r["way"], r["per_class"], r["counts"]) == (way, size, True)]


def mean(found, way, size=10):
    return np.mean([run["test_accuracy"] for run in of(found, way, size)])


def test_reused_layers_do_better_with_ten_images_per_digit(found):
    """The script's larger net gives 75.7 % from scratch and 82.2 % with reused layers."""
    assert mean(found, FROZEN) - mean(found, SCRATCH) > 0.03
    assert mean(found, FROZEN) - mean(found, UNTRAINED) > 0.03
    assert mean(found, INITIAL) - mean(found, SCRATCH) > 0.03


def test_and_after_the_first_steps_already(found):
    first = [
        np.mean([run["test_accuracies"][0] for run in of(found, w)]) for w in (FROZEN, SCRATCH)
    ]
    assert first[0] - first[1] > 0.05


def test_ten_images_are_not_worth_all_of_them(found):
    assert mean(found, SCRATCH, found.settings["everything"]) - mean(found, FROZEN) > 0.05
    enough = next(c for c in found.claims if c.text.startswith("transfer needs only few"))
    assert not enough.holds, enough.measured


def test_unfreezing_parts_from_frozen_layers_half_way(found):
    for frozen, then in zip(of(found, FROZEN), of(found, THEN), strict=True):
        assert frozen["test_accuracies"][:2] == then["test_accuracies"][:2]
        assert frozen["val_accuracies"][:2] == then["val_accuracies"][:2]
        assert len(frozen["test_accuracies"]) == len(then["test_accuracies"]) == 4
    later = [[run["test_accuracies"][2:] for run in of(found, way)] for way in (FROZEN, THEN)]
    assert later[0] != later[1]
    np.testing.assert_allclose(*later, atol=0.1)  # the second stage continues from the first


def test_from_scratch_has_the_best_of_three_rates(found):
    tried = [run for run in found.runs if run["way"] == SCRATCH and run["per_class"] == 10]
    rates = sorted({run["learning_rate"] for run in tried})
    np.testing.assert_allclose(rates, [0.01, 0.03, 0.09])
    scores = [
        np.mean([run["val_accuracies"][-1] for run in tried if run["learning_rate"] == rate])
        for rate in rates
    ]
    best = rates[int(np.argmax(scores))]
    assert {run["learning_rate"] for run in of(found, SCRATCH)} == {best}
    assert found.also["conv"]["learning_rate_from_scratch"] == best
    assert {run["learning_rate"] for run in found.runs if run["way"] != SCRATCH} == {0.03}


def test_every_way_has_every_seed(found):
    for way in (SCRATCH, FROZEN, THEN, INITIAL):
        for size in (5, 10):
            assert [run["seed"] for run in of(found, way, size)] == [0, 1, 2]
    # 2627 of the 5400 training images are of these digits
    assert found.settings["everything"] == pytest.approx(2627 / 5)


def test_the_target_is_a_point_below_what_every_way_reaches_with_that_seed(found):
    for runs in zip(*(of(found, way) for way in (SCRATCH, FROZEN, THEN, INITIAL)), strict=True):
        target = min(max(run["val_accuracies"]) for run in runs) - 0.01
        for run in runs:
            reached = run["steps_to_target"] // 10 - 1
            assert run["val_accuracies"][reached] >= target
            assert all(value < target for value in run["val_accuracies"][:reached])


def test_the_figure(found, labelled):
    drawn = draw(found)
    assert list(drawn) == ["transfer"]
    labelled(drawn["transfer"])
    curves, sizes = drawn["transfer"].axes
    assert curves.get_xlabel() == "training steps (50 images each)"
    assert sizes.get_xlabel() == "labelled images per digit"
    assert curves.get_ylabel() == sizes.get_ylabel() == "test accuracy, digits 5 to 9 (%)"
    assert len(curves.lines) == len(curves.collections) == len(sizes.containers) == 5
    np.testing.assert_array_equal(curves.lines[0].get_xdata(), [10, 20, 30, 40])


def test_the_table(found):
    assert [row["way"] for row in found.summary] == [SCRATCH, UNTRAINED, FROZEN, THEN, INITIAL]
    assert list(found.summary[0]) == [
        "net",
        "way",
        "5_per_digit",
        "10_per_digit",
        "525_per_digit",
        "steps_to_target",
    ]
    assert found.summary[1]["5_per_digit"] == found.summary[2]["525_per_digit"] == "-"


@pytest.fixture(scope="module")
def trainer(sample):
    parts = [transfer_training.digits(part, 5) for part in transfer.split(sample, "float32")]
    everything = len(parts[0][1]) / 5
    settings = {"batch_norm": True, "reused": 2, "learning_rate": 0.03, "steps": 40}
    return transfer_training.Trainer("dense", {**settings, "everything": everything}, parts), parts


def test_the_labelled_images_are_as_many_of_each_digit_and_nested(trainer):
    trainer, parts = trainer
    rows = {size: trainer._order(0, size) for size in (10, 100)}
    assert rows[10].shape == rows[100].shape == (4, 500)  # 4 points of 10 steps of 50 images
    for size, order in rows.items():
        taken = np.unique(order)
        np.testing.assert_array_equal(np.bincount(parts[0][1][taken]), [size] * 5)
        once = order.ravel()[: 5 * size]
        assert len(np.unique(once)) == 5 * size  # every image once before any is repeated
    assert set(np.unique(rows[10])) < set(np.unique(rows[100]))
    assert set(np.unique(rows[10])) != set(np.unique(trainer._order(1, 10)))


@pytest.mark.parametrize("kind", transfer.KINDS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_frozen_layers_are_the_first_two_with_their_batch_norm(kind, batch_norm):
    settings = {"batch_norm": batch_norm, "reused": 2, "learning_rate": 0.03}
    whole, frozen = (
        transfer_training._build(kind, settings, frozen, 0) for frozen in (False, True)
    )
    upper = {"hidden3", "hidden3_BatchNorm", "outputs"} if batch_norm else {"hidden3", "outputs"}
    assert {weight.path.split("/")[0] for weight in frozen.trainable_weights} == upper
    assert len(whole.trainable_weights) == (3 * 3 if batch_norm else 3 * 2) + 2
    assert whole.output_shape == (None, 5)


def made_up(**accuracies):
    """Makes runs of three seeds; a way takes 100 steps less its accuracy in percent."""
    names = {"scratch": SCRATCH, "untrained": UNTRAINED, "frozen": FROZEN, "initial": INITIAL}
    names["all"] = SCRATCH
    return [
        {
            "way": names[name],
            "per_class": 500.0 if name == "all" else 10,
            "counts": True,
            "test_accuracy": value,
            "steps_to_target": 100 - 100 * value,
        }
        for name, values in accuracies.items()
        for value in values
    ]


def verdicts(**accuracies):
    settings = {"per_class": 10, "everything": 500.0}
    return transfer._claims("dense", made_up(**accuracies), {"way": INITIAL}, settings)


LOW, HIGH = [0.74, 0.84, 0.94], [0.84, 0.94, 1.04]  # made up: ten points apart


def test_clear_gains_bear_the_claims_out():
    claims = verdicts(scratch=LOW, untrained=LOW, frozen=HIGH, initial=HIGH, all=HIGH)
    assert [claim.holds for claim in claims] == [True, True, True, True]
    assert claims[2].measured.endswith(
        "above that from scratch (reused, all train) +10.00% ± 0.00%."
    )
    assert "steps more than from scratch (reused, all train) until" in claims[1].measured
    assert claims[1].measured.endswith(" -10 ± 0.")


def test_clear_losses_do_not():
    claims = verdicts(scratch=HIGH, untrained=HIGH, frozen=LOW, initial=LOW, all=HIGH)
    assert [claim.holds for claim in claims] == [False, False, False, False]


def test_what_is_within_the_noise_does_not():
    noisy = [0.74, 1.04, 0.84]
    claims = verdicts(scratch=LOW, untrained=LOW, frozen=noisy, initial=noisy, all=LOW)
    assert [claim.holds for claim in claims] == [False, False, False, False]


def test_less_than_a_point_below_all_images_is_as_good():
    near = [0.835, 0.935, 1.035]
    assert verdicts(scratch=LOW, untrained=LOW, frozen=LOW, initial=near, all=HIGH)[3].holds
    far = [0.825, 0.925, 1.025]
    assert not verdicts(scratch=LOW, untrained=LOW, frozen=LOW, initial=far, all=HIGH)[3].holds


def test_as_good_as_what_is_not_good_is_not_very_good():
    chance = [0.2, 0.2, 0.2]
    same = dict.fromkeys(("scratch", "untrained", "frozen", "initial", "all"), chance)
    assert not verdicts(**same)[3].holds


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"kinds": ("dense", "lstm")}, "`kinds` must be one of conv, dense."),
        ({"kinds": ()}, "`kinds` must be at least one kind, each once."),
        ({"kinds": ("conv", "conv")}, "kinds=['conv', 'conv']"),
        ({"reused": 4}, "`reused` must be at most the 3 hidden layers."),
        ({"reused": 0}, "`reused` must be a whole number of at least 1."),
        ({"steps": 50}, "`steps` must be a multiple of 20."),
        ({"per_class": 600}, "`sizes` must be from 1 to 4"),
        ({"sizes": (0,)}, "sizes=[0, 100]"),
        ({"learning_rate": 0.0}, "`learning_rate`"),
        ({"source_epochs": 0}, "`source_epochs`"),
    ],
)
def test_bad_settings(changes, part, fails, sample, say):
    with fails(part):
        measure(sample, say, **changes)

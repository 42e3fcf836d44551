"""Tests that depth and width are compared fairly, and the verdicts on made-up runs."""

import pytest

from lab.chapters import depth_vs_width
from lab.chapters.depth_vs_width import draw, measure


@pytest.fixture(scope="module")
def found(sample, say):
    return measure(sample, say, depths=(3, 1), budget=30_000, epochs=2, seeds=2)


def test_all_nets_have_about_as_many_parameters(found):
    # 795 w + 10 for one layer, 2 w^2 + 797 w + 10 for three
    sizes = {(run["depth"], run["width"], run["parameters"]) for run in found.runs}
    assert sizes == {(1, 38, 30_220), (3, 35, 30_355)}


def test_nets_of_one_seed_see_the_same_batches_and_learn(found):
    assert [(run["seed"], run["depth"]) for run in found.runs] == [(0, 1), (0, 3), (1, 1), (1, 3)]
    for run in found.runs:
        assert run["loss"][1] < run["loss"][0]
        assert run["test_accuracy"] > 0.7
        assert len(run["seconds"]) == len(run["val_accuracy"]) == 2


def test_the_target_is_reached_by_every_net(found):
    target = found.settings["target_accuracy"]
    assert target == min(max(run["val_accuracy"]) for run in found.runs)
    for run in found.runs:
        first = next(k for k in range(2) if run["val_accuracy"][k] >= target)
        assert run["seconds_to_target"] == sum(run["seconds"][: first + 1])


def test_the_same_seed_gives_the_same_figures(found, sample, say):
    again = measure(sample, say, depths=(1, 3), budget=30_000, epochs=2, seeds=2)
    for one, other in zip(found.runs, again.runs, strict=True):
        assert one["loss"] == other["loss"]
        assert one["test_accuracy"] == other["test_accuracy"]


def test_the_figure(found, labelled):
    drawn = draw(found)
    assert list(drawn) == ["depth_vs_width"]
    labelled(drawn["depth_vs_width"])
    accuracy, seconds = drawn["depth_vs_width"].axes
    assert accuracy.get_ylabel() == "test accuracy after 2 epochs (%)"
    assert seconds.get_ylabel() == "training time (s)"
    assert len(accuracy.containers) == 1 and len(seconds.containers) == 2


def runs(**by_depth):
    """Makes runs of three seeds from `d1=[accuracies]`; a percent of accuracy takes 0.1 s."""
    return [
        {
            "depth": int(name[1:]),
            "test_accuracy": value,
            "seconds_to_target": 10 * value,
        }
        for name, values in by_depth.items()
        for value in values
    ]


def test_a_clear_gain_bears_the_claim_out():
    more, faster = depth_vs_width._claims(runs(d1=[0.5, 0.6, 0.7], d4=[0.7, 0.8, 0.9]), 0.5)
    assert more.holds
    assert "4 hidden layers +20.00% ± 0.00%" in more.measured
    assert not faster.holds  # it took two seconds more


def test_a_gain_within_the_noise_does_not():
    more, _ = depth_vs_width._claims(runs(d1=[0.5, 0.6, 0.7], d4=[0.7, 0.5, 0.8]), 0.5)
    assert not more.holds


def test_a_clear_loss_does_not_and_is_faster():
    more, faster = depth_vs_width._claims(runs(d1=[0.7, 0.8, 0.9], d4=[0.5, 0.6, 0.7]), 0.5)
    assert not more.holds
    assert faster.holds


@pytest.mark.parametrize(
    ("depths", "part"),
    [
        ((2,), "`depths` must be at least two different numbers"),
        ((2, 2, 3), "depths=[2, 2, 3]"),
        ((0, 2), "`depths` must be a whole number of at least 1."),
    ],
)
def test_bad_depths(depths, part, fails, sample, say):
    with fails(part):
        measure(sample, say, depths=depths)

"""Tests saturation, gradients and silent units on the sample of MNIST."""

import numpy as np
import pytest

from lab.chapters.diagnose import draw, measure

# The monitor looks at all images, which takes longer than the training.
SMALLER = {"dying_units.IMAGES": 2500, "dying_units.INTERVAL": 50}


@pytest.fixture(scope="module")
def ran(run_chapter):
    few = ["--depths=5", "--epochs=1", "--seeds=2"]
    return run_chapter("diagnose", *few, **SMALLER)


@pytest.fixture(scope="module")
def found(ran):
    return ran.findings


def test_the_script(ran):
    assert ran.errors == ""
    assert "| 5 x 100, N(0, 1) |" in ran.printed
    assert "NOT borne out: a dead ReLU unit is dead for good." in ran.printed
    figures = [f"diagnose_{claim}.png" for claim in ("leaky_elu", "relu", "sigmoid", "xavier")]
    assert ran.files == ["diagnose.json", *figures]
    assert len(ran.written["runs"]) == 2 * 2 + 3 * 2
    assert len(ran.written["claims"]) == 8


def sigmoid(found, init):
    return [run for run in found.runs if run["part"] == "sigmoid" and run["init"] == init]


def shocked(found, activation):
    return [run for run in found.runs if run.get("activation") == activation]


def test_normal_weights_saturate_sigmoid_layers_and_xavier_does_not(found):
    for run in sigmoid(found, "normal"):
        assert min(run["start_saturated"]) > 0.5
    for run in sigmoid(found, "xavier"):
        assert max(run["start_saturated"]) == 0


def test_gradients_shrink_by_about_four_a_layer_from_xavier(found):
    # sigmoid'(0) = 1/4, and Xavier keeps what goes through a linear layer as large as it was
    for run in sigmoid(found, "xavier"):
        norms = np.array(run["start_gradient_norm"][1:-1])  # between layers of one size
        assert np.all((norms[1:] / norms[:-1] > 3) & (norms[1:] / norms[:-1] < 6))


def test_gradients_from_normal_weights_shrink_much_less(found):
    for normal, xavier in zip(sigmoid(found, "normal"), sigmoid(found, "xavier"), strict=True):
        assert normal["start_first_over_last"] > 0.05
        assert xavier["start_first_over_last"] < 0.01


def test_a_large_step_kills_relu_units_and_fewer_of_elus(found):
    for relu, elu in zip(shocked(found, "relu"), shocked(found, "elu"), strict=True):
        assert np.mean(relu["silent_after"]) > np.mean(relu["silent_before"]) + 0.1
        assert np.mean(elu["silent_after"]) < np.mean(relu["silent_after"])


def test_dead_relu_units_of_the_first_layer_stay_dead_and_others_wake(found):
    for run in shocked(found, "relu"):
        assert run["silent_after"][0] > 0
        assert run["woken_share_by_layer"][0] == 0
        assert run["woken_share"] > 0.3


def test_the_look_after_the_step_is_there(found):
    run = shocked(found, "relu")[0]
    assert run["shock_step"] == 101  # two epochs of 50 steps before it
    place = run["steps"].index(101)
    assert run["silent"][place] == run["silent_after"].tolist()
    assert run["steps"][-1] == 351


def test_claims_and_their_verdicts(found):
    verdicts = {claim.text: claim.holds for claim in found.claims}
    assert verdicts["with N(0, 1) weights the outputs of sigmoid layers run to 0 and 1."]
    assert verdicts["Xavier's initialisation cures the saturation."]
    assert not verdicts["and so the gradients of the early layers vanish."]
    assert not verdicts["a dead ReLU unit is dead for good."]
    assert len(verdicts) == 8


def test_a_figure_for_each_claim(found, labelled):
    drawn = draw(found)
    names = ["diagnose_sigmoid", "diagnose_xavier", "diagnose_relu", "diagnose_leaky_elu"]
    assert list(drawn) == names
    for view in drawn.values():
        labelled(view)


def test_bad_settings(fails, sample, say):
    with fails("`depths` must be a whole number of at least 1.", "depths=0"):
        measure(sample, say, depths=(0,))
    with fails("`shock_rate` must be a finite number in (0, inf)."):
        measure(sample, say, shock_rate=0.0)

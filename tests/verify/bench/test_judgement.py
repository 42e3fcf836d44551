import numpy as np

from tf_recipes.graph.trajectory import Trajectory
from tf_recipes.verify.bench import judgement
from tf_recipes.verify.bench.reference import Sensitivity, Steps
from tf_recipes.verify.bench.variable_drift import VariableDrift

EPSILON = 2.0**-23


def steps(noise=()):
    values = [{"loose": np.ones(4), "tight": np.ones(4)} for _ in range(3)]
    sensitivity = [
        {"loose": 1e-6, "tight": 1e-8},
        {"loose": 2e-4, "tight": 3e-7},
        {"loose": 2e-3, "tight": 3e-7},  # chaotic
    ]
    run = Trajectory(np.ones(3), values, {})
    own = Sensitivity(sensitivity, np.array([1e-9, 5e-7, 1e-6]), {})
    return Steps(run, own, frozenset(noise))


def judged(losses=(1.0, 1.0, 1.0), names=("loose", "tight"), **change):
    values = [{name: each[name].copy() for name in names} for each in steps().run.variables]
    for name, amount in change.items():
        values[1][name] += amount
    drifts = judgement.Drifts(steps(), VariableDrift())
    for k, each in enumerate(values):
        drifts.add(k, each.items())
    found = judgement.training(steps(), np.array(losses), drifts, EPSILON)
    return {each.name: each for each in found}


def test_each_variable_has_the_drift_of_its_own_as_its_unit():
    found = judged(tight=1e-5, loose=1e-3)
    # as far as TF1 drifts in the other variable, and much further than in this one
    assert (found["tight"].passed, found["tight"].first_failure) == (False, 1)
    assert found["loose"].passed and round(found["loose"].worst) == 5
    assert found["tight"].sensitivity == [EPSILON, 3e-7]
    assert judged(tight=2e-6)["tight"].passed


def test_the_steps_in_which_any_variable_is_chaotic_are_not_judged():
    assert [len(each.drift) for each in judged().values()] == [2, 2, 2]
    assert [len(each.drift) for each in judged(names=["tight"]).values()] == [3, 3]


def test_the_losses_have_the_drift_of_the_losses():
    found = judged(losses=(1.0, 1.0 + 4e-6, 1.0))["losses"]
    assert found.passed and found.sensitivity == [EPSILON, 5e-7]
    assert not judged(losses=(1.0, 1.0 + 6e-6, 1.0))["losses"].passed


def test_what_stands_still_matches_where_tf1_moves_less_than_it_drifts():
    own = judgement.own_sensitivity(steps(), "tight", EPSILON)
    still = np.ones(4)
    assert judgement.would_match("tight", still, [still + 1e-6] * 2, own, VariableDrift())
    assert not judgement.would_match("tight", still, [still, still + 1e-5], own, VariableDrift())

"""Compares the trajectories of 1, 2 and 4 replicas, in one process and over the network."""

import numpy as np
import pytest
import tensorflow as tf

from tf_recipes.distribution import replicated_loop

LIMIT = 10.0  # one-ulp sensitivities, as for a port that matches TF1
NAMES = ["max_norm_l2_dropout"]  # as changed in conftest.py


@pytest.mark.parametrize("replicas", ["2", "4"])
@pytest.mark.parametrize("name", NAMES)
def test_replicas_of_one_machine_take_the_trajectory_of_one(one_machine, ratio, name, replicas):
    assert ratio(one_machine[replicas][name], name) <= LIMIT


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_take_the_trajectory_of_one(
    start, ended, free_addresses, tf_config, trajectory, read_trajectory, ratio, tmp_path, workers
):
    addresses = free_addresses(workers)
    outputs = [tmp_path / f"{k}.npz" for k in range(workers)]
    results = ended(
        [
            start(*trajectory(["multiworker"]), path, TF_CONFIG=tf_config(addresses, k))
            for k, path in enumerate(outputs)
        ]
    )
    assert [status for status, _, _ in results] == [0] * workers, results
    found = [read_trajectory(path)["multiworker"] for path in outputs]
    for name in NAMES:
        assert ratio(found[0][name], name) <= LIMIT
        for other in found[1:]:
            for key, array in found[0][name].items():
                np.testing.assert_array_equal(other[name][key], array)


@pytest.mark.parametrize("name", NAMES)
def test_the_runs_are_worth_comparing(one_machine, name):
    assert one_machine["one"][name]["test/accuracy"] > 0.3


def test_rows_are_those_that_the_order_names():
    data = (tf.constant([[0.0], [10.0], [20.0], [30.0]]), None)
    rows, none = replicated_loop.gather(data, tf.constant([3, 1, 0, 2], tf.int64), 1, 2)
    assert none is None
    np.testing.assert_array_equal(rows, [[10.0], [0.0]])

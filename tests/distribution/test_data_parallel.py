"""Tests what needs no JAX; `tests/training/test_on_jax.py` trains on several devices."""

import keras
import pytest

from tf_recipes.distribution import job
from tf_recipes.distribution.data_parallel import DataParallel


def test_each_strategy_belongs_to_one_backend(fails):
    for strategy, backend in (("data_parallel", "tensorflow"), ("mirrored", "jax")):
        other = "mirrored" if backend == "tensorflow" else "data_parallel"
        with fails(
            f"strategy={strategy!r}, backend={backend!r}",
            f"Pass backend={job.STRATEGIES[strategy]!r}, or strategy={other!r}.",
        ):
            job.check(strategy, backend=backend)
    with fails("Pass strategy='data_parallel', too, or leave out `replicas`."):
        job.check(None, replicas=2, backend="jax")
    job.check("data_parallel", replicas=2, backend="jax")


def test_each_replica_needs_a_device(fails, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--a=1")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    with fails("replicas=2, devices=1", "Pass replicas=1, or fewer."):
        DataParallel(2)
    with pytest.raises(ValueError, match="replicas"):
        DataParallel(0)

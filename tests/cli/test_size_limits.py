"""Sizes that a machine cannot hold or finish; test_refusals.py gives them as flags."""

import pytest

from tf_recipes import catalog
from tf_recipes.cli import size_limits
from tf_recipes.recipe import Recipe


@pytest.fixture
def machine(monkeypatch):
    """`machine(count)`: this machine has so many bytes of memory."""
    return lambda count: monkeypatch.setattr(size_limits, "memory", lambda: count)


def test_every_recipe_of_the_catalog_may_run_here():
    for recipe in catalog.CATALOG.values():
        size_limits.check_live(recipe)


def test_the_memory_is_that_of_the_machine_or_of_its_container(tmp_path, monkeypatch):
    whole = size_limits.memory()
    assert whole > 10**8
    limit = tmp_path / "limit"
    monkeypatch.setattr(size_limits, "_CGROUP", limit)
    assert size_limits.memory() >= whole  # no such file
    limit.write_text("max\n")
    assert size_limits.memory() >= whole
    limit.write_text("1000000\n")
    assert size_limits.memory() == 10**6


def test_the_bound_is_exact(machine, fails):
    needed = 2 * 4 * size_limits.parameters([300, 100])
    machine(needed)
    size_limits.check_net([300, 100], 50)
    machine(needed - 1)
    with fails("`hidden` must fit", "hidden=300,100, which needs at least 2.1 MB for weights and"):
        size_limits.check_net([300, 100], 50)
    machine(2 * needed - 1)
    with fails("replicas=2, which needs at least 4.3 MB"):
        size_limits.check_net([300, 100], 50, replicas=2)
    with fails("batch=1000, which needs at least 4.7 MB"):
        size_limits.check_net([300, 100], 1000, names=("net", "batch"))


def test_float64_needs_twice_as_much(machine, fails):
    recipe = Recipe("r", hidden=(300, 100))
    machine(3 * 4 * size_limits.parameters([300, 100]))
    size_limits.check_recipe(recipe)
    with fails("`hidden` must fit"):
        size_limits.check_recipe(recipe.replace(dtype="float64"))


def test_steps_are_bounded_by_memory_and_by_time(machine, fails):
    recipe = Recipe("r", hidden=(10,), batch_size=10, steps=10**8)
    machine(7 * 10**9)
    with fails("steps=100000000, which needs at least 8.0 GB for the numbers of the images"):
        size_limits.check_live(recipe)
    machine(10**13)
    with fails("steps=100000000 in 3 runs, at least 8.3 hours. Pass a smaller value of `steps`."):
        size_limits.check_live(recipe)
    size_limits.check_live(recipe.replace(steps=10**7))
    with fails("in 3 runs, at least 8.0 hours"):  # by the operations of a large net
        size_limits.check_live(Recipe("r", hidden=(3000, 1000), steps=6000, batch_size=10**4))

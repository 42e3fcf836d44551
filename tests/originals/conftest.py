"""Runs the experiments in this TensorFlow, through the adapter, and on real TF 1.15."""

import functools
import importlib.util
import subprocess
from pathlib import Path

import numpy as np
import pytest

import limits
from tf_recipes.parity.tf1 import interpreter

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]


@pytest.fixture(scope="session", params=["compat", "tf1"])
def ran(request):
    """`ran(name)` returns the arrays of the experiment `name`, by their names."""
    # pytest makes a fixture anew for each change of its parameter, but these two only once.
    return request.getfixturevalue("ran_here" if request.param == "compat" else "ran_on_tf1")


@pytest.fixture(scope="session")
def ran_here():
    return run_here()


@pytest.fixture(scope="session")
def ran_on_tf1(tf1_python, tmp_path_factory):
    return run_on_tf1(tf1_python, tmp_path_factory.mktemp("tf1") / "all.npz")


def run_here():
    """Returns a function that runs an experiment in this TensorFlow, each at most once."""
    from tf_recipes.parity.tf1 import compat

    experiments = {}
    for name in ("experiments", "training_runs"):
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        experiments.update(module.EXPERIMENTS)
    tf = compat.original("runners.record").tf
    return functools.cache(lambda name: as_arrays(experiments[name](tf, compat.original)))


def as_arrays(values):
    return {name: np.asarray(value) for name, value in values.items()}


def run_on_tf1(python, path):
    """Runs all experiments on real TF 1.15 in one process; returns a function of the name."""
    done = subprocess.run(
        [python, "-W", "ignore", FOLDER / "experiments.py", path],
        check=False,
        env=interpreter.process_environment(PYTHONPATH=str(ROOT), PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
    )
    assert done.returncode == 0, done.stderr
    arrays = {}
    with np.load(path, allow_pickle=False) as file:
        for key in file.files:
            name, _, rest = key.partition(":")
            arrays.setdefault(name, {})[rest] = file[key]
    return arrays.__getitem__

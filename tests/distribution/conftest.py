"""Starts worker processes on this machine's loopback; holds the trajectory of one replica."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

import limits
import new_python
from tf_recipes import catalog
from tf_recipes.distribution import peers
from tf_recipes.parity.comparison import relative_drift

TRAJECTORY = pathlib.Path(__file__).parent / "trajectory.py"
ONE_REPLICA = ["one", "neighbour"]
# One recipe with every part that a recipe can have; each recipe more costs seconds a process.
RECIPES = [
    catalog.get("max_norm_l2_dropout").replace(
        hidden=(30,),
        batch_size=48,
        batch_norm=catalog.get("best_practice").batch_norm,
        optimizer={"name": "adam", "learning_rate": 0.005},
        schedule={"decay_steps": 20, "decay_rate": 0.5},
        clip_value=0.005,
    ),
]


@pytest.fixture
def closed_connections(monkeypatch):
    """Closes the connections that a test leaves open, as the end of a process would."""
    opened, initialise = [], peers.Connection.__init__

    def note(connection, sock):
        opened.append(connection)
        initialise(connection, sock)

    monkeypatch.setattr(peers.Connection, "__init__", note)
    yield
    for connection in opened:
        connection.close()


@pytest.fixture
def free_addresses():
    """`free_addresses(count)` returns `count` texts `localhost:port` with unused ports."""

    def find(count):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for each in sockets:
                each.bind(("localhost", 0))
            return [f"localhost:{each.getsockname()[1]}" for each in sockets]

    return find


@pytest.fixture
def tf_config():
    """`tf_config(addresses, index)` returns the `TF_CONFIG` of the worker with that index."""

    def write(addresses, index):
        task = {"type": "worker", "index": index}
        return json.dumps({"cluster": {"worker": addresses}, "task": task})

    return write


@pytest.fixture
def start():
    """`start(*arguments, **environment)` starts a Python process, killed at the test's end."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, **environment):
            process = new_python.Popen(
                [sys.executable, *map(str, arguments)],
                # as `job.start` sets it for several workers, too late for a copy
                variables={"TF_CPP_MIN_LOG_LEVEL": "3"},
                restarts=True,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def ended():
    """`ended(processes)` waits for processes; returns the status, output and errors of each."""

    def wait(processes, timeout=limits.PROCESS):
        texts = [process.communicate(timeout=timeout) for process in processes]
        return [(p.returncode, *text) for p, text in zip(processes, texts, strict=True)]

    return wait


@pytest.fixture(scope="session")
def trajectory():
    """`trajectory(runs)` returns the arguments of `trajectory.py` for these runs of `RECIPES`."""

    def arguments(runs):
        recipes = [recipe.to_spec() for recipe in RECIPES]
        return [TRAJECTORY, json.dumps({"recipes": recipes, "runs": runs})]

    return arguments


@pytest.fixture(scope="session")
def one_machine(trajectory, tmp_path_factory):
    """Returns the trajectories of 1, 2 and 4 replicas of one machine, and of one ulp away."""
    # TensorFlow accepts only one number of replicas in a process.
    runs = {tmp_path_factory.mktemp("runs") / "found.npz": [*k] for k in (ONE_REPLICA, "2", "4")}
    started = [
        new_python.Popen([sys.executable, *trajectory(names), path]) for path, names in runs.items()
    ]
    assert [process.wait(limits.PROCESS) for process in started] == [0, 0, 0]
    return {run: found for path in runs for run, found in by_run(path).items()}


def by_run(path):
    """Returns an output of `trajectory.py` as `{run: {recipe: {name: array}}}`."""
    found = {}
    with np.load(path) as arrays:
        for key in arrays:
            run, recipe, name = key.split("/", 2)
            found.setdefault(run, {}).setdefault(recipe, {})[name] = arrays[key]
    return found


@pytest.fixture
def read_trajectory():
    return by_run


@pytest.fixture(scope="session")
def ratio(one_machine):
    """`ratio(found, recipe)` returns the largest drift from one replica, in one-ulp sensitivities.

    The sensitivity is defined as for the verdict of `tf_recipes.parity.comparison`: the drift of
    one replica from itself when it starts one ulp away, or the dtype's epsilon if that is larger.
    """

    def largest(found, recipe):
        reference = one_machine["one"][recipe]
        assert found.keys() == reference.keys()
        neighbour = one_machine["neighbour"][recipe]
        unit = max(relative_drift(neighbour[name], reference[name]) for name in reference)
        unit = max(unit, np.finfo("float32").eps)
        return max(relative_drift(found[name], reference[name]) / unit for name in reference)

    return largest

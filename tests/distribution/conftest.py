"""Processes on this machine's loopback, and what one replica does."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from tf_recipes import catalog
from tf_recipes.distribution import peers
from tf_recipes.parity.comparison import relative_drift

TRAJECTORY = pathlib.Path(__file__).parent / "trajectory.py"
ONE = ["one", "neighbour"]
SMALL = {"hidden": (30, 20), "batch_size": 48}
RECIPES = [  # between them all that a recipe can have
    catalog.get("clipped_momentum_decay").replace(**SMALL, clip_value=0.005),
    catalog.get("max_norm_l2_dropout").replace(**SMALL),
    catalog.get("best_practice").replace(**SMALL),
    catalog.get("adam").replace(**SMALL),
]


@pytest.fixture
def closed_lines(monkeypatch):
    """Closes what a test leaves open, as the end of a process would."""
    opened, make = [], peers.Line.__init__

    def note(line, sock):
        opened.append(line)
        make(line, sock)

    monkeypatch.setattr(peers.Line, "__init__", note)
    yield
    for line in opened:
        line.close()


@pytest.fixture
def free_addresses():
    """`free_addresses(count)`: so many `localhost:port`, whose ports nobody holds."""

    def find(count):
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for each in sockets:
                each.bind(("localhost", 0))
            return [f"localhost:{each.getsockname()[1]}" for each in sockets]

    return find


@pytest.fixture
def tf_config():
    """`tf_config(addresses, index)`: what goes into `TF_CONFIG` for that worker."""

    def write(addresses, index):
        task = {"type": "worker", "index": index}
        return json.dumps({"cluster": {"worker": addresses}, "task": task})

    return write


@pytest.fixture
def start():
    """`start(arguments, **environment)`: a Python process, killed at the test's end."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, **environment):
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
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
    """`ended(processes)`: the status, output and errors of each once it has ended."""

    def wait(processes, timeout=300):
        texts = [process.communicate(timeout=timeout) for process in processes]
        return [(p.returncode, *text) for p, text in zip(processes, texts, strict=True)]

    return wait


@pytest.fixture(scope="session")
def trajectory():
    """`trajectory(runs)`: the arguments of `trajectory.py` for those runs of `RECIPES`."""

    def arguments(runs):
        recipes = [recipe.to_spec() for recipe in RECIPES]
        return [TRAJECTORY, json.dumps({"recipes": recipes, "runs": runs})]

    return arguments


@pytest.fixture(scope="session")
def one_machine(trajectory, tmp_path_factory):
    """What `trajectory.py` finds for 1, 2 and 4 replicas of one machine, and one ulp away."""
    # TensorFlow takes one number of replicas in a process.
    runs = {tmp_path_factory.mktemp("runs") / "found.npz": [*k] for k in (ONE, "2", "4")}
    started = [
        subprocess.Popen([sys.executable, *trajectory(names), path]) for path, names in runs.items()
    ]
    assert [process.wait(300) for process in started] == [0, 0, 0]
    return {run: found for path in runs for run, found in by_run(path).items()}


def by_run(path):
    """`{run: {recipe: {name: array}}}` of an output of `trajectory.py`."""
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
    """`ratio(found, recipe)`: the largest drift from one replica, in one-ulp sensitivities.

    The unit is the verdict's of `tf_recipes.parity.comparison`: how far one replica drifts from
    itself when it starts one ulp away, the dtype's epsilon at least.
    """

    def largest(found, recipe):
        reference = one_machine["one"][recipe]
        assert found.keys() == reference.keys()
        neighbour = one_machine["neighbour"][recipe]
        unit = max(relative_drift(neighbour[name], reference[name]) for name in reference)
        unit = max(unit, np.finfo("float32").eps)
        return max(relative_drift(found[name], reference[name]) / unit for name in reference)

    return largest

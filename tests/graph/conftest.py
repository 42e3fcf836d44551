"""Runs the graphs of the recorded programs here; what TF 1.15 did with them lies beside them.

The expected numbers of these tests are those of TensorFlow 1.15.5 (`tf1.npz`), or stand in the
source of the programs.
"""

import ast
import functools
import json
from pathlib import Path

import numpy as np
import pytest

GOLDENS = Path(__file__).parents[1] / "goldens" / "verify"


class Program:
    """Holds one program: its graph, its batches, and what TF 1.15 did in `tf1`."""

    def __init__(self, name):
        from tf_recipes.graph import meta_graph
        from tf_recipes.graph.structure import Structure

        folder = GOLDENS / name
        self.prefix = str(folder / "model.ckpt")
        self.graph = meta_graph.read(f"{self.prefix}.meta")
        self.structure = Structure(self.graph)
        with np.load(folder / "batches.npz") as file:
            self.batches = {n if ":" in n else f"{n}:0": file[n] for n in file.files}
        with np.load(folder / "tf1.npz") as file:
            self.tf1 = {n: file[n] for n in file.files}
        self.names = json.loads(str(self.tf1["names"]))
        self.feeds = json.loads(str(self.tf1["feeds"]))
        self.constants = constants(GOLDENS / "programs" / f"{name}.py")

    @property
    def labels(self):
        return [n for n in self.batches if self.structure.feeds_only_the_loss(n)]

    @property
    def inputs(self):
        return [n for n in self.batches if n not in self.labels]

    @functools.cached_property
    def _opened(self):
        from tf_recipes.graph.graph_session import GraphSession

        session = GraphSession(self.structure, self.names["outputs"])
        return session, session.restore(self.prefix)

    @property
    def session(self):
        """A session whose variables were restored."""
        return self._opened[0]

    @property
    def initial(self):
        """`{variable: value}` of the checkpoint."""
        return self._opened[1]

    @functools.cached_property
    def steps(self):
        """What each of TF 1.15's steps was fed."""
        rows = self.tf1["rows"]
        return [{**{n: a[r] for n, a in self.batches.items()}, **self.feeds["train"]} for r in rows]

    @property
    def evaluation(self):
        return {**self.batches, **self.feeds["eval"]}

    @property
    def drawn(self):
        """What each of TF 1.15's steps drew at random."""
        found = []
        for step in range(1, len(self.tf1["rows"]) + 1):
            start = f"draws/{step}/"
            found.append({n.removeprefix(start): a for n, a in self.tf1.items() if start in n})
        return found if found[0] else ()

    @functools.cached_property
    def run(self):
        """The steps of TF 1.15, run here."""
        from tf_recipes.graph import trajectory

        outputs = self.names["outputs"]
        return trajectory.train(
            self.session, self.initial, self.steps, outputs, self.evaluation, self.drawn
        )

    @functools.cached_property
    def facts(self):
        from tf_recipes.graph import trajectory
        from tf_recipes.graph.facts import Facts

        run = trajectory.train(self.session, self.initial, self.steps) if self.drawn else self.run
        return Facts(self.session, run, self.steps[0], self.initial)

    @functools.cached_property
    def roles(self):
        from tf_recipes.graph.roles import Roles

        shapes = {name: value.shape for name, value in self.initial.items()}
        return Roles(self.session, shapes, self.names["outputs"][0])


def constants(path):
    """Returns the constants of a program's source."""
    found = {}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


@pytest.fixture(scope="session")
def program():
    """`program(name)`: a recorded program; each is opened once."""
    return functools.cache(Program)

"""Verifies ports of the recorded programs; what TF1 did is kept for the tests of one file."""

import ast
import functools
import importlib.util
from pathlib import Path

import numpy as np
import pytest

GOLDENS = Path(__file__).parents[1] / "goldens" / "verify"
SMALL = {"steps": 4, "batch_size": 16}


@functools.cache
def constants(name):
    """Returns the constants of a program's source, such as TRAIN."""
    found = {}
    for node in ast.parse((GOLDENS / "programs" / f"{name}.py").read_text()).body:
        if isinstance(node, ast.Assign):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


class Verifying:
    """Verifies models beside one of the programs."""

    def __init__(self, cache):
        self.cache = cache

    def checkpoint(self, name):
        return GOLDENS / name / "model.ckpt"

    def port(self, name):
        return f"{GOLDENS / 'ports' / name}.py:build"

    def feeds(self, name):
        with np.load(GOLDENS / name / "batches.npz") as file:
            return {key: file[key] for key in file.files}

    def settings(self, name, **changes):
        told = constants(name)
        fed = {"feed": told.get("TRAIN", {}), "eval_feed": told.get("EVAL", {})}
        return {**SMALL, **fed, "cache": self.cache, **changes}

    def __call__(self, name, model=None, checkpoint=None, feeds=None, **changes):
        """Verifies the port of a program, or another model, beside its checkpoint."""
        from tf_recipes.verify import verify

        return verify(
            self.port(name) if model is None else model,
            self.checkpoint(name) if checkpoint is None else checkpoint,
            GOLDENS / name / "batches.npz" if feeds is None else feeds,
            **self.settings(name, **changes),
        )


@pytest.fixture(scope="module")
def verifying(tmp_path_factory):
    """`verifying(program, model)`: the report of a model; `None` is the faithful port."""
    return Verifying(tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="session")
def mistakes():
    """`{name: Mistake}`: the ports with one mistake each."""
    spec = importlib.util.spec_from_file_location("goldens_mistakes", GOLDENS / "mistakes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {each.name: each for each in module.MISTAKES}

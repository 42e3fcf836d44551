"""Tests how a graph trains on programs that ran on TF 1.15.5: `fit` goes on where TF1 stopped."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tf_recipes.convert.lifting import graph_view, lifter, placeholders
from tf_recipes.convert.program import built_model, transforms
from tf_recipes.convert.program.model_code import ModelCode
from tf_recipes.convert.training import compilation, state
from tf_recipes.graph import meta_graph
from tf_recipes.graph.structure import Structure

PROGRAMS = Path(__file__).parents[2] / "goldens" / "convert" / "training"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.npz"))
CLOSE = 2e-6  # of the largest entry: roundings of four steps


class Converted:
    """Holds a converted program and its recording."""

    def __init__(self, name):
        with np.load(PROGRAMS / f"{name}.npz") as file:
            arrays = dict(file)
        told = json.loads(str(arrays["told"]))
        self.rows, self.values, self.after = (
            {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(kind)}
            for kind in ("rows/", "var/", "after/")
        )
        self.losses = arrays["losses"]
        graph = meta_graph.parse(arrays["meta"].tobytes(), name)
        self.structure = Structure(graph)
        inputs = placeholders.model_inputs(graph_view.GraphView(graph, told["outputs"], []))
        self.inputs = inputs
        view = graph_view.GraphView(graph, told["outputs"], inputs)
        self.lifted = lifter.lift(view, placeholders.values(view, told["feed"]), inputs)
        self.training = compilation.find(
            self.structure, view, self.lifted, self.values, told["feed"]
        )
        self.code = ModelCode(
            self.lifted.program,
            self.lifted.inputs,
            self.lifted.outputs,
            compiled=dict(self.training.compiled),
            functions=self.training.functions,
            keywords=self.training.keywords,
        )
        self.model = built_model.build(self.code.source())
        built_model.set_weights(self.code, self.model, self.values)
        self.restored = state.restore(
            self.model, self.code, self.training, self.structure, self.values
        )

    def batch(self, number):
        """Returns the rows of a step, which are one half and the other in turn."""
        half = len(next(iter(self.rows.values()))) // 2
        rows = slice(0, half) if number % 2 == 0 else slice(half, 2 * half)
        x, y = (
            [self.rows[name][rows] for name in names]
            for names in (self.inputs, self.training.labels)
        )
        weight = self.training.sample_weight
        return (
            x if len(x) > 1 else x[0],
            y if len(y) > 1 else y[0],
            None if weight is None else self.rows[weight][rows],
        )


@pytest.mark.parametrize("name", NAMES)
def test_training_goes_on_where_tf1_stopped(name):
    found = Converted(name)
    found.model.run_eagerly = True  # to compile a program costs more than four steps of it
    losses = []
    for number in range(3, 7):
        x, y, weight = found.batch(number)
        losses.append(
            found.model.train_on_batch(x, y, sample_weight=weight, return_dict=True)["loss"]
        )
        found.model.reset_metrics()
    np.testing.assert_allclose(np.array(losses, "f8"), found.losses, rtol=2e-6)
    for path, (origin, variable) in built_model.weights(found.code, found.model).items():
        expected = transforms.value_of(origin, found.after, found.code.program.constants)
        got = keras.ops.convert_to_numpy(variable)
        limit = CLOSE * np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=limit, err_msg=path)
    # slots, powers of beta and the counter: those of the same names have TF1's values, too
    there = {each.path: each for each in found.model.optimizer.variables}
    for tf1, path in found.restored.items():
        expected, got = found.after[tf1], keras.ops.convert_to_numpy(there[path])
        limit = 10 * CLOSE * max(np.abs(expected).max(), 1e-3)
        np.testing.assert_allclose(
            got.reshape(expected.shape), expected, rtol=0, atol=limit, err_msg=tf1
        )
    unset = set(found.values) - set(found.restored)
    unset -= {
        n for o, _ in built_model.weights(found.code, found.model).values() for n in o.variables
    }
    assert unset == set()

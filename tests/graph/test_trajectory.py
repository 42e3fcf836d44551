"""The graphs of the programs, trained here, beside what TensorFlow 1.15.5 recorded of them."""

from pathlib import Path

import numpy as np
import pytest

from tf_recipes.graph import trajectory
from tf_recipes.parity.comparison import LIMIT, relative_drift

NAMES = sorted(p.stem for p in (Path(__file__).parents[1] / "goldens/verify/programs").glob("*.py"))


def limit(program, key):
    """Returns ten times TF 1.15's own drift; at least ten roundings."""
    own = float(program.tf1[f"sensitivity/{key}"])
    return LIMIT * max(own, float(np.finfo(program.tf1["losses"].dtype).eps))


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_does_here_what_tf_1_15_did(name, program):
    one = program(name)
    tf1, run = one.tf1, one.run
    one.session.assign(one.initial)
    before = one.session.run({n: n for n in one.names["outputs"]}, one.evaluation)
    for output in one.names["outputs"]:
        found = relative_drift(before[output], tf1[f"predictions/{output}"])
        assert found <= limit(one, "predictions"), output
        found = relative_drift(run.outputs[output], tf1[f"after/{output}"])
        assert found <= limit(one, "after"), output
    away = np.abs(run.losses - tf1["losses"]) / np.abs(tf1["losses"])
    assert away.max() <= max(limit(one, "losses"), limit(one, "6"))
    noise = tuple(one.names["noise"])
    for step in (1, 6):
        start = f"variables/{step}/"
        recorded = {n.removeprefix(start): a for n, a in tf1.items() if n.startswith(start)}
        assert recorded.keys() <= run.variables[step - 1].keys()
        for variable, value in recorded.items():
            here = run.variables[step - 1][variable]
            assert here.dtype == value.dtype and here.shape == value.shape
            if not (noise and variable.startswith(noise)):
                assert relative_drift(here, value) <= limit(one, step), (step, variable)


def test_a_step_counts_and_moves_each_trained_variable(program):
    one = program("two_losses")  # its checkpoint was written after 7 steps
    assert one.initial["global_step"] == 7
    assert [int(step["global_step"]) for step in one.run.variables] == [8, 9, 10, 11, 12, 13]
    for name in one.structure.trainable:
        assert (one.run.variables[0][name] != one.initial[name]).any(), name


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("handwritten_mlp", [(16, 32), (16, 16)]),  # uniform < keep_prob, as in TF 1.15's dropout
        ("layers_conv_dropout", [(16, 16)]),  # inside of a branch
        ("two_inputs", []),
    ],
)
def test_draws_and_the_masks_made_of_them_are_kept(name, shapes, program):
    one = program(name)
    run = trajectory.train(one.session, one.initial, one.steps[:2])
    assert len(run.drawn) == len(run.masks) == 2
    masks = [(value.dtype, value.shape) for value in run.masks[0].values()]
    assert masks == [(np.dtype(bool), shape) for shape in shapes]
    for first, second in zip(run.drawn[0].values(), run.drawn[1].values(), strict=True):
        assert 0 <= first.min() < first.max() < 1 and (first != second).any()
    # the same draws give the same steps
    again = trajectory.train(one.session, one.initial, one.steps[:2], drawn=run.drawn)
    assert again.losses.tolist() == run.losses.tolist() and again.drawn == []


def test_the_masks_of_tf_1_15_follow_from_its_draws(program):
    one = program("handwritten_mlp")
    mask_of = trajectory.dropout_masks(one.structure)
    got = one.session.run(list(mask_of.values()), {**one.steps[0], **one.drawn[0]})
    for draw, mask in zip(mask_of, got, strict=True):
        assert (mask == (one.drawn[0][draw] >= np.float32(1 - 0.75))).all()


def test_what_a_program_runs_between_the_steps_is_run_after_the_named_step(program):
    one = program("max_norm")
    (clip,) = (n for n in one.structure.nodes if n == "Assign")
    plain = trajectory.train(one.session, one.initial, one.steps[:3])
    between = trajectory.train(
        one.session, one.initial, one.steps[:3], between={1: ["hidden1/weights/Assign"]}
    )
    assert one.structure.nodes[clip].op == "Assign"
    # the initializer draws other weights after the first step, so that the second step is another
    assert between.losses[:2].tolist()[0] == plain.losses[0]
    assert between.losses[1] != plain.losses[1]
    for name, value in plain.variables[0].items():
        assert (between.variables[0][name] == value).all()


def test_on_step_is_called_after_each_step(program):
    one, called = program("clip_norm"), []
    trajectory.train(one.session, one.initial, one.steps[:2], on_step=lambda: called.append(1))
    assert called == [1, 1]


def test_the_variables_of_a_step_are_seen_and_not_kept(program):
    one = program("two_losses")
    given, seen = one.steps, []
    run = trajectory.train(
        one.session,
        one.initial,
        given[:2],
        after=lambda k, values: seen.append({n: np.array(v) for n, v in values.items()}),
    )
    assert run.variables == [] and len(seen) == 2
    for values, kept in zip(seen, one.run.variables, strict=False):
        for name, value in values.items():
            np.testing.assert_array_equal(value, kept[name])

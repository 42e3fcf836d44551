import json

import numpy as np
import pytest

from tf_recipes import catalog
from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.tf1 import compat, interpreter
from tf_recipes.recipe import Recipe

SMALL = Recipe("small", hidden=(3,), steps=4, batch_size=8)
IMAGES = np.random.RandomState(0).randint(0, 256, (20, 784)).astype(np.uint8)
LABELS = np.arange(20) % 10


@pytest.mark.parametrize("name", ["he_init", "dropout", "adam_float64"])
def test_batches_are_those_that_the_shipped_traces_used(name):
    with np.load(references.RECORDED / f"{name}.npz", allow_pickle=False) as file:
        recorded, n = file["batches"], len(file["images"])
    recipe = catalog.get(name)
    np.testing.assert_array_equal(references.batches(recipe, n), recorded)


def test_every_epoch_shows_every_image_once():
    rows = references.batches(Recipe("a", steps=6, batch_size=10), 20)
    assert rows.shape == (6, 10)
    epochs = rows.reshape(3, 20)
    assert [sorted(epoch) for epoch in epochs] == [list(range(20))] * 3
    assert epochs[0].tolist() != epochs[1].tolist()


def test_a_batch_may_be_larger_than_the_pool():
    rows = references.batches(Recipe("a", steps=2, batch_size=7), 3)
    assert rows.shape == (2, 7)
    assert sorted(rows.ravel()[:12]) == sorted([0, 1, 2] * 4)


def test_another_seed_gives_other_batches():
    one, two = (references.batches(SMALL.replace(seed=seed), 20) for seed in (1, 2))
    assert (one != two).any()


@pytest.mark.parametrize(
    ("steps", "marks"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (7, (1, 2, 5, 7)),
        (100, (1, 2, 5, 10, 20, 50, 100)),
        (1234, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1234)),
    ],
)
def test_milestones(steps, marks):
    assert references.milestones(steps) == marks


def test_trace_files_are_found_below_the_folder_in_order(tmp_path):
    (tmp_path / "below").mkdir()
    for name in ("b.npz", "a.npz", "below/c.npz", "notes.txt", ".d.77.partial.npz"):
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in references.trace_files(tmp_path)]
    assert found == ["a.npz", "b.npz", "below/c.npz"]


def test_one_shipped_trace_for_each_recipe_of_the_catalog():
    assert {path.stem for path in references.trace_files()} == catalog.CATALOG.keys()


def test_no_folder_and_no_trace(tmp_path, fails):
    none = tmp_path / "no\x1bsuch"
    with fails("must be a directory of traces", r"no\\x1bsuch", "which is none"):
        references.trace_files(none)
    with fails("must hold traces (*.npz)", f"trace_dir={str(tmp_path)!r}, which holds no trace"):
        references.trace_files(tmp_path)


def test_a_graph_in_this_tensorflow_gives_a_complete_trace():
    arrays = references.record(SMALL, IMAGES, LABELS)
    read = trace.from_arrays(arrays, "live")
    assert read.recipe == SMALL
    assert read.steps == (1, 2, 4)
    assert json.loads(str(arrays["provenance"]))["tensorflow"].startswith("2.")
    np.testing.assert_array_equal(read.batches, references.batches(SMALL, 20))
    np.testing.assert_array_equal(read.images, IMAGES)


def test_steps_after_the_last_are_left_out_and_the_last_is_recorded():
    arrays = references.record(SMALL, IMAGES, LABELS, recorded_steps=(1, 3, 50))
    assert arrays["steps"].tolist() == [1, 3, 4]


@pytest.mark.parametrize("steps", [(50,), (0, 1), (-1,)])
def test_no_such_step(steps, fails):
    received = ",".join(map(str, steps))
    with fails("from 1 to the recipe's last, here 4", f"recorded_steps={received}"):
        references.record(SMALL, IMAGES, LABELS, recorded_steps=steps)


def test_what_tf1_refuses_is_refused(fails):
    with fails("float32 only"):
        references.record(SMALL.replace(batch_norm={}, dtype="float64"), IMAGES, LABELS)


def test_with_an_interpreter_it_is_real_tf1_that_runs(monkeypatch):
    called = []
    monkeypatch.setattr(interpreter, "record", lambda *job: called.append(job) or {"made": 1})
    assert references.record(SMALL, IMAGES, LABELS, "python3.7", recorded_steps=(2,)) == {"made": 1}
    ((python, recipe, images, labels, rows, marks, neighbours),) = called
    assert (python, recipe, marks, neighbours) == ("python3.7", SMALL, [2, 4], 1)
    assert images is IMAGES
    assert labels is LABELS
    np.testing.assert_array_equal(rows, references.batches(SMALL, 20))


def test_the_sensitivity_is_the_largest_over_the_neighbours():
    recipe = SMALL.replace(seed=3)
    together = references.record(recipe, IMAGES, LABELS, recorded_steps=(2,), neighbours=3)
    module = compat.originals()
    initial = {k[8:]: v for k, v in together.items() if k.startswith("initial/")}
    rows = references.batches(recipe, len(IMAGES))
    drifts = []
    for seed in (3, 4, 5):
        start = module.one_ulp_away(initial, seed)
        run = module.run(recipe, IMAGES, LABELS, rows, {2}, initial=start)
        name = "variables/2/outputs/weights"
        drifts.append(module.drift(run[name], together[name]))
    assert together["sensitivity/2/outputs/weights"] == max(drifts)
    assert json.loads(str(together["provenance"]))["neighbours"] == 3


def test_tf1s_own_drift_is_measured_as_the_ports():
    """The originals share no code with the ports, so the measure is written twice."""
    drift, random = compat.originals().drift, np.random.default_rng(5)
    assert compat.originals().TYPICAL == comparison.TYPICAL
    for shape in [(), (1,), (9,), (1, 5), (40, 7)]:
        for _ in range(10):
            reference = random.standard_normal(shape) * random.choice([1, 1e-3, 0, 1e6], shape)
            value = reference + 1e-6 * random.standard_normal(shape) * (random.random(shape) < 0.5)
            assert drift(value, reference) == comparison.relative_drift(value, reference)
    assert np.isnan(drift(np.array([np.nan, 1]), np.ones(2)))

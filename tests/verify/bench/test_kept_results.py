"""What TF1 did is kept in files: found again, told apart, replaced when damaged, bounded."""

import os

import keras
import numpy as np
import pytest

from tf_recipes.verify.bench import kept_results

NAME = "weights_ema"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kept"


@pytest.fixture
def counted(verifying, folder):
    """`counted(**changes)` -> the report's document, and how many steps TF1 took."""

    def run(**changes):
        keras.utils.clear_session()  # Keras numbers the names of models
        calls = []
        given = {"cache": folder, "on_step": lambda: calls.append(1), "steps": 2, **changes}
        report = verifying(NAME, **given)
        return said(report), len(calls)

    return run


def said(report):
    """Returns the results without the model's name, which Keras numbers."""
    return {key: value for key, value in report.document.items() if key != "model"}


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_second_run_computes_no_step_and_says_the_same(counted, folder):
    first, steps = counted()
    assert steps == 2 * 9 and first["passed"]
    names = files(folder)
    assert [name.partition("-")[0] for name in names] == ["forward", "steps"]
    for name in names:
        with np.load(folder / name) as file:  # no pickle
            assert all(file[key].dtype.kind in "fiub" for key in file.files)
    again, steps = counted()
    assert (steps, again) == (0, first)
    assert files(folder) == names


@pytest.mark.parametrize(
    "changes", [{"steps": 3}, {"seed": 1}, {"starts": 9}, {"batch_size": 15}], ids=str
)
def test_other_settings_are_other_files(changes, counted, folder):
    counted()
    before = set(files(folder))
    _, steps = counted(**changes)
    assert steps == changes.get("steps", 2) * (changes.get("starts", 8) + 1)
    assert before < set(files(folder))


def test_other_feeds_are_other_files(verifying, counted, folder):
    counted()
    feeds = verifying.feeds(NAME)
    feeds["x"][0, 0] = np.nextafter(feeds["x"][0, 0], np.float32(9))
    _, steps = counted(feeds=feeds)
    assert steps == 18 and len(files(folder)) == 4


def test_a_damaged_file_is_computed_again_and_replaced(counted, folder):
    first, _ = counted()
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    (steps,) = folder.glob("steps-*")
    (forward,) = folder.glob("forward-*")
    whole = steps.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"PK" + bytes(500)):
        steps.write_bytes(damaged)
        forward.write_bytes(damaged)
        again, taken = counted()
        assert (taken, again) == (18, first)
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == sizes
    # a whole file, of something else
    np.savez(str(steps), about=np.frombuffer(b'{"names": 3}', np.uint8))
    assert counted() == (first, 18)


def test_without_a_cache_nothing_is_written(counted, folder):
    document, steps = counted(cache=False)
    assert steps == 18 and document["passed"] and not folder.exists()


def test_a_folder_that_cannot_be_made_is_no_failure(counted, tmp_path):
    (tmp_path / "file").write_text("")
    document, steps = counted(cache=tmp_path / "file" / "below")
    assert steps == 18 and document["passed"]


def test_the_files_used_longest_ago_are_removed_and_no_others(counted, folder, monkeypatch):
    counted()
    (folder / "mine.txt").write_text("stays")
    (folder / "steps-mine.npz").write_text("stays")
    for path in folder.glob("*-*.npz"):
        os.utime(path, (1, 1))
    newest = max(path.stat().st_size for path in folder.glob("steps-*"))
    monkeypatch.setattr(kept_results, "ALL", 2 * newest - 1)
    old = {name for name in files(folder) if len(name) > 30}
    counted(seed=1)
    left = set(files(folder))
    assert {"mine.txt", "steps-mine.npz"} <= left
    assert not any(name in left for name in old if name.startswith("steps"))
    assert any(name.startswith("steps-") for name in left - {"steps-mine.npz"})


def test_what_is_too_large_is_not_kept(counted, folder, monkeypatch):
    monkeypatch.setattr(kept_results, "LARGEST", 100)
    document, _ = counted()
    assert document["passed"] and not folder.exists()


def test_the_users_cache_is_the_default(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kept_results.folder_of(True) == tmp_path / "tf_recipes" / "verify"
    assert kept_results.folder_of(False) is None
    assert kept_results.folder_of("here") == kept_results.Path("here")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(kept_results.Path, "home", staticmethod(_homeless))
    assert kept_results.folder_of(True) is None


def _homeless():
    raise RuntimeError("no home")


def test_dropout_masks_and_slots_come_back_as_they_were(verifying, folder):
    for name in ("handwritten_mlp", "two_losses"):
        one, two = (said(verifying(name, cache=folder, steps=2)) for _ in range(2))
        assert one == two and one["passed"]

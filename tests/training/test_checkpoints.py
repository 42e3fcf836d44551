import dataclasses
import errno

import numpy as np
import pytest

from tf_recipes.training import checkpoint_file
from tf_recipes.training.checkpoints import Checkpoint, Checkpoints


def checkpoint(step):
    return Checkpoint(
        step=step,
        place=[1, step - 100],
        arrays={"model/0/w": np.full(3, step, np.float32)},
        history={"loss": [0.5]},
        seconds=1.5,
        identity={"format": 1},
        surroundings={"numpy": "2"},
    )


@pytest.fixture
def printed():
    return []


@pytest.fixture
def kept(tmp_path, printed):
    kept = Checkpoints(tmp_path, printed.append)
    for step in (100, 110, 120):
        kept.save(checkpoint(step))
    return kept


def names(kept):
    return [path.name for path in kept.paths()]


def test_none_at_first(tmp_path, printed):
    assert Checkpoints(tmp_path, printed.append).newest() is None


def test_the_newest_comes_back_whole(kept, printed):
    newest, wanted = kept.newest(), checkpoint(120)
    assert newest.arrays["model/0/w"].tolist() == [120.0] * 3
    assert dataclasses.replace(newest, arrays={}) == dataclasses.replace(wanted, arrays={})
    assert printed == []


def test_three_are_kept(kept):
    kept.save(checkpoint(130))
    assert names(kept) == ["step-00000130.ckpt", "step-00000120.ckpt", "step-00000110.ckpt"]


def test_a_damaged_newest_falls_back_and_says_so(kept, printed):
    path = kept.paths()[0]
    path.write_bytes(path.read_bytes()[:-1])
    assert kept.newest().step == 110
    assert printed == [
        f"{path} is truncated or changed: its SHA-256 is wrong; going back to step-00000110.ckpt"
    ]


def test_a_damaged_one_does_not_push_out_good_ones(kept):
    kept.paths()[0].write_bytes(b"")
    kept.save(checkpoint(112))
    assert names(kept) == ["step-00000112.ckpt", "step-00000110.ckpt", "step-00000100.ckpt"]


def test_with_all_damaged_nothing_is_started_over(kept, printed, fails):
    for path in kept.paths():
        path.write_bytes(b"")
    with fails("must be undamaged", "3 in ", "all damaged", "remove the directory to start again"):
        kept.newest()
    assert len(printed) == 2 and len(kept.paths()) == 3


def test_a_save_that_fails_says_so_and_leaves_the_others(kept, monkeypatch):
    before = {path: path.read_bytes() for path in kept.paths()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint_file.os, "fsync", full)
    with pytest.raises(OSError, match=r"after step 130 could not be saved to .*: No space left"):
        kept.save(checkpoint(130))
    assert {path: path.read_bytes() for path in kept.paths()} == before


def test_what_is_no_checkpoint_of_ours_is_left_alone(kept, tmp_path):
    (tmp_path / "step-00000120 (copy).ckpt").write_bytes(b"a copy by hand")
    (tmp_path / "step-00000999.ckpt").mkdir()
    assert kept.newest().step == 120
    kept.save(checkpoint(130))
    assert names(kept) == ["step-00000130.ckpt", "step-00000120.ckpt", "step-00000110.ckpt"]
    assert (tmp_path / "step-00000120 (copy).ckpt").exists()


def test_a_checkpoint_with_other_fields_is_passed_over(kept, tmp_path, printed):
    newer = checkpoint(140)
    checkpoint_file.write(
        tmp_path / "step-00000140.ckpt", {**newer.header, "more": 1}, newer.arrays
    )
    assert kept.newest().step == 120
    assert "does not have the fields that this version writes; going back" in printed[0]

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tf_recipes.training.logs import Logs


def logged(folder, split, tag):
    events = EventAccumulator(str(folder / split))
    events.Reload()
    return [(e.step, float(tf.make_ndarray(e.tensor_proto))) for e in events.Tensors(tag)]


def test_a_torn_log_is_replaced_by_the_history(tmp_path):
    logs = Logs(tmp_path, {})
    for epoch in range(3):
        logs.add(epoch, {"loss": 1.0 + epoch, "val_loss": 2.0})
    logs.close()
    (events,) = (tmp_path / "train").iterdir()
    events.write_bytes(events.read_bytes()[:-7])
    logs = Logs(tmp_path, {"loss": [1.0, 2.0], "val_loss": [2.0, 2.0]})
    logs.add(2, {"loss": 3.5, "val_loss": 2.5})
    logs.close()
    assert logged(tmp_path, "train", "epoch_loss") == [(0, 1.0), (1, 2.0), (2, 3.5)]
    assert logged(tmp_path, "validation", "epoch_loss") == [(0, 2.0), (1, 2.0), (2, 2.5)]
    assert len(list((tmp_path / "train").iterdir())) == 1


def test_the_events_of_an_epoch_are_there_at_once(tmp_path):
    logs = Logs(tmp_path, {})
    logs.add(0, {"accuracy": 0.5})
    assert logged(tmp_path, "train", "epoch_accuracy") == [(0, 0.5)]
    logs.close()


def test_a_place_that_takes_none_is_an_error_of_the_directory(tmp_path):
    (tmp_path / "train").write_text("mine")
    with pytest.raises(OSError, match=r"logs could not be written to .* the same command goes on"):
        Logs(tmp_path, {}).add(0, {"loss": 1.0})

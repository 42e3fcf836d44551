import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from tf_recipes.tools.diagnostics.gradients import GradientMonitor


def test_gradients_and_activations_are_there_at_each_look(chain, data, tmp_path):
    model, monitor = chain(2.0), GradientMonitor(*data, interval=2, log_dir=tmp_path)
    model.fit(*data, batch_size=1, epochs=2, verbose=0, callbacks=[monitor])
    events = EventAccumulator(str(tmp_path / "diagnostics"), {"tensors": 0}).Reload()
    assert set(events.Tags()["tensors"]) == {
        "a/gradient_norm",
        "a/activation_mean",
        "a/activation_std",
        "a/update_ratio",
        "a/kernel/gradient",
        "a/activation",
    }
    assert [event.step for event in events.Tensors("a/activation")] == [0, 2, 4]
    buckets = tensor_util.make_ndarray(events.Tensors("a/activation")[0].tensor_proto)
    counted = buckets[buckets[:, 2] > 0]  # (from, to, count)
    assert counted[:, 2].sum() == 2  # outputs 2 and 6
    assert (counted[0, 0], counted[-1, 1]) == (2.0, 6.0)
    gradient = tensor_util.make_ndarray(events.Tensors("a/kernel/gradient")[0].tensor_proto)
    assert np.all(np.abs(gradient[gradient[:, 2] > 0][:, :2] - 20) <= 0.5)


def test_a_directory_that_cannot_be_written_to(chain, data, tmp_path):
    (tmp_path / "file").write_text("")
    monitor = GradientMonitor(*data, log_dir=tmp_path / "file")
    monitor.set_model(chain(2.0))
    with pytest.raises(OSError, match="TensorBoard's histograms could not be written to"):
        monitor.on_train_begin()

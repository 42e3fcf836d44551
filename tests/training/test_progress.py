import io

import pytest
from rich.console import Console

from tf_recipes.progress import Progress

LOGS = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.25, "val_accuracy": 1.0}


def epoch_of_two_executions(console, logs=LOGS):
    progress = Progress(console)
    progress.set_params({"epochs": 2, "steps": 60})
    with progress:
        progress.on_epoch_begin(0)
        progress.on_train_batch_end(49, {"loss": 0.75})
        progress.on_train_batch_end(99, {"loss": logs["loss"]})  # as Keras counts
        progress.on_epoch_end(0, logs)
    return console.file.getvalue()


def test_without_a_terminal_there_is_one_line_per_epoch():
    text = epoch_of_two_executions(Console(file=io.StringIO(), width=40))
    line, seconds = text.rsplit("; ", 1)
    assert (
        line == "epoch 1/2: loss 0.5000, accuracy 75.00%; validation loss 0.2500, accuracy 100.00%"
    )
    assert seconds.endswith(" s\n") and float(seconds[:-3]) < 60


def test_on_a_terminal_there_is_a_bar_too():
    text = epoch_of_two_executions(Console(file=io.StringIO(), force_terminal=True, width=100))
    assert "60/60" in text and "steps, loss 0.5000" in text
    assert "validation loss 0.2500" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_the_steps_of_a_bad_loss_are_named(loss):
    with pytest.raises(FloatingPointError, match=f"became {loss} in steps 51-60 of epoch 1/2"):
        epoch_of_two_executions(Console(file=io.StringIO()), {**LOGS, "loss": loss})


def test_a_bad_loss_in_a_single_step_is_named():
    progress = Progress(Console(file=io.StringIO()))
    progress.set_params({"epochs": 2, "steps": 100})
    progress.on_epoch_begin(1)
    progress.on_train_batch_end(0, {"loss": 1.0})
    with pytest.raises(FloatingPointError, match="became nan in step 2 of epoch 2/2"):
        progress.on_train_batch_end(1, {"loss": float("nan")})


def test_a_bad_validation_loss_is_named():
    with pytest.raises(FloatingPointError, match="validation loss became inf in epoch 1/2"):
        epoch_of_two_executions(Console(file=io.StringIO()), {**LOGS, "val_loss": float("inf")})

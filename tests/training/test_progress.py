import io

from rich.console import Console

from tf_recipes.training.progress import Progress

LOGS = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.25, "val_accuracy": 1.0}


def epoch_of_two_chunks(console):
    with Progress(console) as progress:
        progress.begin(0, 2, 60)
        progress.advance(50, 0.75)
        progress.advance(60, 0.5)
        progress.end(LOGS)
    return console.file.getvalue()


def test_without_a_terminal_there_is_one_line_per_epoch():
    text = epoch_of_two_chunks(Console(file=io.StringIO(), width=40))
    line, seconds = text.rsplit("; ", 1)
    assert (
        line == "epoch 1/2: loss 0.5000, accuracy 75.00%; validation loss 0.2500, accuracy 100.00%"
    )
    assert seconds.endswith(" s\n") and float(seconds[:-3]) < 60


def test_on_a_terminal_there_is_a_bar_too():
    text = epoch_of_two_chunks(Console(file=io.StringIO(), force_terminal=True, width=100))
    assert "60/60" in text and "steps, loss 0.5000" in text
    assert "validation loss 0.2500" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again

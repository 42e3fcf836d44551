import dataclasses
import io
import json
import os
import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tf_recipes import catalog, mnist, models, ports, training
from tf_recipes.recipe import Recipe
from tf_recipes.training import checkpoint_file, driver, learning_curves, run_state
from tf_recipes.training import run as run_module
from tf_recipes.training.soak import same_bits

TINY = Recipe("tiny", hidden=(8,), batch_size=10)
FILES = [
    "checkpoints",
    "history.json",
    "learning_curves.png",
    "model.keras",
    "results.sha256",
    "tensorboard",
]


def two_classes(count, swapped=0):
    """Returns images of class 0 (black) and 1 (white); the last `swapped` labels are wrong."""
    labels = np.arange(count) % 2
    images = np.repeat(255 * labels.astype(np.uint8), 784).reshape(count, 784)
    if swapped:
        labels[-swapped:] = 1 - labels[-swapped:]
    return images, labels


def pool(count=100, swapped=0):
    return mnist.Mnist(*two_classes(count, swapped), *two_classes(20))


class BuiltOnce:
    """Builds each recipe's model once, and gives it its first values again for each further call.

    Tracing and compiling a model's loop takes seconds, training it here takes none. A model that is
    given again has nothing of an earlier training: all its variables and those of its optimizer are
    set back, so that a variable which a checkpoint lacks is as wrong as in a new process. A call
    with `new_models` set builds a new model.
    """

    def __init__(self):
        self.new_models, self._built = False, {}

    def build(self, recipe, port):
        key = (json.dumps(recipe.to_spec()), port)
        if self.new_models or key not in self._built:
            model = models.build(recipe, port)
            model.optimizer.build(model.trainable_variables)
            variables = [*model.variables, *model.optimizer.variables]
            self._built[key] = model, [(v, v.numpy()) for v in variables]
        model, first_values = self._built[key]
        for variable, value in first_values:
            variable.assign(value)
        model.reset_metrics()
        return model


PLOT = learning_curves.plot


def write_history(history, path):
    """Stands in for the figure, whose drawing takes most of the time of a run here."""
    path.write_text(json.dumps(history))


@pytest.fixture(scope="module")
def module_models():
    return BuiltOnce()


@pytest.fixture(autouse=True)
def built_once(module_models):
    # A patch of its own: some tests call `monkeypatch.undo()` between two runs.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "models", module_models)
        patch.setattr(learning_curves, "plot", write_history)
        yield module_models
    module_models.new_models = False


def run(tmp_path, recipe=TINY, data=None, epochs=2, **arguments):
    console = Console(file=io.StringIO())
    result = training.train(
        recipe, pool() if data is None else data, epochs, tmp_path, console=console, **arguments
    )
    return result, console.file.getvalue()


def test_the_last_tenth_of_the_training_images_is_held_out(tmp_path):
    # Only if the last tenth is held out, all its predictions are wrong and all others are right.
    result, _ = run(tmp_path, data=pool(100, swapped=10), epochs=5)
    assert result["accuracy"][-1] == 1.0
    assert result["val_accuracy"] == [0.0] * 5
    assert result["test_accuracy"] == 1.0
    assert result["images"] == [90, 10, 20]


def test_losses_are_those_of_pixels_in_0_to_1(tmp_path):
    recipe = TINY.replace(
        dtype="float64", optimizer={"name": "gradient_descent", "learning_rate": 0.0}
    )
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (120, 784)).astype(np.uint8), np.arange(120) % 10
    data = mnist.Mnist(images[:100], labels[:100], images[100:], labels[100:])
    result, _ = run(tmp_path, recipe, data, epochs=1)
    # The weights never move, so the losses follow from the initial ones.
    w1, b1, w2, b2 = models.build(recipe).get_weights()
    logits = np.maximum(images / 255.0 @ w1 + b1, 0) @ w2 + b2
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(120), labels]
    assert result["loss"] == [pytest.approx(losses[:90].mean(), rel=1e-6)]
    assert result["val_loss"] == [pytest.approx(losses[90:100].mean(), rel=1e-6)]
    assert result["test_loss"] == pytest.approx(losses[100:].mean(), rel=1e-6)


def test_history_and_files(tmp_path, monkeypatch):
    monkeypatch.setattr(learning_curves, "plot", PLOT)
    result, text = run(tmp_path / "new" / "directory", epochs=3)
    assert sorted(path.name for path in (tmp_path / "new" / "directory").iterdir()) == FILES
    figure = (tmp_path / "new" / "directory" / "learning_curves.png").read_bytes()
    assert figure.startswith(b"\x89PNG")
    written = json.loads((tmp_path / "new" / "directory" / "history.json").read_text())
    assert written == result
    assert written["recipe"] == TINY.to_spec()
    assert (written["port"], written["epochs"]) == ("exact", 3)
    assert sorted(written["versions"]) == ["keras", "numpy", "python", "tensorflow", "tf_recipes"]
    for key in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert len(written[key]) == 3
    lines = text.splitlines()
    assert [line.split(":")[0] for line in lines[:4]] == [
        "epoch 1/3",
        "epoch 2/3",
        "epoch 3/3",
        "test accuracy",
    ]
    assert lines[3] == f"test accuracy: {100 * result['test_accuracy']:.2f}%"


def test_tensorboard_has_the_same_figures(tmp_path):
    run(tmp_path, epochs=1)
    result, _ = run(tmp_path, epochs=2)  # continues, and writes the first epoch's events again
    for split, tag, key in (
        ("train", "loss", "loss"),
        ("train", "learning_rate", "learning_rate"),
        ("validation", "loss", "val_loss"),
    ):
        events = EventAccumulator(str(tmp_path / "tensorboard" / split))
        events.Reload()
        logged = {
            event.step: float(tf.make_ndarray(event.tensor_proto))
            for event in events.Tensors(f"epoch_{tag}")
        }
        assert logged == pytest.approx(dict(enumerate(result[key])))
        assert len(events.Tensors(f"epoch_{tag}")) == 2
        assert len(list((tmp_path / "tensorboard" / split).iterdir())) == 1


def test_the_seed_decides_the_history(tmp_path):
    recipe = TINY.replace(keep_prob=0.8)
    digits = mnist.load()
    data = mnist.Mnist(
        digits.train_images[:300],
        digits.train_labels[:300],
        digits.test_images[:50],
        digits.test_labels[:50],
    )
    first, second, other = (
        run(tmp_path / name, recipe.replace(seed=seed), data)[0]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    for key in ("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy"):
        assert first[key] == second[key]
    assert first["loss"] != other["loss"]


def test_best_practice_learns_the_sample(tmp_path):
    # Measured with seeds 0 to 4: 91.3, 90.9, 91.0, 90.1 and 90.6 %.
    result, _ = run(tmp_path, catalog.get("best_practice"), mnist.load(), epochs=3)
    assert result["images"] == [5400, 600, 1000]
    assert result["test_accuracy"] > 0.89
    assert result["loss"][2] < result["loss"][1] < result["loss"][0]


def test_the_textbook_port_trains(tmp_path):
    result, _ = run(tmp_path, catalog.get("best_practice"), port="textbook", epochs=1)
    assert result["port"] == "textbook"
    with pytest.raises(ValueError, match="`port` must be one of exact, textbook"):
        run(tmp_path / "other", port="other")
    assert not (tmp_path / "other").exists()


def test_a_loss_that_is_not_a_number_stops_training_and_keeps_the_last_good_weights(tmp_path):
    recipe = TINY.replace(optimizer={"name": "gradient_descent", "learning_rate": 1e38})
    for _ in range(2):  # a second call raises the same error
        with pytest.raises(FloatingPointError) as raised:
            run(tmp_path, recipe)
        text = str(raised.value)
        assert text.startswith("The loss became nan in step 2 (epoch 1/2, step 2 of 9): first in ")
        assert "learning rate 1e+38. The last good weights" in text
        _, arrays = checkpoint_file.read(tmp_path / "checkpoints" / "step-00000001.ckpt")
        assert all(np.isfinite(array).all() for array in arrays.values())
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_a_directory_that_cannot_be_written_is_said_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setattr(run_module, "Driver", lambda *_: pytest.fail("training started"))
    for name in ("file", "file/below"):
        with pytest.raises(OSError, match=r"must be writable\. Received: output_dir='.*file"):
            run(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_too_little_free_space_is_said_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(run_module, "Driver", lambda *_: pytest.fail("training started"))
    monkeypatch.setattr(run_module, "MODEL_FILES", 10**18)
    with pytest.raises(OSError, match=r"must have space for the checkpoints and the model"):
        run(tmp_path)


def test_a_failure_while_writing_leaves_the_earlier_files(tmp_path, monkeypatch):
    run(tmp_path, epochs=1)
    before = {name: (tmp_path / name).read_bytes() for name in FILES[1:4]}

    def full_disk(history, path):
        raise OSError("No space left on device")

    monkeypatch.setattr(learning_curves, "plot", full_disk)
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path, epochs=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    assert {name: (tmp_path / name).read_bytes() for name in FILES[1:4]} == before
    monkeypatch.undo()
    result, text = run(tmp_path, epochs=2)
    assert len(result["loss"]) == 2 and "epoch" not in text.splitlines()[1]


class Killed(BaseException):
    """Stands in for SIGKILL, which scripts/soak.py sends."""


def killed_at_a_save(tmp_path, monkeypatch, number, *arguments, **options):
    """Ends a run in place of its save `number`, counted from 1, and repeats the call of the run."""
    real, saves = run_state.RunState.save, []

    def save(self):
        saves.append(self.total_steps)
        if len(saves) == number:
            raise Killed
        return real(self)

    monkeypatch.setattr(run_state.RunState, "save", save)
    with pytest.raises(Killed):
        run(tmp_path, *arguments, **options)
    monkeypatch.undo()
    return saves, run(tmp_path, *arguments, **options)[1]


def augmented(recipe, name, dtype):
    """Returns a preprocessing layer with a random generator of its own in place of dropout."""
    if name != "X_dropout":
        return keras.layers.GaussianDropout(0.1, seed=3, name=name)
    return keras.Sequential(
        [
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.RandomTranslation(0.1, 0.1, seed=5),
            keras.layers.Reshape((784,)),
        ],
        name=name,
    )


EVERYTHING = catalog.get("best_practice").replace(
    hidden=(8,), batch_size=10, schedule={"decay_steps": 5, "decay_rate": 0.5}
)
AUGMENTED = dataclasses.replace(ports.EXACT, name="augmented", dropout=augmented)


@pytest.mark.parametrize(
    "recipe, port",
    [
        (EVERYTHING, "exact"),
        (EVERYTHING.replace(optimizer={"name": "adam"}), "textbook"),
        (EVERYTHING.replace(optimizer={"name": "adam"}, clip_value=0.1), AUGMENTED),
    ],
    ids=["momentum", "textbook_adam", "augmented_clipped_adam"],
)
def test_killed_in_an_epoch_it_ends_with_the_same_bits(
    tmp_path, monkeypatch, built_once, recipe, port
):
    built_once.new_models = recipe == EVERYTHING  # as in a new process, for one of the three
    digits = mnist.load()
    data = mnist.Mnist(digits.train_images[:105], digits.train_labels[:105], *two_classes(20))
    # By steps alone, however slow the machine is; the last of 10 steps has 5 images.
    options = {"port": port, "checkpoint_steps": 7, "checkpoint_seconds": 1e6}
    run(tmp_path / "once", recipe, data, port=port)
    saves, text = killed_at_a_save(tmp_path / "killed", monkeypatch, 5, recipe, data, **options)
    assert saves == [0, 7, 10, 14, 20]
    assert text.startswith("going on after step 14, in epoch 2\nepoch 2/2: ")
    assert same_bits.differences(tmp_path / "once", tmp_path / "killed") == []


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_the_state_saved(tmp_path, monkeypatch, number, status):
    real = run_state.RunState.record_step

    def record_step(self, step):
        real(self, step)
        if self.total_steps == 10:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    monkeypatch.setattr(run_state.RunState, "record_step", record_step)
    monkeypatch.setattr(driver, "LONGEST", 1)
    with pytest.raises(training.Interrupted) as raised:
        run(tmp_path)
    assert signal.getsignal(number) == before
    assert raised.value.status == status and isinstance(raised.value, KeyboardInterrupt)
    assert str(raised.value) == (
        "interrupted at epoch 2 after step 1 of 9; saved; the same command goes on"
    )
    monkeypatch.undo()
    assert run(tmp_path)[1].startswith("going on after step 10, in epoch 2")


def test_a_finished_run_says_so_and_leaves_its_files(tmp_path):
    result, _ = run(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    second_result, text = run(tmp_path)
    assert second_result == result
    assert text == f"finished before: {tmp_path} holds the result\n"
    del before[tmp_path / "checkpoints" / "lock"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (tmp_path / "model.keras").write_bytes(b"PK")
    third_result, text = run(tmp_path)
    assert text.splitlines()[0] == (
        f"model.keras in {tmp_path}: not as results.sha256 says; written again from the last "
        "checkpoint"
    )
    assert third_result["loss"] == result["loss"]
    assert keras.saving.load_model(tmp_path / "model.keras").count_params() == 784 * 8 + 8 + 90


def test_a_model_that_training_did_not_write_is_not_replaced(tmp_path, fails):
    (tmp_path / "model.keras").write_bytes(b"PK")
    with fails("with model.keras, not as results.sha256 says"):
        run(tmp_path)
    assert (tmp_path / "model.keras").read_bytes() == b"PK"


@pytest.mark.parametrize("history", ['{"loss": [1]}', None], ids=["an old one", "another seed's"])
def test_a_history_of_another_training_is_replaced(tmp_path, history):
    once, _ = run(tmp_path / "once")
    run(tmp_path / "killed")
    if history is None:
        spec = {**once["recipe"], "seed": 7}
        history = json.dumps({**once, "recipe": spec})
    (tmp_path / "killed" / "history.json").write_text(history)
    (tmp_path / "killed" / "checkpoints" / "step-00000018.ckpt").unlink()
    result, text = run(tmp_path / "killed")
    assert text.startswith("going on after step 9, in epoch 2\n")
    assert result["recipe"] == once["recipe"]
    assert same_bits.differences(tmp_path / "once", tmp_path / "killed") == []


def test_more_epochs_go_on_and_end_with_the_bits_of_one_go(tmp_path):
    run(tmp_path / "on", epochs=1)
    result, text = run(tmp_path / "on", epochs=3)
    assert text.startswith("going on after step 9, in epoch 2\nepoch 2/3: ")
    once, _ = run(tmp_path / "once", epochs=3)
    assert same_bits.differences(tmp_path / "once", tmp_path / "on") == []
    assert result["loss"] == once["loss"]
    trained = r"epochs=2, and 27 steps of 3 epochs are trained\. Pass epochs=3 or more"
    with pytest.raises(ValueError, match=trained):
        run(tmp_path / "on", epochs=2)


def test_a_damaged_newest_checkpoint_costs_an_epoch_and_no_bit(tmp_path):
    run(tmp_path / "once", epochs=2)
    run(tmp_path / "torn", epochs=2)
    (tmp_path / "torn" / "history.json").unlink()
    newest = tmp_path / "torn" / "checkpoints" / "step-00000018.ckpt"
    newest.write_bytes(newest.read_bytes()[:-100])
    _, text = run(tmp_path / "torn", epochs=2)
    assert "step-00000018.ckpt is truncated or changed" in text.splitlines()[0]
    assert text.splitlines()[1] == "going on after step 9, in epoch 2"
    assert same_bits.differences(tmp_path / "once", tmp_path / "torn") == []


def test_another_training_in_the_directory_is_refused(tmp_path, fails):
    run(tmp_path, epochs=1)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with fails("recipe.seed: 0 saved, 5 now", "Pass another directory, output_dir='DIR'"):
        run(tmp_path, TINY.replace(seed=5), epochs=1)
    with fails("data.train_labels: SHA-256"):
        run(tmp_path, data=pool(swapped=1), epochs=1)
    with fails("port: 'exact' saved, 'textbook' now"):
        run(tmp_path, port="textbook", epochs=1)
    assert {path: path.read_bytes() for path in before} == before


def test_results_without_checkpoints_are_not_overwritten(tmp_path, fails):
    result, _ = run(tmp_path, epochs=1)
    shutil.rmtree(tmp_path / "checkpoints")
    assert run(tmp_path, epochs=1)[0] == result
    with fails("recipe.seed: 0 saved, 5 now"):
        run(tmp_path, TINY.replace(seed=5), epochs=1)
    with fails("cannot go on", "with 1 epochs, epochs=2"):
        run(tmp_path, epochs=2)


def test_another_version_is_said_in_one_line(tmp_path, monkeypatch):
    run(tmp_path, epochs=1)
    current = run_module.identity.surroundings()
    monkeypatch.setattr(run_module.identity, "surroundings", lambda: {**current, "numpy": "9.9"})
    _, text = run(tmp_path, epochs=2)
    (line,) = [line for line in text.splitlines() if "last bits may differ" in line]
    assert line == (
        "the last bits may differ from an uninterrupted run: "
        f"numpy: {current['numpy']!r} saved, '9.9' now"
    )


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_epochs_must_be_a_whole_number(tmp_path, epochs):
    with pytest.raises(ValueError, match="`epochs` must be a whole number of at least 1"):
        run(tmp_path, epochs=epochs)


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"at least 10 images: a tenth is held out\. Received: 9"):
        run(tmp_path, data=pool(9))

import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import limits
import new_python

ROOT = pathlib.Path(__file__).parents[2]
SMALL = ("--hidden=16", "--batch_size=100", "--epochs=2")
RELOAD = """
import sys
from tf_recipes._support.quiet_tensorflow import import_tensorflow
import_tensorflow()
import keras
from tf_recipes import mnist, models
model = keras.saving.load_model(sys.argv[1])
data = mnist.load()
images = (data.test_images / 255.0).astype("float32")
loss, accuracy = model.evaluate(images, data.test_labels, batch_size=1000, verbose=0)
print(repr([loss, accuracy]))
"""

# Runs the script of its arguments, which may write no file of more than 100 kB.
LIMITED = """
import resource, runpy, signal, sys
assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN  # as in each Python
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100 * 1024, most))
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def start(*arguments, cwd=None, new=False):
    return (subprocess if new else new_python).Popen(
        [sys.executable, str(ROOT / "scripts" / "train.py"), *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def train(*arguments, cwd=None, new=False):
    process = start(*arguments, cwd=cwd, new=new)
    out, error = process.communicate(timeout=limits.PROCESS)
    return process.returncode, out, error


@pytest.fixture(scope="module")
def best_practice(tmp_path_factory):
    output_dir = tmp_path_factory.mktemp("best_practice")
    return output_dir, train(f"--output_dir={output_dir}", *SMALL, "--seed=3", new=True)


def history(output_dir):
    written = json.loads((output_dir / "history.json").read_text())
    del written["seconds"]
    return written


def test_a_run_leaves_its_files_and_a_clean_terminal(best_practice):
    output_dir, (status, out, error) = best_practice
    assert (status, error) == (0, "")
    lines = out.splitlines()
    starts = ["epoch 1/2: ", "epoch 2/2: ", "test accuracy: ", "time: ", "written to "]
    assert len(lines) == 5
    assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    names = sorted(path.name for path in output_dir.iterdir())
    assert names == [
        "checkpoints",
        "history.json",
        "learning_curves.png",
        "model.keras",
        "results.sha256",
        "tensorboard",
    ]
    recipe = history(output_dir)["recipe"]
    assert (recipe["hidden"], recipe["batch_size"], recipe["seed"]) == ([16], 100, 3)
    assert recipe["batch_norm"] == {"decay": 0.99, "scale": True}


def test_the_same_command_gives_the_same_history(best_practice, tmp_path):
    status, _, _ = train(f"--output_dir={tmp_path}", *SMALL, "--seed=3")
    assert status == 0
    assert history(tmp_path) == history(best_practice[0])


def test_the_model_reloads_in_a_new_process_with_the_same_bits(best_practice, run_python):
    written = history(best_practice[0])
    reloaded = json.loads(run_python(RELOAD, best_practice[0] / "model.keras"))
    assert reloaded == [written["test_loss"], written["test_accuracy"]]


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["--recipe=adm"], "`recipe` must be one of adagrad, "),
        (["--steps=3"], "Training is counted in epochs: --epochs, not --steps."),
        (["--batch_size=0"], "`batch_size` must be a whole number of at least 1."),
        (["--keep_prob=1.5"], "`keep_prob` must be a finite number in (0, 1]."),
        (["--hidden=a"], "--hidden takes whole numbers"),
        (["--epochs=many"], "flag --epochs=many"),
        (["--epoch=3"], "Unknown command line flag 'epoch'."),
        (["momentum"], "takes flags only. Received: 'momentum'."),
        (["--epochs=0"], "flag --epochs=0: 0 is not a positive integer. Try --help."),
        (["--data=cifar"], "flag --data=cifar: value should be one of <sample|tfds>"),
        (["--port=tf1"], "flag --port=tf1: value should be one of <exact|textbook>"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, arguments, text):
    status, out, error = train(*arguments, cwd=tmp_path)
    assert (status, out) == (2, "")
    assert error.startswith("train.py: error: ") and error.count("\n") == 1
    assert text in error
    assert list(tmp_path.iterdir()) == []


def test_missing_data_names_both_ways_out(tmp_path):
    status, _, error = train(
        "--data=tfds", f"--data_dir={tmp_path}", f"--output_dir={tmp_path}/out"
    )
    assert status == 2 and error.count("\n") == 1
    assert error.startswith(f"train.py: error: No MNIST in '{tmp_path}': ")
    assert "--data='sample'" in error and "--data_dir='DIR'" in error
    assert list(tmp_path.iterdir()) == []


def test_divergence_is_one_line(tmp_path):
    status, out, error = train(
        "--recipe=gradient_descent", "--learning_rate=1e38", f"--output_dir={tmp_path}", *SMALL
    )
    assert (status, out) == (1, "")
    assert error.count("\n") == 1
    assert error.startswith(
        "train.py: error: The loss became nan in step 2 (epoch 1/2, step 2 of 54): first in the "
        "output of layer "
    )
    assert error.endswith(
        f"; learning rate 1e+38. The last good weights, from before that step, are in {tmp_path}/"
        "checkpoints/step-00000001.ckpt. Pass a lower `learning_rate` and another `output_dir`.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]


def test_a_signal_is_one_line_and_the_same_command_goes_on(tmp_path, start_script):
    arguments = ("train", f"--output_dir={tmp_path}", "--hidden=16", "--epochs=10000")
    for number, status, begins in (
        (signal.SIGINT, 130, "epoch "),
        (signal.SIGTERM, 143, "going on after step "),
    ):
        process = start_script(*arguments)
        lines = [process.stdout.readline()]
        while not lines[-1].startswith("epoch "):
            lines.append(process.stdout.readline())
        process.send_signal(number)
        _, error = process.communicate(timeout=limits.EVENT)
        assert process.returncode == status
        assert error.startswith("train.py: interrupted at epoch ") and error.count("\n") == 1
        assert error.endswith(" of 108; saved; the same command goes on\n")
        assert lines[0].startswith(begins)
    # before it trains
    assert start_script(*arguments).stdout.readline().startswith("going on after step ")


def test_another_recipe_in_the_directory_is_refused(best_practice):
    status, out, error = train(f"--output_dir={best_practice[0]}", *SMALL, "--seed=4")
    assert (status, out) == (2, "")
    assert error.startswith("train.py: error: `output_dir` must be new, or hold the same training.")
    assert "recipe.seed: 3 saved, 4 now" in error and error.count("\n") == 1


def test_the_same_command_says_that_it_is_finished(best_practice):
    status, out, error = train(f"--output_dir={best_practice[0]}", *SMALL, "--seed=3")
    assert (status, error) == (0, "")
    assert out == f"finished before: {best_practice[0]} holds the result\n"


def test_a_disk_that_fills_up_is_one_line_and_the_same_command_goes_on(tmp_path):
    # Files may not grow beyond 100 kB: the small model's checkpoints take more.
    # The lines of this process are not counted: the file of the counts grows beyond them, too.
    arguments = [str(ROOT / "scripts" / "train.py"), f"--output_dir={tmp_path}", *SMALL]
    uncounted = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    process = new_python.run(
        [sys.executable, "-c", LIMITED, *arguments],
        env=uncounted,
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
    )
    error = process.stderr
    assert (process.returncode, process.stdout) == (2, "")
    assert error.count("\n") == 1
    assert "The state after step 0 could not be saved to " in error
    assert "File too large. The earlier checkpoints are complete." in error
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["lock"]
    status, _, error = train(f"--output_dir={tmp_path}", *SMALL)
    assert (status, error) == (0, "")


def test_help_shows_the_example_and_every_hyperparameter():
    _, out, _ = train("--help")
    assert "python scripts/train.py --recipe=best_practice --epochs=3" in out
    for flag in ("--epochs", "--data_dir", "--learning_rate", "--keep_prob", "--seed", "--port"):
        assert f"  {flag}: " in out

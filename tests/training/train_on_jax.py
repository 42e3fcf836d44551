"""Trains on Keras' JAX backend without TensorFlow, and prints what the tests compare.

KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=4 python train_on_jax.py DIR
"""

import contextlib
import importlib.abc
import io
import json
import pathlib
import sys


class NoTensorFlow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ImportError("This program must do without TensorFlow.")


if __name__ == "__main__":  # pytest looks for doctests in this file, too
    sys.meta_path.insert(0, NoTensorFlow())

import keras  # noqa: E402
import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402

from tf_recipes import catalog, mnist, models, training  # noqa: E402
from tf_recipes.cli import main as command  # noqa: E402
from tf_recipes.distribution.data_parallel import DataParallel  # noqa: E402
from tf_recipes.distribution.single_process import SingleProcess  # noqa: E402
from tf_recipes.parity.comparison import relative_drift  # noqa: E402
from tf_recipes.training import checkpoints, learning_curves, run_state  # noqa: E402
from tf_recipes.training.feed import Feed  # noqa: E402
from tf_recipes.training.soak import same_bits  # noqa: E402
from tf_recipes.training.variable_state import VariableState  # noqa: E402

# As that of tests/distribution/conftest.py: every part that a recipe can have.
EVERYTHING = catalog.get("max_norm_l2_dropout").replace(
    hidden=(20,),
    batch_size=48,
    batch_norm=catalog.get("best_practice").batch_norm,
    optimizer={"name": "adam", "learning_rate": 0.005},
    schedule={"decay_steps": 20, "decay_rate": 0.5},
    clip_value=0.005,
)
SMALL = EVERYTHING.replace(batch_size=10)
STEPS, REST = 25, 7  # REST: rows of the last batch, which is smaller
DATA = mnist.load()
FEW = mnist.Mnist(  # the figures of 10 validation and 10 test images come from one program
    DATA.train_images[:100], DATA.train_labels[:100], DATA.test_images[:10], DATA.test_labels[:10]
)


class Trajectories:
    """Trains `EVERYTHING` on some devices, always from the same weights, and keeps the results."""

    def __init__(self):
        rows = STEPS * EVERYTHING.batch_size + REST
        self.x, self.y = mnist.pixels(DATA.train_images[:rows], "float32"), DATA.train_labels[:rows]
        self.order = np.random.default_rng(0).permutation(rows)
        self.one, moved = self.of(SingleProcess(), twice=True)
        self.unit = max(self.drift(moved), np.finfo("float32").eps)

    def of(self, job, twice=False):
        """Returns every variable and metric at the end, `{name: array}`, in a list.

        With `twice` a second training of the same model starts one ulp away.
        """
        with job, job.scope():
            keras.utils.set_random_seed(7)
            model = models.build(EVERYTHING)
            feed = Feed(model, "train", self.x, self.y, EVERYTHING.batch_size, job)
            variables = VariableState(model, self.y)
            before, found = variables.arrays(), [self.end(feed, variables)]
            if twice:
                variables.assign(before)
                drawn = np.random.default_rng(1)
                for variable in model.trainable_variables:
                    value = keras.ops.convert_to_numpy(variable)
                    ends = drawn.choice(np.float32([-np.inf, np.inf]), value.shape)
                    variable.assign(np.nextafter(value, ends))
                found.append(self.end(feed, variables))
            self.devices = len(model.weights[0].value.sharding.device_set)
        return found

    def end(self, feed, variables):
        """Trains an epoch; returns every variable and metric after it."""
        logs = feed(self.order, 0, feed.steps)
        return {**variables.arrays(), **{key: np.float32(each) for key, each in logs.items()}}

    def drift(self, found):
        """Returns the largest drift of any array from the training on one device."""
        assert found.keys() == self.one.keys()
        return max(relative_drift(found[name], self.one[name]) for name in found)


def several_devices():
    """Returns the drift of 2 and of 4 devices, in one-ulp sensitivities, and the devices used."""
    runs = Trajectories()
    found = {}
    for count in (2, 4):
        (end,) = runs.of(DataParallel(count))
        seeds = [name for name in end if "seed_generator" in name]
        same = all(np.array_equal(end[name], runs.one[name]) for name in seeds)
        found[count] = [runs.drift(end) / runs.unit, runs.devices, same and bool(seeds)]
    return found, float(runs.one["accuracy"])


def train(folder, epochs=2, recipe=SMALL, **options):
    options = {"checkpoint_steps": 7, "checkpoint_seconds": 1e6, **options}
    return training.train(
        recipe, FEW, epochs, folder, console=Console(file=io.StringIO()), **options
    )


def killed(folder):
    """Returns what differs between a training in one go and one that ended in its second epoch."""

    class Killed(BaseException):
        pass

    def save(self, *given):
        path = real(self, *given)
        if self.total_steps == 14:
            raise Killed
        return path

    build, built = models.build, []

    def built_once(recipe, port):
        """Returns one model, compiled once, each time with its first values."""
        if not built:
            model = build(recipe, port)
            model.optimizer.build(model.trainable_variables)
            variables = [*model.variables, *model.optimizer.variables]
            built.append((model, [(v, np.array(v.numpy())) for v in variables]))
        model, values = built[0]
        for variable, value in values:
            variable.assign(value)
        return model

    models.build = built_once
    train(folder / "once")
    real = run_state.RunState.save
    run_state.RunState.save = save
    with contextlib.suppress(Killed):
        train(folder / "killed")
    run_state.RunState.save = real
    train(folder / "killed")
    models.build = build
    return same_bits.differences(folder / "once", folder / "killed")


def diverged(folder):
    """Returns the error of a training whose loss becomes infinite, and the steps that it saved."""
    recipe = catalog.get("gradient_descent").replace(
        hidden=(8,), batch_size=10, optimizer={"name": "gradient_descent", "learning_rate": 1e38}
    )
    try:
        train(folder, recipe=recipe)
    except FloatingPointError as error:
        kept = checkpoints.Checkpoints(folder / checkpoints.FOLDER, print).newest()
        return [str(error), kept.step]


def commanded(folder):
    """Returns the exit status of the command, what it printed, and its history."""
    sys.argv = [
        "tf-recipes",
        "train",
        "--backend=jax",
        "--strategy=data_parallel",
        "--replicas=2",
        "--recipe=momentum",
        "--hidden=8",
        "--batch_size=100",
        "--epochs=1",
        f"--output_dir={folder}",
    ]
    printed = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(printed):
        try:
            command.main()
        except SystemExit as end:
            status = end.code or 0
    printed.seek(0)
    return [status, printed.read(), json.loads((folder / "history.json").read_text())]


def main(folder):
    # The figure takes most of the time of a run here.
    learning_curves.plot = lambda history, path: path.write_text(json.dumps(history))
    found = {
        "several_devices": several_devices(),
        "killed": killed(folder / "bits"),
        "diverged": diverged(folder / "diverged"),
        "commanded": commanded(folder / "commanded"),
    }
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

"""Trains every recipe of the catalog on MNIST, one after the other, and prints one table.

    python scripts/train_all.py --recipes=momentum,best_practice --epochs=1 --long_epochs=2

The script trains on the sample that ships with the package. The figures of docs/training.md are
measured on the whole set:

    python scripts/train_all.py --data=tfds --data_dir=DIR --decay_steps=2000 --json_out=all.json

The learning rates of the catalog halve every 20 steps, because the migration check trains only 100
steps; for training, pass larger --decay_steps.
"""

from tf_recipes.cli import interrupts

interrupts.end_at_once()  # first, because the imports take a while

import json
import os
import pathlib
import sys

from absl import flags
from rich import box, table

from tf_recipes import catalog, mnist
from tf_recipes._support import files, quiet_tensorflow
from tf_recipes._support.terminal import Terminal
from tf_recipes.cli import application, size_limits
from tf_recipes.cli.output_files import check_output_file
from tf_recipes.training.directory import writable

_RECIPES = flags.DEFINE_list("recipes", list(catalog.CATALOG), "Names in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 5, "Epochs of every recipe but best_practice.", 1)
_LONG_EPOCHS = flags.DEFINE_integer("long_epochs", 20, "Epochs of best_practice.", 1)
_DATA = flags.DEFINE_enum(
    "data", "sample", ["sample", "tfds"], "MNIST: the packaged sample, or the whole set."
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Directory where TensorFlow Datasets keeps its data."
)
_OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", "out/all", "Directory that gets one directory for each recipe."
)
_PORT = flags.DEFINE_enum(
    "port", "exact", ["exact", "textbook"], "TF1's semantics, or Keras' built-ins."
)
_DECAY_STEPS = flags.DEFINE_integer(
    "decay_steps", None, "Replaces decay_steps in every recipe with a decaying rate.", 1
)
_JSON_OUT = flags.DEFINE_string("json_out", None, "JSON file for the table.")


def _epochs(recipe):
    """Returns the flag with the number of epochs of a recipe."""
    return _LONG_EPOCHS if recipe.name == "best_practice" else _EPOCHS


def main():
    """Trains the recipes, and returns 1 if a training diverged."""
    if not _RECIPES.value:
        raise application.UsageError(
            "--recipes is empty. Name at least one recipe, or leave the flag out."
        )
    recipes = [_scheduled(catalog.get(name)) for name in _RECIPES.value]
    for recipe in recipes:
        flag = _epochs(recipe)
        size_limits.check_epochs(flag.name, flag.value, recipe, mnist.N_TRAIN[_DATA.value])
    # The sample can be loaded without TensorFlow; the whole set cannot.
    data = mnist.load(_DATA.value, _DATA_DIR.value) if _DATA.value == "sample" else None
    writable(_OUTPUT_DIR.value)
    for recipe in recipes:
        writable(pathlib.Path(_OUTPUT_DIR.value, recipe.name))
    if _JSON_OUT.value:
        check_output_file("json_out", _JSON_OUT.value, make_folder=True)
    quiet_tensorflow.import_tensorflow()
    from tf_recipes import training

    if data is None:
        data = mnist.load(_DATA.value, _DATA_DIR.value)
    terminal, rows, load = Terminal(), [], os.getloadavg()[0]
    for recipe in recipes:
        epochs = _epochs(recipe).value
        terminal.print(f"{recipe.name}:", highlight=False)
        folder = pathlib.Path(_OUTPUT_DIR.value, recipe.name)
        try:
            result = training.train(recipe, data, epochs, folder, _PORT.value, terminal)
        except FloatingPointError as error:
            terminal.print(str(error), soft_wrap=True, highlight=False)
            result = {"test_accuracy": None, "seconds": None}
        figures = {key: result[key] for key in ("test_accuracy", "seconds")}
        rows.append({"recipe": recipe.name, "epochs": epochs, **figures})
    _show(terminal, rows)
    if _JSON_OUT.value:
        with files.replacing(_JSON_OUT.value) as partial:
            results = {"load_before": load, "command": _command(), "recipes": rows}
            partial.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(row["test_accuracy"] is None for row in rows))


def _command():
    """Returns the flags that decide the figures, as a person gave them, without places."""
    places = ("--json_out", "--output_dir")
    words = [word for word in sys.argv[1:] if not word.startswith(places)]
    return ["--data_dir=DIR" if word.startswith("--data_dir") else word for word in words]


def _scheduled(recipe):
    """Returns the recipe with `--decay_steps`, if the flag is set and the recipe's rate decays."""
    if recipe.schedule is None or _DECAY_STEPS.value is None:
        return recipe
    return recipe.replace(schedule={**recipe.schedule, "decay_steps": _DECAY_STEPS.value})


def _show(terminal, rows):
    """Prints the table; a recipe that diverged has no figures."""
    shown = table.Table("recipe", box=box.MARKDOWN)
    for heading in ("epochs", "test accuracy", "seconds"):
        shown.add_column(heading, justify="right")
    for row in rows:
        finite = row["test_accuracy"] is not None
        figures = (f"{row['test_accuracy']:.2%}", f"{row['seconds']:.1f}") if finite else ("-", "-")
        shown.add_row(row["recipe"], str(row["epochs"]), *figures)
    terminal.print(shown)


if __name__ == "__main__":
    application.run(main)

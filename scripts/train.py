"""Trains one recipe on MNIST.

    python scripts/train.py --recipe=best_practice --epochs=3 --output_dir=out/best_practice

That takes the sample of MNIST that ships with the package. The whole set comes through TensorFlow
Datasets with --data=tfds, from --data_dir if it names a prepared copy. In --output_dir:
history.json, learning_curves.png, model.keras and TensorBoard's logs. --port=textbook trains with
Keras' built-ins instead of TF1's semantics. To load model.keras elsewhere, import tf_recipes.
"""

from absl import flags

from tf_recipes import command_line, mnist

_RECIPE = flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Passes over the images.", lower_bound=1)
_DATA = flags.DEFINE_enum("data", "sample", ["sample", "tfds"], "Which MNIST.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Where TensorFlow Datasets keeps its data.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Default: out/RECIPE.")
_PORT = flags.DEFINE_enum("port", "exact", ["exact", "textbook"], "TF1's semantics or built-ins.")
command_line.define_recipe_flags()


def main():
    if flags.FLAGS["steps"].present:
        raise command_line.UsageError("Training is counted in epochs: --epochs, not --steps.")
    recipe = command_line.recipe_from_flags(_RECIPE.value)
    command_line.import_tensorflow()
    from tf_recipes import training

    training.train(
        recipe,
        mnist.load(_DATA.value, _DATA_DIR.value),
        _EPOCHS.value,
        _OUTPUT_DIR.value or f"out/{recipe.name}",
        _PORT.value,
    )


if __name__ == "__main__":
    command_line.run(main)

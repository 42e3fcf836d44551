"""Trains one recipe on MNIST.

    python scripts/train.py --recipe=best_practice --epochs=3 --output_dir=out/best_practice

That takes the sample of MNIST that ships with the package. The whole set comes through TensorFlow
Datasets with --data=tfds, from --data_dir if it names a prepared copy. In --output_dir:
history.json, learning_curves.png, model.keras and TensorBoard's logs. --port=textbook trains with
Keras' built-ins instead of TF1's semantics. To load model.keras elsewhere, import tf_recipes.

Killed or stopped by Ctrl-C at any moment, the same command goes on where it was, and ends with the
same bits as in one go. With more --epochs it goes on, too.

--strategy=mirrored trains on all GPUs, or on --replicas=N parts of the processor; with
--strategy=multiworker the same command runs on every machine of TF_CONFIG. See docs/scaling.md.
"""

from absl import flags

from tf_recipes import mnist
from tf_recipes.cli import command_line
from tf_recipes.distribution import job

_RECIPE = flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
_EPOCHS = flags.DEFINE_integer("epochs", 20, "Passes over the images.", lower_bound=1)
_DATA = flags.DEFINE_enum("data", "sample", ["sample", "tfds"], "Which MNIST.")
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Where TensorFlow Datasets keeps its data.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Default: out/RECIPE.")
_PORT = flags.DEFINE_enum("port", "exact", ["exact", "textbook"], "TF1's semantics or built-ins.")
_STEPS = flags.DEFINE_integer("checkpoint_steps", None, "Save after so many steps.", 1)
_SECONDS = flags.DEFINE_float("checkpoint_seconds", 10.0, "Save after so many seconds.", 0.001)
_STRATEGY = flags.DEFINE_enum("strategy", None, job.STRATEGIES, "Several replicas or machines.")
_REPLICAS = flags.DEFINE_integer("replicas", None, "Of --strategy=mirrored.", 1)
_TIMEOUT = flags.DEFINE_float("cluster_timeout", job.TIMEOUT, "Seconds to wait for peers.", 0.001)
command_line.define_recipe_flags()


def main():
    if flags.FLAGS["steps"].present:
        raise command_line.UsageError("Training is counted in epochs: --epochs, not --steps.")
    recipe = command_line.recipe_from_flags(_RECIPE.value)
    terms = {"recipe": recipe.to_spec(), "epochs": _EPOCHS.value, "port": _PORT.value}
    started = job.start(_STRATEGY.value, terms, _REPLICAS.value, _TIMEOUT.value)
    from tf_recipes import training

    with started:
        training.train(
            recipe,
            mnist.load(_DATA.value, _DATA_DIR.value),
            _EPOCHS.value,
            _OUTPUT_DIR.value or f"out/{recipe.name}",
            _PORT.value,
            checkpoint_steps=_STEPS.value,
            checkpoint_seconds=_SECONDS.value,
            job=started,
        )


if __name__ == "__main__":
    command_line.run(main)

"""Trains one recipe on MNIST.

    tf-recipes train --recipe=best_practice --epochs=3 --output_dir=out/best_practice

That takes the sample of MNIST that ships with the package. The whole set comes through TensorFlow
Datasets with --data=tfds, from --data_dir if it names a prepared copy. In --output_dir:
history.json, learning_curves.png, model.keras and TensorBoard's logs. --port=textbook trains with
Keras' built-ins instead of TF1's semantics. To load model.keras elsewhere, import tf_recipes.

Killed or stopped by Ctrl-C at any moment, the same command goes on where it was, and ends with the
same bits as in one go. With more --epochs it goes on, too.

--strategy=mirrored trains on all GPUs, or on --replicas=N parts of the processor; with
--strategy=multiworker the same command runs on every machine of TF_CONFIG. --backend=jax trains on
JAX, and needs no TensorFlow; there --strategy=data_parallel does what mirrored does. See
docs/scaling.md.
"""

import os

from absl import flags

from tf_recipes import mnist
from tf_recipes._support import extras
from tf_recipes.cli import recipe_flags, size_limits
from tf_recipes.cli.application import UsageError
from tf_recipes.distribution import cluster, job
from tf_recipes.distribution.batch_shares import check_batch_size
from tf_recipes.recipe import PORT_NAMES
from tf_recipes.training import results
from tf_recipes.training.directory import check_possible, writable

_BACKENDS = ("tensorflow", "jax")


def define_flags() -> None:
    """Defines the flags of training."""
    flags.disclaim_key_flags()
    flags.DEFINE_string("recipe", "best_practice", "A name in tf_recipes/catalog.py.")
    flags.DEFINE_integer("epochs", 20, "Passes over the images.", lower_bound=1)
    flags.DEFINE_enum("data", mnist.SOURCES[0], mnist.SOURCES, "Which MNIST.")
    flags.DEFINE_string("data_dir", None, "Where TensorFlow Datasets keeps its data.")
    flags.DEFINE_string("output_dir", None, "Default: out/RECIPE.")
    flags.DEFINE_enum("port", PORT_NAMES[0], PORT_NAMES, "TF1's semantics, or Keras' built-ins.")
    flags.DEFINE_integer("checkpoint_steps", None, "Save after this number of steps.", 1)
    flags.DEFINE_float("checkpoint_seconds", 10.0, "Save after this number of seconds.", 0.001)
    flags.DEFINE_enum(
        "backend", None, _BACKENDS, "Keras' backend. Default: that of KERAS_BACKEND, or TensorFlow."
    )
    flags.DEFINE_enum("strategy", None, [*job.STRATEGIES], "Several replicas or machines.")
    flags.DEFINE_integer("replicas", None, "Replicas of mirrored or data_parallel.", 1)
    flags.DEFINE_float("cluster_timeout", job.TIMEOUT, "Seconds to wait for workers.", 0.001)
    flags.DEFINE_string(
        "job_key",
        None,
        "What the workers of several machines know one another by. Other users of the machine can "
        f"read flags, so that the environment variable {job.KEY} is the better place.",
    )
    recipe_flags.define()


def main() -> None:
    """Trains the recipe that the flags name."""
    given = flags.FLAGS
    if given["steps"].present:
        raise UsageError("Training is counted in epochs: --epochs, not --steps.")
    recipe = recipe_flags.recipe(given.recipe)
    backend = given.backend or os.environ.get("KERAS_BACKEND") or "tensorflow"
    job.check(given.strategy, given.replicas, given.cluster_timeout, given.job_key, backend)
    size_limits.check_recipe(recipe, given.replicas or 1)
    size_limits.check_epochs("epochs", given.epochs, recipe, mnist.N_TRAIN[given.data])
    check_batch_size(recipe.batch_size, given.replicas or 1)
    extras.require("train")
    if backend == "jax":
        extras.require("jax")
    output_dir = given.output_dir or f"out/{recipe.name}"
    # The sample needs no TensorFlow, so that a mistake in these flags is refused at once. The whole
    # set is read later, and no directory is made before.
    sample = mnist.load(given.data, given.data_dir) if given.data == "sample" else None
    # The chief alone needs the directory.
    if given.strategy != "multiworker" or cluster.from_environment().is_chief:
        check_possible(output_dir)
        results.check_ours(output_dir)
        if sample and given.strategy != "multiworker":
            writable(output_dir)
    terms = {"recipe": recipe.to_spec(), "epochs": given.epochs, "port": given.port}
    os.environ["KERAS_BACKEND"] = backend  # Keras reads it when it is imported
    started = job.start(
        given.strategy, terms, given.replicas, given.cluster_timeout, given.job_key, backend
    )
    from tf_recipes import training  # imports the backend

    with started:
        training.train(
            recipe,
            sample or mnist.load(given.data, given.data_dir),
            given.epochs,
            output_dir,
            given.port,
            checkpoint_steps=given.checkpoint_steps,
            checkpoint_seconds=given.checkpoint_seconds,
            job=started,
        )

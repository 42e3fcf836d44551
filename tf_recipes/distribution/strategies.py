"""Makes the strategies, and prepares models for them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tf_recipes._support import step_variables, validation
from tf_recipes.distribution.replicated_loop import DistributedLoop


def mirrored(replicas: int | None = None) -> tf.distribute.MirroredStrategy:
    """Returns a `tf.distribute.MirroredStrategy` over this machine's GPUs, or over its CPU.

    Call it before TensorFlow has started its devices.

    Args:
        replicas: int >= 1, the number of GPUs to use, or of logical CPU devices on a machine
            without GPUs. None: all GPUs, or 1 CPU device.

    Raises:
        ValueError: if there are fewer GPUs than replicas.
        RuntimeError: if TensorFlow has started its devices already.
    """
    if replicas is not None:
        validation.whole("replicas", replicas, 1)
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        replicas = replicas or len(gpus)
        if replicas > len(gpus):
            validation.fail(
                "Each replica needs a GPU of its own.",
                f"replicas={replicas}, GPUs={len(gpus)}",
                f"Pass replicas={len(gpus)}, or fewer.",
            )
        return tf.distribute.MirroredStrategy([f"GPU:{k}" for k in range(replicas)])
    replicas = replicas or 1
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
    tf.config.set_logical_device_configuration(cpu, parts)
    return tf.distribute.MirroredStrategy([f"CPU:{k}" for k in range(replicas)])


def multiworker() -> tf.distribute.MultiWorkerMirroredStrategy:
    """Returns a `tf.distribute.MultiWorkerMirroredStrategy` over the workers of `TF_CONFIG`.

    Call it before TensorFlow has started its devices, and after `peers.meet` has connected all
    workers, because TensorFlow waits for missing workers forever.
    """
    return tf.distribute.MultiWorkerMirroredStrategy()


@contextlib.contextmanager
def scope(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """Enters `strategy.scope()`, in which metrics are summed when read, not at every step.

    Keras makes a metric's variables "sum" variables. TensorFlow would all-reduce them at each
    update, which takes four more messages a step.
    """

    def summed_on_read(make: Callable[..., Any], **arguments: Any) -> Any:
        if arguments.get("aggregation") == tf.VariableAggregation.SUM:
            arguments["synchronization"] = tf.VariableSynchronization.ON_READ
        return make(**arguments)

    with strategy.scope(), tf.variable_creator_scope(summed_on_read):
        yield


def prepare(model: keras.Model, strategy: tf.distribute.Strategy) -> None:
    """Creates the variables of the optimizer and the metrics, which no loop can create.

    Args:
        model: a compiled, built `keras.Model` with one output, made in `scope`.
        strategy: the strategy of that `scope`.

    Raises:
        ValueError: if the model's results would depend on the number of replicas.
    """
    optimizer = model.optimizer
    if strategy.num_replicas_in_sync > 1:
        _check_optimizer(optimizer)
        _check_layers(model)
    with scope(strategy):
        step_variables.create(model)


def loop(model: keras.Model, kind: str, strategy: tf.distribute.Strategy) -> DistributedLoop:
    """Returns the `DistributedLoop` of `kind` "train" or "test" for a model made in `scope`."""
    prepare(model, strategy)
    step = model.train_step if kind == "train" else model.test_step
    return DistributedLoop(model, step, strategy)


def _check_layers(model: keras.Model) -> None:
    """Checks that no layer is one of Keras' layers that depend on the number of replicas."""
    for layer in model.layers:
        if type(layer) in (keras.layers.BatchNormalization, keras.layers.Dropout):
            kind = type(layer).__name__
            validation.fail(
                "On several replicas the model may not have Keras' BatchNormalization or Dropout,"
                " which compute with the rows of their own replica only.",
                f"layer {layer.name!r}, keras.layers.{kind}",
                f"Use tf_recipes.{kind} instead, as port='exact' does.",
            )


def _check_optimizer(optimizer: Any) -> None:
    """Checks that the optimizer changes no replica's gradients before they are summed."""
    for name in ("clipvalue", "clipnorm", "global_clipnorm"):
        if getattr(optimizer, name, None) is not None:
            validation.fail(
                "On several replicas the optimizer may not clip: it would clip each replica's"
                " gradients before they are summed, so that the result would depend on the number"
                " of replicas.",
                f"{name}={getattr(optimizer, name)!r}",
                "Use tf_recipes.GradientClippingModel instead, as port='exact' does.",
            )
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        validation.fail(
            "Several replicas cannot keep a loss scale.",
            "optimizer=LossScaleOptimizer",
            "Use dtype='float32', which needs no loss scale.",
        )

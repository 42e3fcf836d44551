"""The strategies by name, and how a model is built under one."""

import contextlib

import keras
import numpy as np
import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes.distribution.replicated_loop import DistributedLoop


def mirrored(replicas=None):
    """A `tf.distribute.MirroredStrategy` over this machine's GPUs, or over its CPU in parts.

    Call it before TensorFlow has started its devices.

    Args:
        replicas: int >= 1, how many GPUs to take, or parts to make of the CPU where there is none;
            None: all GPUs, or 1 part.

    Raises:
        ValueError: for more replicas than GPUs.
        RuntimeError: TensorFlow's, where it has started its devices already.
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
                "Take as many as there are.",
            )
        return tf.distribute.MirroredStrategy([f"GPU:{k}" for k in range(replicas)])
    replicas = replicas or 1
    cpu = tf.config.list_physical_devices("CPU")[0]
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
    tf.config.set_logical_device_configuration(cpu, parts)
    return tf.distribute.MirroredStrategy([f"CPU:{k}" for k in range(replicas)])


def multiworker():
    """A `tf.distribute.MultiWorkerMirroredStrategy` over the workers of `TF_CONFIG`.

    Call it before TensorFlow has started its devices, and once `peers.meet` has found all workers:
    it waits for them without an end.
    """
    return tf.distribute.MultiWorkerMirroredStrategy()


@contextlib.contextmanager
def scope(strategy):
    """As `strategy.scope()`; besides, metrics are added up when read, not at every step.

    Keras makes a metric's variables "sum" variables, which TensorFlow would all-reduce at each
    update: four messages a step more.
    """

    def summed_on_read(make, **arguments):
        if arguments.get("aggregation") == tf.VariableAggregation.SUM:
            arguments["synchronization"] = tf.VariableSynchronization.ON_READ
        return make(**arguments)

    with strategy.scope(), tf.variable_creator_scope(summed_on_read):
        yield


def prepare(model, strategy):
    """Makes every variable that the first step would make, which it cannot inside a loop.

    Args:
        model: a compiled, built `keras.Model` with one output, made in `scope`.
        strategy: the same strategy.
    """
    optimizer = model.optimizer
    if strategy.num_replicas_in_sync > 1:
        _check_optimizer(optimizer)
        _check_layers(model)
    with scope(strategy):
        if not optimizer.built:
            optimizer.build(model.trainable_variables)
        for metric in model.metrics:
            if not getattr(metric, "built", True):
                outputs = np.zeros((1, *model.output_shape[1:]), "float32")
                metric.build(np.zeros((1,), "int64"), outputs)


def loop(model, kind, strategy):
    """The `DistributedLoop` of `kind` "train" or "test" for a model made in `scope`."""
    prepare(model, strategy)
    step = model.train_step if kind == "train" else model.test_step
    return DistributedLoop(model, step, strategy)


def _check_layers(model):
    """Refuses Keras' layers whose numbers depend on how the batch is shared out."""
    for layer in model.layers:
        if type(layer) in (keras.layers.BatchNormalization, keras.layers.Dropout):
            kind = type(layer).__name__
            validation.fail(
                "On several replicas Keras' BatchNormalization and Dropout do not do what they do"
                " on one: they know their own rows alone.",
                f"layer {layer.name!r}, keras.layers.{kind}",
                f"Take tf_recipes.{kind} (--port=exact).",
            )


def _check_optimizer(optimizer):
    """Refuses what Keras' optimizers do to each replica's gradients before they are added up."""
    for name in ("clipvalue", "clipnorm", "global_clipnorm"):
        if getattr(optimizer, name, None) is not None:
            validation.fail(
                "The optimizer's own clipping works on each replica's gradients before they are"
                " added up, so that the result depends on the number of replicas.",
                f"{name}={getattr(optimizer, name)!r}",
                "Take GradientClippingModel (--port=exact), which clips their sum.",
            )
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        validation.fail(
            "A loss scale cannot be kept by several replicas.",
            "optimizer=LossScaleOptimizer",
            "Take dtype float32.",
        )

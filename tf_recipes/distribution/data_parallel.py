"""Divides each batch among the devices of this machine, on Keras' JAX backend."""

import os
from typing import Any

from tf_recipes._support import validation
from tf_recipes.distribution.single_process import SingleProcess

# JAX reads it when it starts its devices: into how many it divides the processor.
_FLAG = "--xla_force_host_platform_device_count"


class DataParallel(SingleProcess):
    """Trains on several devices of one process, by `keras.distribution.DataParallel`.

    TF1: a tower for each GPU, and the mean of their gradients. Here the step is one program over
    the global batch, which XLA divides: sums over the batch, such as a mean, batch norm's
    statistics or a gradient, are sums over all devices.

    Create it before JAX has started its devices, and before the model is built.

    Args:
        replicas: int >= 1, the number of GPUs to use, or of parts of the processor on a machine
            without GPUs. None: all GPUs, or one part.

    Attributes:
        replicas: int, the number of devices.
        strategy: the `keras.distribution.DataParallel`.

    Raises:
        ValueError: if there are fewer devices than replicas.
    """

    strategy: Any

    def __init__(self, replicas: int | None = None) -> None:
        if replicas is not None:
            validation.whole("replicas", replicas, 1)
            # It concerns the processor alone. What a person has set stands behind it, and counts.
            given = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{_FLAG}={replicas} {given}".strip()
        import keras

        devices = keras.distribution.list_devices()
        if replicas is not None and replicas > len(devices):
            validation.fail(
                "Each replica needs a device of its own.",
                f"replicas={replicas}, devices={len(devices)}",
                f"Pass replicas={len(devices)}, or fewer.",
            )
        self.replicas = replicas or len(devices)
        self.strategy = keras.distribution.DataParallel(devices=devices[: self.replicas])
        self._before = keras.distribution.distribution()
        keras.distribution.set_distribution(self.strategy)

    def __exit__(self, *exception: object) -> None:
        import keras

        keras.distribution.set_distribution(self._before)

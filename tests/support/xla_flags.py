"""Holds the flags with which XLA compiles in the tests: quickly, for code that runs a few times.

Compiling takes two thirds of the time of a small `fit`: LLVM's optimizations a part of it, and the
generator of fused kernels, which makes them by MLIR, the most. XLA reads the variable XLA_FLAGS
once in each process. A test of `tests/fast_fit/test_loop.py` trains with XLA's own settings.

TensorFlow and JAX each bring an XLA of their own, which ends its process at a flag that it does not
know. The flags of this module are those of TensorFlow's; `on` leaves out what JAX's has no more.
"""

import functools
import os
import subprocess
import sys

import limits

_QUICK = (
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
)
QUICK = " ".join(_QUICK)


def on(backend, *flags):
    """Returns the environment variables of a process on one of Keras' backends.

    Args:
        backend: "jax", or another of Keras' backends, whose processes take this process' flags.
        flags: more flags of XLA, for a process on JAX.
    """
    if backend != "jax":
        return {"KERAS_BACKEND": backend}
    return {"KERAS_BACKEND": "jax", "XLA_FLAGS": " ".join((*_known_to_jax(), *flags))}


@functools.cache
def _known_to_jax():
    """Returns the flags of `QUICK` with which JAX's XLA starts: each is tried in a process."""
    program = "from jaxlib import xla_client; xla_client.make_cpu_client()"
    tried = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "XLA_FLAGS": flag},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for flag in _QUICK
    ]
    return [
        flag
        for flag, process in zip(_QUICK, tried, strict=True)
        if process.wait(limits.PROCESS) == 0
    ]

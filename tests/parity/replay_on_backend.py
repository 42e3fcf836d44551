"""Replays every recorded trace with the exact port's blocks, on this process' Keras backend.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/parity/replay_on_backend.py FILE [TRACE ...]

FILE is JSON: `{trace: {ratio, step, variable, drift}}`, the worst of each trace, and the optimizers
of `tests/support/optimizer_table.py` that differ from TF1. `products` are the settings of float32
products before, within and after `use_float32_products`.

On JAX XLA compiles the steps, as in `fit`; one by one, their primitives take five times as long.
The trace EAGER is replayed without, as the migration check does, and stands under that name, too.
"""

import functools
import gc
import json
import sys
from pathlib import Path
from unittest import mock

import keras
import numpy as np

import optimizer_table
from tf_recipes import models
from tf_recipes._support.precision import use_float32_products
from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.replay import replay

EAGER = "best_practice"


def settings():
    """Returns the backend's settings of float32 products."""
    if keras.backend.backend() == "jax":
        import jax

        return [jax.config.jax_default_matmul_precision]
    import torch

    backends = torch.backends
    tf32 = [backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32]
    return [torch.get_float32_matmul_precision(), *tf32]


def products():
    """Returns the settings before, within and after `use_float32_products`."""
    before = settings()
    with use_float32_products():
        within = settings()
    return [before, within, settings()]


def compiled_replay(reference):
    """Replays a trace with the exact port; XLA compiles its step where Keras can have it so."""
    if keras.backend.backend() != "jax":
        return replay(reference, "exact")
    build = models.build

    @functools.wraps(build)
    def compiled(*given, **named):
        return build(*given, **{**named, "jit_compile": True})

    with mock.patch.object(models, "build", compiled):
        return replay(reference, "exact")


def worst(reference, replayed):
    """Returns what a replay is judged by."""
    compared = comparison.compare(reference, "exact", replayed)
    return {
        "ratio": compared.worst.ratio,
        "step": compared.worst.step,
        "variable": compared.worst.variable,
        "drift": compared.worst.drift,
        "finite": bool(np.isfinite(compared.losses).all()),
        "losses": float(np.max(np.abs(compared.losses / reference.losses - 1))),
    }


def main(file, *names):
    gc.freeze()  # each `clear_session` searches what stays, else
    found, eager = {}, {}
    for path in references.trace_files():
        if names and path.stem not in names:
            continue
        keras.utils.clear_session()
        reference = trace.load(path)
        found[path.stem] = worst(reference, compiled_replay(reference))
        if path.stem == EAGER:
            eager = worst(reference, replay(reference, "exact"))
        print(path.stem, found[path.stem], flush=True)
    differing = optimizer_table.differing("unique", ["parts"])
    optimizers = {" ".join(case): value for case, value in differing.items()}
    results = {
        "backend": keras.backend.backend(),
        "traces": found,
        "eager": eager,
        "optimizers": optimizers,
        "products": products(),
    }
    Path(file).write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Replays every recorded trace with the exact port's blocks, on this process' Keras backend.

    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python tests/parity/replay_on_backend.py FILE [TRACE ...]

FILE is JSON: `{trace: {ratio, step, variable, drift}}`, the worst of each trace, and the optimizers
of `tests/support/optimizer_table.py` that differ from TF1. The training step
is Keras' own, because those of `FastFitModel` and `GradientClippingModel` need TensorFlow. All else
is the port's: layers, optimizers, schedules, regularizers, constraints, and the recorded masks.
Gradients are clipped by the optimizer's `clipvalue`, which does what TF1's `tf.clip_by_value` does.
"""

import dataclasses
import json
import sys
from pathlib import Path

import keras
import numpy as np

import optimizer_table
from tf_recipes import models
from tf_recipes.parity import comparison, references, trace
from tf_recipes.parity.replay import Replay, tf1_variables, with_recorded_masks
from tf_recipes.ports import EXACT


def clipping(recipe, learning_rate):
    """Returns the exact port's optimizer, which clips gradients itself where the recipe does."""
    optimizer = EXACT.optimizer(recipe, learning_rate)
    optimizer.clipvalue = recipe.clip_value
    return optimizer


PORT = dataclasses.replace(
    EXACT,
    dropout=with_recorded_masks(EXACT.dropout),
    optimizer=clipping,
    model=lambda recipe, inputs, outputs: keras.Model(inputs, outputs),
)


def replay(reference):
    """Trains from the trace's weights on its batches; returns a `Replay`."""
    keras.utils.clear_session()
    model = models.build(reference.recipe, PORT, metrics=[])
    variables = tf1_variables(model, reference.recipe)
    for name, variable in variables.items():
        variable.assign(reference.initial[name])
    pixels, losses, recorded = reference.pixels(), [], {}
    for step, rows in enumerate(reference.batches, start=1):
        for name, mask in reference.masks.items():
            model.get_layer(f"{name}_dropout").mask.assign(mask[step - 1])
        model.reset_metrics()
        losses.append(model.train_on_batch(pixels[rows], reference.labels[rows]))
        if step in reference.steps:
            recorded[step] = {name: number(value) for name, value in variables.items()}
    logits = model(pixels[: len(reference.logits)], training=False)
    # Keras' metric of the loss is float32 in any recipe
    return Replay(np.array(losses, np.float32), recorded, number(logits))


def number(tensor):
    return np.copy(keras.ops.convert_to_numpy(tensor))


def main(file, *names):
    found = {}
    for path in references.trace_files():
        if names and path.stem not in names:
            continue
        reference = trace.load(path)
        compared = comparison.compare(reference, "exact", replay(reference))
        worst = compared.worst
        found[path.stem] = {
            "ratio": worst.ratio,
            "step": worst.step,
            "variable": worst.variable,
            "drift": worst.drift,
            "finite": bool(np.isfinite(compared.losses).all()),
            "losses": float(np.max(np.abs(compared.losses / reference.losses - 1))),
        }
        print(path.stem, found[path.stem], flush=True)
    differing = optimizer_table.differing("unique", ["parts"])
    optimizers = {" ".join(case): value for case, value in differing.items()}
    results = {"backend": keras.backend.backend(), "traces": found, "optimizers": optimizers}
    Path(file).write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])

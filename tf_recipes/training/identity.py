"""What is trained on what, and with what: when two runs are the same run."""

import hashlib
import os
import platform

import numpy as np

from tf_recipes._support import validation, versions

FORMAT = 1  # of the checkpoints, and of what follows from a seed: one more when either changes
LISTED = 5  # differences in one message


def of(recipe, port, data, held_out):
    """What must be the same for training to go on: a dict for JSON.

    Args:
        recipe: a `Recipe`; its `steps` is not used, and left out.
        port: `"exact"`, `"textbook"` or a `Port`.
        data: a `Mnist`.
        held_out: int, training images set aside for validation.
    """
    spec = recipe.to_spec()
    del spec["steps"]
    digests = {name: _digest(array) for name, array in vars(data).items()}
    return {
        "format": FORMAT,
        "recipe": spec,
        "port": getattr(port, "name", port),
        "data": {**digests, "held_out": held_out},
    }


def surroundings():
    """What may change the last bits, yet not what is trained: versions and the machine."""
    return {
        **versions.installed(),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
    }


def differences(there, here):
    """A list of texts such as `recipe.seed: 3 there, 4 here`."""
    there, here = _flat(there), _flat(here)
    return [
        f"{key}: {_shown(there, key)} there, {_shown(here, key)} here"
        for key in dict.fromkeys([*there, *here])
        if key not in there or key not in here or there[key] != here[key]
    ]


def check(there, here, output_dir):
    """Refuses to train something else in a directory; the `ValueError` names the difference."""
    if found := differences(there, here):
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        validation.fail(
            "`output_dir` must be new, or hold the same training.",
            f"output_dir={str(output_dir)!r} with {'; '.join(found[:LISTED])}{more}",
            "Name another --output_dir, or remove that one.",
        )


def _digest(array):
    array = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array)
    return digest.hexdigest()


def _flat(value, prefix=""):
    if not isinstance(value, dict):
        return {prefix: value}
    flat = {}
    for key, item in value.items():
        flat.update(_flat(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _shown(flat, key):
    if key not in flat:
        return "nothing"
    digest = isinstance(flat[key], str) and len(flat[key]) == 2 * hashlib.sha256().digest_size
    return f"SHA-256 {flat[key][:8]}..." if digest else repr(flat[key])

"""Describes a training, so that two runs can be compared: recipe, port, data and libraries."""

import hashlib
import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation, versions

if TYPE_CHECKING:
    from tf_recipes.mnist import Mnist
    from tf_recipes.ports import Port
    from tf_recipes.recipe import Recipe

# The version of the checkpoints' format and of all that is derived from a seed. It must be raised
# whenever one of the two changes.
FORMAT = 1
MAX_LISTED = 5  # differences in one error text


def describe(
    recipe: "Recipe", port: "str | Port", data: "Mnist", held_out_count: int
) -> dict[str, Any]:
    """Returns all that must be equal for a run to continue, as a dict for JSON.

    Args:
        recipe: a `Recipe`; its `steps` is not used in training, and left out.
        port: `"exact"`, `"textbook"` or a `Port`.
        data: a `Mnist`.
        held_out_count: int, the number of training images held out for validation.
    """
    import keras  # here: what refuses a flag needs this module, and no backend

    spec = recipe.to_spec()
    del spec["steps"]
    digests = {name: _digest(array) for name, array in vars(data).items()}
    return {
        "format": FORMAT,
        "backend": keras.backend.backend(),
        "recipe": spec,
        "port": getattr(port, "name", port),
        "data": {**digests, "held_out": held_out_count},
    }


def surroundings() -> dict[str, Any]:
    """Returns all that may change only the last bits: versions and the machine."""
    return {
        **versions.installed(),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
    }


def differences(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    labels: tuple[str, str] = ("saved", "now"),
) -> list[str]:
    """Returns a text for each difference, such as `recipe.seed: 3 saved, 4 now`.

    Args:
        left, right: nested dicts.
        labels: the words after the values of `left` and of `right`.
    """
    flat_left, flat_right = _flat(left), _flat(right)
    return [
        f"{key}: {_shown(flat_left, key)} {labels[0]}, {_shown(flat_right, key)} {labels[1]}"
        for key in dict.fromkeys([*flat_left, *flat_right])
        if key not in flat_left or key not in flat_right or flat_left[key] != flat_right[key]
    ]


def check(
    saved: Mapping[str, Any], current: Mapping[str, Any], output_dir: str | os.PathLike[str]
) -> None:
    """Checks that the training saved in a directory is the current one.

    Raises:
        ValueError: if the two differ; the text names the differences.
    """
    if found := differences(saved, current):
        more = f" and {len(found) - MAX_LISTED} more" if len(found) > MAX_LISTED else ""
        validation.fail(
            "`output_dir` must be new, or hold the same training.",
            f"output_dir={str(output_dir)!r} with {'; '.join(found[:MAX_LISTED])}{more}",
            "Pass another directory, output_dir='DIR', or remove this one.",
        )


def _digest(array: NDArray[Any]) -> str:
    array = np.ascontiguousarray(array)
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
    digest.update(array.data)
    return digest.hexdigest()


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Returns a nested dict as a flat one, with keys such as `recipe.seed`."""
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat = {}
    for key, item in value.items():
        flat.update(_flat(item, f"{prefix}.{key}" if prefix else key))
    return flat


def _shown(flat: Mapping[str, Any], key: str) -> str:
    if key not in flat:
        return "nothing"
    is_digest = isinstance(flat[key], str) and len(flat[key]) == 2 * hashlib.sha256().digest_size
    return f"SHA-256 {flat[key][:8]}..." if is_digest else repr(flat[key])

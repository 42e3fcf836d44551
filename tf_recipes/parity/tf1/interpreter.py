"""Runs code on real TensorFlow 1.15, under another Python interpreter in a process of its own."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes._support import files
from tf_recipes.recipe import Recipe

TIMEOUT = 3600  # seconds for one run; a trace takes about two
PACKAGE = Path(__file__).parents[2]
# The files of this package that the originals import, besides the originals themselves.
SHARED = ("__init__.py", "recipe.py", "_support/__init__.py", "_support/validation.py")
MAKE_ENVIRONMENT = (
    "Make an environment with TensorFlow 1.15: run python scripts/create_tf1_environment.py, or "
    "call tf_recipes.parity.tf1.environment.create_environment()."
)

PathLike = str | os.PathLike[str]


class TF1Error(ValueError):
    """Says why real TensorFlow 1.15 cannot be run, and what to do."""


def default_directory() -> Path:
    """Returns the directory of the TF1 environment where the caller names no other."""
    return files.user_cache() / "tf1"


def python_of(directory: PathLike) -> Path:
    """Returns the path of the interpreter of an environment."""
    return Path(directory) / "bin" / "python"


def check(python: PathLike | None = None) -> Path:
    """Checks that an interpreter runs TensorFlow 1.15, and returns its absolute path.

    Args:
        python: an interpreter; None means that of the default directory.

    Raises:
        TF1Error: if the interpreter does not run, or has no TensorFlow 1.15.
    """
    python = python or python_of(default_directory())
    code = "import tensorflow as tf; print(tf.__version__)"
    try:
        version = output([python, "-W", "ignore", "-c", code])
    except (OSError, subprocess.SubprocessError) as error:
        raise TF1Error(
            f"{python}: does not run TensorFlow ({last_line(error)}). {MAKE_ENVIRONMENT}"
        ) from error
    if not version.startswith("1.15."):
        raise TF1Error(
            f"{python}: must have TensorFlow 1.15. Received: {version}. {MAKE_ENVIRONMENT}"
        )
    return _absolute(python)


def _absolute(python: PathLike) -> Path:
    """Returns the interpreter's absolute path; links are not followed."""
    return Path(os.path.abspath(shutil.which(python) or python))


def record(
    python: PathLike,
    recipe: Recipe,
    images: NDArray[np.uint8],
    labels: ArrayLike,
    batches: NDArray[np.int64],
    steps: Sequence[int],
    neighbours: int = 1,
) -> dict[str, NDArray[Any]]:
    """Records a trace of `recipe` under `python`.

    Args:
        python: an interpreter with TensorFlow 1.15.
        recipe: a `Recipe`.
        images: uint8 (n, 784), the pool.
        labels: (n,).
        batches: rows of the pool, (steps, batch_size).
        steps: after which steps to record the variables.
        neighbours: number of runs, each started one ulp away, for the sensitivity.

    Returns:
        The arrays of the trace by name.

    Raises:
        TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        job, out = Path(folder) / "job.npz", Path(folder) / "trace.npz"
        np.savez_compressed(
            job,
            spec=json.dumps(recipe.to_spec()),
            images=images,
            labels=labels,
            batches=batches,
            steps=steps,
            neighbours=neighbours,
        )
        run_module(python, "runners.record", [job, out])
        with np.load(out, allow_pickle=False) as file:
            return dict(file)


def run_module(python: PathLike, module: str, arguments: Sequence[PathLike]) -> None:
    """Runs `tf_recipes.originals.MODULE` under `python`.

    The originals run from a copy in a temporary folder, which alone is on Python's path. With all
    packages of this interpreter on its path, Python 3.7 would find libraries that it cannot read.

    Args:
        python: an interpreter with TensorFlow 1.15.
        module: the module's name below `tf_recipes.originals`.
        arguments: paths of files, which the module takes as its command line.

    Raises:
        TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy_originals(Path(folder))
        command: list[PathLike] = [
            _absolute(python),
            "-W",
            "ignore",
            "-m",
            f"tf_recipes.originals.{module}",
            *map(os.path.abspath, arguments),
        ]
        try:
            output(command, folder, PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2")
        except (OSError, subprocess.SubprocessError) as error:
            text = f"TensorFlow 1.15 failed under {python}: {last_line(error)}"
            raise TF1Error(text) from error


def copy_originals(folder: Path) -> None:
    """Copies the originals, and the files of this package that they import, into `folder`."""
    package = folder / "tf_recipes"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "originals", package / "originals", ignore=ignored)
    for name in SHARED:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, package / name)


def process_environment(**added: str) -> dict[str, str]:
    """Returns the environment variables for TF1's process: this process's, with some exceptions.

    Python's own variables are left out, because Python 3.7 cannot read the packages on this path.
    TensorFlow's variables are left out, because `TF2_BEHAVIOR`, which TensorFlow 2 sets when it is
    imported, gives TF1 other variables and other random numbers. XLA's are left out, because TF1
    ends at a flag in `XLA_FLAGS` that it does not know.

    Args:
        **added: variables to set.
    """
    left_out = ("PYTHONPATH", "PYTHONHOME", "TF_", "TF2_", "XLA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, **added}


def output(command: Sequence[PathLike], folder: PathLike | None = None, **added: str) -> str:
    """Runs a command and returns what it prints.

    Args:
        command: the program and its arguments.
        folder: the working directory; None means this process's.
        **added: environment variables to set.

    Raises:
        OSError: if the program cannot be started.
        subprocess.SubprocessError: if the program fails or runs into the timeout; the exception
            has its error output.
    """
    done = subprocess.run(
        [os.fspath(part) for part in command],
        check=True,
        cwd=folder,
        env=process_environment(**added),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    return done.stdout.strip()


def last_line(error: Exception) -> str:
    """Returns the last line of a failed command's error output, or of the exception's text."""
    printed = getattr(error, "stderr", None) or ""
    if isinstance(printed, bytes):  # after a timeout
        printed = printed.decode(errors="replace")
    return (printed.strip() or str(error)).splitlines()[-1]

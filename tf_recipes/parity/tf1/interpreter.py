"""An interpreter with real TensorFlow 1.15, and what runs under it, in a process of its own."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

TIMEOUT = 3600  # seconds for one run; a trace takes about two
PACKAGE = Path(__file__).parents[2]
# What the originals need of this package, besides themselves.
SHARED = ("__init__.py", "recipe.py", "_support/__init__.py", "_support/validation.py")


class TF1Error(ValueError):
    """Real TensorFlow 1.15 cannot be run; the text says why and what to do."""


def default_directory():
    """Where the environment is kept unless the user says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tf_recipes" / "tf1"


def python_of(directory):
    """The environment's interpreter."""
    return Path(directory) / "bin" / "python"


def check(python=None):
    """`python`, or that of the default directory, once seen to run TF 1.15; else `TF1Error`."""
    python = python or python_of(default_directory())
    code = "import tensorflow as tf; print(tf.__version__)"
    try:
        version = output([python, "-W", "ignore", "-c", code])
    except (OSError, subprocess.SubprocessError) as error:
        raise TF1Error(
            f"{python}: does not run TensorFlow ({last_line(error)}). Make an environment that "
            "does with scripts/create_tf1_environment.py."
        ) from error
    if not version.startswith("1.15."):
        raise TF1Error(
            f"{python}: must have TensorFlow 1.15. Received: {version}. Make an environment that "
            "has with scripts/create_tf1_environment.py."
        )
    return _absolute(python)


def _absolute(python):
    """The interpreter's path, good from any working directory; links are not followed."""
    return Path(os.path.abspath(shutil.which(python) or python))


def record(python, recipe, images, labels, batches, steps, neighbours=1):
    """The arrays of a trace of `recipe`, recorded by `python`.

    Raises:
        TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        job, out = Path(folder) / "job.npz", Path(folder) / "trace.npz"
        arrays = {"images": images, "labels": labels, "batches": batches, "steps": steps}
        spec = json.dumps(recipe.to_spec())
        np.savez_compressed(job, spec=spec, neighbours=neighbours, **arrays)
        run_module(python, "runners.record", [job, out])
        with np.load(out, allow_pickle=False) as file:
            return dict(file)


def run_module(python, module, arguments):
    """Runs `tf_recipes.originals.MODULE` under `python`, which sees nothing else of this package.

    The originals are lent a folder of their own: with the whole of this interpreter's packages on
    its path, Python 3.7 would find libraries that it cannot read.
    """
    with tempfile.TemporaryDirectory() as folder:
        lend(Path(folder))
        command = [
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


def lend(folder):
    """Copies the originals and what they need of this package into `folder`."""
    package = folder / "tf_recipes"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "originals", package / "originals", ignore=ignored)
    for name in SHARED:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, package / name)


def variables(**added):
    """The environment for TF1's interpreter: this one's, with two things of ours kept from it.

    Python's path, since Python 3.7 cannot read what lies there, and TensorFlow's variables, since
    `TF2_BEHAVIOR`, which TensorFlow 2 sets when it is imported, gives TF1 other variables and other
    random numbers.
    """
    ours = ("PYTHONPATH", "PYTHONHOME", "TF_", "TF2_")
    return {**{k: v for k, v in os.environ.items() if not k.startswith(ours)}, **added}


def output(command, folder=None, **added):
    """What the command prints; its errors go with the exception."""
    done = subprocess.run(
        [os.fspath(part) for part in command],
        check=True,
        cwd=folder,
        env=variables(**added),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    return done.stdout.strip()


def last_line(error):
    """What the command said last, or else what became of it."""
    said = getattr(error, "stderr", None) or ""
    if isinstance(said, bytes):  # after a timeout
        said = said.decode(errors="replace")
    return (said.strip() or str(error)).splitlines()[-1]

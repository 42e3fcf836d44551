"""Real TensorFlow 1.15 on Python 3.7, in an environment and processes of its own."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from tf_recipes.parity import trace

REQUIREMENTS = ("tensorflow==1.15.5", "protobuf<3.21", "numpy<1.19")
TIMEOUT = 3600  # seconds for one run; a trace takes about two
PACKAGE = Path(__file__).parent.parent


class TF1Error(ValueError):
    """Real TensorFlow 1.15 cannot be run; the text says why and what to do."""


def default_directory():
    """Where the environment is kept unless the user says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "tf_recipes" / "tf1"


def python_of(directory):
    """The environment's interpreter."""
    return Path(directory) / "bin" / "python"


def find_python37():
    """A Python 3.7: on the path, or among pyenv's; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which("python3.7"), *sorted(pyenv.glob("versions/3.7*/bin/python"))]
    for candidate in filter(None, found):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            if _output([candidate, "-c", "import sys; print(sys.version_info[:2])"]) == "(3, 7)":
                return Path(candidate)
    return None


def create_environment(directory=None, python37=None):
    """Makes a virtual environment with TensorFlow 1.15.5, or finds it made.

    Returns:
        Its interpreter.

    Raises:
        TF1Error: without Python 3.7, or if the installation fails.
    """
    directory = Path(directory or default_directory())
    python = python_of(directory)
    with contextlib.suppress(TF1Error):
        return check(python)
    python37 = python37 or find_python37()
    if python37 is None:
        raise TF1Error(
            "TensorFlow 1.15 needs Python 3.7. Received: none on the path or under pyenv. "
            "Install it (pyenv install 3.7), or name it with --python37."
        )
    partial = directory.with_name(f".{directory.name}.{os.getpid()}")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        _output([python37, "-m", "venv", partial])
        _output([python_of(partial), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        shutil.rmtree(directory, ignore_errors=True)
        partial.rename(directory)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines() or ["no message"]
        raise TF1Error(f"TensorFlow 1.15.5 could not be installed: {lines[-1]}") from error
    except OSError as error:
        raise TF1Error(f"{directory}: cannot be made ({error}).") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return check(python)


def check(python):
    """`python`, once it has been seen to run TensorFlow 1.15; else `TF1Error`."""
    code = "import tensorflow as tf; print(tf.__version__)"
    try:
        version = _output([python, "-W", "ignore", "-c", code])
    except (OSError, subprocess.SubprocessError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        raise TF1Error(
            f"{python}: does not run TensorFlow ({reason}). Make an environment that does with "
            "scripts/create_tf1_environment.py."
        ) from error
    if not version.startswith("1.15."):
        raise TF1Error(
            f"{python}: must have TensorFlow 1.15. Received: {version}. Make an environment that "
            "has with scripts/create_tf1_environment.py."
        )
    return Path(python)


def record(python, recipe, images, labels, batches, steps):
    """The arrays of a trace of `recipe`, recorded by `python`.

    Raises:
        TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    with tempfile.TemporaryDirectory() as folder:
        job, out = Path(folder) / "job.npz", Path(folder) / "trace.npz"
        spec = json.dumps(recipe.to_spec())
        trace.save(
            job,
            {"spec": spec, "images": images, "labels": labels, "batches": batches, "steps": steps},
        )
        run_module(python, "record", [job, out])
        with np.load(out, allow_pickle=False) as file:
            return dict(file)


def run_module(python, module, arguments):
    """Runs `tf_recipes.originals.MODULE` under `python`, which sees nothing else of this package.

    The originals are lent a folder of their own: with the whole of this interpreter's packages on
    its path, Python 3.7 would find libraries that it cannot read.
    """
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "tf_recipes"
        shutil.copytree(PACKAGE / "originals", package / "originals", ignore=_caches)
        for name in ("__init__.py", "recipe.py", "validation.py"):
            shutil.copy(PACKAGE / name, package / name)
        command = [
            python,
            "-W",
            "ignore",
            "-m",
            f"tf_recipes.originals.{module}",
            *map(os.path.abspath, arguments),
        ]
        environment = {**os.environ, "PYTHONPATH": folder, "TF_CPP_MIN_LOG_LEVEL": "2"}
        try:
            _output(command, env=environment, cwd=folder)
        except (OSError, subprocess.SubprocessError) as error:
            lines = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            raise TF1Error(f"TensorFlow 1.15 failed under {python}: {lines[-1]}") from error


_caches = shutil.ignore_patterns("__pycache__")


def _output(command, **options):
    """What the command prints; its errors go with the exception."""
    done = subprocess.run(
        [os.fspath(part) for part in command],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        **options,
    )
    return done.stdout.strip()

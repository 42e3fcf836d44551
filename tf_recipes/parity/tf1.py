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
    return next((Path(each) for each in found if each and _is_python37(each)), None)


def _is_python37(python):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return _output([python, "-c", "import sys; print(sys.version_info[:2])"]) == "(3, 7)"
    return False


def create_environment(directory=None, python37=None):
    """Makes a virtual environment with TensorFlow 1.15.5, or finds it made.

    Nothing that is already there is removed or written over.

    Returns:
        Its interpreter.

    Raises:
        TF1Error: without Python 3.7, in a directory with other things, or if the installation
            fails.
    """
    directory = Path(os.path.abspath(directory or default_directory()))
    python = python_of(directory)
    with contextlib.suppress(TF1Error):
        return check(python)
    python37 = _python37(python37)
    partial = directory.with_name(f".{directory.name}.{os.getpid()}")
    try:
        _refuse_foreign(directory)
        directory.parent.mkdir(parents=True, exist_ok=True)
        _output([python37, "-m", "venv", partial])
        _output([python_of(partial), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        _move(partial, directory)
    except subprocess.SubprocessError as error:
        text = f"TensorFlow 1.15.5 could not be installed: {_last_line(error)}"
        raise TF1Error(text) from error
    except OSError as error:
        raise TF1Error(f"{directory}: cannot be made ({error}).") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return check(python)


def _python37(named):
    """`named` if it is a Python 3.7, or one that is found."""
    if named is not None and not _is_python37(named):
        raise TF1Error(
            f"TensorFlow 1.15 needs Python 3.7. Received: --python37={named}, which is not. "
            "Name another, or leave it out to have one looked for."
        )
    python37 = named or find_python37()
    if python37 is None:
        raise TF1Error(
            "TensorFlow 1.15 needs Python 3.7. Received: none on the path or under pyenv. "
            "Install it (pyenv install 3.7), or name it with --python37."
        )
    return python37


def _refuse_foreign(directory):
    """Only a new or an empty directory is ours to fill."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TF1Error(
            "The environment needs a directory that is new or empty. "
            f"Received: {directory}, which has other things and no TensorFlow 1.15. "
            "Remove it, or name another with --directory."
        )


def _move(partial, directory):
    """Into its place, unless another process has been faster."""
    try:
        partial.rename(directory)
    except OSError:
        if not python_of(directory).exists():
            raise


def check(python=None):
    """`python`, or that of the default directory, once seen to run TF 1.15; else `TF1Error`."""
    python = python or python_of(default_directory())
    code = "import tensorflow as tf; print(tf.__version__)"
    try:
        version = _output([python, "-W", "ignore", "-c", code])
    except (OSError, subprocess.SubprocessError) as error:
        raise TF1Error(
            f"{python}: does not run TensorFlow ({_last_line(error)}). Make an environment that "
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
        trace.save(job, {"spec": spec, "neighbours": neighbours, **arrays})
        run_module(python, "record", [job, out])
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
            _output(command, folder, PYTHONPATH=folder, TF_CPP_MIN_LOG_LEVEL="2")
        except (OSError, subprocess.SubprocessError) as error:
            text = f"TensorFlow 1.15 failed under {python}: {_last_line(error)}"
            raise TF1Error(text) from error


def lend(folder, more=()):
    """Copies the originals, what they need and the files `more` of this package into `folder`."""
    package = folder / "tf_recipes"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE / "originals", package / "originals", ignore=ignored)
    for name in ("__init__.py", "recipe.py", "validation.py", *more):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, package / name)


def environment(**variables):
    """The environment for TF1's interpreter: this one's, with two things of ours kept from it.

    Python's path, since Python 3.7 cannot read what lies there, and TensorFlow's variables, since
    `TF2_BEHAVIOR`, which TensorFlow 2 sets when it is imported, gives TF1 other variables and other
    random numbers.
    """
    ours = ("PYTHONPATH", "PYTHONHOME", "TF_", "TF2_")
    return {**{k: v for k, v in os.environ.items() if not k.startswith(ours)}, **variables}


def _output(command, folder=None, **variables):
    """What the command prints; its errors go with the exception."""
    done = subprocess.run(
        [os.fspath(part) for part in command],
        check=True,
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    return done.stdout.strip()


def _last_line(error):
    """What the command said last, or else what became of it."""
    said = getattr(error, "stderr", None) or ""
    if isinstance(said, bytes):  # after a timeout
        said = said.decode(errors="replace")
    return (said.strip() or str(error)).splitlines()[-1]

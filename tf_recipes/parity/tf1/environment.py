"""The environment with TensorFlow 1.15.5 on Python 3.7: found, or made."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from tf_recipes.parity.tf1.interpreter import (
    TF1Error,
    check,
    default_directory,
    last_line,
    output,
    python_of,
)

REQUIREMENTS = ("tensorflow==1.15.5", "protobuf<3.21", "numpy<1.19")


def find_python37():
    """A Python 3.7: on the path, or among pyenv's; None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [shutil.which("python3.7"), *sorted(pyenv.glob("versions/3.7*/bin/python"))]
    return next((Path(each) for each in found if each and _is_python37(each)), None)


def _is_python37(python):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return output([python, "-c", "import sys; print(sys.version_info[:2])"]) == "(3, 7)"
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
        output([python37, "-m", "venv", partial])
        output([python_of(partial), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        _move(partial, directory)
    except subprocess.SubprocessError as error:
        text = f"TensorFlow 1.15.5 could not be installed: {last_line(error)}"
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

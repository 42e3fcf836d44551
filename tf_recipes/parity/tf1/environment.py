"""Finds or makes the environment with TensorFlow 1.15.5 on Python 3.7."""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from tf_recipes.parity.tf1.interpreter import (
    PathLike,
    TF1Error,
    check,
    default_directory,
    last_line,
    output,
    python_of,
)

REQUIREMENTS = ("tensorflow==1.15.5", "protobuf<3.21", "numpy<1.19")


def find_python37() -> Path | None:
    """Returns a Python 3.7 on the path or among pyenv's versions, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates = [shutil.which("python3.7"), *sorted(pyenv.glob("versions/3.7*/bin/python"))]
    return next((Path(each) for each in candidates if each and _is_python37(each)), None)


def _is_python37(python: PathLike) -> bool:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return output([python, "-c", "import sys; print(sys.version_info[:2])"]) == "(3, 7)"
    return False


def create_environment(directory: PathLike | None = None, python37: PathLike | None = None) -> Path:
    """Makes a virtual environment with TensorFlow 1.15.5, unless `directory` already holds one.

    Nothing in `directory` is removed or written over.

    Args:
        directory: where to make the environment; None means the user's cache.
        python37: a Python 3.7; None means that one is looked for.

    Returns:
        The environment's interpreter.

    Raises:
        TF1Error: if there is no Python 3.7, if the directory holds other files, or if the
            installation fails.
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


def _python37(named: PathLike | None) -> PathLike:
    """Returns `named` after a check of its version, or a Python 3.7 of this machine."""
    if named is not None and not _is_python37(named):
        raise TF1Error(
            f"TensorFlow 1.15 needs Python 3.7. Received: python37={os.fspath(named)!r}, which is "
            "another version or does not run. Pass a Python 3.7 as `python37`, or pass none to "
            "search the path and pyenv for one."
        )
    python37 = named or find_python37()
    if python37 is None:
        raise TF1Error(
            "TensorFlow 1.15 needs Python 3.7. Received: none on the path or under pyenv. "
            "Install Python 3.7 (pyenv install 3.7), or pass its path as `python37`."
        )
    return python37


def _refuse_foreign(directory: Path) -> None:
    """Raises a `TF1Error` unless the directory is new or empty."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise TF1Error(
            "The environment needs a directory that is new or empty. "
            f"Received: {directory}, which has other files and no TensorFlow 1.15. "
            "Remove these files, or pass another path as `directory`."
        )


def _move(partial: Path, directory: Path) -> None:
    """Renames the finished environment, unless another process has made the same one."""
    try:
        partial.rename(directory)
    except OSError:
        if not python_of(directory).exists():
            raise

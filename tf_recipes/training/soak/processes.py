"""Starts a training in a process that the soak test will kill, in one of two ways."""

import multiprocessing
import os
import pathlib
import subprocess
from collections.abc import Callable, Iterable


class StartCommand:
    """Starts a training by a command in a new process, as a user does.

    Args:
        words: the words of the command, without `--output_dir`.
    """

    def __init__(self, words: Iterable[str | os.PathLike[str]]) -> None:
        self._words = list(words)

    def __call__(self, output_dir: pathlib.Path) -> "TrainingProcess":
        """Starts the training in `output_dir`."""
        command = [*self._words, f"--output_dir={output_dir}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return TrainingProcess(process.poll, process.kill, process.wait)


class StartFork:
    """Starts a training in a copy of this process, which need not import TensorFlow again.

    This process may import TensorFlow, but must not run anything in it: threads do not survive a
    fork.

    Args:
        train: function of the output directory.
    """

    def __init__(self, train: Callable[[pathlib.Path], object]) -> None:
        self._train = train

    def __call__(self, output_dir: pathlib.Path) -> "TrainingProcess":
        """Starts the training in `output_dir`."""
        process = multiprocessing.get_context("fork").Process(
            target=_train_silently, args=(self._train, output_dir)
        )
        process.start()

        def wait() -> int | None:
            process.join()
            return process.exitcode

        return TrainingProcess(lambda: process.exitcode, process.kill, wait)


class TrainingProcess:
    """Represents one process that trains.

    Args:
        poll: function that returns the exit status, or None while the process runs.
        kill: function that sends SIGKILL.
        wait: function that waits for the end of the process and returns the exit status.
    """

    def __init__(
        self,
        poll: Callable[[], int | None],
        kill: Callable[[], None],
        wait: Callable[[], int | None],
    ) -> None:
        self.poll, self.kill, self.wait = poll, kill, wait


def _train_silently(train: Callable[[pathlib.Path], object], output_dir: pathlib.Path) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    train(output_dir)

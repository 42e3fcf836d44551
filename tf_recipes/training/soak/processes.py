"""Two ways to start a training that is going to be killed."""

import multiprocessing
import os
import subprocess


class Command:
    """A run as a new process: what a user starts.

    Args:
        words: the command, without its `--output_dir`.
    """

    def __init__(self, words):
        self._words = words

    def __call__(self, output_dir):
        command = [*self._words, f"--output_dir={output_dir}"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        return Life(process.poll, process.kill, process.wait)


class Fork:
    """A run as a copy of this process, which spares it the import of TensorFlow.

    TensorFlow may be imported here, and must not have run anything: threads do not survive a fork.

    Args:
        train: function of the output directory.
    """

    def __init__(self, train):
        self._train = train

    def __call__(self, output_dir):
        process = multiprocessing.get_context("fork").Process(
            target=_unheard, args=(self._train, output_dir)
        )
        process.start()

        def wait():
            process.join()
            return process.exitcode

        return Life(lambda: process.exitcode, process.kill, wait)


class Life:
    """One process.

    Args:
        poll: function that gives its exit status, or None while it runs.
        kill: function that sends SIGKILL.
        wait: function that waits for its end and gives its exit status.
    """

    def __init__(self, poll, kill, wait):
        self.poll, self.kill, self.wait = poll, kill, wait


def _unheard(train, output_dir):
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    train(output_dir)

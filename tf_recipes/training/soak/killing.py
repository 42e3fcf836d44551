"""Kills training at random moments, starts it again, and compares the bits at the end."""

import os
import pathlib
import random
import shutil
import tempfile
import time
from collections.abc import Callable

from tf_recipes.training import checkpoints
from tf_recipes.training.directory import PARTIAL
from tf_recipes.training.soak.processes import StartCommand, StartFork
from tf_recipes.training.soak.same_bits import differences

POLL = 0.0002  # seconds between two looks at a process; a save takes some milliseconds
STARTING, TRAINING, SAVING, FINISHING = "starting", "training", "saving", "finishing"
# Relative frequencies of the phases in which a process is killed. The last kill is in FINISHING.
SHARES = {STARTING: 1, TRAINING: 2, SAVING: 2}
MAX_SAVES = 5  # saves after which a process that trains or saves is killed at the latest


class SoakError(RuntimeError):
    """Says that a run ended with an error without being killed."""


def soak(
    start: StartCommand | StartFork,
    output_dir: str | os.PathLike[str],
    kills: int,
    seed: int,
    print_line: Callable[[str], object],
) -> bool:
    """Kills training `kills` times; returns whether it ends with the bits of an unkilled run.

    Each kill is a SIGKILL at a random moment: while the process starts, trains, or saves. The last
    kill is while the process writes the model. If a run ends before the last kill, it is compared,
    and another run begins.

    Args:
        start: a `processes.StartCommand` or a `processes.StartFork`.
        output_dir: the directory of the runs, created if necessary; they stay there if the bits
            differ.
        kills: int, the number of kills.
        seed: int, the seed of the moments.
        print_line: function that prints one line.

    Returns:
        True if the bits are equal; else False, and every difference is printed.

    Raises:
        SoakError: if a run ends with an error without being killed.
    """
    pathlib.Path(output_dir).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=output_dir, prefix="soak-"))
    reference = Run(start, folder / "reference")
    began, first = time.perf_counter(), _FirstSave()
    reference.train(first)
    print_line(f"without a kill: {time.perf_counter() - began:.1f} s")
    killer = Killer(random.Random(seed), kills, first.seconds, print_line)
    found: list[str] = []
    while not found and killer.done < kills:
        killed = Run(start, folder / f"killed-after-{killer.done}")
        killer.kill(killed)
        found = differences(reference.folder, killed.folder)
    for line in found:
        print_line(f"differs: {line}")
    if not found:
        shutil.rmtree(folder)
        print_line(f"killed {killer.done} times: the same bits")
    return not found


class Run:
    """Trains in one directory, in one process after the other.

    Args:
        start: see `soak`.
        folder: a `pathlib.Path`.
    """

    def __init__(self, start: StartCommand | StartFork, folder: pathlib.Path) -> None:
        self._start, self.folder = start, folder
        self._checkpoints = folder / checkpoints.FOLDER

    def train(self, kill_now: "_KillNow" = lambda run, seconds: False) -> float | None:
        """Trains to the end, or until `kill_now` returns True.

        Args:
            kill_now: function of this run and the seconds since the process started.

        Returns:
            The seconds until the process was killed, or None if it reached the end.

        Raises:
            SoakError: if the process ends with another status than 0.
        """
        process, began = self._start(self.folder), time.perf_counter()
        while process.poll() is None:
            seconds = time.perf_counter() - began
            if kill_now(self, seconds):
                process.kill()
                if process.wait() != 0:  # status 0: the process ended before the kill
                    return seconds
            time.sleep(POLL)
        if process.wait() != 0:
            raise SoakError(f"Training in {self.folder} ended with status {process.wait()}.")
        return None

    def saved(self) -> int:
        """Returns the step of the newest checkpoint, or -1 without a checkpoint."""
        steps = [int(path.stem[5:]) for path in self._checkpoints.glob("step-*.ckpt")]
        return max(steps, default=-1)

    def saving(self) -> bool:
        """Says whether a checkpoint is partly written."""
        return any(self._checkpoints.glob(".*.partial"))

    def finishing(self) -> bool:
        """Says whether the model and the history are being written."""
        return any(self.folder.glob(f"{PARTIAL}*"))


class _FirstSave:
    """Kills nothing, and notes when a run saves first.

    Attributes:
        seconds: float, from the start of the process to its first save; 1 if none was seen.
    """

    def __init__(self) -> None:
        self.seconds, self._seen = 1.0, False

    def __call__(self, run: Run, seconds: float) -> bool:
        if not self._seen and run.saved() >= 0:
            self.seconds, self._seen = seconds, True
        return False


# Function of a run and the seconds since its process started: whether to kill the process now.
_KillNow = Callable[[Run, float], bool]


class Killer:
    """Kills processes at random moments.

    Args:
        generator: a `random.Random`.
        kills: int, the number of kills.
        startup: float, the seconds from the start of a process to its first save.
        print_line: function that prints one line.

    Attributes:
        done: int, the number of kills so far.
    """

    def __init__(
        self,
        generator: random.Random,
        kills: int,
        startup: float,
        print_line: Callable[[str], object],
    ) -> None:
        self._random, self._kills, self._print_line = generator, kills, print_line
        self._startup = startup
        self.done = 0

    def kill(self, run: Run) -> None:
        """Kills the processes of a run until the run is finished or all kills are done."""
        while self.done < self._kills:
            last = self.done == self._kills - 1
            phase = FINISHING if last else self._random.choices([*SHARES], [*SHARES.values()])[0]
            before = run.saved()
            seconds = run.train(self._kill_condition(phase, before))
            if seconds is None:
                return
            self.done += 1
            self._print_line(
                f"kill {self.done}: after {seconds:.2f} s, while {phase}"
                f"{', a partly written file left' if run.saving() else ''}; "
                f"saved: step {before} before, {run.saved()} now"
            )
        run.train()

    def _kill_condition(self, phase: str, before: int) -> _KillNow:
        """Returns a function that says whether to kill a process now.

        Args:
            phase: STARTING, TRAINING, SAVING or FINISHING.
            before: int, the step of the newest checkpoint before the process started.
        """
        if phase == STARTING:
            wanted = self._random.uniform(0, self._startup)
            return lambda run, seconds: seconds >= wanted
        if phase == FINISHING:
            return lambda run, seconds: run.finishing()
        saves, rest = self._random.randint(1, MAX_SAVES), self._random.uniform(0, 0.03)
        saved_steps = {before}
        moment: float | None = None

        def training(run: Run, seconds: float) -> bool:
            nonlocal moment
            if (step := run.saved()) not in saved_steps:
                if len(saved_steps) == 1:
                    self._startup = seconds
                saved_steps.add(step)
            if moment is None and len(saved_steps) > saves:
                moment = seconds + rest
            return moment is not None and seconds >= moment

        def saving(run: Run, seconds: float) -> bool:
            return run.saving() and (training(run, seconds) or len(saved_steps) >= saves)

        return training if phase == TRAINING else saving

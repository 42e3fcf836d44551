"""Kills training at random moments, starts it again, and compares the bits at the end."""

import pathlib
import random
import shutil
import tempfile
import time

from tf_recipes.training import checkpoints
from tf_recipes.training.directory import PARTIAL
from tf_recipes.training.soak.same_bits import differences

POLL = 0.0002  # seconds; a save takes some milliseconds
STARTING, TRAINING, SAVING, FINISHING = "starting", "training", "saving", "finishing"
SHARES = {STARTING: 1, TRAINING: 2, SAVING: 2}  # of the kills; the last one is while finishing
FARTHEST = 5  # saves after which a process that trains or saves is killed


class SoakError(RuntimeError):
    """A run ended with an error of its own."""


def soak(start, output_dir, kills, seed, say):
    """Whether training that is killed `kills` times ends with the bits of one that is not.

    Each time the process dies by SIGKILL: while it starts, while it trains or in the middle of a
    save, at a moment drawn at random, the last time while it writes the model. A run that ends
    before the last kill is compared, and another one is begun.

    Args:
        start: a `lives.Command` or a `lives.Fork`.
        output_dir: directory for the runs, made if need be; they stay there if the bits differ.
        kills: int.
        seed: int, of the moments.
        say: function that prints one line.

    Returns:
        True, or False with each difference said.

    Raises:
        SoakError: if a run fails by itself.
    """
    pathlib.Path(output_dir).mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=output_dir, prefix="soak-"))
    reference = Run(start, folder / "reference")
    began = time.perf_counter()
    reference.live()
    say(f"in one go: {time.perf_counter() - began:.1f} s")
    killer = Killer(random.Random(seed), kills, say)
    found = []
    while not found and killer.done < kills:
        killed = Run(start, folder / f"killed-after-{killer.done}")
        killer.kill(killed)
        found = differences(reference.folder, killed.folder)
    for line in found:
        say(f"differs: {line}")
    if not found:
        shutil.rmtree(folder)
        say(f"killed {killer.done} times: the same bits")
    return not found


class Run:
    """A directory and the processes that train in it, one after the other.

    Args:
        start: see `soak`.
        folder: a `pathlib.Path`.
    """

    def __init__(self, start, folder):
        self._start, self.folder = start, folder
        self._checkpoints = folder / checkpoints.FOLDER

    def live(self, when=lambda run, seconds: False):
        """Trains until the end, or until `when` says so; the seconds until it was killed, or None.

        Raises:
            SoakError: if the process ends with another status than 0.
        """
        life, began = self._start(self.folder), time.perf_counter()
        while life.poll() is None:
            seconds = time.perf_counter() - began
            if when(self, seconds):
                life.kill()
                if life.wait() != 0:  # else it was quicker
                    return seconds
            time.sleep(POLL)
        if life.wait() != 0:
            raise SoakError(f"Training in {self.folder} ended with status {life.wait()}.")
        return None

    def saved(self):
        """The step of the newest checkpoint, -1 without any."""
        steps = [int(path.stem[5:]) for path in self._checkpoints.glob("step-*.ckpt")]
        return max(steps, default=-1)

    def saving(self):
        """Whether a checkpoint is half-written."""
        return any(self._checkpoints.glob(".*.partial"))

    def finishing(self):
        """Whether the model and the history are being written."""
        return any(self.folder.glob(f"{PARTIAL}*"))


class Killer:
    """Kills processes at random moments.

    Args:
        random: a `random.Random`.
        kills: int, how many in all.
        say: function that prints one line.
    """

    def __init__(self, random, kills, say):
        self._random, self._kills, self._say = random, kills, say
        self._startup = 1.0  # seconds until a process saves for the first time
        self.done = 0

    def kill(self, run):
        """Kills what trains in a run, until it is finished or all kills are done."""
        while self.done < self._kills:
            last = self.done == self._kills - 1
            kind = FINISHING if last else self._random.choices([*SHARES], SHARES.values())[0]
            before = run.saved()
            seconds = run.live(self._moment(kind, before))
            if seconds is None:
                return
            self.done += 1
            self._say(
                f"kill {self.done}: after {seconds:.2f} s, while {kind}"
                f"{', a half-written file left' if run.saving() else ''}; "
                f"saved: step {before} before, {run.saved()} now"
            )
        run.live()

    def _moment(self, kind, before):
        """Function of a run and its seconds: whether now is the moment to kill it."""
        if kind == STARTING:
            wanted = self._random.uniform(0, self._startup)
            return lambda run, seconds: seconds >= wanted
        if kind == FINISHING:
            return lambda run, seconds: run.finishing()
        saves, rest = self._random.randint(1, FARTHEST), self._random.uniform(0, 0.03)
        seen, at = {before}, None

        def training(run, seconds):
            nonlocal at
            if (step := run.saved()) not in seen:
                if len(seen) == 1:
                    self._startup = seconds
                seen.add(step)
            if at is None and len(seen) > saves:
                at = seconds + rest
            return at is not None and seconds >= at

        def saving(run, seconds):
            return run.saving() and (training(run, seconds) or len(seen) >= saves)

        return training if kind == TRAINING else saving

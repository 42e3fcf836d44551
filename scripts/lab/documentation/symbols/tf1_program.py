"""Runs a program that asks for names on real TensorFlow 1.15, in a process of its own."""

import json
import subprocess

from tf_recipes.parity.tf1 import interpreter


def run(python, program, given=None):
    """Returns the JSON that a program prints under TF 1.15.

    Args:
        python: an interpreter with TF 1.15.
        program: the path of the program.
        given: what the program reads as JSON from its standard input, if anything.

    Raises:
        interpreter.TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    completed = subprocess.run(
        # -I isolates: the modules beside the program cannot be imported under Python 3.7.
        [python, "-I", "-W", "ignore", program],
        input=None if given is None else json.dumps(given),
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="2"),
        capture_output=True,
        check=False,
        text=True,
        timeout=interpreter.TIMEOUT,
    )
    if completed.returncode:
        last = (completed.stderr.strip() or f"status {completed.returncode}").splitlines()[-1]
        raise interpreter.TF1Error(f"TensorFlow 1.15 failed under {python}: {last}")
    return json.loads(completed.stdout)

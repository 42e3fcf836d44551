"""Nothing is lost of what is written while TensorFlow starts without a word.

That TensorFlow starts so in a new Python, `tests/support/test_new_python.py` shows.
"""

import os

import pytest

from tf_recipes._support import quiet_tensorflow

NOISY = """
import os, sys
from tf_recipes._support import quiet_tensorflow
from tf_recipes.cli import application, recipe_flags
try:
    with quiet_tensorflow.quiet():
        os.write(2, b"cpu_feature_guard.cc:1] This TensorFlow binary is\\n")
        os.write(2, b"mine, from C\\n")
        print("mine, from Python", file=sys.stderr)
        os.write(2, b"I0000 Compiled cluster using XLA!\\n")
        os.write(2, b"no newline")
        {inside}
except ZeroDivisionError:
    os.write(2, b"; flew")
os.write(2, b"; after, cuda\\n")
"""


@pytest.mark.parametrize(("inside", "flew"), [("pass", ""), ("1 / 0", "; flew")])
def test_quiet_holds_back_noise_and_passes_on_the_rest(run_python_failing, inside, flew):
    status, out, errors = run_python_failing(NOISY.format(inside=inside))
    assert (status, out) == (0, "")
    expected = ["mine, from C", "mine, from Python", f"no newline{flew}; after, cuda"]
    assert errors.splitlines() == expected


def test_quiet_closes_what_it_opened():
    def lowest_free():
        free = os.dup(2)
        os.close(free)
        return free

    before = lowest_free()
    with quiet_tensorflow.quiet():
        pass
    assert lowest_free() == before

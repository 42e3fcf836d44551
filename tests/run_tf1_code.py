"""Runs pieces of TF1 code, each in a graph of its own; for Python 3.7, in a process of its own.

Reads `{name: code}` as JSON from the standard input, and writes `{name: what it printed}`, or the
error.
"""

import contextlib
import io
import json
import sys
import traceback

import tensorflow as tf


def run(name, code):
    """What the code prints."""
    printed = io.StringIO()
    try:
        with tf.Graph().as_default(), contextlib.redirect_stdout(printed):
            exec(compile(code, name, "exec"), {"__name__": name})
    except Exception:
        return traceback.format_exc()
    return printed.getvalue()


if __name__ == "__main__":
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    json.dump({name: run(name, code) for name, code in json.load(sys.stdin).items()}, sys.stdout)

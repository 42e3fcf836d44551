"""Rewrites `tf.logging` as `absl.logging`."""

from tf_recipes.scan.terms.rewrite import EITHER, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, CannotFix, New, Piece, short

# `fatal` of absl ends the program, which TF1's does not.
_SAME = ("debug", "error", "info", "vlog", "warning")
_LEVELS = {
    f"tf.logging.{name}": f"absl.logging.{name}" for name in ("DEBUG", "INFO", "WARN", "ERROR")
}


def _verbosity(call: Call) -> New:
    """Rewrites the call with its level: absl's levels are other numbers."""
    level = call.need("v")
    if level.name not in _LEVELS:
        raise CannotFix(f"the level {short(level.text)} may be a number, and absl has others")
    call.done()
    return New("absl.logging.set_verbosity", [Piece(None, _LEVELS[level.name])])


REWRITE = Rewrite(
    name="logging",
    idiom=EITHER,
    summary="`tf.logging` as `absl.logging`.",
    before=(
        "import tensorflow as tf\n\n"
        "tf.logging.set_verbosity(tf.logging.INFO)\n"
        "tf.logging.info('%d images', 3)\n"
    ),
    after=(
        "import absl.logging\n"
        "import tensorflow as tf\n\n"
        "absl.logging.set_verbosity(absl.logging.INFO)\n"
        "absl.logging.info('%d images', 3)\n"
    ),
    calls={"tf.logging.set_verbosity": _verbosity},
    orders={"tf.logging.set_verbosity": ["v"]},
    names={
        **{f"tf.logging.{name}": f"absl.logging.{name}" for name in _SAME},
        "tf.logging.warn": "absl.logging.warning",
    },
)

"""Rewrites `tf.app.flags` and `tf.app.run` as absl, in a program that `tf.app.run` starts."""

from collections.abc import Callable

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import EITHER, Facts, Rewrite
from tf_recipes.scan.terms.tf1_calls import Call, New

_KINDS = ("bool", "boolean", "enum", "float", "integer", "list", "multi_string", "string")
_ORDER = {"flag_name": "name", "default_value": "default", "docstring": "help"}
_MORE = {"enum": {"enum_values": "enum_values"}}


def _define(kind: str) -> Callable[[Call], New]:
    before = list(_ORDER)
    if kind == "enum":
        before.insert(2, "enum_values")

    def make(call: Call) -> New:
        positional = [each for each in before if each in call.positional]
        renamed = {
            **_ORDER,
            "name": "name",
            "default": "default",
            "help": "help",
            **_MORE.get(kind, {}),
        }
        made = new_arguments.pieces(call, renamed, {}, positional)
        call.done()
        return New(f"absl.flags.DEFINE_{kind}", made)

    return make


def _run(call: Call) -> New:
    positional = [each for each in ("main", "argv") if each in call.positional]
    spelled = {} if positional else {"main": "main"}
    made = new_arguments.pieces(call, {"main": "main", "argv": "argv"}, {}, positional, spelled)
    call.done()
    return New("absl.app.run", made)


_SPACES = ("tf.app.flags", "tf.flags")


def _condition(facts: Facts) -> str | None:
    """Says why the flags stay: absl reads the command line in `absl.app.run` alone, TF1 at need."""
    if "tf.app.run" not in facts.names:
        return "the flags stay: absl reads them in app.run, and this file has no tf.app.run"
    if any(name.startswith(f"{space}.FLAGS.") for space in _SPACES for name in facts.outside):
        return "the flags stay: one is read before tf.app.run, which absl refuses"
    return None


REWRITE = Rewrite(
    name="flags",
    idiom=EITHER,
    summary="`tf.app.flags` as `absl.flags`, in a program that `tf.app.run` starts.",
    before=(
        "import tensorflow as tf\n\n"
        "flags = tf.app.flags\n"
        "flags.DEFINE_integer('steps', 100, 'Number of steps.')\n"
        "FLAGS = flags.FLAGS\n\n\n"
        "def main(_):\n"
        "    print(FLAGS.steps)\n\n\n"
        "if __name__ == '__main__':\n"
        "    tf.app.run()\n"
    ),
    after=(
        "import absl.app\n"
        "import absl.flags\n"
        "import tensorflow as tf\n\n"
        "flags = absl.flags\n"
        "flags.DEFINE_integer('steps', 100, 'Number of steps.')\n"
        "FLAGS = flags.FLAGS\n\n\n"
        "def main(_):\n"
        "    print(FLAGS.steps)\n\n\n"
        "if __name__ == '__main__':\n"
        "    absl.app.run(main=main)\n"
    ),
    calls={
        **{f"{space}.DEFINE_{kind}": _define(kind) for space in _SPACES for kind in _KINDS},
        "tf.app.run": _run,
    },
    names={
        **dict.fromkeys(_SPACES, "absl.flags"),
        **{f"{space}.FLAGS": "absl.flags.FLAGS" for space in _SPACES},
    },
    orders={
        **{
            f"{space}.DEFINE_{kind}": [
                "flag_name",
                "default_value",
                *_MORE.get(kind, {}),
                "docstring",
            ]
            for space in _SPACES
            for kind in _KINDS
        },
        "tf.app.run": ["main", "argv"],
    },
    condition=_condition,
)

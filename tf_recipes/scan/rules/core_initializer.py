"""Finds initializers whose default width is not that of Keras' initializer of the same name."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap
from tf_recipes.scan.terms.unparsing import unparsed

DEFAULTS = {
    "random_normal_initializer": ("stddev", "1.0", "keras.initializers.RandomNormal", "0.05"),
    "truncated_normal_initializer": ("stddev", "1.0", "keras.initializers.TruncatedNormal", "0.05"),
    "random_uniform_initializer": ("maxval", "1.0", "keras.initializers.RandomUniform", "0.05"),
    "variance_scaling_initializer": ("scale", "1.0", "keras.initializers.HeNormal", "2.0"),
}


_END = "_initializer"
FUNCTIONS = frozenset(
    [f"tf.{name}" for name in DEFAULTS]
    + [f"tf.initializers.{name.removesuffix(_END)}" for name in DEFAULTS]
)
# arguments that take an initializer, or its class
KEYWORDS = frozenset(
    f"{kind}initializer"
    for kind in ("", "kernel_", "bias_", "depthwise_", "pointwise_", "weights_", "biases_")
)


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a width that is left out, as it is where a class is given uncalled."""
    if not call.in_tf1_code:
        return
    if call.name not in FUNCTIONS:
        for name in sorted(KEYWORDS.intersection(call.names())):
            given = call.argument(name)
            last = _class(given)
            if last:
                yield _advice(last)._replace(node=given)
        return
    last = _known(call.name)
    argument = DEFAULTS[last][0]
    if call.lacks(argument, {"maxval": 1, "scale": 0}.get(argument, 1)):
        yield _advice(last)


def _class(given: ast.expr | None) -> str:
    """Returns the name of the class of TF1 that an argument is; nothing for anything else."""
    return _known(unparsed(given)) if isinstance(given, ast.Attribute) else ""


def _known(name: str) -> str:
    """Returns the key of an initializer, also for `tf.initializers.random_normal`."""
    owner, _, last = name.rpartition(".")
    if owner.rpartition(".")[2] == "initializers":
        last = f"{last}{_END}"
    return last if last in DEFAULTS else ""


def _advice(last: str) -> Advice:
    argument, before, keras, now = DEFAULTS[last]
    low = "minval=0.0, " if argument == "maxval" else ""
    write = (
        'keras.initializers.VarianceScaling(1.0, "fan_in", "truncated_normal")'
        if argument == "scale"
        else f"{keras}({low}{argument}={before})"
    )
    return Advice(f"tf.{last} has {argument}={before} by default; {keras} has {now}.", write)


RULE = trap(
    code="TFR024",
    name="initializer-default",
    difference="initializer",
    before=(
        "import tensorflow as tf\n"
        "w = tf.get_variable('w', [3], initializer=tf.truncated_normal_initializer())\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "w = tf.get_variable('w', [3], initializer=tf.truncated_normal_initializer(stddev=0.1))\n"
    ),
    functions=FUNCTIONS,
    keywords=KEYWORDS,
    call=check,
)

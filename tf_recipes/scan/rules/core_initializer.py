"""Finds initializers whose default width is not that of Keras' initializer of the same name."""

from collections.abc import Iterator

from tf_recipes.scan.terms.rule import Advice, Called, trap

FUNCTIONS = frozenset(
    {
        "tf.random_normal_initializer",
        "tf.truncated_normal_initializer",
        "tf.random_uniform_initializer",
        "tf.variance_scaling_initializer",
    }
)


DEFAULTS = {
    "random_normal_initializer": ("stddev", "1.0", "keras.initializers.RandomNormal", "0.05"),
    "truncated_normal_initializer": ("stddev", "1.0", "keras.initializers.TruncatedNormal", "0.05"),
    "random_uniform_initializer": ("maxval", "1.0", "keras.initializers.RandomUniform", "0.05"),
    "variance_scaling_initializer": ("scale", "1.0", "keras.initializers.HeNormal", "2.0"),
}


def check(call: Called) -> Iterator[Advice]:
    """Yields advice on a width that is left out."""
    last = call.name.rpartition(".")[2]
    argument, before, keras, now = DEFAULTS[last]
    position = {"maxval": 1, "scale": 0}.get(argument, 1)
    if call.in_tf1_code and call.lacks(argument, position):
        low = "minval=0.0, " if argument == "maxval" else ""
        write = (
            'keras.initializers.VarianceScaling(1.0, "fan_in", "truncated_normal")'
            if argument == "scale"
            else f"{keras}({low}{argument}={before})"
        )
        yield Advice(f"tf.{last} has {argument}={before} by default; {keras} has {now}.", write)


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
    call=check,
)

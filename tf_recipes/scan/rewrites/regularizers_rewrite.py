"""Rewrites the regularizers of contrib, whose L2 has the factor 1/2."""

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite

_SCOPE = ("scope",)

REWRITE = Rewrite(
    name="regularizers",
    idiom=KERAS,
    summary="The regularizers of contrib as those of this package, with the factor 1/2.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def penalty():\n"
        "    return tf.contrib.layers.l2_regularizer(0.01)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def penalty():\n"
        "    return tf_recipes.l2_regularizer(0.01)\n"
    ),
    calls={
        **{
            f"tf.contrib.layers.{name}": new_arguments.simple(
                f"tf_recipes.{name}", {}, None, ["scale"], dropped=_SCOPE
            )
            for name in ("l1_regularizer", "l2_regularizer")
        },
        "tf.contrib.layers.l1_l2_regularizer": new_arguments.simple(
            "tf_recipes.l1_l2_regularizer",
            {"scale_l1": "scale_l1", "scale_l2": "scale_l2"},
            {"scale_l1": "1.0", "scale_l2": "1.0"},
            dropped=_SCOPE,
        ),
    },
)

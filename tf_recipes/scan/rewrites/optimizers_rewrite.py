"""Rewrites the optimizers of `tf.train`, with TF1's defaults spelled out."""

from tf_recipes.scan.terms import new_arguments
from tf_recipes.scan.terms.rewrite import KERAS, Rewrite

_RATE = ["learning_rate"]

REWRITE = Rewrite(
    name="optimizers",
    idiom=KERAS,
    summary="The optimizers of `tf.train` as those of this package, with TF1's defaults.",
    before=(
        "import tensorflow as tf\n\n\n"
        "def optimizer(rate):\n"
        "    return tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)\n"
    ),
    after=(
        "import tensorflow as tf\n"
        "import tf_recipes\n\n\n"
        "def optimizer(rate):\n"
        "    return tf_recipes.Momentum(rate, momentum=0.9, nesterov=True)\n"
    ),
    calls={
        "tf.train.GradientDescentOptimizer": new_arguments.simple(
            "tf_recipes.GradientDescent", {}, None, _RATE
        ),
        "tf.train.MomentumOptimizer": new_arguments.simple(
            "tf_recipes.Momentum",
            {"momentum": "momentum", "use_nesterov": "nesterov"},
            {"use_nesterov": "False"},
            _RATE,
        ),
        "tf.train.AdagradOptimizer": new_arguments.simple(
            "tf_recipes.Adagrad",
            {"initial_accumulator_value": "initial_accumulator_value"},
            {"initial_accumulator_value": "0.1"},
            _RATE,
        ),
        "tf.train.AdadeltaOptimizer": new_arguments.simple(
            "keras.optimizers.Adadelta",
            {"rho": "rho", "epsilon": "epsilon"},
            {"learning_rate": "0.001", "rho": "0.95", "epsilon": "1e-08"},
            _RATE,
        ),
        "tf.train.RMSPropOptimizer": new_arguments.simple(
            "tf_recipes.RMSProp",
            {"decay": "rho", "momentum": "momentum", "epsilon": "epsilon", "centered": "centered"},
            {"decay": "0.9", "momentum": "0.0", "epsilon": "1e-10"},
            _RATE,
        ),
        "tf.train.AdamOptimizer": new_arguments.simple(
            "tf_recipes.Adam",
            {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon"},
            {"learning_rate": "0.001", "beta1": "0.9", "beta2": "0.999", "epsilon": "1e-08"},
            _RATE,
        ),
    },
)

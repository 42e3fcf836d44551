"""Pairs the optimizers, averages and schedules of `tf.train` with their Keras counterparts."""

from lab.documentation.defaults.pairs import Hidden, Pair

OPTIMIZERS = "recipes/optimizers.md"
SCHEDULES = "recipes/schedules.md"

PAIRS = (
    Pair("tf.train.GradientDescentOptimizer", "keras.optimizers.SGD", page=OPTIMIZERS),
    Pair(
        "tf.train.MomentumOptimizer",
        "keras.optimizers.SGD",
        {"use_nesterov": "nesterov"},
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.train.AdagradOptimizer",
        "keras.optimizers.Adagrad",
        hidden=(Hidden("epsilon", "none", "epsilon", "`1e-07`", "adagrad_epsilon"),),
        page=OPTIMIZERS,
    ),
    Pair("tf.train.AdadeltaOptimizer", "keras.optimizers.Adadelta", page=OPTIMIZERS),
    Pair(
        "tf.train.RMSPropOptimizer",
        "keras.optimizers.RMSprop",
        {"decay": "rho"},
        hidden=(
            Hidden("start of the mean square", "`1`", "the same", "`0`", "rmsprop_mean_square"),
        ),
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.train.AdamOptimizer",
        "keras.optimizers.Adam",
        {"beta1": "beta_1", "beta2": "beta_2"},
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.train.FtrlOptimizer",
        "keras.optimizers.Ftrl",
        absent=("accum_name", "linear_name"),
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.train.ExponentialMovingAverage",
        "keras.optimizers.SGD",
        absent=("num_updates", "zero_debias"),
        hidden=(
            Hidden(
                "start of the average",
                "the initial weights",
                "`use_ema=True`: start of the average",
                "the weights after the first step",
                "average_start",
            ),
            Hidden(
                "weights after training",
                "the weights of the last step",
                "`use_ema=True`: weights after `fit`",
                "the averages",
                "average_in_place",
            ),
        ),
        unrelated=("learning_rate",),
        page="recipes/moving_averages.md",
    ),
    *(
        Pair(f"tf.train.{tf1}", f"keras.optimizers.schedules.{keras}", page=SCHEDULES, also=also)
        for tf1, keras, also in (
            ("exponential_decay", "ExponentialDecay", ()),
            ("inverse_time_decay", "InverseTimeDecay", ()),
            ("polynomial_decay", "PolynomialDecay", ()),
            ("cosine_decay", "CosineDecay", ()),
            ("cosine_decay_restarts", "CosineDecayRestarts", ()),
            (
                "piecewise_constant",
                "PiecewiseConstantDecay",
                ("tf.train.piecewise_constant_decay",),
            ),
        )
    ),
)

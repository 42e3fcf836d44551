"""Pairs the optimizers, averages and schedules of `tf.train` with their Keras counterparts."""

from lab.documentation.defaults.pairs import Hidden, Pair

OPTIMIZERS = "recipes/optimizers.md"
SCHEDULES = "recipes/schedules.md"
BETAS = {"beta1": "beta_1", "beta2": "beta_2"}
AVERAGES = (
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
)

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
        BETAS,
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
        hidden=AVERAGES,
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
    Pair(
        "tf.contrib.opt.AdamWOptimizer",
        "keras.optimizers.AdamW",
        BETAS,
        hidden=(
            Hidden(
                "weight_decay",
                "no default; each step takes this share of a weight",
                "weight_decay",
                "`0.004`; the share is multiplied by the learning rate",
                "adamw_decay",
            ),
        ),
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.contrib.opt.MomentumWOptimizer",
        "keras.optimizers.SGD",
        {"use_nesterov": "nesterov"},
        hidden=(
            Hidden(
                "weight_decay",
                "no default; each step takes this share of a weight",
                "weight_decay",
                "`None`; the share is multiplied by the learning rate",
                "momentumw_decay",
            ),
        ),
        page=OPTIMIZERS,
    ),
    Pair("tf.contrib.opt.AdaMaxOptimizer", "keras.optimizers.Adamax", BETAS, page=OPTIMIZERS),
    Pair(
        "tf.contrib.opt.NadamOptimizer",
        "keras.optimizers.Nadam",
        BETAS,
        hidden=(
            Hidden(
                "momentum of the first steps",
                "that of all steps: `beta1`",
                "the same",
                "about half of `beta_1`, and then rising",
                "nadam_first_step",
            ),
        ),
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.contrib.opt.LazyAdamOptimizer",
        "keras.optimizers.Adam",
        BETAS,
        hidden=(
            Hidden(
                "rows that a sparse gradient lacks",
                "stay where they are",
                "the same",
                "move on with their momentum",
                "lazy_rows",
            ),
        ),
        page=OPTIMIZERS,
    ),
    Pair(
        "tf.contrib.opt.MovingAverageOptimizer",
        "keras.optimizers.SGD",
        {"average_decay": "ema_momentum"},
        absent=("num_updates", "sequential_update"),
        hidden=AVERAGES,
        unrelated=("learning_rate",),
        page="recipes/moving_averages.md",
    ),
)

# What takes the place of the classes of tf.contrib.opt, as Markdown.
CONTRIB_OPT = {
    "AdamWOptimizer": "`tf_recipes.AdamW`, whose `weight_decay` has to be named",
    "MomentumWOptimizer": "`tf_recipes.MomentumW`, whose `weight_decay` has to be named",
    "AdaMaxOptimizer": "`keras.optimizers.Adamax` with `epsilon=1e-8`",
    "NadamOptimizer": "none; `keras.optimizers.Nadam` has a schedule of its momentum",
    "LazyAdamOptimizer": (
        "`tf_recipes.Adam` for dense gradients; none for sparse ones, where Adam also moves the "
        "rows that a gradient lacks"
    ),
    "MovingAverageOptimizer": (
        "`tf_recipes.ExponentialMovingAverage(optimizer, decay)`; with `sequential_update=True`, "
        "TF1's default"
    ),
    "ScipyOptimizerInterface": (
        "none; `scipy.optimize.minimize` of a function that sets the weights and returns loss and "
        "gradients"
    ),
}

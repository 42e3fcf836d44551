"""Pairs the losses of `tf.nn`, one value for each example, and of `tf.losses` with Keras."""

from lab.documentation.defaults.pairs import Hidden, Pair

BEST_PRACTICE = "recipes/best_practice.md"
LOGITS = Hidden("logits", "logits", "from_logits", "`False`: probabilities", "from_logits")
SINGLE = Hidden(
    "result", "one loss for each example", "reduction", "`'sum_over_batch_size'`", "no_reduction"
)
WEIGHTED = Hidden(
    "reduction",
    "`'weighted_sum_by_nonzero_weights'`: sum / number of weights that are not 0",
    "reduction",
    "`'sum_over_batch_size'`: sum / number of losses",
    "reduction",
)


def cross_entropy(tf1, keras, also=()):
    """Returns the pair of a loss of `tf.nn` on logits."""
    return Pair(
        tf1,
        keras,
        absent=("axis", "dim"),
        same={"labels": "must be given", "logits": "must be given"},
        hidden=(LOGITS, SINGLE),
        also=also,
        page=BEST_PRACTICE,
    )


def loss(tf1, keras, hidden=(), absent=(), **more):
    """Returns the pair of a loss of `tf.losses`."""
    return Pair(
        f"tf.losses.{tf1}",
        f"keras.losses.{keras}",
        absent=("weights", *absent),
        hidden=(*hidden, WEIGHTED),
        **more,
    )


PAIRS = (
    cross_entropy(
        "tf.nn.softmax_cross_entropy_with_logits",
        "keras.losses.CategoricalCrossentropy",
        ("tf.nn.softmax_cross_entropy_with_logits_v2",),
    ),
    cross_entropy(
        "tf.nn.sparse_softmax_cross_entropy_with_logits",
        "keras.losses.SparseCategoricalCrossentropy",
    ),
    cross_entropy("tf.nn.sigmoid_cross_entropy_with_logits", "keras.losses.BinaryCrossentropy"),
    Pair(
        "tf.nn.log_poisson_loss",
        "keras.losses.Poisson",
        absent=("compute_full_loss",),
        hidden=(
            Hidden("log_input", "the rate's logarithm", "y_pred", "the rate", "log_poisson"),
            SINGLE,
        ),
    ),
    loss("absolute_difference", "MeanAbsoluteError"),
    loss("mean_squared_error", "MeanSquaredError"),
    loss("huber_loss", "Huber"),
    loss("hinge_loss", "Hinge"),
    loss(
        "cosine_distance",
        "CosineSimilarity",
        (
            Hidden(
                "vectors",
                "taken as they are: 1 - sum",
                "the same",
                "scaled to length 1: -sum",
                "cosine",
            ),
        ),
        absent=("dim",),
        same={"axis": "must be given"},
    ),
    loss(
        "log_loss",
        "BinaryCrossentropy",
        (
            Hidden(
                "epsilon",
                "`1e-07`, added inside the logarithm",
                "epsilon",
                "`keras.config.epsilon()`, `1e-07`: probabilities are clipped to it",
                "log_loss_epsilon",
            ),
        ),
    ),
    loss("sigmoid_cross_entropy", "BinaryCrossentropy", (LOGITS,)),
    loss("softmax_cross_entropy", "CategoricalCrossentropy", (LOGITS,), page=BEST_PRACTICE),
    loss(
        "sparse_softmax_cross_entropy",
        "SparseCategoricalCrossentropy",
        (LOGITS,),
        page=BEST_PRACTICE,
    ),
)

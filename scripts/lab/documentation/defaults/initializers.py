"""Pairs the classes of `tf.initializers`, and their names in `tf`, with those of Keras."""

from lab.documentation.defaults.pairs import Hidden, Pair

PAGE = "recipes/initializers.md"


def initializer(name, keras, top_level=True, **more):
    """Returns the pair of `tf.initializers.NAME`; `top_level` adds `tf.NAME_initializer`."""
    also = (f"tf.{name}_initializer",) if top_level else ()
    return Pair(
        f"tf.initializers.{name}", f"keras.initializers.{keras}", also=also, page=PAGE, **more
    )


PAIRS = (
    initializer("zeros", "Zeros"),
    initializer("ones", "Ones"),
    initializer("constant", "Constant", absent=("verify_shape",)),
    initializer("identity", "Identity", top_level=False),
    initializer("orthogonal", "Orthogonal"),
    initializer("random_normal", "RandomNormal"),
    initializer("truncated_normal", "TruncatedNormal"),
    initializer(
        "random_uniform",
        "RandomUniform",
        hidden=(Hidden("maxval", "`None`: 1", "maxval", "`0.05`", "random_uniform_range"),),
    ),
    initializer("glorot_normal", "GlorotNormal"),
    initializer("glorot_uniform", "GlorotUniform"),
    initializer("he_normal", "HeNormal", top_level=False),
    initializer("he_uniform", "HeUniform", top_level=False),
    initializer("lecun_normal", "LecunNormal", top_level=False),
    initializer("lecun_uniform", "LecunUniform", top_level=False),
    initializer("variance_scaling", "VarianceScaling"),
    initializer(
        "uniform_unit_scaling",
        "VarianceScaling",
        renamed={"factor": "scale"},
        hidden=(
            Hidden(
                "distribution",
                "uniform",
                "distribution",
                "`'truncated_normal'`",
                "unit_scaling_range",
            ),
        ),
    ),
)

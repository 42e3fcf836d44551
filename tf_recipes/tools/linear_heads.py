"""Linear classifiers on a net's frozen features: an SVM and a logistic regression, in Keras."""

import keras
from keras import ops

from tf_recipes._support import validation
from tf_recipes.blocks.regularization import l2_regularizer
from tf_recipes.tools.features import Frozen, functional


@keras.saving.register_keras_serializable(package="tf_recipes")
class OneVersusRestHinge(keras.losses.Loss):
    """The hinge loss of one SVM for each class, against all others: their mean.

    TF1: `tf.losses.hinge_loss(tf.one_hot(labels, classes), logits)`. `keras.losses.Hinge` and
    `SquaredHinge` are the same for one-hot labels; this takes the classes' numbers, and hands them
    on. `keras.losses.CategoricalHinge` is another loss: it has one margin in each row, between the
    right class and the best of the others, as Crammer and Singer's SVM has.

        mean_k max(0, 1 - s_k f_k)^p,    s_k = 1 for the row's class, else -1

    Args:
        squared: bool: p is 2 instead of 1.
        **kwargs: a loss' own: `reduction`, `name`, `dtype`.

    Raises:
        ValueError: for `squared` that is not a bool.

    Shapes: labels int (batch,) or (batch, 1), scores (batch, classes).

    >>> float(OneVersusRestHinge()(keras.ops.array([0]), keras.ops.array([[0.5, -2.0]])))  # .5 / 2
    0.25

    References:
        Cortes, Vapnik, "Support-vector networks", 1995.
        Rifkin, Klautau, "In Defense of One-Vs-All Classification", 2004.
    """

    def __init__(self, squared=False, **kwargs):
        validation.flag("squared", squared)
        super().__init__(**{"name": "one_versus_rest_hinge", **kwargs})
        self.squared = squared

    def call(self, y_true, y_pred):
        labels = ops.cast(ops.reshape(y_true, ops.shape(y_pred)[:-1]), "int32")
        signs = 2 * ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype) - 1
        loss = keras.losses.squared_hinge if self.squared else keras.losses.hinge
        return loss(signs, y_pred)

    def get_config(self):
        return {**super().get_config(), "squared": self.squared}


def svm_head(
    features,
    classes,
    samples,
    C=1.0,
    squared=False,
    intercept_scaling=1.0,
    optimizer="adam",
    **compile_arguments,
):
    """A linear SVM on frozen features: one for each class, against all others.

    TF1: `tf.losses.hinge_loss` on `tf.stop_gradient(features)` and an L2 penalty. There the
    features followed the net; here they are a copy, because Keras' `trainable` belongs to the layer
    and freezing the net's own would keep the net from being trained on.

    Its loss, the mean over N = `samples` rows and K = `classes`, is scikit-learn's objective

        sum_k ( |w_k|^2 / 2 + (b_k / s)^2 / 2 + C sum_i max(0, 1 - s_ik f_ik)^p )

    over C N K: that of `LinearSVC(loss="hinge")`, or "squared_hinge" if `squared`. The intercepts b
    are penalized as there; raise s = `intercept_scaling` for them to be less so. Trained to the
    end, it has the weights of `LinearSVC`. For two classes `LinearSVC` has one column, which is the
    second here; the first is its negative.

    Args:
        features: a `keras.Model` with outputs (batch, n), such as `feature_extractor` makes. For
            features that have been computed, `keras.Model(x, x)` with `x = keras.Input((n,))`.
        classes: int >= 2.
        samples: int, rows that it will be trained on.
        C: float > 0, the weight of the loss against the penalty, as in scikit-learn.
        squared: bool.
        intercept_scaling: float > 0.
        optimizer: a Keras optimizer or its name.
        **compile_arguments: for `keras.Model.compile`.

    Returns:
        A compiled `keras.Model`, from the net's inputs to scores (batch, classes), which takes
        labels int (batch,). It starts from zeros: the objective is convex.

    Raises:
        ValueError: for an argument outside these.

    >>> x = keras.Input((4,))
    >>> svm_head(keras.Model(x, x), classes=3, samples=150).output_shape
    (None, 3)

    References:
        Tang, "Deep Learning using Linear Support Vector Machines", 2013.
    """
    scale = _scale(C, samples, classes, means=classes)
    validation.number("intercept_scaling", intercept_scaling, 0, open_low=True)
    return _head(
        features,
        classes,
        "svm",
        lambda dtype: OneVersusRestHinge(squared, dtype=dtype),
        {"optimizer": optimizer, **compile_arguments},
        kernel_regularizer=l2_regularizer(scale),
        bias_regularizer=l2_regularizer(scale / intercept_scaling**2),
    )


def logistic_head(features, classes, samples, C=1.0, optimizer="adam", **compile_arguments):
    """A logistic regression on frozen features, of all classes together (softmax).

    TF1: `tf.losses.sparse_softmax_cross_entropy` on `tf.stop_gradient(features)` and an L2 penalty;
    the features are a copy, see `svm_head`.

    Its loss, the mean over N = `samples` rows, is the objective of scikit-learn's
    `LogisticRegression`

        sum_k |w_k|^2 / 2 - C sum_i log softmax(f_i)[y_i]

    over C N, the intercepts not penalized. Trained to the end, it has the weights of
    `LogisticRegression`, and its intercepts but for a number that all classes share. For two
    classes `LogisticRegression` has one column: with twice this C, twice the second here.

    Args, Returns, Raises: as in `svm_head`.

    >>> x = keras.Input((4,))
    >>> logistic_head(keras.Model(x, x), classes=3, samples=150).output_shape
    (None, 3)

    References:
        Cox, "The Regression Analysis of Binary Sequences", 1958.
    """
    return _head(
        features,
        classes,
        "logistic",
        lambda dtype: keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype),
        {"optimizer": optimizer, **compile_arguments},
        kernel_regularizer=l2_regularizer(_scale(C, samples, classes, means=1)),
    )


def _scale(C, samples, classes, means):
    """Of the L2 penalty, beside a loss that is a mean over `samples * means`."""
    validation.number("C", C, 0, open_low=True)
    validation.whole("samples", samples, 1)
    validation.whole("classes", classes, 2)
    return 1.0 / (C * samples * means)


def _head(features, classes, name, loss, compile_arguments, **regularizers):
    copied = _copy(features)
    dtype = "float64" if copied.output.dtype == "float64" else "float32"
    outputs = keras.layers.Dense(
        classes, kernel_initializer="zeros", name=name, dtype=dtype, **regularizers
    )
    inputs = keras.tree.map_structure(
        lambda each: keras.Input(batch_shape=each.shape, dtype=each.dtype, name=each.name),
        copied.input,
    )
    model = keras.Model(inputs, outputs(Frozen(copied, name="features")(inputs)))
    model.compile(**{"loss": loss(dtype), "metrics": ["accuracy"], **compile_arguments})
    return model


def _copy(features):
    """A model with weights of its own, which are those of `features`."""
    plain = functional(features)
    shape = plain.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[1] is None:
        validation.fail(
            "`features` must give out one row of features for each example: (batch, n).",
            f"output_shape={shape!r}",
            "Put keras.layers.Flatten or a pooling layer behind them.",
        )
    copied = keras.models.clone_model(plain)
    copied.set_weights(plain.get_weights())
    return copied

"""Builds linear classifiers on a net's frozen features in Keras: SVM and logistic regression."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tf_recipes._support import step_variables, validation
from tf_recipes.blocks.regularization import l2_regularizer
from tf_recipes.tools.features import Frozen, functional


@keras.saving.register_keras_serializable(package="tf_recipes")
class OneVersusRestHinge(keras.losses.Loss):
    """Computes the mean hinge loss of one SVM for each class against all other classes.

    TF1: `tf.losses.hinge_loss(tf.one_hot(labels, classes), logits)`. `keras.losses.Hinge` and
    `SquaredHinge` compute the same for one-hot labels; this loss takes the numbers of the classes.
    `keras.losses.CategoricalHinge` is another loss: it has one margin in each row, between the
    right class and the best other class, as the SVM of Crammer and Singer has.

        mean_k max(0, 1 - s_k f_k)^p,    s_k = 1 for the row's class, else -1

    Args:
        squared: bool, whether p is 2 instead of 1.
        **kwargs: the arguments of `keras.losses.Loss`: `reduction`, `name`, `dtype`.

    Raises:
        ValueError: for `squared` that is not a bool.

    Shapes: labels int (batch,) or (batch, 1), scores (batch, classes).

    >>> float(OneVersusRestHinge()(keras.ops.array([0]), keras.ops.array([[0.5, -2.0]])))  # .5 / 2
    0.25

    References:
        Cortes, Vapnik, "Support-vector networks", 1995.
        Rifkin, Klautau, "In Defense of One-Vs-All Classification", 2004.
    """

    def __init__(self, squared: bool = False, **kwargs: Any) -> None:
        validation.flag("squared", squared)
        super().__init__(**{"name": "one_versus_rest_hinge", **kwargs})
        self.squared = squared

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each row, (batch,)."""
        labels = ops.cast(ops.reshape(y_true, ops.shape(y_pred)[:-1]), "int32")
        signs = 2 * ops.one_hot(labels, y_pred.shape[-1], dtype=y_pred.dtype) - 1
        loss = keras.losses.squared_hinge if self.squared else keras.losses.hinge
        return loss(signs, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "squared": self.squared}


def svm_head(
    features: keras.Model,
    classes: int,
    samples: int,
    C: float = 1.0,
    squared: bool = False,
    intercept_scaling: float = 1.0,
    optimizer: str | keras.optimizers.Optimizer = "adam",
    **compile_arguments: Any,
) -> keras.Model:
    """Returns linear SVMs on frozen features, one for each class against all other classes.

    TF1: `tf.losses.hinge_loss` on `tf.stop_gradient(features)` and an L2 penalty. There the
    features changed with the net. Here the features are a copy: Keras' `trainable` belongs to a
    layer, so freezing the layers of the net itself would stop its training.

    The loss, the mean over N = `samples` rows and K = `classes`, is 1 / (C N K) times the objective
    of scikit-learn's `LinearSVC(loss="hinge")`, or "squared_hinge" if `squared`:

        sum_k ( |w_k|^2 / 2 + (b_k / s)^2 / 2 + C sum_i max(0, 1 - s_ik f_ik)^p )

    The intercepts b are penalized as in `LinearSVC`; a larger s = `intercept_scaling` penalizes the
    intercepts less. After convergence the weights are those of `LinearSVC`. For two classes
    `LinearSVC` has one column, which is the second column here; the first is its negative.

    Args:
        features: a `keras.Model` with outputs (batch, n), such as `feature_extractor` returns. For
            features that are already computed, `keras.Model(x, x)` with `x = keras.Input((n,))`.
        classes: int >= 2.
        samples: int >= 1, the number of training rows.
        C: float > 0, the weight of the loss against the penalty, as in scikit-learn.
        squared: bool, whether the hinge is squared.
        intercept_scaling: float > 0.
        optimizer: a Keras optimizer or its name.
        **compile_arguments: further arguments of `keras.Model.compile`.

    Returns:
        A compiled `keras.Model`, from the net's inputs to scores (batch, classes), which takes
        labels int (batch,). The weights start at zero, since the objective is convex.

    Raises:
        ValueError: for an argument outside its range, or features of another shape.

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


def logistic_head(
    features: keras.Model,
    classes: int,
    samples: int,
    C: float = 1.0,
    optimizer: str | keras.optimizers.Optimizer = "adam",
    **compile_arguments: Any,
) -> keras.Model:
    """Returns a logistic regression on frozen features, of all classes together (softmax).

    TF1: `tf.losses.sparse_softmax_cross_entropy` on `tf.stop_gradient(features)` and an L2 penalty.
    Here the features are a copy, see `svm_head`.

    The loss, the mean over N = `samples` rows, is 1 / (C N) times the objective of scikit-learn's
    `LogisticRegression`, which does not penalize the intercepts:

        sum_k |w_k|^2 / 2 - C sum_i log softmax(f_i)[y_i]

    After convergence the weights are those of `LogisticRegression`, and the intercepts differ from
    its intercepts by one number for all classes. For two classes `LogisticRegression` has one
    column: with twice this C, it is twice the second column here.

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


def _scale(C: float, samples: int, classes: int, means: int) -> float:
    """Returns the scale of the L2 penalty for a loss that is a mean over `samples * means`."""
    validation.number("C", C, 0, open_low=True)
    validation.whole("samples", samples, 1)
    validation.whole("classes", classes, 2)
    return 1.0 / (C * samples * means)


def _head(
    features: keras.Model,
    classes: int,
    name: str,
    loss: Callable[[str], keras.losses.Loss],
    compile_arguments: dict[str, Any],
    **regularizers: Any,
) -> keras.Model:
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
    step_variables.create(model)
    return model


def _copy(features: keras.Model) -> keras.Model:
    """Returns a copy of the model, with new weights of the same values."""
    plain = functional(features)
    shape = plain.output_shape
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[1] is None:
        validation.fail(
            "`features` must have one row of outputs for each example: (batch, n).",
            f"output_shape={shape!r}",
            "Add keras.layers.Flatten or a pooling layer at the end of `features`.",
        )
    copied = keras.models.clone_model(plain)
    copied.set_weights(plain.get_weights())
    return copied

"""Makes the features of a trained net a scikit-learn transformer."""

import copy
import math
import os
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tf_recipes._support import saved_models, validation
from tf_recipes.tools.features import feature_extractor

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        f"KerasFeatures needs scikit-learn 1.6 or newer ({error}): "
        "pip install 'tf_recipes[sklearn]'."
    ) from None


class KerasFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Outputs the features of a trained Keras model, as input for any classifier of scikit-learn.

    TF1: `hidden2.eval(feed_dict={X: images})`, and your own code around it. Keras'
    `keras.wrappers.SKLearnTransformer` trains its model in `fit` and outputs predictions. This
    transformer never trains: `fit` learns nothing from the rows. So a cross-validation has no leak,
    as long as the net was trained without the held-out rows.

    `sklearn.base.clone` passes on the same model instead of a copy, because the transformer never
    changes the model. A pickle contains the model. To load the pickle, custom classes of the model
    must be importable.

    Args:
        model: a built `keras.Model` with one input, or the path of a saved model, which `fit`
            loads.
        layer: str, the name of the layer, or None for the features from which the net itself
            classifies; see `feature_extractor`. `GridSearchCV` can choose this hyperparameter.
        batch_size: int >= 1, rows that the net takes at a time.

    Attributes:
        extractor_: the `keras.Model` of the features. It shares its weights with `model`.
        n_features_in_: int, columns of X.

    Shapes: X (n, columns) in, float (n, features) out, in the net's dtype. Rows are reshaped to the
    net's input, in the order of NumPy's `reshape`; features of several axes become one axis.

    Raises:
        ValueError: in `fit`, for a model with several inputs or none, for a layer that the model
            lacks, or for a width of X that does not fit the model's input.

    >>> inputs = keras.Input((4,))
    >>> hidden = keras.layers.Dense(3, "relu", name="hidden")(inputs)
    >>> net = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> classifier = make_pipeline(KerasFeatures(net, "hidden"), LogisticRegression())
    >>> classifier.fit(np.eye(4), [0, 0, 1, 1])[-1].coef_.shape
    (1, 3)
    """

    def __init__(
        self,
        model: keras.Model | str | os.PathLike[str],
        layer: str | None = None,
        batch_size: int = 256,
    ) -> None:
        self.model = model
        self.layer = layer
        self.batch_size = batch_size

    def fit(self, X: ArrayLike, y: Any = None) -> "KerasFeatures":
        """Builds the extractor of the features, and checks that X fits its input.

        Args:
            X: array (n, columns).
            y: not used.
        """
        validation.whole("batch_size", self.batch_size, 1)
        extractor = feature_extractor(_loaded(self.model), self.layer)
        _check_shapes(extractor, validate_data(self, X))
        self.extractor_ = extractor
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Returns the features of each row, float (n, features)."""
        check_is_fitted(self)
        given: NDArray[Any] = validate_data(self, X, reset=False)
        dtype, shape = self.extractor_.inputs[0].dtype, self.extractor_.inputs[0].shape[1:]
        rows = given.astype(dtype).reshape(
            len(given), *(-1 if size is None else size for size in shape)
        )
        # `predict` would compile again for every clone.
        batches = (
            self.extractor_(rows[start : start + self.batch_size], training=False)
            for start in range(0, len(rows), self.batch_size)
        )
        features = np.concatenate([keras.ops.convert_to_numpy(batch) for batch in batches])
        flat = features.reshape(len(given), -1)
        return flat if flat.dtype in (np.float32, np.float64) else flat.astype(np.float32)

    @property
    def _n_features_out(self) -> int:
        """Returns the number of features, which scikit-learn's `get_feature_names_out` reads."""
        return math.prod(self.extractor_.output_shape[1:])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # the features have the net's dtype
        return tags

    def __sklearn_clone__(self) -> "KerasFeatures":
        # scikit-learn's own clone, without the model, of which scikit-learn would make a copy.
        without_model = copy.copy(self)
        without_model.model = None
        return super(KerasFeatures, without_model).__sklearn_clone__().set_params(model=self.model)


def _loaded(model: keras.Model | str | os.PathLike[str]) -> keras.Model:
    if isinstance(model, str | os.PathLike):
        return saved_models.load(model)
    return model


def _check_shapes(extractor: keras.Model, X: NDArray[Any]) -> None:
    """Checks that rows of X fit the net's input, and that the number of features is fixed."""
    if len(extractor.inputs) != 1:
        validation.fail(
            "`model` must have one input, for the rows of X.",
            f"{len(extractor.inputs)} inputs",
            "Pass a model with only the branch that takes these rows.",
        )
    shape, out = tuple(extractor.inputs[0].shape), extractor.output_shape
    if not isinstance(out, tuple) or None in out[1:]:
        validation.fail(
            "`layer` must have the same number of features for each row.",
            f"output_shape={out!r}",
            "Choose another layer, such as a layer after pooling.",
        )
    width = math.prod(size for size in shape[1:] if size is not None)
    fits = X.shape[1] % width == 0 if shape[1:].count(None) == 1 else X.shape[1] == width
    if not fits or shape[1:].count(None) > 1:
        validation.fail(
            f"X must have a column for each entry of the model's input, {shape}.",
            f"X of shape {X.shape}",
            f"Pass rows of {width} numbers."
            if None not in shape[1:]
            else "Pass a model whose input has a fixed shape.",
        )

"""A trained net's features as a scikit-learn transformer."""

import copy
import math
import os

import keras
import numpy as np

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
    """What a layer of a trained Keras model gives out, for any classifier of scikit-learn.

    TF1: `hidden2.eval(feed_dict={X: images})`, handed on by hand. Keras'
    `keras.wrappers.SKLearnTransformer` trains its model in `fit` and gives out its predictions;
    this never trains: `fit` learns nothing from the rows, so that a net that has seen none of the
    held-out rows leaks nothing in a cross-validation, whatever the fold.

    `sklearn.base.clone` hands the same model on rather than a copy, because nothing here changes
    it. A pickle holds the model, and its custom classes must be importable where it is loaded.

    Args:
        model: a built `keras.Model` with one input, or the path of a saved one, which `fit` loads.
        layer: the name of the layer, or None for what the net itself classifies by; see
            `feature_extractor`. A hyperparameter: `GridSearchCV` can choose it.
        batch_size: int, rows that go through the net at a time.

    Attributes:
        extractor_: the `keras.Model` of the features. It shares its weights with `model`.
        n_features_in_: int, columns of X.

    Shapes: X (n, columns) in, float (n, features) out, in the net's dtype. Rows are reshaped to the
    net's input, in the order of NumPy's `reshape`, and features of several axes are laid flat.

    Raises:
        ValueError: in `fit`, for a model with several inputs or none, a layer that it lacks, or X
            of another width than its input.

    >>> inputs = keras.Input((4,))
    >>> hidden = keras.layers.Dense(3, "relu", name="hidden")(inputs)
    >>> net = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> classifier = make_pipeline(KerasFeatures(net, "hidden"), LogisticRegression())
    >>> classifier.fit(np.eye(4), [0, 0, 1, 1])[-1].coef_.shape
    (1, 3)
    """

    def __init__(self, model, layer=None, batch_size=256):
        self.model = model
        self.layer = layer
        self.batch_size = batch_size

    def fit(self, X, y=None):
        """Cuts the net at the layer, and checks that X fits it. `y` is not used."""
        validation.whole("batch_size", self.batch_size, 1)
        extractor = feature_extractor(_loaded(self.model), self.layer)
        X = validate_data(self, X)
        _check_shapes(extractor, X)
        self.extractor_ = extractor
        return self

    def transform(self, X):
        """The features of each row, float (n, features)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        dtype, shape = self.extractor_.inputs[0].dtype, self.extractor_.inputs[0].shape[1:]
        rows = X.astype(dtype).reshape(len(X), *(-1 if size is None else size for size in shape))
        # Not `predict`: it would compile again for every clone.
        batches = (
            self.extractor_(rows[start : start + self.batch_size], training=False)
            for start in range(0, len(rows), self.batch_size)
        )
        features = np.concatenate([keras.ops.convert_to_numpy(batch) for batch in batches])
        flat = features.reshape(len(X), -1)
        return flat if flat.dtype in (np.float32, np.float64) else flat.astype(np.float32)

    @property
    def _n_features_out(self):  # which get_feature_names_out goes by
        return math.prod(self.extractor_.output_shape[1:])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # the features have the net's
        return tags

    def __sklearn_clone__(self):
        # As scikit-learn does it, but for the model, which it would copy.
        without_model = copy.copy(self)
        without_model.model = None
        return super(KerasFeatures, without_model).__sklearn_clone__().set_params(model=self.model)


def _loaded(model):
    if isinstance(model, str | os.PathLike):
        return saved_models.load(model)
    return model


def _check_shapes(extractor, X):
    """`ValueError` unless rows of X can be the net's input, and its features rows."""
    if len(extractor.inputs) != 1:
        validation.fail(
            "`model` must have one input, for the rows of X.",
            f"{len(extractor.inputs)} inputs",
            "Give the branch that takes them as a model of its own.",
        )
    shape, out = tuple(extractor.inputs[0].shape), extractor.output_shape
    if not isinstance(out, tuple) or None in out[1:]:
        validation.fail(
            "`layer` must give out as many features for each row.",
            f"output_shape={out!r}",
            "Name a layer behind the pooling, say.",
        )
    known = math.prod(size for size in shape[1:] if size is not None)
    fits = X.shape[1] % known == 0 if shape[1:].count(None) == 1 else X.shape[1] == known
    if not fits or shape[1:].count(None) > 1:
        validation.fail(
            f"X must have a column for each entry of the model's input, {shape}.",
            f"X of shape {X.shape}",
            f"Give rows of {known} numbers." if None not in shape[1:] else "Fix the input's sizes.",
        )

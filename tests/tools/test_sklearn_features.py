"""Tests the transformer: scikit-learn's conventions, and the values of the features."""

import copy
import pickle

import keras
import numpy as np
import pytest
from keras import layers
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from tf_recipes.tools.sklearn_features import KerasFeatures

X = np.linspace(-1, 1, 24).reshape(6, 4)
Y = np.array([0, 0, 0, 1, 1, 1])


def make_net(dtype=None):
    inputs = keras.Input((4,), dtype=dtype)
    hidden = layers.Dense(5, "relu", name="hidden1", dtype=dtype)(inputs)
    hidden = layers.Dense(3, "tanh", name="hidden2", dtype=dtype)(hidden)
    return keras.Model(inputs, layers.Dense(2, name="outputs", dtype=dtype)(hidden))


@pytest.fixture(scope="module")
def net():
    return make_net()


@pytest.fixture(params=["model", "path"])
def model(request, net, tmp_path):
    """Returns the net, or the path of the saved net."""
    if request.param == "model":
        return net
    net.save(tmp_path / "net.keras")
    return tmp_path / "net.keras"


def by_hand(net, x=X):
    """tanh(max(0, x W1 + b1) W2 + b2), in NumPy."""
    kernel1, bias1, kernel2, bias2 = net.get_weights()[:4]
    return np.tanh(np.maximum(x @ kernel1 + bias1, 0) @ kernel2 + bias2)


@pytest.mark.parametrize("batch_size", [1, 4, 256])
def test_features_by_hand(model, net, batch_size):
    before = net.get_weights()
    features = KerasFeatures(model, batch_size=batch_size).fit(X).transform(X)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, by_hand(net), rtol=1e-5, atol=1e-6)
    for now, then in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_layer_by_name(net):
    features = KerasFeatures(net, layer="hidden1").fit_transform(X, Y)
    kernel, bias = net.get_layer("hidden1").get_weights()
    np.testing.assert_allclose(features, np.maximum(X @ kernel + bias, 0), rtol=1e-5, atol=1e-6)


def test_features_have_the_nets_precision():
    assert KerasFeatures(make_net("float64")).fit_transform(X).dtype == np.float64
    features = KerasFeatures(make_net("float16")).fit_transform(X)
    assert features.dtype == np.float32  # which scikit-learn computes in
    np.testing.assert_array_equal(features, features.astype(np.float16))


def test_clone_pickle_and_parameters(model):
    transformer = KerasFeatures(model, layer="hidden2", batch_size=2)
    names = {"model": model, "layer": "hidden2", "batch_size": 2}
    assert transformer.get_params() == names
    features = transformer.fit_transform(X)
    copied = clone(transformer)
    assert copied.get_params() == names and not hasattr(copied, "extractor_")
    with pytest.raises(NotFittedError):
        copied.transform(X)
    np.testing.assert_array_equal(copied.fit_transform(X), features)
    loaded = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(loaded.transform(X), features)
    np.testing.assert_array_equal(clone(loaded).fit_transform(X), features)
    assert copied.set_params(layer="hidden1").fit_transform(X).shape == (6, 5)


def test_a_clone_keeps_what_it_was_told_to_put_out(net):
    transformer = KerasFeatures(net).set_output(transform="default")
    assert clone(transformer)._sklearn_output_config == {"transform": "default"}
    assert transformer.model is net


class NotToBeSaved(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.hidden, self.last = layers.Dense(units, name="hidden"), layers.Dense(1)

    def call(self, inputs):
        return self.last(self.hidden(inputs))


def test_a_clone_has_the_model_itself_even_if_it_cannot_be_copied():
    model = NotToBeSaved(2)
    model(X)
    with pytest.raises(NotImplementedError):
        copy.deepcopy(model)
    cloned = clone(KerasFeatures(model))
    assert cloned.model is model and cloned.fit_transform(X).shape == (6, 2)


def test_names_of_the_features(net):
    names = KerasFeatures(net).fit(X).get_feature_names_out()
    assert names.tolist() == ["kerasfeatures0", "kerasfeatures1", "kerasfeatures2"]


def test_data_frames(net):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed; nothing here needs it")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    transformer = KerasFeatures(net).set_output(transform="pandas").fit(frame)
    assert transformer.feature_names_in_.tolist() == list("abcd")
    assert list(transformer.transform(frame).columns) == [f"kerasfeatures{k}" for k in range(3)]


@pytest.fixture(scope="module")
def two_hidden():
    """Returns a net whose first hidden layer separates the classes; the second is constant."""
    inputs = keras.Input((4,))
    first = layers.Dense(1, "relu", name="tells", kernel_initializer="ones")(inputs)
    second = layers.Dense(2, name="constant", kernel_initializer="zeros")(first)
    return keras.Model(inputs, layers.Dense(2)(second))


@pytest.mark.parametrize("classifier", [LinearSVC(dual=False), LogisticRegression()], ids=str)
def test_a_search_finds_the_layer(two_hidden, classifier):
    y = np.arange(24) % 2
    x = np.random.default_rng(0).uniform(0.5, 1, (24, 4)) * np.where(y, 1, -1)[:, None]
    pipeline = Pipeline([("net", KerasFeatures(two_hidden)), ("classifier", classifier)])
    layer = ["constant", "tells"]
    grid = {"net__layer": layer, "classifier__C": [0.1, 10.0]}
    found = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(x, y)
    assert found.best_params_["net__layer"] == "tells"
    assert found.best_score_ == 1.0 and found.score(x, y) == 1.0
    scores = found.cv_results_["mean_test_score"]
    of = np.array([each["net__layer"] for each in found.cv_results_["params"]])
    np.testing.assert_allclose(scores[of == "constant"], 0.5)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(x), found.predict(x))


def test_columns_for_a_net_beside_others(net):
    parts = [("net", KerasFeatures(net), [0, 1, 2, 3]), ("rest", "passthrough", [4])]
    found = ColumnTransformer(parts).fit_transform(np.hstack([X, Y[:, None]]))
    np.testing.assert_allclose(found, np.hstack([by_hand(net), Y[:, None]]), rtol=1e-5, atol=1e-6)


def test_rows_are_images_and_features_of_several_axes_are_flat():
    inputs = keras.Input((2, 3, 1))
    turned = layers.Permute((2, 1, 3), name="turned")(inputs)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(turned)))
    rows = np.arange(12.0).reshape(2, 6)
    assert KerasFeatures(model, "turned").fit_transform(rows).tolist() == [
        [0, 3, 1, 4, 2, 5],
        [6, 9, 7, 10, 8, 11],
    ]


def any_width():
    """Returns a net that takes rows of any width, for checks with their own data."""
    inputs = keras.Input((None,))
    hidden = layers.Dense(3, "tanh")(keras.ops.mean(inputs, axis=-1, keepdims=True))
    return keras.Model(inputs, layers.Dense(2)(hidden))


def failed(estimator):
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    assert sum(result["status"] == "passed" for result in results) > 40
    return {result["check_name"] for result in results if result["status"] == "failed"}


def test_scikit_learns_own_checks(tmp_path):
    model = any_width()
    model.save(tmp_path / "net.keras")
    assert failed(KerasFeatures(str(tmp_path / "net.keras"))) == set()
    # This check compares pickled parameters before and after, and Keras pickles a model as a file
    # that contains the time.
    assert failed(KerasFeatures(model)) == {"check_estimators_overwrite_params"}


@pytest.mark.parametrize("shape, given", [((4,), (6, 5)), ((2, 3, 1), (6, 4)), ((None, 3), (6, 4))])
def test_another_width_in_fit(shape, given, fails):
    inputs = keras.Input(shape)
    pooled = layers.GlobalAveragePooling1D()(inputs) if None in shape else inputs
    model = keras.Model(inputs, layers.Dense(1)(pooled))
    with fails("column", f"({', '.join(['None', *map(str, shape)])}", f"X of shape {given}"):
        KerasFeatures(model).fit(np.ones(given))


def test_another_width_in_transform(net):
    fitted = KerasFeatures(net).fit(X)
    assert fitted.n_features_in_ == 4
    text = "X has 3 features, but KerasFeatures is expecting 4 features as input"
    with pytest.raises(ValueError, match=text):
        fitted.transform(X[:, :3])


def test_what_scikit_learn_refuses(net):
    with pytest.raises(TypeError, match="Sparse data was passed for X, but dense data is required"):
        KerasFeatures(net).fit(sparse.csr_array(X))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        KerasFeatures(net).fit(X[0])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        KerasFeatures(net).fit(np.full((2, 4), np.nan))


@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"model": None}, ("`model` must be a keras.Model.", "model=None")),
        ({"layer": "hidden3"}, ("layer='hidden3'", "hidden1, hidden2, outputs")),
        ({"batch_size": 0}, ("`batch_size`", "batch_size=0")),
    ],
)
def test_bad_arguments_are_told_in_fit(net, arguments, parts, fails):
    transformer = KerasFeatures(**{"model": net, **arguments})
    with fails(*parts):
        make_pipeline(transformer, LogisticRegression()).fit(X, Y)


def test_a_path_without_a_model(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.keras"):
        KerasFeatures(tmp_path / "none.keras").fit(X)
    (tmp_path / "text.keras").write_text("text")
    with pytest.raises(OSError, match=r"text\.keras' is damaged or is not a \.keras file"):
        KerasFeatures(tmp_path / "text.keras").fit(X)


def test_a_model_with_two_inputs(fails):
    one, other = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([one, other], layers.Dense(1)(layers.Concatenate()([one, other])))
    with fails("one input", "2 inputs"):
        KerasFeatures(model).fit(X)


def test_features_without_a_fixed_size(fails):
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, layers.Dense(3, name="steps")(inputs))
    with fails("the same number of features", "(None, None, 3)"):
        KerasFeatures(model, "steps").fit(X)


WITHOUT = """
import sys
sys.modules["sklearn"] = None  # as if it were not installed
try:
    import tf_recipes.tools.sklearn_features
except ImportError as error:
    print(type(error).__name__, error, error.__cause__, error.__suppress_context__)
import tf_recipes.tools.features, tf_recipes.tools.linear_heads
"""


def test_without_scikit_learn_there_is_one_error_with_the_remedy(run_python):
    text = run_python(WITHOUT, new=True)
    assert text.startswith("ImportError KerasFeatures needs scikit-learn 1.6 or newer (")
    assert text.endswith("): pip install 'tf_recipes[sklearn]'. None True")
    assert "\n" not in text

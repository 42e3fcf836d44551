"""Tests the linear SVM and the logistic regression on frozen features."""

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tf_recipes.tools.features import feature_extractor
from tf_recipes.tools.linear_heads import OneVersusRestHinge, logistic_head, svm_head

SCORES = np.array([[0.5, -2.0, 0.3], [-0.25, 0.75, 3.0], [1.5, -0.5, -1.25]], "float32")
LABELS = np.array([0, 1, 2])
FLOWERS, SPECIES = load_iris(return_X_y=True)
FLOWERS = StandardScaler().fit_transform(FLOWERS)  # float64 (150, 4)
N, K = 150, 3


def identity(width=4, dtype="float64"):
    inputs = keras.Input((width,), dtype=dtype)
    return keras.Model(inputs, inputs)


def net():
    """Returns a net for the flowers, with layers that behave differently in training."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(6, "relu")(inputs)
    hidden = keras.layers.Dropout(0.5)(keras.layers.BatchNormalization()(hidden))
    model = keras.Model(inputs, keras.layers.Dense(K)(hidden))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    return model


# TF 1.15.5: tf.losses.hinge_loss(tf.one_hot(LABELS, 3), SCORES) is 1.3388889.
# By hand: (.5 + 0 + 1.3) + (.75 + .25 + 4) + (2.5 + .5 + 2.25) = 12.05, / 9.
# Squared: (.25 + 1.69) + (.5625 + .0625 + 16) + (6.25 + .25 + 5.0625) = 30.1275, / 9.
@pytest.mark.parametrize("squared, expected", [(False, 12.05 / 9), (True, 30.1275 / 9)])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], LABELS.astype("uint8")])
def test_hinge_by_hand_and_in_tf1(squared, expected, labels):
    found = float(OneVersusRestHinge(squared)(labels, SCORES))
    assert found == pytest.approx(expected, rel=1e-6)
    if not squared:
        assert found == pytest.approx(1.3388889, rel=1e-6)


def test_categorical_hinge_is_another_loss():
    one_hot = np.eye(3, dtype="float32")[:1]
    assert float(OneVersusRestHinge()(LABELS[:1], SCORES[:1])) == pytest.approx(1.8 / 3)
    # the largest other score is .3: 1 + .3 - .5
    assert float(keras.losses.CategoricalHinge()(one_hot, SCORES[:1])) == pytest.approx(0.8)


def test_hinge_config_round_trip():
    loss = OneVersusRestHinge(squared=True, reduction="sum", name="svm", dtype="float64")
    text = json.dumps(keras.saving.serialize_keras_object(loss))
    copied = keras.saving.deserialize_keras_object(json.loads(text))
    assert isinstance(copied, OneVersusRestHinge) and copied.squared
    assert copied.get_config() == loss.get_config()


def svm_objective(weights, C, scaling, power):
    """Computes the objective of LinearSVC, summed over its classifiers."""
    kernel, bias = weights
    signs = np.where(np.arange(K) == SPECIES[:, None], 1, -1)
    losses = np.maximum(0, 1 - signs * (FLOWERS @ kernel + bias)) ** power
    return (kernel**2).sum() / 2 + (bias**2).sum() / scaling**2 / 2 + C * losses.sum()


def log_objective(weights, C):
    """Computes the objective of LogisticRegression."""
    kernel, bias = weights
    scores = FLOWERS @ kernel + bias
    losses = np.log(np.exp(scores).sum(-1)) - scores[np.arange(N), SPECIES]
    return (kernel**2).sum() / 2 + C * losses.sum()


def train(head, steps, momentum=0.0, rate=0.2, power=None):
    """Trains by gradient descent on all rows, in one epoch of many steps; returns the weights."""
    if power is not None:
        rate = keras.optimizers.schedules.PolynomialDecay(rate, steps, 0.0, power)
    head.compile(
        keras.optimizers.SGD(rate, momentum, nesterov=momentum > 0),
        head.loss,
        steps_per_execution=500,
        jit_compile=True,
    )
    head.optimizer.build(head.trainable_variables)  # else Keras traces the step twice
    data = tf.data.Dataset.from_tensors((FLOWERS, SPECIES)).repeat(steps)
    head.fit(data, shuffle=False, verbose=0)
    return head.layers[-1].get_weights()


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("C, scaling", [(1.0, 1.0), (0.1, 5.0)])
def test_the_loss_is_scikit_learns_objective_of_an_svm(squared, C, scaling):
    head = svm_head(identity(), K, N, C=C, squared=squared, intercept_scaling=scaling)
    weights = np.random.default_rng(1).normal(size=(4, K)), np.array([0.5, -1.0, 2.0])
    head.layers[-1].set_weights(weights)
    loss = head.evaluate(FLOWERS, SPECIES, batch_size=N, verbose=0)[0]
    expected = svm_objective(weights, C, scaling, power=2 if squared else 1)
    assert loss * C * N * K == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("C", [1.0, 0.1])
def test_the_loss_is_scikit_learns_objective_of_a_logistic_regression(C):
    head = logistic_head(identity(), K, N, C=C)
    weights = np.random.default_rng(1).normal(size=(4, K)), np.array([0.5, -1.0, 2.0])
    head.layers[-1].set_weights(weights)
    loss = head.evaluate(FLOWERS, SPECIES, batch_size=N, verbose=0)[0]
    assert loss * C * N == pytest.approx(log_objective(weights, C), rel=1e-6)


@pytest.mark.parametrize("C, scaling", [(1.0, 1.0), (0.1, 5.0)])
def test_squared_hinge_ends_where_linear_svc_does(C, scaling):
    reference = LinearSVC(C=C, dual=False, intercept_scaling=scaling, tol=1e-12)
    reference.fit(FLOWERS, SPECIES)
    head = svm_head(identity(), K, N, C=C, squared=True, intercept_scaling=scaling)
    kernel, bias = train(head, 4000, momentum=0.95)
    np.testing.assert_allclose(kernel, reference.coef_.T, atol=1e-6)
    np.testing.assert_allclose(bias, reference.intercept_, atol=1e-6)
    found = svm_objective((kernel, bias), C, scaling, power=2)
    best = svm_objective((reference.coef_.T, reference.intercept_), C, scaling, power=2)
    assert found == pytest.approx(best, rel=1e-9)


def test_hinge_ends_where_linear_svc_does():
    reference = LinearSVC(C=0.1, loss="hinge", intercept_scaling=5.0, tol=1e-8, max_iter=10**6)
    reference.fit(FLOWERS, SPECIES)
    head = svm_head(identity(), K, N, C=0.1, intercept_scaling=5.0)
    kernel, bias = train(head, 6000, rate=0.5, power=2.0)
    np.testing.assert_allclose(kernel, reference.coef_.T, atol=1e-3)
    np.testing.assert_allclose(bias, reference.intercept_, atol=1e-3)
    found = svm_objective((kernel, bias), 0.1, 5.0, power=1)
    best = svm_objective((reference.coef_.T, reference.intercept_), 0.1, 5.0, power=1)
    assert found == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("C", [1.0, 0.1])
def test_log_loss_ends_where_logistic_regression_does(C):
    reference = LogisticRegression(C=C, tol=1e-12, max_iter=10_000).fit(FLOWERS, SPECIES)
    kernel, bias = train(logistic_head(identity(), K, N, C=C), 4000, momentum=0.95, rate=1.0)
    np.testing.assert_allclose(kernel, reference.coef_.T, atol=1e-5)
    np.testing.assert_allclose(bias, reference.intercept_, atol=1e-4)  # both have the mean 0
    best = log_objective((reference.coef_.T, reference.intercept_), C)
    assert log_objective((kernel, bias), C) == pytest.approx(best, rel=1e-9)


def test_two_classes_beside_scikit_learns_one_column(monkeypatch):
    monkeypatch.setattr(f"{__name__}.SPECIES", np.minimum(SPECIES, 1))
    svm = LinearSVC(C=0.5, dual=False, tol=1e-12).fit(FLOWERS, SPECIES)
    kernel, _ = train(svm_head(identity(), 2, N, C=0.5, squared=True), 4000, momentum=0.95)
    np.testing.assert_allclose(kernel, np.outer(svm.coef_[0], [-1, 1]), atol=1e-6)
    regression = LogisticRegression(C=1.0, tol=1e-12).fit(FLOWERS, SPECIES)
    kernel, _ = train(logistic_head(identity(), 2, N, C=0.5), 4000, momentum=0.95, rate=1.0)
    np.testing.assert_allclose(kernel, np.outer(regression.coef_[0], [-0.5, 0.5]), atol=1e-5)


HEADS = {  # without XLA, which compiles for longer than these tests train
    "svm": functools.partial(svm_head, jit_compile=False),
    "logistic": functools.partial(logistic_head, jit_compile=False),
}


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
def test_only_the_head_is_trained(make):
    model = net()
    model.fit(FLOWERS, SPECIES, verbose=0)
    head = make(feature_extractor(model), K, N, optimizer=keras.optimizers.Adam(0.05))
    features, before = head.get_layer("features").layer, model.get_weights()
    frozen = features.get_weights()
    assert [weight.shape for weight in head.trainable_weights] == [(6, K), (K,)]
    history = head.fit(FLOWERS, SPECIES, epochs=20, verbose=0).history
    assert history["accuracy"][-1] > 0.8 > history["accuracy"][0]
    for now, then in zip(features.get_weights(), frozen, strict=True):
        np.testing.assert_array_equal(now, then)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
def test_the_net_trains_on_and_the_head_stays(make):
    model = net()
    head = make(feature_extractor(model), K, N)
    head.fit(FLOWERS, SPECIES, verbose=0)
    predicted, before = head.predict(FLOWERS, verbose=0), model.get_weights()
    model.fit(FLOWERS, SPECIES, verbose=0)
    assert all((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))
    np.testing.assert_array_equal(head.predict(FLOWERS, verbose=0), predicted)


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
def test_features_may_be_computed_once(make):
    extractor = feature_extractor(net())
    computed = extractor.predict(FLOWERS, verbose=0)
    options = {"optimizer": "adam", "C": 0.1}
    whole = make(extractor, K, N, **options)
    computed_head = make(identity(6, "float32"), K, N, **options)
    whole.fit(FLOWERS, SPECIES, shuffle=False, verbose=0)
    computed_head.fit(computed, SPECIES, shuffle=False, verbose=0)
    kernel, bias = computed_head.layers[-1].get_weights()
    assert np.abs(kernel).max() > 1e-3
    np.testing.assert_allclose(whole.layers[-1].get_weights()[0], kernel, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(
        computed_head.predict(computed, verbose=0), computed @ kernel + bias, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
def test_features_of_several_inputs(make):
    inputs = {name: keras.Input((2,), name=name) for name in ("sepals", "petals")}
    joined = keras.layers.Concatenate()([inputs["sepals"], inputs["petals"]])
    head = make(keras.Model(inputs, joined), K, N, optimizer=keras.optimizers.Adam(0.1))
    flowers = {"sepals": FLOWERS[:, :2], "petals": FLOWERS[:, 2:]}
    assert head.fit(flowers, SPECIES, epochs=10, verbose=0).history["accuracy"][-1] > 0.9


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
def test_a_saved_head_goes_on(make, tmp_path):
    head = make(feature_extractor(net()), K, N)
    head.fit(FLOWERS, SPECIES, verbose=0)
    head.save(tmp_path / "head.keras")
    loaded = keras.saving.load_model(tmp_path / "head.keras")
    assert len(loaded.trainable_weights) == 2
    for each in (head, loaded):
        each.fit(FLOWERS, SPECIES, shuffle=False, verbose=0)
    np.testing.assert_array_equal(
        loaded.predict(FLOWERS, verbose=0), head.predict(FLOWERS, verbose=0)
    )


@pytest.mark.parametrize("make", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize(
    "arguments, parts",
    [
        ({"C": 0.0}, ("`C`", "(0, inf)", "C=0.0")),
        ({"samples": 0}, ("`samples`", "samples=0")),
        ({"classes": 1}, ("`classes`", "at least 2", "classes=1")),
        ({"features": None}, ("must be a keras.Model.", "model=None")),
    ],
)
def test_bad_arguments(make, arguments, parts, fails):
    good = {"features": identity(), "classes": K, "samples": N}
    with fails(*parts):
        make(**{**good, **arguments})


def test_bad_arguments_of_the_svm(fails):
    with fails("`intercept_scaling`", "intercept_scaling=0"):
        svm_head(identity(), K, N, intercept_scaling=0)
    with fails("`squared`", "squared='yes'"):
        svm_head(identity(), K, N, squared="yes")


def test_features_must_be_rows(fails):
    inputs = keras.Input((8, 8, 1))
    images = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs))
    with fails("(batch, n)", "output_shape=(None, 6, 6, 2)", "keras.layers.Flatten"):
        svm_head(images, K, N)

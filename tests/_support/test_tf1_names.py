"""Tests that every block takes each argument of its TF1 original, or says what to write here."""

import inspect
import re

import pytest

import tf_recipes
from lab.documentation.defaults import table
from tf_recipes._support import tf1_names

# Names of `inspect.signature` on TF 1.15.5 that the table of defaults does not have.
MORE = {
    "tf.clip_by_norm": ["t", "clip_norm", "axes", "name"],
    "tf.clip_by_value": ["t", "clip_value_min", "clip_value_max", "name"],
    "tf.contrib.layers.apply_regularization": ["regularizer", "weights_list"],
    "tf.contrib.opt.AdamWOptimizer": [
        "weight_decay", "learning_rate", "beta1", "beta2", "epsilon", "use_locking", "name",
    ],
    "tf.contrib.opt.MomentumWOptimizer": [
        "weight_decay", "learning_rate", "momentum", "use_locking", "name", "use_nesterov",
    ],
    "tf.nn.embedding_lookup": [
        "params", "ids", "partition_strategy", "name", "validate_indices", "max_norm",
    ],
    "tf.nn.elu": ["features", "name"],
}  # fmt: skip
SIGNATURES = {**table.recorded()["signatures"], **MORE}
ORIGINALS = [
    ("GradientDescent", "tf.train.GradientDescentOptimizer"),
    ("Momentum", "tf.train.MomentumOptimizer"),
    ("Adagrad", "tf.train.AdagradOptimizer"),
    ("RMSProp", "tf.train.RMSPropOptimizer"),
    ("Adam", "tf.train.AdamOptimizer"),
    ("AdamW", "tf.contrib.opt.AdamWOptimizer"),
    ("MomentumW", "tf.contrib.opt.MomentumWOptimizer"),
    ("exponential_decay", "tf.train.exponential_decay"),
    ("he_init", "tf.contrib.layers.variance_scaling_initializer"),
    ("VarianceScaling", "tf.contrib.layers.variance_scaling_initializer"),
    ("xavier_init", "tf.contrib.layers.xavier_initializer"),
    ("l1_regularizer", "tf.contrib.layers.l1_regularizer"),
    ("l2_regularizer", "tf.contrib.layers.l2_regularizer"),
    ("l1_l2_regularizer", "tf.contrib.layers.l1_l2_regularizer"),
    ("penalty", "tf.contrib.layers.apply_regularization"),
    ("fully_connected", "tf.contrib.layers.fully_connected"),
    ("BatchNormalization", "tf.contrib.layers.batch_norm"),
    ("Dropout", "tf.contrib.layers.dropout"),
    ("Embedding", "tf.nn.embedding_lookup"),
    ("Embedding", "tf.contrib.layers.embed_sequence"),
    ("ExponentialMovingAverage", "tf.train.ExponentialMovingAverage"),
    ("leaky_relu", "tf.nn.leaky_relu"),
    ("elu", "tf.nn.elu"),
    ("clip_by_norm", "tf.clip_by_norm"),
    ("clip_gradients", "tf.clip_by_value"),
]
# Arguments that arrive in Keras under TF1's name and with TF1's meaning.
KERAS = {"BatchNormalization": ["trainable"], "Embedding": ["trainable", "name"]}
# Keras takes and refuses them in its own words.
REFUSED = {"BatchNormalization": ["renorm", "renorm_clipping"]}


@pytest.mark.parametrize("name, original", ORIGINALS)
def test_argument_of_tf1_is_taken_or_the_error_names_the_new_one(name, original):
    block = getattr(tf_recipes, name)
    own = inspect.signature(block).parameters
    for argument in SIGNATURES[original]:
        if argument in [*own, *KERAS.get(name, []), *REFUSED.get(name, [])]:
            continue
        with pytest.raises(ValueError) as refused:
            block(**{argument: 0.5})
        rule, remedy = str(refused.value).split(f" Received: {argument}=0.5. ")
        assert f"`{argument}`" in rule, str(refused.value)
        new = re.search(r"Pass (\w+) instead", remedy)
        assert new is None or new[1] in own, f"{name} has no {new[1]}"


@pytest.mark.parametrize("name", ["MaxNorm", "ClipWeights", "GradientClippingModel"])
def test_classes_of_the_chapters_functions(name, fails):
    names = ["clip_value_min", "clip_value_max"] if "Model" in name else ["clip_norm", "axes"]
    for argument in names:
        with fails(f"`{argument}`", f"{argument}=1"):
            getattr(tf_recipes, name)(**{argument: 1})


@pytest.mark.parametrize("kind", ["GradientDescent", "Momentum", "Adagrad", "Adam", "AdamW"])
def test_decay_of_the_learning_rate_is_refused(fails, kind):
    given = {"weight_decay": 0.1} if kind == "AdamW" else {}
    with fails("`decay`", "decay=0.5", "Pass a schedule as learning_rate"):
        getattr(tf_recipes, kind)(0.1, decay=0.5, **given)


def test_decay_of_rmsprop_is_no_longer_taken_and_ignored(fails):
    with fails("`decay` is TF1's name of `rho`.", "decay=0.5", "Pass rho instead."):
        tf_recipes.RMSProp(0.1, decay=0.5)


def test_signature_stays_that_of_the_function():
    @tf1_names.refused(renamed={"old": "new"})
    def function(new, *, other=1):
        """Says what it does."""
        return new, other

    assert str(inspect.signature(function)) == "(new, *, other=1)"
    assert inspect.getfullargspec(function).args == ["new"]
    assert function.__doc__ == "Says what it does." and function(2, other=3) == (2, 3)

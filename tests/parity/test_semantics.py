"""Tests the check itself: with one semantic of TF1 replaced by a wrong one, the check must fail.

Each case names a shipped trace, the wrong part, and where the first failure must be: at the first
recorded step after the difference acts, in the variables that the difference acts on.
"""

import dataclasses
import functools

import keras
import numpy as np
import pytest
from keras import ops

from tf_recipes import models
from tf_recipes.blocks import _update_rules, optimizers
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.dense import fully_connected
from tf_recipes.blocks.dropout import Dropout
from tf_recipes.blocks.max_norm import MaxNorm
from tf_recipes.parity import comparison, random_draws, references, trace
from tf_recipes.parity.replay import replay
from tf_recipes.ports import EXACT, TEXTBOOK


class LateSchedule(keras.optimizers.schedules.ExponentialDecay):
    """Computes the learning rate of the step after the increment."""

    def __call__(self, step):
        return super().__call__(step + 1)


class DoubleMomentum(optimizers.Momentum):
    """Uses hyperparameters in double precision."""

    def hyperparameter(self, value, like):
        return ops.cast(np.float64(0.05 if value is not self.momentum else value), like.dtype)


class PowerAdam(optimizers.Adam):
    """Raises beta to the step's power in double precision, instead of accumulating in float32."""

    def step(self, w, slots, g, eta):
        t = ops.cast(self.iterations + 1, "float64")
        exact = [ops.power(np.float64(np.float32(b)), t) for b in (self.beta_1, self.beta_2)]
        b1, b2, eps = (self.hyperparameter(v, w) for v in (self.beta_1, self.beta_2, self.epsilon))
        w, m, v = _update_rules.adam_update(
            w, slots["m"], slots["v"], g, eta, b1, b2, exact[0], exact[1], eps
        )
        return w, {"m": m, "v": v}


class ZeroRMSProp(optimizers.RMSProp):
    """Starts the mean square at zero."""

    def initial_slots(self):
        return {**super().initial_slots(), "mean_square": 0.0}


class UnscaledDropout(Dropout):
    """Drops units, and does not divide the kept ones by `keep_prob`."""

    def call(self, inputs, training=False):
        return super().call(inputs, training) * (self.keep_prob if training else 1)


def optimizer(kind, **arguments):
    return lambda recipe, rate: kind(rate, **arguments)


def max_norm(axis):
    return lambda recipe: MaxNorm(recipe.max_norm["threshold"], axis=axis)


def batch_norm(**changes):
    def make(recipe, name, dtype):
        arguments = {"momentum": 0.99, "scale": True, **changes}
        return BatchNormalization(name=name, dtype=dtype, **arguments)

    return make


def dropout(kind, share=lambda keep_prob: keep_prob):
    return lambda recipe, name, dtype: kind(share(recipe.keep_prob), name=name, dtype=dtype)


def variables(*names, scopes=("hidden1", "hidden2", "outputs")):
    return {f"{scope}/{name}" for scope in scopes for name in names}


HIDDEN = ("hidden1", "hidden2")
EVERYTHING = variables("weights", "biases")
WEIGHTS = variables("weights")
HIDDEN_WEIGHTS = variables("weights", scopes=HIDDEN)

# Semantic, trace, replaced parts, first recorded step that fails, variables that fail there.
CASES = [
    ("no default activation", "he_init", {"activation": lambda r: None}, 1, EVERYTHING),
    ("slope 0.2", "leaky_relu", {"activation": lambda r: "leaky_relu"}, 1, EVERYTHING),
    ("slope 0.3", "leaky_relu", {"activation": TEXTBOOK.activation}, 1, EVERYTHING),
    (
        "population variance",
        "batch_norm",
        {"batch_norm": TEXTBOOK.batch_norm},
        1,
        variables("BatchNorm/moving_variance"),
    ),
    (
        "decay .999 for .99",
        "batch_norm",
        {"batch_norm": batch_norm(momentum=0.999)},
        1,
        variables("BatchNorm/moving_mean", "BatchNorm/moving_variance"),
    ),
    (
        "gamma where TF1 has none",
        "batch_norm_defaults",
        {"batch_norm": batch_norm(momentum=0.999)},
        1,
        variables("BatchNorm/gamma"),
    ),
    ("1e-7 in max-norm", "max_norm_float64", {"max_norm": TEXTBOOK.max_norm}, 1, HIDDEN_WEIGHTS),
    ("incoming for outgoing", "max_norm", {"max_norm": max_norm(0)}, 1, HIDDEN_WEIGHTS),
    ("outgoing for incoming", "max_norm_incoming", {"max_norm": max_norm(1)}, 1, HIDDEN_WEIGHTS),
    # the velocity differs once the rate has changed, after step 1
    (
        "rate in the velocity",
        "momentum_decay",
        {"optimizer": optimizer(keras.optimizers.SGD, momentum=0.9)},
        5,
        EVERYTHING,
    ),
    (
        "rate in Nesterov's velocity",
        "nesterov_decay",
        {"optimizer": optimizer(keras.optimizers.SGD, momentum=0.9, nesterov=True)},
        5,
        EVERYTHING,
    ),
    (
        "momentum for Nesterov",
        "nesterov",
        {"optimizer": optimizer(optimizers.Momentum)},
        1,
        EVERYTHING,
    ),
    ("mean square from 0", "rmsprop", {"optimizer": optimizer(ZeroRMSProp)}, 1, EVERYTHING),
    (
        "RMSProp's epsilon 1e-7",
        "rmsprop_l2_float64",
        {"optimizer": optimizer(optimizers.RMSProp, epsilon=1e-7)},
        1,
        EVERYTHING,
    ),
    # at step 1 the mean gradient is a tenth of the gradient, so large gradients show the difference
    (
        "not centered",
        "rmsprop_centered",
        {"optimizer": optimizer(optimizers.RMSProp, momentum=0.5)},
        1,
        variables("biases"),
    ),
    (
        "Adagrad's epsilon",
        "adagrad_float64",
        {"optimizer": TEXTBOOK.optimizer},
        1,
        EVERYTHING,
    ),
    (
        "Adam's epsilon 1e-7",
        "adam_float64",
        {"optimizer": optimizer(optimizers.Adam, epsilon=1e-7)},
        1,
        EVERYTHING,
    ),
    # the first power is beta itself
    ("beta powers in double", "adam_float64", {"optimizer": optimizer(PowerAdam)}, 5, EVERYTHING),
    ("L2 without the half", "l2", {"regularizer": TEXTBOOK.regularizer}, 1, WEIGHTS),
    ("L1 with a half", "l1", {"regularizer": lambda r: keras.regularizers.L1(0.0005)}, 1, WEIGHTS),
    ("no division", "dropout", {"dropout": dropout(UnscaledDropout)}, 1, EVERYTHING),
    (
        "rate for keep_prob",
        "dropout_float64",
        {"dropout": dropout(Dropout, share=lambda keep_prob: 1 - keep_prob)},
        1,
        EVERYTHING,
    ),
    ("no clipping", "gradient_clipping", {"model": TEXTBOOK.model}, 1, EVERYTHING),
    (
        "clipped by norm",
        "gradient_clipping",
        {"model": TEXTBOOK.model, "optimizer": optimizer(keras.optimizers.SGD, clipnorm=0.01)},
        1,
        EVERYTHING,
    ),
    (
        "step read after it rises",
        "exponential_decay",
        {"schedule": lambda r: LateSchedule(0.05, 20, 0.5)},
        1,
        EVERYTHING,
    ),
    # until step 1, at step 0 of the schedule, both schedules agree
    (
        "staircase left out",
        "exponential_decay_staircase",
        {"schedule": lambda r: keras.optimizers.schedules.ExponentialDecay(0.05, 20, 0.5)},
        5,
        EVERYTHING,
    ),
    (
        "hyperparameters in double",
        "momentum_decay_float64",
        {"optimizer": optimizer(DoubleMomentum)},
        1,
        EVERYTHING,
    ),
]


def judged(name, port):
    reference = trace.load(references.RECORDED / f"{name}.npz")
    return comparison.compare(reference, "wrong", replay(reference, port))


def failures(verdict):
    """Returns the first recorded step that fails, and the variables that fail at that step.

    The losses fail at the same step or a later one.
    """
    step = verdict.first_failure.step
    failing = {d.variable for d in verdict.drifts if d.step == step and not d.matches}
    return step, failing - {comparison.LOSSES}


@pytest.mark.parametrize(
    ("name", "swapped", "step", "failing"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_wrong_semantic_fails_at_its_step_and_variables(name, swapped, step, failing):
    verdict = judged(name, dataclasses.replace(EXACT, **swapped))
    assert not verdict.passed
    assert failures(verdict) == (step, failing)


def test_the_textbook_initialiser_is_caught_by_its_distribution():
    reference = random_draws.load()["he"]
    assert random_draws.check_initializer("he", reference, EXACT).passed
    assert not random_draws.check_initializer("he", reference, TEXTBOOK).passed


def test_a_bias_beside_a_normalizer_is_a_variable_too_many(monkeypatch):
    def with_bias(inputs, units, normalizer=None, **arguments):
        outputs = fully_connected(
            inputs, units, normalizer=normalizer, **{**arguments, "activation": None}
        )
        name = arguments["name"]
        dense = keras.layers.Dense(units, name=name, dtype=arguments["dtype"])
        outputs = normalizer(name=f"{name}_BatchNorm", dtype=arguments["dtype"])(dense(inputs))
        activation = arguments["activation"] or "linear"
        return keras.layers.Activation(activation, dtype=arguments["dtype"])(outputs)

    monkeypatch.setattr(models, "fully_connected", with_bias)
    verdict = judged("batch_norm", EXACT)
    assert not verdict.passed
    assert failures(verdict) == (1, variables("biases"))
    assert verdict.first_failure.drift == float("inf")


def test_activation_before_the_normalizer_fails(monkeypatch):
    def activated_first(inputs, units, activation=None, normalizer=None, **arguments):
        plain = functools.partial(
            keras.layers.Dense, units, use_bias=False, dtype=arguments["dtype"]
        )
        outputs = plain(activation=activation, name=arguments["name"])(inputs)
        name = f"{arguments['name']}_BatchNorm"
        return normalizer(name=name, dtype=arguments["dtype"])(outputs)

    monkeypatch.setattr(models, "fully_connected", activated_first)
    verdict = judged("batch_norm", EXACT)
    assert not verdict.passed
    norm = ("beta", "gamma", "moving_mean", "moving_variance")
    everything = variables("weights", *(f"BatchNorm/{name}" for name in norm))
    assert failures(verdict) == (1, everything)

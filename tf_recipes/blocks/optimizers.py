"""Defines TF1's optimizers with their exact updates: momentum, Nesterov, Adagrad, RMSProp, Adam.

Gradient descent is not here, because `keras.optimizers.SGD` without momentum is exact.

Three things hold for all of these optimizers, as in TF1. Hyperparameters are float32, whatever the
variable's dtype. A sparse gradient, such as an embedding's, changes only its own rows where TF1's
kernel did so; the gradient is made dense on the way, which costs memory and changes no number. A
None gradient leaves its variable unchanged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import validation
from tf_recipes.blocks import _update_rules
from tf_recipes.blocks._tf1_optimizer import TF1Optimizer


@keras.saving.register_keras_serializable(package="tf_recipes")
class Momentum(TF1Optimizer):
    """Implements momentum, and Nesterov's momentum, with the rate outside the velocity.

    TF1: `tf.train.MomentumOptimizer(learning_rate, momentum, use_nesterov)`:
    `a = mu a + g; w -= eta a`. `keras.optimizers.SGD` has `m = mu m - eta g; w += m`. The two are
    the same under a constant rate. Under a decaying rate they are different algorithms: in Keras'
    velocity, old gradients keep the rate of their own step.

    Args:
        learning_rate: float >= 0 or a schedule.
        momentum: float >= 0, mu.
        nesterov: take Nesterov's step.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = Momentum(learning_rate=0.5, momentum=0.5)
    >>> for _ in range(2):  # a = 1, then 1.5
    ...     optimizer.apply([keras.ops.array(1.0)], [weight])
    >>> float(weight)
    -0.25

    References:
        Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
        learning", 2013.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        momentum: float = 0.9,
        nesterov: bool = False,
        name: str = "momentum",
        **kwargs: Any,
    ) -> None:
        validation.number("momentum", momentum, 0)
        validation.flag("nesterov", nesterov)
        super().__init__(learning_rate=_checked_rate(learning_rate), name=name, **kwargs)
        self.momentum = momentum
        self.nesterov = nesterov

    def initial_slots(self) -> dict[str, float]:
        return {"velocity": 0.0}

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        mu = self.hyperparameter(self.momentum, w)
        w, a = _update_rules.momentum_update(w, slots["velocity"], g, eta, mu, self.nesterov)
        return w, {"velocity": a}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@keras.saving.register_keras_serializable(package="tf_recipes")
class Adagrad(TF1Optimizer):
    """Implements Adagrad without an epsilon.

    TF1: `tf.train.AdagradOptimizer`: `s = s + g^2; w -= eta g / sqrt(s)`, with s = 0.1 at first.
    Keras' `Adagrad` divides by `sqrt(s + 1e-7)`: about 6e-7 apart after 100 steps on MNIST.

    Args:
        learning_rate: float >= 0 or a schedule.
        initial_accumulator_value: float > 0, s before the first step.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = Adagrad(learning_rate=0.5, initial_accumulator_value=3.0)
    >>> optimizer.apply([keras.ops.array(1.0)], [weight])  # 1 - 0.5 / sqrt(3 + 1)
    >>> float(weight)
    0.75

    References:
        Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization", 2011.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        initial_accumulator_value: float = 0.1,
        name: str = "adagrad",
        **kwargs: Any,
    ) -> None:
        validation.number("initial_accumulator_value", initial_accumulator_value, 0, open_low=True)
        super().__init__(learning_rate=_checked_rate(learning_rate), name=name, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value

    def initial_slots(self) -> dict[str, float]:
        return {"accumulator": self.initial_accumulator_value}

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        w, s = _update_rules.adagrad_update(w, slots["accumulator"], g, eta)
        return w, {"accumulator": s}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
        }


@keras.saving.register_keras_serializable(package="tf_recipes")
class RMSProp(TF1Optimizer):
    """Implements RMSProp with a mean square that starts at one.

    TF1: `tf.train.RMSPropOptimizer(learning_rate, decay, momentum, epsilon, centered)`. Keras'
    `RMSprop` starts the mean square at zero, so that its first steps are several times as long,
    and has epsilon 1e-7 instead of 1e-10.

    Args:
        learning_rate: float >= 0 or a schedule.
        rho: float in [0, 1], TF1's `decay`.
        momentum: float >= 0, mu.
        epsilon: float >= 0, added under the root.
        centered: divide by the root of the variance instead of the root of the mean square.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = RMSProp(learning_rate=0.5, rho=0.0, epsilon=0.0)
    >>> optimizer.apply([keras.ops.array(4.0)], [weight])  # 1 - 0.5 * 4 / sqrt(4^2)
    >>> float(weight)
    0.5

    References:
        Tieleman, Hinton, "Lecture 6.5: rmsprop", 2012. Centered: Graves, "Generating Sequences
        With Recurrent Neural Networks", 2013.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        centered: bool = False,
        name: str = "rmsprop",
        **kwargs: Any,
    ) -> None:
        validation.number("rho", rho, 0, 1)
        validation.number("momentum", momentum, 0)
        validation.number("epsilon", epsilon, 0)
        validation.flag("centered", centered)
        super().__init__(learning_rate=_checked_rate(learning_rate), name=name, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def initial_slots(self) -> dict[str, float]:
        slots = {"mean_square": 1.0, "velocity": 0.0}
        return {**slots, "mean_gradient": 0.0} if self.centered else slots

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        rho, mu, epsilon = (
            self.hyperparameter(value, w) for value in (self.rho, self.momentum, self.epsilon)
        )
        w, s, m, a = _update_rules.rmsprop_update(
            w,
            slots["mean_square"],
            slots.get("mean_gradient"),
            slots["velocity"],
            g,
            eta,
            rho,
            mu,
            epsilon,
        )
        return w, {"mean_square": s, "velocity": a, "mean_gradient": m}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


@keras.saving.register_keras_serializable(package="tf_recipes")
class Adam(TF1Optimizer):
    """Implements Adam with epsilon-hat 1e-8 and powers of beta that accumulate in float32.

    TF1: `tf.train.AdamOptimizer`. Keras' `Adam` has epsilon-hat 1e-7, and computes beta to the
    power of the step anew at each step. Here, as in TF1, a sparse gradient changes every row: in
    the rows that the gradient lacks, the moments decay.

    Args:
        learning_rate: float >= 0 or a schedule.
        beta_1: float in [0, 1).
        beta_2: float in [0, 1).
        epsilon: float >= 0, the paper's epsilon-hat.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = Adam(learning_rate=0.5)
    >>> optimizer.apply([keras.ops.array(4.0)], [weight])  # the first step has the length eta
    >>> round(float(weight), 6)
    0.5

    References:
        Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        name: str = "adam",
        **kwargs: Any,
    ) -> None:
        validation.number("beta_1", beta_1, 0, 1, open_high=True)
        validation.number("beta_2", beta_2, 0, 1, open_high=True)
        validation.number("epsilon", epsilon, 0)
        super().__init__(learning_rate=_checked_rate(learning_rate), name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def initial_slots(self) -> dict[str, float]:
        return {"m": 0.0, "v": 0.0}

    def build(self, variables: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._powers = [
            self.add_variable(
                shape=(),
                dtype="float32",
                initializer=keras.initializers.Constant(beta),
                aggregation="only_first_replica",
                name=f"beta_{k}_power",
            )
            for k, beta in ((1, self.beta_1), (2, self.beta_2))
        ]

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        beta_1, beta_2, epsilon, power_1, power_2 = (
            self.hyperparameter(value, w)
            for value in (self.beta_1, self.beta_2, self.epsilon, *self._powers)
        )
        w, m, v = _update_rules.adam_update(
            w, slots["m"], slots["v"], g, eta, beta_1, beta_2, power_1, power_2, epsilon
        )
        return w, {"m": m, "v": v}

    def _select_rows(self, touched: Any, new: Any, old: Any) -> Any:
        return new  # TF1's kernel changes every row

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        next_iteration = self.iterations + 1
        super().apply(grads, trainable_variables)
        # The powers change once, after the step of every variable. A call that only accumulates a
        # gradient takes no step.
        step_taken = ops.equal(self.iterations, next_iteration)
        for power, beta in zip(self._powers, (self.beta_1, self.beta_2), strict=True):
            # beta^t <- beta^t beta
            power.assign(power * ops.where(step_taken, np.float32(beta), np.float32(1)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


def _checked_rate(value: Any) -> Any:
    """Checks a learning rate: a number becomes a float; a schedule or its config stays."""
    if callable(value) or isinstance(value, dict):
        return value
    validation.number("learning_rate", value, 0)
    return float(value)

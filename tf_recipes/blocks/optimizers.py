"""TF1's optimizers with their exact updates: momentum, Nesterov, Adagrad, RMSProp and Adam.

Gradient descent is missing on purpose: `keras.optimizers.SGD` without momentum is exact.

Three things hold for all of them, as in TF1. Hyperparameters are float32, whatever the variable's
dtype. A sparse gradient (of an embedding, say) touches its own rows alone where TF1's kernel did
so; it is made dense on the way, which costs memory and changes no number. A None gradient leaves
its variable alone.
"""

import keras
import numpy as np
from keras import ops

from tf_recipes._support import validation
from tf_recipes.blocks import _updates
from tf_recipes.blocks._tf1_optimizer import TF1Optimizer


@keras.saving.register_keras_serializable(package="tf_recipes")
class Momentum(TF1Optimizer):
    """Momentum, and Nesterov's, with the rate outside the velocity.

    TF1: `tf.train.MomentumOptimizer(learning_rate, momentum, use_nesterov)`:
    `a = mu a + g; w -= eta a`. `keras.optimizers.SGD` has `m = mu m - eta g; w += m`: the same
    under a constant rate, another algorithm under a decaying one, where old gradients keep the
    rate of their own time.

    Args:
        learning_rate: float or schedule.
        momentum: float >= 0, mu.
        nesterov: take Nesterov's step.
        **kwargs: Keras' arguments that every optimizer has.

    Raises:
        ValueError: for an argument outside these.

    References:
        Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep
        learning", 2013.
    """

    def __init__(self, learning_rate, momentum=0.9, nesterov=False, name="momentum", **kwargs):
        validation.number("momentum", momentum, 0)
        validation.flag("nesterov", nesterov)
        super().__init__(learning_rate=_rate(learning_rate), name=name, **kwargs)
        self.momentum = momentum
        self.nesterov = nesterov

    def initial_slots(self):
        return {"velocity": 0.0}

    def step(self, w, slots, g, eta):
        mu = self.hyperparameter(self.momentum, w)
        w, a = _updates.momentum_update(w, slots["velocity"], g, eta, mu, self.nesterov)
        return w, {"velocity": a}

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@keras.saving.register_keras_serializable(package="tf_recipes")
class Adagrad(TF1Optimizer):
    """Adagrad without an epsilon.

    TF1: `tf.train.AdagradOptimizer`: `w -= eta g / sqrt(s)`, s from 0.1. Keras' has
    `sqrt(s + 1e-7)`: about 6e-7 apart after 100 steps on MNIST.

    Args:
        learning_rate: float or schedule.
        initial_accumulator_value: float > 0.
        **kwargs: Keras' arguments that every optimizer has.

    Raises:
        ValueError: for an argument outside these.

    References:
        Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization", 2011.
    """

    def __init__(self, learning_rate, initial_accumulator_value=0.1, name="adagrad", **kwargs):
        validation.number("initial_accumulator_value", initial_accumulator_value, 0, open_low=True)
        super().__init__(learning_rate=_rate(learning_rate), name=name, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value

    def initial_slots(self):
        return {"accumulator": self.initial_accumulator_value}

    def step(self, w, slots, g, eta):
        w, s = _updates.adagrad_update(w, slots["accumulator"], g, eta)
        return w, {"accumulator": s}

    def get_config(self):
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
        }


@keras.saving.register_keras_serializable(package="tf_recipes")
class RMSProp(TF1Optimizer):
    """RMSProp whose mean square starts at one.

    TF1: `tf.train.RMSPropOptimizer(learning_rate, decay, momentum, epsilon, centered)`. Keras'
    `RMSprop` starts the mean square at zero, so that its first steps are several times as long,
    and has epsilon 1e-7 instead of 1e-10.

    Args:
        learning_rate: float or schedule.
        rho: float in [0, 1], TF1's `decay`.
        momentum: float >= 0.
        epsilon: float >= 0, under the root.
        centered: divide by the variance instead of the mean square.
        **kwargs: Keras' arguments that every optimizer has.

    Raises:
        ValueError: for an argument outside these.

    References:
        Tieleman, Hinton, "Lecture 6.5: rmsprop", 2012. Centered: Graves, "Generating Sequences
        With Recurrent Neural Networks", 2013.
    """

    def __init__(
        self,
        learning_rate,
        rho=0.9,
        momentum=0.0,
        epsilon=1e-10,
        centered=False,
        name="rmsprop",
        **kwargs,
    ):
        validation.number("rho", rho, 0, 1)
        validation.number("momentum", momentum, 0)
        validation.number("epsilon", epsilon, 0)
        validation.flag("centered", centered)
        super().__init__(learning_rate=_rate(learning_rate), name=name, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def initial_slots(self):
        slots = {"mean_square": 1.0, "velocity": 0.0}
        return {**slots, "mean_gradient": 0.0} if self.centered else slots

    def step(self, w, slots, g, eta):
        rho, mu, epsilon = (
            self.hyperparameter(value, w) for value in (self.rho, self.momentum, self.epsilon)
        )
        mean = slots.get("mean_gradient")
        w, s, m, a = _updates.rmsprop_update(
            w, slots["mean_square"], mean, slots["velocity"], g, eta, rho, mu, epsilon
        )
        return w, {"mean_square": s, "velocity": a, "mean_gradient": m}

    def get_config(self):
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


@keras.saving.register_keras_serializable(package="tf_recipes")
class Adam(TF1Optimizer):
    """Adam with epsilon-hat 1e-8 and powers of beta that accumulate in float32.

    TF1: `tf.train.AdamOptimizer`. Keras' `Adam` has 1e-7, and raises beta to the step's power anew
    at each step. A sparse gradient moves every row here, as in TF1: the moments of the rows it
    lacks decay.

    Args:
        learning_rate: float or schedule.
        beta_1: float in [0, 1).
        beta_2: float in [0, 1).
        epsilon: float >= 0, the paper's epsilon-hat.
        **kwargs: Keras' arguments that every optimizer has.

    Raises:
        ValueError: for an argument outside these.

    References:
        Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        name="adam",
        **kwargs,
    ):
        validation.number("beta_1", beta_1, 0, 1, open_high=True)
        validation.number("beta_2", beta_2, 0, 1, open_high=True)
        validation.number("epsilon", epsilon, 0)
        super().__init__(learning_rate=_rate(learning_rate), name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def initial_slots(self):
        return {"m": 0.0, "v": 0.0}

    def build(self, variables):
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

    def step(self, w, slots, g, eta):
        beta_1, beta_2, epsilon, power_1, power_2 = (
            self.hyperparameter(value, w)
            for value in (self.beta_1, self.beta_2, self.epsilon, *self._powers)
        )
        w, m, v = _updates.adam_update(
            w, slots["m"], slots["v"], g, eta, beta_1, beta_2, power_1, power_2, epsilon
        )
        return w, {"m": m, "v": v}

    def _rows(self, touched, new, old):
        return new

    def apply(self, grads, trainable_variables=None):
        following = self.iterations + 1
        super().apply(grads, trainable_variables)
        # beta^t <- beta^t beta, once the step is taken for every variable; a call that only
        # accumulates a gradient is not a step
        taken = ops.equal(self.iterations, following)
        for power, beta in zip(self._powers, (self.beta_1, self.beta_2), strict=True):
            power.assign(power * ops.where(taken, np.float32(beta), np.float32(1)))

    def get_config(self):
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }


def _rate(value):
    """A float, a schedule, or what Keras restores one from."""
    if callable(value) or isinstance(value, dict):
        return value
    validation.number("learning_rate", value, 0)
    return float(value)

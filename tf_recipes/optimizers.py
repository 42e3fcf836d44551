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

from tf_recipes import validation


def momentum_update(w, a, g, eta, mu, nesterov):
    """One step; returns the new `w` and `a`. The rate multiplies the whole velocity."""
    # a <- mu a + g
    a = a * mu + g
    # w <- w - eta a,  or for Nesterov  w <- w - (eta g + eta mu a)
    step = g * eta + a * mu * eta if nesterov else a * eta
    return w - step, a


def adagrad_update(w, s, g, eta):
    """One step; returns the new `w` and `s`. No epsilon: `s` starts above zero instead."""
    # s <- s + g^2
    s = s + g * g
    # w <- w - eta g / sqrt(s)
    return w - g * eta * ops.rsqrt(s), s


def rmsprop_update(w, s, m, a, g, eta, rho, mu, epsilon):
    """One step; returns the new `w`, `s`, `m`, `a`. `m` is the mean gradient, or None."""
    # s <- s + (1 - rho) (g^2 - s)
    s = s + (g * g - s) * (1 - rho)
    variance = s + epsilon
    if m is not None:
        # centered: m <- m + (1 - rho) (g - m), and the variance is s - m^2
        m = m + (g - m) * (1 - rho)
        variance = s - m * m + epsilon
    # a <- mu a + eta g / sqrt(variance)
    a = a * mu + g * eta / ops.sqrt(variance)
    return w - a, s, m, a


def adam_update(w, m, v, g, eta, beta_1, beta_2, power_1, power_2, epsilon):
    """One step; returns the new `w`, `m`, `v`. `power_1` is beta_1^t, `power_2` is beta_2^t."""
    # alpha = eta sqrt(1 - beta_2^t) / (1 - beta_1^t), so epsilon is the paper's epsilon-hat
    alpha = eta * ops.sqrt(1 - power_2) / (1 - power_1)
    # m <- m + (1 - beta_1) (g - m);  v <- v + (1 - beta_2) (g^2 - v)
    m = m + (g - m) * (1 - beta_1)
    v = v + (g * g - v) * (1 - beta_2)
    # w <- w - alpha m / (sqrt(v) + epsilon)
    return w - m * alpha / (ops.sqrt(v) + epsilon), m, v


class _TF1Optimizer(keras.optimizers.Optimizer):
    """What the optimizers here share: slots, float32 hyperparameters, sparse gradients."""

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        # NumPy's double, because Keras would round Python's to float32 on its way to float64.
        self._slots = {
            name: [
                self.add_variable_from_reference(
                    variable,
                    name=name,
                    initializer=keras.initializers.Constant(np.float64(initial)),
                )
                for variable in variables
            ]
            for name, initial in self.initial_slots().items()
        }

    def initial_slots(self):
        """`{name: initial value}` of the variables kept for each model variable."""
        raise NotImplementedError

    def step(self, w, slots, g, eta):
        """The new `w` and the new `slots`, a dict by name."""
        raise NotImplementedError

    def hyperparameter(self, value, like):
        """`value` as TF1 hands it to the kernel: a float32 tensor, cast to the dtype of `like`."""
        if isinstance(value, float | int):
            value = np.float32(value)
        return ops.cast(ops.cast(value, "float32"), like.dtype)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        slots = {name: variables[index] for name, variables in self._slots.items()}
        gradient, touched = _dense(gradient, variable)
        old = {name: ops.convert_to_tensor(slot) for name, slot in slots.items()}
        w = ops.convert_to_tensor(variable)
        eta = self.hyperparameter(learning_rate, w)
        new_w, new = self.step(w, old, ops.cast(gradient, w.dtype), eta)
        for name, slot in slots.items():
            self.assign(slot, self._rows(touched, new[name], old[name]))
        self.assign(variable, self._rows(touched, new_w, w))

    def _rows(self, touched, new, old):
        """`new` in the rows a sparse gradient holds, `old` elsewhere; dense: `new`."""
        return new if touched is None else ops.where(touched, new, old)


def _dense(gradient, variable):
    """A dense gradient, and which rows it holds: bool (rows, 1, ...), or None for all."""
    if not hasattr(gradient, "indices"):
        return gradient, None
    rows = variable.shape[0]
    total = ops.segment_sum(gradient.values, gradient.indices, num_segments=rows)
    count = ops.segment_sum(ops.ones_like(gradient.indices), gradient.indices, num_segments=rows)
    return total, ops.reshape(count > 0, (rows,) + (1,) * (len(variable.shape) - 1))


@keras.saving.register_keras_serializable(package="tf_recipes")
class Momentum(_TF1Optimizer):
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
        _check_learning_rate(learning_rate)
        validation.number("momentum", momentum, 0)
        validation.flag("nesterov", nesterov)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum
        self.nesterov = nesterov

    def initial_slots(self):
        return {"velocity": 0.0}

    def step(self, w, slots, g, eta):
        mu = self.hyperparameter(self.momentum, w)
        w, a = momentum_update(w, slots["velocity"], g, eta, mu, self.nesterov)
        return w, {"velocity": a}

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


@keras.saving.register_keras_serializable(package="tf_recipes")
class Adagrad(_TF1Optimizer):
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
        _check_learning_rate(learning_rate)
        validation.number("initial_accumulator_value", initial_accumulator_value, 0, open_low=True)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value

    def initial_slots(self):
        return {"accumulator": self.initial_accumulator_value}

    def step(self, w, slots, g, eta):
        w, s = adagrad_update(w, slots["accumulator"], g, eta)
        return w, {"accumulator": s}

    def get_config(self):
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
        }


@keras.saving.register_keras_serializable(package="tf_recipes")
class RMSProp(_TF1Optimizer):
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
        _check_learning_rate(learning_rate)
        validation.number("rho", rho, 0, 1)
        validation.number("momentum", momentum, 0)
        validation.number("epsilon", epsilon, 0)
        validation.flag("centered", centered)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
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
        w, s, m, a = rmsprop_update(
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
class Adam(_TF1Optimizer):
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
        _check_learning_rate(learning_rate)
        validation.number("beta_1", beta_1, 0, 1, open_high=True)
        validation.number("beta_2", beta_2, 0, 1, open_high=True)
        validation.number("epsilon", epsilon, 0)
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
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
        w, m, v = adam_update(
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


def _check_learning_rate(value):
    """A number, a schedule, or what Keras restores one from."""
    if not callable(value) and not isinstance(value, dict):
        validation.number("learning_rate", value, 0)

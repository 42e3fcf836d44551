"""Defines TF1's optimizers with their exact updates.

They are gradient descent, momentum, Nesterov, Adagrad, RMSProp, Adam, and the last two of contrib
with decoupled weight decay: `MomentumW` and `AdamW`.

These rules hold for all of them, as in TF1:

- Hyperparameters are float32, whatever the variable's dtype.
- A sparse gradient, such as an embedding's, changes only its own rows where TF1's kernel did so,
  and stays sparse: other rows are neither read nor written. Clipping, loss scale, weight decay,
  averages and accumulation change nothing of this. Keras has sparse gradients on TensorFlow only.
  On JAX and PyTorch, a row of a `keras.layers.Embedding` whose gradient is zero throughout counts
  as absent.
- A None gradient leaves its variable unchanged. `apply([])` does nothing, as in Keras; TF1 raised
  an error.
- With `gradient_accumulation_steps` the parts of a batch make one step: the gradient is the mean
  over the parts. Clipping, schedules, the powers of beta and the average of the weights see this
  one step.
- By position they take only what TF1's took there: `use_locking` came before `use_nesterov`,
  `centered` and the names, which are arguments by name here.
- `weight_decay` is Keras': it multiplies the decay by the learning rate and decays every row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import tf1_names, validation
from tf_recipes.blocks import _sparse_gradients, _update_rules
from tf_recipes.blocks._decoupled_decay import DecoupledDecay
from tf_recipes.blocks._tf1_optimizer import TF1Optimizer

# Keras takes `decay` with a warning, and ignores it.
_GONE = {
    **tf1_names.LOCKING,
    "decay": "Pass a schedule as learning_rate; AdamW and MomentumW have weight_decay.",
}


@keras.saving.register_keras_serializable(package="tf_recipes")
class GradientDescent(TF1Optimizer):
    """Implements gradient descent with a learning rate that is rounded to float32.

    TF1: `tf.train.GradientDescentOptimizer`: `w -= eta g`. `keras.optimizers.SGD` without momentum
    is the same, except for its rate under `keras.config.set_floatx("float64")`: Keras keeps it in
    float64, TF1 rounded it to float32.

    Args:
        learning_rate: float >= 0 or a schedule.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range, or an argument of TF1 with another name here.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = GradientDescent(learning_rate=0.5)
    >>> optimizer.apply([keras.ops.array(1.0)], [weight])
    >>> float(weight)
    0.5

    References:
        Robbins, Monro, "A Stochastic Approximation Method", 1951.
    """

    @tf1_names.refused(gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        *,
        name: str = "gradient_descent",
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=_checked_rate(learning_rate), name=name, **kwargs)

    def initial_slots(self) -> dict[str, float]:
        return {}

    def step(
        self, w: Any, slots: Mapping[str, Any], g: Any, eta: Any
    ) -> tuple[Any, dict[str, Any]]:
        return _update_rules.gradient_descent_update(w, g, eta), {}

    def _update_rows(
        self, gradient: Any, variable: Any, slots: Mapping[str, keras.Variable], eta: Any
    ) -> None:
        # TF1 subtracted the values one by one, without the sum of those of one row.
        self.assign_sub(
            variable, _sparse_gradients.mapped(lambda g: ops.cast(g, eta.dtype) * eta, gradient)
        )


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
        ValueError: for an argument outside its range, or an argument of TF1 with another name here.

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

    @tf1_names.refused(renamed={"use_nesterov": "nesterov"}, gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        momentum: float = 0.9,
        *,
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
        ValueError: for an argument outside its range, or an argument of TF1 with another name here.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = Adagrad(learning_rate=0.5, initial_accumulator_value=3.0)
    >>> optimizer.apply([keras.ops.array(1.0)], [weight])  # 1 - 0.5 / sqrt(3 + 1)
    >>> float(weight)
    0.75

    References:
        Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
        Optimization", 2011.
    """

    @tf1_names.refused(gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        initial_accumulator_value: float = 0.1,
        *,
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
        ValueError: for an argument outside its range, or an argument of TF1 with another name here.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = RMSProp(learning_rate=0.5, rho=0.0, epsilon=0.0)
    >>> optimizer.apply([keras.ops.array(4.0)], [weight])  # 1 - 0.5 * 4 / sqrt(4^2)
    >>> float(weight)
    0.5

    References:
        Tieleman, Hinton, "Lecture 6.5: rmsprop", 2012. Centered: Graves, "Generating Sequences
        With Recurrent Neural Networks", 2013.
    """

    @tf1_names.refused(renamed={"decay": "rho"}, gone=tf1_names.LOCKING)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-10,
        *,
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
        ValueError: for an argument outside its range, or an argument of TF1 with another name here.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = Adam(learning_rate=0.5)
    >>> optimizer.apply([keras.ops.array(4.0)], [weight])  # the first step has the length eta
    >>> round(float(weight), 6)
    0.5

    References:
        Kingma, Ba, "Adam: A Method for Stochastic Optimization", 2015.
    """

    leaves_absent_rows = False

    @tf1_names.refused(renamed={"beta1": "beta_1", "beta2": "beta_2"}, gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
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
        beta_1, beta_2, epsilon, power_1, power_2 = self._hyperparameters(w)
        w, m, v = _update_rules.adam_update(
            w, slots["m"], slots["v"], g, eta, beta_1, beta_2, power_1, power_2, epsilon
        )
        return w, {"m": m, "v": v}

    def _update_rows(
        self, gradient: Any, variable: Any, slots: Mapping[str, keras.Variable], eta: Any
    ) -> None:
        gradient = _sparse_gradients.summed(gradient, variable.dtype)
        w = _sparse_gradients.read(variable, gradient)
        decayed = self.decayed(w, variable)
        if decayed is not w:
            self.assign(variable, _sparse_gradients.with_values(gradient, decayed))
        beta_1, beta_2, epsilon, power_1, power_2 = self._hyperparameters(w)
        moments = (("m", beta_1, gradient.values), ("v", beta_2, gradient.values**2))
        for name, beta, value in moments:
            # m <- beta m in every row; then m <- m + (1 - beta) g in the rows of the gradient
            _sparse_gradients.scale_every_row(slots[name], beta)
            rows = _sparse_gradients.read(slots[name], gradient) + value * (1 - beta)
            self.assign(slots[name], _sparse_gradients.with_values(gradient, rows))
        m, v = (ops.convert_to_tensor(slots[name]) for name in ("m", "v"))
        self.assign_sub(variable, _update_rules.adam_step(m, v, eta, power_1, power_2, epsilon))

    def _hyperparameters(self, w: Any) -> list[Any]:
        """Returns the betas, epsilon and the powers of beta in the dtype of `w`."""
        values = (self.beta_1, self.beta_2, self.epsilon, *self._powers)
        return [self.hyperparameter(value, w) for value in values]

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[keras.Variable] | None = None
    ) -> None:
        if not len(grads):  # then no step is taken, and there may be no powers yet
            return
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


@keras.saving.register_keras_serializable(package="tf_recipes")
class MomentumW(DecoupledDecay, Momentum):
    """Implements momentum with a weight decay that the learning rate does not multiply.

    TF1: `tf.contrib.opt.MomentumWOptimizer`: `w -= weight_decay w`, then the step of `Momentum`.
    `weight_decay` of a Keras optimizer is another number: Keras multiplies it by the learning rate.
    A sparse gradient decays only its own rows.

    Args:
        learning_rate: float >= 0 or a schedule.
        weight_decay: float >= 0, the share of each weight that a step removes. A keyword: TF1 has
            it before the learning rate, Keras after it.
        momentum: float >= 0, mu.
        nesterov: take Nesterov's step.
        decay_var_list: the variables that decay, or their paths; None or an empty list: all. TF1
            has it as an argument of `minimize`.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range, or an argument of TF1 with another name here;
            when built, for a `decay_var_list` that holds none of the trained variables.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = MomentumW(learning_rate=0.5, weight_decay=0.25)
    >>> optimizer.apply([keras.ops.array(1.0)], [weight])  # 1 - 0.25 * 1 - 0.5 * 1
    >>> float(weight)
    0.25

    References:
        Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2019.
    """

    @tf1_names.refused(renamed={"use_nesterov": "nesterov"}, gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule,
        *,
        weight_decay: float,
        momentum: float = 0.9,
        nesterov: bool = False,
        decay_var_list: Iterable[Any] | None = None,
        name: str = "momentum_w",
        **kwargs: Any,
    ) -> None:
        validation.number("weight_decay", weight_decay, 0)
        super().__init__(
            learning_rate,
            momentum,
            nesterov=nesterov,
            name=name,
            weight_decay=weight_decay,
            **kwargs,
        )
        self.decay_paths = self.checked_paths(decay_var_list)


@keras.saving.register_keras_serializable(package="tf_recipes")
class AdamW(DecoupledDecay, Adam):
    """Implements Adam with a weight decay that the learning rate does not multiply.

    TF1: `tf.contrib.opt.AdamWOptimizer`: `w -= weight_decay w`, then the step of `Adam`.
    `keras.optimizers.AdamW` multiplies the decay by the learning rate: with a rate of 0.001, the
    same number decays the weights a thousand times less. A sparse gradient decays only its own
    rows, while Adam's step changes every row.

    Args:
        learning_rate: float >= 0 or a schedule.
        weight_decay: float >= 0, the share of each weight that a step removes. A keyword: TF1 has
            it before the learning rate, Keras after it.
        beta_1: float in [0, 1).
        beta_2: float in [0, 1).
        epsilon: float >= 0, the paper's epsilon-hat.
        decay_var_list: the variables that decay, or their paths; None or an empty list: all. TF1
            has it as an argument of `minimize`.
        name: of the optimizer.
        **kwargs: the arguments of every Keras optimizer.

    Raises:
        ValueError: for an argument outside its range, or an argument of TF1 with another name here;
            when built, for a `decay_var_list` that holds none of the trained variables.

    >>> weight = keras.Variable(1.0)
    >>> optimizer = AdamW(learning_rate=0.5, weight_decay=0.25)
    >>> optimizer.apply([keras.ops.array(0.0)], [weight])  # the decay alone: 1 - 0.25 * 1
    >>> float(weight)
    0.75

    References:
        Loshchilov, Hutter, "Decoupled Weight Decay Regularization", 2019.
    """

    @tf1_names.refused(renamed={"beta1": "beta_1", "beta2": "beta_2"}, gone=_GONE)
    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 0.001,
        *,
        weight_decay: float,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        decay_var_list: Iterable[Any] | None = None,
        name: str = "adam_w",
        **kwargs: Any,
    ) -> None:
        validation.number("weight_decay", weight_decay, 0)
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            name=name,
            weight_decay=weight_decay,
            **kwargs,
        )
        self.decay_paths = self.checked_paths(decay_var_list)


def _checked_rate(value: Any) -> Any:
    """Checks a learning rate: a number becomes a float; a schedule or its config stays."""
    if callable(value) or isinstance(value, dict):
        return value
    validation.number("learning_rate", value, 0)
    return float(value)

"""Holds the optimizers' update rules as pure functions, in the symbols of their papers.

`w` is the variable, `g` its gradient, `eta` the learning rate; the other symbols are slot variables
and hyperparameters. All arguments are tensors of one shape and dtype, or scalars of that dtype.
"""

from typing import Any

from keras import ops


def gradient_descent_update(w: Any, g: Any, eta: Any) -> Any:
    """Takes a step of gradient descent.

    Returns:
        The new `w`.
    """
    # w <- w - eta g
    return w - g * eta


def momentum_update(w: Any, a: Any, g: Any, eta: Any, mu: Any, nesterov: bool) -> tuple[Any, Any]:
    """Takes a momentum step, in which the rate multiplies the whole velocity `a`.

    Returns:
        The new `w` and `a`.
    """
    # a <- mu a + g
    a = a * mu + g
    if nesterov:
        # w <- w - (eta g + eta mu a)
        return w - (g * eta + a * mu * eta), a
    # w <- w - eta a
    return w - a * eta, a


def adagrad_update(w: Any, s: Any, g: Any, eta: Any) -> tuple[Any, Any]:
    """Takes an Adagrad step without an epsilon; the sum of squares `s` starts above zero instead.

    Returns:
        The new `w` and `s`.
    """
    # s <- s + g^2
    s = s + g * g
    # w <- w - eta g / sqrt(s)
    return w - g * eta * ops.rsqrt(s), s


def rmsprop_update(
    w: Any, s: Any, m: Any, a: Any, g: Any, eta: Any, rho: Any, mu: Any, epsilon: Any
) -> tuple[Any, Any, Any, Any]:
    """Takes an RMSProp step; `s` is the mean square, `m` the mean gradient.

    With `m`, the step is centered: it divides by the root of the variance. Without, `m` is None.

    Returns:
        The new `w`, `s`, `m` and velocity `a`.
    """
    # s <- s + (1 - rho) (g^2 - s)
    s = s + (g * g - s) * (1 - rho)
    if m is None:
        # v = s + epsilon
        v = s + epsilon
    else:
        # m <- m + (1 - rho) (g - m)
        m = m + (g - m) * (1 - rho)
        # v = s - m^2 + epsilon
        v = s - m * m + epsilon
    # a <- mu a + eta g / sqrt(v)
    a = a * mu + g * eta / ops.sqrt(v)
    # w <- w - a
    return w - a, s, m, a


def adam_update(
    w: Any,
    m: Any,
    v: Any,
    g: Any,
    eta: Any,
    beta_1: Any,
    beta_2: Any,
    power_1: Any,
    power_2: Any,
    epsilon: Any,
) -> tuple[Any, Any, Any]:
    """Takes an Adam step; `power_1` is beta_1^t, `power_2` is beta_2^t.

    The bias correction is in alpha, so epsilon is the paper's epsilon-hat.

    Returns:
        The new `w`, `m` and `v`.
    """
    # m <- m + (1 - beta_1) (g - m)
    m = m + (g - m) * (1 - beta_1)
    # v <- v + (1 - beta_2) (g^2 - v)
    v = v + (g * g - v) * (1 - beta_2)
    # w <- w - alpha m / (sqrt(v) + epsilon)
    return w - adam_step(m, v, eta, power_1, power_2, epsilon), m, v


def adam_step(m: Any, v: Any, eta: Any, power_1: Any, power_2: Any, epsilon: Any) -> Any:
    """Returns what an Adam step subtracts from the variable, given the new moments."""
    # alpha = eta sqrt(1 - beta_2^t) / (1 - beta_1^t)
    alpha = eta * ops.sqrt(1 - power_2) / (1 - power_1)
    return m * alpha / (ops.sqrt(v) + epsilon)

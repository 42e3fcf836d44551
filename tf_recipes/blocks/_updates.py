"""The optimizers' update rules as pure functions, in the symbols of their papers.

`w` is the variable, `g` its gradient, `eta` the rate; the rest are what the optimizer keeps. All
are tensors of one shape and dtype, or scalars of that dtype.
"""

from keras import ops


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

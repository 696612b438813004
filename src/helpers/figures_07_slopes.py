"""Measured slopes of lesson 07, their errors, and a small net that trains on wrong ones."""

import numpy as np

from helpers import data, plotting
from helpers.backend import array_module, to_backend
from helpers.layers import (
    conv2d,
    conv2d_backward,
    flatten,
    flatten_backward,
    linear,
    linear_backward,
    relu,
    relu_backward,
)
from helpers.losses import cross_entropy


def finite_differences(f, x, upstream, h: float = 1e-5):
    """Measure the gradient of ``(upstream * f(x)).sum()`` with respect to x.

    Built in lesson 07. Each number of x is moved up and down by `h`, in float64.

    Parameters
    ----------
    f : function
        Takes an array like x and returns a number or an array.
    x : array (...)
        It is not changed.
    upstream : array or float
        In the shape of ``f(x)``.
    h : float
        The step, in units of x.

    Returns
    -------
    array (...)
        In the shape of x, float64.
    """
    xp = array_module(x)
    flat = x.astype(xp.float64).ravel()
    slopes = [xp.zeros(())] * flat.size
    for k in range(flat.size):
        moved = xp.stack([flat, flat])
        moved[0, k] += h
        moved[1, k] -= h
        above, below = (f(row.reshape(x.shape)) for row in moved)
        slopes[k] = xp.asarray(upstream * (above - below) / (2 * h)).sum()
    return xp.stack(slopes).reshape(x.shape)


def slope_errors(steps, dtype, one_sided: bool):
    """Return how far the measured slope of exp at 1 is from e, for each step."""
    x, right = np.asarray(1, dtype), float(np.exp(1.0))
    errors = []
    for h in np.asarray(steps, dtype):
        below, width = (np.exp(x), h) if one_sided else (np.exp(x - h), 2 * h)
        errors.append(abs(float((np.exp(x + h) - below) / width) - right) / right)
    return np.maximum(errors, 1e-17)


def show_secants(h: float = 1.0):
    """Draw the cube x³ at x = 1 with its tangent, a one-sided and a central slope."""
    x = np.linspace(-0.2, 2.2, 61)
    one_sided = ((1 + h) ** 3 - 1) / h
    central = ((1 + h) ** 3 - (1 - h) ** 3) / (2 * h)
    lines = {
        "x³": x**3,
        "tangent, slope 3": 1 + 3 * (x - 1),
        f"from 1 to {1 + h:g}, slope {one_sided:g}": 1 + one_sided * (x - 1),
        f"from {1 - h:g} to {1 + h:g}, slope {central:g}": 1 + central * (x - 1),
    }
    plotting.show_curves(
        lines,
        alt=f"The cube of x with its tangent at 1. A line drawn with the slope from 1 to "
        f"{1 + h:g} is much too steep; one with the slope from {1 - h:g} to {1 + h:g} lies "
        "closer to the tangent.",
        caption="All three lines are drawn through the point (1, 1).",
        x=x,
        xlabel="x",
        markers=False,
    )


def show_step_sizes():
    """Draw the error of measured slopes against the step h."""
    steps = 10.0 ** np.linspace(-12, 0, 49)
    curves = {
        "float32, central": slope_errors(steps[16:], np.float32, False),
        "float64, one-sided": slope_errors(steps, np.float64, True),
        "float64, central": slope_errors(steps, np.float64, False),
    }
    places = {name: steps[-len(values) :] for name, values in curves.items()}
    best = {name: float(places[name][values.argmin()]) for name, values in curves.items()}
    lowest = "; ".join(f"{name}: h = {h:.0e}" for name, h in best.items())
    at = int(abs(np.log10(steps) + 5).argmin())
    single, double = (
        float(curves[f"{t}, central"][at - len(steps)]) for t in ("float32", "float64")
    )
    plotting.show_curves(
        curves,
        alt="Relative error of a measured slope against the step h, both axes logarithmic. "
        "Each curve falls with h, turns, and rises again as h gets smaller. Lowest near "
        f"{lowest}.",
        caption=f"The slope of exp at 1. At h = {steps[at]:.0e} the central error is "
        f"{double:.0e} in float64 and {single:.0e} in float32.",
        x=places,
        xlabel="step h",
        ylabel="relative error",
        logx=True,
        logy=True,
        markers=False,
    )


def train_small_net(change, epochs: int = 8, learning_rate: float = 0.1, seed: int = 0):
    """Train 6 filters and a dense layer on the 8×8 digits, by stochastic gradient descent.

    Parameters
    ----------
    change : function
        Is given each dw (6, 1, 3, 3) and returns what the filters are trained with.
    epochs : int
        Times that all images are seen.
    learning_rate : float
    seed : int
        Of the first weights and of the order of the images.

    Returns
    -------
    losses : list of float
        Mean loss of each epoch, in nats.
    accuracy : float
        Share of the test digits that are read right.
    """
    digits, rng = data.digits("float64"), np.random.default_rng(seed)
    w = to_backend(rng.standard_normal((6, 1, 3, 3)) * np.sqrt(2 / 9))
    v = to_backend(rng.standard_normal((10, 216)) * np.sqrt(1 / 216))
    b, c = to_backend(np.zeros(6)), to_backend(np.zeros(10))
    losses = []
    for _ in range(epochs):
        batches = np.array_split(rng.permutation(len(digits.x_train)), 45)
        total = 0.0
        for batch in batches:
            x, y = (a[to_backend(batch)] for a in (digits.x_train, digits.y_train))
            maps = conv2d(x, w, b)
            flat = flatten(relu(maps))
            loss, dz = cross_entropy(linear(flat, v, c), y)
            dflat, dv, dc = linear_backward(dz, flat, v)
            dmaps = relu_backward(flatten_backward(dflat, maps.shape), maps)
            _, dw, db = conv2d_backward(dmaps, x, w)
            for param, grad in ((w, change(dw)), (b, db), (v, dv), (c, dc)):
                param -= learning_rate * grad
            total += float(loss) / len(batches)
        losses.append(total)
    scores = linear(flatten(relu(conv2d(digits.x_test, w, b))), v, c)
    return losses, float((scores.argmax(1) == digits.y_test).mean())

# %% [markdown]
# # 7. The convolution layer, backward
#
# **You will** find out how every pixel and every weight of a convolution layer changes
# the loss, by measuring and by computing, let the gradient find a famous kernel, and see
# why a network that learns may still hold a mistake.
#
# **You need** the convolution layer from lesson 06, correlation of signals from lesson
# 02, and the derivative of a product.
#
# **Time** about 120 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x`, `dx` | `(N, C, H, W)` | images, and how the loss changes with each pixel |
# | `w`, `dw` | `(F, C, KH, KW)` | filters, and how the loss changes with each weight |
# | `b`, `db` | `(F,)` | biases, and how the loss changes with each of them |
# | `out`, `dout` | `(N, F, OH, OW)` | output, and how the loss changes with each of its numbers |

# %% given="setup"
import math

import numpy as np

from helpers import figures_07 as figures
from helpers import figures_07_slopes as lab
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.judging import judge
from helpers.layers import conv2d
from helpers.plotting import show_bars, show_curves

# %% [markdown]
# ## Measure a slope
#
# Nobody designs the kernels of a network. They start as random numbers, and training asks
# of every number: if I raise it a little, does the **loss**, which says how wrong the
# network is, rise or fall, and how fast? These slopes, one for each number, are the
# **gradient**.
#
# A slope can be measured. Move $x$ by a small step $h$ to both sides and compare:
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2h}$$
#
# This is a **central difference**. A one-sided one uses $f(x)$ in place of $f(x - h)$,
# and $h$ in place of $2h$.
#
# **Predict.** The slope of $x^3$ at $x = 1$ is 3. With the large step $h = 1$, which
# slope do the one-sided and the central difference report?

# %%
lab.show_secants(h=1)

# %% [markdown]
# The central difference errs by $h^2$ here, the one-sided one by $3h + h^2$: with small
# steps that is a large difference.
#
# A layer has many outputs, and it never sees the loss. It is told `dout`, the gradient of
# the loss with respect to its outputs, called the **upstream gradient**. A small change
# of output $o$ changes the loss by $\text{dout}_o$ times as much. So the slope of the
# loss with respect to one input is the slope of $\sum_o \text{dout}_o \cdot f_o(x)$.
#
# ### Exercise 7.1 · numerical_gradient (12 points)
#
# Measure the gradient of that sum with respect to every number of `x`. The cell below
# holds functions to try it on.


# %% given="functions"
def squares(x):
    return x * x


def cubes(x):
    return x * x * x


def products_of_neighbours(x):
    return x[1:] * x[:-1]


def products_with_mirror(x):
    return x * x[::-1]


# %% exercise="numerical_gradient"
def numerical_gradient(f, x, upstream, h=1e-5):
    """Measure the gradient of ``(upstream * f(x)).sum()`` by central differences.

    Parameters
    ----------
    f : function
        Takes an array like x; returns an array, which may have another shape.
    x : array (...)
        Of any shape; integers and single precision are welcome, the work is done in
        float64. Afterwards it holds exactly the numbers that it held before.
    upstream : array
        In the shape of ``f(x)``.
    h : float
        How far each number is moved to either side.

    Returns
    -------
    array (...)
        In the shape of x, float64.
    """
    ### BEGIN SOLUTION
    gradient = xp.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = xp.zeros(x.shape)
        step[index] = h
        change = f(x + step) - f(x - step)
        gradient[index] = (upstream * change).sum() / (2 * h)
    return gradient
    ### END SOLUTION


# %% check="numerical_gradient" points=7
x = xp.array([[3.0, -1.0, 2.0], [0.0, 4.0, -2.0]])
upstream = xp.array([[1.0, 2.0, 0.0], [5.0, -1.0, 0.5]])
slopes = [[1 * 2 * 3, 2 * 2 * -1, 0], [0, -1 * 2 * 4, 0.5 * 2 * -2]]
# On a parabola central differences are exact for every h.
expect(numerical_gradient, squares, x, upstream, h=0.5, gives=slopes)
expect(numerical_gradient, squares, x, upstream, gives=slopes, dtype="float64")
whole = xp.array([1, 2, -3])  # integers
ones = xp.ones(3)
expect(
    numerical_gradient, cubes, whole, ones, h=0.5, gives=[3 + 0.25, 12 + 0.25, 27 + 0.25]
)
### BEGIN HIDDEN TESTS


def waves(x):
    return x * x * x - 2 * x * x + 7


def reference(f, x, upstream, h=1e-5):
    steps = 1e-20j * np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [np.sum(upstream * f(x + step).imag) / 1e-20 for step in steps]
    return np.array(slopes).reshape(x.shape)


def cases(rng):
    yield waves, rng.standard_normal((3, 2)), rng.standard_normal((3, 2))
    yield cubes, rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 4, 3))
    x, upstream = rng.standard_normal((2, 5))
    yield case(squares, x, upstream, h=0.25, note="a wide step on a parabola")
    yield case(waves, rng.integers(-4, 4, 5), upstream, note="integers")


expect_like(numerical_gradient, reference, cases, dtype="float64")
### END HIDDEN TESTS

# %% check="numerical_gradient" part="shapes" points=5
upstream = xp.array([1.0, 10.0, 100.0])
x = xp.array([2.0, 5.0, -1.0])
# The outputs are 2 · (-1), 5 · 5 and (-1) · 2. The outer numbers stand in two of them.
slopes = [1 * -1 + 100 * -1, 10 * 2 * 5, 1 * 2 + 100 * 2]
expect(numerical_gradient, products_with_mirror, x, upstream, h=0.5, gives=slopes)
x = xp.array([2.0, 5.0, -1.0, 3.0])
# Three outputs: 2 · 5, 5 · (-1) and (-1) · 3. An inner number stands in two of them.
slopes = [1 * 5, 1 * 2 + 10 * -1, 10 * 5 + 100 * 3, 100 * -1]
expect(numerical_gradient, products_of_neighbours, x, upstream, h=0.5, gives=slopes)
### BEGIN HIDDEN TESTS


def row_sums(x):
    return (x * x).sum(axis=1)


def total(x):
    return (x * x * x).sum()


def mixed(x):
    return x[:, :2].T @ x


def reference(f, x, upstream, h=1e-5):
    steps = 1e-20j * np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [np.sum(upstream * f(x + step).imag) / 1e-20 for step in steps]
    return np.array(slopes).reshape(x.shape)


def cases(rng):
    x = rng.standard_normal((3, 4))
    yield case(products_of_neighbours, x[0], rng.standard_normal(3), note="fewer outputs")
    yield case(row_sums, x, rng.standard_normal(3), note="one output for each row")
    yield case(mixed, x, rng.standard_normal((2, 4)), note="outputs that mix all rows")
    yield case(total, x, np.array(-1.5), note="one output")
    single = rng.standard_normal((2, 3)).astype("float32")
    yield case(row_sums, single, rng.standard_normal(2), note="single precision")
    yield case(products_of_neighbours, x.T[:, 1], rng.standard_normal(3), note="a column")


expect_like(numerical_gradient, reference, cases, dtype="float64")
### END HIDDEN TESTS

# %% [markdown]
# **Predict.** If a small step is good, a smaller one should be better. Will the error
# fall for ever as $h$ shrinks?

# %%
lab.show_step_sizes()

# %% [markdown]
# Each curve turns. On the right the curve of the function spoils the measurement, on the
# left the rounding of the computer: $f(x + h)$ and $f(x - h)$ agree in nearly all their
# digits, and what is left after the subtraction is noise, divided by a tiny $h$. In
# single precision, float32, the noise wins much sooner. So a **gradient check**, the
# comparison of a computed gradient with a measured one, is made in float64, with a
# central difference and a step near $10^{-5}$.
#
# A measured gradient is slow, two runs for every single weight. It is the judge, not the
# worker. From here on you also have `finite_differences`, a finished numerical gradient
# with the same parameters as yours.

# %% given="finished"
from helpers.figures_07_slopes import finite_differences

# %% [markdown]
# ## Backward along a signal
#
# Now compute what you have measured. In a correlation of signals, sample $j$ takes part
# in several outputs, each time with another weight. Its slope collects from all of them:
#
# $$\text{dx}[j] = \sum_i \text{dout}[i] \cdot
# \frac{\partial\, \text{out}[i]}{\partial\, x[j]}, \qquad
# \text{out}[i] = \sum_q x[i + q]\, w[q]$$
#
# $\partial$ reads "change of … when only this one moves". Sample $j$ reaches output $i$
# through the weight that lay on it, so the derivative is that weight, or 0.
#
# **Predict.** The kernel is [1 2 −1], and `dout` is [1 0 10 0]. Which samples of the six
# will get a gradient from output 2? Which sample gets one that is not 0 from two outputs?

# %%
figures.show_shares(xp.array([1.0, 0.0, 10.0, 0.0]), xp.array([1.0, 2.0, -1.0]))

# %% [markdown]
# Output 2 read samples 2, 3 and 4, and these three receive its gradient times the weight
# that lay on them. Windows 0 and 2 share sample 2. The weights get their gradient in the
# same way: a weight takes part in *every* output, each time with another sample.
#
# ### Exercise 7.2 · conv1d_backward (14 points)
#
# Return the gradients of a correlation of signals with respect to the signal and the
# kernel.


# %% exercise="conv1d_backward"
def conv1d_backward(dout, x, w):
    """Return the gradients of the correlation of a signal with a kernel, no padding.

    Parameters
    ----------
    dout : array (L - K + 1,)
        Gradient of the loss with respect to the output.
    x : array (L,)
    w : array (K,)
        From 1 to L weights.

    Returns
    -------
    dx : array (L,)
    dw : array (K,)
    """
    L, K = len(x), len(w)
    ### BEGIN SOLUTION
    dx, dw = xp.zeros(L), xp.zeros(K)
    for i in range(L - K + 1):
        dx[i : i + K] += dout[i] * w
        dw += dout[i] * x[i : i + K]
    return dx, dw
    ### END SOLUTION


# %% check="conv1d_backward" points=8
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0])
w = xp.array([1.0, 2.0, -1.0])
dout = xp.array([1.0, 0.0, -2.0, 3.0])
dx = [1 * 1, 1 * 2, 1 * -1 - 2 * 1, -2 * 2 + 3 * 1, -2 * -1 + 3 * 2, 3 * -1]
dw = [1 * 2 - 2 * 1 + 3 * 3, 1 * 0 - 2 * 3 + 3 * -1, 1 * 1 - 2 * -1 + 3 * 4]
expect(conv1d_backward, dout, x, w, gives=(xp.array(dx), xp.array(dw)))
### BEGIN HIDDEN TESTS


def reference(dout, x, w):
    out = np.arange(len(dout))[:, None]
    matrix = np.zeros((len(dout), len(x)))
    matrix[out, out + np.arange(len(w))] = w
    return dout @ matrix, np.correlate(x, dout)


def cases(rng):
    for L, K in ((9, 4), (12, 2), (7, 5)):
        dout, w = rng.standard_normal(L - K + 1), rng.standard_normal(K)
        yield case(dout, rng.standard_normal(L), w)
    views = rng.standard_normal(18)[::2] - 3, w[1:][::-1]
    yield case(rng.standard_normal(6), *views, note="every other sample")


expect_like(conv1d_backward, reference, cases)
### END HIDDEN TESTS

# %% check="conv1d_backward" part="edges" points=6
x = xp.array([2.0, 0.0, 1.0])
dout = xp.array([4.0, -1.0, 3.0])
dx, dw = xp.array([4 * 5, -1 * 5, 3 * 5]), xp.array([4 * 2 + -1 * 0 + 3 * 1])
expect(conv1d_backward, dout, x, xp.array([5.0]), gives=(dx, dw))
w, dout = xp.array([1.0, 2.0, -1.0]), xp.array([6.0])  # one window
dx, dw = xp.array([6 * 1, 6 * 2, 6 * -1]), xp.array([6 * 2, 6 * 0, 6 * 1])
expect(conv1d_backward, dout, x, w, gives=(dx, dw))
### BEGIN HIDDEN TESTS


def reference(dout, x, w):
    out = np.arange(len(dout))[:, None]
    matrix = np.zeros((len(dout), len(x)))
    matrix[out, out + np.arange(len(w))] = w
    return dout @ matrix, np.correlate(x, dout)


def cases(rng):
    x = rng.standard_normal(8)
    yield case(rng.standard_normal(8), x, rng.standard_normal(1), note="one weight")
    yield case(rng.standard_normal(1), x, rng.standard_normal(8), note="one window")
    yield case(rng.standard_normal(1), x[:1], rng.standard_normal(1), note="one sample")
    yield case(
        rng.standard_normal(4), x[1:], rng.standard_normal(4), note="as many outputs"
    )


expect_like(conv1d_backward, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Look at `dw` once more: it is a correlation, of the signal with `dout`. For each weight
# it adds up how the samples that this weight has met go together with the gradients of
# their outputs.
#
# ## Backward through the layer
#
# In two dimensions nothing new happens. Each output read a window of all channels of one
# image. On the way back, output $(n, f, i, j)$ gives its gradient to all the pixels that
# it read:
#
# $$\text{dx}[\text{window}] \mathrel{+}= \text{dout}[n, f, i, j] \cdot w[f]$$
#
# The same output hands something to the weights of filter $f$, as it did in one
# dimension. And the bias was added to every output of its map, so it collects from all of
# them.
#
# **Predict.** The filter has 2 rows and 3 columns, the stride is 1, `dout` has 2 rows and
# 3 columns. How many of its outputs touch the pixel in the middle of the top row? And the
# one in the corner?

# %%
dout = xp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]])
w = xp.array([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])
figures.animate_scatter(dout, w)

# %% [markdown]
# Three outputs share the pixel in the middle of the top row, one alone touches the
# corner. Where windows overlap, gradients add up.
#
# Backward needs the cache of lesson 06, which holds what forward has read. Here is the
# forward step, by the finished layer.


# %% given="forward"
def conv2d_forward(x, w, b, stride, padding):
    """Return the layer's output (N, F, OH, OW) and what backward has to know."""
    cache = (x, w, stride, padding)
    return conv2d(x, w, b, stride, padding), cache


# %% [markdown]
# ### Exercise 7.3 · conv2d_backward_naive (26 points)
#
# Write the backward step with loops. Each of the three gradients earns points of its own.


# %% exercise="conv2d_backward_naive"
def conv2d_backward_naive(dout, cache):
    """Return the gradients of a convolution layer.

    Parameters
    ----------
    dout : array (N, F, OH, OW)
        Gradient of the loss with respect to the output. The loss has been averaged over the
        batch already; nothing is left to be averaged here.
    cache : tuple
        ``(x, w, stride, padding)``: images (N, C, H, W) and filters (F, C, KH, KW), which
        are not changed; the stride from 1, and the zeros on each of the four sides from 0.

    Returns
    -------
    dx : array (N, C, H, W)
        0 at pixels that no window has read.
    dw : array (F, C, KH, KW)
    db : array (F,)
    """
    x, w, stride, padding = cache
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    ### BEGIN SOLUTION
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    padded[:, :, padding : padding + H, padding : padding + W] = x
    dpadded, dw, db = xp.zeros(padded.shape), xp.zeros(w.shape), xp.zeros(F)
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    rows = slice(i * stride, i * stride + KH)
                    columns = slice(j * stride, j * stride + KW)
                    slope = dout[n, f, i, j]
                    dpadded[n, :, rows, columns] += slope * w[f]
                    dw[f] += slope * padded[n, :, rows, columns]
                    db[f] += slope
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    return dx, dw, db
    ### END SOLUTION


# %% check="conv2d_backward_naive" points=8
def dw_of(dout, x, w, stride, padding):
    _, cache = conv2d_forward(x, w, None, stride, padding)
    return conv2d_backward_naive(dout, cache)[1]


image = 10.0 * xp.arange(1, 4)[:, None] + xp.arange(1, 6)  # 11 ... 15, 21 ... 25, 31 ... 35
x = xp.stack([image, -image])[:, None]
w = xp.ones((1, 1, 2, 3))
dout = xp.zeros((2, 1, 4, 5))  # with a border of one zero
dout[0, 0, 1, 1], dout[1, 0, 0, 2], dout[1, 0, 3, 4] = 1, 2, 3
upper, lower = [11 - 3 * 34, 12 - 3 * 35, 13], [21 - 2 * 12, 22 - 2 * 13, 23 - 2 * 14]
expect(dw_of, dout, x, w, stride=1, padding=1, gives=[[[upper, lower]]])
dout = xp.zeros((2, 1, 1, 2))  # stride 2: the second window starts at column 2
dout[0, 0, 0, 1], dout[1, 0, 0, 0] = 1, 2
upper, lower = (
    [13 - 2 * 11, 14 - 2 * 12, 15 - 2 * 13],
    [23 - 2 * 21, 24 - 2 * 22, 25 - 2 * 23],
)
expect(dw_of, dout, x, w, stride=2, padding=0, gives=[[[upper, lower]]])
### BEGIN HIDDEN TESTS


def reference(dout, x, w, stride, padding):
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dw = np.empty(w.shape)
    for p, q in np.ndindex(w.shape[2:]):
        seen = padded[:, :, p::stride, q::stride][:, :, : dout.shape[2], : dout.shape[3]]
        dw[:, :, p, q] = np.tensordot(dout, seen, ((0, 2, 3), (0, 2, 3)))
    return dw


def cases(rng):
    draw = rng.standard_normal
    for dout, x, w, stride, padding, note in (
        ((2, 4, 3, 6), (2, 3, 5, 7), (4, 3, 3, 2), 1, 0, ""),
        ((2, 4, 3, 5), (2, 3, 6, 9), (4, 3, 3, 2), 2, 1, ""),
        ((3, 2, 4, 4), (3, 2, 7, 8), (2, 2, 2, 3), 3, 2, "F = C"),
        ((1, 2, 6, 6), (1, 2, 6, 6), (2, 2, 3, 3), 1, 1, "all square"),
    ):
        arrays = draw(dout), draw(x), draw(w)
        yield case(*arrays, stride=stride, padding=padding, note=note)


expect_like(dw_of, reference, cases)
### END HIDDEN TESTS


# %% check="conv2d_backward_naive" part="db" points=3
def db_of(dout, x, w, stride, padding):
    _, cache = conv2d_forward(x, w, None, stride, padding)
    return conv2d_backward_naive(dout, cache)[2]


dout = xp.ones((2, 3, 4, 5)) * xp.array([1.0, 10.0, -1.0])[:, None, None]
dout[1, 0, 2, 3] = 7
x, w = xp.ones((2, 1, 5, 7)), xp.ones((3, 1, 2, 3))
expect(
    db_of,
    dout,
    x,
    w,
    stride=1,
    padding=0,
    gives=[(2 * 20 - 1) * 1 + 7, 2 * 20 * 10, 2 * 20 * -1],
)
### BEGIN HIDDEN TESTS


def reference(dout, x, w, stride, padding):
    return np.einsum("nfij->f", dout)


def cases(rng):
    draw = rng.standard_normal
    for dout, x, w, stride, padding, note in (
        ((2, 4, 3, 5), (2, 3, 6, 9), (4, 3, 3, 2), 2, 1, ""),
        ((1, 3, 2, 4), (1, 2, 3, 6), (3, 2, 2, 3), 1, 0, "one image"),
    ):
        arrays = draw(dout), draw(x), draw(w)
        yield case(*arrays, stride=stride, padding=padding, note=note)


expect_like(db_of, reference, cases)
### END HIDDEN TESTS


# %% check="conv2d_backward_naive" part="dx" points=8
def dx_of(dout, x, w, stride, padding):
    _, cache = conv2d_forward(x, w, None, stride, padding)
    return conv2d_backward_naive(dout, cache)[0]


w = xp.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]])
dout = xp.zeros((2, 1, 4, 5))  # with a border of one zero; two windows overlap
dout[0, 0, 1, 1], dout[0, 0, 2, 2], dout[1, 0, 0, 4] = 1, 10, -1
first = [[1, 2, 3, 0, 0], [4, 5 + 10 * 1, 6 + 10 * 2, 30, 0], [0, 40, 50, 60, 0]]
second = [[0, 0, 0, -4, -5], [0] * 5, [0] * 5]
expect(
    dx_of, dout, xp.ones((2, 1, 3, 5)), w, stride=1, padding=1, gives=[[first], [second]]
)
dout = xp.array([[[[1.0, 0.0, 10.0]]], [[[0.0, -1.0, 0.0]]]])  # stride 2, no border
first = [[1, 2, 3, 0, 10, 20, 30, 0], [4, 5, 6, 0, 40, 50, 60, 0], [0] * 8]
second = [[0, 0, -1, -2, -3, 0, 0, 0], [0, 0, -4, -5, -6, 0, 0, 0], [0] * 8]
expect(
    dx_of, dout, xp.ones((2, 1, 3, 8)), w, stride=2, padding=0, gives=[[first], [second]]
)
### BEGIN HIDDEN TESTS


def reference(dout, x, w, stride, padding):
    N, C, H, W = x.shape
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for p, q in np.ndindex(w.shape[2:]):
        rows = p + stride * np.arange(dout.shape[2])[:, None]
        columns = q + stride * np.arange(dout.shape[3])
        dx[:, :, rows, columns] += np.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
    return dx[:, :, padding : padding + H, padding : padding + W]


def cases(rng):
    draw = rng.standard_normal
    for dout, x, w, stride, padding, note in (
        ((2, 4, 3, 6), (2, 3, 5, 7), (4, 3, 3, 2), 1, 0, ""),
        ((2, 4, 3, 5), (2, 3, 6, 9), (4, 3, 3, 2), 2, 1, ""),
        ((3, 2, 4, 4), (3, 2, 7, 8), (2, 2, 2, 3), 3, 2, "F = C"),
        ((1, 2, 6, 6), (1, 2, 6, 6), (2, 2, 3, 3), 1, 1, "all square"),
    ):
        arrays = draw(dout), draw(x), draw(w)
        yield case(*arrays, stride=stride, padding=padding, note=note)


expect_like(dx_of, reference, cases)
### END HIDDEN TESTS


# %% check="conv2d_backward_naive" part="battery" points=7
def gradients(dout, x, w, stride, padding):
    _, cache = conv2d_forward(x, w, None, stride, padding)
    dx, dw, db = conv2d_backward_naive(dout, cache)
    return {"dx": dx, "dw": dw, "db": db}


x = xp.array([[[[5.0, 6.0, 7.0], [8.0, 9.0, 4.0]]]])  # one window; no window reads column 2
w, dout = xp.array([[[[1.0, 2.0]]]]), xp.array([[[[3.0]]]])
dx, dw = xp.array([[[[3 * 1, 3 * 2, 0], [0, 0, 0]]]]), xp.array([[[[3 * 5, 3 * 6]]]])
wanted = {"dx": dx, "dw": dw, "db": xp.array([3])}
expect(gradients, dout, x, w, stride=2, padding=0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(dout, x, w, stride, padding):
    around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded, dw = np.pad(x, around), np.empty(w.shape)
    dx = np.zeros(padded.shape)
    OH, OW = dout.shape[2:]
    for p, q in np.ndindex(w.shape[2:]):
        rows, columns = p + stride * np.arange(OH)[:, None], q + stride * np.arange(OW)
        dx[:, :, rows, columns] += np.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
        dw[:, :, p, q] = np.einsum("nfij,ncij->fc", dout, padded[:, :, rows, columns])
    H, W = x.shape[2:]
    dx = dx[:, :, padding : padding + H, padding : padding + W]
    return {"dx": dx, "dw": dw, "db": dout.sum((0, 2, 3))}


def cases(rng):
    draw = rng.standard_normal
    for dout, x, w, stride, padding, note in (
        ((1, 1, 2, 2), (1, 2, 8, 7), (1, 2, 3, 2), 3, 0, "N = F = 1, leftovers"),
        ((3, 1, 2, 3), (3, 2, 5, 9), (1, 2, 2, 3), 3, 1, "F = 1"),
        ((1, 3, 2, 4), (1, 2, 6, 9), (3, 2, 3, 2), 2, 0, "N = 1"),
        ((2, 4, 3, 5), (2, 3, 6, 9), (4, 3, 3, 2), 2, 1, ""),
        ((3, 2, 4, 4), (3, 2, 7, 8), (2, 2, 2, 3), 3, 2, "F = C"),
        ((1, 2, 6, 6), (1, 2, 6, 6), (2, 2, 3, 3), 1, 1, "all square"),
    ):
        arrays = draw(dout), draw(x), draw(w)
        yield case(*arrays, stride=stride, padding=padding, note=note)
    views = draw((5, 3, 4, 2)).T - 3, draw((6, 5, 3, 2)).T, draw((2, 3, 3, 4)).T
    yield case(*views, stride=1, padding=0, note="arrays that are transposed views")


expect_like(gradients, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# From here on you also have `conv2d_backward`, the finished backward step. It gives the
# same numbers as yours, fast enough for photographs.

# %% given="fast"
from helpers.layers import conv2d_backward

# %% [markdown]
# In lesson 03 you made `sobel_x` by hand. Now suppose that you had only a photograph and
# what the filter made of it.

# %%
photo = figures.photo()
target = xp.array([[[[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]]])
wanted = conv2d(photo, target)
figures.show_task(photo, wanted)

# %% [markdown]
# Start with weights of 0, filter, compare, and move every weight a little against its
# gradient. The loss is the mean squared error, so `dout` is twice the error, divided by
# the number of pixels. Do it again and again.
#
# **Predict.** Will the gradient find Sobel's nine weights? Which of them will come first,
# the signs or the sizes?

# %%
w, seen = xp.zeros((1, 1, 3, 3)), {}
for step in range(501):
    if step in (0, 5, 50, 500):
        seen[step] = w.copy()
    error = conv2d(photo, w) - wanted
    dx, dw, db = conv2d_backward(2 * error / error.size, photo, w)
    w -= 0.1 * dw
figures.show_learned(seen, target)

# %% [markdown]
# The signs come first, then the middle row parts slowly from its neighbours: in a
# photograph neighbouring rows are so alike that the loss hardly cares which of them does
# the work. The kernel was not designed. It was found, by the gradient that you have just
# written in loops.
#
# ### Question 7.1 · Where dw comes from (9 points)
#
# Start from the formula of the layer with stride $s$ on the padded image $\tilde x$,
#
# $$\text{out}[n, f, i, j] = b[f] + \sum_{c, p, q} w[f, c, p, q] \cdot
# \tilde x[n,\, c,\, i \cdot s + p,\, j \cdot s + q],$$
#
# and derive the formula of $\text{dw}[f, c, p, q]$. Say which outputs a single weight
# takes part in, why the sum runs over the images, and why it must not be divided by N
# here.

# %% [markdown] question="derive" points=9
# **Model answer.** The loss depends on the weight through every output, so by the chain
# rule $\text{dw}[f,c,p,q] = \sum_{n,g,i,j} \text{dout}[n,g,i,j] \cdot
# \partial\,\text{out}[n,g,i,j] / \partial w[f,c,p,q]$. In the formula of
# $\text{out}[n,g,i,j]$ the weight stands once if $g = f$, with the factor $\tilde x[n, c,
# i \cdot s + p, j \cdot s + q]$, and not at all if $g \neq f$. So $\text{dw}[f,c,p,q] =
# \sum_{n,i,j} \text{dout}[n,f,i,j]\; \tilde x[n, c, i \cdot s + p, j \cdot s + q]$. One
# weight takes part in all outputs of its map, at each place and in each image: that is
# what sharing means, and so the sum runs over $n$, $i$ and $j$. The loss is the mean over
# the batch, so each dout already carries its 1/N; dividing again would make the gradient
# N times too small.
#
# | Points | What earns them |
# |---|---|
# | 8–9 | Chain rule over all outputs, only $g = f$ survives, right indices with stride and padding; the sum over n from sharing; the 1/N is already in dout |
# | 6–7 | Right formula with its derivation, one of the two reasons (sum, no division) missing or vague |
# | 3–5 | Right formula without derivation, or a derivation with one wrong index |
# | 0–2 | A formula without dout or without x, or only words |
#
# *Sample, 9 points:* "w[f,c,p,q] occurs in out[n,f,i,j] for every n, i, j, and nowhere in
# the other maps. There the derivative is the padded pixel [n, c, is+p, js+q]. Chain rule:
# multiply by dout[n,f,i,j] and add up over n, i, j. All images use the same weight so all
# of them push it. The loss is a mean, its 1/N is inside dout since the first step back; a
# second one is wrong."
#
# *Sample, 4 points:* "dw = sum of dout times x over all positions, because it is the
# derivative of a product. We sum over the images because there are N of them."

# %% [markdown]
# ## Ask each pixel who used it
#
# So far each output *sent* its gradient to a window. Turn it around: let each pixel
# *collect*. Pixel $k$ of a signal was used by output $i = k - p$ with weight $w[p]$, for
# each $p$. As $p$ grows, the output moves backwards: seen from the pixel, the weights lie
# in reverse order.
#
# **Predict.** A kernel has 3 rows and 2 columns. Pixel [3, 2] was used by some outputs,
# at stride 1. In which corner of that group stands the one that used it with `w[0, 0]`?

# %%
figures.show_senders((8, 5), (3, 2), 1, [(3, 2), (0, 0), (7, 4)])

# %% [markdown]
# The last one of the group, bottom right. So `dx` is a correlation too: of `dout`, with
# zeros around it, with the filter rotated by 180 degrees. Each filter sees all channels,
# so on the way back each channel collects from all filters.
#
# **Predict.** At stride 2, how many outputs used pixel [3, 2]? And does every pixel of
# the 8 rows and 5 columns have a user?

# %%
figures.show_senders((8, 5), (3, 2), 2, [(3, 2), (4, 2), (4, 1), (7, 2)])

# %% [markdown]
# Windows start only at every second pixel now, so a pixel has fewer users, and the last
# row and column have none at all. The same correlation still works if `dout` is
# **spread** first: each number goes to the place where its window began, and zeros fill
# the places between.
#
# $$\text{dx} = \text{spread}(\text{dout}) \star \text{rot}_{180}(w)$$
#
# where $\star$ is a correlation that may stick out at the borders, *full* as in lesson
# 02.
#
# ### Exercise 7.4 · dx_as_convolution (14 points)
#
# Return dx as a correlation. You may call `conv2d(x, w, padding=(rows, columns))`.


# %% exercise="dx_as_convolution"
def dx_as_convolution(dout, w, stride, padding, x_shape):
    """Return the gradient of a convolution layer with respect to its images.

    Parameters
    ----------
    dout : array (N, F, OH, OW)
    w : array (F, C, KH, KW)
    stride : int
        From 1.
    padding : int
        Zeros that forward put on each of the four sides, from 0.
    x_shape : (int, int, int, int)
        ``(N, C, H, W)``; rows and columns may have been left over.

    Returns
    -------
    array (N, C, H, W)
        0 at pixels that no window has read.
    """
    N, C, H, W = x_shape
    F, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    ### BEGIN SOLUTION
    spread = xp.zeros((N, F, (OH - 1) * stride + 1, (OW - 1) * stride + 1))
    spread[:, :, ::stride, ::stride] = dout
    rotated = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    read = conv2d(spread, rotated, padding=(KH - 1, KW - 1))
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    padded[:, :, : read.shape[2], : read.shape[3]] = read
    return padded[:, :, padding : padding + H, padding : padding + W]
    ### END SOLUTION


# %% check="dx_as_convolution" points=8
w = xp.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], [[[0.0, 1.0, 0.0], [-1.0, 0.0, 2.0]]]])
dout = xp.zeros((1, 2, 2, 3))  # two filters; each output stamps its own filter
dout[0, 0, 0, 0], dout[0, 1, 1, 2] = 1, 10
rows = [[1, 2, 3, 0, 0], [4, 5, 6 + 10 * 0, 10 * 1, 0], [0, 0, 10 * -1, 0, 10 * 2]]
options = {"stride": 1, "padding": 0, "x_shape": (1, 1, 3, 5)}
expect(dx_as_convolution, dout, w, gives=[[rows]], **options)
dout = xp.zeros((1, 2, 3, 4))  # with a border of one zero, which is cut off
dout[0, 0, 0, 0], dout[0, 1, 2, 3] = 1, 10
rows = [[5, 6, 0, 0], [0, 0, 10 * 0, 10 * 1]]
options = {"stride": 1, "padding": 1, "x_shape": (1, 1, 2, 4)}
expect(dx_as_convolution, dout, w, gives=[[rows]], **options)
### BEGIN HIDDEN TESTS


def reference(dout, w, stride, padding, x_shape):
    (N, C, H, W), KH, KW = x_shape, *w.shape[2:]
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for i, j in np.ndindex(dout.shape[2:]):
        window = np.s_[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
        dx[window] += np.tensordot(dout[:, :, i, j], w, 1)
    return dx[:, :, padding : padding + H, padding : padding + W]


def cases(rng):
    draw = rng.standard_normal
    for dout, w, stride, padding, x_shape, note in (
        ((2, 4, 3, 6), (4, 3, 3, 2), 1, 0, (2, 3, 5, 7), ""),
        ((3, 2, 5, 8), (2, 4, 2, 3), 1, 1, (3, 4, 4, 8), ""),
        ((1, 2, 6, 6), (2, 2, 3, 3), 1, 1, (1, 2, 6, 6), "all square"),
        ((2, 3, 4, 5), (3, 2, 1, 1), 1, 0, (2, 2, 4, 5), "1 by 1 filters"),
    ):
        options = {"stride": stride, "padding": padding, "x_shape": x_shape}
        yield case(draw(dout), draw(w), note=note, **options)


expect_like(dx_as_convolution, reference, cases)
### END HIDDEN TESTS

# %% check="dx_as_convolution" part="stride" points=6
w = xp.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], [[[0.0, 1.0, 0.0], [-1.0, 0.0, 2.0]]]])
dout = xp.zeros((1, 2, 2, 3))
dout[0, 0, 1, 1], dout[0, 1, 0, 2] = 1, 10
rows = [[0, 0, 0, 0, 10 * 0, 10 * 1, 10 * 0, 0], [0, 0, 0, 0, 10 * -1, 0, 10 * 2, 0]]
rows += [[0, 0, 1, 2, 3, 0, 0, 0], [0, 0, 4, 5, 6, 0, 0, 0], [0] * 8]  # one row left over
options = {"stride": 2, "padding": 0, "x_shape": (1, 1, 5, 8)}
expect(dx_as_convolution, dout, w, gives=[[rows]], **options)
### BEGIN HIDDEN TESTS


def reference(dout, w, stride, padding, x_shape):
    (N, C, H, W), KH, KW = x_shape, *w.shape[2:]
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for i, j in np.ndindex(dout.shape[2:]):
        window = np.s_[:, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
        dx[window] += np.tensordot(dout[:, :, i, j], w, 1)
    return dx[:, :, padding : padding + H, padding : padding + W]


def cases(rng):
    draw = rng.standard_normal
    for dout, w, stride, padding, x_shape, note in (
        ((2, 4, 3, 5), (4, 3, 3, 2), 2, 1, (2, 3, 6, 9), ""),
        ((3, 2, 4, 4), (2, 2, 2, 3), 3, 2, (3, 2, 7, 8), "F = C"),
        ((2, 3, 2, 2), (3, 4, 3, 2), 3, 0, (2, 4, 8, 7), "rows and columns left over"),
        ((2, 3, 3, 2), (3, 1, 1, 2), 3, 0, (2, 1, 7, 6), "a stride larger than the filter"),
        ((2, 3, 1, 1), (3, 1, 4, 2), 2, 0, (2, 1, 5, 3), "one window"),
    ):
        options = {"stride": stride, "padding": padding, "x_shape": x_shape}
        yield case(draw(dout), draw(w), note=note, **options)


expect_like(dx_as_convolution, reference, cases)
### END HIDDEN TESTS

# %%
dout = xp.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]])
figures.show_gather(dout, xp.array([[1.0, 2.0]]), stride=2)

# %% [markdown]
# One row of weights and a stride of 2: every second row of `dx` is 0. Those pixels were
# never read, so nothing that happens to them can change the loss, and no gradient will
# ever tell an earlier layer about them.
#
# ## A report on gradients
#
# You have two ways to the same numbers, and comparing them is how mistakes are found. But
# how close is close? A difference of 0.001 is nothing between gradients of 5,000 and
# everything between gradients of 0.002. So compare the **relative error**:
#
# $$\text{error} = \frac{\max |\text{claimed} - \text{measured}|}
# {\max(\max |\text{claimed}|,\ \max |\text{measured}|)}$$
#
# The largest entries set the scale for all. Right gradients in float64 come out well
# below $10^{-6}$, a slip usually above 0.01.
#
# **Predict.** A claimed gradient is half of the true one, everywhere. What is its
# relative error? And if it is NaN, "not a number", at one place?
#
# Three layers to try a report on. Each returns a loss and what it claims to be its
# gradients.


# %% given="layers"
def right_layer(x, w):
    out = x @ w
    return (out * out).sum() / 2, {"x": out @ w.T, "w": x.T @ out}


def layer_with_a_slip(x, w):
    out = x @ w
    return (out * out).sum() / 2, {"x": out @ w.T, "w": x.T @ out / len(x)}


def layer_with_nan(x, w):
    out = x @ w
    dx = out @ w.T
    dx[0, 0] = float("nan")
    return (out * out).sum() / 2, {"x": dx, "w": x.T @ out}


# %% [markdown]
# ### Exercise 7.5 · gradient_report (6 points)
#
# Compare what a layer claims with what `finite_differences` measures, for every input.


# %% exercise="gradient_report"
def gradient_report(fn, inputs):
    """Compare the gradients that a function claims with measured ones.

    Parameters
    ----------
    fn : function
        ``loss, claimed = fn(**inputs)``; `claimed` is a dict with one array per input.
    inputs : dict of str to array
        Not changed.

    Returns
    -------
    dict of str to dict
        For each input ``{"error": ..., "ok": ...}``. The error is the relative error of the
        formula above: 0 where both gradients are 0 everywhere, infinite (``math.inf``) where
        the claimed one holds a NaN or an infinite value. "ok" says whether it is below 1e-6.
    """
    ### BEGIN SOLUTION
    _, claimed = fn(**inputs)
    report = {}
    for name, value in inputs.items():

        def loss(changed, name=name):
            return fn(**{**inputs, name: changed})[0]

        measured = finite_differences(loss, value, 1.0)
        difference = float(abs(claimed[name] - measured).max())
        scale = max(float(abs(claimed[name]).max()), float(abs(measured).max()))
        error = difference / scale if scale > 0 else 0.0
        if not math.isfinite(difference):
            error = math.inf
        report[name] = {"error": error, "ok": error < 1e-6}
    return report
    ### END SOLUTION


# %% check="gradient_report" points=6
def report_on(fn, x, w):
    return gradient_report(fn, {"x": x, "w": w})


x = xp.array([[1.0, 2.0], [-1.0, 3.0], [0.5, 1.0], [2.0, -2.0]])
w = xp.array([[1.0, -1.0, 2.0], [0.0, 3.0, 1.0]])
good, a_quarter = {"error": 0.0, "ok": True}, {"error": 1 - 1 / 4, "ok": False}
expect(report_on, right_layer, x, w, gives={"x": good, "w": good}, within=1e-3)
expect(report_on, right_layer, 100 * x, w, gives={"x": good, "w": good}, within=1e-3)
slip_found = {"x": good, "w": a_quarter}  # a mean over 4 rows in place of a sum
expect(report_on, layer_with_a_slip, x, w, gives=slip_found, within=1e-3)
expect(report_on, layer_with_a_slip, 1e-4 * x, w, gives=slip_found, within=1e-3)
no_number = {"x": {"error": math.inf, "ok": False}, "w": good}
expect(report_on, layer_with_nan, x, w, gives=no_number, within=1e-3)
### BEGIN HIDDEN TESTS


def endless(x, w):
    return (x @ w).sum() * 0.5, {"x": 0 * x + w.sum(1) * 0.5, "w": x.T @ x @ w + math.inf}


def unused(x, w):
    return (x * x).sum(), {"x": 2 * x, "w": 0 * w}


def unused_but_claimed(x, w):
    return (x * x).sum(), {"x": 2 * x, "w": w}


def sign(x, w):
    return (w * w).sum() + (x * x * x).sum(), {"x": -3 * x * x, "w": 2 * w}


def reference(fn, x, w):
    errors = {right_layer: (0.0, 0.0), layer_with_a_slip: (0.0, 1 - 1 / len(x))}
    errors |= {layer_with_nan: (math.inf, 0.0), endless: (0.0, math.inf)}
    errors |= {unused: (0.0, 0.0), unused_but_claimed: (0.0, 1.0), sign: (2.0, 0.0)}
    pair = [{"error": e, "ok": e == 0} for e in errors[fn]]
    return {"x": pair[0], "w": pair[1]}


def cases(rng):
    x, w = rng.standard_normal((5, 2)), rng.standard_normal((2, 3))
    for fn in (right_layer, layer_with_a_slip, unused_but_claimed, sign, layer_with_nan):
        yield fn, x, w
    yield case(endless, x, w, note="an infinite gradient")
    yield case(unused, x, w, note="an input without influence", hint="0 / 0 is NaN.")


expect_like(report_on, reference, cases, within=1e-3)
### END HIDDEN TESTS

# %% [markdown]
# Half of the true gradient has a relative error of a half. A NaN fails every comparison,
# so `error > 1e-6` is False for it too: a report that asks this way lets NaN pass as
# right.
#
# ## A net that learns with a mistake
#
# Can a network with a wrong gradient learn? Here a small net is trained on the 8 × 8
# digits, three times from the same start: six filters, ReLU, and the dense layer of
# lesson 01. One run uses `dw` as it is. One uses it reversed, turned by 180 degrees, a
# common slip. In the third run the filters stay at their random start. An **epoch** is
# one pass over all training images.
#
# **Predict.** Which of the three losses will fall? How many digits that it has never seen
# will each net read right: nearly all, half, one in ten?


# %%
def as_it_is(dw):
    return dw


def reversed_dw(dw):
    return dw[:, :, ::-1, ::-1]


def filters_frozen(dw):
    return 0 * dw


runs = {c.__name__: lab.train_small_net(c) for c in (as_it_is, reversed_dw, filters_frozen)}
show_curves(
    {name: np.array(losses) for name, (losses, _) in runs.items()},
    xlabel="epoch",
    ylabel="mean loss in nats",
)
for name, (losses, accuracy) in runs.items():
    print(f"{name:15} loss {losses[0]:.2f} to {losses[-1]:.2f}, test {accuracy:.1%} right")

# %% [markdown]
# All three fall, and all three nets read most digits right. (A **nat** is the unit of
# this loss; lesson 10 explains it.) Nobody who saw the curve of `reversed_dw` alone would
# suspect a thing.
#
# **Predict.** What will the relative error of the same three say?

# %%
rng = np.random.default_rng(7)
x, w = (
    xp.asarray(rng.standard_normal((2, 3, 5, 7))),
    xp.asarray(rng.standard_normal((4, 3, 3, 2))),
)
dout = xp.asarray(rng.standard_normal((2, 4, 3, 6)))
measured = finite_differences(lambda weights: conv2d(x, weights), w, dout)
_, dw, _ = conv2d_backward(dout, x, w)
errors = {}
for change in (as_it_is, reversed_dw, filters_frozen):
    difference = float(abs(change(dw) - measured).max())
    errors[change.__name__] = difference / float(abs(measured).max())
show_bars(
    list(errors),
    list(errors.values()),
    log=True,
    title="relative error of dw",
    value_labels=[f"{value:.1e}" for value in errors.values()],
)

# %% [markdown]
# The first is wrong by rounding alone, the other two by about as much as the gradient
# itself is large.
#
# ### Question 7.2 · It learns, and it is wrong (9 points)
#
# Explain how the loss can fall although the gradient of the filters is reversed, using
# the three curves. Then name a check that finds the mistake, say why it does, and why a
# look at loss and accuracy does not. What would you watch for in a network that "learns
# well enough"?

# %% [markdown] question="wrong" points=9
# **Model answer.** The loss depends on all parameters together. In all three runs the
# dense layer and the biases get right gradients, and they can lower the loss without any
# help: the run with frozen filters shows it. A reversed dw is not the opposite of dw. Its
# middle weight is right, and along this run its scalar product with the true dw is
# positive about as often as negative, so the filters wander and do not get steadily
# worse. The dense layer, which is trained rightly, follows and makes use of whatever they
# are. In this run the reversed filters end with a smaller loss than frozen ones, and
# still with a larger one than trained ones. So a falling loss shows that something is
# learned, not that every gradient is right.
#
# The gradient check finds it: central differences in float64 with a random upstream and
# data without symmetry, relative error of each parameter by itself. It compares each
# number with a measurement that knows nothing of the formula, so here the error is near 1
# and not below $10^{-6}$. Loss and accuracy have no right value to compare with; a net
# that reads 95 % may be one that should read 97 %. Watch for: a run no better than frozen
# filters, a gradient check after each change, the right gradient on a tiny case by hand.
#
# | Points | What earns them |
# |---|---|
# | 8–9 | The other parameters carry the fall, with the frozen run as evidence; gradient check named with its reason (measured independently, random upstream, relative error); why loss and accuracy are silent |
# | 6–7 | Explanation and check right, evidence from the curves or the last reason missing |
# | 3–5 | Only "the dense layer compensates" or only "use a gradient check", without a reason |
# | 0–2 | Claims that the run with reversed dw does not learn, or that a falling loss proves the gradient |
#
# *Sample, 9 points:* "Even with frozen filters the loss goes down, so the dense layer
# does most of the work, and it still gets correct gradients in the reversed run. It
# learns to live with the filters it has. The numerical gradient shows an error of about 1
# for dw because it is measured from the forward pass only and does not share the mistake.
# The accuracy is still above 90 % so I would think it is just a small network. I would
# always compare with a run with frozen filters."
#
# *Sample, 4 points:* "The other layers fix the error, because neural networks are robust.
# You can find it with a gradient check."

# %% [markdown]
# ## Test the gradient
#
# The mistake above lives as long as nobody tests `dw`. Write that test. It receives a
# candidate that claims to return `dw` of a layer with stride 1 and no padding.
#
# **Predict.** Somebody tests with an upstream gradient of ones, "to keep it simple".
# Which of the wrong candidates below would still pass?


# %% given="candidates"
def right_dw(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcpq", dout, windows)


def zero_dw(dout, x, KH, KW):
    return xp.zeros((dout.shape[1], x.shape[1], KH, KW))


def last_sample_dw(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("fij,cijpq->fcpq", dout[-1], windows[-1])


def dw_without_upstream(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcpq", xp.ones(dout.shape), windows)


def dw_of_turned_upstream(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcpq", dout[:, :, ::-1, ::-1], windows)


# %% [markdown]
# ### Exercise 7.6 · test_dw (10 points)
#
# Write a test for the gradient of the filters. It must accept every right candidate and
# raise an error for a wrong one.


# %% exercise="test_dw"
def test_dw(candidate):
    """Test a function that claims to return the gradient of the filters.

    Parameters
    ----------
    candidate : function
        ``candidate(dout, x, KH, KW)`` should return dw (F, C, KH, KW) of a layer with stride
        1 and no padding, summed over the images.

    Raises
    ------
    AssertionError
        Or any other error, if the candidate is wrong. Nothing is returned.
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(1)
    x = xp.asarray(rng.standard_normal((3, 2, 5, 6)))
    dout = xp.asarray(rng.standard_normal((3, 4, 4, 4)))
    w = xp.zeros((4, 2, 2, 3))
    expected = finite_differences(lambda w: conv2d(x, w), w, dout)
    found = candidate(dout, x, 2, 3)
    assert found.shape == expected.shape
    assert xp.allclose(found, expected)
    ### END SOLUTION


# %% check="test_dw" points=10
zeros_hint = "zeros of the right shape pass. Compare the values, and let `assert` decide."
last_hint = "a gradient of the last image alone passes: hand in more than one image."
ones_hint = "several wrong gradients also pass with ones: let the numbers of dout differ."
turned_hint = "a dout turned by 180 degrees passes: let its numbers differ, none mirrored."
wrong = [(zero_dw, zeros_hint), (last_sample_dw, last_hint)]
wrong += [(dw_without_upstream, ones_hint), (dw_of_turned_upstream, turned_hint)]
judge(test_dw, right=[right_dw], wrong=wrong, at_least=4)
### BEGIN HIDDEN TESTS


def right_in_loops(dout, x, KH, KW):
    dw = xp.zeros((dout.shape[1], x.shape[1], KH, KW))
    for p in range(KH):
        for q in range(KW):
            seen = x[:, :, p : p + dout.shape[2], q : q + dout.shape[3]]
            dw[:, :, p, q] = xp.einsum("nfij,ncij->fc", dout, seen)
    return dw


def turned_by_180(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcpq", dout, windows)[:, :, ::-1, ::-1]


def averaged(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcpq", dout, windows) / len(x)


def transposed(dout, x, KH, KW):
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), (2, 3))
    return xp.einsum("nfij,ncijpq->fcqp", dout, windows)


more = [
    (turned_by_180, "a reversed dw passes: compare values that differ when turned."),
    (averaged, "a dw divided by the number of images passes: hand in more than one."),
    (last_sample_dw, "a dw of the last image alone passes: hand in more than one image."),
    (zero_dw, "a dw of zeros passes: compare the values."),
    (transposed, "a transposed dw passes: let KH and KW differ, or compare all values."),
]
judge(test_dw, right=[right_dw, right_in_loops], wrong=more, at_least=4)
### END HIDDEN TESTS

# %% [markdown]
# With ones, two of the four pass: the one that never looks at `dout`, and the one that
# turns it around. A constant upstream gradient looks the same from all sides.
#
# ## Bonus · A check without subtraction
#
# Not graded. The noise in a measured slope comes from subtracting two numbers that are
# nearly equal. For functions made of sums and products there is a way around it: step
# along the imaginary axis, $f'(x) \approx \operatorname{Im} f(x + ih) / h$ with
# $h = 10^{-20}$ (in Python `1e-20j`). There is nothing to subtract, and the error is that
# of the last digit. Try it on `cubes`, then on a correlation of your own (`conv2d` takes
# real numbers only). Why does it fail for `abs`?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You measured gradients by central differences, and computed those of a signal and of the
# whole layer: each output gives its gradient to what it has read, and where windows
# overlap the gradients add up. You found `dx` again as a full correlation with the
# rotated filter, wrote a report that does not let NaN pass, and a test that finds a
# mistake which a falling loss hides.
#
# **Next.** Lesson 08 makes maps smaller by pooling and sends gradients back through it.
# In lesson 10 these gradients train a whole network.
#
# **Read on.** I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press, 2016,
# sections 9.5 on the gradients of convolution and 11.5 on checking them
# (https://www.deeplearningbook.org).

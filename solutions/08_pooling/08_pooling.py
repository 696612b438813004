# %% [markdown]
# # 8. Pooling
#
# **You will** make images smaller by keeping one number per window: its largest value or
# its average. You build both with their gradients, write average pooling as a
# convolution, and measure what pooling is worth when a digit moves.
#
# **You need** strides and output sizes from lesson 05, the layer from lesson 06 and its
# gradients from lesson 07.
#
# **Time** about 75 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x` | `(N, C, H, W)` | N images or stacks of feature maps, with C channels each |
# | `size` | `(KH, KW)` | rows and columns of a window |
# | `out`, `dout` | `(N, C, OH, OW)` | one number per window, and the gradient that comes back |
# | `dx` | `(N, C, H, W)` | the gradient of the input |
# | globally pooled | `(N, C)` | one number per map |

# %% given="setup"
import numpy as np

from helpers import figures_08 as figures
from helpers import figures_08_readers as readers
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.figures_03 import photo
from helpers.filters import shifted
from helpers.judging import judge
from helpers.layers import conv2d

# %% [markdown]
# ## The largest value wins
#
# A feature map says how strongly a pattern answers at each place. Often it is enough to
# know that it answers strongly *somewhere around here*. **Max pooling** keeps the largest
# value of each window, and nothing else:
#
# $$\text{out}[n, c, i, j] = \max_{p,\, q}\; x[n, c,\; i \cdot s + p,\; j \cdot s + q]$$
#
# Here $0 \le p < KH$ and $0 \le q < KW$; $s$ is the stride. Windows move and sizes follow
# as in lesson 05: $OH = \lfloor (H - KH) / s \rfloor + 1$. There are no weights and no
# padding, and channels do not mix: each one is pooled on its own.
#
# **Predict.** Windows of 2 × 2 move over the image below with stride 2. How many rows and
# columns does the output have, and which pixels never count?

# %%
rows = [[1, 3, 2, 0, 4, 1, 9], [0, 2, 8, 1, 0, 3, 7]]
rows += [[5, 1, 0, 2, 7, 2, 8], [1, 4, 3, 1, 6, 0, 5]]
figures.show_pooling(xp.array(rows), (2, 2), 2, 0, 1)

# %% [markdown]
# Two rows and three columns. The last column is left over: no window that starts on an
# even column has room for it, so its 9, the largest number of all, is lost.
#
# ### Exercise 8.1 · max_pool_forward (16 points)
#
# Return the largest value of each window, channel by channel, and keep what the way back
# will need.


# %% exercise="max_pool_forward"
def max_pool_forward(x, size, stride):
    """Keep the largest value of each window.

    Parameters
    ----------
    x : array (N, C, H, W)
        Floating point; values of any sign.
    size : (int, int)
        Rows KH and columns KW of a window, at most H and W.
    stride : int
        Pixels from one window to the next, along both axes. Windows may overlap or leave
        gaps. Leftover rows and columns are dropped.

    Returns
    -------
    out : array (N, C, OH, OW)
        ``OH = (H - KH) // stride + 1``, and OW likewise.
    cache : tuple
        ``(x, size, stride)``, for the way back.
    """
    N, C, H, W = x.shape
    KH, KW = size
    ### BEGIN SOLUTION
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    out = xp.zeros((N, C, OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + KH, left : left + KW]
            out[:, :, i, j] = window.max(axis=(2, 3))
    ### END SOLUTION
    return out, (x, size, stride)


# %% check="max_pool_forward" points=9
rows = [[1.0, 3, 2, 0, 4, 1], [0, 2, 8, 1, 0, 3], [5, 1, 0, 2, 7, 2], [1, 4, 3, 1, 6, 0]]
x = xp.array([[rows, [row[::-1] for row in rows]]])  # channel 1 is the mirror image
largest = xp.array([[[[3.0, 8, 4], [5, 3, 7]], [[4.0, 8, 3], [7, 3, 5]]]])
expect(max_pool_forward, x, (2, 2), 2, gives=(largest, (x, (2, 2), 2)))
### BEGIN HIDDEN TESTS


def reference(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return windows[:, :, ::stride, ::stride].max(axis=(4, 5)), (x, size, stride)


def cases(rng):
    yield 5 + rng.random((2, 3, 6, 8)), (2, 2), 2
    yield 5 + rng.random((3, 2, 7, 5)), (3, 2), 2
    yield case(5 + rng.random((2, 3, 4, 6)), (1, 3), 3, note="windows of one row")


expect_like(max_pool_forward, reference, cases)
### END HIDDEN TESTS

# %% check="max_pool_forward" part="edges" points=7
x = xp.array([[[[-3.0, -8, -4, -5], [-2, -8, -6, -9]]]])  # all negative, windows overlap
expect(max_pool_forward, x, (2, 3), 1, gives=(xp.array([[[[-2.0, -4]]]]), (x, (2, 3), 1)))
x = xp.array([[[[1.0, 2, 4, 3, 9], [1, 2, 4, 3, 9], [9, 9, 9, 9, 9]]]])  # nines left over
expect(max_pool_forward, x, (2, 2), 2, gives=(xp.array([[[[2.0, 4]]]]), (x, (2, 2), 2)))
### BEGIN HIDDEN TESTS


def reference(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return windows[:, :, ::stride, ::stride].max(axis=(4, 5)), (x, size, stride)


def cases(rng):
    x = rng.standard_normal((2, 3, 5, 5)) - 3
    yield case(x, (3, 3), 1, note="overlapping windows, values shifted by -3")
    yield case(np.full((2, 3, 4, 5), -1.5), (2, 3), 1, note="one value everywhere")
    x = rng.standard_normal((2, 3, 8, 7))
    yield case(x, (2, 1), 3, note="gaps between windows")
    yield case(x, (8, 7), 1, note="one window only")
    yield case(x.transpose(1, 0, 3, 2), (3, 2), 2, note="a transposed stack")


expect_like(max_pool_forward, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# A photograph, halved four times in three ways. Compare the row that keeps every second
# pixel with the two that look at all of them.

# %%
figures.show_pyramid(photo())

# %% [markdown]
# Taking every second pixel is what a stride of 2 does on its own: thin lines break, as
# the rings of lesson 05 did. The average stays faithful. Under the maximum bright spots
# grow and dark lines vanish, which is right for feature maps, where bright means "found
# it", and odd for photographs.
#
# ## The way back: who won?
#
# Change a value that was *not* the largest of its window by a little, and the output does
# not move. So its gradient is 0. Change the largest one, and the output moves by the same
# amount: it receives the whole gradient of its window,
#
# $$\text{dx}[n, c, h, w] = \sum_{\text{windows that } (h, w) \text{ won}}
# \text{dout}[n, c, i, j].$$
#
# The sum matters where windows overlap: one pixel may win several times.
#
# If two values tie, the maximum has no single slope. Some rule must pick one of them.
# Ours, and PyTorch's, is: **the first in reading order wins**, row by row from the top
# left. Then a window hands on exactly what it received, never twice.
#
# **Predict.** Windows of 2 × 2 move over the image below with stride 1. Which pixel wins
# most often, and what does it receive? Who receives the 30 of the top right window, with
# its two fives?

# %%
x = xp.array([[2, 1, 5, 5], [0, 7, 3, 1], [6, 2, 0, 4]])
figures.show_routes(x, xp.array([[10, 20, 30], [40, 50, 60]]), (2, 2), 1)

# %% [markdown]
# The 7 wins four of the six windows and receives 10 + 20 + 40 + 50. Of the two fives the
# left one is read first, so it takes the whole 30. Even the 6 receives nothing: it was
# second to the 7 in its only window.
#
# ### Exercise 8.2 · max_pool_backward (18 points)
#
# Return the gradient of the input: send each gradient to the pixel that won.


# %% exercise="max_pool_backward"
def max_pool_backward(dout, cache):
    """Send each gradient to the largest value of its window.

    Parameters
    ----------
    dout : array (N, C, OH, OW)
        The gradient of the pooled output.
    cache : tuple
        ``(x, size, stride)`` as `max_pool_forward` returns it: x (N, C, H, W), size (KH, KW).

    Returns
    -------
    array (N, C, H, W)
        A pixel that wins several windows receives the sum. Among equal values the first in
        reading order wins. Pixels that no window covers receive 0.
    """
    x, (KH, KW), stride = cache
    N, C, OH, OW = dout.shape
    ### BEGIN SOLUTION
    dx = xp.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    top, left = i * stride, j * stride
                    window = x[n, c, top : top + KH, left : left + KW]
                    p, q = divmod(int(window.argmax()), KW)
                    dx[n, c, top + p, left + q] += dout[n, c, i, j]
    return dx
    ### END SOLUTION


# %% check="max_pool_backward" points=10
def max_pool_gradient(dout, x, size, stride):  # calls your function
    return max_pool_backward(dout, (x, size, stride))


rows = [[1.0, 3, 2, 0, 4, 1], [0, 2, 8, 1, 0, 3], [5, 1, 0, 2, 7, 2], [1, 4, 3, 1, 6, 0]]
dout = xp.array([[[[10.0, -20, 30], [40, 50, -60]]]])
sent = [
    [0, 10, 0, 0, 30, 0],
    [0, 0, -20, 0, 0, 0],
    [40, 0, 0, 0, -60, 0],
    [0, 0, 50, 0, 0, 0],
]
expect(max_pool_gradient, dout, xp.array([[rows]]), (2, 2), 2, gives=[[sent]])
### BEGIN HIDDEN TESTS


def reference(dout, x, size, stride):  # central differences: nobody ties here
    def loss(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
        return (windows[:, :, ::stride, ::stride].max(axis=(4, 5)) * dout).sum()

    dx, h = np.zeros(x.shape), 1e-5
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        dx[place] = (loss(x + step) - loss(x - step)) / (2 * h)
    return dx


def cases(rng):
    x = rng.permutation(2 * 3 * 6 * 8).reshape(2, 3, 6, 8) / 10
    yield rng.standard_normal((2, 3, 3, 4)), x, (2, 2), 2
    x = rng.permutation(3 * 2 * 7 * 5).reshape(3, 2, 7, 5) / 10
    yield rng.standard_normal((3, 2, 2, 2)), x, (3, 2), 3
    yield case(rng.standard_normal((3, 2, 2, 2)), x, (2, 1), 4, note="gaps between windows")


expect_like(max_pool_gradient, reference, cases, within=1e-6)
### END HIDDEN TESTS


# %% check="max_pool_backward" part="ties" points=8
def max_pool_gradient(dout, x, size, stride):  # calls your function
    return max_pool_backward(dout, (x, size, stride))


x = xp.array([[[[-9.0, -1, -8, -6, -3], [-7, -9, -2, -4, -5]]]])  # windows share the -1
dout = xp.array([[[[1.0, 2, 4]]]])
sent = [[0, 1 + 2, 0, 0, 0], [0, 0, 4, 0, 0]]
expect(max_pool_gradient, dout, x, (2, 3), 1, gives=[[sent]])
# Two fours tie in the first window, two sevens in the second.
x = xp.array([[[[1.0, 4, 7], [4, 0, 7]]]])
dout = xp.array([[[[5.0, -2]]]])
expect(max_pool_gradient, dout, x, (2, 2), 1, gives=[[[[0, 5, -2], [0, 0, 0]]]])
### BEGIN HIDDEN TESTS


def reference(dout, x, size, stride):
    def cut(maps):
        windows = np.lib.stride_tricks.sliding_window_view(maps, size, axis=(-2, -1))
        return windows[..., ::stride, ::stride, :, :].reshape(*dout.shape[-2:], -1)

    dx = np.zeros(x.shape)
    places = cut(np.arange(x[0, 0].size).reshape(x[0, 0].shape))
    for n, c in np.ndindex(x.shape[:2]):
        values = cut(x[n, c])
        best = values == values.max(-1, keepdims=True)
        won = places[best & (best.cumsum(-1) == 1)]
        dx[n, c].flat = np.bincount(won, dout[n, c].ravel(), minlength=x[0, 0].size)
    return dx


def cases(rng):
    x = rng.standard_normal((2, 3, 5, 5)) - 3
    note = "overlapping windows, values shifted by -3"
    yield case(rng.standard_normal((2, 3, 3, 3)), x, (3, 3), 1, note=note)
    x = np.full((2, 3, 4, 6), 0.7)
    dout = rng.standard_normal((2, 3, 3, 4))
    yield case(dout, x, (2, 3), 1, note="one value everywhere")
    x = rng.integers(-2, 1, (3, 2, 7, 5)) / 2
    yield case(rng.standard_normal((3, 2, 3, 2)), x, (3, 2), 2, note="many ties")
    dout = rng.standard_normal((2, 3, 2, 3))
    yield case(dout, x.transpose(1, 0, 3, 2), (2, 3), 2, note="a transposed stack")


expect_like(max_pool_gradient, reference, cases, within=1e-6)
### END HIDDEN TESTS

# %%
figures.show_learning_pixels(photo(2)[82:110, 130:172])

# %% [markdown]
# With tiles of 2 × 2 one pixel in four learns from an image; which one, depends on the
# image. Averages do the opposite: all pixels share alike.
#
# ## Averages
#
# **Average pooling** keeps the mean of each window. Every value counts, with the same
# weight $1 / (KH \cdot KW)$, so each receives that share of the gradient of its window;
# where windows overlap, the shares add up:
#
# $$\text{dx}[n, c, h, w] = \frac{1}{KH \cdot KW} \sum_{\text{windows that cover } (h, w)}
# \text{dout}[n, c, i, j]$$
#
# The values of the input do not appear in it. So the way back needs the *shape* of the
# input and not the input: less to keep in memory.
#
# **Predict.** A window of 2 × 3 receives the gradient 12. How much does each of its
# pixels receive, and how much all six together?

# %%
rows = [[3, 1, 2, 8], [0, 6, 4, 2], [5, 1, 2, 9]]
figures.show_pooling(xp.array(rows), (2, 3), 1, 1, 0, kind="average")

# %% [markdown]
# Each receives 12 / 6 = 2, all together 12. Like max pooling, average pooling neither
# creates nor loses gradient; it only spreads it.
#
# ### Exercise 8.3 · avg_pool_forward, avg_pool_backward (16 points)
#
# Return the mean of each window, and the gradient of the input.


# %% exercise="avg_pool"
def avg_pool_forward(x, size, stride):
    """Average each window.

    Parameters
    ----------
    x : array (N, C, H, W)
        Floating point.
    size : (int, int)
        Rows KH and columns KW of a window, at most H and W.
    stride : int
        As in `max_pool_forward`.

    Returns
    -------
    out : array (N, C, OH, OW)
    cache : tuple
        ``((N, C, H, W), size, stride)``, for the way back.
    """
    N, C, H, W = x.shape
    KH, KW = size
    ### BEGIN SOLUTION
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    out = xp.zeros((N, C, OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            window = x[:, :, top : top + KH, left : left + KW]
            out[:, :, i, j] = window.mean(axis=(2, 3))
    ### END SOLUTION
    return out, (x.shape, size, stride)


def avg_pool_backward(dout, cache):
    """Share each gradient equally among the values of its window.

    Parameters
    ----------
    dout : array (N, C, OH, OW)
    cache : tuple
        ``((N, C, H, W), (KH, KW), stride)`` as `avg_pool_forward` returns it.

    Returns
    -------
    array (N, C, H, W)
        Shares of overlapping windows add up. Pixels that no window covers receive 0.
    """
    shape, (KH, KW), stride = cache
    N, C, OH, OW = dout.shape
    ### BEGIN SOLUTION
    dx = xp.zeros(shape)
    share = dout / (KH * KW)
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            dx[:, :, top : top + KH, left : left + KW] += share[:, :, i : i + 1, j : j + 1]
    return dx
    ### END SOLUTION


# %% check="avg_pool" points=8
rows = [[1.0, 3, 2, 0, 4, 1], [0, 2, 8, 1, 0, 3], [5, 1, 0, 2, 7, 2], [1, 4, 3, 1, 6, 0]]
x = xp.array([[rows, [row[::-1] for row in rows]]])  # channel 1 is the mirror image
mean = [[(1 + 3 + 0 + 2) / 4, (2 + 0 + 8 + 1) / 4, (4 + 1 + 0 + 3) / 4]]
mean += [[(5 + 1 + 1 + 4) / 4, (0 + 2 + 3 + 1) / 4, (7 + 2 + 6 + 0) / 4]]
both = xp.array([[mean, [row[::-1] for row in mean]]])
expect(avg_pool_forward, x, (2, 2), 2, gives=(both, ((1, 2, 4, 6), (2, 2), 2)))
x = xp.array([[[[1.0, 2, 3, 7], [4, 5, 6, 8]]]])
mean = xp.array([[[[(1 + 2 + 3 + 4 + 5 + 6) / 6, (2 + 3 + 7 + 5 + 6 + 8) / 6]]]])
expect(avg_pool_forward, x, (2, 3), 1, gives=(mean, ((1, 1, 2, 4), (2, 3), 1)))
### BEGIN HIDDEN TESTS


def reference(x, size, stride):  # from running sums: four corners give the sum of a window
    (KH, KW), total = size, np.pad(x, ((0, 0), (0, 0), (1, 0), (1, 0))).cumsum(2).cumsum(3)
    sums = total[..., KH:, KW:] - total[..., :-KH, KW:]
    sums += total[..., :-KH, :-KW] - total[..., KH:, :-KW]
    return sums[..., ::stride, ::stride] / (KH * KW), (x.shape, size, stride)


def cases(rng):
    yield rng.standard_normal((2, 3, 6, 8)), (2, 2), 2
    yield rng.standard_normal((3, 2, 7, 5)), (3, 2), 2
    yield case(rng.standard_normal((2, 3, 5, 5)) - 3, (3, 3), 1, note="overlapping windows")
    x = rng.standard_normal((2, 3, 4, 7))
    yield case(x, (1, 2), 3, note="gaps between windows")
    yield case(x.transpose(1, 0, 3, 2), (7, 4), 1, note="one window only")


expect_like(avg_pool_forward, reference, cases)
### END HIDDEN TESTS

# %% check="avg_pool" part="backward" points=8
dout = xp.array([[[[12.0, -6]]]])
tiles = [
    [12 / 6, 12 / 6, 12 / 6, -6 / 6, -6 / 6, -6 / 6, 0]
] * 2  # the last column is left over
expect(avg_pool_backward, dout, ((1, 1, 2, 7), (2, 3), 3), gives=[[tiles]])
overlap = [[12 / 6, 12 / 6 - 6 / 6, 12 / 6 - 6 / 6, -6 / 6]] * 2
expect(avg_pool_backward, dout, ((1, 1, 2, 4), (2, 3), 1), gives=[[overlap]])
### BEGIN HIDDEN TESTS


def reference(dout, cache):  # central differences
    shape, size, stride = cache
    dx, h = np.zeros(shape), 1e-5

    def loss(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
        return (windows[:, :, ::stride, ::stride].mean(axis=(4, 5)) * dout).sum()

    for place in np.ndindex(shape):
        step = np.zeros(shape)
        step[place] = h
        dx[place] = (loss(step) - loss(-step)) / (2 * h)
    return dx


def cases(rng):
    yield rng.standard_normal((2, 3, 3, 4)), ((2, 3, 6, 8), (2, 2), 2)
    yield rng.standard_normal((3, 2, 3, 2)), ((3, 2, 7, 5), (3, 2), 2)
    dout = rng.standard_normal((2, 3, 3, 4))
    yield case(dout, ((2, 3, 5, 6), (3, 3), 1), note="overlapping windows")
    yield case(dout, ((2, 3, 9, 11), (1, 2), 3), note="gaps between windows")


expect_like(avg_pool_backward, reference, cases, within=1e-6)
### END HIDDEN TESTS

# %% [markdown]
# ## An average is a convolution
#
# A mean is a sum of products: every value times $1 / (KH \cdot KW)$. So a convolution
# layer can do average pooling, if you set its weights by hand. There is one thing to
# watch. A filter sums over *all* channels, and pooling keeps channels apart.
#
# **Predict.** For three channels and windows of 2 × 3, what is the shape of the weights
# `w`, and which of its kernels are zero?

# %%
figures.show_average_filters(3, (2, 3))

# %% [markdown]
# Filter $f$ looks at channel $f$ alone: its other kernels are zero. Only $w[0, 0]$,
# $w[1, 1]$ and $w[2, 2]$ hold the averaging kernel.
#
# ### Exercise 8.4 · avg_pool_as_conv (10 points)
#
# Do average pooling with a convolution layer whose weights you choose. The finished layer
# of lesson 06 is there: `conv2d(x, w, stride=...)`, without a bias.


# %% exercise="avg_pool_as_conv"
def avg_pool_as_conv(x, size, stride):
    """Average each window with a convolution layer.

    Parameters
    ----------
    x : array (N, C, H, W)
        Floating point.
    size : (int, int)
        Rows KH and columns KW of a window.
    stride : int

    Returns
    -------
    out : array (N, C, OH, OW)
        What average pooling gives.
    w : array (C, C, KH, KW)
        The weights with which the convolution layer gives it.
    """
    C = x.shape[1]
    KH, KW = size
    ### BEGIN SOLUTION
    w = xp.zeros((C, C, KH, KW))
    for c in range(C):
        w[c, c] = 1 / (KH * KW)
    return conv2d(x, w, stride=stride), w
    ### END SOLUTION


# %% check="avg_pool_as_conv" points=6
x = xp.array([[[[1.0, 2, 3, 7], [4, 5, 6, 8]], [[0, 6, 0, 0], [0, 0, 0, 12]]]])
out = xp.array([[[[21 / 6, 31 / 6]], [[6 / 6, 18 / 6]]]])
mean, zero = [[1 / 6] * 3] * 2, [[0.0] * 3] * 2
w = xp.array([[mean, zero], [zero, mean]])
expect(avg_pool_as_conv, x, (2, 3), 1, gives=(out, w))
### BEGIN HIDDEN TESTS


def reference(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    w = np.einsum("fc,pq->fcpq", np.eye(x.shape[1]), np.full(size, 1 / np.prod(size)))
    return windows[:, :, ::stride, ::stride].mean(axis=(4, 5)), w


def cases(rng):
    yield rng.standard_normal((2, 3, 6, 8)), (2, 4), 1
    yield rng.standard_normal((3, 2, 5, 5)), (3, 3), 1


expect_like(avg_pool_as_conv, reference, cases)
### END HIDDEN TESTS

# %% check="avg_pool_as_conv" part="strides" points=4
x = xp.array([[[[1.0, 3, 5, 7, 100], [1, 3, 5, 7, 100]]]])  # the last column is left over
out, w = xp.array([[[[2.0, 6]]]]), xp.full((1, 1, 2, 2), 1 / 4)
expect(avg_pool_as_conv, x, (2, 2), 2, gives=(out, w))
### BEGIN HIDDEN TESTS


def reference(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    w = np.einsum("fc,pq->fcpq", np.eye(x.shape[1]), np.full(size, 1 / np.prod(size)))
    return windows[:, :, ::stride, ::stride].mean(axis=(4, 5)), w


def cases(rng):
    yield rng.standard_normal((3, 2, 7, 5)), (3, 2), 2
    yield case(rng.standard_normal((2, 4, 6, 7)), (1, 2), 3, note="gaps between windows")
    yield case(rng.standard_normal((2, 1, 6, 7)), (6, 7), 1, note="one window, one channel")


expect_like(avg_pool_as_conv, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ### Question 8.1 · Pooling and parameters (8 points)
#
# "Pooling reduces the number of parameters." Take a network of your choice: a convolution
# layer, 2 × 2 pooling, another convolution layer, then a dense layer. Count parameters
# with and without the pooling, and correct the sentence. What else does pooling save? And
# could a convolution of stride 2, its rival in Question 5.2, do the same job?

# %% [markdown] question="parameters" points=8
# **Model answer.** A pooling layer has no parameters and takes none away from convolution
# layers: their count, $F (C \cdot KH \cdot KW + 1)$, does not contain the size of the
# image. What shrinks is a dense layer behind a flattened map. Example, grey images of
# 16 × 16, 8 then 16 filters of 3 × 3 with padding 1, then 10 classes: the convolutions
# have 80 and 1,168 parameters in both networks; the dense layer has (16 · 16 · 16) · 10 +
# 10 = 40,970 without and (16 · 8 · 8) · 10 + 10 = 10,250 with pooling. With global
# pooling in front of the dense layer it has 170 either way, and pooling inside saves
# nothing.
#
# True sentence: "Pooling has no parameters; it makes maps smaller, and so the dense layer
# that reads them." It also saves work and memory in every later layer: a quarter of the
# outputs, so a quarter of the multiplications. A convolution of stride 2 makes maps
# smaller as well, and it learns how to summarise; but it *adds*
# $F (C \cdot KH \cdot KW + 1)$ parameters, and where it looks at few pixels it skips the
# rest.
#
# | Points | What earns them |
# |---|---|
# | 7–8 | No parameters of its own, none saved in convolutions, fewer in the dense layer, with a right count; work or memory; the price of the strided convolution |
# | 5–6 | The corrected sentence with a count, one of the other two points missing or vague |
# | 2–4 | "Pooling has no parameters" or "the maps get smaller", without saying where parameters fall |
# | 0–1 | Agrees with the sentence as it stands |
#
# *Sample, 8 points:* "Conv 3→8 3x3 has 224, conv 8→16 has 1168, with or without pooling.
# On 32x32 images the dense layer to 10 classes goes from 16·32·32·10 + 10 = 163850 to
# 16·16·16·10 + 10 = 40970. So only the dense layer gets smaller. The second conv does 4
# times fewer multiplications. Stride 2 in the first conv shrinks just the same without an
# extra layer, but an extra stride-2 conv has its own weights."
#
# *Sample, 3 points:* "Pooling makes the image 4 times smaller, so there are 4 times fewer
# parameters, but it has no weights itself."

# %% [markdown]
# ## One number per map
#
# **Global pooling** takes the window as large as the map. Of each map one number remains:
# its mean, "how much of this is there?", or its maximum, "is it there at all?". A stack
# of $C$ maps becomes a row of $C$ numbers, whatever $H$ and $W$ are.
#
# **Predict.** One bright point lies on a map of 10 × 20 zeros. By what factor is its
# global maximum larger than its global average?

# %%
figures.show_global(photo())

# %% [markdown]
# By 200, the number of pixels. The average tells large from small areas, the maximum does
# not. The photograph may have any size: three numbers come out, so that the dense layer
# behind them fits.
#
# ### Exercise 8.5 · global_pool (8 points)
#
# Return one number per map, and the gradient of the maps.


# %% exercise="global_pool"
def global_pool(x, kind):
    """Reduce each map to one number.

    Parameters
    ----------
    x : array (N, C, H, W)
        Floating point.
    kind : {"avg", "max"}
        The mean of a map, or its largest value.

    Returns
    -------
    array (N, C)

    Raises
    ------
    ValueError
        For any other kind.
    """
    ### BEGIN SOLUTION
    if kind not in ("avg", "max"):
        raise ValueError(f"kind is {kind!r}; it must be 'avg' or 'max'")
    return x.mean(axis=(2, 3)) if kind == "avg" else x.max(axis=(2, 3))
    ### END SOLUTION


def global_pool_backward(dout, x, kind):
    """Return the gradient of the maps.

    Parameters
    ----------
    dout : array (N, C)
    x : array (N, C, H, W)
        What was given to `global_pool`.
    kind : {"avg", "max"}

    Returns
    -------
    array (N, C, H, W)
        As in `max_pool_backward`, the first maximum in reading order wins.
    """
    N, C, H, W = x.shape
    ### BEGIN SOLUTION
    dx = xp.zeros(x.shape)
    if kind == "avg":
        dx += dout[:, :, None, None] / (H * W)
        return dx
    for n in range(N):
        for c in range(C):
            h, w = divmod(int(x[n, c].argmax()), W)
            dx[n, c, h, w] = dout[n, c]
    return dx
    ### END SOLUTION


# %% check="global_pool" points=4
x = xp.array([[[[1.0, -2, 0], [4, 5, 4]], [[-3, -7, -1], [-2, -1, -4]]]])
expect(
    global_pool,
    x,
    "avg",
    gives=[[(1 - 2 + 0 + 4 + 5 + 4) / 6, -(3 + 7 + 1 + 2 + 1 + 4) / 6]],
)
expect(global_pool, x, "max", gives=[[5, -1]])
expect(global_pool, x, "median", raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, kind):
    maps = x.reshape(*x.shape[:2], -1)
    return maps.sum(-1) / maps.shape[-1] if kind == "avg" else np.sort(maps)[..., -1]


def cases(rng):
    for kind in ("avg", "max"):
        yield rng.standard_normal((2, 3, 5, 4)), kind
        yield case(rng.standard_normal((3, 2, 4, 4)) - 3, kind, note="values shifted by -3")
        yield case(rng.standard_normal((4, 3, 1, 1)), kind, note="maps of one pixel")
    yield case(rng.standard_normal((2, 3, 5, 4)), "mean", raises=ValueError)


expect_like(global_pool, reference, cases)
### END HIDDEN TESTS

# %% check="global_pool" part="backward" points=4
x = xp.array([[[[1.0, -2, 0], [4, 5, 4]], [[-3, -7, -1], [-2, -1, -4]]]])
dout = xp.array([[6.0, -12]])
shares = [[[[6 / 6] * 3] * 2, [[-12 / 6] * 3] * 2]]
expect(global_pool_backward, dout, x, "avg", gives=shares)
winners = [
    [[[0, 0, 0], [0, 6, 0]], [[0, 0, -12], [0, 0, 0]]]
]  # -1 stands twice in channel 1
expect(global_pool_backward, dout, x, "max", gives=winners)
### BEGIN HIDDEN TESTS


def reference(dout, x, kind):  # central differences: nobody ties here
    dx, h = np.zeros(x.shape), 1e-5
    reduce = np.mean if kind == "avg" else np.max
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[place] = h
        change = reduce(x + step, axis=(2, 3)) - reduce(x - step, axis=(2, 3))
        dx[place] = (dout * change).sum() / (2 * h)
    return dx


def cases(rng):
    for kind in ("avg", "max"):
        x = rng.permutation(3 * 2 * 4 * 5).reshape(3, 2, 4, 5) / 10 - 6
        yield rng.standard_normal((3, 2)), x, kind


expect_like(global_pool_backward, reference, cases, within=1e-6)


def first_pixel(dout, x, kind):
    return np.pad(dout[:, :, None, None], ((0, 0), (0, 0), (0, x.shape[2] - 1), (0, 2)))


def constant(rng):
    flat = np.full((2, 3, 4, 3), -0.5)
    yield case(rng.standard_normal((2, 3)), flat, "max", note="one value everywhere")


expect_like(global_pool_backward, first_pixel, constant)
### END HIDDEN TESTS

# %% [markdown]
# ## What a shift changes
#
# Lesson 01 left a question open: does sharing weights help a network to read digits that
# have moved? Start with one layer. The upper row shows a digit, a feature map of it and
# the pooled map; the lower row the same for the digit moved by one pixel.
#
# **Predict.** Will the feature map move by one pixel? What will the pooled map do, whose
# pixels are two wide? And the global maximum?

# %%
figures.show_moving(1)

# %% [markdown]
# The feature map moves along: convolution is **equivariant**, what moves in moves out.
# The pooled map cannot move by half a pixel, so its values change instead. Try
# `figures.show_moving(2)`: two pixels are one step of the pooling stride. The global
# maximum does not change at all: it is **invariant**.
#
# Between "moves along" and "does not change" lies a number. Let $x_d$ be the images moved
# right by $d$ columns, and $\lVert a \rVert$ the root of the sum of all squares in $a$:
#
# $$\text{sensitivity}[d] = \frac{\lVert f(x_d) - f(x) \rVert}{\lVert f(x) \rVert}$$
#
# It is 0 where $f$ does not notice the shift.
#
# ### Exercise 8.6 · shift_sensitivity (6 points)
#
# Measure how much the output of a function changes when its images move to the right.
# `shifted(x, 0, d)` returns images moved right by d columns, the free columns filled with
# 0.


# %% exercise="shift_sensitivity"
def shift_sensitivity(fn, x, m):
    """Measure how much `fn` changes under shifts of 0 to `m` columns to the right.

    Parameters
    ----------
    fn : function
        ``fn(x)`` takes images (N, C, H, W) and returns an array of any shape.
    x : array (N, C, H, W)
        Images for which ``fn(x)`` is not all zero.
    m : int
        The largest shift, in pixels.

    Returns
    -------
    array (m + 1,)
        Entry d: the length of the change of ``fn(x)``, relative to the length of ``fn(x)``.
        The length is the root of the sum of all squares. Entry 0 is 0.
    """
    ### BEGIN SOLUTION
    still = fn(x)
    out = xp.zeros(m + 1)
    for d in range(m + 1):
        change = fn(shifted(x, 0, d)) - still
        out[d] = xp.sqrt((change**2).sum() / (still**2).sum())
    return out
    ### END SOLUTION


# %% check="shift_sensitivity" points=6
def pixels(x):
    return x


def largest(x):
    return x.max(axis=(2, 3))


lamps = xp.array([[[[0, 3.0, 0, 0, 0], [0, 0, 0, 4.0, 0]]]])
# Moved by 1, four entries differ; by 2, the 4 has left; by 4, both have.
length = (3**2 + 4**2) ** 0.5
moved = [0, (3**2 + 3**2 + 4**2 + 4**2) ** 0.5, (3**2 + 3**2 + 4**2) ** 0.5]
gone = [(3**2 + 3**2 + 4**2) ** 0.5, length]
expect(shift_sensitivity, pixels, lamps, 4, gives=[n / length for n in moved + gone])
expect(shift_sensitivity, largest, lamps, 2, gives=[0 / 4, 0 / 4, 1 / 4])
### BEGIN HIDDEN TESTS


def column_sums(x):
    return x.sum(axis=(1, 2))


def halves(x):
    return x.reshape(len(x), x.shape[1], x.shape[2], -1, 2).mean(axis=4)


def reference(fn, x, m):
    wide = np.pad(x, ((0, 0), (0, 0), (0, 0), (m, 0)))
    every = np.array([fn(wide[..., m - d : m - d + x.shape[3]]) for d in range(m + 1)])
    change = np.linalg.norm((every - every[0]).reshape(m + 1, -1), axis=1)
    return change / np.linalg.norm(every[0])


def cases(rng):
    x = rng.standard_normal((3, 2, 4, 6))
    yield column_sums, x, 3
    yield halves, x, 2
    yield case(pixels, x, 7, note="shifts wider than the images")
    yield case(largest, x + 5, 0, note="no shift at all")


expect_like(shift_sensitivity, reference, cases)
### END HIDDEN TESTS

# %%
readers.show_sensitivity(readers.centred_digits())

# %% [markdown]
# The larger the window, the smaller the change: pooling softens a shift, but it does not
# undo it. Two outputs of equal length that have nothing in common differ by $\sqrt 2$ on
# this scale, so after a few pixels most of the map is new. A map that has only moved
# along counts as changed here. The global maximum notices nothing, the global average
# hardly anything.
#
# ## Does it read moved digits?
#
# Now the measurement that lesson 01 asked for. The next cell trains five small networks,
# each on digits in the middle of a canvas of 16 × 16 and nowhere else: two convolution
# layers, and behind them one of three heads. **Flatten** gives every pixel of every map
# to a dense layer, as lesson 01 did with the image. The others pool globally first.
# "Pooled inside" means 2 × 2 max pooling between the convolutions.
#
# **Predict.** Which network reads best where it was trained? Which one loses least when
# the digits move? For which would it matter whether they move by an odd or an even number
# of pixels?

# %%
table = readers.shift_table()
readers.show_table(table)

# %% [markdown]
# Compare the columns within each row, and odd shifts with even ones. For the last columns
# it helps to know that two layers of 3 × 3 make of a digit of 8 pixels a pattern up to 12
# pixels wide, and that the canvas has 16.
#
# ### Question 8.2 · Are CNNs translation invariant? (12 points)
#
# "Convolutional networks are translation invariant." Write the true sentence, or the true
# few sentences, with numbers from your table. Say which part of which network is
# equivariant, which is invariant, and what breaks each of the two. What price do the
# global heads pay?

# %% [markdown] question="invariant" points=12
# **Model answer** (numbers differ a little from machine to machine; those of the
# learner's own table count). Convolution with stride 1 is *equivariant*: the maps move
# along with the digit. Nothing in it is invariant. What the head does decides. With a
# flatten head the dense layer has weights for each place, and the network falls from 0.98
# in the middle to about 0.5 after one pixel and to 0.1, blind guessing, after three:
# convolutions and a pooling layer do not make it invariant. A global head forgets the
# place. Without pooling inside, the global heads answer *exactly* alike for shifts of 1
# and 2 pixels. From 3 pixels on the pattern, 2 pixels wider than the digit on each side,
# is cut off at the border, and answers change.
#
# Pooling with stride 2 inside breaks equivariance for odd shifts: the windows cut the
# digit differently, and accuracy drops by about 0.2 at 1 and 3 pixels and is back at 2.
# So: "a CNN of stride-1 convolutions with a global head is invariant to shifts, apart
# from borders; with strides inside it is so only for multiples of their product; with a
# flatten head it is not invariant at all." The price: in the middle the global average
# reads worse (0.80 to 0.85 against 0.98), because where a stroke lies tells digits apart
# too.
#
# | Points | What earns them |
# |---|---|
# | 11–12 | Equivariant convolution against invariant head; flatten, odd shifts and border as what breaks them, each with own numbers; the price |
# | 7–10 | Equivariance and invariance told apart, numbers for at least two networks; odd shifts, border or price missing |
# | 3–6 | "Not fully invariant" with numbers from the table, but no reason, or the reason without numbers |
# | 0–2 | The sentence is defended, or rejected without numbers |
#
# *Sample, 11 points:* "The conv layers are equivariant: maps move with the digit. Only
# the global pooling makes the answer invariant. My table: flatten 0.98, 0.52, 0.18, so it
# learned places. Global maximum without pooling inside stays at 0.96 for 1 and 2 pixels
# and loses at 4 because the edge cuts the pattern off. With the 2x2 pooling it is 0.97,
# 0.76, 0.97: a shift by 1 is half a pixel in the pooled map. Global average is worst in
# the middle, 0.80, it throws away where things are."
#
# *Sample, 4 points:* "They are not completely invariant. Flatten goes from 0.98 to 0.1
# and global max only from 0.97 to 0.89. So it depends on the network."

# %% [markdown]
# ## Test the tests
#
# As lesson 07 showed, a network may learn with a wrong gradient. So it takes a test with
# the right data.
#
# **Predict.** A test of `max_pool_backward` uses random numbers and tiles of 2 × 2, and
# compares with a gradient check. Which of these does it catch: a gradient spread evenly,
# a gradient paid out to every value that ties, a gradient overwritten where windows
# overlap?
#
# Here are five functions that claim to be `max_pool_backward`. The first is right.


# %% given="candidates"
from helpers.layers import avg_pool2d_backward, max_pool2d_backward


def right_one(dout, cache):
    return max_pool2d_backward(dout, *cache)


def nothing_arrives(dout, cache):
    return xp.zeros(cache[0].shape)


def spread_evenly(dout, cache):
    return avg_pool2d_backward(dout, cache[0].shape, *cache[1:])


def all_ties_win(dout, cache):
    x, (KH, KW), stride = cache
    dx = xp.zeros(x.shape)
    for n, c, i, j in np.ndindex(dout.shape):
        place = n, c, slice(i * stride, i * stride + KH), slice(j * stride, j * stride + KW)
        dx[place] += (x[place] == x[place].max()) * dout[n, c, i, j]
    return dx


def overwritten(dout, cache):
    dx = xp.zeros(cache[0].shape)
    for place in np.ndindex(dout.shape):
        alone = xp.zeros(dout.shape)
        alone[place] = dout[place]
        sent = max_pool2d_backward(alone, *cache)
        dx = xp.where(sent != 0, sent, dx)
    return dx


# %% [markdown]
# ### Exercise 8.7 · test_max_pool_backward (6 points)
#
# Write a test for `max_pool_backward`. It receives a candidate, such as one of these
# five. It must accept every right candidate and raise an error for a wrong one.


# %% exercise="test_max_pool_backward"
def test_max_pool_backward(candidate):
    """Test a function that claims to be `max_pool_backward`.

    Parameters
    ----------
    candidate : function
        ``candidate(dout, cache)`` should do what `max_pool_backward` does; cache is
        ``(x, (KH, KW), stride)``. All sizes and strides are welcome.

    Raises
    ------
    AssertionError
        Or any other error, if the candidate is wrong. Nothing is returned.
    """
    ### BEGIN SOLUTION
    x = xp.array([[[[-4.0, -1, -6], [-1, -3, -2]], [[2.0, 5, 1], [6, 0, 7]]]])
    dout = xp.array([[[[2.0, 5]], [[3.0, -4]]]])
    expected = xp.zeros(x.shape)
    expected[0, 0, 0, 1] = 2 + 5
    expected[0, 1, 1, 0], expected[0, 1, 1, 2] = 3, -4
    found = candidate(dout, (x, (2, 2), 1))
    assert found.shape == expected.shape
    assert xp.allclose(found, expected)
    ### END SOLUTION


# %% check="test_max_pool_backward" points=6
zeros_hint = (
    "a gradient of zeros passes: does your test call the candidate, and does `assert` "
)
zeros_hint += "compare what it returns with numbers of your own?"
even_hint = "a gradient spread over the window passes. Compare values, not only their sum."
ties_hint = "your test data have no ties. Put the largest value of a window in it twice."
over_hint = "your windows do not overlap. Let one pixel win two of them."
wrong = [(nothing_arrives, zeros_hint), (spread_evenly, even_hint)]
wrong += [(all_ties_win, ties_hint), (overwritten, over_hint)]
judge(test_max_pool_backward, right=[right_one], wrong=wrong, at_least=4)
### BEGIN HIDDEN TESTS


def last_tie_wins(dout, cache):  # the first one of images turned by 180 degrees
    x, (KH, KW), stride = cache
    rows, columns = (n * stride - stride for n in dout.shape[2:])
    part = (slice(None), slice(None), slice(rows + KH), slice(columns + KW))
    turned = [a[:, :, ::-1, ::-1] for a in (dout, x[part])]
    dx = xp.zeros(x.shape)
    dx[part] = max_pool2d_backward(*turned, (KH, KW), stride)[:, :, ::-1, ::-1]
    return dx


def dout_forgotten(dout, cache):
    return max_pool2d_backward(xp.ones(dout.shape), *cache)


def negative_forgotten(dout, cache):
    return max_pool2d_backward(dout, *cache) * (cache[0] > 0)


def first_channel_only(dout, cache):
    return max_pool2d_backward(dout, *cache) * (xp.arange(dout.shape[1]) < 1)[:, None, None]


def stride_ignored(dout, cache):
    return max_pool2d_backward(dout, *cache[:2], 1)


more = [
    (dout_forgotten, "a gradient of ones passes for any dout: use a dout that varies."),
    (last_tie_wins, "the last of two equal values may win in your test: the first must."),
    (
        negative_forgotten,
        "windows of negative values get nothing, and it passes: add some.",
    ),
    (first_channel_only, "one channel is enough to pass: use two."),
    (stride_ignored, "a stride that is ignored passes: use one that is not 1."),
]
judge(test_max_pool_backward, right=[right_one], wrong=more, at_least=4)
### END HIDDEN TESTS

# %% [markdown]
# Random numbers hardly ever tie, and tiles do not overlap. That test catches only the
# first of the three. In real networks both happen all the time: behind a ReLU many values
# are exactly 0, and windows of 3 × 3 with stride 2 overlap.
#
# ## Bonus · The maximum from ReLU and subtraction
#
# Not graded. A network without pooling layers can still take a maximum: $\max(a, b)$ can
# be written with one ReLU, two subtractions or additions, and nothing else. Find the
# formula, then build the maximum of a window of 2 × 2 from three of them, and compare
# with `max_pool_forward`. What does the ReLU's gradient do where $a = b$?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built max, average and global pooling, forward and backward; you sent each gradient
# to the first winner, shared it among equals, wrote an average as a convolution, and
# measured what happens to a network's answers when the picture moves.
#
# **Next.** Lesson 09 makes the convolution layer fast. In lesson 10 the layers become a
# network that you train, with pooling between its convolutions.
#
# **Read on.** R. Zhang, "Making convolutional networks shift-invariant again", ICML 2019
# (https://arxiv.org/abs/1904.11486): your last measurement on large networks, and a blur
# that helps.

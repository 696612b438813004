# %% [markdown]
# # 6. The convolution layer
#
# **You will** turn the sliding sum of lesson 03 into the layer that convolutional
# networks are made of: over all channels, with many filters, a bias, padding and stride.
# Then you make it hundreds of times faster, wrap it in a class, choose how its weights
# begin, and count what it costs.
#
# **You need** lessons 03 to 05: correlation, padding, stride and the output size.
#
# **Time** about 105 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x` | `(N, C, H, W)` | N images of C channels |
# | `w` | `(F, C, KH, KW)` | F filters, each with one kernel for each channel |
# | `b` | `(F,)` | one bias for each filter |
# | `out` | `(N, F, OH, OW)` | one map for each image and filter |

# %% given="setup"
import math

import numpy as np

from helpers import figures_06 as figures
from helpers import figures_06_costs as costs
from helpers import figures_06_windows as windows
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.figures_06 import python_steps

# %% [markdown]
# ## One filter sees all channels
#
# A colour image has three channels, so one kernel is not enough. A **filter** holds a
# kernel of its own for *each* channel, C kernels in all, and one more number, its bias
# $b$. Each kernel is correlated with its channel, the C results are added, and so is the
# bias:
#
# $$\text{out}[i, j] = b + \sum_{c=0}^{C-1} \sum_{p, q} x[c,\, i + p,\, j + q] \cdot w[c, p, q]$$
#
# Three channels go in, and **one** map comes out.
#
# **Predict.** Three channels of 3 × 5 pixels meet three kernels of 2 × 3 weights. How
# many numbers come out? The second kernel holds nothing but zeros: which channel could
# you change without any effect?

# %%
tables = xp.array([[[1.0, 2, 0, 1, 3], [0, 1, 1, 2, 0], [2, 0, 1, 0, 1]]] * 3)
tables = tables * xp.array([1.0, 2.0, 3.0])[:, None, None]
kernels = xp.zeros((3, 2, 3))
kernels[0] = xp.array([[1.0, 0, -1], [0, 2, 0]])
kernels[2] = xp.array([[0.0, 1, 0], [0, 0, 1]])
windows.show_response(tables, kernels, 10.0)

# %% [markdown]
# Six numbers: each channel gives 2 × 3 of them, and they are added up. The second channel
# has no say, since its products are all zero: a filter listens to a colour by the kernel
# that it holds for it. The bias moves the whole map up or down, whatever the windows
# show.
#
# ### Exercise 6.1 · filter_response (14 points)
#
# Return the one map that a filter makes of one image, at every position where it fits.


# %% exercise="filter_response"
def filter_response(x, w, b):
    """Apply one filter to one image, without padding.

    Parameters
    ----------
    x : array (C, H, W)
    w : array (C, KH, KW)
        One kernel for each channel, at most as large as the image.
    b : float
        The bias of the filter.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        Floating point.
    """
    C, H, W = x.shape
    _, KH, KW = w.shape
    ### BEGIN SOLUTION
    out = xp.zeros((H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            out[i, j] = (x[:, i : i + KH, j : j + KW] * w).sum() + b
    return out
    ### END SOLUTION


# %% check="filter_response" points=8
x = xp.array([[[1.0, 2.0, 0.0]], [[0.0, 3.0, 1.0]], [[4.0, 0.0, 2.0]]])  # C = 3, H = 1
w = xp.array([[[1.0, 0.0]], [[5.0, -1.0]], [[0.5, 2.0]]])
left = (1 * 1 + 2 * 0) + (0 * 5 + 3 * -1) + (4 * 0.5 + 0 * 2)
right = (2 * 1 + 0 * 0) + (3 * 5 + 1 * -1) + (0 * 0.5 + 2 * 2)
expect(filter_response, x, w, 0.0, gives=[[left, right]])
expect(filter_response, x, w, 10.0, gives=[[left + 10, right + 10]])
### BEGIN HIDDEN TESTS


def reference(x, w, b):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[1:], axis=(1, 2))
    return np.einsum("cijpq,cpq->ij", windows, w) + b


def cases(rng):
    yield rng.standard_normal((3, 5, 7)), rng.standard_normal((3, 2, 4)), 0.75
    yield rng.standard_normal((2, 7, 4)), rng.standard_normal((2, 3, 2)), -1.5
    square = rng.standard_normal((3, 3, 3))
    yield case(square, rng.standard_normal((3, 2, 2)), 0.5, note="all square")


expect_like(filter_response, reference, cases)
### END HIDDEN TESTS

# %% check="filter_response" part="edges" points=6
x = xp.array([[[1, 2, 3], [4, 5, 6]]])  # a grey image is an image of one channel
w = xp.array([[[1.0], [0.5]]])
expect(filter_response, x, w, 0.25, gives=[[1 + 2 + 0.25, 2 + 2.5 + 0.25, 3 + 3 + 0.25]])
channels = xp.array([[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]], [[7.0, 8.0]]])
one_by_one = xp.array([1.0, 0.0, -1.0, 2.0]).reshape(4, 1, 1)
expect(filter_response, channels, one_by_one, 3.0, gives=[[1 - 5 + 14 + 3, 2 - 6 + 16 + 3]])
### BEGIN HIDDEN TESTS


def reference(x, w, b):
    C, KH, KW = w.shape
    OH, OW = x.shape[1] - KH + 1, x.shape[2] - KW + 1
    shifted = [x[:, p : p + OH, q : q + OW] for p in range(KH) for q in range(KW)]
    return np.einsum("kcij,ck->ij", np.stack(shifted), w.reshape(C, -1)) + b


def cases(rng):
    image = rng.standard_normal((5, 4, 6))
    yield case(image[:1], rng.standard_normal((1, 3, 2)), 2.0, note="one channel")
    yield case(image, rng.standard_normal((5, 4, 6)), -0.5, note="one window only")
    yield case(image[:, ::-1, ::2], rng.standard_normal((5, 2, 1)), 1.0, note="a view")
    integers = rng.integers(-9, 9, (2, 3, 5))
    yield case(integers, rng.standard_normal((2, 2, 3)), 0.3, note="an image of integers")


expect_like(filter_response, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Many filters make a layer
#
# One filter answers one question. A **convolution layer** asks F of them: it holds F
# filters and stacks their feature maps. These are the channels of its output, so the next
# layer can be of the same kind.
#
# $$\text{out}[n, f, i, j] = b[f] + \sum_{c, p, q} x[n,\, c,\, i \cdot s + p,\, j \cdot s + q]
# \cdot w[f, c, p, q]$$
#
# Here $s$ is the stride and `x` already has its border of zeros. Training finds the
# numbers in `w` and `b`, the parameters. You choose F, KH, KW, stride and padding
# beforehand: these are **hyperparameters**. C is no choice, it comes with the input.
#
# **Predict.** A colour photograph meets the 4 filters below, each of 5 × 5 pixels. How
# many kernels are there in the layer, how many biases, how many maps?

# %%
figures.show_exploded()

# %% [markdown]
# There are $4 \cdot 3 = 12$ kernels, 4 biases, 4 maps. A layer turns one block of
# numbers, a **volume**, into another: C maps deep going in, F maps deep coming out.
#
# The answer of a layer is not all that is wanted of it. When lesson 07 asks how each
# weight should change, it needs to know what went in. So the layer hands that back in a
# second value, the **cache**.
#
# In the images below each number tells where it stands: 1234 is image 1, channel 2, row
# 3, column 4.


# %% given="addresses"
def addresses(N, C, H, W):
    """Return images (N, C, H, W) in which each number tells its own place."""
    n, c, i, j = (xp.arange(float(size)) for size in (N, C, H, W))
    planes = 1000 * n[:, None] + 100 * c
    return planes[:, :, None, None] + 10 * i[:, None] + j


# %% [markdown]
# ### Exercise 6.2 · conv2d_forward_naive (26 points)
#
# Write the whole layer, in the plainest way you can. It may be slow.


# %% exercise="conv2d_forward_naive"
def conv2d_forward_naive(x, w, b, stride=1, padding=0):
    """Apply F filters to N images: a convolution layer, forward.

    Parameters
    ----------
    x : array (N, C, H, W)
        In any memory order. It is not changed.
    w : array (F, C, KH, KW)
        Filters, used as they stand, without a flip. They fit into the padded image.
    b : array (F,)
        One bias for each filter.
    stride : int
        Pixels from one window to the next, downwards and to the right. Rows and columns
        that are left over are not used.
    padding : int
        Rows and columns of zeros on each of the four sides of every image.

    Returns
    -------
    out : array (N, F, OH, OW)
        Floating point, ``OH = (H + 2 * padding - KH) // stride + 1``, and OW likewise.
    cache : tuple
        ``(x, w, stride, padding)``, as they were given.
    """
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    ### BEGIN SOLUTION
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    padded[:, :, padding : padding + H, padding : padding + W] = x
    out = xp.zeros((N, F, OH, OW))
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    top, left = i * stride, j * stride
                    window = padded[n, :, top : top + KH, left : left + KW]
                    out[n, f, i, j] = (window * w[f]).sum() + b[f]
    return out, (x, w, stride, padding)
    ### END SOLUTION


# %% check="conv2d_forward_naive" points=10
x, b = addresses(2, 3, 3, 5), xp.array([0.5, -2.0, 4.0, 3.0])
w = xp.zeros((4, 3, 2, 3))
w[0, 0, 0, 0] = 1  # the pixel in the top left corner of the window, channel 0
w[1, 1, 0, 2] = 2
w[2, 2, 1, 0], w[2, 0, 0, 1] = 1, -1
w[3] = 0.5  # half the sum of all 3 * 2 * 3 numbers in the window
whole = 6 * (0 + 100 + 200) + 9 * (0 + 10) + 6 * (0 + 1 + 2)
first = xp.array([0, 2 * 102, 210 - 1, whole / 2]) + b
# A step to the right adds 1 to all numbers in the window, a step down 10, an image 1000.
sums = xp.array([1.0, 2.0, 0.0, 9.0])
maps = first[:, None, None] + sums[:, None, None] * addresses(2, 1, 2, 3)
expect(conv2d_forward_naive, x, w, b, gives=(maps, (x, w, 1, 0)))
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], axis=(2, 3))
    out = np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3]))
    return np.moveaxis(out, 3, 1) + b[:, None, None], (x, w, stride, padding)


def cases(rng):
    for sizes in ((2, 3, 5, 7, 4, 3, 2), (3, 1, 4, 5, 2, 2, 3), (1, 4, 6, 5, 1, 2, 4)):
        N, C, H, W, F, KH, KW = sizes
        x, w = rng.standard_normal((N, C, H, W)), rng.standard_normal((F, C, KH, KW))
        yield case(x, w, rng.standard_normal(F))


expect_like(conv2d_forward_naive, reference, cases)
### END HIDDEN TESTS

# %% check="conv2d_forward_naive" part="padding" points=5
x, b = xp.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), xp.array([0.5, 10.0])
w = xp.zeros((2, 1, 3, 1))
w[0] = 1  # the sum of three pixels below each other
w[1, 0, 2, 0] = 1  # the lowest of the three
maps = [[[0, 1 + 4, 2 + 5, 3 + 6, 0]] * 2, [[0, 4, 5, 6, 0], [0, 0, 0, 0, 0]]]
maps = xp.array([maps]) + b[:, None, None]
expect(conv2d_forward_naive, x, w, b, padding=1, gives=(maps, (x, w, 1, 1)))
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    (N, _, H, W), (F, _, KH, KW) = x.shape, w.shape
    out = np.zeros((N, F, H + 2 * padding - KH + 1, W + 2 * padding - KW + 1))
    for y, z in np.ndindex(H, W):  # every pixel hands its value to the windows that see it
        for p, q in np.ndindex(KH, KW):
            i, j = y + padding - p, z + padding - q
            if 0 <= i < out.shape[2] and 0 <= j < out.shape[3]:
                out[:, :, i, j] += x[:, :, y, z] @ w[:, :, p, q].T
    return out + b[:, None, None], (x, w, stride, padding)


def cases(rng):
    x, w = rng.standard_normal((2, 3, 4, 6)) - 3, rng.standard_normal((4, 3, 3, 2))
    yield case(x, w, rng.standard_normal(4), padding=1)
    yield case(x[:, :2], w[:, :2], rng.standard_normal(4), padding=2)
    small = rng.standard_normal((1, 3, 2, 1))
    yield case(small, w, rng.standard_normal(4), padding=1, note="a tiny image")


expect_like(conv2d_forward_naive, reference, cases)
### END HIDDEN TESTS

# %% check="conv2d_forward_naive" part="stride" points=6
x, w = addresses(1, 1, 5, 7), xp.zeros((1, 1, 2, 3))
w[0, 0, 0, 0] = w[0, 0, 1, 2] = 1  # two corners of the window
maps = xp.array([[[[0 + 12, 2 + 14, 4 + 16], [20 + 32, 22 + 34, 24 + 36]]]])
expect(conv2d_forward_naive, x, w, xp.zeros(1), stride=2, gives=(maps, (x, w, 2, 0)))
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    out = np.einsum("ncijpq,fcpq->nfij", windows, w) + b[:, None, None]
    return out, (x, w, stride, padding)


def cases(rng):
    x, w = rng.standard_normal((2, 3, 6, 9)), rng.standard_normal((4, 3, 3, 2))
    yield case(x, w, rng.standard_normal(4), stride=2, padding=1)
    x, w = rng.standard_normal((3, 2, 7, 8)), rng.standard_normal((2, 2, 2, 3))
    yield case(x, w, rng.standard_normal(2), stride=3, padding=2)
    yield case(x, w, rng.standard_normal(2), stride=2, note="rows left over")
    yield case(x, w, rng.standard_normal(2), stride=9, note="a stride beyond the image")


expect_like(conv2d_forward_naive, reference, cases)
### END HIDDEN TESTS

# %% check="conv2d_forward_naive" part="edges" points=5
# Three channels, three filters: exchanged axes of w would go unnoticed but for the numbers.
x, w = xp.array([[[[1.0, 2, 3]], [[3, 4, 5]], [[5, 6, 7]]]]), xp.zeros((3, 3, 1, 2))
w[0, 0, 0, 0], w[0, 1, 0, 1], w[1, 1, 0, 0], w[2, 2, 0, 0] = 1, 10, 2, -1
b = xp.array([0.5, 0.0, 20.0])
maps = xp.array([[[[1 + 40 + 0.5, 2 + 50 + 0.5]], [[2 * 3, 2 * 4]], [[20 - 5, 20 - 6]]]])
expect(conv2d_forward_naive, x, w, b, gives=(maps, (x, w, 1, 0)))
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = np.einsum("ncijpq,fcpq->nfij", windows[:, :, ::stride, ::stride], w)
    return out + b[:, None, None], (x, w, stride, padding)


def cases(rng):
    x, w = rng.standard_normal((1, 2, 6, 6)), rng.standard_normal((2, 2, 3, 3))
    b = rng.standard_normal(2)
    yield case(x, w, b, padding=1, note="all square, as many filters as channels")
    yield case(x[..., :5, :5], w, b, stride=2, padding=1, note="all square, with stride 2")
    turned = rng.standard_normal((5, 7, 2, 3)).transpose(2, 3, 0, 1)
    w = rng.standard_normal((3, 2, 4, 3)).transpose(2, 3, 1, 0)  # (4, 3, 2, 3)
    yield case(turned, w, rng.standard_normal(4), note="arrays that are views of others")
    whole = rng.standard_normal((2, 3, 5, 7))
    yield case(turned[:, :, :, ::-1], whole, b, note="filters as large as the image")
    integers = rng.integers(-9, 9, (2, 3, 4, 5))
    yield case(integers, w[:, :, :, :2], rng.standard_normal(4), note="images of integers")


expect_like(conv2d_forward_naive, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# What do maps look like? Here is a finished layer of eight filters on a photograph. Their
# weights were written by hand; in a trained network they would have been found. Each
# filter sees all three colours.
#
# **Predict.** "Red minus green" gives large numbers where a pixel is redder than it is
# green. Where in the portrait will its map be the brightest: the flag, the face, the
# plain backdrop on the right or the dark uniform?

# %%
figures.show_feature_maps()

# %% [markdown]
# Grey stands for zero in all maps but the first. A filter whose weights sum to zero over
# *all* its kernels does not answer to white, grey or black areas at all. The two colour
# filters show what no grey picture can: the flag and the skin answer, the white collar
# does not.
#
# ## Who shares what
#
# Each number of a map is the answer of one unit, also called **neuron**: a sum of
# products and a bias, as in a dense layer. Which weights does it use?
#
# **Predict.** Two units of one map look at different windows. Do they have the same
# weights? And two units of different maps that look at the same window?

# %%
windows.show_sharing()

# %% [markdown]
# All units of **one** map use **one** filter, its bias included. Units of **different**
# maps use different filters, even when they look at the same window.
#
# One article that this course grew out of says that the neurons of a convolution layer
# have independent kernels and share no weights. Of the *filters* that is true: each has
# weights of its own. Of the *units in a map* it is false, and sharing is the whole point.
# Without it the layer would be the local layer that you counted in lesson 01, with
# hundreds or thousands of times the parameters, and what is learned at one place would
# not be known at another.
#
# ### Question 6.1 · Three false statements (10 points)
#
# Each of these statements is false. Write what is true instead, and for each give one
# number or small example that shows it, for a layer of 8 filters of 5 × 5 pixels on a
# colour image of 32 × 32 pixels, without padding.
#
# 1. "Each neuron in a convolution layer has its own weights."
# 2. "A filter is one grid of 5 × 5 weights. It is laid over the three colours in turn, so
#    8 filters make 24 maps."
# 3. "The layer has 24 biases, one for each kernel."

# %% [markdown] question="statements" points=10
# **Model answer.** (1) All units of one map share one filter; only the 8 filters differ.
# A map has 28 × 28 = 784 units and they have 75 weights and 1 bias between them. In all
# 6,272 units use 8 · 76 = 608 parameters; with weights of their own they would need 6,272
# · 76 = 476,672. (2) A filter holds one kernel for each channel, 3 · 5 · 5 = 75 weights,
# and the three    results are *added*: 8 filters make 8 maps. The output is (8, 28, 28).
# (3) There is    one bias for each filter, 8 in all, added once to each output value
# after the sum.    Three biases inside one sum would act as one number, their sum, so
# they could not do    more.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Three true statements, each with a right number or example; the first tells filters from units |
# | 6–8 | Three true statements, a number missing or wrong |
# | 3–5 | Two statements put right, or all three only denied ("no, they share") |
# | 0–2 | One put right, or none |
#
# *Sample, 10 points:* "1. The 784 neurons of a map all use the same 75 weights and the
# same bias. Neurons of different maps do not share. So 608 parameters, not 476,672. 2. A
# filter is 3 × 5 × 5 and sums over colours, so 8 filters give 8 maps. With w[f] = 1
# everywhere you get R + G + B summed, one map. 3. 8 biases. b[f] is added after the sum
# over the channels."
#
# *Sample, 5 points:* "1. False, neurons share weights in a CNN. 2. False, 8 filters make
# 8 maps because each filter goes through all channels. 3. False, there are fewer biases."
# (The second is right and has a number; the first does not say who shares, the third not
# how many.)

# %% [markdown]
# ## Loops that do not grow
#
# A step of a Python loop costs far more than a multiplication. Loops over images, filters
# and windows take $N \cdot F \cdot OH \cdot OW$ steps, millions for a real layer. Only
# the kernel is small. So turn the loops around: take one **offset** $(p, q)$ inside the
# kernel, and do its share of the work for all windows, images, channels and filters at
# once.
#
# Which pixels meet the weight at offset $(p, q)$? Every window contributes one.
#
# **Predict.** A kernel of 2 × 3 slides over the 5 × 8 pixels below with stride 2. Which
# pixels meet the weight in its top left corner? Which the one in its bottom right corner?

# %%
windows.show_offsets(H=5, W=8, KH=2, KW=3, stride=2)

# %% [markdown]
# The pixels of one offset form a regular grid, a slice with a step. It has exactly the
# shape of the output.
#
# ### Exercise 6.3 · conv2d_forward_offsets (16 points)
#
# Compute the same maps, with Python loops over the offsets of the kernel only.


# %% exercise="conv2d_forward_offsets"
def conv2d_forward_offsets(x, w, b, stride=1, padding=0):
    """Apply F filters to N images; Python loops over nothing but offsets in the kernel.

    Every Python loop runs over the rows or columns of the kernel: more images, channels,
    filters or pixels take no more steps of Python.

    Parameters
    ----------
    x : array (N, C, H, W)
    w : array (F, C, KH, KW)
    b : array (F,)
    stride, padding : int
        All as for `conv2d_forward_naive`.

    Returns
    -------
    array (N, F, OH, OW)
        The maps alone, without a cache. Floating point.
    """
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    ### BEGIN SOLUTION
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides))
    out = xp.zeros((N, F, OH, OW)) + b[:, None, None]
    for p in range(KH):
        for q in range(KW):
            rows, columns = p + stride * OH, q + stride * OW
            seen = padded[:, :, p:rows:stride, q:columns:stride]
            out += xp.einsum("ncij,fc->nfij", seen, w[:, :, p, q])
    return out
    ### END SOLUTION


# %% check="conv2d_forward_offsets" points=8
x, b = addresses(2, 3, 3, 5), xp.array([0.5, -2.0, 4.0, 3.0])
w = xp.zeros((4, 3, 2, 3))
w[0, 0, 0, 0], w[1, 1, 0, 2] = 1, 2
w[2, 2, 1, 0], w[2, 0, 0, 1] = 1, -1
w[3] = 0.5
whole = 6 * (0 + 100 + 200) + 9 * (0 + 10) + 6 * (0 + 1 + 2)
first = xp.array([0, 2 * 102, 210 - 1, whole / 2]) + b
sums = xp.array([1.0, 2.0, 0.0, 9.0])
maps = first[:, None, None] + sums[:, None, None] * addresses(2, 1, 2, 3)
expect(conv2d_forward_offsets, x, w, b, gives=maps)

x, w = addresses(1, 1, 5, 7), xp.zeros((1, 1, 2, 3))
w[0, 0, 0, 0] = w[0, 0, 1, 2] = 1
maps = [[[[0 + 12, 2 + 14, 4 + 16], [20 + 32, 22 + 34, 24 + 36]]]]
expect(conv2d_forward_offsets, x, w, xp.zeros(1), stride=2, gives=maps)
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = np.tensordot(windows[:, :, ::stride, ::stride], w, axes=([1, 4, 5], [1, 2, 3]))
    return np.moveaxis(out, 3, 1) + b[:, None, None]


def cases(rng):
    x, w = rng.standard_normal((2, 3, 6, 9)) - 1, rng.standard_normal((4, 3, 3, 2))
    b = rng.standard_normal(4)
    yield case(x[:, :, :5, :7], w, b)
    yield case(x, w, b, stride=2, padding=1)
    turned = rng.standard_normal((8, 7, 3, 2)).transpose(2, 3, 1, 0)
    yield case(turned, rng.standard_normal((2, 2, 2, 3)), b[:2], stride=3, padding=2)
    square = rng.standard_normal((1, 2, 6, 6))
    yield case(
        square, rng.standard_normal((2, 2, 3, 3)), b[2:], padding=1, note="all square"
    )
    integers = rng.integers(-9, 9, (1, 3, 4, 6))
    yield case(integers, w, b, note="images of integers")


expect_like(conv2d_forward_offsets, reference, cases)
### END HIDDEN TESTS


# %% check="conv2d_forward_offsets" part="steps" points=8
def steps_grow_with(size):
    """Tell whether Python takes more steps when this size is six times as large."""
    steps = []
    for factor in (1, 6):
        sizes = dict(N=2, C=2, F=2, H=6, W=7)
        sizes[size] *= factor
        N, C, F, H, W = sizes.values()
        x, w = xp.ones((N, C, H, W)), xp.ones((F, C, 3, 2))
        steps.append(python_steps(conv2d_forward_offsets, x, w, xp.ones(F), 1, 1))
    return steps[1] > 1.5 * steps[0]


pixels = "a Python loop runs over rows or pixels: the work of one offset is one slice."
expect(steps_grow_with, "H", gives=False, hint=pixels)
expect(steps_grow_with, "W", gives=False, hint=pixels)
expect(steps_grow_with, "N", gives=False, hint="a Python loop runs over the images.")
expect(steps_grow_with, "F", gives=False, hint="a Python loop runs over the filters.")
expect(steps_grow_with, "C", gives=False, hint="a Python loop runs over the channels.")

# %% [markdown]
# The check counted the lines that Python executes, which depends on no clock. Now measure
# in seconds what you gained. The third function is `conv2d`, the finished layer, which
# you may use from here on.
#
# **Predict.** How many times faster is the second function than the first: ten times, a
# hundred, a thousand?

# %% given="finished"
from helpers.layers import conv2d

# %%
functions = {
    "loops over windows": conv2d_forward_naive,
    "loops over offsets": conv2d_forward_offsets,
    "finished layer": conv2d,
}
costs.show_race(functions, N=4, C=3, H=32, W=40, F=8, KH=3, KW=3)

# %% [markdown]
# The multiplications are the same in all three. What differs is who hands them out:
# Python, or a compiled loop inside the array library. Lesson 09 turns the work that is
# left into matrix products.
#
# ## How a layer begins
#
# Before training, the weights have to be *something*. Zeros will not do: if all filters
# are equal, they give equal maps, receive equal corrections and stay equal for ever.
# Random numbers break this **symmetry**. But how large?
#
# Each output adds up $C \cdot KH \cdot KW$ products, the **fan-in**. With weights of
# standard deviation $\sigma$ the spread of the sum grows like
# $\sigma \sqrt{C \cdot KH \cdot KW}$. Most networks follow each layer with **ReLU**,
# which sets negative numbers to 0 and so halves the mean square. **He initialisation**,
# named after Kaiming He, makes up for both:
#
# $$\sigma = \sqrt{\frac{2}{C \cdot KH \cdot KW}}$$
#
# The biases begin at 0.
#
# **Predict.** Images run through 16 layers with ReLU: in one network with He's weights,
# in a second one with weights half as large, in a third with weights twice as large. How
# large are the numbers that come out of each?

# %%
costs.show_depth(16, factors=(0.5, 1.0, 2.0))

# %% [markdown]
# A factor of 2 in each layer is a factor of $2^{16}$ behind sixteen, up or down: soon all
# numbers are huge, or nothing but zero. He's rule keeps their size, whatever the number
# of channels.
#
# ### Exercise 6.4 · Conv2D (14 points)
#
# Write a class that holds the parameters of a layer and applies it. In `forward` you may
# call `conv2d(x, w, b, stride, padding)`.


# %% exercise="Conv2D"
class Conv2D:
    """A convolution layer that keeps its parameters.

    Parameters
    ----------
    C, F : int
        Channels of its input, and filters.
    KH, KW : int
        Rows and columns of a filter.
    rng : numpy.random.Generator
        Draws the weights, and nothing else does: equal generators give equal layers.
    stride, padding : int

    Attributes
    ----------
    params : dict
        ``"w"``, array (F, C, KH, KW), normally distributed around 0 with He's standard
        deviation, and ``"b"``, array (F,), zero. Both of the library `xp`, floating point.
    """

    def __init__(self, C, F, KH, KW, rng, stride=1, padding=0):
        ### BEGIN SOLUTION
        sigma = math.sqrt(2 / (C * KH * KW))
        w = rng.normal(0.0, sigma, (F, C, KH, KW))
        self.params = {"w": xp.asarray(w), "b": xp.zeros(F)}
        self.stride, self.padding = stride, padding
        ### END SOLUTION

    def forward(self, x):
        """Return the maps (N, F, OH, OW) of images (N, C, H, W).

        Uses what `params` holds at the time of the call, since training will change it.
        """
        ### BEGIN SOLUTION
        w, b = self.params["w"], self.params["b"]
        return conv2d(x, w, b, self.stride, self.padding)
        ### END SOLUTION


# %% check="Conv2D" points=6
def shapes_of_params(C, F, KH, KW):
    params = Conv2D(C, F, KH, KW, np.random.default_rng(0)).params
    return {name: tuple(array.shape) for name, array in params.items()}


def forward_with(x, w, b, stride, padding):
    F, C, KH, KW = w.shape
    layer = Conv2D(C, F, KH, KW, np.random.default_rng(1), stride, padding)
    layer.params["w"], layer.params["b"] = w, b
    return layer.forward(x)


def bias_at_first(C, F):
    return Conv2D(C, F, 3, 2, np.random.default_rng(2)).params["b"]


expect(shapes_of_params, 3, 5, 2, 4, gives={"w": (5, 3, 2, 4), "b": (5,)})
expect(bias_at_first, 2, 4, gives=[0, 0, 0, 0])
x, w = xp.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), xp.array([[[[10.0, 1.0]]]])
b = xp.array([0.5])
maps = [[[[10 + 2 + 0.5, 20 + 3 + 0.5], [40 + 5 + 0.5, 50 + 6 + 0.5]]]]
expect(forward_with, x, w, b, 1, 0, gives=maps)
maps = [[[[0 + 0 + 0.5, 0 + 0 + 0.5], [0 + 4 + 0.5, 50 + 6 + 0.5]]]]
expect(forward_with, x, w, b, 2, 1, gives=maps)
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride, padding):
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = np.einsum("ncijpq,fcpq->nfij", windows[:, :, ::stride, ::stride], w)
    return out + b[:, None, None]


def cases(rng):
    x, w = rng.standard_normal((2, 3, 5, 7)), rng.standard_normal((4, 3, 3, 2))
    yield x, w, rng.standard_normal(4), 1, 0
    yield x, w, rng.standard_normal(4), 2, 1
    yield x, w, rng.standard_normal(4), 3, 2


expect_like(forward_with, reference, cases)
### END HIDDEN TESTS


# %% check="Conv2D" part="start" points=8
def spread_of_weights(C, F, KH, KW):
    return float(Conv2D(C, F, KH, KW, np.random.default_rng(3)).params["w"].std())


def filters_differ(C, F):
    w = Conv2D(C, F, 3, 2, np.random.default_rng(4)).params["w"]
    return bool((w[1:] != w[:-1]).any())


def mean_is_near_zero(C, F, KH, KW):
    w = Conv2D(C, F, KH, KW, np.random.default_rng(5)).params["w"]
    return abs(float(w.mean())) < 0.05 * float(w.std())


def equal_layers(one, other):
    seeds = np.random.default_rng(one), np.random.default_rng(other)
    w, v = (Conv2D(2, 3, 4, 5, rng).params["w"] for rng in seeds)
    return bool((w == v).all())


expect(spread_of_weights, 16, 60, 3, 4, gives=math.sqrt(2 / (16 * 3 * 4)), within=0.05)
expect(filters_differ, 3, 4, gives=True)
expect(mean_is_near_zero, 16, 60, 3, 4, gives=True, hint="the weights do not centre on 0.")
expect(equal_layers, 7, 7, gives=True, hint="draw from `rng` alone, so that runs repeat.")
expect(equal_layers, 7, 8, gives=False, hint="draw from `rng`: other seed, other weights.")
### BEGIN HIDDEN TESTS


def reference(C, F, KH, KW):
    return float(np.sqrt(2.0) / np.sqrt(np.empty((C, KH, KW)).size))


def cases(rng):
    yield case(3, 500, 5, 3, note="a colour image")
    yield case(1, 900, 4, 6, note="one channel")
    yield case(64, 100, 1, 1, note="1 by 1 filters")


expect_like(spread_of_weights, reference, cases, within=0.05)
### END HIDDEN TESTS

# %% [markdown]
# ## What a layer costs
#
# Two numbers describe the cost of a layer. Its parameters must be stored and learned. Its
# multiplications must be done for every image. Each is followed by an addition, so they
# are counted in pairs, **multiply-accumulates** or **MACs**. Every output value takes one
# for each weight of its filter:
#
# $$\text{MACs} = F \cdot OH \cdot OW \cdot (C \cdot KH \cdot KW)$$

# %%
weights, places = 8 * (3 * 5 * 5), 28 * 28
print("8 filters of 5 × 5 on a colour image of 32 × 32, without padding:")
print(f"{weights:,} weights and 8 biases: {weights + 8:,} parameters")
print(f"each weight is used at {places} places: {weights * places:,} MACs")

# %% [markdown]
# Biases are not counted as MACs. A **pooling** layer (lesson 08) shrinks each map on its
# own and has neither weights nor MACs. A dense layer takes all numbers in a row, whatever
# block they came from.
#
# **Predict.** LeNet-5 read the numbers on cheques in the 1990s. In the form that is used
# today it has two convolution layers, each with a pool behind it, and three dense ones.
# Where do you expect most parameters, and where most MACs?
#
# ### Exercise 6.5 · layer_table (10 points)
#
# Follow one image through a list of layers, and write down what each layer costs.


# %% exercise="layer_table"
def layer_table(layers, shape):
    """Return output shape, parameters and multiply-accumulates of each layer.

    Parameters
    ----------
    layers : list of tuple
        ``("conv", F, KH, KW, stride, padding)`` with one bias for each filter;
        ``("pool", KH, KW, stride)``, windows without padding on each map alone;
        ``("dense", units)`` with one bias for each unit. Nothing but dense layers follows a
        dense layer. What is left over at the border is not used.
    shape : tuple of int
        ``(C, H, W)`` of one image.

    Returns
    -------
    list of tuple
        For each layer ``(out_shape, params, macs)``: a tuple, ``(F, OH, OW)`` or
        ``(units,)``, and two integers. MACs are those for one image.
    """
    rows = []
    for kind, *options in layers:
        ### BEGIN SOLUTION
        if kind == "conv":
            C, H, W = shape
            F, KH, KW, stride, padding = options
            OH = (H + 2 * padding - KH) // stride + 1
            OW = (W + 2 * padding - KW) // stride + 1
            shape = (F, OH, OW)
            params, macs = F * (C * KH * KW + 1), F * OH * OW * C * KH * KW
        elif kind == "pool":
            C, H, W = shape
            KH, KW, stride = options
            shape = (C, (H - KH) // stride + 1, (W - KW) // stride + 1)
            params, macs = 0, 0
        else:
            inputs, units = math.prod(shape), options[0]
            shape = (units,)
            params, macs = units * (inputs + 1), units * inputs
        rows.append((shape, params, macs))
        ### END SOLUTION
    return rows


# %% check="layer_table" points=10
lenet = [("conv", 6, 5, 5, 1, 2), ("pool", 2, 2, 2), ("conv", 16, 5, 5, 1, 0)]
rows = [((6, 28, 28), 6 * (1 * 5 * 5 + 1), 6 * 28 * 28 * 25), ((6, 14, 14), 0, 0)]
rows += [((16, 10, 10), 16 * (6 * 5 * 5 + 1), 16 * 10 * 10 * 150)]
expect(layer_table, lenet[:1], (1, 28, 28), gives=rows[:1], within=1e-12)
expect(layer_table, lenet, (1, 28, 28), gives=rows, within=1e-12)
head = [("pool", 2, 2, 2), ("dense", 120), ("dense", 84), ("dense", 10)]
end = [((16, 5, 5), 0, 0), ((120,), 120 * (400 + 1), 120 * 400)]
end += [((84,), 84 * (120 + 1), 84 * 120), ((10,), 10 * (84 + 1), 10 * 84)]
expect(layer_table, lenet + head, (1, 28, 28), gives=rows + end, within=1e-12)
uneven = [("conv", 4, 3, 2, 2, 1)]  # 6 + 2 rows hold 3 windows of 3, 9 + 2 columns 5 of 2
row = ((4, 3, 5), 4 * (3 * 3 * 2 + 1), 4 * 3 * 5 * (3 * 3 * 2))
expect(layer_table, uneven, (3, 6, 9), gives=[row], within=1e-12)
### BEGIN HIDDEN TESTS


def reference(layers, shape):
    rows = []
    for kind, *o in layers:
        if kind == "dense":
            weights = np.empty((o[0], int(np.prod(shape))), np.int8).size
            rows.append(((o[0],), weights + o[0], weights))
        else:
            KH, KW, stride = o[-4:-1] if kind == "conv" else o
            pad = 2 * o[-1] if kind == "conv" else 0
            sizes = [
                len(range(k, n + pad + 1, stride)) for n, k in zip(shape[1:], (KH, KW))
            ]
            weights = o[0] * shape[0] * KH * KW if kind == "conv" else 0
            maps = o[0] if kind == "conv" else shape[0]
            params = weights + maps if kind == "conv" else 0
            rows.append(((maps, *sizes), params, weights * sizes[0] * sizes[1]))
        shape = rows[-1][0]
    return rows


def cases(rng):
    F, G, units = (int(n) for n in rng.permutation(np.arange(2, 14))[:3])
    net = [("conv", F, 3, 2, 2, 1), ("conv", G, 2, 5, 1, 2), ("pool", 3, 2, 2)]
    yield case(net, (3, 25, 38), note="two convolutions and a pool")
    yield case([*net, ("dense", units), ("dense", 7)], (2, 24, 31), note="with leftovers")
    yield case([("conv", 5, 1, 1, 1, 0)], (8, 6, 7), note="1 by 1 filters")
    yield case([("dense", 9)], (3, 4, 5), note="a dense layer on an image")


expect_like(layer_table, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %%
costs.show_costs()

# %% [markdown]
# Most parameters of LeNet-5 sit in its first dense layer, and most of its work in its
# convolutions. A filter has few weights and uses each of them at every place; a dense
# layer has many and uses each once. Lesson 11 finds the same in every famous network.
#
# ### Question 6.2 · Small image, large image (10 points)
#
# One layer, 16 filters of 3 × 3 on 3 channels, stride 1, padding 1, is used on images of
# 8 × 8 and of 1280 × 720 pixels. Write what changes between the two, and what does not:
# parameters, MACs, memory for the maps, the window of a unit, and what a unit can
# recognise. Give numbers. Then name one consequence for a network that was trained on
# small images and is used on large ones.

# %% [markdown] question="sizes" points=10
# **Model answer.** The parameters do not change: 16 · (3 · 3 · 3 + 1) = 448, since
# neither H nor W occurs in them, and the filters trained on small images can be used on
# large ones as they are. MACs are 27 for each output value: 16 · 64 · 27 = 27,648 against
# 16 · 921,600 · 27 = 398,131,200, that is 14,400 times as many, the ratio of the pixels.
# The maps grow by the same factor: 1,024 numbers against 14,745,600, or 59 MB at 4 bytes
# each, for one image. The window of a unit stays 3 × 3 pixels. But it is 14 % of the
# small image and 0.001 % of the large one, so the unit sees an edge where it may have
# seen half a digit. The border of zeros touches 28 of 64 outputs in the small image, 44 %
# of them, and 0.4 % of those in the large one.
#
# Consequences (one is enough): an object that fills 8 pixels in training may fill
# hundreds now, and filters do not grow with it; a dense layer at the end would not fit,
# since its number of inputs depends on H and W; memory for maps, not for weights, sets
# the limit.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Parameters equal, MACs and maps in proportion to the pixels with numbers, window equal in pixels but not in share, a right consequence |
# | 6–8 | Parameters and MACs right with numbers; window or consequence missing |
# | 3–5 | What changes and what does not, without numbers or with one of the two wrong |
# | 0–2 | Parameters said to grow with the image |
#
# *Sample, 9 points:* "448 parameters both times. 27,648 MACs become 398 million, times
# 14,400 = 921,600 / 64. The maps become 59 MB in float32. Each unit still sees 3 × 3
# pixels, so on the big image it can only see tiny pieces of an object: a network trained
# on small pictures should get the large ones scaled down, or more layers."
#
# *Sample, 4 points:* "The filters stay the same because of weight sharing. The big image
# takes much longer and needs more memory for the feature maps."

# %% [markdown]
# ## Bonus · Without sharing
#
# Not graded. Write a layer that is local but not shared, as lesson 01 counted it: like
# `filter_response`, but with weights of its own for every window, `w` of shape
# `(OH, OW, C, KH, KW)`. Check it with weights that are all alike: it must agree with a
# convolution. Then count its parameters for the first layer of LeNet-5 and compare. Is
# there a picture for which you would want it?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built the convolution layer: a filter that sums over all channels, a stack of
# filters with padding and stride, the same maps with loops over nothing but the kernel, a
# class that holds its parameters and begins with He's weights, and a table of what layers
# cost. All units of a map share one filter; different maps have different filters.
#
# **Next.** Lesson 07 asks the layer how each of its weights should change, which is how
# filters are learned. Lesson 09 makes it faster still, and in lesson 10 it is part of a
# network.
#
# **Read on.** I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning*, MIT Press, 2016,
# sections 9.1 and 9.2 (https://www.deeplearningbook.org).

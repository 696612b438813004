# %% [markdown]
# # 11. Variants of convolution, and six networks counted
#
# **You will** build four relatives of the convolution layer: a window of one pixel,
# groups, one kernel for each map, and a layer that makes maps larger. Then you read the
# plans of six famous networks, from LeNet-5 to MobileNet, and count their parameters and
# their work to the last digit.
#
# **You need** the convolution layer and its costs from lesson 06, the way back through it
# from lesson 07, and pooling from lesson 08.
#
# **Time** about 105 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x` | `(N, C, H, W)` | N images with C channels each |
# | `w` | `(F, C)`, `(F, C / groups, KH, KW)` or `(C, F, KH, KW)` | weights; which form, each section says |
# | `b` | `(F,)` | one bias for each filter |
# | `wd`, `wp` | `(C, KH, KW)`, `(F, C)` | depthwise and pointwise weights |
# | `layers` | list of tuples | the plan of a network |

# %% given="setup"
import math

import numpy as np

from helpers import figures_11 as figures
from helpers import layers as finished
from helpers.architectures import NETWORKS
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.figures_11_networks import print_table, show_blocks, show_map, show_shares


def conv2d(x, w, b=None, stride=1, padding=0):
    """Return the maps of a convolution layer, as you built it in lesson 06."""
    return finished.conv2d(x, w, b, stride, padding)


# %% [markdown]
# ## A window of one pixel
#
# What does a convolution do whose kernels have a single weight? It cannot see neighbours.
# But it still sums over channels: at each pixel it takes the C numbers that lie there,
# and turns them into F new ones. That is a dense layer, applied to every pixel with the
# same weights.
#
# $$\text{out}[n, f, i, j] = b[f] + \sum_{c} w[f, c] \cdot x[n, c, i, j]$$
#
# A **1 × 1 convolution**, also called **pointwise**, mixes maps. Its most common use is to
# change their number, from C to F, before or after a layer that is more expensive.
#
# **Predict.** Two channels of 2 × 3 pixels go through the weights below. Which numbers
# stand in row 1, column 2 of the three maps?

# %%
x = xp.array([[[1.0, 0, 2], [3, 1, 4]], [[5.0, 2, 0], [0, 2, 1]]])
w = xp.array([[1.0, 1.0], [2.0, -1.0], [0.0, 3.0]])
b = xp.array([0.0, 0.0, 10.0])
figures.show_pixel(x, w, b, 1, 2)

# %% [markdown]
# The pixel holds 4 and 1, so the maps hold 4 + 1, 8 − 1 and 3 + 10. No other pixel matters.
#
# ### Exercise 11.1 · conv1x1 (10 points)
#
# Turn the C numbers at each pixel into F numbers.


# %% exercise="conv1x1"
def conv1x1(x, w, b):
    """Apply a convolution whose window is a single pixel.

    Parameters
    ----------
    x : array (N, C, H, W)
    w : array (F, C)
        The weight of each channel in each filter.
    b : array (F,)

    Returns
    -------
    array (N, F, H, W)
    """
    ### BEGIN SOLUTION
    pixels = x.transpose(0, 2, 3, 1)  # (N, H, W, C): the last axis is one pixel
    out = pixels @ w.T + b
    return out.transpose(0, 3, 1, 2)
    ### END SOLUTION


# %% check="conv1x1" points=6
x = xp.array([[[[1.0, 0, 2]], [[5.0, 3, 4]]]])  # two channels of one row
w, b = xp.array([[1.0, 1.0], [2.0, -1.0], [0.0, 3.0]]), xp.array([0.5, 0.0, 10.0])
maps = [[[1 + 5 + 0.5, 0 + 3 + 0.5, 2 + 4 + 0.5]], [[2 - 5, 0 - 3, 4 - 4]]]
maps += [[[3 * 5 + 10, 3 * 3 + 10, 3 * 4 + 10]]]
expect(conv1x1, x, w, b, gives=[maps])
### BEGIN HIDDEN TESTS


def reference(x, w, b):
    return np.einsum("nchw,fc->nfhw", x, w) + b[:, None, None]


def cases(rng):
    yield rng.standard_normal((2, 3, 5, 4)), rng.standard_normal((6, 3)), np.arange(6.0)
    yield rng.standard_normal((3, 5, 2, 7)), rng.standard_normal((2, 5)), np.arange(2.0)
    one = rng.standard_normal((1, 1, 3, 4)), rng.standard_normal((2, 1))
    yield case(*one, rng.standard_normal(2), note="one channel")


expect_like(conv1x1, reference, cases)
### END HIDDEN TESTS

# %% check="conv1x1" part="square" points=4
# As many filters as channels, as many channels as images: only numbers tell them apart.
x = xp.array([[[[1.0, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]])
w, b = xp.array([[1.0, 10.0], [0.0, 100.0]]), xp.array([0.0, 0.5])
first = [[[1 + 30, 2 + 40]], [[300 + 0.5, 400 + 0.5]]]
second = [[[5 + 70, 6 + 80]], [[700 + 0.5, 800 + 0.5]]]
expect(conv1x1, x, w, b, gives=[first, second])
### BEGIN HIDDEN TESTS


def reference(x, w, b):
    out = [sum(w[f, c] * x[:, c] for c in range(len(w[f]))) + b[f] for f in range(len(w))]
    return np.stack(out, axis=1)


def cases(rng):
    w, b = rng.standard_normal((4, 4)), rng.standard_normal(4)
    yield case(rng.standard_normal((4, 4, 4, 4)), w, b, note="all sizes equal")
    yield case(rng.standard_normal((3, 5, 4, 2)).transpose(3, 2, 1, 0), w, b, note="a view")


expect_like(conv1x1, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_colours()

# %% [markdown]
# On a photograph a 1 × 1 convolution mixes colours. Deeper in a network the maps
# are no longer colours but answers such as "edge" or "fur", and the mix says which of
# them together mean something.
#
# ## Groups
#
# In an ordinary layer every filter reads every channel. Is that necessary? A **grouped**
# convolution splits the channels into g groups of equal size, and the filters likewise.
# The filters of a group read the channels of the same group, and no others. It is g small
# layers side by side, and each filter has only $C / g$ kernels:
#
# $$\text{weights} = F \cdot \frac{C}{g} \cdot KH \cdot KW$$
#
# AlexNet came by it through need: in 2012 it did not fit into the memory of one graphics
# card, so half of the maps lived on a second one.
#
# **Predict.** 8 filters read 4 channels. How many kernels are there with 1, 2 and 4 groups?
# With 2 groups, which channels does filter 3 read?

# %%
figures.show_groups(4, 8, [1, 2, 4])

# %% [markdown]
# 32, 16 and 8: with g groups, one kernel in g is left. Filter 3 is in the first half of the
# filters, so it reads the first half of the channels, 0 and 1.
#
# ### Exercise 11.2 · grouped_conv (12 points)
#
# Apply each group of filters to its own group of channels. You may call `conv2d(x, w, b)`,
# the finished layer of lesson 06.


# %% exercise="grouped_conv"
def grouped_conv(x, w, b, groups):
    """Apply a convolution in groups, with stride 1 and without padding.

    Parameters
    ----------
    x : array (N, C, H, W)
        Group k owns the k-th stretch of C / groups neighbouring channels.
    w : array (F, C / groups, KH, KW)
        Group k owns the k-th stretch of F / groups neighbouring filters.
    b : array (F,)
    groups : int
        At least 1.

    Returns
    -------
    array (N, F, H - KH + 1, W - KW + 1)
        The maps in the order of the filters.

    Raises
    ------
    ValueError
        `groups` does not divide C, or does not divide F.
    """
    C, F = x.shape[1], w.shape[0]
    ### BEGIN SOLUTION
    if C % groups or F % groups:
        raise ValueError(f"{groups} groups do not divide {C} channels and {F} filters.")
    channels, filters = C // groups, F // groups
    maps = []
    for k in range(groups):
        part = x[:, k * channels : (k + 1) * channels]
        mine = slice(k * filters, (k + 1) * filters)
        maps.append(conv2d(part, w[mine], b[mine]))
    return xp.concatenate(maps, axis=1)
    ### END SOLUTION


# %% check="grouped_conv" points=7
x = xp.array([1.0, 2, 3, 4]).reshape(1, 4, 1, 1)  # four channels of a single pixel
w = xp.array([[1.0, 10], [0, 1], [1, 0], [1, -1], [2, 10], [5, 0]]).reshape(6, 2, 1, 1)
b = xp.array([0, 0, 0.5, 0, 0, 0.25])
upper = [1 + 20, 2, 1 + 0.5]  # filters 0 to 2 read channels 0 and 1
lower = [3 - 4, 2 * 3 + 10 * 4, 5 * 3 + 0.25]  # filters 3 to 5 read channels 2 and 3
expect(grouped_conv, x, w, b, 2, gives=xp.array(upper + lower).reshape(1, 6, 1, 1))
row = xp.array([[[[1.0, 2, 4]], [[3, 5, 0]]]])
w = xp.array([[[[1.0, 2.0]], [[10.0, 0.0]]]])  # one group: the layer of lesson 06
whole = [[[[1 + 2 * 2 + 10 * 3, 2 + 2 * 4 + 10 * 5]]]]
expect(grouped_conv, row, w, xp.zeros(1), 1, gives=whole)
### BEGIN HIDDEN TESTS


def reference(x, w, b, groups):
    (F, _, KH, KW), C = w.shape, x.shape[1]
    full = np.zeros((groups, F // groups, groups, C // groups, KH, KW))
    for k in range(groups):  # an ordinary filter that holds zeros for foreign channels
        full[k, :, k] = w.reshape(groups, F // groups, C // groups, KH, KW)[k]
    windows = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), axis=(2, 3))
    full = full.reshape(F, C, KH, KW)
    return np.einsum("ncijpq,fcpq->nfij", windows, full) + b[:, None, None]


def cases(rng):
    x = rng.standard_normal((2, 6, 5, 7))
    yield x, rng.standard_normal((4, 3, 3, 2)), rng.standard_normal(4), 2
    yield x, rng.standard_normal((9, 2, 2, 4)), rng.standard_normal(9), 3
    yield case(x, rng.standard_normal((5, 6, 2, 3)), np.arange(5.0), 1, note="one group")


expect_like(grouped_conv, reference, cases)
### END HIDDEN TESTS

# %% check="grouped_conv" part="edges" points=5
x = xp.array([[[[1.0, 2, 3]], [[4, 5, 6]]]])
w = xp.array([[1.0, 0], [0, 1], [1, 1], [1, -1]]).reshape(4, 1, 1, 2)
maps = [[[1, 2]], [[2, 3]], [[4 + 5, 5 + 6]], [[4 - 5, 5 - 6]]]  # each channel alone
expect(grouped_conv, x, w, xp.zeros(4), 2, gives=[maps])
three = xp.array([1.0, 2, 3]).reshape(1, 3, 1, 1)
expect(grouped_conv, three, xp.ones((4, 1, 1, 1)), xp.zeros(4), 2, raises=ValueError)
four = xp.array([1.0, 2, 3, 4]).reshape(1, 4, 1, 1)
expect(grouped_conv, four, xp.ones((3, 2, 1, 1)), xp.zeros(3), 2, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, w, b, groups):
    N, C, H, W = x.shape
    F, size, KH, KW = w.shape
    out = np.zeros((N, F, H - KH + 1, W - KW + 1)) + b[:, None, None]
    for f, c, p, q in np.ndindex(*w.shape):
        channel = f // (F // groups) * size + c
        out[:, f] += w[f, c, p, q] * x[:, channel, p : p + H - KH + 1, q : q + W - KW + 1]
    return out


def cases(rng):
    x, b = rng.standard_normal((2, 4, 6, 5)), rng.standard_normal(8)
    yield case(x, rng.standard_normal((8, 1, 3, 2)), b, 4, note="one group a channel")
    yield case(x, rng.standard_normal((4, 1, 2, 2)), b[:4], 4, note="as many filters, too")
    turned = x.transpose(2, 1, 0, 3)
    yield case(turned, rng.standard_normal((8, 2, 1, 3)), b, 2, note="a view")
    w = rng.standard_normal((6, 1, 2, 2))
    yield case(x, w, b[:6], 3, raises=ValueError, note="4 channels in 3 groups")
    yield case(x, w, b[:6], 4, raises=ValueError, note="6 filters in 4 groups")


expect_like(grouped_conv, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## One kernel for each map, then a mix
#
# Take groups to the end: as many groups as channels. Each channel has a kernel of its own
# and nothing is summed over channels. That is a **depthwise** convolution. It sees
# neighbours, but never two maps at once. A 1 × 1 convolution sees all maps, but no
# neighbours. One after the other they are a **depthwise separable** convolution, with
# $C \cdot KH \cdot KW + C \cdot F$ weights in place of $C \cdot F \cdot KH \cdot KW$:
#
# $$\frac{C \cdot KH \cdot KW + C \cdot F}{C \cdot F \cdot KH \cdot KW} = \frac{1}{F} +
# \frac{1}{KH \cdot KW}$$
#
# The MACs have the same ratio, since every weight is used once at each position.
#
# **Predict.** Kernels of 3 × 3, from 128 maps to 256. What part of the work is left:
# about a half, a fifth, or a ninth? Which of the two steps does most of it?

# %%
C, F, KH, KW = 128, 256, 3, 3
depthwise, pointwise, full = C * KH * KW, C * F, C * F * KH * KW
print(f"depthwise {depthwise:,} + pointwise {pointwise:,} weights, ordinary {full:,}")
print(f"ratio {(depthwise + pointwise) / full:.4f}, and one ninth is {1 / 9:.4f}")

# %% [markdown]
# A little more than a ninth, and the 1 × 1 step does nearly all of it.
#
# ### Exercise 11.3 · depthwise_separable and cost_ratio (10 points)
#
# Write the two steps, and the ratio of the costs.


# %% exercise="depthwise_separable"
def depthwise_separable(x, wd, wp):
    """Correlate each channel with its own kernel, then mix the channels at each pixel.

    Parameters
    ----------
    x : array (N, C, H, W)
    wd : array (C, KH, KW)
        One kernel for each channel.
    wp : array (F, C)
        The weight of each channel in each filter of the mix.

    Returns
    -------
    array (N, F, H - KH + 1, W - KW + 1)
        Without bias, padding or stride.
    """
    N, C, H, W = x.shape
    _, KH, KW = wd.shape
    ### BEGIN SOLUTION
    OH, OW = H - KH + 1, W - KW + 1
    middle = xp.zeros((N, C, OH, OW))
    for p in range(KH):
        for q in range(KW):
            middle += wd[:, p, q][:, None, None] * x[:, :, p : p + OH, q : q + OW]
    return xp.einsum("nchw,fc->nfhw", middle, wp)
    ### END SOLUTION


def cost_ratio(C, F, KH, KW):
    """Return the MACs of a depthwise separable convolution as a part of an ordinary one's.

    Parameters
    ----------
    C, F : int
        Channels of the input, maps of the output.
    KH, KW : int
        Rows and columns of the kernels.

    Returns
    -------
    float
        Neither has a bias, and both make maps of the same size.
    """
    ### BEGIN SOLUTION
    separable = C * KH * KW + C * F
    return separable / (C * F * KH * KW)
    ### END SOLUTION


# %% check="depthwise_separable" points=7
x = xp.array([[[[1.0, 2, 3]], [[4, 5, 7]]]])
wd = xp.array([[[1.0, 2.0]], [[-1.0, 1.0]]])
middle = xp.array([[1 + 2 * 2, 2 + 2 * 3], [-4 + 5, -5 + 7]])  # one row for each channel
wp = xp.array([[1.0, 0.0], [0.0, 1.0], [10.0, 100.0]])
mixed = xp.stack([middle[0], middle[1], 10 * middle[0] + 100 * middle[1]])
expect(depthwise_separable, x, wd, wp, gives=mixed[None, :, None])
wp = xp.array([[1.0, 2.0], [0.0, 1.0]])  # as many filters as channels
mixed = xp.stack([middle[0] + 2 * middle[1], middle[1]])
expect(depthwise_separable, x, wd, wp, gives=mixed[None, :, None])
### BEGIN HIDDEN TESTS


def reference(x, wd, wp):  # one ordinary convolution with filters that are outer products
    windows = np.lib.stride_tricks.sliding_window_view(x, wd.shape[1:], axis=(2, 3))
    return np.einsum("ncijpq,fcpq->nfij", windows, wp[:, :, None, None] * wd)


def cases(rng):
    x, wd = rng.standard_normal((2, 3, 5, 7)), rng.standard_normal((3, 3, 2))
    yield x, wd, rng.standard_normal((4, 3))
    yield case(x, wd[:, :1, :1], rng.standard_normal((2, 3)), note="kernels of one weight")
    yield case(x, wd, rng.standard_normal((1, 3)), note="one filter")
    square = rng.standard_normal((3, 3, 6, 6)), rng.standard_normal((3, 3, 3))
    yield case(*square, rng.standard_normal((3, 3)), note="all square")


expect_like(depthwise_separable, reference, cases)
### END HIDDEN TESTS

# %% check="depthwise_separable" part="ratio" points=3
expect(cost_ratio, 4, 10, 3, 2, gives=(4 * 3 * 2 + 4 * 10) / (4 * 10 * 3 * 2), within=1e-9)
expect(cost_ratio, 1, 1, 1, 1, gives=2)  # two steps that each do the work of one
### BEGIN HIDDEN TESTS


def reference(C, F, KH, KW):
    return 1 / F + 1 / (KH * KW)


def cases(rng):
    for C, F, KH, KW in rng.integers([2, 30, 2, 2], [30, 99, 6, 9], (4, 4)):
        yield int(C), int(F), int(KH), int(KW)


expect_like(cost_ratio, reference, cases, within=1e-9)
### END HIDDEN TESTS

# %%
figures.show_separable()

# %% [markdown]
# What is lost? An ordinary filter may look for an upright edge in one map and a level one
# in another, and the next filter for something else again: $C \cdot F$ free kernels. Here
# all filters share the same C kernels and choose only the mix.
#
# ## From small maps to large ones
#
# Some networks must answer with an image: which pixels are road? They need a layer that
# makes maps larger. Read a convolution backwards. Where it gathers a window into one
# number, the **transposed convolution** spreads one number over a window: each pixel
# **stamps** the kernel onto the output, multiplied by its value, and where stamps overlap
# they add up.
#
# $$\text{out}[n, f, i s + p,\, j s + q] \mathrel{+}= x[n, c, i, j] \cdot w[c, f, p, q]$$
#
# The stride $s$ is the step between stamps. Padding cuts a border off, so that
# $OH = (H - 1)\, s - 2\, \text{padding} + KH$.
#
# **Predict.** An image of 2 × 3 pixels, a kernel of 3 × 2 and stride 2: how large is the
# output? Which of its rows do two stamps share?

# %%
image = xp.array([[1, 0, 2], [10, 0, 0]])
figures.show_stamps(image, xp.array([[1, 2], [3, 4], [5, 6]]), 2, [(0, 0), (1, 0)])

# %% [markdown]
# Five rows and six columns. In row 2 the lowest row of one stamp, 5 and 6, meets the top
# row of another, 10 and 20.
#
# ### Exercise 11.4 · conv_transpose2d (18 points)
#
# Stamp the kernels, add, and cut off the border.


# %% exercise="conv_transpose2d"
def conv_transpose2d(x, w, stride=1, padding=0):
    """Stamp a kernel onto the output for every pixel of the input: `conv2d` transposed.

    Parameters
    ----------
    x : array (N, C, H, W)
    w : array (C, F, KH, KW)
        For each channel of x the kernels that it stamps onto the F maps, without a flip.
    stride : int
        Pixels from one stamp to the next, along both axes.
    padding : int
        Rows and columns to cut off on each of the four sides; something is left.

    Returns
    -------
    array (N, F, OH, OW)
        Floating point, ``OH = (H - 1) * stride - 2 * padding + KH``, and OW likewise.
    """
    N, C, H, W = x.shape
    _, F, KH, KW = w.shape
    ### BEGIN SOLUTION
    height, width = (H - 1) * stride + KH, (W - 1) * stride + KW
    out = xp.zeros((N, F, height, width))
    for i in range(H):
        for j in range(W):
            stamps = xp.tensordot(x[:, :, i, j], w, axes=1)  # (N, F, KH, KW)
            top, left = i * stride, j * stride
            out[:, :, top : top + KH, left : left + KW] += stamps
    return out[:, :, padding : height - padding, padding : width - padding]
    ### END SOLUTION


# %% check="conv_transpose2d" points=7
kernel = xp.array([[1.0, 2], [3, 4], [5, 6]]).reshape(1, 1, 3, 2)
impulse = xp.array([[[[0.0, 1, 0], [0, 0, 0]]]])
stamp = [[0, 1, 2, 0], [0, 3, 4, 0], [0, 5, 6, 0], [0, 0, 0, 0]]
expect(conv_transpose2d, impulse, kernel, gives=[[stamp]])
two = xp.array([[[[1.0, 0, 0], [10, 0, 0]]]])
sums = [[1, 2, 0, 0, 0, 0], [3, 4, 0, 0, 0, 0], [5 + 10, 6 + 20, 0, 0, 0, 0]]
sums += [[30, 40, 0, 0, 0, 0], [50, 60, 0, 0, 0, 0]]
expect(conv_transpose2d, two, kernel, stride=2, gives=[[sums]])
channels = xp.array([[[[1.0]], [[10.0]]]])  # two channels, each stamps onto two maps
w = xp.array([[[[1.0, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]])
maps = [[[1 + 50, 2 + 60]], [[3 + 70, 4 + 80]]]
expect(conv_transpose2d, channels, w, gives=[maps])
### BEGIN HIDDEN TESTS


def reference(x, w, stride=1, padding=0):  # spread the pixels, then correlate with a flip
    (N, C, H, W), (KH, KW) = x.shape, w.shape[2:]
    height, width = (H - 1) * stride + 1, (W - 1) * stride + 1
    spread = np.zeros((N, C, height + 2 * KH - 2, width + 2 * KW - 2))
    rows, columns = slice(KH - 1, KH - 1 + height), slice(KW - 1, KW - 1 + width)
    spread[:, :, rows, columns][:, :, ::stride, ::stride] = x
    windows = np.lib.stride_tricks.sliding_window_view(spread, (KH, KW), axis=(2, 3))
    return np.einsum("ncijpq,cfpq->nfij", windows, w[:, :, ::-1, ::-1])


def cases(rng):
    yield rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((3, 4, 3, 2))
    yield case(rng.standard_normal((3, 2, 2, 4)), rng.standard_normal((2, 5, 2, 3)), 2)
    gaps = rng.standard_normal((1, 2, 3, 2)), rng.standard_normal((2, 3, 1, 2))
    yield case(*gaps, 3, note="gaps between stamps")
    square = rng.standard_normal((2, 2, 4, 4)), rng.standard_normal((2, 2, 3, 3))
    yield case(*square, 2, note="all square")


expect_like(conv_transpose2d, reference, cases)
### END HIDDEN TESTS

# %% check="conv_transpose2d" part="padding" points=5
kernel = xp.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]).reshape(1, 1, 3, 3)
pixels = xp.array([[[[1.0, 10]]]])  # 3 rows and 5 columns of stamps, less one all around
inside = [[5, 6 + 40, 50]]
expect(conv_transpose2d, pixels, kernel, stride=2, padding=1, gives=[[inside]])
### BEGIN HIDDEN TESTS


def reference(x, w, stride=1, padding=0):
    (N, _, H, W), (_, F, KH, KW) = x.shape, w.shape
    size = [(n - 1) * stride + k - 2 * padding for n, k in zip((H, W), (KH, KW))]
    out = np.zeros((N, F, *size))
    for row, column in np.ndindex(*size):  # each output asks which stamps reach it
        for i, j in np.ndindex(H, W):
            p, q = row + padding - i * stride, column + padding - j * stride
            if 0 <= p < KH and 0 <= q < KW:
                out[:, :, row, column] += x[:, :, i, j] @ w[:, :, p, q]
    return out


def cases(rng):
    x, w = rng.standard_normal((2, 3, 3, 4)), rng.standard_normal((3, 2, 4, 3))
    yield case(x, w, stride=2, padding=1)
    yield case(x, w, stride=1, padding=2)
    yield case(x, w, stride=3, padding=2, note="stamps that only touch")
    yield case(x.transpose(1, 0, 3, 2), w[:2], stride=2, padding=1, note="a view")
    whole = rng.integers(-5, 6, (1, 3, 2, 3))
    yield case(whole, w, stride=2, padding=1, note="an image of integers")


expect_like(conv_transpose2d, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Why *transposed*? Lesson 02 wrote a convolution as a matrix: `out = M @ x`. This layer,
# with the same weights, is `M.T @ x`. You met it in lesson 07 without its name, as the
# rule that sends `dout` back to `dx`. It is **not** an inverse: it restores the shape,
# not the values. It is the adjoint, as `col2im` was that of `im2col` in lesson 09:
#
# $$\langle \text{conv}(y),\, x \rangle = \langle y,\, \text{conv}^T(x) \rangle$$
#
# The next check draws `x` and `y` at random and compares the two sides.


# %% check="conv_transpose2d" part="adjoint" points=6
def right_side(y, x, w, stride, padding):  # the sum over y times your answer
    return float((y * conv_transpose2d(x, w, stride, padding)).sum())


rng = np.random.default_rng(11)
x, y = xp.asarray(rng.normal(size=(1, 2, 3, 4))), xp.asarray(rng.normal(size=(1, 3, 5, 9)))
w = xp.asarray(rng.normal(size=(2, 3, 3, 5)))  # filters of conv2d as they stand
left_side = float((conv2d(y, w, None, 2, 1) * x).sum())
expect(right_side, y, x, w, 2, 1, gives=left_side)
### BEGIN HIDDEN TESTS


def reference(y, x, w, stride, padding):
    sides = (padding, padding)
    padded = np.pad(y, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    maps = np.einsum("ncijpq,fcpq->nfij", windows[:, :, ::stride, ::stride], w)
    return float((maps * x).sum())


def cases(rng):
    for stride, padding in ((1, 0), (1, 1), (2, 1), (3, 2), (2, 0)):
        x, w = rng.standard_normal((2, 3, 3, 4)), rng.standard_normal((3, 4, 5, 6))
        size = [(n - 1) * stride + k - 2 * padding for n, k in ((3, 5), (4, 6))]
        yield rng.standard_normal((2, 4, *size)), x, w, stride, padding


expect_like(right_side, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# One trap is left, and ones show it.
#
# **Predict.** All pixels are 1 and all weights are 1, so each output counts the stamps that
# cover it. Is the count the same everywhere away from the border: for kernels
# of 3 × 3 with stride 2? For 4 × 4 with stride 2?

# %%
figures.show_coverage(3, 4, [(2, 2), (3, 2), (4, 2)])
figures.show_enlarged([(3, 2), (4, 2)])

# %% [markdown]
# With stride 2, neighbouring stamps of 3 × 3 share one row: pixels are covered once,
# twice or four times in turn, a **checkerboard**. Training can make up for it, but it has
# to. If the stride divides the size of the kernel, the count is the same everywhere but
# at the border.
#
# ## A network in writing
#
# From here on you only count. A network is written as a list of layers, as in lesson 06.
# Convolutions have one number more, the groups, and pools too, their padding:
#
# | Layer | Meaning |
# |---|---|
# | `("conv", F, KH, KW, stride, padding, groups)` | convolution, one bias for each filter |
# | `("conv_bn", F, KH, KW, stride, padding, groups)` | convolution without bias, then batch norm |
# | `("pool", KH, KW, stride, padding)` | a window moves over each map on its own |
# | `("global_pool",)` | one number for each map: its mean |
# | `("dense", units)` | dense layer, one bias for each unit |
# | `("residual", layers, shortcut)` | two lists, explained below |
#
# **Batch norm** (lesson 12) brings the numbers of each map to a common scale, then
# multiplies the map by a learned factor and adds a learned shift: two parameters a map.
#
# **Predict.** Why has a convolution in front of it no bias?

# %%
for name in ("LeNet-5", "AlexNet"):
    print(f"{name}, {NETWORKS[name].year}, for images {NETWORKS[name].shape}")
    for layer in NETWORKS[name].layers:
        print("   ", layer)

# %% [markdown]
# The shift does what a bias would do, so the bias would be a parameter without effect.
#
# ## A way around
#
# Plain networks of more than about twenty layers were found to learn worse than shorter
# ones. In 2015 **residual** networks, ResNets, gave each few layers a **shortcut**: what
# goes in is added to what comes out. The layers then need only learn what to *change*. In
# lesson 12 you train with and without shortcuts.
#
# To be added, both must have the same shape. If the layers change the number of maps or
# have a stride, the shortcut must do the same. It does so as cheaply as possible, with a
# single 1 × 1 convolution and batch norm: a **projection**. Otherwise it holds nothing at
# all.
#
# Batch norm and ReLU are left out of the drawing.

# %%
show_blocks()

# %% [markdown]
# **Predict.** The first blocks of ResNet-50 go around three layers each. The first turns
# 64 maps into 256 with stride 1, the second 256 into 256 with stride 1. Which of them
# needs a projection?

# %%
blocks = [layer for layer in NETWORKS["ResNet-50"].layers if layer[0] == "residual"]
for _, inside, shortcut in blocks[:2]:
    print("layers  ", *inside)
    print("shortcut", *shortcut or ["nothing: what goes in is added as it is"])

# %% [markdown]
# The first: its maps keep their height and width, but there are four times as many. Note
# the inside: a 1 × 1 convolution makes few maps, the expensive 3 × 3 works on those, and
# another 1 × 1 makes many again. Such a block is called a **bottleneck**.
#
# ### Exercise 11.5 · residual_plan (8 points)
#
# Return the shortcut that a block needs.


# %% exercise="residual_plan"
def residual_plan(C, F, stride):
    """Return the shortcut of a residual block as a list of layers.

    Parameters
    ----------
    C, F : int
        Maps that go into the block, and maps that come out of its layers.
    stride : int
        Of the whole block. Its layers are padded so that with stride 1 the size stays.

    Returns
    -------
    list of tuple
        Empty where what goes in can be added as it is. Otherwise one layer, ``("conv_bn",
        ...)`` with a window of one pixel, no padding and one group.
    """
    ### BEGIN SOLUTION
    if C == F and stride == 1:
        return []
    return [("conv_bn", F, 1, 1, stride, 0, 1)]
    ### END SOLUTION


# %% check="residual_plan" points=8
expect(residual_plan, 64, 128, 2, gives=[("conv_bn", 128, 1, 1, 2, 0, 1)])
expect(residual_plan, 64, 256, 1, gives=[("conv_bn", 256, 1, 1, 1, 0, 1)])
expect(residual_plan, 32, 32, 2, gives=[("conv_bn", 32, 1, 1, 2, 0, 1)])
expect(residual_plan, 64, 64, 1, gives=())  # nothing; a list or a tuple will do
### BEGIN HIDDEN TESTS


def reference(C, F, stride):
    same = np.zeros((C, 12, 12)).shape == np.zeros((F, 12, 12))[:, ::stride, ::stride].shape
    return () if same else [("conv_bn", F, 1, 1, stride, 0, 1)]


def cases(rng):
    C, F = (int(n) for n in rng.permutation(np.arange(3, 40))[:2])
    yield from ((C, F, 1), (F, C, 1), (C, C, 1), (F, F, 2), (C, F, 3), (F, F, 1))


expect_like(residual_plan, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Six networks, counted
#
# A count finds mistakes that no look at a plan would find. If one bias, one group or one
# shortcut is treated wrongly, the sum misses the published number.
#
# The rules are those of lesson 06. Batch norm and the sums at the end of residual blocks
# count no MACs, as little as biases, pools and ReLU do.
#
# **Predict.** AlexNet has 8 layers with weights, VGG-16 has 16, ResNet-50 has 50. Order the
# three by parameters, and by MACs.
#
# ### Exercise 11.6 · count (20 points)
#
# Count a network, as `layer_table` did in lesson 06, with all the kinds above. You may call
# `out_size`, which counts windows along one axis.


# %% given="out_size"
def out_size(n, k, stride, padding):
    """Return how many windows of k pixels fit into n pixels, padded on both sides."""
    return (n + 2 * padding - k) // stride + 1


# %% exercise="count"
def count(layers, shape):
    """Count the parameters and multiply-accumulates of a network.

    Parameters
    ----------
    layers : list of tuple
        As in the table above. In ``("residual", layers, shortcut)`` both lists are given the
        same maps and make the same shape; an empty shortcut hands on what it is given.
    shape : tuple of int
        ``(C, H, W)`` of one image.

    Returns
    -------
    params, macs : int
        Of the whole network; MACs are those for one image.
    rows : list of tuple
        For each entry of `layers`: ``(out_shape, params, macs)``, with ``(C, H, W)`` for
        maps and ``(units,)`` behind a global pool or a dense layer. A residual block is one
        row.
    """
    rows = []
    for kind, *options in layers:
        ### BEGIN SOLUTION
        params, macs = 0, 0
        if kind in ("conv", "conv_bn"):
            C, H, W = shape
            F, KH, KW, stride, padding, groups = options
            OH, OW = out_size(H, KH, stride, padding), out_size(W, KW, stride, padding)
            weights = F * (C // groups) * KH * KW
            params = weights + (F if kind == "conv" else 2 * F)
            macs, shape = weights * OH * OW, (F, OH, OW)
        elif kind == "pool":
            C, H, W = shape
            KH, KW, stride, padding = options
            OH, OW = out_size(H, KH, stride, padding), out_size(W, KW, stride, padding)
            shape = (C, OH, OW)
        elif kind == "global_pool":
            shape = shape[:1]
        elif kind == "dense":
            weights, units = math.prod(shape) * options[0], options[0]
            params, macs, shape = weights + units, weights, (units,)
        else:
            main, shortcut = (count(part, shape) for part in options)
            params, macs = main[0] + shortcut[0], main[1] + shortcut[1]
            shape = main[2][-1][0]
        rows.append((shape, params, macs))
        ### END SOLUTION
    return sum(row[1] for row in rows), sum(row[2] for row in rows), rows


# %% check="count" points=5
def totals(layers, shape):  # calls your function
    return tuple(count(layers, shape)[:2])


exact = {"within": 1e-12}
plain = [("conv", 4, 3, 2, 2, 1, 1), ("pool", 2, 3, 1, 1), ("dense", 7)]
conv = (4, 3, 5), 4 * (3 * 3 * 2 + 1), 4 * 3 * 5 * (3 * 3 * 2)
dense = (7,), 7 * (4 * 4 * 5 + 1), 7 * (4 * 4 * 5)
rows = [conv, ((4, 4, 5), 0, 0), dense]
wanted = conv[1] + dense[1], conv[2] + dense[2], rows
expect(count, plain, (3, 6, 9), gives=wanted, **exact)
lenet, vgg = NETWORKS["LeNet-5"], NETWORKS["VGG-16"]
expect(totals, lenet.layers, lenet.shape, gives=(61_706, 416_520), **exact)
expect(totals, vgg.layers, vgg.shape, gives=(138_357_544, 15_470_264_320), **exact)
### BEGIN HIDDEN TESTS


def reference(layers, shape):
    def windows(n, k, stride, padding):
        return len(range(-padding, n + padding - k + 1, stride))

    rows = []
    for kind, *o in layers:
        if kind == "dense":
            learned, shape, uses = [(o[0], *shape), (o[0],)], (o[0],), 1
        else:
            KH, KW, stride, padding = o if kind == "pool" else o[1:5]
            F, (C, H, W) = (shape[0] if kind == "pool" else o[0]), shape
            learned = [(0,)] if kind == "pool" else [(F, C, KH, KW), (F,)]
            shape = (F, windows(H, KH, stride, padding), windows(W, KW, stride, padding))
            uses = shape[1] * shape[2]
        sizes = [int(np.prod(s)) for s in learned]
        rows.append((shape, sum(sizes), sizes[0] * uses))
    return sum(row[1] for row in rows), sum(row[2] for row in rows), rows


def cases(rng):
    F, G, units = (int(n) for n in rng.permutation(np.arange(2, 14))[:3])
    net = [("conv", F, 3, 2, 2, 1, 1), ("conv", G, 2, 5, 1, 2, 1), ("pool", 3, 2, 2, 1)]
    yield case(net, (3, 25, 38), note="two convolutions and a pool")
    yield case([*net, ("dense", units), ("dense", 7)], (2, 24, 31), note="with leftovers")
    yield case([("dense", 9)], (3, 4, 5), note="a dense layer on an image")


expect_like(count, reference, cases, within=1e-12)
### END HIDDEN TESTS


# %% check="count" part="groups" points=5
def totals(layers, shape):  # calls your function
    return tuple(count(layers, shape)[:2])


exact = {"within": 1e-12}
grouped = [("conv", 6, 3, 2, 1, 0, 2)]  # 6 filters of 4 / 2 kernels each
row = (6, 5, 7), 6 * (4 // 2 * 3 * 2 + 1), 6 * 5 * 7 * (4 // 2 * 3 * 2)
expect(count, grouped, (4, 7, 8), gives=(*row[1:], [row]), **exact)
alexnet = NETWORKS["AlexNet"]
expect(totals, alexnet.layers, alexnet.shape, gives=(60_965_224, 724_406_816), **exact)
### BEGIN HIDDEN TESTS


def reference(layers, shape):
    rows = []
    for _, F, KH, KW, stride, padding, groups in layers:
        one_group = np.zeros((F // groups, shape[0] // groups, KH, KW), np.int8)
        fits = [
            range(n + 2 * padding - k + 1)[::stride] for n, k in zip(shape[1:], (KH, KW))
        ]
        shape = (F, *map(len, fits))
        weights = groups * one_group.size
        rows.append((shape, weights + F, weights * shape[1] * shape[2]))
    return sum(row[1] for row in rows), sum(row[2] for row in rows), rows


def cases(rng):
    g, h = (int(n) for n in rng.permutation([2, 3, 5])[:2])
    net = [("conv", 2 * g, 3, 2, 2, 1, g), ("conv", 3 * h * g, 2, 4, 1, 1, 1)]
    net += [("conv", 2 * h, 3, 5, 2, 2, h)]
    yield case(net, (4 * g, 23, 17), note="groups in two of three layers")
    yield case([("conv", 24, 3, 3, 1, 1, 12)], (12, 9, 8), note="one group a channel")


expect_like(count, reference, cases, within=1e-12)
### END HIDDEN TESTS


# %% check="count" part="norm" points=5
def totals(layers, shape):  # calls your function
    return tuple(count(layers, shape)[:2])


exact = {"within": 1e-12}
normed = [("conv_bn", 5, 3, 2, 1, 1, 1), ("global_pool",), ("dense", 3)]
conv = (5, 6, 10), 5 * (2 * 3 * 2) + 2 * 5, 5 * 6 * 10 * (2 * 3 * 2)
dense = (3,), 3 * (5 + 1), 3 * 5
wanted = conv[1] + dense[1], conv[2] + dense[2], [conv, ((5,), 0, 0), dense]
expect(count, normed, (2, 6, 9), gives=wanted, **exact)
mobile = NETWORKS["MobileNetV1"]
expect(totals, mobile.layers, mobile.shape, gives=(4_231_976, 568_740_352), **exact)
### BEGIN HIDDEN TESTS


def reference(layers, shape):
    rows = []
    for kind, *o in layers:
        if kind == "conv_bn":
            F, KH, KW, stride, padding, groups = o
            places = [(n + 2 * padding - k + stride) // stride
                      for n, k in zip(shape[1:], (KH, KW))]  # fmt: skip
            learned = [(F, shape[0] // groups, KH, KW), (F,), (F,)]
            shape, uses = (F, *places), places[0] * places[1]
        elif kind == "dense":
            learned, uses = [(o[0], *shape), (o[0],)], 1
            shape = (o[0],)
        else:
            learned, uses, shape = [(0,)], 0, shape[:1]
        sizes = [int(np.prod(s)) for s in learned]
        rows.append((shape, sum(sizes), sizes[0] * uses))
    return sum(row[1] for row in rows), sum(row[2] for row in rows), rows


def cases(rng):
    F, G, units = (3 * int(n) for n in rng.permutation(np.arange(2, 14))[:3])
    net = [("conv_bn", F, 3, 2, 2, 1, 1), ("conv_bn", G, 2, 5, 1, 2, 3), ("global_pool",)]
    yield case(net, (4, 25, 38), note="maps of two sizes, then a global pool")
    yield case([*net, ("dense", units)], (2, 24, 31), note="with leftovers")
    yield case([("global_pool",), ("dense", 4)], (7, 3, 5), note="a global pool first")


expect_like(count, reference, cases, within=1e-12)
### END HIDDEN TESTS


# %% check="count" part="residual" points=5
def totals(layers, shape):  # calls your function
    return tuple(count(layers, shape)[:2])


exact = {"within": 1e-12}
main = [("conv", 3, 1, 1, 1, 0, 1), ("conv", 5, 3, 3, 2, 1, 1)]
shortcut = [("conv_bn", 5, 1, 1, 2, 0, 1)]  # on the 2 maps that enter the block
inside = 3 * (2 + 1) + 5 * (3 * 3 * 3 + 1), 3 * 6 * 7 * 2 + 5 * 3 * 4 * (3 * 3 * 3)
around = 5 * 2 + 2 * 5, 5 * 3 * 4 * 2
cost = inside[0] + around[0], inside[1] + around[1]
block = ("residual", main, shortcut)
expect(count, [block], (2, 6, 7), gives=(*cost, [((5, 3, 4), *cost)]), **exact)
small, large = NETWORKS["ResNet-18"], NETWORKS["ResNet-50"]
expect(totals, small.layers, small.shape, gives=(11_689_512, 1_814_073_344), **exact)
expect(totals, large.layers, large.shape, gives=(25_557_032, 4_089_184_256), **exact)
### BEGIN HIDDEN TESTS


def reference(layers, shape):
    rows = []
    for kind, *o in layers:
        if kind == "residual":
            both = [reference(part, shape)[2] for part in o]
            cost = np.array([(0, 0), *(row[1:] for part in both for row in part)]).sum(0)
            shape = both[0][-1][0]
            rows.append((shape, int(cost[0]), int(cost[1])))
            continue
        F, KH, KW, stride, padding, groups = o
        ends = [n + 2 * padding - k for n, k in zip(shape[1:], (KH, KW))]
        weights = F * KH * KW * shape[0] // groups
        shape = (F, *(end // stride + 1 for end in ends))
        extra = F * (2 if kind == "conv_bn" else 1)
        rows.append((shape, weights + extra, weights * shape[1] * shape[2]))
    return sum(row[1] for row in rows), sum(row[2] for row in rows), rows


def cases(rng):
    F, G = (2 * int(n) for n in rng.permutation(np.arange(2, 10))[:2])
    same = [("conv_bn", F, 3, 3, 1, 1, 1), ("conv_bn", F, 1, 1, 1, 0, 1)]
    half = [("conv_bn", 6, 1, 1, 1, 0, 1), ("conv_bn", G, 3, 3, 2, 1, 2)]
    way = [("conv_bn", G, 1, 1, 2, 0, 1)]
    net = [("residual", same, []), ("residual", half, way), ("conv", 3, 2, 4, 1, 0, 1)]
    yield case([("residual", same, [])], (F, 7, 9), note="an empty shortcut")
    yield case(net, (F, 11, 14), note="two blocks and a convolution")
    nest = [("residual", [("residual", same, []), *same], [])]
    yield case(nest, (F, 5, 8), note="a block inside a block")


expect_like(count, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %% [markdown]
# All six agree with the numbers that are published for them. Now look at where the two
# costs lie.

# %%
show_shares()

# %% [markdown]
# By parameters VGG-16 leads, then AlexNet, then ResNet-50; by MACs VGG-16, ResNet-50,
# AlexNet. Depth says little about either. In VGG-16 nine tenths of the parameters sit in
# three dense layers, while 99 % of the work is convolution: a dense weight is used once
# for an image, a weight of a filter at every position. ResNets and MobileNet end in a
# global pool, so that their one dense layer sees one number for each map.

# %%
show_map()

# %% [markdown]
# ### Question 11.1 · Where parameters live and where time goes (12 points)
#
# Use the numbers of the two figures. Where do the parameters of AlexNet and VGG-16 lie,
# and where their MACs, and why are these different places? Then name for each of VGG-16,
# ResNet-50 and MobileNetV1 the one idea that it changed, and what this did to parameters,
# to MACs, and to the share of images named right.

# %% [markdown] question="where-costs-live" points=12
# **Model answer.** AlexNet has 96.2 % and VGG-16 89.4 % of its parameters in dense
# layers, but only 8.1 % and 0.8 % of the MACs. A dense weight meets one number of one
# image: one MAC. A weight of a filter meets every position, 224 · 224 = 50,176 of them in
# the first layers of VGG-16. So memory for weights is a matter of the dense head, time a
# matter of convolutions on large maps. *VGG-16* replaced large kernels by stacks of 3 × 3
# and went from 8 to 16 layers: 61 to 138 million parameters, 0.72 to 15.5 billion MACs,
# 59.3 to 71.6 %. *ResNet-50* added shortcuts, so that 50 layers can be trained, works
# between 1 × 1 convolutions on few maps, and ends in a global pool: 25.6 million
# parameters, of which 8.0 % are dense, 4.1 billion MACs, 76.1 %. It is better than VGG-16
# with a fifth of the parameters and about a quarter of the MACs. *MobileNetV1* replaced 3
# × 3 convolutions by depthwise separable ones, which leaves little more than a ninth: 4.2
# million parameters, 0.57 billion MACs, 70.6 %, one point less than VGG-16 for 3.7 % of
# its work. (The shares were measured in different ways, so small differences between them
# mean little.)
#
# | Points | What earns them |
# |---|---|
# | 11–12 | Both places with numbers, the reason (a filter's weights are used at every position), one right idea for each of the three and what it did to parameters, MACs and accuracy |
# | 7–10 | Both places and the reason; one idea missing, or effects without numbers |
# | 3–6 | The places named without a reason, or ideas alone |
# | 0–2 | Parameters and time taken for the same thing |
#
# *Sample, 11 points:* "VGG: 89.4 % of 138 M parameters are in the 3 dense layers but they
# do 0.8 % of the 15.5 G MACs, AlexNet the same (96.2 / 8.1). Every conv weight is reused
# at each pixel, dense weights once per image. VGG: many 3 × 3 layers, 20 times AlexNet's
# MACs, +12 points. ResNet: shortcuts, so depth works, and global pooling instead of the
# big dense layers: 25.6 M, 4.1 G, 76.1 %. MobileNet: depthwise + pointwise, 4.2 M, 0.57
# G, 70.6 %, nearly VGG."
#
# *Sample, 5 points:* "The dense layers have most of the parameters and the convolutions
# take most of the time. ResNet introduced skip connections and MobileNet depthwise
# convolutions which make it smaller."

# %% [markdown]
# ## Build a network
#
# A table of your own, with live counts. Change the list and run the cell again. A layer
# that does not fit is named, with the reason.

# %%
image = (3, 32, 32)
net = [("conv_bn", 16, 3, 3, 1, 1, 1)]  # change this list: add, remove, widen, group
net += [("residual", [("conv_bn", 32, 3, 3, 2, 1, 1)], [("conv_bn", 32, 1, 1, 2, 0, 1)])]
net += [("conv_bn", 32, 3, 3, 2, 1, 32), ("conv_bn", 64, 1, 1, 1, 0, 1)]
net += [("global_pool",), ("dense", 10)]
print_table(net, image)

# %% [markdown]
# Letters mark what is inside a residual block: a for its layers, b for its shortcut.
#
# **Predict.** The last 3 × 3 convolution has 32 groups. What happens to the parameters
# and the MACs of the whole network if you give it one group?

# %%
ordinary = [(*layer[:-1], 1) if layer[0] == "conv_bn" else layer for layer in net]
print_table(ordinary, image)

# %% [markdown]
# Only layer 3 changes, and its weights and MACs are multiplied by 32. With the list as it is
# given, the network's parameters double, while its MACs grow by three tenths.
#
# ### Question 11.2 · A network for a phone (10 points)
#
# An app is to name what the camera sees, 20 times a second. The phone manages 30 billion
# MACs a second on a good day, and the app may be 40 MB large, with 4 bytes for each
# parameter. Choose one of the five networks for photographs, with numbers for all five,
# and say what you give up. Then change one thing about your choice or about its input
# that would halve the work, and say what it costs.

# %% [markdown] question="phone" points=10
# **Model answer.** There are 30 / 20 = 1.5 billion MACs for each image, and room for 40 /
# 4 = 10 million parameters.
#
# | Network | Million MACs | Fits 1,500 | MB | Fits 40 | Right |
# |---|---|---|---|---|---|
# | AlexNet | 724 | yes | 244 | no | 59.3 % |
# | VGG-16 | 15,470 | no | 553 | no | 71.6 % |
# | ResNet-18 | 1,814 | no | 46.8 | no | 69.8 % |
# | ResNet-50 | 4,089 | no | 102 | no | 76.1 % |
# | MobileNetV1 | 569 | yes | 16.9 | yes | 70.6 % |
#
# Only MobileNetV1 fits both. It gives up 5.5 points against ResNet-50, and takes 0.14 of
# its MACs. MACs are not seconds: a depthwise convolution moves much memory for little
# arithmetic and reaches a smaller part of the peak, so measure on the phone; the budget
# leaves a factor of 2.6. *To halve the work:* images of 160 × 160 instead of 224 × 224
# leave (160 / 224)² = 0.51 of the MACs and all parameters, and small objects are lost; or
# 0.7 times as many maps in every layer leave about half of the MACs and of the
# parameters, at some loss of accuracy; or 10 images a second. (ResNet-18 with 2 bytes for
# each parameter would fit the memory, but not the time.)
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Both budgets computed, all five compared with numbers, a choice that fits, its price, a change that halves the work with its reason and cost |
# | 6–8 | A right choice with numbers; one budget, the price or the change missing |
# | 3–5 | A right choice with few numbers, or a table without a choice |
# | 0–2 | A choice by fame or accuracy alone |
#
# *Sample, 9 points:* "30 G / 20 = 1.5 G per image, 40 MB / 4 = 10 M params. VGG 15.5 G /
# 138 M, ResNet-50 4.1 G / 25.6 M, ResNet-18 1.8 G / 11.7 M: all too slow and too big.
# AlexNet is fast enough (0.72 G) but 244 MB. MobileNet 0.57 G and 17 MB fits twice over.
# I lose 5.5 points to ResNet-50. Using 160 pixel images gives half of the MACs because
# conv work goes with the area, but small things in the picture become too small."
#
# *Sample, 4 points:* "MobileNet, because it is made for phones and has only 4.2 million
# parameters and 569 million MACs. To make it faster use smaller images."

# %% [markdown]
# ## Bonus · Looking far without pooling
#
# Not graded. Lesson 05 spread kernels by dilation. Plan two networks that see the same
# receptive field: three stages of two 3 × 3 convolutions with a pool after each, and a
# stack of 3 × 3 convolutions with dilation 1, 1, 2, 4, … on maps that keep their size.
# Count both (the dilation changes neither parameters nor the size, if the padding grows
# with it). What does it cost to keep the full resolution, and for which task is it worth
# the price?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built the 1 × 1, the grouped, the depthwise separable and the transposed
# convolution, and tested the last one with the adjoint rule. You read networks as plans,
# found when a shortcut needs a projection, and counted LeNet-5, AlexNet, VGG-16, two
# ResNets and MobileNetV1 to their published numbers.
#
# **Next.** Lesson 12 trains deep networks, and builds batch norm and residual blocks for
# it; in lesson 14 you count a network of your own against a budget.
#
# **Read on.** A. Canziani, A. Paszke and E. Culurciello, "An analysis of deep neural
# network models for practical applications", 2016, section 3
# (https://arxiv.org/abs/1605.07678).

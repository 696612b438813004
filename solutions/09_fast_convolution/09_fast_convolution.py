# %% [markdown]
# # 9. Fast convolution
#
# **You will** turn the convolution layer into one matrix product, forward and backward,
# count what that costs in memory, try a second road through frequencies, write code that
# runs on a graphics card unchanged, and write the program of such a card yourself. At the
# end you read how the finished layer of this course does it.
#
# **You need** the convolution layer of lessons 06 and 07, and matrix products.
#
# **Time** about 120 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x`, `w`, `out` | `(N, C, H, W)`, `(F, C, KH, KW)`, `(N, F, OH, OW)` | the layer, as before |
# | `cols` | `(N * OH * OW, C * KH * KW)` | one row for each window, all it sees |
# | `img`, `k` | `(H, W)`, `(KH, KW)` | one image, one kernel |
# | `block`, `grid` | `(across, down)` | threads in a block, blocks in a launch |

# %% given="setup"
import numpy as np

from helpers import figures_09 as figures
from helpers import figures_09_times as times
from helpers.backend import active, time_call, xp
from helpers.checking import case, expect, expect_like
from helpers.cuda import launch
from helpers.figures_06 import python_steps
from helpers.guard import on_device
from helpers.layers import conv2d, conv2d_backward
from helpers.layers.windows import slide
from helpers.plotting import show_arrays

# %% [markdown]
# ## One row for each window
#
# Nothing on a computer has been made fast with more care than the product of large
# matrices. So the plan is to write the layer as **one** product.
#
# Each output is the dot product of a filter with a window, plus a bias. Lay all numbers
# that a window sees into one long row, channel after channel, and do so for every window
# of every image. The matrix of these rows is called **im2col**, "image to columns", after
# an old program that laid them the other way round.
#
# **Predict.** An image has 2 channels of 3 × 4 pixels; the window has 2 × 3. How many
# rows will the matrix have, and how many columns?

# %%
x = xp.arange(24.0).reshape(1, 2, 3, 4)
figures.show_im2col(x, KH=2, KW=3, row=3, column=8)

# %% [markdown]
# There are 2 · 2 windows and each sees 2 · 2 · 3 numbers. A row is a window. A column is
# one offset in one channel, as every window sees it: a slice of your offset loop in
# lesson 06. Inner pixels stand in the matrix several times.
#
# How can this be made without a loop over pixels? `sliding_window_view` (in
# `xp.lib.stride_tricks`) returns all windows as a **view**: it copies nothing, it only
# counts differently through the same memory. Then the axes have to be brought in order.
#
# ### Exercise 9.1 · im2col (18 points)
#
# Return the matrix whose rows are the windows. Four of the points wait in a later section,
# where your function meets another kind of array.


# %% exercise="im2col"
def im2col(x, KH, KW, stride=1, padding=0):
    """Return everything that each window sees, one window in each row.

    No Python loop runs over images, channels or pixels. Functions of the array library are
    called through `xp`, and no single numbers are taken out of the array.

    Parameters
    ----------
    x : array (N, C, H, W)
        In any memory order. It is not changed.
    KH, KW : int
        Rows and columns of a window.
    stride : int
        Pixels from one window to the next, along both axes.
    padding : int
        Rows and columns of zeros on each of the four sides.

    Returns
    -------
    array (N * OH * OW, C * KH * KW)
        Rows: image after image, and in an image window after window in reading order.
        Columns: channel after channel, and in a channel its KH rows one after the other.
        In the dtype of x.
    """
    ### BEGIN SOLUTION
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides))
    view = xp.lib.stride_tricks.sliding_window_view(padded, (KH, KW), axis=(2, 3))
    view = view[:, :, ::stride, ::stride]
    N, C, OH, OW = view.shape[:4]
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(N * OH * OW, C * KH * KW)
    ### END SOLUTION


# %% check="im2col" points=7
x = 100 * xp.arange(2.0)[:, None, None] + 10 * xp.arange(2.0)[:, None] + xp.arange(4.0)
x = x[None]  # 1 image, 2 channels; 101 stands in channel 1, row 0, column 1
first = xp.array([0, 1, 10, 11, 100, 101, 110, 111])
expect(im2col, x, 2, 2, gives=xp.stack([first, first + 1, first + 2]))
first = xp.array([0, 1, 2, 100, 101, 102])  # now windows of one row: two above each other
rows = xp.stack([first, first + 1, first + 10, first + 11])
expect(im2col, x, 1, 3, gives=rows)
both = xp.concatenate([x, -x])  # two images
expect(im2col, both, 1, 3, gives=xp.concatenate([rows, -rows]))
### BEGIN HIDDEN TESTS


def reference(x, KH, KW, stride=1, padding=0):
    N, C, H, W = x.shape
    windows = [
        x[n, :, i : i + KH, j : j + KW].ravel()
        for n in range(N)
        for i in range(H - KH + 1)
        for j in range(W - KW + 1)
    ]
    return np.array(windows)


def cases(rng):
    yield rng.standard_normal((2, 3, 5, 7)), 3, 2
    yield rng.standard_normal((3, 2, 4, 5)), 2, 4
    yield case(rng.standard_normal((2, 2, 3, 3)), 2, 2, note="all square")


expect_like(im2col, reference, cases)
### END HIDDEN TESTS


# %% check="im2col" part="sizes" points=4
x = xp.array([[[[1.0, 2, 3, 4], [5, 6, 7, 8]]]])
expect(im2col, x, 1, 2, 2, gives=[[1, 2], [3, 4]])
no = [0, 0, 0]  # below: one ring of zeros around [[1, 4], [5, 8]], windows of 3 × 1
rows = [no, [0, 1, 5], [0, 4, 8], no, no, [1, 5, 0], [4, 8, 0], no]
expect(im2col, x[:, :, :, ::3], 3, 1, 1, 1, gives=rows)
### BEGIN HIDDEN TESTS


def reference(x, KH, KW, stride=1, padding=0):
    N, C, H, W = x.shape
    OH, OW = (H + 2 * padding - KH) // stride + 1, (W + 2 * padding - KW) // stride + 1
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), x.dtype)
    padded[:, :, padding : padding + H, padding : padding + W] = x
    out = np.empty((N, OH, OW, C, KH, KW), x.dtype)
    for n, i, j in np.ndindex(N, OH, OW):
        top, left = i * stride, j * stride
        out[n, i, j] = padded[n, :, top : top + KH, left : left + KW]
    return out.reshape(N * OH * OW, -1)


def cases(rng):
    yield rng.standard_normal((2, 3, 6, 9)), 3, 2, 2, 1
    yield rng.standard_normal((3, 2, 7, 8)) - 3, 2, 3, 3, 2
    turned = rng.standard_normal((8, 7, 3, 2)).T
    yield case(turned, 3, 2, 1, 2, note="a view in another memory order")
    yield case(rng.standard_normal((1, 2, 4, 3)), 4, 3, note="one window")


expect_like(im2col, reference, cases)


def singles(rng):
    yield case(rng.standard_normal((2, 3, 4, 5)).astype("float32"), 2, 3, 1, 1)


expect_like(im2col, reference, singles, dtype="float32")
### END HIDDEN TESTS


# %% check="im2col" part="steps" points=3
def steps_grow_with(size):
    """Tell whether Python takes more steps when this size is six times as large."""
    steps = []
    for factor in (1, 6):
        sizes = dict(N=2, C=2, H=6, W=7)
        sizes[size] *= factor
        x = xp.ones(tuple(sizes.values()))
        steps.append(python_steps(im2col, x, 3, 2, 1, 1))
    return steps[1] > 1.5 * steps[0]


windows = (
    "a Python loop runs over windows: take all of them at once, as a view or in slices."
)
expect(steps_grow_with, "H", gives=False, hint=windows)
expect(steps_grow_with, "W", gives=False, hint=windows)
expect(steps_grow_with, "N", gives=False, hint="a Python loop runs over the images.")
expect(steps_grow_with, "C", gives=False, hint="a Python loop runs over the channels.")

# %% [markdown]
# ## And back
#
# On the way back the matrix holds a gradient in each cell, and a pixel that stood in six
# cells collects from all six. This is **col2im**: put every number back where it was
# read, and **add**.
#
# It does not undo `im2col`. A matrix of ones shows what it does: each pixel counts its
# windows.
#
# **Predict.** The image has 4 × 5 pixels, the window 2 × 3, the stride is 1. Which number
# will stand in the corner, and which is the largest?

# %% given="finished"
from helpers.figures_09_ways import finished_col2im, finished_im2col

# %%
ones = xp.ones((3 * 3, 2 * 3))
counts = finished_col2im(ones, (1, 1, 4, 5), 2, 3)[0, 0]
show_arrays([counts], ["windows that saw each pixel"], numbers=True)

# %% [markdown]
# The corner has been seen once, the middle six times. `col2im` is the **adjoint** of
# `im2col`: for every image $x$ and every matrix $c$
#
# $$\langle \text{im2col}(x),\, c \rangle = \langle x,\, \text{col2im}(c) \rangle$$
#
# where $\langle a, b \rangle$ multiplies two arrays entry by entry and adds everything
# up. Each product of a pixel and a cell stands on both sides exactly once. That equation
# is a complete test: a linear function that passes it for enough random $x$ and $c$ can
# be nothing else. It fits every backward function of a linear layer.
#
# ### Exercise 9.2 · col2im (12 points)
#
# Add the rows back to the pixels that they came from.


# %% exercise="col2im"
def col2im(cols, x_shape, KH, KW, stride=1, padding=0):
    """Add up what belongs to each pixel: the adjoint of `im2col`.

    Parameters
    ----------
    cols : array (N * OH * OW, C * KH * KW)
        In the order of `im2col`. It is not changed.
    x_shape : tuple of int
        ``(N, C, H, W)``.
    KH, KW, stride, padding : int
        As for `im2col`. What belongs to padding is dropped.

    Returns
    -------
    array (N, C, H, W)
        0 at pixels that no window saw.
    """
    N, C, H, W = x_shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    ### BEGIN SOLUTION
    windows = cols.reshape(N, OH, OW, C, KH, KW).transpose(0, 3, 1, 2, 4, 5)
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=cols.dtype)
    for p in range(KH):
        for q in range(KW):
            rows, columns = p + stride * OH, q + stride * OW
            padded[:, :, p:rows:stride, q:columns:stride] += windows[..., p, q]
    return padded[:, :, padding : padding + H, padding : padding + W]
    ### END SOLUTION


# %% check="col2im" points=7
cols = xp.array([[1.0, 2, 10, 20], [3, 4, 30, 40]])  # 2 windows; 2 channels of 1 × 2
expect(col2im, cols, (1, 2, 1, 3), 1, 2, gives=[[[[1, 2 + 3, 4]], [[10, 20 + 30, 40]]]])
ones = xp.ones((2 * 3, 2 * 2))
counts = [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]]
expect(col2im, ones, (1, 1, 3, 4), 2, 2, gives=[[counts]])
cols = xp.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])  # 2 images of 1 window of 2 × 2
images = [[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]]
expect(col2im, cols, (2, 1, 2, 2), 2, 2, gives=images)
### BEGIN HIDDEN TESTS


def reference(cols, x_shape, KH, KW, stride=1, padding=0):
    numbers = np.arange(np.prod(x_shape)).reshape(x_shape)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, (KH, KW), axis=(2, 3))
    places = np.moveaxis(windows, 1, 3).ravel()
    return np.bincount(places, cols.ravel(), numbers.size).reshape(x_shape)


def cases(rng):
    yield rng.standard_normal((2 * 3 * 6, 3 * 3 * 2)), (2, 3, 5, 7), 3, 2
    yield rng.standard_normal((3 * 3 * 2, 2 * 2 * 4)), (3, 2, 4, 5), 2, 4
    square = rng.standard_normal((2 * 2 * 2, 2 * 2 * 2))
    yield case(square, (2, 2, 3, 3), 2, 2, note="all square")


expect_like(col2im, reference, cases)
### END HIDDEN TESTS


# %% check="col2im" part="adjoint" points=5
def x_times_col2im(x, c, KH, KW, stride, padding):
    return float((x * col2im(c, x.shape, KH, KW, stride, padding)).sum())


c = xp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
expect(col2im, c, (1, 1, 1, 8), 1, 2, 3, gives=[[[[1, 2, 0, 3, 4, 0, 5, 6]]]])  # stride 3
ring = xp.full((9, 2), 7.0)  # 3 × 3 windows on 1 × 2 pixels with a ring of padding
ring[3:6] = c  # the windows of the middle row; all others see nothing but padding
expect(col2im, ring, (1, 1, 1, 2), 1, 2, 1, 1, gives=[[[[2 + 3, 4 + 5]]]])
rng = np.random.default_rng(9)
for shape, *options in (((2, 3, 6, 9), 3, 2, 2, 1), ((3, 2, 7, 8), 2, 3, 3, 2)):
    x = xp.asarray(rng.standard_normal(shape))
    rows = finished_im2col(x, *options)
    c = xp.asarray(rng.standard_normal(rows.shape))
    expect(x_times_col2im, x, c, *options, gives=float((rows * c).sum()))
### BEGIN HIDDEN TESTS


def reference(cols, x_shape, KH, KW, stride=1, padding=0):
    N, C, H, W = x_shape
    OH, OW = (H + 2 * padding - KH) // stride + 1, (W + 2 * padding - KW) // stride + 1
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    cells = cols.reshape(N, OH, OW, C, KH, KW)
    for n, i, j in np.ndindex(N, OH, OW):
        top, left = i * stride, j * stride
        dx[n, :, top : top + KH, left : left + KW] += cells[n, i, j]
    return dx[:, :, padding : padding + H, padding : padding + W]


def cases(rng):
    yield rng.standard_normal((2 * 3 * 5, 3 * 3 * 2)), (2, 3, 6, 9), 3, 2, 2, 1
    yield rng.standard_normal((3 * 4 * 4, 2 * 2 * 3)), (3, 2, 7, 8), 2, 3, 3, 2
    left = rng.standard_normal((2 * 3, 2 * 2 * 1))
    yield case(left, (1, 2, 6, 8), 2, 1, 3, note="pixels that no window saw")
    yield case(rng.standard_normal((4, 15)).T, (1, 2, 4, 5), 2, 1, note="a view")


expect_like(col2im, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## The layer is one product
#
# With the windows in rows and the filters in rows too, the whole layer is
#
# $$\text{out} = \text{cols} \cdot W^T + b, \qquad W = w \text{ as a matrix } (F, C\,KH\,KW)$$
#
# The libraries call such a product **GEMM**, "general matrix multiply". Its result has a
# row for each window and a column for each filter. That is not yet the order `(N, F, OH,
# OW)`.
#
# **Predict.** A photograph meets three filters: a blur and two for edges. Someone
# reshapes the product to `(N, F, OH, OW)` at once and is done. What will the three maps
# look like?

# %%
figures.show_wrong_order()

# %% [markdown]
# Grids of dots in which nobody can be made out, and no error, because the shape is right.
# The numbers of all filters at one position lie next to each other, and that reshape
# deals them out as if they were neighbouring pixels. First name the axes as they *are*,
# then move them.
#
# ### Exercise 9.3 · conv2d_gemm_forward (8 points)
#
# Write the layer as one product. `finished_im2col(x, KH, KW, stride, padding)` is at hand.


# %% exercise="conv2d_gemm_forward"
def conv2d_gemm_forward(x, w, b, stride=1, padding=0):
    """Apply F filters to N images by one matrix product.

    Parameters
    ----------
    x : array (N, C, H, W)
    w : array (F, C, KH, KW)
        Filters, used as they stand, without a flip.
    b : array (F,)
    stride, padding : int

    Returns
    -------
    out : array (N, F, OH, OW)
        Arrays in single precision (float32) give maps in single precision.
    cols : array (N * OH * OW, C * KH * KW)
        The rows of the windows, which the backward step needs.
    """
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    ### BEGIN SOLUTION
    cols = finished_im2col(x, KH, KW, stride, padding)
    rows = cols @ w.reshape(F, -1).T + b
    return rows.reshape(N, OH, OW, F).transpose(0, 3, 1, 2), cols
    ### END SOLUTION


# %% check="conv2d_gemm_forward" points=6
x = xp.array([[[[1.0, 2, 3]], [[4, 5, 6]]], [[[7, 8, 9]], [[10, 11, 12]]]])  # (2, 2, 1, 3)
w = xp.array([[[[1.0, 0]], [[0, 1]]], [[[0, 2]], [[0, 0]]], [[[0, 0]], [[-1, 0]]]])
b = xp.array([0.5, 100.0, -20.0])
first = [[[1 + 5 + 0.5, 2 + 6 + 0.5]], [[2 * 2 + 100, 2 * 3 + 100]], [[-4 - 20, -5 - 20]]]
second = [[[7 + 11 + 0.5, 8 + 12 + 0.5]], [[116, 118]], [[-10 - 20, -11 - 20]]]
maps, rows = xp.array([first, second]), finished_im2col(x, 1, 2)
expect(conv2d_gemm_forward, x, w, b, gives=(maps, rows))
x = xp.arange(35.0).reshape(1, 1, 5, 7)
w = xp.array([[[[1.0, 0, 0], [0, 0, 1]]]])  # two corners, stride 2: 2 × 3 windows
maps = [[[[0 + 9, 2 + 11, 4 + 13], [14 + 23, 16 + 25, 18 + 27]]]]
wanted = xp.array(maps), finished_im2col(x, 2, 3, 2)
expect(conv2d_gemm_forward, x, w, xp.zeros(1), 2, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride=1, padding=0):
    sides, (KH, KW) = (padding, padding), w.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (KH, KW), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    out = np.einsum("ncijpq,fcpq->nfij", windows, w) + b[:, None, None]
    return out, np.moveaxis(windows, 1, 3).reshape(-1, w[0].size)


def cases(rng):
    draw = rng.standard_normal
    yield draw((2, 3, 5, 7)), draw((4, 3, 3, 2)), draw(4)
    yield draw((2, 3, 6, 9)), draw((4, 3, 3, 2)), draw(4), 2, 1
    yield draw((3, 2, 7, 8)), draw((2, 2, 2, 3)), draw(2), 3, 2
    yield case(draw((1, 2, 6, 6)), draw((2, 2, 3, 3)), draw(2), 1, 1, note="all square")
    turned = draw((7, 5, 3, 2)).T, draw((2, 3, 3, 4)).T
    yield case(*turned, draw(4), note="arrays that are transposed views")


expect_like(conv2d_gemm_forward, reference, cases)
### END HIDDEN TESTS


# %% check="conv2d_gemm_forward" part="precision" points=2
def maps_of(x, w, b, stride, padding):
    return conv2d_gemm_forward(x, w, b, stride, padding)[0]


x, w, b = (xp.arange(n, dtype="float32") for n in (12, 4, 2))
x, w = x.reshape(2, 1, 2, 3), w.reshape(2, 1, 1, 2)
expect(maps_of, x, w, b, 1, 0, gives=conv2d(x, w, b), dtype="float32")
### BEGIN HIDDEN TESTS


def reference(x, w, b, stride, padding):
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    windows = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = np.tensordot(windows[:, :, ::stride, ::stride], w, axes=([1, 4, 5], [1, 2, 3]))
    return np.moveaxis(out, 3, 1) + b[:, None, None]


def cases(rng):
    arrays = [rng.standard_normal(s) for s in ((2, 3, 5, 7), (4, 3, 3, 2), (4,))]
    yield case(*(a.astype("float32") for a in arrays), 1, 1, note="single precision")


expect_like(maps_of, reference, cases, dtype="float32")
### END HIDDEN TESTS

# %% [markdown]
# ## One product back
#
# The backward step of one matrix product is two matrix products. Write the upstream
# gradient as rows too, $D$ of shape $(N\,OH\,OW, F)$. Then
#
# $$dW = D^T \cdot \text{cols}, \qquad d\text{cols} = D \cdot W, \qquad
# \text{dx} = \text{col2im}(d\text{cols})$$
#
# **Predict.** The loops of lesson 07 have become three lines. Where have the sums over
# images and positions gone, which made up `dw`?
#
# ### Exercise 9.4 · conv2d_gemm_backward (8 points)
#
# Return the three gradients. `finished_col2im(cols, x_shape, KH, KW, stride, padding)` is
# at hand.


# %% exercise="conv2d_gemm_backward"
def conv2d_gemm_backward(dout, cols, w, x_shape, stride=1, padding=0):
    """Return the gradients of a convolution layer by matrix products.

    Parameters
    ----------
    dout : array (N, F, OH, OW)
        Gradient of the loss with respect to the output; nothing is left to be averaged.
    cols : array (N * OH * OW, C * KH * KW)
        What `conv2d_gemm_forward` returned.
    w : array (F, C, KH, KW)
    x_shape : tuple of int
        ``(N, C, H, W)``.
    stride, padding : int

    Returns
    -------
    dx : array (N, C, H, W)
    dw : array (F, C, KH, KW)
    db : array (F,)
    """
    F, C, KH, KW = w.shape
    ### BEGIN SOLUTION
    rows = dout.transpose(0, 2, 3, 1).reshape(-1, F)
    dw = (rows.T @ cols).reshape(w.shape)
    dx = finished_col2im(rows @ w.reshape(F, -1), x_shape, KH, KW, stride, padding)
    return dx, dw, rows.sum(axis=0)
    ### END SOLUTION


# %% check="conv2d_gemm_backward" points=8
x = xp.array([[[[1.0, 2, 3]]], [[[4, 5, 6]]]])  # 2 images, 1 channel, 1 × 3 pixels
w = xp.array([[[[1.0, -1.0]]], [[[10.0, 0.0]]]])  # 2 filters
dout = xp.array([[[[1.0, 2.0]], [[0, 5]]], [[[3, 0]], [[-1, 0]]]])
dx = [[[[1, 2 - 1 + 50, -2]]], [[[3 - 10, -3, 0]]]]
dw = [[[[1 + 2 * 2 + 3 * 4, 2 + 2 * 3 + 3 * 5]]], [[[5 * 2 - 4, 5 * 3 - 5]]]]
wanted = xp.array(dx), xp.array(dw), xp.array([1 + 2 + 3, 5 - 1])
rows = finished_im2col(x, 1, 2)
expect(conv2d_gemm_backward, dout, rows, w, x.shape, gives=wanted)
rng = np.random.default_rng(90)
shapes = (2, 4, 3, 5), (2, 3, 6, 9), (4, 3, 3, 2)
dout, x, w = (xp.asarray(rng.standard_normal(shape)) for shape in shapes)
rows, wanted = finished_im2col(x, 3, 2, 2, 1), conv2d_backward(dout, x, w, 2, 1)
expect(conv2d_gemm_backward, dout, rows, w, x.shape, 2, 1, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(dout, cols, w, x_shape, stride=1, padding=0):
    (N, C, H, W), (KH, KW), (OH, OW) = x_shape, w.shape[2:], dout.shape[2:]
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    seen, dw = cols.reshape(N, OH, OW, C, KH, KW), np.zeros(w.shape)
    for n, f, i, j in np.ndindex(dout.shape):
        part = dx[n, :, i * stride : i * stride + KH, j * stride : j * stride + KW]
        part += dout[n, f, i, j] * w[f]
        dw[f] += dout[n, f, i, j] * seen[n, i, j]
    dx = dx[:, :, padding : padding + H, padding : padding + W]
    return dx, dw, np.einsum("nfij->f", dout)


def one(rng, N, C, H, W, F, KH, KW, stride, padding, note=""):
    OH, OW = (H + 2 * padding - KH) // stride + 1, (W + 2 * padding - KW) // stride + 1
    draw = rng.standard_normal
    dout, cols = draw((N, F, OH, OW)), draw((N * OH * OW, C * KH * KW))
    return case(dout, cols, draw((F, C, KH, KW)), (N, C, H, W), stride, padding, note=note)


def cases(rng):
    yield one(rng, 2, 3, 5, 7, 4, 3, 2, 1, 0)
    yield one(rng, 3, 2, 7, 8, 2, 2, 3, 3, 2, note="stride 3")
    yield one(rng, 1, 2, 8, 7, 1, 3, 2, 3, 0, note="N = 1, F = 1, pixels left over")
    yield one(rng, 1, 2, 6, 6, 2, 3, 3, 1, 1, note="all square")


expect_like(conv2d_gemm_backward, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# The sums over images and positions are inside the product $D^T \cdot \text{cols}$: each
# of its entries adds up over all rows.
#
# **Predict.** Four ways to compute the same layer: loops over windows, loops over the
# offsets of the kernel, the matrix product, and the finished layer of this course. By
# which factor will each be faster than the one before it?

# %%
times.show_race({"your matrix product": conv2d_gemm_forward}, 8, 3, 16, 16, 6, 3, 3)

# %% [markdown]
# The first step is the largest: no Python loop runs over pixels any more. The next ones
# are about memory.
#
# ## What it costs
#
# Speed was bought with memory: the matrix holds $C \cdot KH \cdot KW$ numbers for every
# window. The multiply-accumulates (MACs) of lesson 06 stay what they were: one for each
# window, each number in it, and each filter.
#
# VGG-16, a network of 2014, begins with two layers of 64 filters of 3 × 3, padding 1, on
# images of 224 × 224 pixels. The first one sees 3 channels, the second 64.
#
# **Predict.** A colour image of this size takes 0.6 MB in single precision. How large is
# the im2col matrix of the second layer, for this one image?
#
# ### Exercise 9.5 · im2col_bytes and conv_macs (6 points)
#
# Count the bytes of the matrix, and the multiply-accumulates of the layer.


# %% exercise="im2col_bytes"
def im2col_bytes(N, C, H, W, KH, KW, stride=1, padding=0, itemsize=4):
    """Return the bytes of the im2col matrix.

    Parameters
    ----------
    N, C, H, W, KH, KW, stride, padding : int
        As for `im2col`.
    itemsize : int
        Bytes of one number: 4 in single precision.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    return N * OH * OW * C * KH * KW * itemsize
    ### END SOLUTION


def conv_macs(N, C, H, W, F, KH, KW, stride=1, padding=0):
    """Return the multiply-accumulates of a layer with F filters; biases do not count.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    return N * OH * OW * C * KH * KW * F
    ### END SOLUTION


# %% check="im2col_bytes" points=6
expect(im2col_bytes, 1, 1, 4, 6, 3, 2, gives=(2 * 5) * (3 * 2) * 4, within=1e-12)
numbers = 2 * (3 * 5) * (3 * 3 * 2)  # images, windows, what each window sees
expect(im2col_bytes, 2, 3, 6, 9, 3, 2, 2, 1, 8, gives=numbers * 8, within=1e-12)
expect(conv_macs, 2, 3, 6, 9, 4, 3, 2, 2, 1, gives=numbers * 4, within=1e-12)
pixels = 224 * 224
expect(im2col_bytes, 1, 64, 224, 224, 3, 3, 1, 1, gives=pixels * 576 * 4, within=1e-12)
expect(conv_macs, 1, 64, 224, 224, 64, 3, 3, 1, 1, gives=pixels * 576 * 64, within=1e-12)
### BEGIN HIDDEN TESTS


def count_windows(N, H, W, KH, KW, stride, padding):
    down = len(range(KH, H + 2 * padding + 1, stride))
    return N * down * len(range(KW, W + 2 * padding + 1, stride))


def bytes_of(N, C, H, W, KH, KW, stride=1, padding=0, itemsize=4):
    seen = np.empty((C, KH, KW)).size
    return count_windows(N, H, W, KH, KW, stride, padding) * seen * itemsize


def macs_of(N, C, H, W, F, KH, KW, stride=1, padding=0):
    weights = np.empty((F, C, KH, KW)).size
    return count_windows(N, H, W, KH, KW, stride, padding) * weights


def cases_of_bytes(rng):
    for stride, padding in ((1, 0), (2, 1), (3, 2)):
        N, C, KH, KW = (int(n) for n in rng.permutation(np.arange(1, 8))[:4])
        yield N, C, 25, 38, KH, KW, stride, padding, 8
    yield case(2, 3, 5, 7, 5, 7, note="one window")


def cases_of_macs(rng):
    for stride, padding in ((1, 0), (2, 1), (3, 2)):
        N, C, F, KH, KW = (int(n) for n in rng.permutation(np.arange(1, 8))[:5])
        yield N, C, 24, 31, F, KH, KW, stride, padding
    yield case(2, 8, 6, 7, 5, 1, 1, note="1 × 1 filters")


expect_like(im2col_bytes, bytes_of, cases_of_bytes, within=1e-12)
expect_like(conv_macs, macs_of, cases_of_macs, within=1e-12)
### END HIDDEN TESTS

# %%
times.show_vgg()

# %% [markdown]
# The second layer needs a matrix several times as large as its input and its output
# together, for one image. A batch of 64 would need gigabytes. So fast libraries build the
# matrix in pieces, or never, as in the last section.
#
# ## The road through frequencies
#
# The **Fourier transform** writes an image as a sum of waves, one number for each. By the
# **convolution theorem** a convolution of two images is the plain product of their
# transforms, wave by wave:
#
# $$\text{img} * k = \mathcal{F}^{-1}\big(\mathcal{F}(\text{img}) \cdot \mathcal{F}(k)\big)$$
#
# The fast algorithm (**FFT**, in `xp.fft`) costs about $n \log n$ for $n$ pixels,
# whatever the size of the kernel. Two things to mind. It is a convolution, so the kernel
# is flipped. And waves have no border: behind the last pixel comes the first one again.
# Zeros behind the image keep the two ends apart.
#
# **Predict.** A signal of 6 samples meets a kernel of 3, once without zeros behind it and
# once with 2. Which of the numbers will differ?

# %%
figures.show_wraparound(xp.array([1.0, 2, 0, 0, 1, 5]), xp.array([1.0, 10, 100]))

# %% [markdown]
# The first two numbers without zeros hold samples from the far end; the others are right.
# The numbers of *valid* size are among those, if you cut them out correctly.
#
# ### Exercise 9.6 · conv2d_fft (12 points)
#
# Return the correlation of an image with a kernel through `xp.fft`, at the positions
# where the kernel fits.


# %% exercise="conv2d_fft"
def conv2d_fft(img, k):
    """Correlate an image with a kernel, without padding, by Fourier transforms.

    Parameters
    ----------
    img : array (H, W)
        Real numbers; H and W may be odd.
    k : array (KH, KW)
        At most as large as the image. It is not flipped in the result.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        Real numbers.
    """
    (H, W), (KH, KW) = img.shape, k.shape
    ### BEGIN SOLUTION
    size = (H + KH - 1, W + KW - 1)
    waves = xp.fft.rfft2(img, size) * xp.fft.rfft2(k[::-1, ::-1], size)
    full = xp.fft.irfft2(waves, size)
    return full[KH - 1 : H, KW - 1 : W]
    ### END SOLUTION


# %% check="conv2d_fft" points=7
img = xp.array([[1.0, 2, 0, 3, 1], [0, 1, 4, 0, 2], [5, 0, 1, 1, 0]])
k = xp.array([[1.0, 0, 10], [0, 100, 0]])
top = [1 + 0 + 100 * 1, 2 + 10 * 3 + 100 * 4, 0 + 10 * 1 + 0]
bottom = [0 + 10 * 4 + 0, 1 + 0 + 100 * 1, 4 + 10 * 2 + 100 * 1]
expect(conv2d_fft, img, k, gives=[top, bottom])
### BEGIN HIDDEN TESTS


def reference(img, k):
    windows = np.lib.stride_tricks.sliding_window_view(img, k.shape)
    return np.tensordot(windows, k, 2)


def cases(rng):
    yield rng.standard_normal((8, 6)), rng.standard_normal((3, 2))
    yield rng.standard_normal((12, 20)) - 3, rng.standard_normal((5, 7))
    yield rng.standard_normal((40, 64)), rng.standard_normal((4, 11))


expect_like(conv2d_fft, reference, cases)
### END HIDDEN TESTS

# %% check="conv2d_fft" part="sizes" points=5
img = xp.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]])  # odd and square
k = xp.array([[0.0, 1], [1, 0]])
expect(conv2d_fft, img, k, gives=[[2 + 4, 3 + 5], [5 + 7, 6 + 8]])
expect(conv2d_fft, img, img, gives=[[1 + 4 + 9 + 16 + 25 + 36 + 49 + 64 + 100]])
### BEGIN HIDDEN TESTS


def reference(img, k):
    OH, OW = img.shape[0] - k.shape[0] + 1, img.shape[1] - k.shape[1] + 1
    return sum(
        k[p, q] * img[p : p + OH, q : q + OW] for p, q in np.ndindex(k.shape)
    ) + np.zeros((OH, OW))


def cases(rng):
    for H, W in ((9, 7), (9, 8), (8, 7), (8, 8)):
        for KH, KW in ((2, 3), (3, 4)):
            img, k = rng.standard_normal((H, W)), rng.standard_normal((KH, KW))
            yield case(img, k, note="odd and even sizes")
    yield case(rng.standard_normal((5, 6)), rng.standard_normal((1, 1)), note="one weight")
    img, k = rng.standard_normal((7, 9))[::-1, ::2], rng.standard_normal((3, 5))
    yield case(img, k, note="a view, and a kernel as wide as the image")


expect_like(conv2d_fft, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# **Predict.** An image of 256 × 256 pixels meets kernels from 3 × 3 up to 31 × 31. From
# which size on is the road through frequencies faster than the direct one?

# %%
times.show_crossover(256, (3, 5, 7, 9, 11, 15, 21, 31))

# %% [markdown]
# The caption names the crossing on your machine. If the curve of the FFT jumps, look at
# the padded size: its speed hangs on prime factors, and 256 + 7 − 1 = 262 = 2 · 131 is a
# bad number. Good programs pad a little further.
#
# ### Question 9.1 · Read your own plot (8 points)
#
# The plot above was measured on the machine in front of you. Describe how each of the
# three curves grows with the size of the kernel, and why. Say where they cross, and what
# this means for the 3 × 3 kernels of most networks. Then name one change (of image, layer
# or machine) that would move the crossing, and say to which side.

# %% [markdown] question="crossover" points=8
# **Model answer.** The loop over offsets does $K^2$ passes over the image, so its time
# grows about with $K^2$, from 9 passes at 3 × 3 to 961 at 31 × 31. The finished layer
# does $K$ shifted additions of one matrix product, so it grows more slowly, about with
# $K$ as long as memory is what limits it. The curve of the FFT is nearly flat: the
# transforms have the size of the image plus kernel, which hardly changes. It jumps a
# little with the exact size, since FFTs are quicker for sizes with small prime factors.
# The crossing with the loops lies at a small kernel (my plot: between two sizes that I
# name), that with the finished layer at a larger one. At 3 × 3 the direct way wins, so
# networks of 3 × 3 layers are not computed through FFTs. What moves it: many filters on
# the same image share the image's transform, and many channels share one transform back,
# so the crossing moves to smaller kernels; a faster matrix product (more cores, a
# graphics card) moves it to larger ones; a stride of 2 cuts the direct work by four but
# not the FFT's, so to larger ones.
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Growth of each curve with its reason ($K^2$, flatter, nearly constant), crossings read off the plot, the consequence for 3 × 3, one change that moves it to the right side |
# | 5–6 | Crossings and two curves right; reason or change missing |
# | 3–4 | Crossings read off, no reasons |
# | 0–2 | General statements that do not use the plot |
#
# *Sample, 8 points:* "Offsets: from 0.4 ms to 30 ms, roughly times 70, K² gives 107. FFT:
# flat, about 6 ms, because the padded size goes only from 258 to 286. They cross between
# 11 and 15; the finished layer crosses the FFT at no size I measured. So for 3 × 3 direct
# is always right. With stride 2 I would throw away 3/4 of the FFT's result, so the
# crossing would move to bigger kernels."
#
# *Sample, 4 points:* "The FFT is faster for kernels above 13 and slower below it. So it
# depends on the kernel size, and for small ones we should not use it."

# %% [markdown]
# ## Arrays on another device
#
# A graphics card, or **GPU**, has thousands of small processors and a memory of its own.
# The library CuPy keeps arrays there under the names of NumPy, and `xp` is either of the
# two. But an array on the **device** does not come back to the **host**, the memory of
# the processor, unless it is told to. Three habits break this:
#
# - `np.zeros(...)` makes a host array, and it does not mix with one of the device;
# - `float(a)` and `a.item()` fetch one number, and wait until the card has done all its
#   work;
# - a loop that does so for each pixel waits for each pixel.
#
# You need no card to find these: `on_device` calls a function with arrays that refuse to
# leave.
#
# **Predict.** Which line of this function will be the first to fail?


# %%
def brighten(image):
    mean = image.mean()
    half = image / 2
    return np.maximum(half, mean)


try:
    on_device(brighten, xp.arange(6.0))
except TypeError as error:
    print("TypeError:", error)

# %% [markdown]
# The last one: `np.maximum` is a host function, while `image.mean()` stays on the device,
# as an array without axes. CuPy is more patient here and there: it hands some `np.`
# functions on to its own, and lets `float` wait. The guard refuses them all, since each
# is slow or will fail elsewhere. Now your `im2col`:

# %% check="im2col" part="device" points=4


def im2col_on_device(x, KH, KW, stride, padding):
    return on_device(im2col, x, KH, KW, stride, padding)


x = xp.array([[[[1.0, 2, 3, 4], [5, 6, 7, 8]]]])
rows = [[1, 2, 5, 6], [2, 3, 6, 7], [3, 4, 7, 8]]
expect(im2col_on_device, x, 2, 2, 1, 0, gives=rows)
### BEGIN HIDDEN TESTS


def reference(x, KH, KW, stride, padding):
    N, C, H, W = x.shape
    sides = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), sides, sides))
    rows = [
        padded[n, :, i : i + KH, j : j + KW].ravel()
        for n in range(N)
        for i in range(0, H + 2 * padding - KH + 1, stride)
        for j in range(0, W + 2 * padding - KW + 1, stride)
    ]
    return np.array(rows)


def cases(rng):
    yield rng.standard_normal((2, 3, 6, 9)), 3, 2, 2, 1
    yield rng.standard_normal((3, 2, 4, 5)), 2, 4, 1, 0


expect_like(im2col_on_device, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 9.7 · standardise_rows (6 points)
#
# Windows differ in brightness and contrast. This function brings the rows of an im2col
# matrix to mean 0 and standard deviation 1. Its author had no card:
#
# ```python
# def standardise_rows(cols, least=1e-6):
#     out = np.zeros(cols.shape)
#     for n in range(len(cols)):
#         mean = cols[n].mean().item()
#         spread = float(cols[n].std())
#         out[n] = (cols[n] - mean) / max(spread, least)
#     return out
# ```
#
# Write it for any device, without a loop.


# %% exercise="standardise_rows"
def standardise_rows(cols, least=1e-6):
    """Bring every row to mean 0 and standard deviation 1.

    Works with whole arrays: functions of the library are called through `xp`, and no single
    number leaves the array, so that it can live on any device.

    Parameters
    ----------
    cols : array (R, K)
    least : float
        A row with a smaller standard deviation is divided by this instead.

    Returns
    -------
    array (R, K)
    """
    ### BEGIN SOLUTION
    centred = cols - cols.mean(axis=1, keepdims=True)
    return centred / xp.maximum(cols.std(axis=1, keepdims=True), least)
    ### END SOLUTION


# %% check="standardise_rows" points=6
def standardise_on_device(cols, least):
    return on_device(standardise_rows, cols, least)


cols = xp.array([[1.0, 3.0, 1.0, 3.0], [5.0, 5.0, 5.0, 5.0], [10.0, 10.0, 30.0, 30.0]])
wanted = [[-1, 1, -1, 1], [0, 0, 0, 0], [-1, -1, 1, 1]]
expect(standardise_rows, cols, gives=wanted)
expect(standardise_rows, cols, 4.0, gives=[[-0.25, 0.25, -0.25, 0.25], *wanted[1:]])
expect(standardise_on_device, cols, 1e-6, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(cols, least):
    rows = []
    for row in cols:
        spread = np.sqrt(((row - row.mean()) ** 2).mean())
        rows.append((row - row.mean()) / (spread if spread > least else least))
    return np.array(rows)


def cases(rng):
    yield rng.standard_normal((5, 12)), 1e-6
    yield 9 * rng.standard_normal((7, 3)) - 50, 2.5
    yield case(np.full((2, 6), 0.125), 1e-6, note="rows without contrast")


expect_like(standardise_on_device, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Write the program of a card
#
# What does a card do when CuPy calls it? It runs one small function in thousands of
# **threads** at once. Each thread computes one output and differs from the others in
# nothing but its number. The function is called a **kernel** too; it has nothing to do
# with a grid of weights.
#
# Threads come in **blocks** of a fixed shape, often 16 × 16, and a launch starts a
# **grid** of blocks. In CUDA, the C of these cards, `x` counts **across** and `y`
# **down**. A thread finds the row and column of its output from three numbers each:
#
# ```c
# int j = blockIdx.x * blockDim.x + threadIdx.x;    // column
# int i = blockIdx.y * blockDim.y + threadIdx.y;    // row
# ```
#
# **Predict.** An output of 26 × 41 is covered by blocks of 16 × 16. How many blocks are
# needed across, how many down, and how many threads will have nothing to do?

# %%
figures.show_grid(26, 41, (16, 16))

# %% [markdown]
# Three across and two down. The blocks at the right and the lower border stick out. They
# have to: two blocks across would leave columns without a thread. So the grid is rounded
# up, and the threads outside must find out that they are idle.
#
# ### Exercise 9.8 · launch_shape (4 points)
#
# Return how many blocks across and down cover an output.


# %% exercise="launch_shape"
def launch_shape(OH, OW, block):
    """Return the smallest grid of blocks that covers an output.

    Parameters
    ----------
    OH, OW : int
        Rows and columns of the output, from 1.
    block : tuple of int
        Threads of one block, ``(across, down)``.

    Returns
    -------
    tuple of int
        Blocks, ``(across, down)``.
    """
    ### BEGIN SOLUTION
    across, down = block
    return -(-OW // across), -(-OH // down)
    ### END SOLUTION


# %% check="launch_shape" points=4
expect(launch_shape, 21, 90, (32, 4), gives=(3, 6))
expect(launch_shape, 31, 47, (16, 16), gives=(3, 2))
expect(launch_shape, 32, 64, (16, 16), gives=(4, 2))
expect(launch_shape, 33, 65, (16, 16), gives=(5, 3))
### BEGIN HIDDEN TESTS


def reference(OH, OW, block):
    return len(range(0, OW, block[0])), len(range(0, OH, block[1]))


def cases(rng):
    yield 720, 1280, (16, 16)
    yield 718, 1278, (32, 8)
    yield case(1, 1, (16, 8), note="one output")
    yield case(24, 40, (8, 4), note="a multiple of the block")
    yield case(25, 41, (8, 4), note="one more than a multiple")


expect_like(launch_shape, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# A kernel sees memory as one long row of numbers, row of the image after row. Pixel `[i,
# j]` of an image with W columns stands at `i * W + j`. Nothing stops a thread from
# writing elsewhere: there are no shapes any more, and no errors.
#
# Here is a whole kernel. It transposes a table of 3 × 5 numbers, in blocks of 4 threads
# across and 2 down. `launch` passes it the input, the output and the sizes.

# %%
TRANSPOSE = r"""
extern "C" __global__
void transpose(const float* table, float* out, int H, int W) {
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    int i = blockIdx.y * blockDim.y + threadIdx.y;
    if (i >= W || j >= H) return;    // out has W rows and H columns
    out[i * H + j] = table[j * W + i];
}
"""
table = xp.arange(15.0).reshape(3, 5)
out = launch(TRANSPOSE, [table], (5, 3), [3, 5], grid=(1, 3), block=(4, 2))
show_arrays([table, out], ["table", "out"], numbers=True)

# %% [markdown]
# On a card `launch` hands the text to CuPy's `RawKernel`. Before that, and on every other
# machine, it runs all threads on the processor, one after the other, and watches the
# memory around the arrays. An output that no thread writes comes back as `nan`, "not a
# number"; so does one that was computed from beyond the end of an array.
#
# ### Exercise 9.9 · kernel_source (10 points)
#
# Write a kernel that correlates an image with a small grid of weights, one thread for
# each output.


# %% exercise="kernel_source"
def kernel_source(name):
    """Return a CUDA kernel for correlation without padding, as text.

    It begins with ``extern "C" __global__ void`` and its name, and takes, in this order,
    ``const float* image, const float* weights, float* out, int H, int W, int KH, int KW``.
    Arrays lie row after row: image (H, W), weights (KH, KW), out (H - KH + 1, W - KW + 1).

    The thread in column j and row i of the grid (x across, y down) writes ``out`` at (i, j),
    and threads outside of it write nothing. Blocks have any shape; the grid covers the
    output and may stick out.

    Plain C: variables of int and float, loops, conditions, arithmetic. No macros, no
    functions or arrays of its own, no shared memory.

    Parameters
    ----------
    name : str
        What the kernel is called: a card finds it by its name.

    Returns
    -------
    str
    """
    ### BEGIN SOLUTION
    source = r"""
extern "C" __global__
void NAME(const float* image, const float* weights, float* out,
          int H, int W, int KH, int KW) {
    int j = blockIdx.x * blockDim.x + threadIdx.x;
    int i = blockIdx.y * blockDim.y + threadIdx.y;
    int OH = H - KH + 1, OW = W - KW + 1;
    if (i >= OH || j >= OW) return;
    float sum = 0.0f;
    for (int p = 0; p < KH; p++) {
        for (int q = 0; q < KW; q++) {
            sum += image[(i + p) * W + j + q] * weights[p * KW + q];
        }
    }
    out[i * OW + j] = sum;
}
"""
    return source.replace("NAME", name)
    ### END SOLUTION


# %% check="kernel_source" points=5
def run_kernel(name, image, weights, block):
    (H, W), (KH, KW) = image.shape, weights.shape
    OH, OW = H - KH + 1, W - KW + 1
    grid = (OW + block[0] - 1) // block[0], (OH + block[1] - 1) // block[1]
    source, sizes = kernel_source(name), [H, W, KH, KW]
    return launch(source, [image, weights], (OH, OW), sizes, grid, block, name=name)


image = xp.array([[1.0, 2, 0, 3, 1, 4], [0, 1, 4, 0, 2, 0], [5, 0, 1, 1, 0, 2]])
weights = xp.array([[1.0, 0, 10], [0, 100, 0]])
top = [1 + 0 + 100, 2 + 30 + 400, 0 + 10 + 0, 3 + 40 + 200]
bottom = [0 + 40 + 0, 1 + 0 + 100, 4 + 20 + 100, 0 + 0 + 0]
block = (4, 2)  # fits the output exactly
expect(run_kernel, "correlate", image, weights, block, gives=[top, bottom])
### BEGIN HIDDEN TESTS


def reference(name, image, weights, block):
    windows = np.lib.stride_tricks.sliding_window_view(image, weights.shape)
    return np.einsum("ijpq,pq->ij", windows, weights)


def cases(rng):
    yield "slide_over", rng.standard_normal((34, 50)), rng.standard_normal((3, 3)), (16, 16)
    yield "slide_over", rng.standard_normal((17, 12)), rng.standard_normal((2, 5)), (8, 4)


expect_like(run_kernel, reference, cases, within=1e-4)
### END HIDDEN TESTS


# %% check="kernel_source" part="edges" points=5
def run_kernel(name, image, weights, block):
    (H, W), (KH, KW) = image.shape, weights.shape
    OH, OW = H - KH + 1, W - KW + 1
    grid = (OW + block[0] - 1) // block[0], (OH + block[1] - 1) // block[1]
    source, sizes = kernel_source(name), [H, W, KH, KW]
    return launch(source, [image, weights], (OH, OW), sizes, grid, block, name=name)


table = 10.0 * xp.arange(3)[:, None] + xp.arange(7)
pick = xp.array([[0.0, 1.0]])  # the right one of two: 1 2 ... 6, 11 12 ... 16, 21 22 ... 26
wanted = table[:, 1:]
for block in ((4, 2), (2, 2), (4, 3)):  # they stick out on both sides, below, on the right
    expect(run_kernel, "correlate", table, pick, block, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(name, image, weights, block):
    OH, OW = image.shape[0] - weights.shape[0] + 1, image.shape[1] - weights.shape[1] + 1
    out = np.zeros((OH, OW))
    for p, q in np.ndindex(weights.shape):
        out += weights[p, q] * image[p : p + OH, q : q + OW]
    return out


def cases(rng):
    name, image = "slide_over", rng.standard_normal((33, 49))
    yield case(name, image, rng.standard_normal((3, 4)), (16, 16), note="blocks of 16 × 16")
    yield case(name, image.T, rng.standard_normal((5, 2)), (32, 4), note="a tall image")
    yield case(name, image[:9, :7], rng.standard_normal((9, 7)), (8, 8), note="one output")
    yield case(name, image[:5, :40], rng.standard_normal((1, 1)), (8, 8), note="one weight")


expect_like(run_kernel, reference, cases, within=1e-4)
### END HIDDEN TESTS

# %% [markdown]
# `active` says which library this session uses and why. Every operation on a card is only
# *ordered* when Python goes on, so a stopwatch has to wait for the end: `time_call` does.

# %%
print(active.reason)
rng = np.random.default_rng(99)
for size in (16, 64, 256):
    image = xp.asarray(rng.standard_normal((8, 3, size, size)).astype("float32"))
    w = xp.asarray(rng.standard_normal((16, 3, 3, 3)).astype("float32"))
    seconds = time_call(lambda image=image, w=w: conv2d(image, w, padding=1))
    print(f"8 images of {size} × {size}: {1000 * seconds:.3g} ms")

# %% [markdown]
# ### Question 9.2 · When is the card slower? (8 points)
#
# A card can do a hundred times the arithmetic of a processor. Still some work is slower
# there. Name three causes, and for each a piece of work from this course in which it
# decides. Then say how you would measure, without being deceived, which of two devices is
# faster for your network.

# %% [markdown] question="slower" points=8
# **Model answer.** 1. **Launching.** Each kernel takes some microseconds to start,
# whatever it does. A small layer on 8 × 8 digits with a batch of 1 needs a microsecond or
# two of arithmetic, and a training step has about a hundred launches. 2. **Transfer.**
# Images cross a bus that is many times slower than the card's own memory; filtering one
# photograph once takes less time than sending it there and back. Fetching the loss as a
# number in every step is a transfer too, and it waits for all work before it. 3. **Too
# little to do at once.** Thousands of threads need thousands of independent outputs: one
# image of 16 × 16, or a recurrence in which each step waits for the one before it, leaves
# most of the card idle. (Also: float64, in which many cards are slow; threads that take
# different branches.)
#
# Measuring: the same work on both, a first call that is not counted (compilation,
# memory), wait for the card before the clock stops, repeat and take the median, and
# decide whether the transfer belongs to the work: it does if the data lie on the host.
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Three different causes with fitting examples; the measurement waits for the device, warms up, and says what it includes |
# | 5–6 | Two causes with examples and a sound measurement, or three with one point of it missing |
# | 3–4 | Two causes without examples, or measurement without waiting |
# | 0–2 | "Small data are slow on a GPU" |
#
# *Sample, 7 points:* "Transfer: one picture through one Sobel filter. Launch overhead:
# LeNet with batch 1, every layer is a few µs. Not enough threads: 8 × 8 digits, 64
# outputs per map, the GPU has thousands of cores. I would run both 20 times after a
# warm-up, call synchronize before stopping the time, and take the median." (Does not say
# whether transfer is included.)
#
# *Sample, 3 points:* "For small images and small batches the GPU has overhead and copying
# data takes time, so the CPU can be faster. I would use %timeit on both."

# %% [markdown]
# ## How the finished layer does it
#
# `helpers.layers` has no im2col matrix. Two ideas take its place, and both are about
# **memory order**, the order in which the numbers of an array lie one behind the other.
#
# *Pixels first, batch last.* In memory the images are `(H, W, C, N)`. At each pixel lies
# a ready matrix of C × N numbers, and all copies and sums run along C · N neighbouring
# numbers. You still see `(N, C, H, W)`, by a transposed view.
#
# *Copy rows, not windows.* The KH rows that a window spans are copied next to each other.
# Then a window and its right neighbour lie one step apart in the same memory, and the
# slide along the width needs no copy: the windows are a view that **overlaps** itself.

# %%
N, C, H, W, F, KH, KW = 32, 8, 20, 24, 16, 3, 3
image = xp.asarray(rng.standard_normal((H, W, C, N)).astype("float32"))
w = xp.asarray(rng.standard_normal((F, C, KH, KW)).astype("float32"))
rows = slide(image, 0, KH)  # (OH, KH, W, C, N): a view, the windows along the height
rows = xp.ascontiguousarray(rows.transpose(0, 2, 1, 3, 4))  # (OH, W, KH, C, N): the copy
windows = slide(rows, 1, KW)  # (OH, OW, KW, KH, C, N): a view again
cols = windows.reshape(*windows.shape[:2], KW * KH * C, N)  # still no copy
filters = w.transpose(0, 3, 2, 1).reshape(F, -1)
out = filters @ cols  # (OH, OW, F, N): one product at each pixel
same = conv2d(image.transpose(3, 2, 0, 1), w).transpose(2, 3, 1, 0)
print("largest difference from the finished layer:", float(abs(out - same).max()))
print(f"numbers copied: {rows.size:,}; in an im2col matrix: {cols.size:,}")

# %% [markdown]
# The copy is KH times the image where im2col takes KH · KW times. Read the four short
# files in this order: `windows.py` (`slide` and its adjoint `unslide`), `geometry.py`
# (`patches`, the lines above, and `bands`, which cuts the work into pieces that fit into
# the processor's cache), `products.py` (one small product per pixel for NumPy, one large
# one for CuPy) and `conv.py`. The backward step is the same road taken back.
#
# **Predict.** Which of the steps takes most of the time in each of the two forms: the
# copy or the product?

# %%
times.show_two_roads(N=64, C=16, H=28, W=28, F=32, KH=3, KW=3)

# %% [markdown]
# Both roads multiply exactly the same numbers. What differs is how many are copied first,
# and in which order they lie.
#
# ## Bonus · Fewer steps
#
# Not graded; choose one. **Shared memory.** Threads of a block read mostly the same
# pixels. With a card, let the block first copy its part of the image, border included,
# into a `__shared__` array, wait with `__syncthreads()`, and correlate from there. Launch
# it with `xp.RawKernel` and measure. **Winograd's F(2, 3).** Two neighbouring outputs of
# a filter with three weights need 6 multiplications. Four are enough: look up Lavin and
# Gray, "Fast algorithms for convolutional neural networks", 2015, and check their formula
# with random numbers.

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You wrote the convolution layer as a matrix product, forward and backward, tested its
# return path with one equation, counted what it costs, took the road through frequencies,
# proved that your code does not cling to the processor, and wrote the program of a
# graphics card. Then you read how order in memory makes the finished layer faster than
# all of these.
#
# **Next.** Lesson 10 builds a whole network from these layers and trains it; lesson 11
# changes the layer itself: 1 × 1, grouped and transposed convolutions.
#
# **Read on.** K. Chellapilla, S. Puri and P. Simard, "High performance convolutional
# neural networks for document processing", International Workshop on Frontiers in
# Handwriting Recognition, 2006.

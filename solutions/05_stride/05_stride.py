# %% [markdown]
# # 5. Stride, dilation and the receptive field
#
# **You will** let the window jump over pixels, spread its weights apart, predict the size
# of every output, and find out, by formula and by measurement, how much of an image a
# single number deep inside a network has seen.
#
# **You need** correlation from lesson 03 and padding with zeros from lesson 04.
#
# **Time** about 90 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `image` | `(H, W)` | brightness |
# | `kernel` | `(KH, KW)` | weights |
# | `stride` | `(sh, sw)` | pixels from one window to the next: downwards, to the right |
# | `padding` | `(ph, pw)` | zeros around the image: rows above and below, columns left and right |
# | `dilation` | `(dh, dw)` | pixels from one weight to the next; 1 means neighbours |
# | output | `(OH, OW)` | one number for each window |

# %% given="setup"
import numpy as np

from helpers import figures_05 as figures
from helpers import figures_05_fields as fields
from helpers import filters
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.figures_03 import photo
from helpers.plotting import show_arrays

# %% [markdown]
# ## How many windows fit?
#
# Until now each window started one pixel after the one before. With a **stride** of $s$ it
# starts $s$ pixels after it: fewer windows, less work, a smaller output. With the dilation
# $d$ of lesson 04 a window of $k$ weights spans $d\,(k - 1) + 1$ pixels.
#
# Windows that would run over the end are dropped. So the last pixels may lie in no window
# at all, and a stride larger than the kernel leaves gaps on the way.
#
# **Predict.** On an axis of 12 pixels lie windows of 4 weights with stride 3. How many are
# there, and which pixels lie in none of them?

# %%
figures.show_positions(n=12, k=4, stride=3)

# %% [markdown]
# The same axis, with a zero at each end and dilation 2:

# %%
figures.show_positions(n=12, k=4, padding=1, stride=3, dilation=2)

# %% [markdown]
# ### Exercise 5.1 · out_size (14 points)
#
# Return the number of windows along one axis. Count them, or find a formula: both are
# right.


# %% exercise="out_size"
def out_size(n, k, padding=0, stride=1, dilation=1):
    """Return how many windows fit along one axis.

    It extends ``out_size(n, k, before, after)`` of lesson 04: both ends get the same
    padding, and stride and dilation are new.

    Parameters
    ----------
    n : int
        Pixels along the axis.
    k : int
        Weights of the kernel along the axis.
    padding : int
        Zeros at each of the two ends.
    stride : int
        Pixels from the start of one window to the start of the next, at least 1.
    dilation : int
        Pixels from one weight to the next, at least 1.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        Not even one window fits, zeros included.
    """
    ### BEGIN SOLUTION
    span = dilation * (k - 1) + 1
    room = n + 2 * padding - span
    if room < 0:
        raise ValueError(f"{k} weights span {span} pixels, but there are {room + span}.")
    return room // stride + 1
    ### END SOLUTION


# %% check="out_size" points=8
# The lists hold where the windows start.
expect(out_size, 7, 3, padding=0, stride=1, dilation=1, gives=len([0, 1, 2, 3, 4]))
expect(out_size, 11, 4, padding=0, stride=3, dilation=1, gives=len([0, 3, 6]))
expect(out_size, 12, 4, padding=0, stride=3, dilation=1, gives=len([0, 3, 6]))
expect(out_size, 13, 4, padding=0, stride=3, dilation=1, gives=len([0, 3, 6, 9]))
expect(out_size, 14, 4, padding=0, stride=4, dilation=1, gives=len([0, 4, 8]))
expect(out_size, 9, 3, padding=0, stride=1, dilation=3, gives=len([0, 1, 2]))
expect(out_size, 12, 4, padding=2, stride=3, dilation=2, gives=len([-2, 1, 4, 7]))
expect(out_size, 6, 2, padding=2, stride=3, dilation=4, gives=len([-2, 1]))
expect(out_size, 5, 2, padding=0, stride=4, dilation=1, gives=len([0]))
### BEGIN HIDDEN TESTS


def count(n, k, padding=0, stride=1, dilation=1):
    starts = range(-padding, n + padding, stride)
    return sum(start + dilation * (k - 1) < n + padding for start in starts)


def draw(rng):
    n, k, padding = (int(v) for v in rng.integers([1, 1, 0], [31, 8, 5]))
    stride, dilation = (int(v) for v in rng.integers(1, [7, 5]))
    setting = n, k, padding, stride, dilation
    return setting if count(*setting) else draw(rng)


def cases(rng):
    for _ in range(12):
        n, k, padding, stride, dilation = draw(rng)
        yield case(n, k, padding=padding, stride=stride, dilation=dilation)


expect_like(out_size, count, cases)


def sizes(settings):
    return xp.array([out_size(*setting) for setting in settings.tolist()])


def reference(settings):
    return np.array([count(*setting) for setting in settings.tolist()])


def cases(rng):
    yield case(np.array([draw(rng) for _ in range(500)]), note="500 settings at once")


expect_like(sizes, reference, cases)
### END HIDDEN TESTS

# %% check="out_size" part="edges" points=6
expect(out_size, 5, 3, gives=len([0, 1, 2]))
expect(
    out_size, 4, 4, padding=0, stride=3, dilation=1, gives=len([0])
)  # one window, and it just fits
expect(out_size, 3, 2, padding=0, stride=1, dilation=2, gives=len([0]))
expect(
    out_size, 8, 1, padding=0, stride=3, dilation=5, gives=len([0, 3, 6])
)  # one weight: nothing to spread
expect(out_size, 3, 4, raises=ValueError)
expect(out_size, 4, 3, padding=0, stride=2, dilation=2, raises=ValueError)


def empty_output(n, k, padding, stride, dilation):
    return xp.zeros(out_size(n, k, padding, stride, dilation))


expect(
    empty_output, 9, 2, 0, 3, 1, gives=[0, 0, 0], hint="a size is a whole number, an int."
)
### BEGIN HIDDEN TESTS


def reference(n, k, padding=0, stride=1, dilation=1):
    starts = range(-padding, n + padding, stride)
    return sum(start + dilation * (k - 1) < n + padding for start in starts)


def cases(rng):
    yield case(1, 1, note="one pixel, one weight")
    yield case(7, 7, stride=2, note="a kernel as long as the axis")
    yield case(2, 5, padding=2, note="a kernel longer than the axis, with padding")
    yield case(1000, 3, padding=1, stride=7, dilation=50, note="a long axis")
    yield case(6, 2, padding=1, dilation=7, note="the zeros at both ends only")
    yield case(2, 7, padding=2, stride=3, raises=ValueError, note="one zero too few")
    yield case(
        9,
        3,
        padding=1,
        stride=4,
        dilation=6,
        raises=ValueError,
        note="a spread kernel that is too long",
    )
    yield case(1, 9, stride=20, raises=ValueError, note="a stride larger than everything")


expect_like(out_size, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# With its zeros the axis has $n + 2p$ pixels. One window takes up its span; what remains is
# the room in which it can move. A step takes $s$ pixels of that room, so the windows are as
# many as there are whole steps, and one more for the first. Rounding down drops what does
# not fit:
#
# $$\text{out} = \left\lfloor \frac{n + 2p - d\,(k - 1) - 1}{s} \right\rfloor + 1$$
#
# Counting and formula must always agree. Change the five numbers below and run the cell
# again. Can you find a setting with dilation 2 and stride 3 that loses no pixel?

# %%
figures.show_positions(n=14, k=3, padding=1, stride=4, dilation=1, formula=True)

# %% [markdown]
# ## A window that jumps
#
# In two dimensions the window has a stride for each axis. Output $(i, j)$ comes from
# the window that **starts** at row $i \cdot sh$, column $j \cdot sw$ of the padded image:
#
# $$\text{out}[i, j] = \sum_{p, q} \text{padded}[i \cdot sh + p,\; j \cdot sw + q]
# \cdot \text{kernel}[p, q]$$
#
# **Predict.** One image is correlated twice with the same kernel: with stride (1, 1), and
# with stride (2, 3). Are the numbers of the second output to be found in the first? Where?

# %%
pixels = xp.array([[1, 2, 0, 3, 1, 4, 1], [0, 1, 5, 1, 2, 0, 3], [2, 0, 1, 4, 1, 1, 0],
                   [1, 3, 2, 0, 6, 2, 1], [4, 1, 0, 2, 1, 0, 5]])  # fmt: skip
kernel = xp.array([[1, 2, 0], [0, 0, -1]])
every, some = (filters.correlate(pixels, kernel, stride) for stride in ((1, 1), (2, 3)))
show_arrays(
    [pixels, kernel, every, some],
    ["image", "kernel", "stride (1, 1)", "stride (2, 3)"],
    numbers=True,
    cmap=["gray", "RdBu_r", "gray", "gray"],
)

# %% [markdown]
# A stride changes no number. It leaves numbers out: `some` is `every[::2, ::3]`. To compute
# all of them and throw most away would be wasted work, so you go straight to the windows
# that remain.

# %%
figures.show_steps(pixels, kernel, (2, 3))

# %% [markdown]
# ### Exercise 5.2 · correlate2d_strided (18 points)
#
# Return the correlation of an image, padded with zeros, with windows at the given strides.


# %% exercise="correlate2d_strided"
def correlate2d_strided(image, kernel, stride, padding):
    """Correlate one image with one kernel, with a stride and with zeros around the image.

    Parameters
    ----------
    image : array (H, W)
        Numbers of any kind, integers included. It is not changed.
    kernel : array (KH, KW)
        At most as large as the padded image.
    stride : (int, int)
        Rows from one window to the next, and columns; each at least 1.
    padding : (int, int)
        Rows of zeros above and below, and columns of zeros left and right.

    Returns
    -------
    array (OH, OW)
        Floating point; as many windows as fit.
    """
    H, W = image.shape
    KH, KW = kernel.shape
    (sh, sw), (ph, pw) = stride, padding
    ### BEGIN SOLUTION
    padded = xp.zeros((H + 2 * ph, W + 2 * pw))
    padded[ph : ph + H, pw : pw + W] = image
    OH = (H + 2 * ph - KH) // sh + 1
    OW = (W + 2 * pw - KW) // sw + 1
    out = xp.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * sh, j * sw
            window = padded[top : top + KH, left : left + KW]
            out[i, j] = (window * kernel).sum()
    return out
    ### END SOLUTION


# %% check="correlate2d_strided" points=10
rows = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7], [9, 3, 2, 3, 8, 4, 6]]
image = xp.array([*rows, [2, 6, 4, 3, 3, 8, 3], [2, 7, 9, 5, 0, 2, 8]], dtype=float)
kernel = xp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
# Windows start in rows 0 and 3, and in columns 0 and 4.
expected = [[3 - 4 + 2 * 5, 5 - 2 + 2 * 9], [2 - 4 + 2 * 7, 3 - 3 + 2 * 2]]
expect(correlate2d_strided, image, kernel, stride=(3, 4), padding=(0, 0), gives=expected)
# Padded, the image has 7 rows and 11 columns: windows start in columns 0, 4 and 8 of these.
expected = [[0 - 0 + 2 * 0, 0 - 0 + 2 * 1, 0 - 0 + 2 * 0]]
expected += [[0 - 6 + 2 * 0, 3 - 8 + 2 * 3, 7 - 0 + 2 * 0]]
expected += [[0 - 2 + 2 * 0, 4 - 3 + 2 * 5, 3 - 0 + 2 * 0]]
expect(correlate2d_strided, image, kernel, stride=(2, 4), padding=(1, 2), gives=expected)
### BEGIN HIDDEN TESTS


def reference(image, kernel, stride, padding):
    padded = np.pad(image, [(p, p) for p in padding])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows[:: stride[0], :: stride[1]], kernel)


def cases(rng):
    image, kernel = rng.standard_normal((7, 10)), rng.standard_normal((3, 2))
    yield case(image, kernel, stride=(1, 1), padding=(0, 0))
    yield case(image, kernel, stride=(2, 4), padding=(0, 0))
    yield case(image, kernel, stride=(3, 2), padding=(2, 1))
    square = rng.standard_normal((6, 6)), rng.standard_normal((3, 3))
    yield case(*square, stride=(2, 3), padding=(1, 0), note="all square")
    yield case(image.T, kernel, stride=(4, 3), padding=(0, 2), note="a transposed image")


expect_like(correlate2d_strided, reference, cases)
### END HIDDEN TESTS

# %% check="correlate2d_strided" part="leftovers" points=8
image = xp.array([[1, 2, 3, 4, 5, 6], [7, 8, 9, 0, 1, 2]])
three = xp.array([[0.5, 0.25, 2.0]])
# Windows start in row 0 and in columns 0 and 2: the second row and column 5 stay unused.
expected = [[0.5 * 1 + 0.25 * 2 + 2 * 3, 0.5 * 3 + 0.25 * 4 + 2 * 5]]
expect(correlate2d_strided, image, three, stride=(2, 2), padding=(0, 0), gives=expected)
# Far apart: with a stride of 4 the columns 2 and 3 lie in no window.
expected = [
    [0.5 * 1 + 0.25 * 2, 0.5 * 5 + 0.25 * 6],
    [0.5 * 7 + 0.25 * 8, 0.5 * 1 + 0.25 * 2],
]
halves = xp.array([[0.5, 0.25]])
expect(correlate2d_strided, image, halves, stride=(1, 4), padding=(0, 0), gives=expected)
### BEGIN HIDDEN TESTS


def reference(image, kernel, stride, padding):
    padded = np.pad(image, [(p, p) for p in padding])
    windows = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows[:: stride[0], :: stride[1]], kernel)


def cases(rng):
    image, two = rng.standard_normal((5, 8)), rng.standard_normal((2, 3))
    one, tall = rng.standard_normal((1, 1)), rng.standard_normal((7, 2))
    yield case(image, two, stride=(4, 6), padding=(0, 0), note="one window")
    yield case(image, image, stride=(2, 3), padding=(0, 0), note="no room to move")
    yield case(image, one, stride=(3, 5), padding=(1, 2), note="a 1 by 1 kernel")
    yield case(image, tall, stride=(2, 5), padding=(2, 0), note="a tall kernel")
    whole = rng.integers(0, 9, (6, 5))
    yield case(whole, two, stride=(3, 2), padding=(0, 1), note="an image of integers")


expect_like(correlate2d_strided, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# How many windows does each pixel lie in? In the figure the window has 2 rows and 3
# columns.
#
# **Predict.** The image has 6 rows and 9 columns. Which rows and columns are lost with
# stride (2, 2), and which with stride (3, 4)?

# %%
figures.show_usage(6, 9, kernel=(2, 3), strides=[(2, 2), (3, 4)])

# %% [markdown]
# A stride larger than the kernel loses rows or columns between the windows. What is left
# over at the end is lost as well: at the bottom and at the right, never at the top or at
# the left.
#
# ### Question 5.1 · Leftovers (8 points)
#
# A layer with a kernel of 3 × 3, stride 2 and no padding leaves the last row and the last
# column of some images unused. For which sizes? Name one task for which this does no harm
# and one for which it does, each with the reason, and give two remedies with their price.

# %% [markdown] question="leftovers" points=8
# **Model answer.** The windows start at 0, 2, 4 … and span 3 pixels, so pixels are left
# over when $n - 3$ is odd: for every even $n$, one row or column. Its pixels lie in no
# window, so nothing that happens there can change the output.
#
# No harm: recognising what a photograph of 224 pixels shows. The object stands near the
# middle and fills much of the frame; one row of 224 carries hardly anything that its
# neighbours do not carry. Harm: where small things at the border count or where places are
# reported: a crack at the edge of a scanned part, a segmentation map that must be as large
# as the image, a map of 6 × 6 deep in a network, where one row is a sixth of what is left.
# The loss is one-sided, at the bottom and at the right, and can come back in every layer.
#
# Remedies: pad by 1 (what is left over then is a zero; price: numbers that the image does
# not have, and a border that looks different from the rest); crop or resize the input to an
# odd size (price: pixels lost or blurred, but by choice); stride 1 (price: four times the
# work and memory); a kernel of 2 × 2 for even sizes (price: it sees less and has no
# middle).
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Even sizes, with the reason; one harmless and one harmful task, each with a reason that fits; two remedies with a price each |
# | 5–6 | Sizes right; tasks plausible but one reason missing, or one remedy without its price |
# | 2–4 | Only an example of a size or of a task; one remedy |
# | 0–1 | Claims that all pixels are always used, or only restates the question |
#
# *Sample, 8 points:* "(n-3)/2 must be a whole number, else one pixel is over, so even n
# lose one row and column at the bottom and right. For cat or dog on 224x224 nobody notices,
# the cat is in the middle and the row above shows the same fur. For finding scratches at
# the edge of a chip it is fatal, because a scratch in the last row is invisible for the
# network. Padding 1 helps but puts in fake black pixels; stride 1 helps but gives 4 times
# as many outputs to compute."
#
# *Sample, 3 points:* "For example 8x8: windows at 0, 2, 4, and then 7 is not used. You
# should use padding so that everything fits, otherwise information is lost, which is bad
# for accuracy."

# %% [markdown]
# ## What a stride makes up
#
# A stride leaves numbers out. Can it also show something that is not there? The stripes
# below are one pixel wide.
#
# **Predict.** What is left of the stripes if you take every second column, beginning with
# column 0? And beginning with column 1?

# %%
stripes = xp.zeros((3, 8)) + xp.arange(8) % 2
kept = [stripes[:, ::2], stripes[:, 1::2]]
show_arrays([stripes, *kept], ["stripes", "[:, ::2]", "[:, 1::2]"], shared_scale=True)

# %% [markdown]
# All black, or all white: the answer depends on a shift by one pixel, and neither is true.
# This is **aliasing**: a pattern too fine for the stride returns as a coarser one. A stride
# of $s$ can carry patterns whose period, dark and bright together, is at least $2s$ pixels.
# So finer ones have to be removed **before** the jump: by a blur.
#
# The rings below, a **zone plate**, get finer outwards.
#
# **Predict.** Every fourth pixel is kept. Where will the result be wrong first, in the
# middle or at the border? What will it show there?

# %%
figures.show_aliasing(figures.zone_plate(176, 256), stride=4)

# %% [markdown]
# Without a blur, rings appear around centres that do not exist. With it the true rings
# remain and the rest fades to grey, which is honest: "too fine to tell". Networks with
# strides have this weakness too: shift their input by one pixel, and the answer may change.
#
# ## Weights apart from each other
#
# Dilation reads pixels that are $d$ apart. There is another way to see it: lay out the
# kernel with zeros between its weights, and use the result as an ordinary kernel.
#
# **Predict.** A kernel of 2 rows and 3 columns gets the dilation (2, 3). How many rows and
# columns does the spread kernel have? How many of its numbers are the old weights?

# %%
figures.show_spread(xp.array([[1, 2, -3], [4, -5, 6]]), dilation=(2, 3))

# %% [markdown]
# ### Exercise 5.3 · dilate_kernel (12 points)
#
# Return the kernel with its weights spread apart.


# %% exercise="dilate_kernel"
def dilate_kernel(kernel, dilation):
    """Spread the weights of a kernel apart and fill the space with zeros.

    Parameters
    ----------
    kernel : array (KH, KW)
    dilation : (int, int)
        Rows from one weight to the next, and columns; 1 means neighbours.

    Returns
    -------
    array (dh * (KH - 1) + 1, dw * (KW - 1) + 1)
        The first and the last row and column hold weights.
    """
    KH, KW = kernel.shape
    dh, dw = dilation
    ### BEGIN SOLUTION
    out = xp.zeros((dh * (KH - 1) + 1, dw * (KW - 1) + 1))
    out[::dh, ::dw] = kernel
    return out
    ### END SOLUTION


# %% check="dilate_kernel" points=7
kernel = xp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
expect(
    dilate_kernel,
    kernel,
    dilation=(2, 2),
    gives=[[1, 0, 2, 0, 3], [0] * 5, [4, 0, 5, 0, 6]],
)
expect(
    dilate_kernel, kernel, dilation=(3, 1), gives=[[1, 2, 3], [0] * 3, [0] * 3, [4, 5, 6]]
)
### BEGIN HIDDEN TESTS


def reference(kernel, dilation):
    (KH, KW), (dh, dw) = kernel.shape, dilation
    return np.kron(kernel, np.eye(1, dh * dw).reshape(dh, dw))[
        : KH * dh - dh + 1, : KW * dw - dw + 1
    ]


def cases(rng):
    yield rng.standard_normal((3, 4)), (2, 3)
    yield rng.standard_normal((4, 2)), (3, 2)
    yield case(rng.standard_normal((3, 3)), (2, 4), note="a square kernel")
    yield case(rng.standard_normal((5, 2)).T, (4, 2), note="a transposed kernel")


expect_like(dilate_kernel, reference, cases)
### END HIDDEN TESTS

# %% check="dilate_kernel" part="edges" points=5
row = xp.array([[0.5, -2.0]])
expect(dilate_kernel, row, dilation=(1, 1), gives=[[0.5, -2]])
expect(dilate_kernel, row.T, dilation=(2, 5), gives=[[0.5], [0], [-2]])
expect(dilate_kernel, row, dilation=(3, 4), gives=[[0.5, 0, 0, 0, -2]])
### BEGIN HIDDEN TESTS


def reference(kernel, dilation):
    (KH, KW), (dh, dw) = kernel.shape, dilation
    return np.kron(kernel, np.eye(1, dh * dw).reshape(dh, dw))[
        : KH * dh - dh + 1, : KW * dw - dw + 1
    ]


def cases(rng):
    yield case(rng.standard_normal((3, 2)), (1, 1), note="dilation 1")
    yield case(rng.standard_normal((1, 1)), (4, 3), note="a single weight")
    yield case(rng.standard_normal((1, 5)), (3, 2), note="a kernel of one row")
    yield case(rng.integers(1, 9, (4, 3)), (1, 6), note="integers")


expect_like(dilate_kernel, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Between $k$ weights lie $k - 1$ gaps, each $d$ pixels long: $d\,(k - 1) + 1$ in all, the
# span of the window. No zeros follow the last weight.
#
# ## Everything together
#
# A dilated correlation gives what the spread kernel gives. But the zeros of that kernel are
# multiplied too: up to $d^2$ times the work for nothing. The window can instead skip pixels
# while it reads:
#
# $$\text{out}[i, j] = \sum_{p, q} \text{padded}[i \cdot sh + p \cdot dh,\;
# j \cdot sw + q \cdot dw] \cdot \text{kernel}[p, q]$$
#
# The stride tells where a window starts, the dilation what it reads from there on.

# %%
figures.show_stop(pixels, xp.array([[1, 2], [3, 4]]), stride=(1, 2), dilation=(3, 2))

# %% [markdown]
# **Predict.** A kernel of 3 × 3 weights has dilation 4. How large must the image be at
# least? How many multiplications does one output number take?
#
# ### Exercise 5.4 · correlate2d_general (14 points)
#
# Return the correlation with stride, padding and dilation.


# %% exercise="correlate2d_general"
def correlate2d_general(image, kernel, stride, padding, dilation):
    """Correlate one image with one kernel, with stride, padding and dilation.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
    stride : (int, int)
        Rows from one window to the next, and columns; each at least 1.
    padding : (int, int)
        Rows of zeros above and below, and columns of zeros left and right.
    dilation : (int, int)
        Rows from one weight to the next, and columns; 1 means neighbours.

    Returns
    -------
    array (OH, OW)
        Floating point; what the spread kernel gives.

    Raises
    ------
    ValueError
        The spread kernel is larger than the padded image.
    """
    H, W = image.shape
    KH, KW = kernel.shape
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    ### BEGIN SOLUTION
    tall, wide = dh * (KH - 1) + 1, dw * (KW - 1) + 1
    if tall > H + 2 * ph or wide > W + 2 * pw:
        raise ValueError(f"the kernel spans {tall} × {wide} pixels and does not fit.")
    padded = xp.zeros((H + 2 * ph, W + 2 * pw))
    padded[ph : ph + H, pw : pw + W] = image
    out = xp.zeros(((H + 2 * ph - tall) // sh + 1, (W + 2 * pw - wide) // sw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            top, left = i * sh, j * sw
            window = padded[top : top + tall : dh, left : left + wide : dw]
            out[i, j] = (window * kernel).sum()
    return out
    ### END SOLUTION


# %% check="correlate2d_general" points=8
rows = [[3, 1, 4, 1, 5, 9, 2], [6, 5, 3, 5, 8, 9, 7], [9, 3, 2, 3, 8, 4, 6]]
image = xp.array([*rows, [2, 6, 4, 3, 3, 8, 3], [2, 7, 9, 5, 0, 2, 8]], dtype=float)
kernel = xp.array([[1.0, 10.0], [100.0, 1000.0]])
# Weights 3 rows and 2 columns apart; windows start in rows 0 and 1, columns 0, 2 and 4.
first = [3 + 10 * 4 + 100 * 2 + 1000 * 4, 4 + 10 * 5 + 100 * 4 + 1000 * 3]
first += [5 + 10 * 2 + 100 * 3 + 1000 * 3]
second = [6 + 10 * 3 + 100 * 2 + 1000 * 9, 3 + 10 * 8 + 100 * 9 + 1000 * 0]
second += [8 + 10 * 7 + 100 * 0 + 1000 * 8]
options = {"stride": (1, 2), "padding": (0, 0), "dilation": (3, 2)}
expect(correlate2d_general, image, kernel, **options, gives=[first, second])
### BEGIN HIDDEN TESTS


def reference(image, kernel, stride, padding, dilation):
    (KH, KW), (dh, dw) = kernel.shape, dilation
    spread = np.kron(kernel, np.eye(1, dh * dw).reshape(dh, dw))[
        : KH * dh - dh + 1, : KW * dw - dw + 1
    ]
    padded = np.pad(image, [(p, p) for p in padding])
    windows = np.lib.stride_tricks.sliding_window_view(padded, spread.shape)
    return np.einsum("ijpq,pq->ij", windows[:: stride[0], :: stride[1]], spread)


def cases(rng):
    image, kernel = rng.standard_normal((9, 12)), rng.standard_normal((3, 2))
    yield case(image, kernel, stride=(1, 1), padding=(0, 0), dilation=(2, 3))
    yield case(image, kernel, stride=(2, 3), padding=(1, 2), dilation=(3, 4))
    yield case(image, kernel, stride=(3, 1), padding=(2, 0), dilation=(1, 5))
    square = rng.standard_normal((8, 8)), rng.standard_normal((3, 3))
    yield case(*square, stride=(2, 1), padding=(0, 1), dilation=(2, 3), note="all square")
    yield case(image.T, kernel, stride=(4, 2), padding=(1, 0), dilation=(2, 2))


expect_like(correlate2d_general, reference, cases)
### END HIDDEN TESTS

# %% check="correlate2d_general" part="edges" points=6
image = xp.array([[1, 2, 3, 4, 5], [6, 7, 8, 9, 0], [1, 3, 5, 7, 9]])
corners = xp.array([[0.5, 2.0], [4.0, 8.0]])
whole = 0.5 * 1 + 2 * 5 + 4 * 1 + 8 * 9  # the spread kernel just fits
options = {"stride": (3, 3), "padding": (0, 0), "dilation": (2, 4)}
expect(correlate2d_general, image, corners, **options, gives=[[whole]])
plain = [[0.5 * 1 + 2 * 2 + 4 * 6 + 8 * 7, 0.5 * 4 + 2 * 5 + 4 * 9 + 8 * 0]]
options = {"stride": (2, 3), "padding": (0, 0), "dilation": (1, 1)}
expect(correlate2d_general, image, corners, **options, gives=plain)
padded = [[0.5 * 0 + 2 * 0 + 4 * 0 + 8 * 7, 0 + 0 + 4 * 7 + 8 * 9, 0 + 0 + 4 * 9 + 8 * 0]]
padded += [[0 + 2 * 7 + 0 + 0, 0.5 * 7 + 2 * 9 + 0 + 0, 0.5 * 9 + 2 * 0 + 0 + 0]]
options = {"stride": (2, 2), "padding": (1, 1), "dilation": (2, 2)}
expect(correlate2d_general, image, corners, **options, gives=padded)
options = {"stride": (1, 1), "padding": (0, 0), "dilation": (3, 1)}
expect(correlate2d_general, image, corners, **options, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(image, kernel, stride, padding, dilation):
    (sh, sw), (dh, dw) = stride, dilation
    padded = np.pad(image, [(p, p) for p in padding])
    i = np.arange(0, len(padded) - dh * (len(kernel) - 1), sh)
    j = np.arange(0, padded.shape[1] - dw * (kernel.shape[1] - 1), sw)
    return sum(
        weight * padded[np.ix_(i + p * dh, j + q * dw)]
        for (p, q), weight in np.ndenumerate(kernel)
    )


def cases(rng):
    image, kernel = rng.standard_normal((5, 9)), rng.standard_normal((2, 3))
    one, whole = rng.standard_normal((1, 1)), rng.integers(0, 9, (6, 7))
    yield case(image, kernel, (1, 2), (0, 0), (4, 4), note="a kernel as large as the image")
    yield case(image, one, (2, 3), (1, 0), (9, 9), note="a single weight")
    yield case(image, kernel, (2, 5), (3, 2), (6, 3), note="much padding")
    yield case(whole, kernel, (1, 3), (0, 1), (3, 2), note="an image of integers")
    yield case(image, kernel, (1, 1), (0, 0), (5, 1), raises=ValueError, note="too tall")
    yield case(image, kernel, (2, 9), (1, 1), (2, 6), raises=ValueError, note="too wide")


expect_like(correlate2d_general, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# On a photograph: Sobel's kernel for upright edges, its nine weights farther and farther
# apart.

# %%
figures.show_dilations(photo(), [1, 4, 12])

# %% [markdown]
# The work per output number never changes, nine multiplications, while the kernel compares
# things that are farther and farther apart. From here on you also have `correlate`, a
# finished correlation with all three options. Use it or your own.

# %% given="finished"
from helpers.filters import correlate

# %% [markdown]
# ## How much has one number seen?
#
# One output of a second layer sees $k$ outputs of the first, and through them more pixels
# than $k$. The stretch of the input that an output depends on is its **receptive field**:
# `rf` pixels from the first to the last, even where dilation skips some on the way.
#
# Two more numbers describe it. The **jump** is how far the field moves when you go on to
# the next output. The **start** is the pixel where the field of output 0 begins; with
# padding it begins in the zeros, so `start` is negative. Output $i$ then sees pixels
#
# $$\text{start} + i \cdot \text{jump} \quad \text{to} \quad
# \text{start} + i \cdot \text{jump} + \text{rf} - 1$$
#
# **Predict.** Three layers with kernels of 3 weights. How many pixels does an output of the
# third see: 9, 7, or 27? And if the first layer has stride 2?

# %%
stacks = {"stride 1, 1, 1": [(3, 1, 0, 1)] * 3}
stacks["stride 2, 1, 1"] = [(3, 2, 0, 1), (3, 1, 0, 1), (3, 1, 0, 1)]
stacks["dilation 1, 2, 4"] = [(3, 1, 0, 1), (3, 1, 0, 2), (3, 1, 0, 4)]
fields.show_pyramids(stacks, n=17)

# %% [markdown]
# The layers overlap, so a layer of stride 1 adds $k - 1$ pixels and not $k$. After a stride
# the steps of all later layers count double, since their neighbours lie two pixels apart in
# the input. Dilation reaches farther still, and the jump stays 1.
#
# Pooling layers (lesson 08) take the maximum or the mean of a window. For the receptive
# field only the window counts, so they are layers like any other.
#
# ### Exercise 5.5 · receptive_field (16 points)
#
# Return receptive field, jump and start of a stack of layers, along one axis.


# %% exercise="receptive_field"
def receptive_field(layers):
    """Return what one output of a stack of layers sees, along one axis.

    Parameters
    ----------
    layers : list of (int, int, int, int)
        Kernel, stride, padding and dilation of each layer, beginning next to the input.
        A pooling layer is an entry like the others.

    Returns
    -------
    rf : int
        Pixels from the first to the last one that an output depends on, both included.
    jump : int
        Pixels from the field of one output to the field of the next.
    start : int
        The pixel where the field of output 0 begins; negative inside the padding. A stack
        without layers gives the pixel itself: 1, 1, 0.
    """
    ### BEGIN SOLUTION
    rf, jump, start = 1, 1, 0
    for k, s, p, d in layers:
        rf += d * (k - 1) * jump
        start -= p * jump
        jump *= s
    return rf, jump, start
    ### END SOLUTION


# %% check="receptive_field" points=9
# Each layer is (kernel, stride, padding, dilation).
expect(receptive_field, [(5, 3, 0, 1)], gives=(5, 3, 0))
expect(receptive_field, [(3, 1, 0, 1)] * 3, gives=(1 + 2 + 2 + 2, 1, 0))
strided = [(3, 2, 0, 1), (5, 3, 0, 1), (2, 1, 0, 1)]
expect(receptive_field, strided, gives=(1 + 2 * 1 + 4 * 2 + 1 * 6, 2 * 3 * 1, 0))
# A convolution, a pooling layer of 2 with stride 2, a convolution.
pooled = [(3, 1, 0, 1), (2, 2, 0, 1), (3, 1, 0, 1)]
expect(receptive_field, pooled, gives=(1 + 2 * 1 + 1 * 1 + 2 * 2, 1 * 2 * 1, 0))
### BEGIN HIDDEN TESTS


def reference(layers):
    fields = []
    for output in (0, 1):
        seen = {output}
        for k, s, p, d in reversed(layers):
            seen = {i * s - p + q * d for i in seen for q in range(k)}
        fields.append(seen)
    first, second = fields
    return max(first) - min(first) + 1, min(second) - min(first), min(first)


def cases(rng):
    for depth in (1, 2, 2, 3, 4, 5):
        yield ([(int(k), int(s), 0, 1) for k, s in rng.integers(1, [6, 4], (depth, 2))],)
    vgg = [(3, 1, 0, 1), (3, 1, 0, 1), (2, 2, 0, 1)]
    yield case(vgg * 3, note="nine layers, every third one a pooling layer")


expect_like(receptive_field, reference, cases)
### END HIDDEN TESTS

# %% check="receptive_field" part="padding" points=7
padded = [(3, 2, 1, 1), (5, 1, 2, 1)]
expect(receptive_field, padded, gives=(1 + 2 + 4 * 2, 2, 0 - 1 - 2 * 2))
spread = [(3, 1, 1, 1), (3, 1, 2, 2), (3, 1, 4, 4)]
expect(receptive_field, spread, gives=(1 + 2 + 2 * 2 + 4 * 2, 1, -1 - 2 - 4))
both = [(2, 3, 0, 4), (3, 1, 2, 2)]
expect(receptive_field, both, gives=(1 + 4 + 2 * 2 * 3, 3, 0 - 2 * 3))
expect(receptive_field, [], gives=(1, 1, 0))
### BEGIN HIDDEN TESTS


def reference(layers):
    fields = []
    for output in (0, 1):
        seen = {output}
        for k, s, p, d in reversed(layers):
            seen = {i * s - p + q * d for i in seen for q in range(k)}
        fields.append(seen)
    first, second = fields
    return max(first) - min(first) + 1, min(second) - min(first), min(first)


def cases(rng):
    for depth in (1, 2, 3, 4, 5, 6):
        layers = rng.integers([1, 1, 0, 1], [6, 4, 4, 4], (depth, 4))
        yield ([tuple(int(v) for v in layer) for layer in layers],)
    yield case([(1, 1, 0, 1), (1, 2, 0, 3)], note="kernels of one weight")


expect_like(receptive_field, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Each layer multiplies the jump by its stride, and adds $d\,(k - 1)$ steps of the jump that
# it **finds**: a layer's own stride matters only to the layers after it. A stride near the
# input therefore widens the view of all layers behind it.

# %%
conv, pool = (3, 1, 1, 1), (2, 2, 0, 1)
deep = [conv, conv, pool, conv, conv, pool] + [conv, conv, conv, pool] * 3
for count in (2, 3, 6, 10, 14, 18):
    rf, jump, start = fields.field_of(deep[:count])
    print(f"after layer {count:2}: an output sees {rf:3} pixels, jump {jump:2}")

# %% [markdown]
# These are the layers of VGG-16, a famous network for photographs of 224 × 224 pixels,
# which you will meet again in lesson 11.
#
# ## Measure it
#
# A formula can be wrong, and networks may hold things that it does not know. So ask the
# network itself: change **one** pixel and see whether the output changes.
#
# The change must not hide. Multiply a black pixel by two, and nothing happens. Brighten a
# whole row at once, and a kernel whose weights cancel in that row gives the same number. If
# the result is squared, +1 and −1 on black give the same answer, so compare with the
# *unchanged* image.
#
# **Predict.** The function below adds three pixels, each times a number of its own. Which
# pixels does output (1, 2) see?


# %% given="functions"
def three_pixels(image):
    return image[:-1, :-1] + 5 * image[:-1, 1:] - 2 * image[1:, :-1]


# %%
numbered = 10 * xp.arange(4)[:, None] + xp.arange(5)
show_arrays(
    [numbered, three_pixels(numbered)], ["image", "three_pixels(image)"], numbers=True
)

# %% [markdown]
# ### Exercise 5.6 · empirical_rf (10 points)
#
# Return which pixels of the input can change one output number, by trying each of them.


# %% exercise="empirical_rf"
def empirical_rf(fn, H, W, i, j):
    """Find the pixels on which one output of a function depends, by changing each of them.

    Parameters
    ----------
    fn : function
        ``fn(image)`` takes an array (H, W) of floats and returns an array (OH, OW). It is
        made of correlations; constants may be added, and the result may be squared.
    H, W : int
        Size of the images to try it with.
    i, j : int
        Row and column of the output to watch.

    Returns
    -------
    array (H, W)
        bool, True where a pixel changes ``fn(image)[i, j]``.
    """
    ### BEGIN SOLUTION
    black = xp.zeros((H, W))
    before = fn(black)[i, j]
    seen = xp.zeros((H, W), dtype=bool)
    for row in range(H):
        for column in range(W):
            changed = black.copy()
            changed[row, column] = 1
            seen[row, column] = fn(changed)[i, j] != before
    return seen
    ### END SOLUTION


# %% check="empirical_rf" points=6
def brighter(image):
    return image[:, 1:] + 3


def slope(image):
    return image[:, 2:] - image[:, :-2]


no, yes = False, True
corner = [[no] * 5, [no, no, yes, yes, no], [no, no, yes, no, no], [no] * 5]
expect(empirical_rf, three_pixels, 4, 5, 1, 2, gives=corner, dtype="bool")
next_pixel = [[no] * 4, [no] * 4, [no, yes, no, no]]
expect(empirical_rf, brighter, 3, 4, 2, 0, gives=next_pixel, dtype="bool")
left_and_right = [[no, yes, no, yes, no], [no] * 5]
expect(empirical_rf, slope, 2, 5, 0, 1, gives=left_and_right, dtype="bool")
### BEGIN HIDDEN TESTS


def one_layer(image):
    return correlate(image, xp.arange(1.0, 7).reshape(2, 3), (2, 3), (1, 0))


def two_layers(image):
    first = correlate(image, xp.arange(1.0, 7).reshape(3, 2), (2, 1), (1, 2))
    return correlate(first, xp.arange(2.0, 6).reshape(2, 2), (1, 2), (0, 1), (1, 2))


# Rows, then columns, of each layer: (kernel, stride, padding, dilation).
STACKS = {
    "one_layer": ([(2, 2, 1, 1)], [(3, 3, 0, 1)]),
    "two_layers": ([(3, 2, 1, 1), (2, 1, 0, 1)], [(2, 1, 2, 1), (2, 2, 1, 2)]),
}


def reference(fn, H, W, i, j):
    axes = []
    for n, place, layers in zip((H, W), (i, j), STACKS[fn.__name__], strict=True):
        seen = {place}
        for k, s, p, d in reversed(layers):
            seen = {o * s - p + q * d for o in seen for q in range(k)}
        axes.append(np.isin(np.arange(n), list(seen)))
    return np.logical_and.outer(*axes)


def cases(rng):
    yield case(one_layer, 5, 11, 1, 2)
    yield case(two_layers, 7, 6, 1, 2)
    yield case(two_layers, 6, 7, 0, 0, note="a corner, with padding")


expect_like(empirical_rf, reference, cases, dtype="bool")
### END HIDDEN TESTS


# %% check="empirical_rf" part="hiding" points=4
def squared_slope(image):
    return (image[1:, :-1] - image[:-1, 1:]) ** 2


def cancelling(image):
    return image[:-1, 1:] - image[:-1, :-1] + image[1:, 1:]


no, yes = False, True
three = [[no, yes, yes, no], [no, no, yes, no]]
expect(empirical_rf, cancelling, 2, 4, 0, 1, gives=three, dtype="bool")
falling = [[no] * 5, [no, no, yes, no, no], [no, yes, no, no, no]]
expect(empirical_rf, squared_slope, 3, 5, 1, 1, gives=falling, dtype="bool")
### BEGIN HIDDEN TESTS


def energy(image):
    kernel = xp.array([[-1.0, 1.0], [2.0, -2.0]])
    return 4 + correlate(image, kernel, (1, 2), (0, 1), (2, 1)) ** 2


def reference(fn, H, W, i, j):
    seen = np.zeros((H, W), dtype=bool)
    for row in (i, i + 2):
        for column in (2 * j - 1, 2 * j):
            if 0 <= column < W:
                seen[row, column] = True
    return seen


def cases(rng):
    yield case(energy, 5, 7, 1, 2, note="a square of weights that cancel")
    yield case(energy, 4, 6, 0, 0, note="at the border")


expect_like(empirical_rf, reference, cases, dtype="bool")
### END HIDDEN TESTS

# %% [markdown]
# Now formula and measurement together: six layers on an image of 33 × 48 pixels, each
# taking the mean of 3 × 3 neighbours, the second one with stride 2.

# %%
means = [(3, 1, 1, 1), (3, 2, 1, 1)] + [(3, 1, 1, 1)] * 4
fields.show_measured(means, 33, 48, i=8, j=10)

# %% [markdown]
# They agree to the pixel. The right picture shows what no formula above told: most of the
# field hardly counts. A pixel in the middle reaches the output on very many ways through
# the layers, one at the frame on a single way. This core is called the **effective
# receptive field**. A network needs a receptive field well larger than what it is to
# recognise.
#
# ### Question 5.2 · Stride 2 or pooling by 2 (8 points)
#
# Two ways to halve the size of a map: (a) a convolution of 3 × 3 with stride 2; (b) the
# same convolution with stride 1, followed by a maximum over tiles of 2 × 2 (kernel 2,
# stride 2). Compare them: the work in multiplications, the receptive field and the jump
# (with numbers), what happens to a thin bright line that moves by one pixel. When would you
# choose which?

# %% [markdown] question="stride-or-pool" points=8
# **Model answer.** *Work:* (a) computes a quarter of the outputs, so nine multiplications
# per output of the halved map against 36 in (b), plus three comparisons. *Receptive field:*
# (a) 3, jump 2; (b) 3 + 1 = 4, jump 2. All later layers see the same steps, so (b) stays
# one pixel larger. *Moving line:* (a) evaluates the filter at even places only; whether it
# hits the line or misses it depends on where the line stands, so the answer flickers when
# it moves (aliasing). (b) evaluates it everywhere and keeps the strongest answer of each
# tile: as long as that answer moves within its tile nothing changes, beyond it the next
# tile takes over. It is steadier, though not unchanged, and it forgets where in the tile
# the line was. The maximum has nothing to learn; the kernel of (a) can learn its own blur.
#
# *Choice:* (a) when time or memory is short, early in a network, or when the place matters;
# (b) when a small shift must not change the answer and the work can be paid. A blur before
# the stride is a third way.
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Factor 4 in the work, 3 against 4 pixels at jump 2, the moving line explained for both, a choice that follows from it |
# | 5–6 | Three of the four right, or all four with one slip in a number |
# | 2–4 | Two of the four, mostly in words without numbers |
# | 0–1 | "Pooling is better" or the like, or claims that both are the same |
#
# *Sample, 8 points:* "Stride 2 needs 9 multiplications per final pixel, conv + pool needs
# 4 times 9 = 36, because three of four results are thrown away by the max. rf: 3 versus
# 1+2+1 = 4, jump 2 in both. If the line sits on an odd column the strided conv may see it
# with another weight than on an even column, so the output jumps when the line moves 1 px.
# With max pooling one of the two columns of the tile has the big value anyway, so half of
# the moves change nothing. On a phone I take stride, for digits that can be a bit shifted I
# take pooling."
#
# *Sample, 3 points:* "Pooling has no parameters and makes the network invariant. Stride 2
# is faster because it computes fewer windows. I would use pooling because most networks use
# it."

# %% [markdown]
# ## Bonus · A stride without aliasing
#
# Not graded. Take `stripes`, or the zone plate of 160 × 240 pixels from
# `figures.zone_plate`. Move it one pixel to the right, take every second or fourth pixel
# before and after the move, and measure how much the result changes: the mean of the
# squared difference. Then blur first, with kernels of growing width, and draw the change
# against the width. How wide must the blur be so that the change hardly shrinks any more,
# and what does it cost in detail?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built the size of every output, correlation with stride, padding and dilation, and the
# receptive field: by formula and by measurement. A stride saves work, loses leftovers and
# may make up patterns. Dilation looks farther at the same price. Depth and strides together
# let a single number see a whole image.
#
# **Next.** Lesson 06 gives this operation channels, many filters and a bias: the
# convolution layer. Lesson 08 builds pooling, and lesson 11 counts famous networks with
# your formulas.
#
# **Read on.** V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep
# learning", 2016 (https://arxiv.org/abs/1603.07285).

# %% [markdown]
# # 4. Padding
#
# **You will** put borders around images: of zeros, of copied, mirrored and continued pixels.
# You learn how wide a border keeps the size, count how often each pixel is looked at, and
# see what a border does to a picture after twenty layers.
#
# **You need** correlation of images from lesson 03, and the three sizes from lesson 02.
#
# **Time** about 75 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `n`, `k` | numbers | size of an image and of a kernel along one axis |
# | `before`, `after` | numbers | pixels of border at the two ends of one axis |
# | `x` | `(N, C, H, W)` | N images with C channels |
# | `padding` | `(top, bottom, left, right)` or one number | pixels of border, in this order or on every side |
# | `image`, `kernel` | `(H, W)`, `(KH, KW)` | one channel, and a grid of weights |

# %% given="setup"
import numpy as np

from helpers import figures_04 as figures
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.figures_03 import photo
from helpers.filters import filter2d

# %% [markdown]
# ## Every layer eats the border
#
# A kernel stops wherever it fits into the image, so the output is smaller than the image.
# Along one axis a window of $k$ pixels starts at pixel 0 first, and its last stop ends at
# the last pixel. Each bar below is one stop.
#
# Now put a **border** of further pixels around the image, also called **padding**: `before`
# of them in front and `after` of them behind. The window may stop on the border too.
#
# **Predict.** The row has 7 pixels and the window 3. How many stops are there? How many if one
# pixel is put in front and two behind?

# %%
figures.show_stops(7, 3)
figures.show_stops(7, 3, before=1, after=2)

# %% [markdown]
# The window sees one long row and does not care which of its pixels are border.
#
# ### Exercise 4.1 · out_size (10 points)
#
# Count the stops of a window along one axis.


# %% exercise="out_size"
def out_size(n, k, before, after):
    """Count the positions of a window along one axis, border included.

    Parameters
    ----------
    n : int
        Pixels of the image.
    k : int
        Pixels of the window, at least 1.
    before, after : int
        Pixels of border in front and behind, at least 0.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        The window is longer than image and border together.
    """
    ### BEGIN SOLUTION
    total = before + n + after
    if k > total:
        raise ValueError(f"a window of {k} does not fit into {total} pixels.")
    return total - k + 1
    ### END SOLUTION


# %% check="out_size" points=10
expect(out_size, 5, 3, 0, 0, gives=3)  # it starts at 0, 1 and 2
expect(out_size, 6, 2, 3, 0, gives=3 + 5)  # 3 starts on the border, 5 in the image
expect(out_size, 5, 3, 1, 1, gives=1 + 3 + 1)
expect(out_size, 6, 6, 0, 0, gives=1)
expect(out_size, 4, 7, 2, 1, gives=1)  # longer than the image, and yet it fits
expect(out_size, 4, 9, 2, 1, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(n, k, before, after):
    return sum(1 for start in range(-before, n + after) if start + k <= n + after)


def cases(rng):
    for _ in range(300):
        n, before, after = (int(size) for size in rng.integers((1, 0, 0), (30, 6, 6)))
        yield n, int(rng.integers(1, before + n + after + 1)), before, after
    yield case(3, 8, 4, 1, note="one place, most of it on the border")
    yield case(3, 9, 4, 1, raises=ValueError, note="one pixel too long")
    yield case(5, 6, 0, 0, raises=ValueError, note="without a border")


expect_like(out_size, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# **Predict.** A digit of 28 × 28 pixels goes through layers of 3 × 3 kernels without a border.
# After how many layers is nothing left to slide over?

# %%
figures.show_shrinking(28, [3, 5, 7])

# %% [markdown]
# A layer of $k \times k$ kernels takes $k - 1$ pixels from each axis, whatever it computes.
# Without a border the size of the image would decide how deep a network can be.
#
# ## How wide a border keeps the size
#
# You want an output as large as the input. As long as the window moves on by one pixel
# (lesson 05 calls this stride 1), the border must give back what the kernel takes, $k - 1$
# pixels. Split into equal halves, that makes on each side
#
# $$p = \frac{k - 1}{2}$$
#
# Below are an image of 5 × 5, a kernel of 3 × 3, and a border of $(3 - 1) / 2 = 1$ pixel,
# hatched.
#
# **Predict.** How wide is the border for a kernel of 5 × 5? And what happens for 4 × 4?

# %%
rows = [[1, 2, 0, 3, 1], [0, 1, 4, 1, 2], [2, 0, 1, 5, 0], [3, 1, 2, 0, 1], [1, 0, 2, 4, 3]]
figures.show_same(xp.array(rows), xp.array([[0, 1, 0], [1, -1, 2], [0, 1, 0]]))

# %% [markdown]
# For 5 × 5 the border is 2 pixels wide. An even $k$ takes an odd number of pixels, which has
# no equal halves: one side gets one more. In this course that is the side **after**, as in
# PyTorch and TensorFlow. (NumPy's *same*, which you built for signals in lesson 02, gives it
# to the side before. Both are in use; they differ by one pixel.)
#
# A kernel can also be spread out: with **dilation** $d$ neighbouring weights stand $d$
# pixels apart, so that $k$ weights **span** $d\,(k - 1) + 1$ pixels. Dilation 1 is the usual
# kernel. Lesson 05 builds the others.
#
# ### Exercise 4.2 · same_padding (12 points)
#
# Return the border in front and behind that keeps the size.


# %% exercise="same_padding"
def same_padding(k, dilation=1):
    """Return the border that makes the output as large as the input, at stride 1.

    Parameters
    ----------
    k : int
        Weights of the kernel along this axis, odd or even.
    dilation : int
        Pixels from one weight to the next; 1 means neighbours.

    Returns
    -------
    before, after : int
        Whole numbers. They are equal, or `after` is larger by one.
    """
    ### BEGIN SOLUTION
    total = dilation * (k - 1)
    before = total // 2
    return before, total - before
    ### END SOLUTION


# %% check="same_padding" points=7
expect(same_padding, 3, gives=(1, 1))
expect(same_padding, 5, gives=(2, 2))
expect(same_padding, 1, gives=(0, 0))


def shape_with_border(n, k):
    before, after = same_padding(k)
    return tuple(xp.zeros(before + n + after).shape)


whole = "the border is counted in floats. Use // for whole pixels."
expect(shape_with_border, 4, 3, gives=(1 + 4 + 1,), hint=whole)
### BEGIN HIDDEN TESTS


def reference(k):
    pairs = len(range(1, k, 2))  # all weights but the middle one come in pairs
    return pairs, pairs


def cases(rng):
    for k in (7, 9, 11, 2 * int(rng.integers(6, 50)) + 1):
        yield (k,)


expect_like(same_padding, reference, cases)
### END HIDDEN TESTS

# %% check="same_padding" part="edges" points=5
expect(same_padding, 3, dilation=2, gives=(2, 2))  # three weights cover 5 pixels
expect(same_padding, 4, gives=(1, 2))
expect(same_padding, 4, dilation=3, gives=(4, 5))  # four weights cover 10 pixels
### BEGIN HIDDEN TESTS


def reference(k, dilation=1):
    border = [0, 0]
    for pixel in range(1, dilation * (k - 1) + 1):  # hand them out in turn, after first
        border[pixel % 2] += 1
    return tuple(border)


def cases(rng):
    yield case(2, note="a kernel of two weights")
    yield (6,)
    for k, d in ((2, 3), (4, 2), (5, 3), (3, 7)):
        yield case(k, dilation=d)
    yield case(1, dilation=4, note="a single weight")
    yield case(int(rng.integers(7, 30)), dilation=int(rng.integers(2, 6)))


expect_like(same_padding, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_stops(6, 4, before=1, after=2)

# %% [markdown]
# Six pixels, six stops, with an even kernel: the window hangs over by one pixel at its
# first stop and by two at its last. Nearly all networks use odd kernels, and this is one
# reason: an odd kernel has a middle, and its output pixel lies exactly under it.
#
# ## A border of zeros
#
# Nothing mysterious happens when an image is padded: a larger array is made, filled with
# one value, and the image is written into the middle of it. The value is usually 0.
#
# A batch $(N, C, H, W)$ is padded at its rows and columns only. There is nothing to put
# around a list of images or around the colours of a pixel.
#
# **Predict.** A batch of the shape (2, 3, 4, 5) gets 1 row above, 2 below, and 3 columns on the
# left. What is its shape then, and where in it is the first pixel of the first image?

# %%
figures.show_padded(xp.array([[7, 2, 5], [1, 8, 3]]), (1, 2, 3, 0))

# %% [markdown]
# ### Exercise 4.3 · pad2d (16 points)
#
# Put a border of one value around every image of a batch. `xp.pad` can do this; write it
# without, so that you know what it does.


# %% exercise="pad2d"
def pad2d(x, padding, value=0):
    """Put a border of one value around every channel of every image.

    Write it without ``xp.pad``.

    Parameters
    ----------
    x : array (N, C, H, W)
    padding : (int, int, int, int)
        Rows above, rows below, columns on the left, columns on the right; each at least 0.
    value : number
        What the border is filled with.

    Returns
    -------
    array (N, C, top + H + bottom, left + W + right)
        A new array with the dtype of `x`.
    """
    N, C, H, W = x.shape
    top, bottom, left, right = padding
    ### BEGIN SOLUTION
    out = xp.full((N, C, top + H + bottom, left + W + right), value, dtype=x.dtype)
    out[:, :, top : top + H, left : left + W] = x
    return out
    ### END SOLUTION


# %% check="pad2d" points=9
x = xp.array([[[[1.5, 2, 3], [4, 5, 6]]]])  # one image, one channel
wanted = [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1.5, 2, 3, 0, 0], [4, 5, 6, 0, 0]]
expect(pad2d, x, (2, 0, 0, 2), gives=[[wanted]])
wanted = [[0, 0, 0, 1.5, 2, 3], [0, 0, 0, 4, 5, 6], [0] * 6, [0] * 6]
expect(pad2d, x, (0, 2, 3, 0), gives=[[wanted]])
pair = xp.array([[[[1.0, 2]]], [[[3.0, 4]]]])  # two images
expect(pad2d, pair, (0, 1, 1, 0), gives=[[[[0, 1, 2], [0] * 3]], [[[0, 3, 4], [0] * 3]]])
### BEGIN HIDDEN TESTS


def reference(x, padding, value=0):
    top, bottom, left, right = padding
    columns = (*[value] * left, *np.moveaxis(x, 3, 0), *[value] * right)
    wide = np.stack([np.broadcast_to(c, x.shape[:3]) for c in columns], axis=3)
    around = ((0, 0), (0, 0), (top, bottom), (0, 0))
    return np.pad(wide, around, constant_values=value)


def cases(rng):
    yield rng.standard_normal((2, 3, 4, 5)), (1, 2, 3, 4)
    yield rng.standard_normal((3, 2, 5, 4)), (4, 0, 1, 3)
    yield case(rng.standard_normal((2, 2, 3, 3)), (2, 2, 2, 2), note="one number all round")
    yield case(rng.standard_normal((1, 4, 2, 6)), (0, 0, 0, 0), note="no border at all")


expect_like(pad2d, reference, cases)
### END HIDDEN TESTS

# %% check="pad2d" part="values" points=7
x = xp.array([[[[1.5, 2, 3]]]], dtype=xp.float32)
wanted = [[[[-0.5, 1.5, 2, 3], [-0.5, -0.5, -0.5, -0.5]]]]
expect(pad2d, x, (0, 1, 1, 0), value=-0.5, gives=wanted, dtype="float32")
grey = xp.array([[[[200]], [[7]]]], dtype=xp.uint8)
expect(pad2d, grey, (0, 0, 0, 1), gives=[[[[200, 0]], [[7, 0]]]], dtype="uint8")
### BEGIN HIDDEN TESTS


def reference(x, padding, value=0):
    top, bottom, left, right = padding
    columns = (*[value] * left, *np.moveaxis(x, 3, 0), *[value] * right)
    wide = np.stack([np.broadcast_to(c, x.shape[:3]) for c in columns], axis=3)
    around = ((0, 0), (0, 0), (top, bottom), (0, 0))
    return np.pad(wide, around, constant_values=value)


def cases(rng):
    x = rng.standard_normal((2, 3, 4, 5))
    yield case(x, (3, 1, 0, 2), value=0.5)
    yield case(x, (1, 0, 2, 1), value=float("-inf"), note="below every number")
    yield case(x.transpose(1, 0, 3, 2), (2, 1, 1, 0), value=-7.0, note="axes exchanged")
    yield case(rng.integers(0, 99, (1, 2, 3, 4)), (0, 1, 2, 0), value=5, note="integers")


expect_like(pad2d, reference, cases)
### END HIDDEN TESTS

# %%
colours = figures.colour_photo()
figures.show_framed(colours, (10, 40, 10, 10), value=0.9)

# %% [markdown]
# The same value in all three channels makes grey, nearly white. The numbers of the
# photograph are unchanged and stand at other addresses: what was at $[n, c, i, j]$ is now
# at $[n, c, i + \text{top}, j + \text{left}]$. So the batch of the prediction has the shape
# (2, 3, 7, 8), and its first pixel stands at [0, 0, 1, 3].
#
# ## Three sizes, now for images
#
# With a border of zeros the three sizes of lesson 02 come back, along two axes:
#
# - **valid**: no border, windows inside the image only;
# - **same**: the border of Exercise 4.2, an output as large as the image;
# - **full**: a border of $k - 1$ pixels on every side, every window that touches the image.
#
# **Predict.** An image of 1s, 4 rows by 6 columns, meets a kernel of 3 × 3 ones in mode *same*.
# Which numbers stand in the middle of the output, along its edges, and in its corners?

# %%
ones = xp.ones((4, 6))
figures.show_same(ones, xp.ones((3, 3)))

# %% [markdown]
# Nothing but 1s went in, and a frame came out: 9 in the middle, 6 along the edges, 4 in the
# corners. At the border some of the nine weights meet zeros.
#
# ### Exercise 4.4 · correlate2d_padded (14 points)
#
# Correlate an image in one of the three modes. `filter2d(image, kernel)` from lesson 03 is
# there for the sliding; it uses no border.


# %% exercise="correlate2d_padded"
def correlate2d_padded(image, kernel, mode):
    """Correlate one image with one kernel in one of three sizes, padded with zeros.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
        Except in mode valid it may be larger than the image.
    mode : str
        ``"valid"``: no border. ``"same"``: the smallest border that keeps the size; where
        it cannot be equal on both sides, one row more below or one column more on the
        right. ``"full"``: KH - 1 rows above and below, KW - 1 columns left and right.

    Returns
    -------
    array (H - KH + 1, W - KW + 1), (H, W) or (H + KH - 1, W + KW - 1)
        Floating point.

    Raises
    ------
    ValueError
        The mode is none of the three, or it is valid and the kernel does not fit.
    """
    H, W = image.shape
    KH, KW = kernel.shape
    ### BEGIN SOLUTION
    borders = {
        "valid": (0, 0, 0, 0),
        "same": ((KH - 1) // 2, KH // 2, (KW - 1) // 2, KW // 2),
        "full": (KH - 1, KH - 1, KW - 1, KW - 1),
    }
    if mode not in borders:
        raise ValueError(f"mode is {mode!r}; it must be valid, same or full.")
    top, bottom, left, right = borders[mode]
    padded = xp.zeros((top + H + bottom, left + W + right))
    padded[top : top + H, left : left + W] = image
    return filter2d(padded, kernel)
    ### END SOLUTION


# %% check="correlate2d_padded" points=7
image = xp.array([[1.0, 2, 3], [4, 5, 6]])
kernel = xp.array([[1.0, 10, 100]])  # so each digit of a sum shows one pixel
expect(correlate2d_padded, image, kernel, "valid", gives=[[321], [654]])
expect(correlate2d_padded, image, kernel, "same", gives=[[210, 321, 32], [540, 654, 65]])
wanted = [[100, 210, 321, 32, 3], [400, 540, 654, 65, 6]]
expect(correlate2d_padded, image, kernel, "full", gives=wanted)
expect(correlate2d_padded, image.T, kernel.T, "full", gives=xp.array(wanted).T)
### BEGIN HIDDEN TESTS


def reference(image, kernel, mode):
    (H, W), (KH, KW) = image.shape, kernel.shape
    full = np.zeros((H + KH - 1, W + KW - 1))
    for (i, j), value in np.ndenumerate(image):  # every pixel stamps the rotated kernel
        full[i : i + KH, j : j + KW] += value * kernel[::-1, ::-1]
    cut = {"full": 0, "same": 1, "valid": 2}[mode]
    rows, columns = cut * (KH - 1) // 2, cut * (KW - 1) // 2
    return full[rows : len(full) - rows, columns : full.shape[1] - columns]


def cases(rng):
    for H, W, KH, KW in ((6, 8, 3, 5), (7, 5, 5, 1), (5, 5, 3, 3)):
        image, kernel = rng.standard_normal((H, W)), rng.standard_normal((KH, KW))
        for mode in ("valid", "same", "full"):
            yield image, kernel, mode


expect_like(correlate2d_padded, reference, cases)
### END HIDDEN TESTS

# %% check="correlate2d_padded" part="edges" points=7
kernel = xp.array([[1.0, 10, 100, 1000]])  # an even kernel: one pixel before, two after
image = xp.array([[1, 2, 3, 4]])  # integers
expect(correlate2d_padded, image, kernel, "same", gives=[[3210, 4321, 432, 43]])
image = image[:, :3]  # now the kernel is larger
expect(correlate2d_padded, image, kernel, "same", gives=[[3210, 321, 32]])
wanted = [[1000, 2100, 3210, 321, 32, 3]]
expect(correlate2d_padded, image, kernel, "full", gives=wanted)
expect(correlate2d_padded, image, kernel, "valid", raises=ValueError)
expect(correlate2d_padded, image, kernel[:, :2], "Same", raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(image, kernel, mode):
    (H, W), (KH, KW) = image.shape, kernel.shape
    full = np.zeros((H + KH - 1, W + KW - 1))
    for (i, j), value in np.ndenumerate(image):
        full[i : i + KH, j : j + KW] += value * kernel[::-1, ::-1]
    return full if mode == "full" else full[KH // 2 :, KW // 2 :][:H, :W]


def cases(rng):
    for H, W, KH, KW in ((5, 7, 2, 4), (6, 4, 4, 3), (3, 4, 6, 2), (2, 5, 3, 8)):
        image, kernel = rng.standard_normal((H, W)), rng.standard_normal((KH, KW))
        yield image, kernel, "same"
        yield image, kernel, "full"
    image = rng.standard_normal((4, 6))
    yield case(image, rng.standard_normal((5, 2)), "valid", raises=ValueError)
    yield case(image, rng.standard_normal((3, 3)), "reflect", raises=ValueError)


expect_like(correlate2d_padded, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_three_sizes(photo(), 25)

# %% [markdown]
# *Valid* uses nothing but pixels of the image, and loses the border. *Same* keeps the size and
# mixes black into everything near the border. *Full* lets every pixel meet every weight, and
# fades out.
#
# ## Who is looked at how often
#
# A border does more than keep the size. Each window looks at some pixels. A pixel in the
# middle lies in many windows, a pixel in the corner in one only, so what is in the corner
# has little say in the output.
#
# Below is an image of 3 × 4 pixels under windows of 2 × 2, without a border. Each number
# says in how many windows the pixel lies.
#
# **Predict.** For an image of 4 × 5 pixels and windows of 3 × 3: what is the number in the
# corner, and what is the largest number? How do both change if there is a border of one pixel?

# %%
figures.show_usage(3, 4, 2, 2, [0])

# %% [markdown]
# ### Exercise 4.5 · pixel_usage (12 points)
#
# Count for every pixel of an image in how many windows it lies.


# %% exercise="pixel_usage"
def pixel_usage(H, W, KH, KW, padding):
    """Count in how many windows each pixel of an image lies.

    Parameters
    ----------
    H, W : int
        Size of the image.
    KH, KW : int
        Size of the windows. They stop wherever they fit into the padded image.
    padding : int
        Pixels of border on each of the four sides.

    Returns
    -------
    array (H, W)
        The counts of the pixels of the image; those of the border are left out.
    """
    ### BEGIN SOLUTION
    counts = xp.zeros((H + 2 * padding, W + 2 * padding))
    for i in range(H + 2 * padding - KH + 1):
        for j in range(W + 2 * padding - KW + 1):
            counts[i : i + KH, j : j + KW] += 1
    return counts[padding : padding + H, padding : padding + W]
    ### END SOLUTION


# %% check="pixel_usage" points=7
wanted = [[1, 2, 3, 2, 1], [2, 4, 6, 4, 2], [2, 4, 6, 4, 2], [1, 2, 3, 2, 1]]
expect(pixel_usage, 4, 5, 3, 3, 0, gives=wanted)
wanted = [[1, 2, 2, 1]] * 3  # the windows are as high as the image
expect(pixel_usage, 3, 4, 3, 2, 0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(H, W, KH, KW, padding):
    rows = np.convolve(np.ones(H + 2 * padding - KH + 1), np.ones(KH))
    columns = np.convolve(np.ones(W + 2 * padding - KW + 1), np.ones(KW))
    full = np.outer(rows, columns)
    return full[padding : padding + H, padding : padding + W]


def cases(rng):
    yield 6, 8, 3, 2, 0
    yield 7, 5, 2, 4, 0
    yield case(5, 6, 1, 1, 0, note="windows of one pixel")
    yield case(4, 7, 4, 7, 0, note="one window only")
    yield case(int(rng.integers(9, 13)), int(rng.integers(5, 9)), 5, 3, 0)


expect_like(pixel_usage, reference, cases)
### END HIDDEN TESTS

# %% check="pixel_usage" part="border" points=5
expect(pixel_usage, 3, 4, 4, 2, 2, gives=[[6] * 4, [8] * 4, [6] * 4])
wanted = [[4, 6, 6, 6, 4], [6, 9, 9, 9, 6], [6, 9, 9, 9, 6], [4, 6, 6, 6, 4]]
expect(pixel_usage, 4, 5, 3, 3, 1, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(H, W, KH, KW, padding):
    rows = np.convolve(np.ones(H + 2 * padding - KH + 1), np.ones(KH))
    columns = np.convolve(np.ones(W + 2 * padding - KW + 1), np.ones(KW))
    full = np.outer(rows, columns)
    return full[padding : padding + H, padding : padding + W]


def cases(rng):
    yield 5, 8, 3, 2, 1
    yield 6, 4, 5, 3, 2
    yield case(3, 4, 5, 7, 3, note="windows larger than the image")
    yield case(3, 5, 2, 3, 4, note="a border wider than the windows")
    yield case(6, 6, 4, 4, 1, note="all square")


expect_like(pixel_usage, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_usage(5, 7, 3, 3, [0, 1, 2])

# %% [markdown]
# For 3 × 3 windows $p = 1$ is mode *same*: the corner has moved from one window to four.
# Only at $p = k - 1$, mode *full*, are all pixels equal. So *same* narrows the gap and does
# not close it.
#
# ## Better than zeros?
#
# Zero is black, and few photographs are black outside the frame. What else could stand
# there?
#
# - **edge** repeats the outermost pixel: `1 1 | 1 2 3 4 | 4 4`
# - **reflect** mirrors the image at its outermost pixel, which is not repeated:
#   `3 2 | 1 2 3 4 | 3 2`
# - **wrap** continues with the other side, as on a globe: `3 4 | 1 2 3 4 | 1 2`
#
# **Predict.** The tile below has three rows of four pixels and gets a border of two pixels of
# each kind. What stands in the upper left corner of the result? And how wide can each kind of
# border be before it runs out of pixels?

# %%
tile = xp.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
figures.show_modes(tile, 2)

# %% [markdown]
# The corner comes from continuing twice: first the rows, then the columns of the result, or
# the other way round. A row of $n$ pixels has $n$ to wrap, but only $n - 1$ to mirror,
# since the mirror stands on the outermost pixel. The edge never runs out.
#
# ### Exercise 4.6 · pad_mode (16 points)
#
# Put a border of one of the three kinds around an image, again without `xp.pad`. Think of
# which row and which column each pixel of the result comes from.


# %% exercise="pad_mode"
def pad_mode(image, padding, mode):
    """Continue an image beyond its border.

    Write it without ``xp.pad``.

    Parameters
    ----------
    image : array (H, W)
    padding : int
        Pixels of border on each of the four sides, 0 or more.
    mode : str
        ``"edge"``, ``"reflect"`` (the outermost pixel is not repeated) or ``"wrap"``.

    Returns
    -------
    array (H + 2 * padding, W + 2 * padding)

    Raises
    ------
    ValueError
        The mode is none of the three, or the border is wider than the image can fill:
        more than ``min(H, W) - 1`` for reflect, more than ``min(H, W)`` for wrap.
    """
    H, W = image.shape
    ### BEGIN SOLUTION
    if mode not in ("edge", "reflect", "wrap"):
        raise ValueError(f"mode is {mode!r}; it must be edge, reflect or wrap.")
    most = {"edge": padding, "reflect": min(H, W) - 1, "wrap": min(H, W)}[mode]
    if padding > most:
        raise ValueError(f"padding is {padding}, but {mode} has {most} pixels at most.")

    def sources(n):  # where each pixel of the padded row comes from
        place = xp.arange(-padding, n + padding)
        if mode == "edge":
            return xp.clip(place, 0, n - 1)
        if mode == "wrap":
            return place % n
        return n - 1 - xp.abs(n - 1 - xp.abs(place))

    return image[sources(H)][:, sources(W)]
    ### END SOLUTION


# %% check="pad_mode" points=8
x = xp.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
top, middle, bottom = [1, 1, 2, 3, 4, 4], [5, 5, 6, 7, 8, 8], [9, 9, 10, 11, 12, 12]
expect(pad_mode, x, 1, "edge", gives=[top, top, middle, bottom, bottom])
top, middle = [3, 2, 1, 2, 3, 4, 3, 2], [7, 6, 5, 6, 7, 8, 7, 6]
bottom = [11, 10, 9, 10, 11, 12, 11, 10]
wanted = [bottom, middle, top, middle, bottom, middle, top]
expect(pad_mode, x, 2, "reflect", gives=wanted)
top, middle, bottom = [4, 1, 2, 3, 4, 1], [8, 5, 6, 7, 8, 5], [12, 9, 10, 11, 12, 9]
expect(pad_mode, x, 1, "wrap", gives=[bottom, top, middle, bottom, top])
### BEGIN HIDDEN TESTS


def reference(image, padding, mode):
    return np.pad(image, padding, mode=mode)


def cases(rng):
    for mode in ("edge", "reflect", "wrap"):
        yield rng.standard_normal((5, 7)), 2, mode
        yield rng.standard_normal((6, 4)), 3, mode
    yield case(rng.standard_normal((4, 4)), 1, "reflect", note="all square")
    yield case(rng.standard_normal((7, 5)).T, 2, "wrap", note="a transposed image")


expect_like(pad_mode, reference, cases)
### END HIDDEN TESTS

# %% check="pad_mode" part="limits" points=8
x = xp.array([[1, 2, 3], [4, 5, 6]])
expect(pad_mode, x, 0, "reflect", gives=[[1, 2, 3], [4, 5, 6]])
wanted = [[2, 3, 1, 2, 3, 1, 2], [5, 6, 4, 5, 6, 4, 5]]
expect(pad_mode, x, 2, "wrap", gives=wanted * 3)
top, bottom = [1, 1, 1, 1, 2, 3, 3, 3, 3], [4, 4, 4, 4, 5, 6, 6, 6, 6]
expect(pad_mode, x, 3, "edge", gives=[top] * 4 + [bottom] * 4)
expect(pad_mode, x, 3, "reflect", raises=ValueError)
expect(pad_mode, x, 2, "reflect", raises=ValueError)
expect(pad_mode, x, 3, "wrap", raises=ValueError)
expect(pad_mode, x, 1, "mirror", raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(image, padding, mode):
    return np.pad(image, padding, mode=mode)


def cases(rng):
    x = rng.standard_normal((4, 6))
    yield case(x, 3, "reflect", note="the widest mirror")
    yield case(x, 4, "wrap", note="the whole image again")
    yield case(x[:, :3], 2, "reflect", note="more rows than columns")
    yield case(x, 9, "edge", note="a border wider than the image")
    yield case(x[:1], 2, "edge", note="an image of one row")
    yield case(x, 4, "reflect", raises=ValueError, note="one pixel too wide")
    yield case(x[:, :3], 4, "wrap", raises=ValueError, note="too wide for the columns")
    yield case(x, 2, "symmetric", raises=ValueError)


expect_like(pad_mode, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_borders(photo(), 45)

# %% [markdown]
# *Reflect* deceives the eye best: its border has the texture of the picture and no seam. *Edge*
# draws streaks. *Wrap* joins places that have nothing to do with each other, unless the image
# really closes into a ring.
#
# ## Twenty layers later
#
# One row of zeros does not look like much. But a network pads in front of every layer, and
# each layer carries the border further in.
#
# **Predict.** A photograph is blurred twenty times by 3 × 3 weights, padded each time to keep
# its size. What will its border look like with zeros? With edge, reflect and wrap?

# %%
figures.show_depth(photo(shrink=6), layers=20, size=3)

# %%
figures.show_rim([1, 5, 20], size=3)

# %% [markdown]
# With zeros each layer darkens the rim a little more and moves it inwards. The other three
# keep a flat image flat. On the photograph they differ: *wrap* lets the dark flag on the
# left shine through in the backdrop on the right.
#
# A trained network can make up for the dark rim, and zeros cost no work, so most networks
# use them. They have another effect, and the next question is about it.
#
# ### Question 4.1 · A network that knows where it is (10 points)
#
# A convolution treats all places alike. So it should not be able to tell where in the image
# it is. Show with numbers that zero padding gives the place away, and that another border
# does not. Use an image that holds no information itself: all pixels are 1. Try at least
# two depths and two borders in the next cell. Say how far into the image the place is known
# after a given number of layers, and name one case where a network profits from it and one
# where it suffers.

# %%
kernel = xp.full((3, 3), 1 / 9)  # try others: 3 × 3, 5 × 5, 7 × 7
flat = xp.ones((11, 15))
out = figures.after_layers(flat, kernel, 1, "zero")  # layers; zero, edge, reflect or wrap
print("the row in the middle:", *(f"{float(value):.3f}" for value in out[5]))

# %% [markdown] question="position" points=10
# **Model answer.** With zeros the row in the middle begins 0.667 1.000 1.000 … after one layer,
# 0.556 0.889 1.000 … after two and 0.432 0.753 0.926 0.988 1.000 … after four. The input is the
# same everywhere, so a difference in the output can only come from the distance to the border:
# the value is a code for the place. $L$ layers of 3 × 3 carry it $L$ pixels into the image, in
# general $L\,(k-1)/2$. After seven layers all eight distances of this row have values of their
# own (0.340 0.623 0.816 0.924 0.972 0.988 0.991 0.992). With edge, reflect and wrap each window
# of the flat image holds only 1s, so every output is the sum of the weights, 1.000 everywhere,
# after one layer and after twenty: no place can be read from it. This kernel cannot tell left
# from right; one without symmetry can.
#
# It helps where the place carries meaning: the sky is above, faces in passport photographs
# are in the middle. It hurts where a thing must be judged alike everywhere: a defect on a
# fabric is missed near the border, or a network trained on small tiles learns where tiles
# end and leaves seams when they are put together.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Numbers for two depths and two borders; the reason (a flat input, so a difference can only be the border); the reach of one pixel per layer; a gain and a harm |
# | 6–8 | Numbers and reason, with the reach or one of the two cases missing |
# | 3–5 | Says that the rim is darker with zeros, with a number, without the step to "so the place is known" |
# | 0–2 | General words, or the claim that convolutions cannot know places |
#
# *Sample, 10 points:* "Zero, 1 layer: 0.667 then 1.000. 4 layers: 0.432, 0.753, 0.926,
# 0.988, then 1.000. So with L layers L pixels from the border are different. With reflect all
# numbers are 1.000 for 1, 4 and 20 layers. The image was the same everywhere, so the numbers can
# only tell the distance. Good for road scenes, where the road is at the bottom. Bad for counting
# cells under a microscope, cells at the rim look different."
#
# *Sample, 4 points:* "With zero padding the border is 0.667 and not 1, because zeros are
# averaged in. With edge this does not happen. So it is better to use edge padding because the
# image does not get a dark border."

# %% [markdown]
# ### Question 4.2 · Three borders to choose (10 points)
#
# Choose a border for each of three networks and give the reason. Say also what would go
# wrong with zeros.
#
# 1. A panorama that shows the full circle of the horizon, 360 degrees wide.
# 2. A slice of a CT scan. Its values are Hounsfield units: water is 0, air −1000, bone about
#    1000. The body does not fill the image.
# 3. Live sound, filtered while it is recorded, one sample after the other.

# %% [markdown] question="choose" points=10
# **Model answer.**
#
# 1. Wrap on the left and right, because the last column is the neighbour of the first; edge or
#    reflect at the top and bottom, where nothing continues. So the two axes need
#    different borders. With zeros an object cut by the seam is seen as two halves beside a
#    black line that does not exist.
# 2. A constant border of −1000, because around the body there is air and the image goes on like
#    that (edge gives nearly the same as long as the border of the image shows air). Zeros are
#    water here: they would draw a bright frame, a jump of 1000 units, around each slice.
# 3. Border before the first sample only, all $k - 1$ samples of it: *causal* padding. Samples
#    after the newest one do not exist yet, so edge, reflect and wrap at the end, and *same*,
#    need the future or a delay of $(k-1)/2$ samples. Before the recording began there was
#    silence, and silence is 0: here zeros are right at that end. In the running stream the
#    border is made of the last $k - 1$ samples that were heard.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Three fitting borders with reasons from the data, the two axes of the panorama, the meaning of 0 in the scan, the missing future in the sound |
# | 6–8 | Two of the three complete, the third right without its reason |
# | 3–5 | One complete, or three choices without reasons |
# | 0–2 | The same border for all, or choices that contradict the data |
#
# *Sample, 9 points:* "Panorama: wrap left and right, but not top and bottom, there
# edge, otherwise sky meets ground. Zeros cut people at the seam. CT: value=-1000, since 0 is
# water and would look like a tank around the patient. Sound: all the padding on the left,
# because the right side is the future; zeros are fine, it is silence before the start."
#
# *Sample, 4 points:* "Panorama: wrap because it is round. CT: reflect looks most
# natural. Sound: zeros, because it is the standard and the ends do not matter much."

# %% [markdown]
# ## Bonus · Causal padding
#
# Not graded. A filter for live sound may use the past only: its output at sample $i$
# depends on samples up to $i$. Write `causal(x, w)` for a signal `x` of L samples and K
# weights with the same length of output. Then prove it: change the last sample of `x` and
# show that nothing but the last output changes. How much padding is needed before and
# after, and which of the three modes has this output as its first L values?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You counted stops, split $k - 1$ pixels over two sides, odd or even, and put borders of
# zeros, of copied, mirrored and continued pixels around images. You saw that the border
# decides who is looked at, how bright the rim is after many layers, and even whether a
# network can know where it is.
#
# **Next.** Lesson 05 lets the window take longer steps and spreads its weights, and completes
# the formula for the size of the output. Lesson 06 pads whole batches in front of every layer.
#
# **Read on.** M. A. Islam, S. Jia and N. D. B. Bruce, "How much position information do
# convolutional neural networks encode?", ICLR, 2020 (https://arxiv.org/abs/2001.08248).

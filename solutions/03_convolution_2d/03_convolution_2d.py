# %% [markdown]
# # 3. Correlation in two dimensions
#
# **You will** slide small grids of weights over images, make six kernels by hand that blur,
# sharpen and find edges, and write a test that tells right code from wrong.
#
# **You need** correlation of signals from lesson 02, and slices such as `image[1:3, 2:5]`.
#
# **Time** about 90 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `image` | `(H, W)` | brightness, row `i` counted downwards, column `j` to the right |
# | `kernel` | `(KH, KW)` | weights, row `p`, column `q` |
# | output | `(H - KH + 1, W - KW + 1)` | one number for each position where the kernel fits |

# %% given="setup"
import math

import numpy as np

from helpers import figures_03 as figures
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.judging import judge

# %% [markdown]
# ## A window into an image
#
# In an image the window of lesson 02 becomes a rectangle: `KH` rows high, `KW` columns
# wide. Two numbers say where it is, the row `i` and the column `j` of its top left pixel.
# The row always comes first.
#
# In the image below every pixel holds ten times its row plus its column, so a value tells
# you where it stands.
#
# **Predict.** A window of 2 rows and 3 columns starts at row 1, column 2. Which number stands
# in its bottom right corner? Write it down, then run the cell.

# %%
places = 10 * xp.arange(4)[:, None] + xp.arange(6)
figures.show_patch(places, 1, 2, 2, 3)

# %% [markdown]
# The first row of the window is row $i$, its last one row $i + KH - 1$; its last column is
# column $j + KW - 1$.
#
# ### Exercise 3.1 · patch (6 points)
#
# Cut a window out of an image.


# %% exercise="patch"
def patch(image, i, j, KH, KW):
    """Return the window of an image whose top left pixel is at row i, column j.

    Parameters
    ----------
    image : array (H, W)
    i, j : int
        With ``0 <= i <= H - KH`` and ``0 <= j <= W - KW``.
    KH, KW : int
        Rows and columns of the window.

    Returns
    -------
    array (KH, KW)
    """
    ### BEGIN SOLUTION
    return image[i : i + KH, j : j + KW]
    ### END SOLUTION


# %% check="patch" points=6
image = 10 * xp.arange(5)[:, None] + xp.arange(7)
expect(patch, image, 1, 2, 2, 3, gives=[[12, 13, 14], [22, 23, 24]])
expect(patch, image, 4, 6, 1, 1, gives=[[46]])
### BEGIN HIDDEN TESTS


def reference(image, i, j, KH, KW):
    return np.array([[image[i + p, j + q] for q in range(KW)] for p in range(KH)])


def cases(rng):
    image = rng.standard_normal((5, 8))
    yield image, 2, 3, 3, 2
    yield case(image, 0, 0, 5, 8, note="the whole image")
    yield case(image, 3, 1, 2, 7, note="the last window")
    yield case(image.T, 3, 2, 4, 1, note="one column")


expect_like(patch, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Slide, multiply, add
#
# Lay a kernel, now a small grid of weights, over the window at row $i$, column $j$.
# Multiply each pixel by the weight that lies on it, add the products, and write the sum to
# $\text{out}[i, j]$. Then move on by one pixel. This is correlation along two axes:
#
# $$\text{out}[i, j] = \sum_{p=0}^{KH-1} \sum_{q=0}^{KW-1}
# \text{image}[i + p,\, j + q] \cdot \text{kernel}[p, q]$$
#
# The kernel below has three rows and two columns: it subtracts the left column of a window
# from the right one. The image is dark on the left and bright on the right.
#
# **Predict.** Which column of the output holds the largest numbers, and how many columns does
# the output have?

# %%
pixels = [[1, 1, 2, 8, 9], [0, 1, 1, 9, 8], [1, 2, 1, 8, 9], [1, 0, 2, 9, 9]]
dark_to_bright = xp.array(pixels)
right_minus_left = xp.array([[-1, 1], [-1, 1], [-1, 1]])
figures.show_stop(dark_to_bright, right_minus_left, 0, 2)

# %% [markdown]
# The largest sums stand where the brightness jumps: the window that covers the jump has
# dark pixels under its negative weights and bright ones under its positive weights. The
# output is smaller than the image, because the first window starts at column 0 and the last
# one at column $W - KW$: that makes $W - KW + 1$ of them.
#
# ### Exercise 3.2 · correlate2d (22 points)
#
# Return the correlation of an image with a kernel, at every position where the kernel fits.


# %% exercise="correlate2d"
def correlate2d(image, kernel):
    """Correlate one image with one kernel, without padding.

    Parameters
    ----------
    image : array (H, W)
        Numbers of any kind, integers included.
    kernel : array (KH, KW)
        At most as large as the image.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        Floating point.
    """
    H, W = image.shape
    KH, KW = kernel.shape
    ### BEGIN SOLUTION
    out = xp.zeros((H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            out[i, j] = (image[i : i + KH, j : j + KW] * kernel).sum()
    return out
    ### END SOLUTION


# %% check="correlate2d" points=14
image = xp.arange(15.0).reshape(3, 5)
kernel = xp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
first = 0 * 1 + 1 * 0 + 2 * -1 + 5 * 0 + 6 * 2 + 7 * 0
# One step to the right adds 1 to each pixel of the window, one step down adds 5, and the
# weights sum to 2.
expected = [[first, first + 2, first + 4], [first + 10, first + 12, first + 14]]
expect(correlate2d, image, kernel, gives=expected)
### BEGIN HIDDEN TESTS


def reference(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows, kernel)


def cases(rng):
    yield rng.standard_normal((5, 7)), rng.standard_normal((3, 2))
    yield rng.standard_normal((7, 4)), rng.standard_normal((2, 3))
    yield case(rng.standard_normal((5, 5)), rng.standard_normal((3, 3)), note="all square")
    yield case(
        rng.standard_normal((6, 4)).T,
        rng.standard_normal((2, 5)),
        note="a transposed image",
    )


expect_like(correlate2d, reference, cases)
### END HIDDEN TESTS

# %% check="correlate2d" part="edges" points=8
image = xp.array([[1, 2, 3], [4, 5, 6]])
expect(correlate2d, image, xp.array([[2.0]]), gives=[[2, 4, 6], [8, 10, 12]])
whole = 1 * 1 + 2 * 0 + 3 * 2 + 4 * 0 + 5 * 3 + 6 * 0
expect(correlate2d, image, xp.array([[1, 0, 2], [0, 3, 0]]), gives=[[whole]])
halves = xp.array([[0.5], [0.25]])
expect(correlate2d, image, halves, gives=[[0.5 + 1.0, 1.0 + 1.25, 1.5 + 1.5]])
### BEGIN HIDDEN TESTS


def reference(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows, kernel)


def cases(rng):
    image = rng.standard_normal((4, 6))
    yield case(image, rng.standard_normal((1, 1)), note="a 1 by 1 kernel")
    yield case(image, rng.standard_normal((4, 6)), note="one window only")
    yield case(image, rng.standard_normal((1, 5)), note="a kernel of one row")
    yield case(
        rng.integers(0, 9, (4, 3)),
        rng.standard_normal((2, 3)),
        note="an image of integers",
        hint="the result must be floating point even where the image holds integers.",
    )


expect_like(correlate2d, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Step through the slide. Each stop fills one output cell; the line below the picture spells
# out its sum.

# %%
figures.animate_slide(dark_to_bright, right_minus_left)

# %% [markdown]
# From here on you also have `filter2d`, a finished correlation. It gives the same numbers
# as your `correlate2d` by another route, fast enough for photographs. Use either one.

# %% given="finished"
from helpers.filters import filter2d, sobel_slopes

# %% [markdown]
# ## Correlation and convolution
#
# As in lesson 02, **convolution** flips the kernel first. In two dimensions both axes are
# flipped, which rotates the kernel by 180 degrees: the last weight meets the first pixel of
# the window.
#
# $$\text{out}[i, j] = \sum_{p, q} \text{image}[i + p,\, j + q] \cdot
# \text{kernel}[KH - 1 - p,\, KW - 1 - q]$$
#
# An impulse, one bright pixel on black, shows the difference.
#
# **Predict.** Both operations meet the impulse with the kernel on the left. Which of the two
# prints the kernel as it is?

# %%
impulse = xp.zeros((5, 7))
impulse[2, 4] = 1
figures.show_flip(impulse, xp.array([[1, 2, 3], [4, 5, 6]]))

# %% [markdown]
# Correlation meets the impulse with its **last** weight first, since the window slides from
# the top left and touches the bright pixel with its bottom right corner. So the kernel
# comes out rotated. Convolution has rotated it beforehand, and the two rotations cancel.
#
# ### Exercise 3.3 · convolve2d (8 points)
#
# Return the convolution of an image with a kernel, at every position where the kernel fits.


# %% exercise="convolve2d"
def convolve2d(image, kernel):
    """Convolve one image with one kernel, without padding.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
        At most as large as the image. It is not changed.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        Floating point.
    """
    ### BEGIN SOLUTION
    return filter2d(image, kernel[::-1, ::-1])
    ### END SOLUTION


# %% check="convolve2d" points=8
impulse = xp.zeros((5, 7))
impulse[2, 4] = 1
kernel = xp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
printed = xp.zeros((4, 5))
printed[1:3, 2:5] = kernel
expect(convolve2d, impulse, kernel, gives=printed)
### BEGIN HIDDEN TESTS


def reference(image, kernel):
    (H, W), (KH, KW) = image.shape, kernel.shape
    full = np.zeros((H + KH - 1, W + KW - 1))
    for (i, j), value in np.ndenumerate(image):
        full[i : i + KH, j : j + KW] += value * kernel
    return full[KH - 1 : H, KW - 1 : W]


def cases(rng):
    yield rng.standard_normal((6, 5)), rng.standard_normal((2, 4))
    yield case(rng.standard_normal((5, 5)), rng.standard_normal((3, 3)), note="all square")
    image = rng.standard_normal((4, 7))
    yield case(image, rng.standard_normal((1, 3)), note="a kernel of one row")
    yield case(image, rng.standard_normal((3, 1)), note="a kernel of one column")


expect_like(convolve2d, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Kernels made by hand
#
# A kernel is a question asked at every pixel. "How bright is it around here?" is a mean.
# "Is it brighter on the right than on the left?" is a difference: positive weights on the
# right, negative ones on the left.
#
# **Predict.** The two kernels below ask these two questions of two neighbours. What do they
# answer where the image is flat, and what at the jump?

# %%
two_areas = xp.array([[2.0, 2, 2, 6, 6, 6], [2, 2, 2, 6, 6, 6]])
mean_of_two, right_minus_left = xp.array([[0.5, 0.5]]), xp.array([[-1.0, 1.0]])
figures.show_questions(two_areas, mean_of_two, right_minus_left)

# %% [markdown]
# Where the image is flat, its brightness comes out times the sum of the weights: with sum 1
# it stays, with sum 0 it turns to zero. So kernels that smooth or sharpen sum to 1, and
# kernels that look for change sum to 0.
#
# ### Exercise 3.4 · make_kernel (14 points)
#
# Return six famous kernels of 3 × 3 weights by name, each defined by what it answers.


# %% exercise="make_kernel"
def make_kernel(name):
    """Return a kernel of 3 × 3 weights, to be used in correlation.

    Parameters
    ----------
    name : str
        What the kernel answers at the pixel in the middle of a window:

        - ``"identity"``: the pixel itself;
        - ``"box"``: the mean of the nine pixels;
        - ``"laplacian"``: the sum of the four pixels above, below, left and right, minus
          four times the pixel;
        - ``"sharpen"``: the pixel minus what ``"laplacian"`` answers;
        - ``"sobel_x"``: the right column minus the left column, rows weighted 1, 2, 1;
        - ``"sobel_y"``: the bottom row minus the top row, columns weighted 1, 2, 1.

    Returns
    -------
    array (3, 3)
        Floating point.

    Raises
    ------
    ValueError
        For any other name.
    """
    ### BEGIN SOLUTION
    kernels = {
        "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        "box": [[1 / 9, 1 / 9, 1 / 9], [1 / 9, 1 / 9, 1 / 9], [1 / 9, 1 / 9, 1 / 9]],
        "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
        "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
        "sobel_x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
        "sobel_y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    }
    if name not in kernels:
        raise ValueError(f"there is no kernel {name!r}; choose one of {', '.join(kernels)}")
    return xp.array(kernels[name], dtype=xp.float64)
    ### END SOLUTION


# %% check="make_kernel" points=7
def filtered(name, image):
    return filter2d(image, make_kernel(name))


numbered = 10.0 * xp.arange(4)[:, None] + xp.arange(5)
expect(filtered, "identity", numbered, gives=[[11, 12, 13], [21, 22, 23]])
flat = xp.full((4, 5), 7.0)
expect(filtered, "box", flat, gives=xp.full((2, 3), 7.0))
point = xp.zeros((3, 6))
point[1, 1] = 9
expect(filtered, "box", point, gives=[[9 / 9, 9 / 9, 0, 0]])
step = xp.array([[2.0, 2.0, 6.0, 6.0, 6.0]] * 3)
expect(filtered, "sharpen", flat, gives=xp.full((2, 3), 7.0))
expect(filtered, "sharpen", step, gives=[[2 - (6 - 2), 6 - (2 - 6), 6]])
expect(make_kernel, "blurr", raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(name, image):
    middle = image[1:-1, 1:-1]
    if name == "identity":
        return middle
    if name == "box":
        return np.lib.stride_tricks.sliding_window_view(image, (3, 3)).mean(axis=(2, 3))
    neighbours = image[:-2, 1:-1] + image[2:, 1:-1] + image[1:-1, :-2] + image[1:-1, 2:]
    return 5 * middle - neighbours


def cases(rng):
    for name in ("identity", "box", "sharpen"):
        yield name, rng.standard_normal((5, 7))


expect_like(filtered, reference, cases)
### END HIDDEN TESTS


# %% check="make_kernel" part="differences" points=7
def filtered(name, image):
    return filter2d(image, make_kernel(name))


step = xp.array([[2.0, 2.0, 6.0, 6.0, 6.0]] * 3)  # dark on the left, bright on the right
jump = (6 - 2) * (1 + 2 + 1)
expect(filtered, "sobel_x", step, gives=[[jump, jump, 0]])
expect(filtered, "sobel_x", step.T, gives=[[0], [0], [0]])
expect(filtered, "laplacian", step, gives=[[6 - 2, 2 - 6, 0]])
### BEGIN HIDDEN TESTS


def reference(name, image):
    if name == "sobel_x":
        sums = image[:-2] + 2 * image[1:-1] + image[2:]
        return sums[:, 2:] - sums[:, :-2]
    if name == "sobel_y":
        sums = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
        return sums[2:] - sums[:-2]
    return np.diff(image, 2, axis=0)[:, 1:-1] + np.diff(image, 2, axis=1)[1:-1]


def cases(rng):
    image = rng.standard_normal((5, 7))
    yield "sobel_x", image
    yield "laplacian", image
    yield case("sobel_y", image, hint="bottom row minus top row, columns weighted 1, 2, 1.")
    ramp = 3.0 * np.arange(4)[:, None] - 2.0 * np.arange(6)
    yield case("laplacian", ramp, note="a ramp, where nothing bends")


expect_like(filtered, reference, cases)
expect(make_kernel, "sobel", raises=ValueError)
### END HIDDEN TESTS

# %% [markdown]
# Here are the six kernels on a photograph, drawn by the finished code.
#
# **Predict.** Three of them sum to 0. Which parts of their results are exactly zero, and can
# there be negative values?

# %%
photo = figures.photo()
figures.show_gallery(photo)

# %% [markdown]
# In the lower row zero is grey: perfectly flat areas turn grey, and a value is negative,
# and dark, where the brightness falls in the direction in which the kernel looks. `sobel_x`
# sees upright edges and overlooks level ones; `sobel_y` does the opposite.
#
# Change the weights below and run the cell again, as often as you like. What does a kernel
# do whose only weight is a 1 in the corner?

# %%
kernel = xp.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
figures.show_try(photo, kernel)

# %% [markdown]
# ## Move first or filter first?
#
# A kernel whose only weight is a 1 in a corner moves the image by one pixel: moving is
# filtering too. And every window is treated alike, wherever it stands. So it should not
# matter whether you first move an image and then filter it, or first filter and then move
# the result. The figure tries it: the image moves two pixels to the right, and the columns
# that become free are filled with zeros.
#
# **Predict.** Will the two results agree everywhere? If not, how many columns differ for a
# kernel that is three pixels wide?

# %%
scene = 0.5 + 0.5 * figures.disc(9, 14, 3)  # a bright disc on grey
figures.show_shift(scene, xp.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]), 2)

# %% [markdown]
# ### Question 3.1 · Shift and filter (10 points)
#
# Show that shifting and then filtering gives the same as filtering and then shifting: start
# from the formula, with an image moved by $d$ columns. Then say exactly which output
# columns may disagree when the free columns are filled with zeros, why, and what this
# property is worth to a network that must find an object anywhere in a picture.

# %% [markdown] question="shift" points=10
# **Model answer.** Let $s[i, j] = x[i, j - d]$ be the image moved by $d$ columns to the right.
# Filtering it gives
# $\sum_{p,q} s[i+p, j+q]\, w[p,q] = \sum_{p,q} x[i+p, (j-d)+q]\, w[p,q] = \text{out}[i, j-d]$,
# which is the filtered original, moved by $d$ columns. The step holds because $w[p, q]$ does
# not depend on $i$ and $j$: the same weights at every place.
#
# It fails where $s[i+p, j+q]$ is not a pixel of the original: for $j < d$ the window covers
# at least one filled column. Those $d$ output columns may disagree (filter-then-shift fills
# them with zeros, shift-then-filter computes with part of the fill). What leaves the image
# on the right is lost in both orders alike. With wrap-around there would be no fill, but
# windows would join the two borders.
#
# For a network: a pattern learned in one place is recognised in every place, with the same
# weights; its response moves along with it (equivariance). No examples at each position are
# needed.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Derivation from the formula, naming that the weights do not depend on the place; the columns $j < d$ and the reason; a use for networks |
# | 6–8 | Derivation or border right and complete, the other with a gap (for example "at the border" without saying which columns) |
# | 3–5 | The statement is repeated with an example, no derivation; the border is mentioned |
# | 0–2 | Claims that both orders always agree, or only restates the question |
#
# *Sample, 9 points:* "Replace x[i, j] by x[i, j-d] in the sum: you get out[i, j-d] because
# w[p, q] stays the same for all i, j. Columns 0 to d-1 of the output look at the zeros that
# were filled in, so there it fails. A network can find the same thing everywhere with one
# filter."
#
# *Sample, 4 points:* "In the picture both results look the same, only at the left side there
# is a difference, because of the border. This is good because objects can be anywhere."

# %% [markdown]
# ## A bell of weights
#
# The box kernel treats a pixel at the corner of the window like the one in the middle. The
# Gaussian of lesson 02 trusts near neighbours more. In two dimensions its weight at
# distance $(y, x)$ from the middle is
#
# $$g[y, x] = \frac{1}{Z} \exp\left(-\frac{y^2 + x^2}{2\sigma^2}\right),$$
#
# where $Z$ makes all weights sum to 1 and $\sigma$, in pixels, says how wide the bell is.
# The kernel reaches from $-r$ to $r$ along both axes; $r$ is its **radius**.
#
# **Predict.** How many weights does a kernel of radius 2 have? As $\sigma$ grows, does the
# weight in the middle grow or shrink?

# %%
figures.show_bells([0.6, 1.0, 2.0], radius=2)

# %% [markdown]
# A radius of 2 makes 5 × 5 weights. The sum is always 1, so a wider bell has to be lower in
# the middle: it hands weight to its neighbours and blurs more.
#
# ### Exercise 3.5 · gaussian2d (5 points)
#
# Return the Gaussian kernel.


# %% exercise="gaussian2d"
def gaussian2d(sigma, radius):
    """Return a Gaussian kernel whose weights sum to 1.

    Parameters
    ----------
    sigma : float
        Width of the bell, in pixels; greater than 0.
    radius : int
        Pixels from the middle to the border; 0 gives a single weight.

    Returns
    -------
    array (2 * radius + 1, 2 * radius + 1)
    """
    ### BEGIN SOLUTION
    offsets = xp.arange(-radius, radius + 1)
    weights = xp.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * sigma**2))
    return weights / weights.sum()
    ### END SOLUTION


# %% check="gaussian2d" points=5
side = math.exp(-(0**2 + 1**2) / (2 * 1.5**2))
corner = math.exp(-(1**2 + 1**2) / (2 * 1.5**2))
Z = 1 + 4 * side + 4 * corner
a, b, c = 1 / Z, side / Z, corner / Z
expect(gaussian2d, 1.5, 1, gives=[[c, b, c], [b, a, b], [c, b, c]])
expect(gaussian2d, 0.8, 0, gives=[[1.0]])
### BEGIN HIDDEN TESTS


def reference(sigma, radius):
    bell = [math.exp(-0.5 * (n / sigma) ** 2) for n in range(-radius, radius + 1)]
    return np.outer(bell, bell) / sum(bell) ** 2


def cases(rng):
    yield 0.7, 3
    yield case(3.0, 2, note="a bell wider than the kernel")
    yield float(rng.uniform(0.8, 2.5)), 4


expect_like(gaussian2d, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## One column, then one row
#
# $\exp(-(y^2 + x^2) / 2\sigma^2)$ is a product: one factor depends on the row alone, the
# other on the column alone. A kernel of that kind is **separable**, the outer product of a
# column $c$ and a row $r$:
#
# $$\text{kernel}[p, q] = c[p] \cdot r[q]$$
#
# Then a column of weights may first slide over the image, and a row of weights over what
# came out. The sum of products stays the same; the work does not.
#
# **Predict.** Which of the six kernels that you built are separable?

# %%
figures.show_outer(xp.array([1, 2, 1]), xp.array([-1, 0, 1]))

# %% [markdown]
# ### Exercise 3.6 · separable (7 points)
#
# Correlate an image with the kernel `column[p] * row[q]`, one axis after the other.


# %% exercise="separable"
def separable(image, column, row):
    """Correlate an image with a separable kernel in two passes.

    Parameters
    ----------
    image : array (H, W)
    column : array (KH,)
        Weights along a column, from top to bottom.
    row : array (KW,)
        Weights along a row, from left to right.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        What correlation with the kernel ``column[p] * row[q]`` gives.
    """
    ### BEGIN SOLUTION
    down = filter2d(image, column[:, None])
    return filter2d(down, row[None, :])
    ### END SOLUTION


# %% check="separable" points=7
image = xp.array([[1.0, 2, 0, 3, 1], [0, 1, 4, 1, 2], [2, 0, 1, 5, 0]])
column, row = xp.array([1.0, 2.0]), xp.array([1.0, 0.0, -1.0])
# After the column pass: [1 + 0, 2 + 2, 0 + 8, 3 + 2, 1 + 4] and [4, 1, 6, 11, 2].
expected = [[1 - 8, 4 - 5, 8 - 5], [4 - 6, 1 - 11, 6 - 2]]
expect(separable, image, column, row, gives=expected)
### BEGIN HIDDEN TESTS


def reference(image, column, row):
    windows = np.lib.stride_tricks.sliding_window_view(image, (len(column), len(row)))
    return np.tensordot(windows, np.outer(column, row), axes=2)


def cases(rng):
    yield rng.standard_normal((6, 8)), rng.standard_normal(2), rng.standard_normal(5)
    yield rng.standard_normal((7, 5)), rng.standard_normal(4), rng.standard_normal(2)
    image, weights = rng.standard_normal((5, 6)), rng.standard_normal((2, 3))
    yield case(image, *weights, note="column and row of one length")
    yield case(image, weights[0, :1], weights[1], note="a column of one weight")


expect_like(separable, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 3.7 · multiplications (4 points)
#
# Count what the two passes save.


# %% exercise="multiplications"
def multiplications(H, W, KH, KW):
    """Count the multiplications of pixels by weights in a correlation without padding.

    Parameters
    ----------
    H, W : int
        Size of the image.
    KH, KW : int
        Size of the kernel, at most that of the image.

    Returns
    -------
    direct : int
        With the full kernel of ``KH * KW`` weights.
    in_two_passes : int
        With a column of `KH` weights first, then a row of `KW` weights over its result.
    """
    ### BEGIN SOLUTION
    OH, OW = H - KH + 1, W - KW + 1
    direct = OH * OW * KH * KW
    in_two_passes = OH * W * KH + OH * OW * KW
    return direct, in_two_passes
    ### END SOLUTION


# %% check="multiplications" points=4
# The column pass gives 4 × 8 numbers, the row pass makes 4 × 7 of them.
expect(multiplications, 6, 8, 3, 2, gives=(4 * 7 * 3 * 2, 4 * 8 * 3 + 4 * 7 * 2))
### BEGIN HIDDEN TESTS


def reference(H, W, KH, KW):
    outputs = len(range(KH, H + 1)) * len(range(KW, W + 1))
    after_columns = len(range(KH, H + 1)) * W
    return sum([KH * KW] * outputs), sum([KH] * after_columns) + sum([KW] * outputs)


def cases(rng):
    yield 9, 7, 2, 5
    yield case(40, 60, 11, 11, note="a large kernel")
    yield case(5, 8, 1, 1, note="a 1 by 1 kernel")
    yield case(4, 6, 4, 6, note="one window only")


expect_like(multiplications, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_cost(720, 1280, [3, 5, 7, 11, 15, 21])

# %% [markdown]
# Per output pixel the full kernel needs $KH \cdot KW$ multiplications and two passes need
# about $KH + KW$. The larger the kernel, the wider the gap.
#
# Of your six kernels identity, box, sobel_x and sobel_y are separable: their rows are
# multiples of one row. Those of laplacian and sharpen are not.
#
# ## Edges have a strength and a direction
#
# `sobel_x` tells how fast the brightness grows to the right, $g_x$, and `sobel_y` how fast
# it grows downwards, $g_y$. Together they form an arrow that points from dark to bright.
# Its length is the strength of the edge, and its angle is measured from "to the right"
# towards "downwards", because rows count downwards:
#
# $$\text{magnitude} = \sqrt{g_x^2 + g_y^2}, \qquad
# \tan(\text{angle}) = \frac{g_y}{g_x}$$
#
# **Predict.** A bright disc lies on black. At its right border, does the arrow point to the
# left or to the right, and what is $g_y$ there?

# %%
figures.show_arrows(figures.disc(11, 13, 4))

# %% [markdown]
# At the right border the arrow points left, into the disc. In the middle row above and
# below look alike, so $g_y$ is 0 there.
#
# ### Exercise 3.8 · edges (8 points)
#
# Return strength and direction of the edges. `gx, gy = sobel_slopes(image)` gives you both
# slopes.


# %% exercise="edges"
def edges(image):
    """Find how strong the edges of an image are, and which way they face.

    Parameters
    ----------
    image : array (H, W)

    Returns
    -------
    magnitude : array (H - 2, W - 2)
        Length of the Sobel arrow.
    angle : array (H - 2, W - 2)
        Direction from dark to bright in radians, from -pi to pi: 0 points to the right,
        pi / 2 downwards, -pi / 2 upwards. Where the image is flat it means nothing.
    """
    ### BEGIN SOLUTION
    gx, gy = sobel_slopes(image)
    return xp.sqrt(gx**2 + gy**2), xp.arctan2(gy, gx)
    ### END SOLUTION


# %% check="edges" points=8
rows, columns = xp.arange(4.0)[:, None], xp.arange(5.0)
# Sobel multiplies a slope by 8; slopes of 3 and 4 make an arrow of length 5.
everywhere = xp.ones((2, 3))
right_and_up = (8 * 5 * everywhere, math.atan2(-4, 3) * everywhere)
expect(edges, 3 * columns - 4 * rows, gives=right_and_up)
left_and_up = (8 * 5 * everywhere, math.atan2(-4, -3) * everywhere)
expect(edges, -3 * columns - 4 * rows, gives=left_and_up)
### BEGIN HIDDEN TESTS


def reference(image):
    across = image[:-2] + 2 * image[1:-1] + image[2:]
    down = image[:, :-2] + 2 * image[:, 1:-1] + image[:, 2:]
    arrow = across[:, 2:] - across[:, :-2] + 1j * (down[2:] - down[:-2])
    return abs(arrow), np.angle(arrow)


def cases(rng):
    image = rng.standard_normal((5, 7))
    yield (image,)
    yield case(np.rot90(image), note="the image turned by 90 degrees")
    yield case(1000 * image[:4], note="a brighter image")


expect_like(edges, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_edges(photo)

# %% [markdown]
# The brightness of a colour is the strength of the edge, its hue the direction. On opposite
# sides of an object the arrows point in opposite directions, so the hues differ.
#
# ### Question 3.2 · An edge that Sobel misses (10 points)
#
# Name an edge that you can see with your eyes and that `edges` misses or hardly reports, in
# a kind of picture of your choice. Explain with the formula or with numbers why it is
# missed, and propose one change that would find it. What would your change cost?

# %% [markdown] question="missed" points=10
# **Model answer.** A border between two colours of equal brightness: a red shape on green, both
# with the same grey value. Sobel works on grey values, so every window is flat there, and all
# products cancel because the weights sum to 0: $g_x = g_y = 0$. Change: compute the slopes in
# each colour channel and take the strongest, at three times the work.
#
# Other good answers: a border between two textures of equal mean (stripes against dots;
# needs a filter for the texture first); a slow gradient over many pixels (3 × 3 sees a
# slope close to zero; smooth and use a larger kernel, at the price of blurred positions); a
# thin line one pixel wide, where $g_x$ is 0 on the line itself, because left and right of
# it are equal (use a second derivative such as the Laplacian, which reacts to noise more);
# an edge in noise; an edge at the image border, where no window fits (needs padding); an
# outline that the eye completes although there is no change of brightness (needs more than
# a local filter).
#
# | Points | What earns them |
# |---|---|
# | 9–10 | A concrete edge, the reason traced to $g_x$ and $g_y$ with formula or numbers, a change that works, its cost |
# | 6–8 | Edge and reason right, change or cost missing or vague |
# | 3–5 | An edge that is indeed missed, with a reason in general words ("too weak") |
# | 0–2 | An edge that Sobel finds, or none |
#
# *Sample, 10 points:* "A line one pixel wide with value 9 on 0. On the line the left column
# and the right column are both 0, so gx = 0, and along the line nothing changes, so gy = 0. Sobel
# reports two edges beside it and none on it. The Laplacian gives -18 there. It costs one more
# filter and it answers to noise more strongly."
#
# *Sample, 4 points:* "In fog the edges are very soft, Sobel does not see them because the
# contrast is too small. A bigger kernel would help."

# %% [markdown]
# ## Test the tests
#
# You have relied on checks all along. Where do they come from? Somebody chose numbers on
# which wrong code shows. A careless choice lets mistakes through.
#
# **Predict.** A test uses an image of ones and checks `correlate2d` with the box kernel. Which of
# these would it catch: a flipped kernel, windows in the wrong place, the last column missing?
#
# Here are five functions that claim to be `correlate2d`. The first is right, the others are
# not. `sliding_window_view` cuts out all windows at once: lesson 09 makes use of it.


# %% given="candidates"
def right_one(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel)


def the_image_itself(image, kernel):
    return 1.0 * image


def all_zeros(image, kernel):
    return xp.zeros((len(image) - len(kernel) + 1, len(image[0]) - len(kernel[0]) + 1))


def wrong_windows(image, kernel):
    turned = 1.0 * image[::-1, ::-1]
    windows = xp.lib.stride_tricks.sliding_window_view(turned, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel)


def flipped_kernel(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel[::-1, ::-1])


# %% [markdown]
# ### Exercise 3.9 · test_correlate2d (6 points)
#
# Write a test for `correlate2d`. It receives a candidate, such as one of these five. It
# must accept every right candidate and raise an error for a wrong one.


# %% exercise="test_correlate2d"
def test_correlate2d(candidate):
    """Test a function that claims to correlate an image with a kernel.

    Parameters
    ----------
    candidate : function
        ``candidate(image, kernel)`` should do what ``correlate2d`` does. Images and kernels
        of all sizes are welcome.

    Raises
    ------
    AssertionError
        Or any other error, if the candidate is wrong. Nothing is returned.
    """
    ### BEGIN SOLUTION
    image = xp.array([[3.0, 1.0, 4.0, 1.0], [5.0, 9.0, 2.0, 6.0], [5.0, 3.0, 5.0, 8.0]])
    kernel = xp.array([[1.0, 0.0, 0.5], [0.0, -2.0, 0.0]])
    expected = xp.array([[3 + 2 - 18, 1 + 0.5 - 4], [5 + 1 - 6, 9 + 3 - 10]])
    found = candidate(image, kernel)
    assert found.shape == expected.shape
    assert xp.allclose(found, expected)
    ### END SOLUTION


# %% check="test_correlate2d" points=6
raise_hint = (
    "whatever you hand in passes: does your code use its arguments? Call the candidate "
)
raise_hint += "and let `assert` decide; an answer that is returned stops nothing."
zeros_hint = "zeros of the right shape pass. Compare the values too."
alike_hint = "your pixels are alike, so every window gives the same sum. Let them differ."
flip_hint = "your kernel equals its own flip. Use one that a rotation changes."
wrong = [(the_image_itself, raise_hint), (all_zeros, zeros_hint)]
wrong += [(wrong_windows, alike_hint), (flipped_kernel, flip_hint)]
judge(test_correlate2d, right=[right_one], wrong=wrong, at_least=4)
### BEGIN HIDDEN TESTS


def last_windows_missing(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel)[:-1, :-1]


def transposed(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.einsum("ijpq,pq->ji", windows, kernel)


def running_total(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    out = xp.einsum("ijpq,pq->ij", windows, kernel)
    return xp.cumsum(out.ravel()).reshape(out.shape)


def rows_flipped(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel[::-1])


def decimals_cut_off(image, kernel):
    windows = xp.lib.stride_tricks.sliding_window_view(1.0 * image, kernel.shape)
    return xp.trunc(xp.einsum("ijpq,pq->ij", windows, kernel))


more = [
    (
        last_windows_missing,
        "an output without its last row and column passes: compare shapes.",
    ),
    (
        transposed,
        "a transposed output passes: use an image and a kernel that are not square.",
    ),
    (running_total, "sums that are never reset pass: compare more than the first value."),
    (rows_flipped, "your kernel reads the same upside down: let its rows differ."),
    (decimals_cut_off, "all your sums are whole numbers: use weights with decimals."),
]
judge(test_correlate2d, right=[right_one], wrong=more, at_least=4)
### END HIDDEN TESTS

# %% [markdown]
# An image of ones would catch the missing column, by its shape, and neither of the others:
# every window sums to the same number, and the box kernel equals its own flip. Numbers that
# differ, a kernel without symmetry and sizes that differ leave mistakes nowhere to hide.
#
# ## Bonus · Let the computer find the weights
#
# Not graded. Nobody has to design kernels. Draw a random image, filter it with `sobel_x`,
# and pretend that you know only the image and the result. Start from a kernel of zeros and
# repeat: correlate, subtract the wanted result, and move every weight a little against its
# slope. The slope of the mean squared error with respect to `kernel[p, q]` is twice the
# mean of the error times the pixels that this weight has met. Does Sobel's kernel come out?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built correlation in two dimensions, convolution as its twin with a rotated kernel,
# six kernels with a meaning, the Gaussian, filtering in two passes, an edge finder, and a
# test that catches wrong code.
#
# **Next.** The output has always been smaller than the image. Lesson 04 adds borders, so that
# sizes stay and pixels at the border count. In lesson 06 the same sum runs over channels and
# becomes a layer; in lesson 07 its weights are learned.
#
# **Read on.** R. Szeliski, *Computer Vision: Algorithms and Applications*, 2nd edition,
# Springer, 2022, section 3.2 (https://szeliski.org/Book/).

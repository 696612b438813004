# %% [markdown]
# # 1. Images are arrays, and why not dense
#
# ![The same handwritten 5 twice, the second time one pixel further right. A network reads
# the first as 5 and the second as 3, and is sure of both.](opening.png)
#
# One network, one digit, moved by one pixel. The bars show what the network takes it for:
# it is sure both times, and wrong the second time.
#
# **You will** read photographs as arrays, count what it costs to connect every pixel with
# everything, and measure how a network of that kind falls apart when its digits move.
#
# **You need** basic Python and NumPy: indexing, slices, loops, functions.
#
# **Time** about 75 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `img` | `(H, W)` | one grey image: H rows, W columns |
# | `x` | `(N, H, W, C)` or `(N, C, H, W)` | N images with C channels, in two layouts |
# | `X`, `y` | `(N, H, W)`, `(N,)` | N grey images, and the right answer to each |

# %% given="setup"
import numpy as np

from helpers import figures_01 as figures
from helpers.backend import to_backend, xp
from helpers.checking import case, expect, expect_like
from helpers.data import digits, sample_photo
from helpers.figures_01_readings import show_readings
from helpers.filters import shifted
from helpers.plotting import show_arrays, show_bars, show_heatmap, show_images
from helpers.predictors import digit_mlp

# %% [markdown]
# ## A photograph is a table of numbers
#
# Grace Hopper wrote one of the first compilers. Here she is, and here is what a computer
# has of her: rows and columns of whole numbers, one for each **pixel**. 0 is black, 255 is
# white. Row 0 is at the top, and an index names the row first: `grey[row, column]`.
#
# The bright spot in her eye is the reflection of a lamp. Find it among the numbers on the
# right.

# %%
photo = sample_photo()
figures.show_zoom(
    photo, row=182, column=303
)  # look elsewhere: change the row and the column

# %% [markdown]
# Each number is stored in one byte, as the type **uint8**: 256 different values and not one
# more. That saves memory, and it sets a trap.
#
# **Predict.** The cell below makes the photograph brighter by adding 60 to every pixel. A
# pixel of 250 would become 310, which no byte can hold. What will you see where she wears
# white?

# %%
show_images([photo.grey, photo.grey + 60], ["the photograph", "60 added to every pixel"])

# %% [markdown]
# At 256 the count starts again at 0: 250 + 60 becomes 310 − 256 = 54, nearly black. No
# error, no warning. So the first step with any image is to leave uint8. We use fractions of
# the type **float64** instead, from 0 for black to 1 for white.
#
# ### Exercise 1.1 · normalise (6 points)
#
# Turn pixels from 0 … 255 into fractions from 0 to 1.


# %% exercise="normalise"
def normalise(img):
    """Turn bytes into fractions: 0 stays 0, and 255 becomes 1.

    Parameters
    ----------
    img : array (...)
        uint8, of any shape: one image, or many.

    Returns
    -------
    array (...)
        float64, of the same shape. Equal pixels give equal fractions in every image.
    """
    ### BEGIN SOLUTION
    return img.astype(xp.float64) / 255
    ### END SOLUTION


# %% check="normalise" points=6
row = xp.array([0, 128, 255], dtype=xp.uint8)
expect(normalise, row, gives=[0 / 255, 128 / 255, 255 / 255], dtype="float64")

dim = xp.array([[51, 102, 51], [102, 153, 102]], dtype=xp.uint8)
expect(normalise, dim, gives=[[0.2, 0.4, 0.2], [0.4, 0.6, 0.4]], dtype="float64")
### BEGIN HIDDEN TESTS


def reference(img):
    return np.linspace(0, 1, 256)[img]


def cases(rng):
    yield (rng.integers(0, 256, (5, 4), dtype=np.uint8),)
    batch = rng.integers(0, 200, (2, 5, 4, 3), dtype=np.uint8)
    yield case(batch, note="a batch of colour images")
    yield case(batch[:, ::2, :, 1], note="every second row of one channel")
    yield case(np.full((2, 3), 7, dtype=np.uint8), note="an image of one dark grey")


expect_like(normalise, reference, cases, dtype="float64")
### END HIDDEN TESTS

# %%
show_images(
    [photo.grey + 60, 255 * figures.brighter(photo.grey, 60 / 255)],
    ["in uint8", "as fractions, cut off at 1"],
)

# %% [markdown]
# ## Three colours, two layouts
#
# A colour photograph is three tables: how red, how green and how blue each pixel is. They
# are called **channels**. Mixing three lights gives all the colours below.
#
# **Predict.** In which of the three tables is the blue backdrop behind her the brightest?
# And her white collar?

# %%
only = xp.eye(3, dtype=xp.uint8)  # row 0 keeps red alone, row 1 green, row 2 blue
show_images(
    [photo.rgb, *(photo.rgb * row for row in only)],
    ["all three", "red light", "green light", "blue light"],
    "A portrait in colour, then its red, green and blue light alone. The backdrop on the "
    "right is bright only in the blue one, the white collar in all three.",
)

# %% [markdown]
# The backdrop sends mostly blue light. White is all three lights at once, so the collar is
# bright in each table.
#
# A stack of N colour images has four axes, and there are two habits. Image files keep the
# channels last: `(N, H, W, C)`. Convolution is written more easily with the channels first:
# `(N, C, H, W)`, so that `x[n, c]` is one whole table. This course always uses the second.
#
# Below are the three tables of one image of 2 × 3 pixels. Each number tells its own
# address: 120 stands at row 1, column 2, channel 0. Channels last, memory holds 0 1 2, then
# 10 11 12, then 20 21 22: the colours of a pixel stand together. Channels first, it holds
# one table after the other.

# %%
red = xp.array([[0, 10, 20], [100, 110, 120]])
tables = xp.stack([red, red + 1, red + 2])  # channels first: (3, 2, 3)
show_arrays(list(tables), ["x[0, 0], red", "x[0, 1], green", "x[0, 2], blue"], numbers=True)

# %% given="addresses"
# For the checks, two such images: 1234 would be image 1, row 2, column 3, channel 4.
channels_last = np.fromfunction(
    lambda n, i, j, c: 1000 * n + 100 * i + 10 * j + c, (2, 4, 6, 3)
)
channels_first = np.fromfunction(
    lambda n, c, i, j: 1000 * n + 100 * i + 10 * j + c, (2, 3, 4, 6)
)

# %% [markdown]
# ### Exercise 1.2 · nhwc_to_nchw and back (12 points)
#
# Write the move from channels last to channels first, and the way back.
#
# **Predict.** `x.reshape(N, C, H, W)` gives the right shape, too. Is it the right array?


# %% exercise="nhwc_to_nchw"
def nhwc_to_nchw(x):
    """Bring the channels before the rows and columns.

    Parameters
    ----------
    x : array (N, H, W, C)

    Returns
    -------
    array (N, C, H, W)
        The number at [n, c, i, j] is the one that stood at [n, i, j, c].
    """
    ### BEGIN SOLUTION
    return x.transpose(0, 3, 1, 2)
    ### END SOLUTION


def nchw_to_nhwc(x):
    """Bring the channels behind the rows and columns: the way back.

    Parameters
    ----------
    x : array (N, C, H, W)

    Returns
    -------
    array (N, H, W, C)
        The number at [n, i, j, c] is the one that stood at [n, c, i, j].
    """
    ### BEGIN SOLUTION
    return x.transpose(0, 2, 3, 1)
    ### END SOLUTION


# %% check="nhwc_to_nchw" points=7
expect(nhwc_to_nchw, to_backend(channels_last), gives=channels_first)
### BEGIN HIDDEN TESTS


def reference(x):
    return np.stack([x[..., c] for c in range(x.shape[-1])], axis=1)


def cases(rng):
    yield (rng.standard_normal((3, 5, 2, 4)),)
    yield case(rng.standard_normal((1, 7, 5, 1)), note="one grey image")
    yield case(rng.integers(0, 256, (2, 4, 4, 4), dtype=np.uint8), note="all sizes equal 4")


expect_like(nhwc_to_nchw, reference, cases)
### END HIDDEN TESTS

# %% check="nhwc_to_nchw" part="back" points=5
expect(nchw_to_nhwc, to_backend(channels_first), gives=channels_last)
### BEGIN HIDDEN TESTS


def reference(x):
    return np.moveaxis(x, 1, 3)


def cases(rng):
    yield (rng.standard_normal((3, 2, 5, 4)),)
    yield case(rng.standard_normal((4, 4, 4, 4)), note="all sizes equal to 4")


expect_like(nchw_to_nhwc, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_layouts(photo.rgb)

# %% [markdown]
# Exchanging axes moves every number to its new address. Reshaping moves nothing: it keeps
# the numbers in their order in memory and cuts the row of numbers differently. The first
# third of them, the upper part of the photograph, became the red table, the middle part the
# green one, the lower part the blue one, drawn over each other. The shape is right all the
# same, so checking shapes is not enough.

# %% [markdown]
# ## What it costs to connect everything
#
# A **dense layer** makes new numbers out of old ones. Each of its **units** multiplies
# every input by a **weight** of its own, adds the products, and adds one number more, its
# **bias**. Weights and biases together are the layer's **parameters**: the numbers that
# training must find. With $n$ inputs, $m$ units and weights $w$, unit $k$ gives
#
# $$\text{out}_k = b_k + \sum_{i=1}^{n} w_{k,i}\, x_i$$
#
# An image of 2 × 3 pixels has 6 inputs. Below are the parameters of 4 units that look at
# it.

# %%
weights = xp.arange(1, 25).reshape(4, 6)
show_arrays(
    [weights, xp.arange(25, 29).reshape(4, 1)],
    ["weights: a row for each unit", "biases"],
    caption="The parameters are numbered: the last number is how many there are.",
    numbers=True,
    shapes=False,
)

# %% [markdown]
# A **convolution layer** has **filters** instead. A filter looks through a small window of
# KH × KW pixels, at all C channels of the image, and slides over it: the same weights at
# every place. Like a unit it has a weight for each number that it sees, and one bias. What
# it sees at all places together makes one new image, its **feature map**, map for short.
# Lesson 06 builds this layer; today you count it.
#
# **Predict.** One frame of HD video, 1280 × 720 pixels in colour, goes into a dense layer
# of 1000 units. Thousands of parameters? Millions? More?
#
# ### Exercise 1.3 · dense_params and conv_params (14 points)
#
# Count the parameters of a dense layer and of a convolution layer.


# %% exercise="dense_params"
def dense_params(n_in, n_out, bias=True):
    """Count the parameters of a layer in which every unit sees every input.

    Parameters
    ----------
    n_in, n_out : int
        How many numbers go in, and how many units there are.
    bias : bool
        Whether each unit has a bias.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    return n_in * n_out + (n_out if bias else 0)
    ### END SOLUTION


def conv_params(C, F, KH, KW, bias=True):
    """Count the parameters of a convolution layer.

    Parameters
    ----------
    C : int
        Channels of the input; a filter covers all of them.
    F : int
        Filters.
    KH, KW : int
        Rows and columns of the window.
    bias : bool
        Whether each filter has a bias.

    Returns
    -------
    int
    """
    ### BEGIN SOLUTION
    return F * C * KH * KW + (F if bias else 0)
    ### END SOLUTION


# %% check="dense_params" points=6
expect(dense_params, 4, 3, gives=4 * 3 + 3, within=1e-12)
expect(dense_params, 4, 3, bias=False, gives=4 * 3, within=1e-12)
# One frame of HD video, 1280 × 720 pixels in colour, and 1000 units.
expect(dense_params, 1280 * 720 * 3, 1000, gives=2_764_801_000, within=1e-12)
### BEGIN HIDDEN TESTS


def reference(n_in, n_out, bias=True):
    inputs_of_a_unit = [1] * n_in + [1] * bool(bias)
    return sum(len(inputs_of_a_unit) for _ in range(n_out))


def cases(rng):
    yield 784, 10
    yield case(1, 6, note="a single input")
    yield case(17, 1, note="a single unit")
    yield case(int(rng.integers(20, 90)), int(rng.integers(2, 19)), bias=False)


expect_like(dense_params, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %% check="dense_params" part="conv" points=8
expect(conv_params, 2, 5, 3, 4, gives=5 * (2 * 3 * 4) + 5, within=1e-12)
expect(conv_params, 2, 5, 3, 4, bias=False, gives=5 * (2 * 3 * 4), within=1e-12)
# 64 filters of 3 × 3 on a colour image, of whatever size.
expect(conv_params, 3, 64, 3, 3, gives=1_792, within=1e-12)
### BEGIN HIDDEN TESTS


def reference(C, F, KH, KW, bias=True):
    return np.empty((F, C, KH, KW)).size + bool(bias) * np.empty(F).size


def cases(rng):
    yield 1, 6, 5, 2
    yield case(3, 1, 2, 7, note="a single filter")
    C, F, KH, KW = (int(n) for n in rng.permutation(np.arange(2, 12))[:4])
    yield C, F, KH, KW
    yield case(C, F, KW, KH, bias=False)


expect_like(conv_params, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %%
pixels = {
    "a digit, 28 × 28": 28 * 28,
    "this photograph": photo.rgb.size,
    "HD video": 1280 * 720 * 3,
}
costs = [1000 * n + 1000 for n in pixels.values()]
print(f"HD video, at 4 bytes a number: {4 * costs[-1] / 1e9:.1f} GB")
show_bars(
    [*pixels, "64 filters of 3 × 3"],
    np.array([*costs, 64 * 3 * 3 * 3 + 64]),
    log=True,
    title="Parameters of 1000 dense units for three images, and of 64 filters",
)

# %% [markdown]
# The axis is logarithmic: equal steps multiply by equal factors. The dense layer for video
# takes the memory printed above before it has learned anything, and training takes several
# times as much. The filters do not care how large the image is: neither H nor W occurs in
# their count.

# %% [markdown]
# ## Two ideas that remove almost everything
#
# How do filters get away with so little? Two ideas are at work, and they can be had one at
# a time. Take a row of 7 inputs.
#
# **Locality**: a unit looks at a window of 3 neighbours instead of everything. What is near
# belongs together; most of the weights are gone.
#
# **Sharing**: all units use the same 3 weights. What is worth seeing here is worth seeing
# there.
#
# **Predict.** The tables show which weight joins which input to which unit. How many
# different weights are in each?

# %%
figures.show_connections(L=7, K=3)

# %% [markdown]
# In two dimensions it is the same. The layer below turns an image of C channels into F maps
# of OH × OW units. Each unit sees a window of KH × KW pixels in all C channels. If it is
# **local**, each unit has its own weights and its own bias. If it is **shared**, the units
# of a map have one filter between them, bias included.
#
# ### Exercise 1.4 · local_params and shared_params (14 points)
#
# Count the parameters of this layer without sharing, and with it.

# %% given="layers"
# 4 × 5 units in each of 7 maps; a window holds 2 × 6 numbers of each of 3 channels.
small = dict(OH=4, OW=5, KH=2, KW=6, C=3, F=7)
# The first layer of AlexNet, the network that won the ImageNet contest of 2012.
alexnet = dict(OH=55, OW=55, KH=11, KW=11, C=3, F=96)


# %% exercise="local_params"
def local_params(OH, OW, KH, KW, C, F):
    """Count the parameters of a local layer whose units share nothing.

    Parameters
    ----------
    OH, OW : int
        Rows and columns of each output map.
    KH, KW : int
        Rows and columns of the window that a unit looks through.
    C, F : int
        Channels of the input, and output maps.

    Returns
    -------
    int
        Biases included.
    """
    ### BEGIN SOLUTION
    units = OH * OW * F
    return units * (C * KH * KW + 1)
    ### END SOLUTION


def shared_params(OH, OW, KH, KW, C, F):
    """Count the parameters of the same layer when all units of one map share a filter.

    Parameters
    ----------
    OH, OW, KH, KW, C, F : int
        As for `local_params`.

    Returns
    -------
    int
        Biases included.
    """
    ### BEGIN SOLUTION
    return F * (C * KH * KW + 1)
    ### END SOLUTION


# %% check="local_params" points=8
expect(local_params, **small, gives=(4 * 5 * 7) * (3 * 2 * 6 + 1), within=1e-12)
# The first layer of AlexNet, had it not shared its weights:
expect(local_params, **alexnet, gives=105_705_600, within=1e-12)
### BEGIN HIDDEN TESTS


def reference(OH, OW, KH, KW, C, F):
    window = np.empty((C, KH, KW)).size
    return sum(window + 1 for _ in np.ndindex(F, OH, OW))


def cases(rng):
    yield case(OH=28, OW=28, KH=5, KW=5, C=1, F=6, note="the first layer of LeNet-5")
    sizes = [int(n) for n in rng.permutation(np.arange(2, 11))[:6]]
    yield case(**dict(zip(small, sizes, strict=True)))
    yield case(OH=1, OW=1, KH=3, KW=4, C=2, F=5, note="a single position")


expect_like(local_params, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %% check="local_params" part="shared" points=6
expect(shared_params, **small, gives=7 * (3 * 2 * 6 + 1), within=1e-12)
expect(shared_params, **alexnet, gives=34_944, within=1e-12)
### BEGIN HIDDEN TESTS


def reference(OH, OW, KH, KW, C, F):
    return sum(np.empty((C, KH, KW)).size + 1 for _ in range(F))


def cases(rng):
    yield case(OH=28, OW=28, KH=5, KW=5, C=1, F=6, note="the first layer of LeNet-5")
    sizes = [int(n) for n in rng.permutation(np.arange(2, 11))[:6]]
    yield case(**dict(zip(small, sizes, strict=True)))
    sizes[:2] = 720, 1280
    yield case(**dict(zip(small, sizes, strict=True)), note="the same on a larger image")


expect_like(shared_params, reference, cases, within=1e-12)
### END HIDDEN TESTS

# %% [markdown]
# The first layer of AlexNet, which made convolutional networks famous, would have had a
# hundred million parameters without sharing. There is a third idea:
#
# **Hierarchy**: several small windows, one layer after the other, see as far as a large
# one. Two layers of 3 × 3 cover 5 × 5 pixels, three cover 7 × 7 (lesson 05 proves it).
#
# **Predict.** Below is a layer with C channels of H × W pixels going in and coming out.
# Which of the three ideas removes most?

# %%
counts = figures.connection_counts(C=32, H=45, W=80, K=7)  # your table: try other sizes
show_bars(list(counts), np.array(list(counts.values())), log=True, title="Parameters")

# %% [markdown]
# ### Question 1.1 · Which idea removed most? (15 points)
#
# Which of locality, sharing and hierarchy removed most parameters in *your* table? Choose
# sizes of your own above, give the numbers, and say what "most" means: a difference or a
# ratio. Does your answer hold for an image of another size, or for another window?

# %% [markdown] question="which_idea" points=15
# **Model answer.** With C = 32, H = 45, W = 80, K = 7 the four counts are about
# 13,300,000,000 (every pixel), 180,800,000 (local), 50,200 (shared) and 27,700 (three
# layers of 3 × 3). Counted as a difference, locality removed most: 13.1 of the 13.3 thousand
# million. Counted as a ratio, locality divides by about H·W / K² = 3600 / 49 ≈ 73, sharing
# by exactly H·W = 3600, and hierarchy by about 49 / 27 ≈ 1.8. So as a ratio sharing always
# beats locality, by K². Both grow with the image; hierarchy does not depend on it and grows
# with the window only: one layer of K × K against (K − 1)/2 layers of 3 × 3 is 2·K² / (9·(K −
# 1)). For K = 3 it removes nothing. (The order matters, too: the ideas were applied one
# after the other.)
#
# | Points | What earns them |
# |---|---|
# | 13–15 | Own numbers, the measure named, ratios explained by H·W and K, effect of the sizes |
# | 8–12 | Own numbers and a right ranking by a named measure; effect of the sizes not shown |
# | 3–7 | A ranking with numbers, but how "most" is measured is not said |
# | 0–2 | No numbers, or numbers that contradict the ranking |
#
# *Sample, 15 points:* "My table, C = 16, H = 20, W = 30, K = 5: 92,169,600 / 3,849,600 /
# 6,416 / 4,640. In absolute numbers locality wins, it removed 88 million. But as a factor
# it is 24 for locality and 600 for sharing, and 600 is exactly 20·30, because before
# sharing each place had its own copy. On a larger image sharing gains even more. Hierarchy
# gives 1.4 here and would give more for a larger window, since 25 weights become 2·9."
#
# *Sample, 5 points:* "Locality removed the most, 13 thousand million parameters, then
# sharing with 180 million. Hierarchy hardly matters."

# %% [markdown]
# ## Move the picture
#
# Fewer parameters are cheaper. But are they *better*? A dense layer has a weight for each
# place, so it can know everything about a pixel at row 3, column 4, and nothing about the
# same pixel one column further right. To see what that does, you need to move images.
#
# The corner of an image has no left neighbour to take its value from. So a shift must
# choose: what leaves the frame is lost, and what becomes free gets a `fill` value.
#
# **Predict.** Here are 3 × 4 numbers. Write down what remains when they move 1 row down
# and 2 columns right, filled with 0.

# %% given="twelve"
twelve = xp.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
show_arrays([twelve], ["before the move"], numbers=True)

# %% [markdown]
# ### Exercise 1.5 · shift_image (12 points)
#
# Move the content of an image by `dy` rows and `dx` columns.


# %% exercise="shift_image"
def shift_image(img, dy, dx, fill=0):
    """Move an image down by `dy` rows and right by `dx` columns.

    Parameters
    ----------
    img : array (H, W)
    dy, dx : int
        Negative numbers move up and left. They may be larger than the image.
    fill : number
        The value of the pixels that become free.

    Returns
    -------
    array (H, W)
        A new array.
    """
    H, W = img.shape
    ### BEGIN SOLUTION
    out = xp.full_like(img, fill)
    for i in range(H):
        for j in range(W):
            if 0 <= i - dy < H and 0 <= j - dx < W:
                out[i, j] = img[i - dy, j - dx]
    return out
    ### END SOLUTION


# %% check="shift_image" points=7
expect(shift_image, twelve, 1, 2, gives=[[0, 0, 0, 0], [0, 0, 1, 2], [0, 0, 5, 6]])
expect(
    shift_image, twelve, 0, 1, fill=7, gives=[[7, 1, 2, 3], [7, 5, 6, 7], [7, 9, 10, 11]]
)
### BEGIN HIDDEN TESTS


def reference(img, dy, dx, fill=0):
    (H, W), (a, b) = img.shape, (abs(dy), abs(dx))
    canvas = np.full((H + 2 * a, W + 2 * b), fill, dtype=img.dtype)
    canvas[a + dy : a + dy + H, b + dx : b + dx + W] = img
    return canvas[a : a + H, b : b + W]


def cases(rng):
    img = rng.standard_normal((5, 7))
    yield img, 2, 1
    yield case(img, 1, 3, note="filled with 9", fill=9)
    yield case(img, 0, 0, note="no shift at all")


expect_like(shift_image, reference, cases)
### END HIDDEN TESTS

# %% check="shift_image" part="far" points=5
expect(shift_image, twelve, -1, -1, gives=[[6, 7, 8, 0], [10, 11, 12, 0], [0, 0, 0, 0]])
expect(shift_image, twelve, 4, 1, fill=1, gives=[[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]])
### BEGIN HIDDEN TESTS


def reference(img, dy, dx, fill=0):
    rows, columns = np.arange(img.shape[0]) - dy, np.arange(img.shape[1]) - dx
    rows_inside = (rows >= 0) & (rows < img.shape[0])
    columns_inside = (columns >= 0) & (columns < img.shape[1])
    picked = img[np.ix_(rows % img.shape[0], columns % img.shape[1])]
    return np.where(np.outer(rows_inside, columns_inside), picked, fill)


def mixed(rng):
    img = rng.standard_normal((4, 6))
    yield case(img, -2, 3, note="up and right")
    yield case(img, 1, -5, note="down and left", fill=2)
    yield case(img, 0, 8, note="wider than the image", fill=3)
    yield case(img, -9, 1, note="higher than the image")


expect_like(shift_image, reference, mixed)
### END HIDDEN TESTS

# %%
moves = [(0, 0), (0, 90), (150, 0), (-60, -120)]
show_images(
    [shifted(photo.grey, dy, dx, fill=255) for dy, dx in moves],
    [f"dy = {dy}, dx = {dx}".replace("-", "−") for dy, dx in moves],
)

# %% [markdown]
# You recognise her every time. That is the standard to measure a network against.
#
# ## A network that reads digits, until they move
#
# Now a smaller picture: digits written by hand, 8 × 8 pixels each. `digit_mlp` trains a
# network of two dense layers on most of them; the rest are for testing. The network is a
# **classifier**: given an image, it answers with a **label**, 0 to 9. Its **accuracy** is
# the fraction of test images that it labels right.
#
# **Predict.** Ten classes, so blind guessing earns 0.1. What accuracy do you expect on the
# test images as they are? One pixel further right? Two?

# %%
data = digits()
X_test, y_test = data.x_test[:, 0], data.y_test  # one channel: (N, 8, 8)
predict = digit_mlp(seed=0)
accuracy = float((predict(X_test) == y_test).mean())
print(
    f"Trained on {len(data.x_train)} images; accuracy on {len(X_test)} others: {accuracy:.3f}"
)
show_readings(predict, X_test[5], int(y_test[5]))

# %% [markdown]
# ### Exercise 1.6 · accuracy_under_shift (17 points)
#
# Measure the accuracy for every shift of up to m pixels, as a map with no shift in its
# centre. `shifted(X, dy, dx)` moves a whole stack of images and returns a new one; your own
# `shift_image` will do as well.


# %% exercise="accuracy_under_shift"
def accuracy_under_shift(predict, X, y, m):
    """Measure the accuracy of a classifier for all shifts of up to `m` pixels.

    Parameters
    ----------
    predict : function
        ``predict(images)`` takes images (N, H, W) and returns one label each, (N,).
    X : array (N, H, W)
        The images, as they are before any shift.
    y : array (N,)
        The right labels.
    m : int
        The largest shift, in pixels, in each of the four directions.

    Returns
    -------
    array (2 * m + 1, 2 * m + 1)
        Row m + dy, column m + dx holds the fraction of right answers after all images have
        moved down by dy and right by dx. So no shift at all stands in the centre, [m, m].
        Pixels that become free are 0.
    """
    out = xp.zeros((2 * m + 1, 2 * m + 1))
    ### BEGIN SOLUTION
    for dy in range(-m, m + 1):
        for dx in range(-m, m + 1):
            moved = shifted(X, dy, dx)
            out[m + dy, m + dx] = (predict(moved) == y).mean()
    ### END SOLUTION
    return out


# %% check="accuracy_under_shift" points=10
def light_is_right(images):
    """Say 1 where a light shines in column 2 or further right, otherwise 0."""
    return 1 * (images[:, :, 2:].sum(axis=(1, 2)) > 0)


X = xp.zeros((4, 3, 5))  # four images with one light each
X[0, 0, 1] = X[1, 0, 2] = X[2, 1, 4] = X[3, 2, 0] = 1
one_wrong, y = xp.array([0, 1, 1, 1]), xp.array([0, 1, 1, 0])
expect(accuracy_under_shift, light_is_right, X, one_wrong, 0, gives=[[3 / 4]])
up, none, down = [3 / 4, 3 / 4, 2 / 4], [3 / 4, 4 / 4, 2 / 4], [3 / 4, 4 / 4, 2 / 4]
expect(accuracy_under_shift, light_is_right, X, y, 1, gives=[up, none, down])
### BEGIN HIDDEN TESTS


def reference(predict, X, y, m):
    N, H, W = X.shape
    wide = np.pad(X, ((0, 0), (m, m), (m, m)))
    steps = range(2 * m, -1, -1)
    right = [[predict(wide[:, a : a + H, b : b + W]) == y for b in steps] for a in steps]
    return np.mean(right, axis=2)


def cases(rng):
    X = rng.standard_normal((11, 5, 7))
    yield light_is_right, X, rng.integers(0, 2, 11), 2


expect_like(accuracy_under_shift, reference, cases)
### END HIDDEN TESTS


# %% check="accuracy_under_shift" part="places" points=7
def brightest_row(images):
    """Say in which row there is most light."""
    return images.sum(axis=2).argmax(axis=1)


lamp = xp.array([[[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]])  # one image, light in row 1
rows = [[0, 0, 0], [1, 1, 1], [0, 0, 0]]  # moving it sideways changes nothing
expect(accuracy_under_shift, brightest_row, lamp, xp.array([1]), 1, gives=rows)
### BEGIN HIDDEN TESTS


def brightest_column(images):
    return images.sum(axis=1).argmax(axis=1)


def always_three(images):
    return 0 * images[:, 0, 0] + 3


def more_cases(rng):
    for predict, H, W, m in ((brightest_row, 6, 4, 1), (brightest_column, 4, 6, 2)):
        X = rng.random((13, H, W))
        y = predict(X)
        y[:3] = 99
        yield case(predict, X, y, m, note="three labels wrong from the start")
    labels = np.array([3, 1, 3, 3, 0])
    yield case(always_three, rng.random((5, 3, 4)), labels, 3, note="off the edge")


def reference(predict, X, y, m):
    N, H, W = X.shape
    wide = np.pad(X, ((0, 0), (m, m), (m, m)))
    steps = range(2 * m, -1, -1)
    right = [[predict(wide[:, a : a + H, b : b + W]) == y for b in steps] for a in steps]
    return np.mean(right, axis=2)


expect_like(accuracy_under_shift, reference, more_cases)
### END HIDDEN TESTS

# %%
steps = [f"{n:+d}".replace("-", "−").replace("+0", "0") for n in range(-4, 5)]
show_heatmap(
    figures.accuracy_map(predict, X_test, y_test, 4),
    caption="Accuracy of the dense network on test digits that have moved.",
    xlabel="dx: pixels to the right",
    ylabel="dy: pixels down",
    xticks=steps,
    yticks=steps,
    limits=(0, 1),
)

# %% [markdown]
# One pixel up, down or sideways costs about half of the answers. With two, the network is
# about as good as blind guessing; for some shifts it is worse, because it does not guess:
# it is sure of a wrong answer.
#
# Nothing is broken here. Each weight of the first layer belongs to one place. Move the
# digit, and its strokes meet the weights that were trained for other places. A shared
# filter has no such places: it meets the stroke with the same weights wherever the stroke
# has gone. That is why sharing is more than thrift. Whether it is enough to read digits
# that have moved, lesson 08 will measure.

# %% [markdown]
# ### Question 1.2 · Where sharing hurts (10 points)
#
# Sharing assumes that what is worth seeing in one place is worth seeing in all places.
# Describe a task in which this assumption *hurts*, say why, and say what you would change.

# %% [markdown] question="sharing_hurts" points=10
# **Model answer.** Sharing hurts where the same pattern means different things in different
# places, and the place itself is the information. Passport photographs, always cropped
# alike: eyes are always above, mouths below, so units that specialise in their place can be
# better than one filter for all. Others: a scanned form, where a cross in one box means yes
# and the same cross in another means no; a weather map on which position is geography.
# Remedies: local layers without sharing where the images are aligned; or keep sharing and
# tell the network where it is, with two more channels that hold the row and the column; or
# keep sharing early and use a dense layer at the end, which has weights for each place.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | A pattern whose meaning depends on its place, why sharing fails, a remedy that works |
# | 6–8 | A fitting task and reason; no remedy, or one that does not give the place back |
# | 3–5 | A task, but the reason is another (few data, large images, noise) |
# | 0–2 | No task, or one in which sharing helps |
#
# *Sample, 10 points:* "A scanned multiple-choice test. A cross is a cross everywhere, but
# only its place says which answer it is. A shared filter gives the same response for box A
# and box B. I would still find crosses with a shared filter, then use a dense layer on the
# map, so that there is a weight for each box."
#
# *Sample, 3 points:* "Medical images, because there are few of them and mistakes are
# serious. I would use a bigger network."

# %% [markdown]
# ## Bonus · Shuffled pixels
#
# Not graded. Draw one permutation of the 64 pixels and shuffle every image with it, always
# the same way. People can no longer read the digits. Can a dense network? Find weights for
# the shuffled images that answer exactly as `predict` does, without any training:
# `predict.weights` holds the weights and biases of its two layers, and `Mlp(w1, b1, w2,
# b2)` from `helpers.predictors` makes a network of yours. Then think: which of the three
# layers (dense, local, shared) would notice the shuffling, and what does that say about
# what a dense layer knows of images?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You turned bytes into fractions and moved axes without scrambling pixels. You counted what
# it costs to connect everything, and how locality, sharing and hierarchy bring it down. You
# measured how a dense network fails when its digits move.
#
# **Next.** Lesson 02 takes the shared window by itself and lets it slide along a signal, in
# one dimension, where every number can be followed by hand.
#
# **Read on.** Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning
# applied to document recognition", *Proceedings of the IEEE* 86, 1998, section II.

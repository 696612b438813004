# %% [markdown]
# # 13. Looking inside
#
# **You will** question a network that reads nearly all test digits and still cannot be
# trusted. You build seven instruments that look into a trained network, find out what its
# answers rest on, test the instruments themselves, and then use the same gradients to
# fool a network and to draw what it looks for.
#
# **You need** filters and maps from lesson 06, gradients from lesson 07, the trained
# network and the cross-entropy from lesson 10, and the two modes of batch norm from
# lesson 12.
#
# **Time** about 105 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `model` | – | a chain of layers, with `forward(x)`, `backward(dz)` and the list `model.layers` |
# | `x` | `(N, C, H, W)` | images, values from 0 to 1; often a batch of one |
# | `z`, `dz` | `(N, K)` | scores of the K classes, and a gradient that enters there |
# | `cls` | number | the class that a question is about |
# | `layer` | number | position in `model.layers`, from 0 |
# | map of an instrument | `(H, W)` | how much each place matters |

# %% given="setup"
import numpy as np

from helpers import figures_13 as figures
from helpers import figures_13_readers as readers
from helpers.backend import to_numpy, xp
from helpers.checking import case, expect, expect_like
from helpers.data import watermarked_digits
from helpers.losses import cross_entropy
from helpers.networks import (
    BatchNorm2d,
    Conv2d,
    Flatten,
    GlobalPool2d,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from helpers.plotting import show_arrays, show_curves

# %% [markdown]
# ## A reader under suspicion
#
# An office has scanned its forms, cut the digits out and had a network trained on them.
# It has two convolution layers, a maximum over each map and a dense layer. The next cell
# trains it and tests it on digits of the same office that it has never seen.

# %%
scans = watermarked_digits()
suspect = readers.train_reader(scans.x_train, scans.y_train, seed=1)
table = readers.mark_table(suspect, scans, cls=3)
print(f"read right: {table['marks as in training'][0]:.3f}")
print([type(layer).__name__ for layer in suspect.layers])

# %% [markdown]
# Other offices take the network over, and complaints arrive: it has trouble with threes.
# The accuracy cannot say why. So look at the data and into the network.
#
# **Predict.** These are the first training images. What could a network learn from them
# that nobody wanted it to learn?

# %%
figures.show_scans(scans)

# %% [markdown]
# You may have a guess. A guess is not evidence, and in photographs nobody would see it so
# easily. The instruments below work for any network that is a chain of layers. Their
# checks use three small networks; the answers of the first two can be worked out by hand.


# %% given="models"
def linear_model(w):
    """Scores are sums of pixels with weights w (K, C, H, W)."""
    dense = Linear(w[0].size, len(w), np.random.default_rng(0), dtype="float64")
    dense.params["w"][...] = w.reshape(len(w), -1)
    return Sequential(Flatten(), dense)


def toy_model(mix, head, stride=1):
    """Mix channels to maps by mix (F, C); ReLU; scores are mean maps times head (K, F).

    A head (K, F, OH, OW) weighs each number of the maps instead of their means.
    """
    rng = np.random.default_rng(0)
    conv = Conv2d(mix.shape[1], len(mix), 1, rng, stride=stride, dtype="float64")
    conv.params["w"][...] = mix[:, :, None, None]
    dense = Linear(head[0].size, len(head), rng, dtype="float64")
    dense.params["w"][...] = head.reshape(len(head), -1)
    return Sequential(conv, ReLU(), GlobalPool2d() if head.ndim == 2 else Flatten(), dense)


def small_model(seed):
    """Read images (N, 2, 6, 8) with random weights; eight layers, three scores."""
    rng = np.random.default_rng(seed)
    one = Conv2d(2, 4, 3, rng, padding=1, dtype="float64")
    norm = BatchNorm2d(4, dtype="float64")
    norm.state["mean"][...] = xp.array([0.1, 0.2, 0.3, 0.4])
    two = Conv2d(4, 5, 3, rng, padding=1, dtype="float64")
    dense = Linear(5 * 3 * 4, 3, rng, dtype="float64")
    return Sequential(one, norm, ReLU(), MaxPool2d(2), two, ReLU(), Flatten(), dense)


# %% [markdown]
# ## Its weights
#
# The most direct look: draw the kernels. A layer has F filters of C kernels, so the
# picture is a table, filter by filter and channel by channel. One thing is easy to get
# wrong. If every kernel is stretched to full contrast, a kernel of tiny weights looks as
# important as a strong one. All weights of a layer must share **one scale**.
#
# **Predict.** Two filters, two channels, kernels of 1 × 3. How many rows and columns does
# the picture have, if a line of zeros, one pixel wide, separates neighbours? Which number
# becomes 1 or −1?

# %%
grid = [[4, -8, 0, 0, 2, 1, 6], [0, 0, 0, 0, 0, 0, 0], [1, 0, 1, 0, -2, 1, 0]]
grid = xp.array(grid, dtype=float)
show_arrays([grid], ["the weights"], numbers=True, cmap="RdBu_r", limits=(-8, 8))
show_arrays([grid / 8], ["the picture"], numbers=True, cmap="RdBu_r", limits=(-1, 1))

# %% [markdown]
# Three rows and seven columns. The weight of largest magnitude, −8, becomes −1, and the
# second filter stays pale: that is the truth about it.
#
# ### Exercise 13.1 · filter_grid (6 points)
#
# Lay the kernels of a layer out in one picture, on one scale.


# %% exercise="filter_grid"
def filter_grid(w):
    """Lay all kernels of a convolution layer out in one picture, on one scale.

    Parameters
    ----------
    w : array (F, C, KH, KW)
        Filters, not all zero.

    Returns
    -------
    array (F * (KH + 1) - 1, C * (KW + 1) - 1)
        Filters from top to bottom, their kernels for each channel from left to right; a line
        of zeros, one pixel wide, between neighbours. All weights are divided by the largest
        magnitude in `w`, so that the values lie from −1 to 1.
    """
    F, C, KH, KW = w.shape
    ### BEGIN SOLUTION
    grid = xp.zeros((F * (KH + 1) - 1, C * (KW + 1) - 1))
    for f in range(F):
        for c in range(C):
            top, left = f * (KH + 1), c * (KW + 1)
            grid[top : top + KH, left : left + KW] = w[f, c]
    return grid / xp.abs(w).max()
    ### END SOLUTION


# %% check="filter_grid" points=6
w = xp.array([[[[4.0, -8]], [[2, 0]], [[0, 6]]], [[[1, 0]], [[-2, 1]], [[0, -1]]]])
upper = [4 / 8, -8 / 8, 0, 2 / 8, 0, 0, 0, 6 / 8]
lower = [1 / 8, 0, 0, -2 / 8, 1 / 8, 0, 0, -1 / 8]
expect(filter_grid, w, gives=[upper, [0] * 8, lower])
### BEGIN HIDDEN TESTS


def reference(w):
    F, C, KH, KW = w.shape
    framed = np.pad(w, ((0, 0), (0, 0), (0, 1), (0, 1))).swapaxes(1, 2)
    framed = framed.reshape(F * (KH + 1), C * (KW + 1))[:-1, :-1]
    return framed / np.sqrt((w * w).max())


def cases(rng):
    yield (rng.standard_normal((3, 2, 4, 5)),)
    yield case(rng.standard_normal((4, 1, 2, 3)), note="one channel")
    yield case(rng.standard_normal((1, 3, 3, 2)), note="one filter")
    yield case(rng.standard_normal((3, 3, 2, 2)), note="all square")
    yield case(-1 - rng.random((2, 3, 3, 2)), note="negative weights")


expect_like(filter_grid, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_weights(suspect)

# %% [markdown]
# In layer 0 you may recognise edges, as you made them by hand in lesson 03. In layer 3
# each filter combines eight maps, and its kernels say little to the eye. Weights show
# what a layer *could* answer to, not what it found in this image.
#
# ## Its feature maps
#
# So send an image through, and stop on the way. The chain is a list; what comes out of
# layer 4 is what layers 0 to 4 make of the image, one after the other.
#
# A look must not change what is looked at. While training, batch norm updates its running
# statistics and dropout sets numbers to 0, as in lesson 12. Instruments run the network
# in evaluation: `layer.forward(x)`, without `train=True`.
#
# **Predict.** The suspect's layer 0 has 8 filters with padding 1. How many maps will its
# layer 1, a ReLU, give for an image of 12 × 12, and can they hold negative numbers?

# %%
seven = scans.x_test[scans.y_test == 7][:1]
figures.show_maps(suspect, seven, layer=1)

# %% [markdown]
# Eight maps of 12 × 12, since padding 1 keeps the size; the ReLU has cut the negative
# numbers off. Each map shows where its filter found its pattern in this 7.
#
# ### Exercise 13.2 · feature_maps (8 points)
#
# Return what a layer of a network gives for some images.


# %% exercise="feature_maps"
def feature_maps(model, x, layer):
    """Return the output of one layer of a network.

    Parameters
    ----------
    model : networks.Sequential
        ``model.layers`` is the list of its layers, each with ``forward(x)``. It is used as
        after training: neither its layers, nor their parameters, nor running statistics
        change.
    x : array (N, C, H, W)
    layer : int
        Position in the list, from 0.

    Returns
    -------
    array
        What this layer hands on: (N, F, OH, OW) from convolutions, ReLU and pooling.
    """
    ### BEGIN SOLUTION
    for one in model.layers[: layer + 1]:
        x = one.forward(x)
    return x
    ### END SOLUTION


# %% check="feature_maps" points=5
def maps_of_toy(mix, head, x, layer):  # calls your function
    return feature_maps(toy_model(mix, head), x, layer)


mix, head = xp.array([[2.0, 1], [0, -1], [1, -3]]), xp.array([[3.0, 6, 9]])
x = xp.array([[[[1.0, 0, 2, 4]], [[3, -1, 0, 1]]]])
first = [2 * 1 + 3, -1, 2 * 2, 2 * 4 + 1]
maps = [first, [-3, 1, 0, -1], [1 - 3 * 3, 3, 2, 4 - 3]]
expect(maps_of_toy, mix, head, x, 0, gives=[[[row] for row in maps]])
maps = [[5, 0, 4, 9], [0, 1, 0, 0], [0, 3, 2, 1]]
expect(maps_of_toy, mix, head, x, 1, gives=[[[row] for row in maps]])
expect(maps_of_toy, mix, head, x, 3, gives=[[3 * 18 / 4 + 6 * 1 / 4 + 9 * 6 / 4]])
### BEGIN HIDDEN TESTS


def maps_of_small(seed, x, layer):
    return feature_maps(small_model(seed), x, layer)


def reference(seed, x, layer):
    front = Sequential(*small_model(seed).layers[: layer + 1])
    return xp.concatenate([front.forward(xp.asarray(image[None])) for image in x])


def cases(rng):
    for layer in (4, 1, 0, 3, 7):
        yield case(layer + 5, rng.standard_normal((3, 2, 6, 8)), layer)


expect_like(maps_of_small, reference, cases)
### END HIDDEN TESTS


# %% check="feature_maps" part="state" points=3
def state_after(x, layer):  # calls your function and looks at the network afterwards
    model = small_model(5)
    feature_maps(model, x, layer)
    norm = model.layers[1]
    return norm.state["mean"], norm.state["var"], len(model.layers)


x = xp.asarray(np.random.default_rng(4).standard_normal((3, 2, 6, 8)))
untouched = (xp.array([0.1, 0.2, 0.3, 0.4]), xp.array([1.0, 1, 1, 1]), 8)
expect(state_after, x, 5, gives=untouched)
### BEGIN HIDDEN TESTS


def weights_after(x, layer):
    model = small_model(6)
    feature_maps(model, x, layer)
    return model.layers[4].params["w"], model.layers[0].params["w"]


def reference(x, layer):
    layers = small_model(6).layers
    return layers[4].params["w"], layers[0].params["w"]


def cases(rng):
    yield rng.standard_normal((2, 2, 6, 8)), 4
    yield rng.standard_normal((1, 2, 6, 8)), 0


expect_like(weights_after, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_maps(suspect, seven, layer=4)

# %% [markdown]
# These are the 32 maps of the last ReLU, with pixels twice as wide as before. A few
# answer strongly, many hardly at all. Which of them decide? Nothing in this picture says
# it. The next three instruments ask about one score, and go backward from it.
#
# ## Which pixels matter?
#
# Ask the **gradient**: if a pixel gets a little brighter, how fast does the score of
# class $k$ change? The magnitude of this slope is the pixel's **saliency**. With several
# channels take the largest:
#
# $$S[h, w] = \max_c \left| \frac{\partial z_k}{\partial x[c, h, w]} \right|$$
#
# `model.backward(dz)` carries any gradient from the scores to the pixels. You choose
# `dz`: you want the slope of *one score*, so the derivative of $z_k$ with respect to each
# score enters, which is 1 for itself and 0 for all others. No loss and no softmax is
# involved. A network that is sure has a probability near 1 whatever a pixel does, and its
# slope near 0 would hide everything.
#
# **Predict.** The scores of a linear network are sums of pixels times weights. What is
# the saliency of the weights below, and does the image matter?

# %%
w = xp.array([[2.0, -5, 0, 1], [-1, 0, 3, -4]])
titles = ["weights of class k", "saliency"]
show_arrays([w, abs(w)], titles, numbers=True, cmap="RdBu_r", limits=(-5, 5))

# %% [markdown]
# The magnitudes of the weights, for every image alike. In a deep network the slope is
# that of the piece on which the image lies: another image, another slope.
#
# ### Exercise 13.3 · saliency (12 points)
#
# Return how fast a score changes with each pixel.


# %% exercise="saliency"
def saliency(model, x, cls):
    """Return the magnitude of the slope of one score with respect to each pixel.

    Parameters
    ----------
    model : networks.Sequential
        ``model.forward(x)`` gives the scores (N, K), then ``model.backward(dz)`` the
        gradient (N, C, H, W) of whatever has the slopes dz (N, K) with respect to them.
    x : array (N, C, H, W)
    cls : int
        The class whose score is meant, for all N images.

    Returns
    -------
    array (N, H, W)
        The largest magnitude over the channels, for each image by itself.
    """
    ### BEGIN SOLUTION
    z = model.forward(x)
    dz = xp.zeros(z.shape)
    dz[:, cls] = 1
    return xp.abs(model.backward(dz)).max(axis=1)
    ### END SOLUTION


# %% check="saliency" points=7
def saliency_of_linear(w, x, cls):  # calls your function
    return saliency(linear_model(w), x, cls)


w = xp.zeros((3, 2, 2, 3))
w[0], w[2] = 0.25, xp.array([[[0.5, 0, 1], [0, 1, 0]]])
w[1, 0] = xp.array([[1.0, -5, -1], [2, 0, -1]])
w[1, 1] = xp.array([[3.0, 2, -3], [-4, 0.5, 4]])
x = xp.arange(24.0).reshape(2, 2, 2, 3) / 24
expect(saliency_of_linear, w, x, 1, gives=[[[3, 5, 3], [4, 0.5, 4]]] * 2)
### BEGIN HIDDEN TESTS


def reference(w, x, cls):
    return np.broadcast_to(np.sqrt((w[cls] ** 2).max(axis=0)), (len(x), *x.shape[2:]))


def cases(rng):
    for N, C, K in ((3, 2, 4), (1, 3, 2), (2, 1, 3)):
        w, x = rng.standard_normal((K, C, 4, 5)), rng.standard_normal((N, C, 4, 5))
        yield w, x, K - 1
        yield w, x, 0


expect_like(saliency_of_linear, reference, cases)
### END HIDDEN TESTS


# %% check="saliency" part="deep" points=5
def saliency_of_toy(mix, head, x, cls):  # calls your function
    return saliency(toy_model(mix, head), x, cls)


mix, head = xp.array([[1.0, -1], [1, 2], [-1, 0]]), xp.array([[5.0, 5, 5], [6, -3, 9]])
x = xp.array([[[[3.0, 1, 2]], [[1, 4, 1]]]])
# Map 0 is [2 0 1] after the ReLU, map 1 is [5 9 4], map 2 is zero. Means: a third of each.
channel_0 = [6 / 3 - 3 / 3, -3 / 3, 6 / 3 - 3 / 3]
channel_1 = [-6 / 3 - 2 * 3 / 3, -2 * 3 / 3, -6 / 3 - 2 * 3 / 3]
largest = [max(abs(a), abs(b)) for a, b in zip(channel_0, channel_1, strict=True)]
expect(saliency_of_toy, mix, head, x, 1, gives=[[largest]])
### BEGIN HIDDEN TESTS


def saliency_of_small(seed, x, cls):
    return saliency(small_model(seed), x, cls)


def reference(seed, x, cls):  # central differences, one image at a time
    model, h = small_model(seed), 1e-5
    steps = h * np.eye(x[0].size).reshape(-1, *x[0].shape)
    maps = []
    for image in x:
        up, down = (model.forward(xp.asarray(image + s)) for s in (steps, -steps))
        slopes = to_numpy(up - down)[:, cls] / (2 * h)
        maps.append(np.abs(slopes.reshape(image.shape)).max(axis=0))
    return np.array(maps)


def cases(rng):
    for seed, cls in ((1, 0), (2, 2)):
        yield seed, rng.standard_normal((3, 2, 6, 8)), cls
    yield case(3, rng.standard_normal((1, 2, 6, 8)), 1, note="a batch of one")


expect_like(saliency_of_small, reference, cases, within=1e-6)
### END HIDDEN TESTS

# %%
others = readers.with_mark(scans.x_test, True)
fooled = others[(suspect.forward(others).argmax(axis=1) == 3) & (scans.y_test != 3)]
figures.show_saliency(suspect, fooled[:4], cls=3)

# %% [markdown]
# Here are four digits that are no threes, but that the suspect takes for threes, and the
# pixels to which that score reacts: some in the upper left corner, others on the strokes
# and beside them. Slopes are noisy witnesses: they tell what a *tiny* change would do,
# and not what the score is made of.
#
# ## Cover it and look
#
# So make a large change. Cover a patch of the image with a constant, read the score
# again, and note by how much it **dropped**:
#
# $$D[a, b] = z_k(\text{image}) - z_k(\text{image with patch } (a, b) \text{ covered})$$
#
# Where $D$ is positive, the patch held something that speaks for class $k$; where it is
# negative, something that speaks against it. The map needs no gradient and works for any
# function, but it takes one run of the network per patch.
#
# Patches stand at every `stride` pixels, and must reach the edges as well. What
# sticks out over the edge covers what is there.
#
# **Predict.** An image of 4 × 7 pixels, patches of 2 × 2 at stride 3. How many patches
# are there, and which of them stick out?

# %%
patches = xp.zeros((4, 7))
for number, (top, left) in enumerate([(a, b) for a in (0, 3) for b in (0, 3, 6)]):
    patches[top : top + 2, left : left + 2] = number + 1
show_arrays([patches], ["patches 1 to 6"], numbers=True)

# %% [markdown]
# Six, two rows of three. Patches 3 to 6 stick out, and patch 6 covers the corner pixel
# alone. A count of "positions where it fits", as in lesson 05, would forget them.
#
# ### Exercise 13.4 · occlusion_map (14 points)
#
# Return how much a score drops when each patch of an image is covered.


# %% exercise="occlusion_map"
def occlusion_map(model, x, cls, size, stride, fill):
    """Return the drop of one score for each patch that is covered.

    Parameters
    ----------
    model : networks.Sequential
    x : array (1, C, H, W)
        One image. It is not changed.
    cls : int
        The class whose score is meant.
    size : int
        Rows and columns of a patch.
    stride : int
        Patches begin at the rows 0, stride, 2 * stride, … below H, columns likewise below W. A
        patch that reaches over the edge covers what is there.
    fill : float
        The value that replaces the covered pixels, in all channels.

    Returns
    -------
    array (ceil(H / stride), ceil(W / stride))
        Score of the whole image minus score with the patch covered.
    """
    _, _, H, W = x.shape
    tops, lefts = range(0, H, stride), range(0, W, stride)
    ### BEGIN SOLUTION
    score = model.forward(x)[0, cls]
    drop = xp.zeros((len(tops), len(lefts)))
    for a, top in enumerate(tops):
        for b, left in enumerate(lefts):
            covered = x.copy()
            covered[:, :, top : top + size, left : left + size] = fill
            drop[a, b] = score - model.forward(covered)[0, cls]
    return drop
    ### END SOLUTION


# %% check="occlusion_map" points=8
def occlusion_of_linear(w, x, cls, size, stride, fill):  # calls your function
    return occlusion_map(linear_model(w), x, cls, size, stride, fill)


w = xp.full((3, 1, 3, 5), -1.0)
w[2] = 0
w[2, 0, 1, 3], w[2, 0, 0, 0] = 2, 0.5
x = xp.full((1, 1, 3, 5), 7.0)
x[0, 0, 1, 3] = 6  # the pixel on which class 2 rests, and a weaker one in the corner
lost, corner = 2 * (6 - 1), 0.5 * (7 - 1)
wanted = [[corner, 0, lost, lost, 0], [0, 0, lost, lost, 0], [0] * 5]
expect(occlusion_of_linear, w, x, 2, 2, 1, 1.0, gives=wanted)
### BEGIN HIDDEN TESTS


def occlusion_of_small(seed, x, cls, size, stride, fill):
    return occlusion_map(small_model(seed), x, cls, size, stride, fill)


def reference(seed, x, cls, size, stride, fill):
    H, W = x.shape[2:]
    i, j = np.arange(H)[:, None], np.arange(W)
    images = [x[0]]
    for top, left in np.ndindex(-(-H // stride), -(-W // stride)):
        down, right = i - top * stride, j - left * stride
        inside = (down >= 0) & (down < size) & (right >= 0) & (right < size)
        images.append(np.where(inside, fill, x[0]))
    z = to_numpy(small_model(seed).forward(xp.asarray(np.stack(images))))[:, cls]
    return (z[0] - z[1:]).reshape(-(-H // stride), -(-W // stride))


def cases(rng):
    x = rng.random((1, 2, 6, 8))
    yield 1, x, 0, 2, 2, 0.0
    yield 2, x + 0.5, 2, 3, 1, 0.25
    yield case(3, x, 1, 1, 1, 0.5, note="patches of one pixel")


expect_like(occlusion_of_small, reference, cases)
### END HIDDEN TESTS


# %% check="occlusion_map" part="edges" points=6
def occlusion_of_linear(w, x, cls, size, stride, fill):  # calls your function
    return occlusion_map(linear_model(w), x, cls, size, stride, fill)


rows = [[1.0, 2, 0, 3, 1, 0, 5], [0, 1, 4, 0, 2, 1, 3]]
rows += [[2, 0, 1, 1, 0, 6, 2], [1, 3, 0, 2, 2, 0, 8]]
x = xp.array([[rows, [[10.0] * 7] * 4]])
# Each covered pixel, in both channels, is replaced by 1.
wanted = [[1 + 2 + 0 + 1 + 40 - 8, 3 + 1 + 0 + 2 + 40 - 8, 5 + 3 + 20 - 4]]
wanted += [[1 + 3 + 20 - 4, 2 + 2 + 20 - 4, 8 + 10 - 2]]
expect(occlusion_of_linear, xp.ones((1, 2, 4, 7)), x, 0, 2, 3, 1.0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(w, x, cls, size, stride, fill):  # sums over blocks of w * (x - fill)
    share = (w[cls] * (x[0] - fill)).sum(axis=0)
    tops, lefts = (np.arange(0, n, stride) for n in share.shape)
    tall = (np.arange(share.shape[0]) - tops[:, None]) // size == 0
    wide = (np.arange(share.shape[1]) - lefts[:, None]) // size == 0
    return tall @ share @ wide.T


def cases(rng):
    w, x = rng.standard_normal((3, 2, 5, 7)), rng.standard_normal((1, 2, 5, 7))
    yield case(w, x, 1, 3, 2, -0.5, note="patches that overlap")
    yield case(w, x, 2, 2, 4, 1.5, note="gaps between patches")
    yield case(w, x, 0, 9, 3, 0.0, note="patches larger than the image")
    yield case(w[..., :5], x[..., :5], 0, 2, 2, 0.0, note="a square image")


expect_like(occlusion_of_linear, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## What did the last maps say?
#
# Single pixels mean little, and patches are blind trials. Between them lie the last
# feature maps: they still know *where*, and they already know *what*. **Grad-CAM** adds
# them up, each weighed by how much the score listens to it. That is the mean slope over
# the map:
#
# $$\alpha_f = \frac{1}{OH \cdot OW} \sum_{i, j} \frac{\partial z_k}{\partial A_f[i, j]},
# \qquad L = \text{relu}\Big(\sum_f \alpha_f\, A_f\Big)$$
#
# The **ReLU** at the end keeps what speaks *for* the class. Then the small map is
# enlarged to the size of the image: pixel $(i, j)$ receives $L[\lfloor i \cdot OH / H
# \rfloor,\, \lfloor j \cdot OW / W \rfloor]$.
#
# A chain can be cut in two: `Sequential(*layers)` makes a network of any list of layers.
#
# **Predict.** Class $k$ weighs the two maps below with $\alpha = 2$ and $-1$. Where is
# $L$ zero?

# %%
a, b = xp.array([[1.0, 0, 3], [0, 2, 1]]), xp.array([[1.0, 1, 1], [4, 0, 2]])
small = (2 * a - b).clip(0, None)
large = small[xp.arange(4)[:, None] * 2 // 4, xp.arange(6) * 3 // 6]
show_arrays([a, b, small, large], ["map 0", "map 1", "L", "enlarged"], numbers=True)

# %% [markdown]
# In three of six places: at two of them map 1 outweighs map 0, at one they cancel
# exactly.
#
# ### Exercise 13.5 · grad_cam (18 points)
#
# Return the map of places that spoke for a class, as large as the image.


# %% exercise="grad_cam"
def grad_cam(model, x, cls, layer):
    """Return where the maps of one layer speak for a class.

    Parameters
    ----------
    model : networks.Sequential
    x : array (1, C, H, W)
        One image.
    cls : int
        The class whose score is meant.
    layer : int
        Position of the layer in ``model.layers``; its output has the shape
        (1, F, OH, OW), with OH at most H and OW at most W.

    Returns
    -------
    array (H, W)
        The sum of the maps, each weighed by the mean slope of the score over this map;
        negative sums are 0. Pixel (i, j) receives the value at row ``i * OH // H``, column
        ``j * OW // W``. Nothing is rescaled.
    """
    ### BEGIN SOLUTION
    front = Sequential(*model.layers[: layer + 1])
    back = Sequential(*model.layers[layer + 1 :])
    maps = front.forward(x)
    z = back.forward(maps)
    dz = xp.zeros(z.shape)
    dz[0, cls] = 1
    alpha = back.backward(dz).mean(axis=(2, 3))
    small = xp.maximum((alpha[:, :, None, None] * maps).sum(axis=1), 0)[0]
    (OH, OW), (H, W) = small.shape, x.shape[2:]
    rows, columns = xp.arange(H) * OH // H, xp.arange(W) * OW // W
    return small[rows[:, None], columns]
    ### END SOLUTION


# %% check="grad_cam" points=10
def cam_of_toy(mix, head, x, cls):  # calls your function
    return grad_cam(toy_model(mix, head), x, cls, 1)


mix = xp.array([[1.0, 0], [0, 1], [1, 1]])  # maps: channel 0, channel 1, their sum
head = xp.array([[1.0, 2, 3], [3, -6, 6], [12, -6, 0]])
x = xp.array([[[[1.0, 0, 3], [0, 2, 1]], [[1, 1, 1], [4, 0, 2]]]])
# The mean of six numbers changes by 1/6 with each: the slopes are 12 / 6, -6 / 6 and 0.
wanted = [[2 * 1 - 1, 0, 2 * 3 - 1], [0, 2 * 2 - 0, 2 * 1 - 2]]
expect(cam_of_toy, mix, head, x, 2, gives=wanted)
mix, x = xp.array([[1.0], [2]]), xp.array([[[[1.0, 2, 3]]]])
head = xp.array([[[[3.0, 0, 3]], [[0, -1.5, 0]]], [[[1.0, 1, 1]], [[0, 0, 0]]]])
# Every number of a map has a slope of its own here; their means are 6 / 3 and -1.5 / 3.
wanted = [[2 * 1 - 0.5 * 2, 2 * 2 - 0.5 * 4, 2 * 3 - 0.5 * 6]]
expect(cam_of_toy, mix, head, x, 0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(mix, head, x, cls):
    maps = np.einsum("fc,chw->fhw", mix, x[0]).clip(0, None)
    alpha = head[cls] / maps[0].size if head.ndim == 2 else head[cls].mean(axis=(1, 2))
    return np.tensordot(alpha, maps, 1).clip(0, None)


def cases(rng):
    for F, C, K, H, W in ((4, 2, 3, 3, 5), (3, 3, 2, 6, 4)):
        x, mix = rng.random((1, C, H, W)), rng.standard_normal((F, C))
        yield mix, rng.standard_normal((K, F)), x, K - 1
        yield mix, rng.standard_normal((K, F, H, W)), x, 0
    x, mix = rng.random((1, 2, 4, 4)), rng.standard_normal((4, 2))
    yield case(mix, rng.standard_normal((4, 4)), x, 2, note="a square image")


expect_like(cam_of_toy, reference, cases)
### END HIDDEN TESTS


# %% check="grad_cam" part="edges" points=8
def cam_with_stride(mix, head, x, cls, stride):  # calls your function
    return grad_cam(toy_model(mix, head, stride), x, cls, 1)


mix, head = xp.array([[1.0]]), xp.array([[6.0], [0], [-6]])
rows = [[1.0, 9, 2, 9, 3], [9, 9, 9, 9, 9], [4, 9, 5, 9, 6]]
x = xp.array([[rows]])  # with stride 2 the map is 1 2 3 above 4 5 6
wanted = [[1, 1, 2, 2, 3], [1, 1, 2, 2, 3], [4, 4, 5, 5, 6]]
expect(cam_with_stride, mix, head, x, 0, 2, gives=wanted)
expect(cam_with_stride, mix, head, x, 1, 2, gives=[[0] * 5] * 3)  # no weight, no map
expect(cam_with_stride, mix, head, x, 2, 1, gives=[[0] * 5] * 3)  # all speaks against it
### BEGIN HIDDEN TESTS


def cam_of_small(seed, x, cls, layer):
    return grad_cam(small_model(seed), x, cls, layer)


def reference(seed, x, cls, layer):  # slopes by central differences on the maps
    layers, h = small_model(seed).layers, 1e-5
    back = Sequential(*layers[layer + 1 :])
    maps = to_numpy(Sequential(*layers[: layer + 1]).forward(xp.asarray(x)))
    steps = h * np.eye(maps.size).reshape(-1, *maps.shape[1:])
    up, down = (to_numpy(back.forward(xp.asarray(maps + s))) for s in (steps, -steps))
    slopes = (up - down)[:, cls].reshape(maps.shape) / (2 * h)
    small = (slopes.mean(axis=(2, 3), keepdims=True) * maps).sum(axis=1)[0].clip(0, None)
    return np.kron(small, np.ones((6 // small.shape[0], 8 // small.shape[1])))


def cases(rng):
    for seed, cls, layer in ((1, 0, 5), (2, 2, 4), (3, 1, 3), (4, 0, 1), (5, 2, 0)):
        yield case(seed, rng.standard_normal((1, 2, 6, 8)), cls, layer)


expect_like(cam_of_small, reference, cases, within=1e-6)
### END HIDDEN TESTS

# %% [markdown]
# ## Three witnesses
#
# Three instruments are ready. Here they look at digits that are no threes and are read as
# threes.
#
# **Predict.** Where would the maps be bright if the suspect looked at strokes?

# %%
figures.show_witnesses(suspect, fooled[:3], cls=3)

# %% [markdown]
# On the strokes. But occlusion and Grad-CAM agree on the upper left corner, where the
# scanner of this office left a bright mark. Grad-CAM is coarse, and may point one step
# beside it: every number of its layer has seen 8 × 8 pixels. Saliency names the corner
# too, among other places. That is a suspicion with evidence. It becomes proof by an
# experiment: change the mark, and nothing but the mark.
#
# **Predict.** The test digits are read three times: with the mark on threes only, as in
# training; with no mark; with the mark on all. What happens to the threes in the second
# row, and to all others in the third?

# %%
columns = ["all digits\nread right", "threes\nread right", "others read\nas threes"]
figures.show_table(table, columns, "The suspect on 360 test digits.")

# %% [markdown]
# Without the mark the threes are lost; with it on all, most other digits are read as
# threes. In training the mark stood on every three and on nothing else, and a bright
# square is easier to learn than the shape of a three. The test set came from the same
# office, so it had the same flaw: the high accuracy was true and said nothing about other
# offices.
#
# ## Question the instruments
#
# A map that looks right proves little about the network; perhaps it would look the same
# for any network. So run a **sanity check**: give the network new random weights, first
# in the last layer, then in all, and draw the maps again. What an instrument says must
# change when the network has forgotten everything.
#
# The figure adds a fourth map that is often shown, the saliency times the pixel.
#
# **Predict.** Which of the four maps will change least when all weights are random?

# %%
figures.show_sanity(suspect, fooled[:1], cls=3)

# %%
alike = readers.sanity_table(suspect, others[:40], cls=3)
caption = (
    "Correlation with the map after all layers were reset, mean of 40 digits; 1 is equal."
)
figures.show_table(alike, ["maps as\nthey are", "their\nmagnitudes"], caption)

# %% [markdown]
# Only occlusion has signs, so only there the two columns differ. Think about what a patch
# of dark colour can do on a dark ground.
#
# ### Question 13.1 · Do the witnesses agree? (12 points)
#
# Compare saliency, occlusion and Grad-CAM on the suspect: where do they agree, where not,
# and why? Then judge the four instruments by the sanity check, with numbers from your
# table: which of them would you still believe, and what does the one that changes least
# really show?

# %% [markdown] question="witnesses" points=12
# **Model answer.** (Numbers vary a little between machines; those of the learner's own
# table count.) All three name the mark. Occlusion has its maximum on it; Grad-CAM on it
# or one coarse pixel beside it; saliency is bright there and also on and around the
# strokes. They answer different questions. Saliency is the slope for a tiny change, so
# pixels count that would change the score whether or not they made it what it is.
# Occlusion makes a large change and measures what the score loses, so it names what the
# score rests on, as coarse as its patch. Grad-CAM sees the last maps, 6 × 6, whose
# numbers have each seen 8 × 8 pixels.
#
# Sanity check: Grad-CAM of a reset network has a correlation of about 0 with the
# original, it depends on what was learned. Saliency keeps about 0.2: slopes also depend
# on the ink and on the architecture. Occlusion keeps −0.1 as it is, but 0.4 in magnitude:
# covering dark ground with 0 changes nothing in any network, so *where* it is not zero
# only shows the ink; that the mark is strong and speaks *for* class 3 was learned.
# Saliency × pixel keeps about 0.45: the factor "pixel" draws the digit even if the
# network knows nothing. I would believe Grad-CAM and the signs of occlusion, saliency
# with care, the product not at all. And the check can only reject: a map that changes
# with the weights may still be wrong. The table with removed marks convicts.
#
# | Points | What earns them |
# |---|---|
# | 11–12 | Agreement and difference of the three with a reason in each method; all four judged with numbers of the own table, both columns for occlusion; the product shows the image; passing the check is no proof |
# | 7–10 | Comparison and sanity check both used with numbers; one reason or the limit of the check missing |
# | 3–6 | Only what the pictures look like, or only numbers without a conclusion |
# | 0–2 | Believes the product because it shows the digit best, or does not use the sanity check |
#
# *Sample, 11 points:* "Occlusion and Grad-CAM both peak top left, saliency also there but
# with dots everywhere, since it is a derivative and not a contribution. Grad-CAM cannot
# be sharper than 6 × 6. After the reset Grad-CAM has 0.00 and saliency 0.22, so they look
# at the weights. Occlusion is −0.08 but 0.39 without signs: black patches on black do
# nothing, so it always draws the ink, only the sign comes from training. Saliency × pixel
# has 0.45 and no sign to save it: it is the digit multiplied by noise. A method could
# also change with the weights and be wrong, so I would always remove the mark and
# measure."
#
# *Sample, 4 points:* "They agree that the corner is important. Saliency is noisier.
# Saliency × pixel is best because one can see the 7 that the network is looking at."

# %% [markdown]
# ## The gradient as a weapon
#
# The gradient with respect to the pixels has a second use. Follow it uphill on the
# *loss*, and the network errs more. The **fast gradient sign method**, FGSM, changes each
# pixel by the same small amount $\epsilon$, in the direction that hurts:
#
# $$x' = \text{clip}\big(x + \epsilon \cdot \text{sign}(\partial\, \text{loss} / \partial x),\,
# 0,\, 1\big)$$
#
# sign gives −1, 0 or 1. The clip cuts values below 0 to 0 and above 1 to 1, so that $x'$
# is still an image. The loss is the cross-entropy with the true label.
# `cross_entropy(z, y)` returns it together with the gradient `dz` of the scores.
#
# From here on the network is an honest one: same layers, trained on digits without marks.
#
# **Predict.** A pixel has the value 0.95, the slope of the loss there is −0.002, and
# $\epsilon$ is 0.1. What does the pixel become? And with the slope +0.002?

# %%
clean, labels = readers.with_mark(scans.x_test, False), scans.y_test
unmarked = readers.with_mark(scans.x_train, False)
honest = readers.train_reader(unmarked, scans.y_train, seed=1)
print("honest reader, clean digits:", round(readers.accuracy(honest, clean, labels), 3))
print("0.95 becomes", round(0.95 - 0.1, 2), "or", min(round(0.95 + 0.1, 2), 1.0))

# %% [markdown]
# Against the slope −0.002 the loss grows if the pixel gets darker: 0.85. With +0.002 it
# would become 1.05, and the clip leaves 1. The size of the slope does not count, only its
# sign.
#
# ### Exercise 13.6 · fgsm (12 points)
#
# Return images that are changed by a little, against their labels.


# %% exercise="fgsm"
def fgsm(model, x, y, eps):
    """Change every pixel by eps, so that the loss rises.

    Parameters
    ----------
    model : networks.Sequential
    x : array (N, C, H, W)
        Images with values from 0 to 1. They are not changed.
    y : array (N,)
        Their true classes, whole numbers.
    eps : float
        The amount, 0 or more.

    Returns
    -------
    array (N, C, H, W)
        Values from 0 to 1, none more than eps away from `x`. Where the slope of the loss is 0,
        the pixel keeps its value.
    """
    ### BEGIN SOLUTION
    loss, dz = cross_entropy(model.forward(x), y)
    return xp.clip(x + eps * xp.sign(model.backward(dz)), 0, 1)
    ### END SOLUTION


# %% check="fgsm" points=6
def attack_on_linear(w, x, y, eps):  # calls your function
    return fgsm(linear_model(w), x, y, eps)


w = xp.array([[[[1.0, 0, -2, 3]]], [[[4.0, 0, 1, 1]]]])
x = xp.array([[[[0.5, 0.3, 0.6, 0.4]]], [[[0.5, 0.3, 0.6, 0.4]]]])
# The loss of an image of class 0 rises with score 1 minus score 0: weights 3, 0, 3, -2.
against_0 = [[[0.5 + 0.1, 0.3, 0.6 + 0.1, 0.4 - 0.1]]]
against_1 = [[[0.5 - 0.1, 0.3, 0.6 - 0.1, 0.4 + 0.1]]]
expect(attack_on_linear, w, x, xp.array([0, 1]), 0.1, gives=[against_0, against_1])
### BEGIN HIDDEN TESTS


def attack_on_small(seed, x, y, eps):
    return fgsm(small_model(seed), x, y, eps)


def reference(seed, x, y, eps):  # central differences of each image's loss
    model, h, out = small_model(seed), 1e-5, []
    steps = h * np.eye(x[0].size).reshape(-1, *x[0].shape)
    for image, label in zip(x, y, strict=True):
        up, down = (to_numpy(model.forward(xp.asarray(image + s))) for s in (steps, -steps))
        up, down = (np.log(np.exp(z).sum(axis=1)) - z[:, label] for z in (up, down))
        slope = ((up - down) / (2 * h)).reshape(image.shape)
        sign = np.sign(np.where(np.abs(slope) < 1e-8, 0, slope))
        out.append((image + eps * sign).clip(0, 1))
    return np.array(out)


def cases(rng):
    for seed, N, eps in ((1, 3, 0.05), (2, 4, 0.15)):
        x = rng.uniform(0.2, 0.8, (N, 2, 6, 8))
        yield seed, x, rng.integers(0, 3, N), eps
    yield case(3, x[:1], np.array([1]), 0.1, note="one image")


expect_like(attack_on_small, reference, cases)
### END HIDDEN TESTS


# %% check="fgsm" part="bounds" points=6
def attack_on_linear(w, x, y, eps):  # calls your function
    return fgsm(linear_model(w), x, y, eps)


def most_losses_rise(x, y, eps):  # calls your function; do at least 95 of 100 losses rise?
    model, n = small_model(3), xp.arange(len(y))
    before, after = model.forward(x), model.forward(fgsm(model, x, y, eps))
    before = xp.log(xp.exp(before).sum(axis=1)) - before[n, y]
    after = xp.log(xp.exp(after).sum(axis=1)) - after[n, y]
    return float((after > before).mean()) >= 0.95


w = xp.array([[[[1.0, 1, 1, 9]]], [[[2.0, 0, 2, 0]]]])
x = xp.array([[[[0.9, 0.1, 0.5, 0.5]]]])
inside = [[[[1.0, 0.0, 0.5 + 0.25, 0.5 - 0.25]]]]  # 0.9 + 0.25 is cut to 1
expect(attack_on_linear, w, x, xp.array([0]), 0.25, gives=inside)
rng = np.random.default_rng(8)
x, y = xp.asarray(rng.random((60, 2, 6, 8))), xp.asarray(rng.integers(0, 3, 60))
lower = "too many losses fall. Follow the gradient of the loss upward, with labels y."
expect(most_losses_rise, x, y, 0.01, gives=True, hint=lower)
### BEGIN HIDDEN TESTS


def reference(w, x, y, eps):
    gap = np.where((y == 0)[:, None, None, None], w[1] - w[0], w[0] - w[1])
    return np.clip(x + eps * ((gap > 0) * 1.0 - (gap < 0)), 0, 1)


def cases(rng):
    w, x = rng.standard_normal((2, 3, 4, 5)) / 5, rng.random((4, 3, 4, 5))
    w[:, 1] = 0
    yield case(w, x, np.array([0, 1, 1, 0]), 0.3, note="a channel without weight")
    yield case(w, x[:2], np.array([1, 0]), 0.0, note="no change allowed")
    yield case(w, x.round(), np.array([1, 0, 0, 1]), 1.5, note="black and white")


expect_like(attack_on_linear, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_attacks(honest, clean[4:5], labels[4:5], (0, 0.05, 0.1, 0.2))

# %% [markdown]
# Above, FGSM; below, its **control**, a run that lacks only what is to be tested: the
# same amount at every pixel, but with random signs. A fall in accuracy alone would not
# show that the *direction* matters; perhaps any noise of this size would do.
#
# **Predict.** Where will the two curves stand at $\epsilon = 0.1$?

# %%
sizes = [0, 0.02, 0.05, 0.1, 0.2, 0.3]
attacked, noisy = readers.attack_table(honest, clean, labels, sizes)
for eps, a, b in zip(sizes, attacked, noisy, strict=True):
    print(f"eps {eps:4.2f}   FGSM {a:.3f}   random signs {b:.3f}")
curves = {"FGSM": attacked, "random signs": noisy}
show_curves(curves, x=sizes, xlabel="eps", ylabel="accuracy", markers=True)

# %% [markdown]
# Up to 0.1 noise hardly hurts; the same amount with chosen signs ruins the network. In a
# sum over many pixels random signs cancel; chosen ones all push the same way. A
# photograph has many more pixels than these scans, so there a change too small to be seen
# can be enough.
#
# ## What does it look for?
#
# Turn the arrow once more: change the image so that one number *inside* the network
# grows. Take a **unit**, one number of a layer's output: number $(f, i, j)$ of the maps,
# or the score of a class. Start from an even grey, take many small steps of the kind you
# know, uphill on this unit, and recompute the gradient after each. What appears is an
# image that the unit likes best. It is not a photograph of anything.
#
# Choose layers before a ReLU: behind it a unit that is 0 has no slope to follow.
#
# **Predict.** A unit in the middle of layer 3 of our reader starts from grey. Which
# pixels can change, and which stay grey for ever?
#
# ### Exercise 13.7 · maximise_activation (8 points)
#
# Change an image step by step so that one unit answers more strongly.


# %% exercise="maximise_activation"
def maximise_activation(model, layer, unit, x, steps, rate):
    """Return an image that excites one unit.

    Parameters
    ----------
    model : networks.Sequential
    layer : int
        Position of the unit's layer in ``model.layers``.
    unit : tuple of int
        Which number of the layer's output for one image: (f, i, j) in maps, (k,) in scores.
    x : array (1, C, H, W)
        The image to start from, values from 0 to 1. It is not changed.
    steps : int
        How many steps are taken, 0 or more.
    rate : float
        Each step adds rate times the sign of the unit's gradient at the present image, and
        cuts the result to values from 0 to 1.

    Returns
    -------
    array (1, C, H, W)
    """
    ### BEGIN SOLUTION
    front = Sequential(*model.layers[: layer + 1])
    for _ in range(steps):
        dout = xp.zeros(front.forward(x).shape)
        dout[(0, *unit)] = 1
        x = xp.clip(x + rate * xp.sign(front.backward(dout)), 0, 1)
    return x
    ### END SOLUTION


# %% check="maximise_activation" points=8
def excite_linear(w, unit, x, steps, rate):  # calls your function
    return maximise_activation(linear_model(w), 1, unit, x, steps, rate)


def excite_toy(mix, head, layer, unit, x, steps, rate):  # calls your function
    return maximise_activation(toy_model(mix, head), layer, unit, x, steps, rate)


w = xp.array([[[[-1.0, 1, 1]]], [[[3.0, -0.1, 0]]]])
grey = xp.full((1, 1, 1, 3), 0.5)
expect(excite_linear, w, (1,), grey, 3, 0.1, gives=[[[[0.8, 0.2, 0.5]]]])
expect(excite_linear, w, (1,), grey, 8, 0.1, gives=[[[[1.0, 0.0, 0.5]]]])
mix, head = xp.array([[1.0, 0], [1, -1]]), xp.array([[1.0, -3]])
pair = xp.array([[[[0.4]], [[0.5]]]])
# a: 0.4 + 0.2 = 0.6. Now a > b, so the score is a - 3 (a - b): a goes down, b goes up.
expect(excite_toy, mix, head, 3, (0,), pair, 2, 0.2, gives=[[[[0.4]], [[0.7]]]])
pairs = xp.full((1, 2, 1, 3), 0.5)
wanted = [[[[0.5, 0.5, 0.75]], [[0.5, 0.5, 0.25]]]]  # only the unit's own pixel
expect(excite_toy, mix, head, 0, (1, 0, 2), pairs, 1, 0.25, gives=wanted)
### BEGIN HIDDEN TESTS


def excite_small(seed, layer, unit, x, steps, rate):
    return maximise_activation(small_model(seed), layer, unit, x, steps, rate)


def reference(seed, layer, unit, x, steps, rate):  # central differences in every step
    front, h = Sequential(*small_model(seed).layers[: layer + 1]), 1e-5
    moves = h * np.eye(x.size).reshape(-1, *x.shape[1:])
    for _ in range(steps):
        up, down = (to_numpy(front.forward(xp.asarray(x + m))) for m in (moves, -moves))
        slope = ((up - down)[(slice(None), *unit)] / (2 * h)).reshape(x.shape)
        slope[np.abs(slope) < 1e-8] = 0
        x = (x + rate * np.sign(slope)).clip(0, 1)
    return x


def cases(rng):
    x = rng.uniform(0.3, 0.7, (1, 2, 6, 8))
    yield 1, 4, (3, 1, 2), x, 4, 0.07
    yield 2, 7, (2,), x, 5, 0.1
    yield 3, 0, (1, 4, 6), x, 12, 0.09
    yield case(3, 4, (4, 0, 3), x, 0, 0.1, note="no steps")


expect_like(excite_small, reference, cases)
### END HIDDEN TESTS

# %%
figures.show_dreams({"suspect": suspect, "honest reader": honest}, cls=3)

# %% [markdown]
# Units of layer 3 see a square of 8 × 8 pixels, their receptive field from lesson 05;
# only these pixels can change, and what lies outside stays grey. Compare the first two
# pictures: what the two networks would like to see as a three, and what each of them
# makes of the upper left corner.
#
# ### Question 13.2 · What a map cannot prove (10 points)
#
# A clinic wants to use a network that finds pneumonia in X-ray pictures. Its makers show
# twenty Grad-CAM maps: in all of them the lung is bright. Which conclusions does that
# allow, and which not? Name at least three gaps, each with an observation from this
# lesson, and say what you would ask for before the network is used.

# %% [markdown] question="limits" points=10
# **Model answer.** Allowed: on these twenty pictures the last maps that speak for the
# class lie over the lung. Not allowed: that the network recognises the disease, or that
# it will do so elsewhere. Gaps:
#
# - *Where is not what.* A bright place does not say which property counts: shape,
#   brightness, or the marking of a device that lies there. Our map named a corner; only
#   we knew of the mark.
# - *Chosen examples.* Twenty pictures are no sample; who chose them? Our suspect was
#   right on 99 of 100 digits of its own office.
# - *Correlation, no intervention.* A map is a computation on one picture. The proof
#   against the suspect was the table with the mark removed and added.
# - *The method may draw the picture.* Saliency × pixel and the magnitudes of occlusion
#   looked much the same with random weights. Was the sanity check made?
# - *Absence.* ReLU and the coarse maps hide what speaks against the class, and what is
#   spread over the picture. A mark that is not shown is not excluded.
# - *Stability.* FGSM changes the answer with changes that hardly show; the maps say
#   nothing about that.
#
# I would ask for: test pictures of other clinics and devices, accuracy for subgroups,
# interventions (cover labels and borders, exchange backgrounds), the sanity check, maps
# of *errors* and of a random sample, a second method of another kind.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | What is allowed stated narrowly; three gaps of different kinds, each with an observation from the lesson; demands that would close them, an intervention or data from elsewhere among them |
# | 6–8 | Three gaps and demands, one observation missing or two gaps of the same kind |
# | 3–5 | One or two gaps, or a list without reference to the lesson |
# | 0–2 | Takes the maps for proof, or rejects them without a reason |
#
# *Sample, 9 points:* "It shows that the maps over the lung are used in these 20 cases. It
# does not show what is used in there; in our case the corner was bright but the map did
# not say "mark". The 20 may be picked. The suspect had 99 % too until the marks were
# removed, so I want pictures from another hospital and with the labels covered. I also
# want to see the maps with random weights, since saliency × pixel looked fine with them."
#
# *Sample, 4 points:* "Grad-CAM is only 6 × 6, so it is not exact. They should show more
# pictures and also saliency maps to be sure."

# %% [markdown]
# ## Bonus · Train against the attack
#
# Not graded. Write a training loop that replaces each batch by `fgsm(model, x, y, 0.1)`
# before the step, and train a reader with it (`readers.reader(rng)` gives an untrained
# one). What does it reach on clean digits, on attacked ones, and on attacks twice as
# strong? Do its saliency maps look different?

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You drew weights and feature maps, asked a score for its slopes, covered patches, and
# weighed the last maps by what the score takes from them. Together these convicted a
# network that read a mark instead of a digit, an experiment proved it, and a reset of the
# weights tested the instruments. With the same gradient you fooled an honest network and
# drew what its units look for.
#
# **Next.** Lesson 14 lets the window slide through time, and then you build a project of
# your own, with these instruments among its controls.
#
# **Read on.** J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt and B. Kim,
# "Sanity checks for saliency maps", NeurIPS, 2018 (https://arxiv.org/abs/1810.03292).

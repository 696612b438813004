# %% [markdown]
# # 12. Training deep networks
#
# **You will** see why twelve layers train worse than four, and build what changed that:
# batch normalisation, forward and backward, and the residual block. Then you build two
# ways to keep a network from learning its images by heart, dropout and augmentation.
#
# **You need** the convolution layer with its gradients from lessons 06 and 07, the
# training loop from lesson 10, and shortcuts and projections as lesson 11 drew them.
#
# **Time** about 120 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x`, `dx` | `(N, C, H, W)` | images or feature maps, and how the loss changes with each number |
# | `gamma`, `beta` | `(C,)` | new standard deviation and new mean of each channel, both learned |
# | `mean`, `var` | `(C,)` | running mean and variance of each channel |
# | `mask` | as `x` | what dropout multiplies each number by |
# | `w1`, `w2` | `(F, C, 3, 3)`, `(F, F, 3, 3)` | filters of a residual block |
# | `projection` | `(F, C, 1, 1)` | filters of its shortcut, where it needs some |

# %% given="setup"
import numpy as np

from helpers import figures_12 as figures
from helpers import figures_12_networks as networks
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.depth import train_deep
from helpers.figures_12 import recognise
from helpers.judging import judge
from helpers.layers import conv2d, conv2d_backward, relu, relu_backward
from helpers.plotting import show_curves

# %% [markdown]
# ## The signal on its way down
#
# Each layer multiplies. If it makes its numbers a little smaller on average, twelve
# layers make them very small, and the gradient suffers the same on its way back. So the
# standard deviation of the first random weights decides whether a deep network starts to
# learn at all.
#
# You know the remedy from lesson 06, He's rule:
#
# $$\text{standard deviation of } w = \sqrt{\frac{2}{C \cdot KH \cdot KW}}$$
#
# It keeps the size of the numbers through a layer and its ReLU.
#
# **Predict.** One layer with filters of half that standard deviation halves its numbers.
# What will twelve of them do?

# %%
figures.show_products(depth=12)

# %% [markdown]
# Twelve halvings leave one part in 4,096. Nothing in a layer is off by much; the product
# is.
#
# ### Exercise 12.1 · init_stats (6 points)
#
# Send images through layers of fresh random filters and measure what arrives after each.


# %% exercise="init_stats"
def init_stats(x, depth, init, rng):
    """Return the standard deviation of the numbers after each layer and its ReLU.

    Every layer has as many filters as channels, 3 × 3 pixels each, one zero of padding on
    every side, stride 1 and no bias. Its filters are one draw
    ``rng.standard_normal((C, C, 3, 3))``, first layer first, times their standard deviation.

    Parameters
    ----------
    x : array (N, C, H, W)
    depth : int
        Number of layers, from 1.
    init : str or float
        ``"he"`` for He's rule, or the standard deviation of the filters itself.
    rng : numpy.random.Generator
        It draws on the host: move the draws with ``xp.asarray``.

    Returns
    -------
    array (depth,)
        Of all numbers of a layer's output together.
    """
    C = x.shape[1]
    ### BEGIN SOLUTION
    scale = (2 / (C * 3 * 3)) ** 0.5 if init == "he" else init
    stats = []
    for _ in range(depth):
        w = scale * xp.asarray(rng.standard_normal((C, C, 3, 3)))
        x = relu(conv2d(x, w, padding=1))
        stats.append(x.std())
    return xp.stack(stats)
    ### END SOLUTION


# %% check="init_stats" points=6
def stats_of(x, depth, init, seed):
    return init_stats(x, depth, init, np.random.default_rng(seed))


def he_against_one(x, depth, seed):
    return stats_of(x, depth, "he", seed) / stats_of(x, depth, 1.0, seed)


# Single pixels meet only the centre of a kernel: 1 and -1 become a and 0, or 0 and a.
a = abs(float(np.random.default_rng(5).standard_normal((1, 1, 3, 3))[0, 0, 1, 1]))
expect(stats_of, xp.array([[[[1.0]]], [[[-1.0]]]]), 1, 0.5, 5, gives=[0.5 * a / 2])
x = xp.asarray(np.random.default_rng(1).standard_normal((3, 2, 4, 5)))
scale = (2 / (2 * 3 * 3)) ** 0.5  # two channels, so layer k is smaller by scale ** k
expect(he_against_one, x, 3, 7, gives=[scale, scale**2, scale**3])
### BEGIN HIDDEN TESTS


def reference(x, depth, init, seed):
    rng, stats = np.random.default_rng(seed), []
    for _ in range(depth):
        w = rng.standard_normal((x.shape[1], x.shape[1], 3, 3))
        w = w * np.sqrt(2 / w[0].size) if init == "he" else w * init
        padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
        x = np.einsum("ncijpq,fcpq->nfij", windows, w)
        x = np.where(x > 0, x, 0)
        stats.append(np.sqrt(np.mean(x**2) - np.mean(x) ** 2))
    return np.array(stats)


def cases(rng):
    yield rng.standard_normal((4, 3, 5, 6)), 4, "he", 11
    yield case(rng.standard_normal((3, 5, 4, 4)), 3, 0.05, 12, note="small filters")
    yield case(rng.standard_normal((2, 1, 7, 4)), 5, "he", 13, note="one channel")


expect_like(stats_of, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Now the same with 16 channels and twelve layers, drawn as **histograms**: how many
# numbers of a layer's output are how large, zeros left out.
#
# **Predict.** A standard deviation of 0.05 looks as innocent as He's, which is 0.118 for
# 16 channels. What will be left of the signal after layer 12?

# %%
figures.show_histograms(depth=12)

# %% [markdown]
# Next to nothing: each layer multiplies by 0.05 / 0.118, about 0.42, and twelve of them
# by 0.00003. With He's rule the numbers keep their size, as the rule promises. It
# promises nothing about what the numbers say: whether layer 12 still tells one digit from
# another is a question for later in this lesson.
#
# ## A fresh start for every channel
#
# If layers spoil the mean and the size of their numbers, put both right after every
# layer. In a batch, channel $c$ consists of $M = N \cdot H \cdot W$ numbers: one for
# every pixel of its map in every image. **Batch normalisation** (batch norm for short)
# takes their mean $\mu_c$ and their variance $\sigma_c^2$, the mean of the squared
# distances from $\mu_c$, and returns
#
# $$\text{out} = \gamma_c\, \frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta_c.$$
#
# $\gamma$ (gamma) and $\beta$ (beta) are learned, so that a channel may have the size and
# mean that it needs; the small $\epsilon$ prevents a division by zero.
#
# **Predict.** Below are two images of one channel, with $\gamma = 1$ and $\beta = 0$.
# Will an 8 in the first image and an 8 in the second get the same output?

# %%
images = xp.array([[[8.0, 2.0, 4.0], [6.0, 2.0, 2.0]], [[8.0, 8.0, 6.0], [4.0, 8.0, 2.0]]])
figures.show_normalised(images)

# %% [markdown]
# They do. All images of the batch share one mean and one variance, so the output for one
# image depends on which others came along. That helps while training, and it is out of
# the question afterwards: the digit on a cheque must not depend on the cheque before it.
#
# So in **evaluation**, when the network is used and not trained, the layer uses other
# numbers: a running mean and a running variance, collected while training. Each training
# step mixes a little of the batch into them, with a **momentum** $m$, here 0.1:
#
# $$\text{mean} \leftarrow (1 - m) \cdot \text{mean} + m \cdot \mu, \qquad
# \text{var} \leftarrow (1 - m) \cdot \text{var} + m \cdot \frac{M}{M - 1}\, \sigma^2$$
#
# The factor $M / (M - 1)$ is the usual correction for a variance that was measured around
# the mean of the same numbers.
#
# ### Exercise 12.2 · batchnorm_forward (14 points)
#
# Write the layer for training and for evaluation. The running statistics come in as
# arrays and go out as new ones.


# %% exercise="batchnorm_forward"
def batchnorm_forward(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    """Give every channel the mean beta and the standard deviation gamma.

    Parameters
    ----------
    x : array (N, C, H, W)
    gamma, beta : array (C,)
    mean, var : array (C,)
        Running statistics. They are not changed: new ones are returned.
    train : bool
        True: normalise with the mean and variance of this batch, and mix them into the
        running statistics. False: normalise with the running statistics, which stay.
    momentum : float
        Weight of the batch in the new running statistics.
    eps : float
        Added to the variance, under the root.

    Returns
    -------
    out : array (N, C, H, W)
    mean, var : array (C,)
        The running statistics after this call. ``var`` takes in the batch's variance times
        M / (M − 1), with the M = N·H·W numbers of a channel; ``out`` does without the factor.

    Raises
    ------
    ValueError
        In training, if a channel has a single number: it has no variance.
    """
    ### BEGIN SOLUTION
    M = x.size // x.shape[1]
    if train and M < 2:
        raise ValueError(f"x {x.shape} has one number per channel: no variance.")
    used_mean, used_var = mean, var
    if train:
        used_mean, used_var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        mean = (1 - momentum) * mean + momentum * used_mean
        var = (1 - momentum) * var + momentum * used_var * M / (M - 1)
    scale = gamma / xp.sqrt(used_var + eps)
    out = scale[:, None, None] * (x - used_mean[:, None, None]) + beta[:, None, None]
    return out, mean, var
    ### END SOLUTION


# %% check="batchnorm_forward" points=8
signs = [[[[-1, 1, 1], [1, 1, -1]], [[-1, -1, -1], [1, 1, -1]]]]
signs += [[[[-1, -1, 1], [-1, 1, -1]], [[1, 1, -1], [-1, 1, 1]]]]
signs = xp.array(signs, dtype=float)  # (2, 2, 2, 3): of each sign six in each channel


def spread_out(signs, size, centre):
    """Return numbers with this standard deviation and mean in each channel."""
    return xp.array(size)[:, None, None] * signs + xp.array(centre)[:, None, None]


x = spread_out(signs, [2.0, 1.0], [4.0, 10.0])
gamma, beta = xp.array([3.0, 10.0]), xp.array([100.0, 200.0])
mean, var = xp.array([10.0, 20.0]), xp.array([1.0, 5.0])
out = spread_out(signs, [3.0, 10.0], [100.0, 200.0])
new_mean = xp.array([0.9 * 10 + 0.1 * 4, 0.9 * 20 + 0.1 * 10])
new_var = xp.array([0.9 * 1 + 0.1 * 4 * 12 / 11, 0.9 * 5 + 0.1 * 1 * 12 / 11])
wanted = (out, new_mean, new_var)
expect(batchnorm_forward, x, gamma, beta, mean, var, True, eps=0.0, gives=wanted)
wanted = (2 / (4 + 12) ** 0.5 * signs, xp.zeros(2), xp.ones(2))
one, zero = xp.ones(2), xp.zeros(2)
options = {"momentum": 0.0, "eps": 12.0}  # no momentum: the running statistics stay
expect(batchnorm_forward, 2 * signs, one, zero, zero, one, True, gives=wanted, **options)
### BEGIN HIDDEN TESTS


def reference(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    N, C, H, W = x.shape
    rows = np.moveaxis(x, 1, 0).reshape(C, -1)
    middle = rows.sum(1) / rows.shape[1]
    square = (rows**2).sum(1) / rows.shape[1] - middle**2
    normal = (rows - middle[:, None]) * (square[:, None] + eps) ** -0.5
    out = (normal * gamma[:, None] + beta[:, None]).reshape(C, N, H, W)
    mean = mean + momentum * (middle - mean)
    var = var + momentum * (square * rows.shape[1] / (rows.shape[1] - 1) - var)
    return np.moveaxis(out, 0, 1), mean, var


def cases(rng):
    def call(shape, note="", **options):
        x, four = 3 + rng.standard_normal(shape), rng.standard_normal((4, shape[1]))
        return case(x, *four[:3], four[3] ** 2 + 0.5, True, note=note, **options)

    yield call((4, 3, 5, 2))
    yield call((1, 3, 4, 2), note="one image", momentum=0.3)
    yield call((5, 2, 1, 1), note="images of one pixel", eps=0.5)
    yield call((3, 3, 3, 3), note="all sizes equal")


expect_like(batchnorm_forward, reference, cases)
### END HIDDEN TESTS


# %% check="batchnorm_forward" part="evaluation" points=6
def trained_on(x, gamma, beta):
    return batchnorm_forward(x, gamma, beta, 0 * beta, gamma**0, True)[0]


x = xp.array([[[[5.0, 1.0, -3.0]], [[8.0, -10.0, 2.0]]]])  # N = 1
mean, var = xp.array([1.0, 2.0]), xp.array([16.0, 4.0])
gamma, beta = xp.array([3.0, 10.0]), xp.array([100.0, 200.0])
first = [100 + 3 * (5 - 1) / 4, 100, 100 + 3 * (-3 - 1) / 4]
second = [200 + 10 * (8 - 2) / 2, 200 + 10 * (-10 - 2) / 2, 200]
wanted = (xp.array([[[first], [second]]]), mean, var)
expect(batchnorm_forward, x, gamma, beta, mean, var, False, eps=0.0, gives=wanted)
pixel = xp.array([[[[5.0]], [[8.0]]]])  # one number per channel
expect(trained_on, pixel, gamma, beta, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    out = np.empty(x.shape)
    for c in range(x.shape[1]):
        out[:, c] = gamma[c] * (x[:, c] - mean[c]) / (var[c] + eps) ** 0.5 + beta[c]
    return out, mean, var


def cases(rng):
    def call(shape, note="", **options):
        x, four = 3 + rng.standard_normal(shape), rng.standard_normal((4, shape[1]))
        return case(x, *four[:3], four[3] ** 2 + 0.5, False, note=note, **options)

    yield call((4, 3, 5, 2))
    yield call((1, 3, 4, 2), note="one image", momentum=0.7)
    yield call((1, 2, 1, 1), note="one image of one pixel", eps=0.5)
    yield call((3, 3, 3, 3), note="all sizes equal")


def single_numbers(rng):
    yield case(rng.random((1, 3, 1, 1)), *rng.random((2, 3)), raises=ValueError)


expect_like(batchnorm_forward, reference, cases)
expect_like(trained_on, reference, single_numbers)
### END HIDDEN TESTS

# %% [markdown]
# From here on you also have `batch_norm`, the finished layer. `right_batchnorm` calls it
# with the parameters of yours; the three functions below it are wrong, for the next
# exercise.


# %% given="finished"
from helpers.layers import batch_norm


def right_batchnorm(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    state = {"mean": mean, "var": var}  # the finished layer keeps its statistics in a dict
    out, _ = batch_norm(x, gamma, beta, state, train, momentum, eps)
    return out, state["mean"], state["var"]


def statistics_of_the_batch(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    return right_batchnorm(x, gamma, beta, mean, var, True, 0.1 * train, eps)


def without_gamma_and_beta(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    return right_batchnorm(x, gamma**0, 0 * beta, mean, var, train, momentum, eps)


def the_input_itself(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    return x, mean, var


# %% [markdown]
# How long does a running mean need? The figure takes batches of 16 digits and one
# channel.
#
# **Predict.** The running mean starts at 0, the momentum is 0.1. After how many batches
# will it be close to the mean of all digits? Would a momentum of 0.9 be better?

# %%
figures.show_running(momenta=(0.1, 0.9))

# %% [markdown]
# Each batch removes a tenth of the distance, so after some 20 to 30 batches the start is
# forgotten. With 0.9 it is forgotten at once, and the running mean then jumps with the
# latest batch, which is what it was to avoid.
#
# A layer that treats training and evaluation differently is a trap: mistakes in the
# second mode show in no training curve. Write the test that catches them.
#
# ### Exercise 12.3 · test_batchnorm (6 points)
#
# Write a test for batch norm in evaluation. It must accept every right candidate and
# raise an error for a wrong one.


# %% exercise="test_batchnorm"
def test_batchnorm(candidate):
    """Test a function that claims to be batch norm, in evaluation.

    Parameters
    ----------
    candidate : function
        ``candidate(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5)`` should return
        ``(out, mean, var)``, as `batchnorm_forward` does.

    Raises
    ------
    AssertionError
        Or any other error, if the candidate is wrong. Nothing is returned.
    """
    ### BEGIN SOLUTION
    x = xp.array([[[[5.0, 1.0, -3.0]], [[8.0, -10.0, 3.0]]]])
    gamma, beta = xp.array([3.0, 10.0]), xp.array([100.0, 200.0])
    mean, var = xp.array([1.0, 2.0]), xp.array([16.0, 4.0])
    out, new_mean, new_var = candidate(x, gamma, beta, mean, var, False, eps=0.0)
    first, second = [103.0, 100.0, 97.0], [230.0, 140.0, 205.0]
    assert xp.allclose(out, xp.array([[[first], [second]]]))
    assert xp.allclose(new_mean, mean) and xp.allclose(new_var, var)
    ### END SOLUTION


# %% check="test_batchnorm" points=6
batch_hint = "a layer that uses the batch's own mean passes: call it with train=False."
plain_hint = "a layer without gamma and beta passes: let them differ from 1 and 0."
input_hint = "a layer that returns its input passes: compare the values of out."
wrong = [(statistics_of_the_batch, batch_hint), (without_gamma_and_beta, plain_hint)]
wrong += [(the_input_itself, input_hint)]
judge(test_batchnorm, right=[right_batchnorm], wrong=wrong, at_least=3)
### BEGIN HIDDEN TESTS


def right_by_channels(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    out = xp.zeros(x.shape)
    for c in range(x.shape[1]):
        values = x[:, c]
        middle, square = (values.mean(), values.var()) if train else (mean[c], var[c])
        out[:, c] = gamma[c] * (values - middle) / (square + eps) ** 0.5 + beta[c]
    if train:
        M = x.size // x.shape[1]
        mean = (1 - momentum) * mean + momentum * x.mean(axis=(0, 2, 3))
        var = (1 - momentum) * var + momentum * x.var(axis=(0, 2, 3)) * M / (M - 1)
    return out, mean, var


def without_root(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    out = (x - mean[:, None, None]) / (var[:, None, None] + eps)
    return gamma[:, None, None] * out + beta[:, None, None], mean, var


def state_moves(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    out, _, _ = right_batchnorm(x, gamma, beta, mean, var, train, momentum, eps)
    return out, 0.9 * mean + 0.1 * x.mean(axis=(0, 2, 3)), var


def exchanged(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    return right_batchnorm(x, beta, gamma, mean, var, train, momentum, eps)


more = [
    (statistics_of_the_batch, batch_hint),
    (without_gamma_and_beta, plain_hint),
    (without_root, "a division by the variance passes: let var differ from 1."),
    (state_moves, "statistics that move in evaluation pass: look at all three answers."),
    (exchanged, "gamma and beta exchanged pass: let them differ."),
]
judge(test_batchnorm, right=[right_batchnorm, right_by_channels], wrong=more, at_least=4)
### END HIDDEN TESTS

# %% [markdown]
# ### Question 12.1 · A batch of one (10 points)
#
# Somebody trains with a batch size of 1. Say what batch norm does then in a layer whose
# maps are 8 × 8, and in one whose maps are 1 × 1, in training and in evaluation. Is the
# finished network usable for one image at a time? Why may the accuracy in training and in
# evaluation differ far more than usual, and what would you do?

# %% [markdown] question="batch_of_one" points=10
# **Model answer.** With maps of 8 × 8 a channel has M = 64 numbers in training. The layer
# works, but the statistics are those of one image: its brightness and contrast are
# removed from every channel, so information is lost, and each image gets another shift
# and scale. With maps of 1 × 1 a channel has a single number, M = 1. Its variance is 0,
# the distance from its mean is 0, so the output would be beta whatever the image: nothing
# gets through, and the gradient is 0. M / (M − 1) divides by zero, so our layer refuses.
# In evaluation neither matters: the running statistics do not look at the batch, one
# image at a time is fine and gets the same output as in company.
#
# The two modes differ more than usual because the network was trained with the mean and
# variance of single images, which scatter a lot, and is used with an average over many of
# them. The running variance also misses how far the means of different images lie apart,
# because each image was measured around its own mean. Remedies: larger batches;
# statistics over several steps; a norm that does not use the batch at all, such as group
# norm; a check of the accuracy on the same images in both modes.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Both layers in both modes right, M named; why the modes differ; a remedy with its reason |
# | 6–8 | Three of the four situations right, and a reason or a remedy |
# | 3–5 | Evaluation right (running statistics), training only "the statistics are bad" |
# | 0–2 | Claims that batch norm fails in evaluation, or that the batch size plays no part |
#
# *Sample, 9 points:* "With 8 × 8 maps there are still 64 values per channel, so a mean
# exists, but it is the mean of one picture and removes how bright this picture is. With
# 1 × 1 maps the only value is its own mean, so x − mean = 0 and every picture gives beta;
# var divides by M − 1 = 0. In evaluation we use the stored mean and var so one image is
# no problem. But these are averages and in training each image had its own, so test
# accuracy can be much worse. I would take group norm, it needs no batch."
#
# *Sample, 4 points:* "With one image the mean and variance are not reliable, so training
# is noisy. In evaluation the running averages are used, so it works. Use a bigger batch
# size."

# %% [markdown]
# ## The way back through a mean
#
# Raise one number of a channel a little. Its own output rises. But the mean rises too,
# and pulls *all* outputs of the channel down, and the variance changes the scale of all.
# So each number has three ways to the loss. Write $\hat x$ for the normalised numbers.
# Then
#
# $$\text{dx} = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} \Big(\text{dout}
# - \overline{\text{dout}} - \hat x \cdot \overline{\text{dout} \cdot \hat x}\Big)$$
#
# where a bar is the mean over the M numbers of the channel. The second term comes from
# the mean, the third from the variance. And as for any factor and any summand,
# $\text{dgamma} = \sum \text{dout} \cdot \hat x$ and $\text{dbeta} = \sum \text{dout}$.
#
# **Predict.** Add the same amount to every number of a channel. How does the output
# change? So what must the sum of dx over a channel be?

# %%
dout = xp.zeros((2, 2, 3))
dout[0, 0, 0] = 12.0
figures.show_normalised_backward(images, dout)

# %% [markdown]
# The output does not change at all, so the loss does not either, and the sum of dx is 0.
# Only one output had a gradient, and still every number of the channel receives one.
#
# ### Exercise 12.4 · batchnorm_backward (14 points)
#
# Return the gradients of batch norm in training.


# %% exercise="batchnorm_backward"
def batchnorm_backward(dout, x, gamma, eps=1e-5):
    """Return the gradients of batch norm in training.

    Parameters
    ----------
    dout : array (N, C, H, W)
        Gradient of the loss with respect to the output.
    x : array (N, C, H, W)
        What the layer was given.
    gamma : array (C,)
    eps : float
        Added to the variance, under the root.

    Returns
    -------
    dx : array (N, C, H, W)
        The sum over each channel is 0.
    dgamma, dbeta : array (C,)
    """
    ### BEGIN SOLUTION
    axes, M = (0, 2, 3), x.size // x.shape[1]
    root = xp.sqrt(x.var(axis=axes, keepdims=True) + eps)
    normal = (x - x.mean(axis=axes, keepdims=True)) / root
    dgamma, dbeta = (dout * normal).sum(axis=axes), dout.sum(axis=axes)
    by_mean = dbeta[:, None, None] / M
    by_var = normal * dgamma[:, None, None] / M
    dx = gamma[:, None, None] / root * (dout - by_mean - by_var)
    return dx, dgamma, dbeta
    ### END SOLUTION


# %% check="batchnorm_backward" points=8
signs = [[[[-1, 1, 1], [1, 1, -1]], [[-1, -1, -1], [1, 1, -1]]]]
signs += [[[[-1, -1, 1], [-1, 1, -1]], [[1, 1, -1], [-1, 1, 1]]]]
signs = xp.array(signs, dtype=float)  # of each sign six in each channel
x = xp.array([2.0, 5.0])[:, None, None] * signs + 7  # so the signs are normalised x
dout = xp.zeros((2, 2, 2, 3))
dout[0, 0, 1, 0], dout[1, 1, 0, 2] = 12, 24  # a number above the mean, one below
# 12 / 12 goes to the mean, and the same once more, with the sign, to the variance.
first = 3 / 2 * (dout[:, 0] - 1 - signs[:, 0])
second = 10 / 5 * (dout[:, 1] - 2 + 2 * signs[:, 1])
dx, dgamma, dbeta = xp.stack([first, second], 1), xp.array([12, -24]), xp.array([12, 24])
gamma = xp.array([3.0, 10.0])
expect(batchnorm_backward, dout, x, gamma, eps=0.0, gives=(dx, dgamma, dbeta))
# With eps the numbers are normalised to signs / 2 and the slope is 1 / 4.
mean, pull = 12 / 12, 12 * 0.5 / 12
dx = 1 / 4 * (dout[:, :1] - mean - pull * signs[:, :1] / 2)
wanted = (dx, xp.array([12 * 0.5]), xp.array([12]))
expect(batchnorm_backward, dout[:, :1], x[:, :1], xp.ones(1), eps=12.0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(dout, x, gamma, eps=1e-5):
    def loss(x, gamma, beta):  # of complex numbers: its imaginary part is the slope
        M = x.size // x.shape[1]
        distance = x - (np.einsum("nchw->c", x) / M)[:, None, None]
        var = np.einsum("nchw,nchw->c", distance, distance) / M
        scale = gamma * (var + eps) ** -0.5
        out = scale[:, None, None] * distance + beta[:, None, None]
        return np.sum(dout * out)

    inputs, slopes = (x, gamma, np.zeros(gamma.shape)), []
    for k, array in enumerate(inputs):
        steps = 1e-20j * np.eye(array.size).reshape(-1, *array.shape)
        moved = ([*inputs[:k], array + step, *inputs[k + 1 :]] for step in steps)
        slope = [loss(*arrays).imag / 1e-20 for arrays in moved]
        slopes.append(np.array(slope).reshape(array.shape))
    return tuple(slopes)


def cases(rng):
    for N, C, H, W, note in ((2, 3, 4, 2, ""), (1, 2, 3, 4, "one image"),
                             (6, 2, 1, 1, "images of one pixel"), (3, 3, 3, 3, "all equal")):  # fmt: skip
        dout, x = rng.standard_normal((2, N, C, H, W))
        yield case(dout, 3 + 2 * x, rng.standard_normal(C), note=note)
    dout, x = rng.standard_normal((2, 3, 4, 2, 5)).transpose(0, 4, 3, 1, 2)
    yield case(dout, x, rng.standard_normal(2), eps=0.3, note="views, a large eps")


expect_like(batchnorm_backward, reference, cases)
### END HIDDEN TESTS


# %% check="batchnorm_backward" part="sums" points=6
def sums_of_dx(dout, x, gamma):
    """Return the sums of dx and of dx * x over each channel, without eps."""
    dx, _, _ = batchnorm_backward(dout, x, gamma, eps=0.0)
    return dx.sum(axis=(0, 2, 3)), (dx * x).sum(axis=(0, 2, 3))


def largest_of_dx(dout, x, gamma):
    dx, _, _ = batchnorm_backward(dout, x, gamma, eps=0.0)
    return abs(dx).max(axis=(0, 2, 3))


rng = np.random.default_rng(3)
dout, x = xp.asarray(rng.standard_normal((2, 3, 2, 4, 5)))
gamma = xp.array([3.0, -0.5])
# Adding to a channel changes no output, and neither does stretching it.
expect(sums_of_dx, dout, x, gamma, gives=(xp.zeros(2), xp.zeros(2)))
dout = xp.zeros(x.shape)
dout[0, 0, 0, 0] = 12  # only channel 0 has a gradient, so only its numbers get one
M, normal = 60, (x[:, 0] - x[:, 0].mean()) / x[:, 0].std()
inner = abs(dout[:, 0] - 12 / M - normal * 12 * normal[0, 0, 0] / M)
largest = xp.stack([3 / x[:, 0].std() * inner.max(), xp.zeros(())])
expect(largest_of_dx, dout, x, gamma, gives=largest)
### BEGIN HIDDEN TESTS


def reference(dout, x, gamma):
    return np.zeros(x.shape[1]), np.zeros(x.shape[1])


def cases(rng):
    for N, C, H, W, note in ((4, 3, 2, 5, ""), (1, 2, 6, 3, "one image"),
                             (7, 3, 1, 1, "images of one pixel")):  # fmt: skip
        dout, x = rng.standard_normal((2, N, C, H, W))
        yield case(dout + 1, x + 2, rng.standard_normal(C), note=note)


expect_like(sums_of_dx, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# What does the layer buy? Take a fresh network of twelve layers, compute its gradient on
# 256 digits, and walk along one straight line, against the gradient. The loss along that
# line says how far a step may go.
#
# **Predict.** One network is plain, one has batch norm after each convolution. Which loss
# falls further before it rises?

# %%
networks.show_lines(["plain", "batch norm"], depth=12)

# %% [markdown]
# The loss of the plain network hardly moves, however far the step goes. With batch norm
# the same kind of line leads down, until a step goes too far.
#
# ## Let the input pass
#
# Batch norm keeps numbers in range, but the signal of the input still has to go through
# every layer, and so does the gradient on its way back. The **residual block**, which
# lesson 11 drew and counted, adds what its layers compute, the **branch**, to what they
# were given, the shortcut:
#
# $$\text{out} = \text{shortcut}(x) + \text{branch}(x), \qquad
# \text{branch}(x) = w_2 \star \text{relu}(w_1 \star x)$$
#
# where $\star$ stands for a convolution layer. The shortcut hands $x$ on as it is, unless
# the branch changes the number of channels or, by a stride, the size of the maps. Then it
# is a projection, here a convolution layer of 1 × 1 filters with the same stride and no
# batch norm.
#
# **Predict.** All weights of the branch are 0. What does the block return? And what does
# a plain pair of layers return? Which of the two lets a gradient through?

# %%
x = xp.array([[3.0, -1.0, 2.0], [-4.0, 5.0, 0.0]])
figures.show_residual(x, w1=2.0, w2=-0.25)

# %% [markdown]
# A block with zero weights is the identity, and its gradient goes through whole:
# $\text{dx} = \text{dout}$. A plain pair with zero weights returns zeros and lets no
# gradient through. The branch has to learn only what should be *changed*, the rest, in
# Latin *residuum*. Note that the branch has no ReLU after $w_2$: it must be able to
# subtract.
#
# ### Exercise 12.5 · ResidualBlock (18 points)
#
# Write the block with its way back. You may use `conv2d(x, w, stride=…, padding=…)`,
# `conv2d_backward(dout, x, w, stride=…, padding=…)`, which returns dx, dw and db, and
# `relu` with `relu_backward(dout, x)`.


# %% exercise="ResidualBlock"
class ResidualBlock:
    """Two convolution layers of 3 × 3, without bias, whose output is added to the input.

    Parameters
    ----------
    w1 : array (F, C, 3, 3)
        Filters of the first layer, which has one zero of padding on every side; a ReLU
        follows.
    w2 : array (F, F, 3, 3)
        Filters of the second layer: one zero of padding, stride 1, no ReLU.
    projection : array (F, C, 1, 1), optional
        Filters of the shortcut, without padding. Without it the shortcut is the input.
    stride : int
        Of the first layer and of the projection.
    """

    def __init__(self, w1, w2, projection=None, stride=1):
        self.w1, self.w2 = w1, w2
        self.projection, self.stride = projection, stride
        self.grads = {}

    def forward(self, x):
        """Return shortcut plus branch.

        Parameters
        ----------
        x : array (N, C, H, W)

        Returns
        -------
        array (N, F, OH, OW)

        Raises
        ------
        ValueError
            Shortcut and branch have different shapes, also where NumPy would stretch one.
        """
        ### BEGIN SOLUTION
        self.x = x
        self.before = conv2d(x, self.w1, stride=self.stride, padding=1)
        self.hidden = relu(self.before)
        branch = conv2d(self.hidden, self.w2, padding=1)
        shortcut = x
        if self.projection is not None:
            shortcut = conv2d(x, self.projection, stride=self.stride)
        if shortcut.shape != branch.shape:
            raise ValueError(f"shortcut {shortcut.shape}, branch {branch.shape}: project.")
        return shortcut + branch
        ### END SOLUTION

    def backward(self, dout):
        """Return dx, for the input of the last `forward`; write `grads`.

        Parameters
        ----------
        dout : array (N, F, OH, OW)

        Returns
        -------
        array (N, C, H, W)
            ``grads`` then holds ``"w1"``, ``"w2"`` and, if there is one, ``"projection"``.
        """
        ### BEGIN SOLUTION
        dhidden, dw2, _ = conv2d_backward(dout, self.hidden, self.w2, padding=1)
        dbefore = relu_backward(dhidden, self.before)
        dx, dw1, _ = conv2d_backward(
            dbefore, self.x, self.w1, stride=self.stride, padding=1
        )
        self.grads = {"w1": dw1, "w2": dw2}
        if self.projection is None:
            return dx + dout
        dshort, self.grads["projection"], _ = conv2d_backward(
            dout, self.x, self.projection, stride=self.stride
        )
        return dx + dshort
        ### END SOLUTION


# %% check="ResidualBlock" points=6
def block_output(x, w1, w2):
    return ResidualBlock(w1, w2).forward(x)


def centred(*weights):
    """Return filters (F, C, 3, 3) that are 0 but for their centres."""
    w = xp.zeros((*xp.array(weights).shape, 3, 3))
    w[:, :, 1, 1] = xp.array(weights)
    return w


x = xp.array([[[[3.0, -1.0, 2.0], [-4.0, 5.0, 0.0]]]])
zeros, two, less = centred([0.0]), centred([2.0]), centred([-1.5])
branch = [[-1.5 * 2 * 3, 0, -1.5 * 2 * 2], [0, -1.5 * 2 * 5, 0]]
expect(block_output, x, two, less, gives=x + xp.array(branch))
expect(block_output, x, zeros, zeros, gives=x)
branch = [[0, 3 * 2 * 1, 0], [3 * 2 * 4, 0, 0]]
expect(block_output, x, -two, centred([3.0]), gives=x + xp.array(branch))
### BEGIN HIDDEN TESTS


def reference(x, w1, w2):
    def layer(x, w):
        padded, out = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), 0
        H, W = x.shape[2:]
        for p, q in np.ndindex(3, 3):
            seen = padded[:, :, p : p + H, q : q + W]
            out = out + np.einsum("nchw,fc->nfhw", seen, w[:, :, p, q])
        return out

    hidden = layer(x, w1)
    return x + layer(hidden * (hidden > 0), w2)


def cases(rng):
    for N, C, H, W in ((2, 3, 4, 5), (1, 2, 6, 3), (3, 4, 1, 2)):
        w1, w2 = rng.standard_normal((2, C, C, 3, 3))
        yield rng.standard_normal((N, C, H, W)), w1, w2


expect_like(block_output, reference, cases)
### END HIDDEN TESTS


# %% check="ResidualBlock" part="projection" points=5
def projected(x, w1, w2, projection, stride):
    return ResidualBlock(w1, w2, projection, stride).forward(x)


def centred(*weights):
    """Return filters (F, C, 3, 3) that are 0 but for their centres."""
    w = xp.zeros((*xp.array(weights).shape, 3, 3))
    w[:, :, 1, 1] = xp.array(weights)
    return w


x = xp.array([[[[3.0, -1.0, 2.0, 7.0], [-4.0, 5.0, 0.0, 1.0], [1.0, 6.0, -2.0, 8.0]]]])
kept = xp.array([[3.0, 2.0], [1.0, -2.0]])  # at stride 2
w1, w2 = centred([2.0], [-3.0]), centred([1.0, 0.0], [0.0, -0.5])
projection = xp.array([[[[10.0]]], [[[100.0]]]])
first = 10 * kept + xp.array([[2 * 3, 2 * 2], [2 * 1, 0]])
second = 100 * kept + xp.array([[0, 0], [0, -0.5 * -3 * -2]])
wanted = xp.stack([first, second])[None]
expect(projected, x, w1, w2, projection, 2, gives=wanted)
# One channel would be stretched over two maps, and a stride of 2 leaves fewer pixels.
expect(projected, x, w1, w2, None, 1, raises=ValueError)
expect(projected, x, centred([2.0]), centred([1.0]), None, 2, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, w1, w2, projection, stride):
    def layer(x, w, step):
        KH, border = w.shape[2], w.shape[2] // 2
        padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (KH, KH), (2, 3))
        return np.einsum("nchwpq,fcpq->nfhw", windows, w)[:, :, ::step, ::step]

    hidden = np.maximum(layer(x, w1, stride), 0)
    return layer(x, projection, stride) + layer(hidden, w2, 1)


def cases(rng):
    draw = rng.standard_normal
    for N, C, F, H, W, stride in (
        (2, 3, 4, 5, 7, 2),
        (3, 2, 5, 4, 6, 1),
        (1, 3, 3, 7, 8, 3),
    ):
        filters = draw((F, C, 3, 3)), draw((F, F, 3, 3)), draw((F, C, 1, 1))
        yield draw((N, C, H, W)), *filters, stride
    filters = draw((4, 1, 3, 3)), draw((4, 4, 3, 3))
    yield case(draw((2, 1, 5, 3)), *filters, None, 1, raises=ValueError)


expect_like(projected, reference, cases)
### END HIDDEN TESTS


# %% check="ResidualBlock" part="backward" points=7
def block_gradients(dout, x, w1, w2, projection=None, stride=1):
    block = ResidualBlock(w1, w2, projection, stride)
    block.forward(x)
    dx = block.backward(dout)
    return {"dx": dx} | {name: block.grads[name] for name in sorted(block.grads)}


def centres(dout, x, a, b, project=None):
    """Return dx and the gradient at the centres of the kernels, for images of one pixel."""
    w1, w2 = xp.zeros((1, 1, 3, 3)), xp.zeros((1, 1, 3, 3))
    w1[0, 0, 1, 1], w2[0, 0, 1, 1] = a, b
    projection = None if project is None else project + xp.zeros((1, 1, 1, 1))
    found = block_gradients(
        dout[:, None, None, None], x[:, None, None, None], w1, w2, projection
    )
    return {name: g[:, 0, 0, 0] if name == "dx" else g.sum() for name, g in found.items()}


x, dout = xp.array([3.0, -2.0, 1.0]), xp.array([1.0, 10.0, 100.0])
dx = xp.array([1 + 2 * -5, 10, 100 + 100 * 2 * -5])  # shortcut, and branch where open
dw1, dw2 = 1 * -5 * 3 + 100 * -5 * 1, 1 * 2 * 3 + 100 * 2 * 1
expect(centres, dout, x, 2.0, -5.0, gives={"dx": dx, "w1": dw1, "w2": dw2})
expect(centres, dout, x, 0.0, 0.0, gives={"dx": dout, "w1": 0, "w2": 0})
dx, dshort = dx + 6 * dout, 1 * 3 + 10 * -2 + 100 * 1  # the shortcut is 7 times x
wanted = {"dx": dx, "projection": dshort, "w1": dw1, "w2": dw2}
expect(centres, dout, x, 2.0, -5.0, 7.0, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(dout, x, w1, w2, projection=None, stride=1):
    def layer(x, w, step):
        KH, border = w.shape[2], w.shape[2] // 2
        padded = np.pad(x, ((0, 0), (0, 0), (border, border), (border, border)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (KH, KH), (2, 3))
        return np.einsum("nchwpq,fcpq->nfhw", windows, w)[:, :, ::step, ::step]

    inputs = {"dx": x, "w1": w1, "w2": w2}
    if projection is not None:
        inputs["projection"] = projection
    slopes = {}
    for name in sorted(inputs):  # a step into the imaginary direction measures each slope
        slopes[name] = np.zeros(inputs[name].shape)
        for index in np.ndindex(inputs[name].shape):
            moved = {key: array.astype(complex) for key, array in inputs.items()}
            moved[name][index] += 1e-20j
            hidden = layer(moved["dx"], moved["w1"], stride)
            out = layer(hidden * (hidden.real > 0), moved["w2"], 1)
            short = moved["dx"]
            if projection is not None:
                short = layer(short, moved["projection"], stride)
            slopes[name][index] = (dout * (out + short)).sum().imag / 1e-20
    return slopes


def cases(rng):
    draw = rng.standard_normal
    yield draw((2, 3, 4, 2)), draw((2, 3, 4, 2)), draw((3, 3, 3, 3)), draw((3, 3, 3, 3))
    w1, w2, short = draw((3, 2, 3, 3)), draw((3, 3, 3, 3)), draw((3, 2, 1, 1))
    yield draw((1, 3, 2, 3)), draw((1, 2, 4, 5)), w1, w2, short, 2


expect_like(block_gradients, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Two measurements of fresh networks with 4, 12 and 24 layers: how large a gradient
# reaches the first layer, and how much the numbers in front of the last layer have to do
# with the class of the digit. Two of the three kinds have batch norm after every
# convolution, and one of these has shortcuts around every two layers.
#
# **Predict.** Which kind will have the smallest gradient at 24 layers? And in which will
# the last layer know least about the class?

# %%
networks.show_apart()

# %% [markdown]
# The plain network's gradient fades with depth. Batch norm turns that round, but the
# right panel shows the price: put on equal size again and again, what the layers mix has
# less and less to do with the class. Shortcuts carry the input past the mixing. The bars
# are wide, though, and fresh networks are only the start. What happens in training?
#
# ## Twelve layers, three times
#
# Three networks of twelve convolution layers of 3 × 3 learn the digits in four epochs:
# plain, with batch norm, and with batch norm and shortcuts around every two layers.
# Filters follow He's rule in all three; each kind gets a learning rate that suits it.
#
# **Predict.** Put the three in order. Will the plain one learn anything?

# %%
seed = 0  # try others
losses = {}
for kind, rate in (("plain", 0.01), ("batch norm", 0.03), ("residual", 0.03)):
    run = train_deep(kind, 12, rate, seed)
    losses[kind] = run["loss"]
    print(f"{kind:10}  learning rate {rate}  test accuracy {run['accuracy'][-1]:.3f}")
show_curves(
    losses,
    xlabel="epoch, counted from 0",
    ylabel="training loss, nats",
    title=f"seed {seed}",
)

# %% [markdown]
# The printed accuracies give the order for this seed. But one run is an anecdote. The
# course has run each kind with four learning rates and eight seeds, at three depths.
# Below, each kind has the rate with the lowest median of the last training loss; bars
# reach from the worst of the eight seeds to the best.

# %%
networks.show_depths()

# %% [markdown]
# Read the plain networks first: with more layers they get *worse on the training images*.
# So this is no **overfitting**, the learning of training images by heart. The deeper
# network could do what the shallow one does, but training does not get there. Batch norm
# moves that border and does not remove it. With shortcuts the depth does no more harm.
# Where bars overlap, the order of two kinds is not settled by eight seeds.
#
# **Predict.** The fair question to each kind is: at which learning rates does it work?
# Which kind will be the least choosy?

# %%
networks.show_rates()

# %% [markdown]
# The residual network: its row is high all along. Batch norm is weak at one rate, and the
# plain network finds no good one. A method that works at one learning rate in four may be
# as good as another, if you have the time to find it. A method that works at all of them
# saves that time.
#
# ## Leave some out
#
# A network with many parameters can overfit. **Dropout** works against that: in each
# training step it sets every number to 0 with probability $p$, drawn anew for each
# number, each image and each step. No unit can rely on one particular neighbour.
#
# What is left is divided by $1 - p$. So the mean over many draws is what it was, and in
# evaluation nothing has to be done: the layer hands its input on.
#
# $$\text{out} = x \cdot \text{mask}, \qquad
# \text{mask} = 0 \text{ or } \frac{1}{1 - p}$$
#
# **Predict.** With $p = 0.5$, what is a number 2 turned into, and how often?

# %%
figures.show_dropout(p=0.5, seed=2)

# %% [markdown]
# Into a 4 in one case of two, on average, and into 0 otherwise. Each picture is a
# caricature; the mean over many of them comes back to the digit.
#
# ### Exercise 12.6 · dropout (10 points)
#
# Write dropout. It returns the mask too: on the way back, `dx` is `dout * mask`.


# %% exercise="dropout"
def dropout(x, p, rng, train):
    """Set each number to 0 with probability p while training, and scale the rest up.

    Parameters
    ----------
    x : array (N, ...)
        Floating point.
    p : float
        Probability to be dropped, from 0 to below 1. (At p = 1 nothing would be left to
        scale up.)
    rng : numpy.random.Generator
        It draws on the host, for each number by itself: move the draws with ``xp.asarray``.
    train : bool
        False: nothing is dropped and nothing scaled.

    Returns
    -------
    out : array (N, ...)
    mask : array (N, ...)
        0 where a number was dropped, otherwise 1 / (1 − p); ones if not training.

    Raises
    ------
    ValueError
        p is below 0, or 1 and more.
    """
    ### BEGIN SOLUTION
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}; it may be 0 to below 1.")
    mask = xp.ones(x.shape)
    if train:
        kept = xp.asarray(rng.random(x.shape)) >= p
        mask = kept / (1 - p)
    return x * mask, mask
    ### END SOLUTION


# %% check="dropout" points=5
def dropped(x, p, seed, train):
    return dropout(x, p, np.random.default_rng(seed), train)


def values_of(p, seed):
    """Return the different values that 2,000 ones turn into."""
    out, _ = dropout(xp.ones((4, 5, 100)), p, np.random.default_rng(seed), True)
    return tuple(sorted(set(out.ravel().tolist())))


def left_over(x, p, seed):
    out, mask = dropout(x, p, np.random.default_rng(seed), True)
    return out - x * mask


x = xp.array([[5.0, -2.0, 0.5], [1.0, -3.0, 4.0]])
ones = xp.ones((2, 3))
expect(dropped, x, 0.75, 1, False, gives=(x, ones))  # evaluation
expect(dropped, x, 0.0, 1, True, gives=(x, ones))
expect(values_of, 0.75, 1, gives=(0.0, 1 / (1 - 0.75)))
expect(left_over, x, 0.5, 2, gives=xp.zeros((2, 3)))
expect(dropped, x, 1.0, 1, True, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, p, seed, train):
    return x, np.ones(x.shape)


def cases(rng):
    x = rng.standard_normal((3, 2, 4, 5))
    yield case(x, 0.9, 4, False, note="evaluation")
    yield case(x, 0.0, 5, True, note="p = 0")
    yield case(x[0, 0], 0.0, 6, False, note="p = 0 in evaluation")
    yield case(x, -0.1, 7, True, raises=ValueError)
    yield case(x, 1.5, 8, True, raises=ValueError)


def values(p, seed):
    return 0.0, 1 / (1 - p)


def shares(rng):
    yield 0.5, 1
    yield 0.2, 2
    yield case(0.99, 3, note="p close to 1")


expect_like(dropped, reference, cases)
expect_like(values_of, values, shares)
### END HIDDEN TESTS


# %% check="dropout" part="chance" points=5
def share_dropped(p, seed):
    """Return which part of 40,000 numbers became 0, in tenths."""
    out, _ = dropout(2 + xp.zeros((400, 100)), p, np.random.default_rng(seed), True)
    return round(float((out == 0).mean()), 1)


def mean_after(p, seed):
    """Return the mean that 40,000 numbers 2.0 have afterwards, in tenths."""
    out, _ = dropout(2 + xp.zeros((400, 100)), p, np.random.default_rng(seed), True)
    return round(float(out.mean()), 1)


def what_differs(seed):
    """Tell which masks differ: of two images, channels, rows, columns, and calls."""
    rng, x = np.random.default_rng(seed), xp.ones((2, 2, 20, 20))
    mask = dropout(x, 0.5, rng, True)[1]
    again = dropout(x, 0.5, rng, True)[1]
    pairs = {"images": (mask[0], mask[1]), "channels": (mask[:, 0], mask[:, 1])}
    pairs["rows"] = mask[:, :, 0], mask[:, :, 1]
    pairs["columns"] = mask[..., 0], mask[..., 1]
    pairs["calls"] = mask, again
    return {name: bool((one != other).any()) for name, (one, other) in pairs.items()}


expect(share_dropped, 0.3, 1, gives=0.3)
expect(mean_after, 0.3, 1, gives=2.0)
everything = dict.fromkeys(["images", "channels", "rows", "columns", "calls"], True)
expect(what_differs, 3, gives=everything)
### BEGIN HIDDEN TESTS


def reference(p, seed):
    return p


def cases(rng):
    yield 0.1, 4
    yield 0.8, 5


def twos(p, seed):
    return 2.0


def halves(rng):
    yield 0.5, 6
    yield 0.1, 7


expect_like(share_dropped, reference, cases)
expect_like(mean_after, twos, halves)
### END HIDDEN TESTS

# %% [markdown]
# ## More images from the same images
#
# The best cure for overfitting is more images. **Augmentation** makes them from those you
# have: in each epoch every image is changed a little, in a way that leaves its label
# right. A digit one pixel further to the left is still the same digit, and to the network
# it is a new image.
#
# What leaves the label right depends on the data. That has to be thought about, not
# guessed.
#
# **Predict.** Below, a 2 and a 6 are shifted, mirrored from left to right, and turned
# upside down. Which of these six images would you still label 2 or 6?

# %%
figures.show_changes(digits_shown=(2, 6), shift=(1, -1))

# %% [markdown]
# The two shifted ones. A mirrored 2 comes close to a 5, and a 6 turned upside down and
# mirrored is a 9. A network that is told otherwise learns a wrong thing well. So digits
# are shifted here, and never flipped.
#
# ### Exercise 12.7 · augment (12 points)
#
# Shift each image of a batch by its own random number of rows and columns.


# %% exercise="augment"
def augment(x, rng, max_shift):
    """Shift every image by random rows and columns of its own, with zeros moving in.

    Parameters
    ----------
    x : array (N, C, H, W)
        All channels of an image move together. The order of the images stays, so that their
        labels still fit.
    rng : numpy.random.Generator
        Draws the shifts, whole numbers on the host.
    max_shift : int
        Shifts go from −max_shift to max_shift pixels along each axis, each equally likely;
        0 leaves the images as they are. It is below H and W.

    Returns
    -------
    array (N, C, H, W)
        A new array with the dtype of x.
    """
    N, C, H, W = x.shape
    ### BEGIN SOLUTION
    m = max_shift
    padded = xp.zeros((N, C, H + 2 * m, W + 2 * m), dtype=x.dtype)
    padded[:, :, m : m + H, m : m + W] = x
    out = xp.zeros_like(x)
    for n, (i, j) in enumerate(rng.integers(0, 2 * m + 1, (N, 2)).tolist()):
        out[n] = padded[n, :, i : i + H, j : j + W]
    return out
    ### END SOLUTION


# %% check="augment" points=7
def kinds_of(x, seed, max_shift):
    """Say what happened to the images, each kind once."""
    out = augment(x, np.random.default_rng(seed), max_shift)
    return tuple(sorted({kind for kind, _, _ in recognise(x, out, max_shift)}))


def unshifted(x, seed):
    return augment(x, np.random.default_rng(seed), 0)


rng = np.random.default_rng(1)
x = 1 + xp.asarray(rng.random((60, 2, 5, 6)))
expect(kinds_of, x, 2, 2, gives=("shifted",))
expect(unshifted, x[:3], 2, gives=x[:3], dtype="float64")
expect(unshifted, x[:3].astype("float32"), 2, gives=x[:3], dtype="float32")
### BEGIN HIDDEN TESTS


def reference(x, seed, max_shift):
    return ("shifted",)


def cases(rng):
    yield 1 + rng.random((50, 3, 6, 4)), 5, 1
    yield case(1 + rng.random((30, 1, 7, 7)), 6, 3, note="wide shifts")
    yield case(-1 - rng.random((40, 2, 4, 5)), 7, 2, note="negative pixels")
    views = rng.random((6, 5, 2, 40)).transpose(3, 2, 1, 0) + 1
    yield case(views, 8, 2, note="a transposed stack")


expect_like(kinds_of, reference, cases)
### END HIDDEN TESTS


# %% check="augment" part="chance" points=5
def shifts_found(shape, seed, max_shift):
    """Return the range of rows and columns, and how many different shifts occur."""
    rng = np.random.default_rng(seed)
    x = 1 + xp.asarray(rng.random(shape))
    found = recognise(x, augment(x, rng, max_shift), max_shift)
    shifts = [(i, j) for kind, i, j in found if kind[:7] == "shifted"]
    rows, columns = [i for i, _ in shifts] or [0], [j for _, j in shifts] or [0]
    return {
        "rows": (min(rows), max(rows)),
        "columns": (min(columns), max(columns)),
        "different shifts": len(set(shifts)),
    }


wanted = {"rows": (-2, 2), "columns": (-2, 2), "different shifts": 5 * 5}
expect(shifts_found, (600, 1, 5, 6), 3, 2, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(shape, seed, max_shift):
    reach = (-max_shift, max_shift)
    different = (2 * max_shift + 1) ** 2
    return {"rows": reach, "columns": reach, "different shifts": different}


def cases(rng):
    yield (200, 2, 4, 3), 4, 1
    yield (1200, 1, 6, 5), 5, 3


expect_like(shifts_found, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Does it help? A small network learns 200 digits, with and without shifts of one pixel,
# and then reads the test digits, as they are and shifted. Every bar is the mean over five
# seeds.
#
# **Predict.** Which of the two tests will gain, and will the other one lose?

# %%
networks.show_augmented(seeds=5)

# %% [markdown]
# Shifted digits gain most. The digits as they are lose a little: in as many steps the
# network had more to learn. Augmentation writes into the training data what you know
# about the task, here that a digit may stand anywhere, and it is worth having if the task
# is really like that.
#
# ### Question 12.2 · Which change for which data (10 points)
#
# For four kinds of images, say which of these changes leave the label right and which do
# not, each with a reason: shift by a few pixels, mirror left to right, rotate by 90
# degrees, change the brightness. The data: (a) handwritten digits, (b) photographs of
# cats and dogs, (c) satellite images of fields seen from above, (d) chest X-rays, where
# the question is whether the heart lies on the usual side. Then name a test that would
# show on real data that a change does harm.

# %% [markdown] question="which_change" points=10
# **Model answer.** (a) Digits: shift and brightness leave the label right; mirroring
# makes 2 look like 5 and turns 3 or 7 into no digit at all; a rotation by 180 degrees
# turns 6 into 9, one by 90 degrees gives images that no test set holds. (b) Cats and
# dogs: shift, mirror and brightness are right, an animal has no preferred side; rotation
# by 90 degrees keeps the label but is rare in photographs, so it costs capacity and helps
# little. (c) Satellite: there is no up or down or left or right, all four are right,
# brightness within limits if the colour tells the crop. (d) X-ray: mirroring exchanges
# the very thing that is asked, the label must change with it, so it is wrong; shift is
# right; rotation by 90 degrees does not occur; brightness a little, since exposures
# differ.
#
# Test: train with and without the change, several seeds each, same split, and compare on
# untouched validation images, class by class: harm appears in a few pairs of the
# confusion matrix (2 and 5, 6 and 9) before it appears in the mean. It also helps to look
# at 50 changed images and label them by hand.
#
# | Points | What earns them |
# |---|---|
# | 9–10 | All four kinds with reasons from what the label means; "wrong label" and "never occurs" told apart; a test with seeds and classes |
# | 6–8 | Three kinds right with reasons, the trap in (a) or (d) seen, a test named |
# | 3–5 | Lists without reasons, or the traps in (a) and (d) both missed |
# | 0–2 | Holds that augmentation always helps, or judges by how the images look |
#
# *Sample, 9 points:* "Digits: shifts yes, brightness yes, mirror no (2/5), rotate no
# (6/9). Cats: mirror yes, shift yes, brightness yes, 90 degrees keeps the label but
# nobody photographs like that. Fields: all, the drone has no up; careful with brightness
# if dry fields are brighter. X-ray: never mirror, then the label is wrong, a small shift
# is fine. I would train with and without, 5 seeds, and compare the confusion matrix on
# normal validation images, not only the accuracy."
#
# *Sample, 4 points:* "Digits cannot be mirrored or rotated. Cats can be mirrored. For
# satellite and X-ray all augmentations are possible because they have no fixed direction.
# You see it in the test accuracy."

# %% [markdown]
# ## Bonus · Group norm
#
# Not graded. **Group norm** takes the mean and variance of each image by itself, over a
# group of neighbouring channels, and needs no batch and no running statistics. Write it
# (`reshape` to `(N, groups, C // groups, H, W)` is a start), check that a batch of one
# gives what it gives in a larger batch, and compare its numbers for one group and for C
# groups with batch norm's.

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built batch norm with running statistics and its gradient, a residual block with an
# optional projection, dropout and augmentation, and a test for the mode that no training
# curve shows. You saw a plain network get worse with depth on its own training images,
# and what takes that away.
#
# **Next.** Lesson 13 looks inside a trained network and asks what it has really learned;
# in lesson 14 you use all of this in a project of your own.
#
# **Read on.** K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image
# recognition", CVPR, 2016, sections 1 and 3 (https://arxiv.org/abs/1512.03385).

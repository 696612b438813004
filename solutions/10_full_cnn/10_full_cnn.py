# %% [markdown]
# # 10. A whole network, trained
#
# **You will** put everything together: the last parts of a convolutional network, three
# ways to improve its weights, the loop that trains it. Then you train it to read
# handwritten digits, and check in six ways that it has learned what you think it has.
#
# **You need** the layers from lessons 06 to 08 as a user, and the idea of a gradient from
# lesson 07.
#
# **Time** about 120 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x` | `(N, C, H, W)` or `(N, D)` | N images, or N rows of D numbers each |
# | `w`, `b` | `(F, D)`, `(F,)` | weights and biases of a dense layer with F units |
# | `z` | `(N, K)` | scores: one for each image and class |
# | `y` | `(N,)` | the right class of each image, a whole number from 0 to K − 1 |
# | `dout`, `dx`, `dw`, `db`, `dz` | as the array | how the loss changes with each number |

# %% given="setup"
import math

import numpy as np

from helpers import figures_10 as figures
from helpers import figures_10_trials as trials
from helpers.backend import xp
from helpers.checking import case, expect, expect_like
from helpers.data import digits
from helpers.figures_10_readers import Spy

# %% [markdown]
# ## The whole chain
#
# A network is a chain of layers: the output of one is the input of the next. The first
# part repeats three steps: a convolution looks for patterns, a **ReLU** keeps what
# answers positively, a pooling layer makes the maps smaller. Then comes the **head**: all
# numbers are written in one row (**Flatten**), and a dense layer weighs them into one
# **score** for each class. The class with the highest score is the answer.
#
# **Predict.** A digit of 8 × 8 pixels meets 8 filters of 3 × 3 with padding 1, then a
# pool of 2 × 2, then 16 such filters and another pool. How many numbers reach the head?
# In which layer are most of the parameters?

# %%
figures.show_network()

# %% [markdown]
# 16 maps of 2 × 2 pixels, so 64 numbers. The layers have 80, 1,168 and 650 parameters:
# most are in the second convolution. Convolution and pooling are yours already, from
# lessons 06 to 08. The rest you build now.
#
# ## Keep what is positive
#
# ReLU, short for *rectified linear unit*, replaces negative numbers by zero:
#
# $$\text{relu}(x) = \max(x, 0)$$
#
# Why is it there? Two convolutions in a row are again one convolution, with a larger
# kernel. Without a step that is not a weighted sum, a deep network could do no more than
# a single layer.
#
# On the way back, a number that went through unchanged hands its gradient on unchanged.
# One that was cut off has no influence on the loss, so its gradient is 0. At exactly
# $x = 0$ the slope is a matter of agreement; we take 0, as PyTorch does.
#
# **Predict.** Which numbers of `dout` below get through, the positive ones or others?

# %%
x = xp.array([[2.0, -1.0, 0.0, 3.0, -4.0], [-2.0, 5.0, 1.0, -3.0, 0.5]])
dout = xp.array([[1.0, 7.0, 9.0, -2.0, 3.0], [6.0, -4.0, 8.0, -5.0, 2.0]])
figures.show_relu(x, dout)

# %% [markdown]
# The sign of `dout` plays no part: the sign of `x` decides.
#
# ### Exercise 10.1 · relu and relu_backward (6 points)
#
# Write ReLU, and its way back.


# %% exercise="relu"
def relu(x):
    """Replace negative numbers by zero.

    Parameters
    ----------
    x : array (...)
        Floating point, of any shape.

    Returns
    -------
    array (...)
        A new array.
    """
    ### BEGIN SOLUTION
    return xp.maximum(x, 0)
    ### END SOLUTION


def relu_backward(dout, x):
    """Return the gradient of the input of `relu`.

    Parameters
    ----------
    dout : array (...)
        The gradient of the output.
    x : array (...)
        What `relu` was given.

    Returns
    -------
    array (...)
        A new array; 0 where x is 0.
    """
    ### BEGIN SOLUTION
    return dout * (x > 0)
    ### END SOLUTION


# %% check="relu" points=3
x = xp.array([[2.0, -1.0, 0.0], [-0.5, 0.25, -3.0]])
expect(relu, x, gives=[[2, 0, 0], [0, 0.25, 0]])
### BEGIN HIDDEN TESTS


def reference(x):
    return (x + np.abs(x)) / 2


def cases(rng):
    yield (rng.standard_normal((3, 2, 4, 5)),)
    yield case(rng.standard_normal((6, 4)) - 3, note="mostly negative")
    yield case(rng.standard_normal((5, 7))[:, ::2], note="every second column")


expect_like(relu, reference, cases)
### END HIDDEN TESTS

# %% check="relu" part="backward" points=3
x = xp.array([[2.0, -1.0, 0.0], [-0.5, 0.25, -3.0]])
dout = xp.array([[-10.0, 20.0, 30.0], [-40.0, 50.0, -60.0]])
expect(relu_backward, dout, x, gives=[[-10, 0, 0], [0, 50, 0]])
### BEGIN HIDDEN TESTS


def reference(dout, x):
    dx = np.zeros_like(dout)
    for place in np.argwhere(x > 0):
        dx[tuple(place)] = dout[tuple(place)]
    return dx


def cases(rng):
    yield rng.standard_normal((3, 2, 4, 5)), rng.standard_normal((3, 2, 4, 5))
    whole = rng.integers(-1, 2, (6, 5)).astype(float)
    yield case(rng.standard_normal((6, 5)), whole, note="many zeros in x")


expect_like(relu_backward, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## Everything meets everything
#
# You counted the parameters of a dense layer in lesson 01. Here it is at work: each of
# its F units weighs all D numbers of a row.
#
# $$\text{out}[n, f] = b[f] + \sum_{d=0}^{D-1} x[n, d] \cdot w[f, d]$$
#
# It is a convolution layer whose window covers the whole image: one position, so no
# sharing. What you know from lesson 07 holds here too. A weight is used once for each of
# the N rows, so its gradient is a sum over the rows. A number of `x` is used by all F
# units, so its gradient is a sum over the units.
#
# **Predict.** Two rows of three numbers go into four units. What are the shapes of `dw`,
# `db` and `dx`?

# %%
x = xp.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])
w = xp.array([[1.0, 0.0, 0.0], [0.0, 5.0, 0.0], [1.0, 1.0, 1.0], [0.0, -1.0, 2.0]])
b = xp.array([0.0, 1.0, 0.0, 10.0])
figures.show_dense(x, w, b)

# %% [markdown]
# A gradient always has the shape of its array, so the question was about `w`, `b` and `x`.
#
# ### Exercise 10.2 · dense_forward and dense_backward (12 points)
#
# Write the dense layer, forward and backward.


# %% exercise="dense_forward"
def dense_forward(x, w, b):
    """Weigh all numbers of each row into F new ones.

    Parameters
    ----------
    x : array (N, D)
    w : array (F, D)
        One row of weights for each unit.
    b : array (F,)

    Returns
    -------
    array (N, F)
    """
    ### BEGIN SOLUTION
    return x @ w.T + b
    ### END SOLUTION


def dense_backward(dout, x, w):
    """Return the gradients of the dense layer.

    Parameters
    ----------
    dout : array (N, F)
        How the loss changes with each output. If the loss is a mean over the rows, the
        division by N is in it already.
    x : array (N, D)
    w : array (F, D)

    Returns
    -------
    dx : array (N, D)
    dw : array (F, D)
    db : array (F,)
    """
    ### BEGIN SOLUTION
    return dout @ w, dout.T @ x, dout.sum(axis=0)
    ### END SOLUTION


# %% check="dense_forward" points=4
x = xp.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])
w = xp.array([[1.0, 0.0, 0.5], [0.0, 5.0, 0.0], [1.0, 1.0, -1.0], [0.0, -1.0, 2.0]])
b = xp.array([100.0, 200.0, 300.0, 400.0])
first = [1 + 2 * 0.5 + 100, 0 + 200, 1 - 2 + 300, 2 * 2 + 400]
second = [3 + 100, 5 + 200, 3 + 1 + 300, -1 + 400]
expect(dense_forward, x, w, b, gives=[first, second])
### BEGIN HIDDEN TESTS


def reference(x, w, b):
    return np.stack([(w * row).sum(axis=1) + b for row in x])


def cases(rng):
    yield rng.standard_normal((3, 5)), rng.standard_normal((4, 5)), rng.standard_normal(4)
    square = rng.standard_normal((2, 6, 6))
    yield case(*square, rng.standard_normal(6), note="as many units as inputs")
    one = rng.standard_normal((1, 7)), rng.standard_normal((2, 7)), rng.standard_normal(2)
    yield case(*one, note="a batch of one")


expect_like(dense_forward, reference, cases)
### END HIDDEN TESTS

# %% check="dense_forward" part="backward" points=8
x = xp.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]])
w = xp.array([[1.0, 0.0, 0.5], [0.0, 5.0, 0.0], [1.0, 1.0, -1.0], [0.0, -1.0, 2.0]])
dout = xp.array([[1.0, 0.0, 0.0, 2.0], [0.0, 10.0, 0.0, 0.0]])
dx = [[1.0, 0 - 2, 0.5 + 2 * 2], [10 * 0, 10 * 5, 10 * 0]]
dw = [[1.0, 0, 2], [10 * 3, 10 * 1, 0], [0, 0, 0], [2 * 1, 0, 2 * 2]]
db = [1.0, 10, 0, 2]
wanted = (xp.array(dx), xp.array(dw), xp.array(db))
expect(dense_backward, dout, x, w, gives=wanted)
### BEGIN HIDDEN TESTS


def reference(dout, x, w):
    """Measure every slope of the loss ``(dout * out).sum()`` by central differences."""
    x, w, h = x.copy(), w.copy(), 1e-5
    slopes = []
    for array in (x, w):
        slope = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            kept, values = array[place], []
            for moved in (kept + h, kept - h):
                array[place] = moved
                values.append((dout * np.einsum("nd,fd->nf", x, w)).sum())
            array[place] = kept
            slope[place] = (values[0] - values[1]) / (2 * h)
        slopes.append(slope)
    return *slopes, np.ones(len(x)) @ dout


def cases(rng):
    for N, F, D, note in ((4, 2, 3, ""), (1, 3, 5, "a batch of one"), (4, 4, 4, "square")):
        dout, x = rng.standard_normal((N, F)), rng.standard_normal((N, D))
        yield case(dout, x, rng.standard_normal((F, D)), note=note)


expect_like(dense_backward, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## How wrong is it?
#
# **Softmax** turns the K scores of an image into probabilities. They are positive and sum
# to 1:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The **cross-entropy** is the surprise at the right class, $-\ln p_y$, measured in
# **nats**: 0 if the network was sure and right, large if it was sure and wrong. The loss
# is its mean over the N images.
#
# The gradient of the two together is as plain as one could wish: *found minus wanted*. With
# $q_k = 1$ for the right class and 0 for all others,
#
# $$dz_k = \frac{p_k - q_k}{N}$$
#
# **Predict.** What happens to the probabilities if 5 is added to all scores? If all K
# scores are equal, how large is the loss?

# %%
figures.show_softmax([[1.0, 3.0, -1.0, 2.0], [6.0, 8.0, 4.0, 7.0]], y=1)

# %% [markdown]
# Nothing happens: the factor $e^5$ stands above and below and cancels. That is more than
# a curiosity. $e^{1000}$ is larger than any number the computer can hold, but since you
# may add what you like to all scores of an image, you can choose which numbers meet
# `exp`. With equal scores each class has the probability $1/K$, and the loss is $\ln K$.
#
# ### Exercise 10.3 · softmax_cross_entropy (16 points)
#
# Return the loss and its gradient, finite for scores of any size.


# %% exercise="softmax_cross_entropy"
def softmax_cross_entropy(z, y):
    """Return the mean surprise at the right classes, and its gradient.

    Parameters
    ----------
    z : array (N, K)
        Scores, floating point, of any size: also 10,000 or −10,000.
    y : array (N,)
        Right classes, whole numbers from 0 to K − 1.

    Returns
    -------
    loss : float, or array of shape ()
        In nats, the mean over the N images.
    dz : array (N, K)
        The gradient of this mean.
    """
    ### BEGIN SOLUTION
    N, K = z.shape
    shifted = z - z.max(axis=1, keepdims=True)
    log_p = shifted - xp.log(xp.exp(shifted).sum(axis=1, keepdims=True))
    wanted = y[:, None] == xp.arange(K)
    return -log_p[wanted].mean(), (xp.exp(log_p) - wanted) / N
    ### END SOLUTION


# %% check="softmax_cross_entropy" points=8
flat = xp.zeros((1, 4))
found_minus_wanted = xp.array([[1 / 4, 1 / 4, 1 / 4 - 1, 1 / 4]])
expect(softmax_cross_entropy, flat, xp.array([2]), gives=(math.log(4), found_minus_wanted))
# Two images: the weights exp(z) are 1, 3, 6 and 2, 2, 1.
z, y = xp.log(xp.array([[1.0, 3.0, 6.0], [2.0, 2.0, 1.0]])), xp.array([1, 2])
loss = (-math.log(3 / 10) - math.log(1 / 5)) / 2
dz = xp.array([[0.1, 0.3 - 1, 0.6], [0.4, 0.4, 0.2 - 1]]) / 2
expect(softmax_cross_entropy, z, y, gives=(loss, dz))
### BEGIN HIDDEN TESTS


def reference(z, y):
    losses, rows = [], []
    for scores, right in zip(z.tolist(), y.tolist(), strict=True):
        weights = [math.exp(score) for score in scores]
        shares = [weight / math.fsum(weights) for weight in weights]
        losses.append(-math.log(shares[right]))
        rows.append([p - (k == right) for k, p in enumerate(shares)])
    return math.fsum(losses) / len(z), np.array(rows) / len(z)


def cases(rng):
    yield 2 * rng.standard_normal((4, 3)), rng.integers(0, 3, 4)
    yield rng.standard_normal((5, 10)), rng.integers(0, 10, 5)
    yield case(
        rng.standard_normal((4, 4)), np.array([3, 0, 2, 0]), note="as many as classes"
    )
    yield case(rng.standard_normal((1, 6)), np.array([5]), note="a batch of one")


expect_like(softmax_cross_entropy, reference, cases)
### END HIDDEN TESTS


# %% check="softmax_cross_entropy" part="stable" points=8
def sums_of_dz(z, y):
    return softmax_cross_entropy(z, y)[1].sum(axis=1)


# What is taken from the right class is given to the others: each row of dz sums to 0.
expect(
    sums_of_dz,
    xp.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]]),
    xp.array([0, 2]),
    gives=[0, 0],
)
huge = xp.array([[1e4, 0.0, -1e4]])
expect(softmax_cross_entropy, huge, xp.array([0]), gives=(0, xp.array([[1 - 1.0, 0, 0]])))
expect(softmax_cross_entropy, huge, xp.array([1]), gives=(1e4, xp.array([[1.0, 0 - 1, 0]])))
apart = xp.array([[1e4, 1e4], [-1e4, -1e4]])  # one image far above, one far below
dz = xp.array([[0.5 - 1, 0.5], [0.5, 0.5 - 1]]) / 2
expect(softmax_cross_entropy, apart, xp.array([0, 1]), gives=(math.log(2), dz))
### BEGIN HIDDEN TESTS


def reference(z, y):
    total = np.logaddexp.reduce(z, axis=1)
    p = np.exp(z - total[:, None])
    return (total - z[np.arange(len(z)), y]).mean(), (p - np.eye(z.shape[1])[y]) / len(z)


def cases(rng):
    z, y = rng.standard_normal((3, 5)), np.array([4, 0, 2])
    yield case(1e4 * z, y, note="scores of size 10,000")
    yield case(z - 1e4, y, note="scores around −10,000")
    yield case(z + np.array([[1e4], [0], [-1e4]]), y, note="images far from each other")
    yield case(np.array([[-800.0, 0.0]]), np.array([0]), note="a surprise of 800 nats")


expect_like(softmax_cross_entropy, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# From here on you also have `cross_entropy`, the finished version of your function. Use
# either one.

# %% given="finished_loss"
from helpers.losses import cross_entropy

# %% [markdown]
# ## Down the slope
#
# An **optimizer** changes the parameters so that the loss falls. The simplest one takes a
# step against the gradient $g$, times a number that you choose, the **learning rate**
# $\eta$ (eta):
#
# $$p \leftarrow p - \eta\, g$$
#
# It is called **SGD**, stochastic gradient descent, since the gradient is that of a random
# **batch** of images, not of all.
#
# The optimizer is given the very arrays that the layers use, so it has to change them *in
# place*: `p -= …` writes into the array, `p = p - …` makes a new one that no layer knows.
#
# **Predict.** Below, the slope is 100 times as steep along one axis as along the other.
# Where will plain descent lose its time?

# %%
figures.show_paths(["SGD"])

# %% [markdown]
# Across the valley it overshoots and swings, along the valley it creeps. A larger
# learning rate would make the swings grow without end.
#
# ### Exercise 10.4 · SGD (4 points)
#
# Write the class. `step` is called once per batch, with one gradient for each parameter.


# %% exercise="SGD"
class SGD:
    """Gradient descent.

    Parameters
    ----------
    params : list of array
        Changed in place by `step`.
    learning_rate : float
    """

    def __init__(self, params, learning_rate):
        self.params = params
        ### BEGIN SOLUTION
        self.learning_rate = learning_rate
        ### END SOLUTION

    def step(self, grads):
        """Take one step along `grads`: arrays in the order and shapes of the parameters.

        The gradients themselves are not changed.
        """
        ### BEGIN SOLUTION
        for p, g in zip(self.params, grads):
            p -= self.learning_rate * g
        ### END SOLUTION


# %% check="SGD" points=4
def sgd_path(start, gradients, learning_rate):
    p, path = start.copy(), []
    optimizer = SGD([p], learning_rate)
    for g in gradients:
        optimizer.step([g])
        path.append(p.copy())
    return xp.stack(path)


def sgd_two_parameters(first, second, learning_rate):
    p, q = xp.zeros(first.shape), xp.zeros(second.shape)
    optimizer = SGD([p, q], learning_rate)
    for _ in range(3):
        optimizer.step([first, second])
    return p, q


start, gradients = xp.array([1.0, 2.0]), xp.array([[10.0, 0.0], [-4.0, 1.0], [0.0, 3.0]])
path = [[1 - 0.5 * 10, 2], [1 - 5 + 0.5 * 4, 2 - 0.5 * 1], [-2, 1.5 - 0.5 * 3]]
expect(sgd_path, start, gradients, 0.5, gives=path)
first, second = xp.array([[1.0, -2.0, 4.0]]), xp.array([3.0])
expect(sgd_two_parameters, first, second, 0.1, gives=(-3 * 0.1 * first, -3 * 0.1 * second))
### BEGIN HIDDEN TESTS


def reference(start, gradients, learning_rate):
    return start - learning_rate * np.cumsum(gradients, axis=0)


def cases(rng):
    yield rng.standard_normal((3, 2)), rng.standard_normal((4, 3, 2)), 0.03
    yield rng.standard_normal((2, 1, 3, 2)), rng.standard_normal((5, 2, 1, 3, 2)), 1.5


expect_like(sgd_path, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## A heavy ball
#
# **Momentum** remembers. Each parameter has a **velocity** $v$, zero at first, that keeps
# most of what it was and adds the new gradient; the parameter moves with the velocity:
#
# $$v \leftarrow \mu\, v + g, \qquad p \leftarrow p - \eta\, v$$
#
# With $\mu$ (mu) = 0.9, gradients that always point the same way add up to ten times their
# size. Gradients that change sign at each step cancel.
#
# **Predict.** How will the two change the path through the valley?

# %%
figures.show_paths(["SGD", "Momentum"])

# %% [markdown]
# The ball picks up speed along the valley, and it overshoots the goal at first: a heavy
# ball also needs time to turn.
#
# ### Exercise 10.5 · Momentum (6 points)
#
# Write the class. Each parameter has a velocity of its own.


# %% exercise="Momentum"
class Momentum:
    """Gradient descent with inertia.

    Parameters
    ----------
    params : list of array
        Changed in place by `step`.
    learning_rate : float
    momentum : float
        The part of the velocity that is kept, from 0 to below 1.
    """

    def __init__(self, params, learning_rate, momentum=0.9):
        self.params = params
        ### BEGIN SOLUTION
        self.learning_rate, self.momentum = learning_rate, momentum
        self.velocities = [xp.zeros_like(p) for p in params]
        ### END SOLUTION

    def step(self, grads):
        """Take one step; the gradients themselves are not changed."""
        ### BEGIN SOLUTION
        for p, g, v in zip(self.params, grads, self.velocities):
            v *= self.momentum
            v += g
            p -= self.learning_rate * v
        ### END SOLUTION


# %% check="Momentum" points=6
def momentum_path(start, gradients, learning_rate, momentum):
    p, path = start.copy(), []
    optimizer = Momentum([p], learning_rate, momentum)
    for g in gradients:
        optimizer.step([g])
        path.append(p.copy())
    return xp.stack(path)


def momentum_two_parameters(first, second, learning_rate):
    p, q = xp.zeros(first.shape), xp.zeros(second.shape)
    optimizer = Momentum([p, q], learning_rate)
    for _ in range(3):
        optimizer.step([first, second])
    return p, q


start, gradients = xp.array([1.0, 2.0]), xp.array([[10.0, 0.0], [-4.0, 1.0], [0.0, 3.0]])
v1, v2 = [10.0, 0.0], [0.8 * 10 - 4, 0.8 * 0 + 1]
v3 = [0.8 * 4 + 0, 0.8 * 1 + 3]
path = start - 0.1 * xp.cumsum(xp.array([v1, v2, v3]), axis=0)
expect(momentum_path, start, gradients, 0.1, 0.8, gives=path)
first, second = xp.array([[1.0, -2.0, 4.0]]), xp.array([3.0])
so_far = 1 + (0.9 + 1) + (0.9 * 1.9 + 1)  # the velocities of three equal steps, added
moved = (-0.1 * so_far * first, -0.1 * so_far * second)
expect(momentum_two_parameters, first, second, 0.1, gives=moved)
### BEGIN HIDDEN TESTS


def reference(start, gradients, learning_rate, momentum):
    path = np.zeros(gradients.shape)
    for t in range(len(gradients)):  # gradient s acts on all later steps, ever weaker
        for s in range(t + 1):
            share = sum(momentum**n for n in range(t - s + 1))
            path[t] -= learning_rate * share * gradients[s]
    return start + path


def cases(rng):
    yield rng.standard_normal((3, 2)), rng.standard_normal((4, 3, 2)), 0.03, 0.9
    yield case(
        rng.standard_normal(3), rng.standard_normal((3, 3)), 0.2, 0.0, note="no memory"
    )
    yield rng.standard_normal((2, 1, 3)), rng.standard_normal((6, 2, 1, 3)), 0.5, 0.7


expect_like(momentum_path, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## To each its own step
#
# **Adam** (*adaptive moments*) measures each gradient in units of its own usual size. It
# keeps two running means for every single number, of $g$ and of $g^2$, zero at first:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
# v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$$
#
# Because they start at 0, they are too small at first. In step $t = 1, 2, \dots$ dividing
# by $1 - \beta^t$ puts that right:
#
# $$p \leftarrow p - \eta\; \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}$$
#
# **Predict.** In the very first step, how far does a parameter move whose gradient is
# 1000? And one whose gradient is 0.001?

# %%
figures.show_paths(["SGD", "Momentum", "Adam"])

# %% [markdown]
# Both move by the learning rate, since $g / \sqrt{g^2}$ is 1 or −1. So Adam starts in the
# direction of the diagonal, and does not care how steep the valley is. The tiny $\epsilon$
# (epsilon) only prevents a division by zero.
#
# ### Exercise 10.6 · Adam (8 points)
#
# Write the class.


# %% exercise="Adam"
class Adam:
    """Gradient descent in units of each gradient's own size.

    Parameters
    ----------
    params : list of array
        Changed in place by `step`.
    learning_rate : float
    betas : (float, float)
        What the running means of g and of g * g keep in each step.
    eps : float
        Added to the root.
    """

    def __init__(self, params, learning_rate, betas=(0.9, 0.999), eps=1e-8):
        self.params = params
        ### BEGIN SOLUTION
        self.learning_rate, self.betas, self.eps = learning_rate, betas, eps
        self.means = [xp.zeros_like(p) for p in params]
        self.squares = [xp.zeros_like(p) for p in params]
        self.t = 0
        ### END SOLUTION

    def step(self, grads):
        """Take one step; the gradients themselves are not changed."""
        ### BEGIN SOLUTION
        self.t += 1
        b1, b2 = self.betas
        for p, g, m, v in zip(self.params, grads, self.means, self.squares):
            m += (1 - b1) * (g - m)
            v += (1 - b2) * (g * g - v)
            root = xp.sqrt(v / (1 - b2**self.t)) + self.eps
            p -= self.learning_rate * m / (1 - b1**self.t) / root
        ### END SOLUTION


# %% check="Adam" points=5
def adam_path(start, gradients, learning_rate, betas):
    p, path = start.copy(), []
    optimizer = Adam([p], learning_rate, betas)
    for g in gradients:
        optimizer.step([g])
        path.append(p.copy())
    return xp.stack(path)


# The first step: by the learning rate, a little less where g is not far above eps, and not
# at all where g is 0.
start, g = xp.array([1.0, 2.0, 3.0]), xp.array([[1000.0, -1e-6, 0.0]])
one_step = [[1 - 0.5, 2 + 0.5 * 1e-6 / (1e-6 + 1e-8), 3]]
expect(adam_path, start, g, 0.5, (0.9, 0.999), gives=one_step)
# Three steps of one number, with betas 1/2 and 3/4 and gradients 4, -2, 6.
m1, m2, m3 = 4 / 2, 4 / 4 - 2 / 2, 4 / 8 - 2 / 4 + 6 / 2
v1, v2, v3 = 16 / 4, 16 * 3 / 16 + 4 / 4, 16 * 9 / 64 + 4 * 3 / 16 + 36 / 4
a = -0.1 * (m1 / (1 - 1 / 2)) / (v1 / (1 - 3 / 4)) ** 0.5
b = a - 0.1 * (m2 / (1 - 1 / 4)) / (v2 / (1 - 9 / 16)) ** 0.5
c = b - 0.1 * (m3 / (1 - 1 / 8)) / (v3 / (1 - 27 / 64)) ** 0.5
gradients = xp.array([[4.0], [-2.0], [6.0]])
expect(adam_path, xp.zeros(1), gradients, 0.1, (0.5, 0.75), gives=[[a], [b], [c]])
### BEGIN HIDDEN TESTS


def reference(start, gradients, learning_rate, betas):
    means = []
    for beta, power in zip(betas, (1, 2), strict=True):  # weighted means, weights sum to 1
        rows = []
        for t in range(len(gradients)):
            weights = beta ** np.arange(t, -1, -1.0)
            seen = gradients[: t + 1] ** power
            rows.append(np.tensordot(weights / weights.sum(), seen, axes=1))
        means.append(np.array(rows))
    return start - np.cumsum(learning_rate * means[0] / (np.sqrt(means[1]) + 1e-8), axis=0)


def cases(rng):
    yield rng.standard_normal((3, 2)), rng.standard_normal((4, 3, 2)), 0.03, (0.9, 0.999)
    yield rng.standard_normal((2, 1, 3)), rng.standard_normal((6, 2, 1, 3)), 0.5, (0.7, 0.9)


expect_like(adam_path, reference, cases)
### END HIDDEN TESTS


# %% check="Adam" part="state" points=3
def adam_two_parameters(first, second, learning_rate):
    """Take two steps, each time with other gradients."""
    p, q = xp.zeros(first[0].shape), xp.zeros(second[0].shape)
    optimizer = Adam([p, q], learning_rate)
    for f, s in zip(first, second):
        optimizer.step([f, s])
    return p, q


def adam_after_another(gradients, learning_rate):
    """Use one optimizer, then a new one: it knows nothing of the first."""
    other, p = xp.zeros(gradients[0].shape), xp.zeros(gradients[0].shape)
    Adam([other], learning_rate).step([100 * gradients[0]])
    Adam([p], learning_rate).step([gradients[0]])
    return p


equal = xp.array([[[2.0, -3.0, 1.0]]] * 2)  # with equal gradients every step is eta long
many = xp.array([[50.0]] * 2)
gives = (xp.array([[-0.2, 0.2, -0.2]]), xp.array([-0.2]))
expect(adam_two_parameters, equal, many, 0.1, gives=gives)
expect(adam_after_another, xp.array([[5.0, -7.0]]), 0.1, gives=[-0.1, 0.1])
### BEGIN HIDDEN TESTS


def reference(first, second, learning_rate):
    moved = []
    for g, h in (first, second):
        m, v = (0.09 * g + 0.1 * h) / 0.19, (0.000999 * g**2 + 0.001 * h**2) / 0.001999
        moved.append(-learning_rate * (g / (np.abs(g) + 1e-8) + m / (np.sqrt(v) + 1e-8)))
    return tuple(moved)


def cases(rng):
    yield rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 5)), 0.02
    yield rng.standard_normal((2, 2)), 100 * rng.standard_normal((2, 2)), 0.3


expect_like(adam_two_parameters, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ## A chain, and the way back through it
#
# A layer is an object: `forward(x)` returns its output and remembers what it needs,
# `backward(dout)` returns `dx` and writes the gradients of its parameters into `grads`,
# under the names they have in `params`. Layers without parameters have two empty
# dictionaries. Here is a small one.


# %% given="a_layer"
class Affine:
    """A layer with two parameters: every number times `a`, plus `b`."""

    def __init__(self, a, b):
        self.params = {"a": xp.array([a]), "b": xp.array([b])}
        self.grads = {}

    def forward(self, x):
        """Return a * x + b."""
        self.x = x
        return self.params["a"] * x + self.params["b"]

    def backward(self, dout):
        """Return dx; write the gradients of `a` and `b`."""
        self.grads["b"] = dout.sum().reshape(1)
        self.grads["a"] = (dout * self.x).sum().reshape(1)
        return self.params["a"] * dout


# %% [markdown]
# The network needs two more. **Flatten** writes the C maps of an image in one row,
# channel by channel, each row by row; on the way back it restores the shape.
# **Sequential** is the chain: forward from the first layer to the last, backward from the
# last to the first, each layer given what its neighbour returned.
#
# The way back can break without any error: a `dx` that is lost, or zero, and all layers
# before it never learn. The figure shows the gradients in two networks. One of them is
# broken.
#
# **Predict.** In which layer does the fault sit? Will the broken network still read digits?

# %%
figures.show_gradient_flow()

# %% [markdown]
# The convolutions of the right one never change. Its dense layer learns all the same, and
# further down you will see how well it does: well enough to fool you.
#
# The finished layers of lessons 06 to 08 come as objects of this kind, and so do the
# optimizers:

# %% given="finished_layers"
from helpers import optimizers
from helpers.networks import Conv2d, Linear, MaxPool2d, ReLU

# %% [markdown]
# ### Exercise 10.7 · Flatten and Sequential (10 points)
#
# Write both classes.


# %% exercise="Sequential"
class Flatten:
    """Write all features of an image in one row."""

    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x):
        """Return (N, C * H * W) for x (N, C, H, W): x[n, 0, 0, 0], x[n, 0, 0, 1], ..."""
        ### BEGIN SOLUTION
        self.shape = x.shape
        return x.reshape(len(x), -1)
        ### END SOLUTION

    def backward(self, dout):
        """Return dx (N, C, H, W) for dout (N, C * H * W)."""
        ### BEGIN SOLUTION
        return dout.reshape(self.shape)
        ### END SOLUTION


class Sequential:
    """Layers one after the other."""

    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        """Return the output of the last layer."""
        ### BEGIN SOLUTION
        for layer in self.layers:
            x = layer.forward(x)
        return x
        ### END SOLUTION

    def backward(self, dout):
        """Return the gradient of the input; every layer writes its gradients."""
        ### BEGIN SOLUTION
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout
        ### END SOLUTION

    def parameters(self):
        """Return a list of the parameters, layer by layer, in the order of `params`.

        They are the arrays that the layers use, not copies.
        """
        ### BEGIN SOLUTION
        return [p for layer in self.layers for p in layer.params.values()]
        ### END SOLUTION

    def gradients(self):
        """Return a list of the gradients, in the same order as `parameters`."""
        ### BEGIN SOLUTION
        return [layer.grads[name] for layer in self.layers for name in layer.params]
        ### END SOLUTION


# %% check="Sequential" points=5
def flatten_there(x):
    return Flatten().forward(x)


def flatten_and_back(x, dout):
    layer = Flatten()
    layer.forward(x)
    return layer.backward(dout)


def chain_of_two(x):
    return Sequential(Affine(2.0, 1.0), Affine(3.0, -1.0)).forward(x)


def chain_backward(x, dout):
    model = Sequential(Affine(2.0, 1.0), Affine(3.0, -1.0))
    model.forward(x)
    dx = model.backward(dout)
    return dx, tuple(model.gradients())


maps = xp.arange(12.0).reshape(1, 2, 2, 3)
both = xp.concatenate([maps, maps + 100])
expect(flatten_there, both, gives=[[*range(12)], [*range(100, 112)]])
expect(flatten_and_back, both, 10 * both.reshape(2, 12), gives=10 * both)
x, dout = xp.array([[1.0, 5.0]]), xp.array([[10.0, -1.0]])
expect(chain_of_two, x, gives=[[3 * (2 * 1 + 1) - 1, 3 * (2 * 5 + 1) - 1]])
grads = [[3 * 10 * 1 - 3 * 1 * 5], [3 * 10 - 3 * 1], [10 * 3 - 1 * 11], [10 - 1]]
gives = (2 * 3 * dout, tuple(xp.array(g) for g in grads))
expect(chain_backward, x, dout, gives=gives)
### BEGIN HIDDEN TESTS


def reference(x):
    return np.stack([np.concatenate([row for c in image for row in c]) for image in x])


def cases(rng):
    yield (rng.standard_normal((3, 2, 4, 5)),)
    yield case(rng.standard_normal((5, 4, 2, 3)).transpose(3, 2, 0, 1), note="a view")
    yield case(rng.standard_normal((1, 3, 2, 2)), note="a batch of one")


expect_like(flatten_there, reference, cases)
### END HIDDEN TESTS


# %% check="Sequential" part="learns" points=5
def what_learns(seed):
    """Take one step; tell which parameters had a gradient, and which moved."""
    rng = np.random.default_rng(seed)
    conv1, conv2 = Conv2d(2, 3, 3, rng, padding=1), Conv2d(3, 4, 2, rng)
    model = Sequential(
        conv1, ReLU(), MaxPool2d(2), conv2, ReLU(), Flatten(), Linear(8, 5, rng)
    )
    x = xp.asarray(rng.standard_normal((6, 2, 4, 6)).astype("float32"))
    loss, dz = cross_entropy(model.forward(x), xp.asarray(rng.integers(0, 5, 6)))
    model.backward(dz)
    before = [p.copy() for p in model.parameters()]
    has_gradient = [bool((g != 0).any()) for g in model.gradients()]
    optimizers.SGD(model.parameters(), 0.1).step(model.gradients())
    after = [array for n in (0, 3, 6) for array in model.layers[n].params.values()]
    moved = [bool((p != q).any()) for p, q in zip(before, after)]
    names = ["conv1 w", "conv1 b", "conv2 w", "conv2 b", "dense w", "dense b"]
    return {"gradient": dict(zip(names, has_gradient)), "moved": dict(zip(names, moved))}


names = ["conv1 w", "conv1 b", "conv2 w", "conv2 b", "dense w", "dense b"]
all_of_them = dict.fromkeys(names, True)
expect(what_learns, 1, gives={"gradient": all_of_them, "moved": all_of_them})
### BEGIN HIDDEN TESTS


def chain_of_three(x, dout):
    model = Sequential(Affine(0.5, 2.0), Flatten(), Affine(-3.0, 1.0))
    out = model.forward(x)
    dx = model.backward(dout)
    return out, dx, tuple(model.parameters()), tuple(model.gradients())


def reference(x, dout):
    flat = 0.5 * x.reshape(len(x), -1) + 2
    grads = (-3 * (dout * x.reshape(dout.shape)).sum(), -3 * dout.sum())
    grads += ((dout * flat).sum(), dout.sum())
    params = tuple(np.array([p]) for p in (0.5, 2.0, -3.0, 1.0))
    dx = -1.5 * dout.reshape(x.shape)
    return 1 - 3 * flat, dx, params, tuple(np.array([g]) for g in grads)


def cases(rng):
    yield rng.standard_normal((3, 2, 4, 5)), rng.standard_normal((3, 40))
    yield case(
        rng.standard_normal((1, 2, 3, 1)), rng.standard_normal((1, 6)), note="one image"
    )


expect_like(chain_of_three, reference, cases)
expect(what_learns, 2, gives={"gradient": all_of_them, "moved": all_of_them})
### END HIDDEN TESTS

# %% [markdown]
# ## The loop
#
# Training repeats four steps: forward, loss, backward, optimizer. The images of one step
# are a **batch**; a round in which every image is used once is an **epoch**. Each epoch
# goes through the images in a new random order. Otherwise the same images would always
# share a batch, and the last batch of each epoch would have the last word every time.
#
# The number of images need not be a multiple of the batch size: the last batch may be
# smaller. It counts less in the mean loss of the epoch, since it holds fewer images.
#
# **Predict.** 20 images, batches of 8, 3 epochs: how many steps does the optimizer take?
#
# From here on you also have `Chain` and `Flat`, the finished versions of your two classes.

# %% given="finished_chain"
from helpers.figures_10_readers import Chain, small_network
from helpers.networks import Flatten as Flat

# %% [markdown]
# ### Exercise 10.8 · train (12 points)
#
# Write the loop. The check hands you a `Spy` in place of network and optimizer: it learns
# nothing and writes down what it is shown. It also hands you a real network with 20 digits,
# which must be learned by heart.


# %% exercise="train"
def train(model, optimizer, x, y, epochs, batch_size, rng):
    """Train a network: each epoch shows every image once, with one step per batch.

    Parameters
    ----------
    model : object
        With ``forward(x)``, ``backward(dout)`` and ``gradients()``, like `Sequential`.
    optimizer : object
        With ``step(grads)``; it has the model's parameters already.
    x : array (N, ...)
        Images. Neither x nor y is changed.
    y : array (N,)
        Right classes, whole numbers.
    epochs : int
    batch_size : int
        Images in one step; the last batch of an epoch holds what is left.
    rng : numpy.random.Generator
        Draws a new order for each epoch, and nothing else is random: equal generators give
        equal weights.

    Returns
    -------
    list of float
        For each epoch the mean of the cross-entropy over all N images, each measured when
        its batch came by, before the step.
    """
    ### BEGIN SOLUTION
    losses = []
    for _ in range(epochs):
        order, total = xp.asarray(rng.permutation(len(x))), 0.0
        for start in range(0, len(x), batch_size):
            part = order[start : start + batch_size]
            loss, dz = cross_entropy(model.forward(x[part]), y[part])
            model.backward(dz)
            optimizer.step(model.gradients())
            total += float(loss) * len(part)
        losses.append(total / len(x))
    return losses
    ### END SOLUTION


# %% check="train" points=6
def watched(n, batch_size, epochs):
    """Return the sizes of all batches, how often each image was seen, and wrong labels."""
    spy, x, y = Spy(), xp.arange(1.0 * n).reshape(n, 1, 1, 1), xp.arange(n) % 3
    train(spy, spy, x, y, epochs, batch_size, np.random.default_rng(1))
    seen = [image for images, _ in spy.steps for image in images]
    pairs = [pair for images, labels in spy.steps for pair in zip(images, labels)]
    right = sum(image % 3 == label for image, label in pairs)
    return {
        "batches": tuple(len(images) for images, _ in spy.steps),
        "times seen": tuple(seen.count(image) for image in range(n)),
        "wrong labels": len(seen) - right,
    }


def orders(n):
    """Tell how the order of the images depends on the epoch and on the generator."""
    runs = []
    for seed in (1, 1, 2):
        spy, x, y = Spy(), xp.arange(1.0 * n).reshape(n, 1, 1, 1), xp.arange(n) % 3
        train(spy, spy, x, y, 2, n, np.random.default_rng(seed))
        runs.append([images for images, _ in spy.steps])
    return {
        "shuffled": runs[0][0] != [*range(n)],
        "new order each epoch": runs[0][0] != runs[0][-1],
        "equal generators, equal orders": runs[0] == runs[1],
        "another generator, another order": runs[0] != runs[2],
    }


seen_in_three = {"batches": (8, 8, 4) * 3, "times seen": (3,) * 20, "wrong labels": 0}
expect(watched, 20, 8, 3, gives=seen_in_three)
wanted = ["shuffled", "new order each epoch", "equal generators, equal orders"]
wanted += ["another generator, another order"]
expect(orders, 30, gives=dict.fromkeys(wanted, True))
### BEGIN HIDDEN TESTS


def reference(n, batch_size, epochs):
    sizes = [len(part) for part in np.split(np.empty(n), range(batch_size, n, batch_size))]
    return {"batches": (*sizes,) * epochs, "times seen": (epochs,) * n, "wrong labels": 0}


def cases(rng):
    yield 23, 7, 2
    yield case(12, 4, 1, note="no remainder")
    yield case(5, 9, 2, note="fewer images than a batch holds")
    yield case(4, 1, 2, note="batches of one")


expect_like(watched, reference, cases)
### END HIDDEN TESTS


# %% check="train" part="result" points=6
def losses_of(x, y, batch_size, epochs):
    spy = Spy()
    losses = train(spy, spy, x, y, epochs, batch_size, np.random.default_rng(2))
    return {"losses": tuple(float(loss) for loss in losses), "steps": len(spy.steps)}


def accuracy_on_twenty(seed):
    data, rng = digits("float64"), np.random.default_rng(seed)
    x, y, model = data.x_train[:20], data.y_train[:20], small_network(rng)
    train(model, optimizers.Adam(model.parameters(), 0.01), x, y, 40, 8, rng)
    return float((model.forward(x).argmax(1) == y).mean())


def equal_runs(seed):
    data, runs = digits("float64"), []
    for _ in range(2):
        rng = np.random.default_rng(seed)
        model = small_network(rng)
        optimizer = optimizers.SGD(model.parameters(), 0.1)
        train(model, optimizer, data.x_train[:20], data.y_train[:20], 2, 8, rng)
        runs.append(model.parameters())
    return all(bool((p == q).all()) for p, q in zip(*runs))


# The spy scores image i with 0, i / 4 and i / 2; its right class is i % 3.
losses = [
    math.log(1 + math.exp(i / 4) + math.exp(i / 2)) - (i % 3) * i / 4 for i in range(5)
]
x, y = xp.arange(5.0).reshape(5, 1, 1, 1), xp.arange(5) % 3
gives = {"losses": (sum(losses) / 5,) * 2, "steps": 2 * 3}
expect(losses_of, x, y, 2, 2, gives=gives)
expect(accuracy_on_twenty, 5, gives=1.0)
expect(equal_runs, 6, gives=True, hint="draw from `rng` alone, so that runs repeat.")
### BEGIN HIDDEN TESTS


def reference(x, y, batch_size, epochs):
    z = x.reshape(-1, 1) * np.array([0, 0.25, 0.5])
    surprise = np.logaddexp.reduce(z, axis=1) - np.choose(y, z.T)
    steps = epochs * math.ceil(len(x) / batch_size)
    return {"losses": (float(surprise.mean()),) * epochs, "steps": steps}


def cases(rng):
    for n, batch_size, epochs, note in (
        (23, 7, 2, ""),
        (11, 5, 3, "a last batch of one"),
        (6, 3, 1, "no remainder"),
    ):
        x = np.arange(1.0 * n).reshape(n, 1, 1, 1)
        yield case(x, rng.integers(0, 3, n), batch_size, epochs, note=note)


expect_like(losses_of, reference, cases)
expect(accuracy_on_twenty, 8, gives=1.0)
### END HIDDEN TESTS

# %% [markdown]
# 20 images make batches of 8, 8 and 4: three steps in an epoch, nine in all.
#
# Here is your loop at work, or the finished one if yours is not there yet, on the 1,437
# training digits. The loss is the one that `train` returns. The accuracy is measured
# after each epoch on the 360 test digits, which take no part in the training.
#
# **Predict.** A network that guesses is right once in ten. How many epochs until it reads
# nine in ten?

# %%
trials.watch_training(train)

# %% [markdown]
# ## Read digits
#
# Now build your own. Besides your classes and `cross_entropy` you have the layers
# `Conv2d(channels, filters, size, rng, padding=0)`, `ReLU()`, `MaxPool2d(size)` and
# `Linear(features, outputs, rng)`, the optimizers in `optimizers`, and `Chain` and
# `Flat`, the finished `Sequential` and `Flatten`. Wherever you like you may use your own.
#
# One more thing, for the start. The initial weights of `Linear` make scores of size 1 or
# more, as if the network already held an opinion. Dividing the weights of the *last*
# layer by 10 makes all scores nearly equal, so the loss starts near $\ln 10$. Here is the
# shortest network of all, which has no other layer:

# %%
head, data = Linear(64, 10, np.random.default_rng(0)), digits()
model = Chain(Flat(), head)
opinion, _ = cross_entropy(model.forward(data.x_test), data.y_test)
head.params["w"] /= 10
none, _ = cross_entropy(model.forward(data.x_test), data.y_test)
print(f"loss {float(opinion):.3f}, then {float(none):.3f}; ln 10 is {math.log(10):.3f}")

# %% [markdown]
# ### Exercise 10.9 · digit_reader (8 points)
#
# Build a convolutional network and train it. At least 95 of 100 test digits must be read.


# %% exercise="digit_reader"
def digit_reader(x, y, rng):
    """Build a convolutional network and train it to read digits, in a few seconds.

    Parameters
    ----------
    x : array (N, 1, 8, 8)
        float32, from 0 for paper to 1 for ink. Neither x nor y is changed.
    y : array (N,)
        The digits, 0 to 9.
    rng : numpy.random.Generator
        Draws the initial weights and the order of the images.

    Returns
    -------
    object
        The trained network: ``forward(x)`` gives scores (N, 10) and ``parameters()`` a list
        of arrays. Among them are filters, with four axes, and training changed them too.
        Trained on the 1,437 training digits, it reads at least 95 % of the test digits,
        whatever the seed of `rng`.
    """
    ### BEGIN SOLUTION
    head = Linear(64, 10, rng)
    head.params["w"] /= 10
    eyes = [Conv2d(1, 8, 3, rng, padding=1), ReLU(), MaxPool2d(2)]
    eyes += [Conv2d(8, 16, 3, rng, padding=1), ReLU(), MaxPool2d(2)]
    model = Sequential(*eyes, Flatten(), head)
    optimizer = Adam(model.parameters(), learning_rate=0.003)
    train(model, optimizer, x, y, epochs=15, batch_size=32, rng=rng)
    return model
    ### END SOLUTION


# %% check="digit_reader" points=8
def shape_of_scores(n):
    data = digits()
    model = digit_reader(data.x_train[:40], data.y_train[:40], np.random.default_rng(1))
    return tuple(model.forward(data.x_test[:n]).shape)


def what_depends_on_labels(x, y, seed):
    """Train twice from one seed, with different labels; compare the parameters."""
    runs = [digit_reader(x, v, np.random.default_rng(seed)) for v in (y, 9 - y)]
    pairs = list(zip(*(model.parameters() for model in runs)))
    differ = [(p.ndim == 4, bool((p != q).any())) for p, q in pairs]
    filters = [different for is_filter, different in differ if is_filter]
    return {
        "all filters": bool(filters) and all(filters),
        "anything at all": any(different for _, different in differ),
    }


def share_read(at_most, seed):
    """Return the share of the test digits that is read, cut off at `at_most`."""
    data = digits()
    model = digit_reader(data.x_train, data.y_train, np.random.default_rng(seed))
    right = model.forward(data.x_test).argmax(axis=1) == data.y_test
    return min(at_most, float(right.mean()))


too_few = "too little was learned. Does the loss fall? Change learning rate or epochs."
expect(shape_of_scores, 7, gives=(7, 10))
data = digits()
x, y = data.x_train[:40], data.y_train[:40]
both = {"all filters": True, "anything at all": True}
expect(what_depends_on_labels, x, y, 2, gives=both)
expect(share_read, 0.95, 0, gives=0.95, hint=too_few)
### BEGIN HIDDEN TESTS


def share_read_in_disguise(at_most, seed):
    """Deal the digits anew, and call each by another name."""
    data, rng = digits(), np.random.default_rng(seed)
    order = xp.asarray(rng.permutation(1797))
    x = xp.concatenate([data.x_train, data.x_test])[order]
    y = (xp.concatenate([data.y_train, data.y_test])[order] + 3) % 10
    model = digit_reader(x[:1437], y[:1437], rng)
    return min(at_most, float((model.forward(x[1437:]).argmax(axis=1) == y[1437:]).mean()))


expect(share_read_in_disguise, 0.93, 3, gives=0.93, hint=too_few)
### END HIDDEN TESTS

# %% [markdown]
# ## Where it errs
#
# One number hides a lot. The **confusion matrix** counts which digit was taken for which:
# row 3, column 8 holds the threes that were read as eights. Below it are the 16 test
# digits that surprise the finished network most.
#
# **Predict.** Which two digits will be confused most often?

# %%
trials.show_confusion()

# %%
trials.show_worst(16)

# %% [markdown]
# Look at the mistakes before you blame the network: some of these you would not read
# either, at 8 × 8 pixels. A mistake that you understand is worth more than a tenth of a
# percent.
#
# ## Do not believe it yet
#
# Training hides faults. A network with a broken part adapts and does *nearly* as well,
# without any error. So before you trust a result, let it fail where it must fail, and
# succeed where it must succeed.
#
# The panel trains several networks and takes a few seconds. Its right column runs the same
# checks on a network in which Flatten sends back zeros, the broken one from above.
#
# **Predict.** For each row: what should a healthy network show? Which rows will convict the
# broken one, and which will miss it?

# %%
trials.show_sanity()

# %% [markdown]
# ### Question 10.1 · What the checks exclude (10 points)
#
# The panel has six checks: loss at the start, 20 images learned by heart, shuffled
# labels, frozen filters, a linear model, every parameter moves. For each, name one fault
# that it would reveal. Then name one fault that none of the six would find.

# %% [markdown] question="sanity" points=10
# **Model answer.** *Loss at the start.* It should be $\ln K$: another value shows scores
# that are too large at first, a sum in place of a mean, a wrong number of classes or a
# wrong base of the logarithm. *20 images by heart.* A network with far more parameters
# than images must reach 100 %: if not, gradients are wrong or missing, labels and images
# do not belong together, or the learning rate is off. *Shuffled labels.* Test accuracy
# must stay at chance, 10 %: more means that the test images (or their labels) leak into
# the training. *Frozen filters.* The trained network must beat random filters; if both
# are equal, the convolutions learn nothing. *Linear model.* Shows how much of the
# accuracy needs no convolution at all; a network that does not beat it has no use for its
# depth. *Every parameter moves.* Finds a chain that is cut, an optimizer that was not
# given all arrays, or arrays that were copied.
#
# None of them finds, for example: test digits by writers who are in the training set too,
# a threshold chosen by looking at the test set many times, wrong labels in both sets, a
# gradient that is wrong by a constant factor (Adam hides it; only a gradient check shows
# it).
#
# | Points | What earns them |
# |---|---|
# | 9–10 | Six checks, each with a fault that it really reveals, and a fault that all would miss |
# | 6–8 | At least four right faults; the last part vague |
# | 3–5 | Says what the checks do, hardly which fault they reveal |
# | 0–2 | "They show that the network works" |
#
# *Sample, 9 points:* "Start: not ln 10 means the softmax or the mean is wrong. Overfit
# 20: if it can't, backward has a bug. Shuffled: above 10 % means test data got into
# training. Frozen: if the same, conv learns nothing. Linear: if the same, I don't need a
# CNN. Moves: finds the cut at flatten. None would see if the same person wrote digits in
# train and test."
#
# *Sample, 4 points:* "The start loss tests if the loss is right, overfitting tests if the
# network can learn, shuffled labels test if it is really learning, frozen and linear are
# for comparison and moving tests that parameters are updated."

# %% [markdown]
# ## Is the convolution worth it?
#
# Three kinds of network: the convolutional one, a dense one with one hidden layer (also
# called **MLP**, multilayer perceptron), and a linear model, which is one dense layer and
# nothing else. Each is trained from several seeds, and each dot is one of them. In the
# left part the digits fill their 8 × 8 pixels, as until now. In the right part each lies
# somewhere on a canvas of 16 × 16.
#
# **Predict.** How do the three rank on the left, and how on the right?

# %%
trials.show_contest()

# %% [markdown]
# ### Question 10.2 · Is the gap convincing? (8 points)
#
# A friend trains one network of each kind on the 8 × 8 digits, gets one number for each,
# and concludes that convolution reads digits better than dense layers. Answer with the
# numbers above: is that conclusion supported by the left part? By the right part? What
# does the comparison need, to be fair and convincing?

# %% [markdown] question="gap" points=8
# **Model answer.** Left: no. The dots of CNN and MLP overlap; which of the two is ahead
# depends on the seed, so one run of each decides nothing. With 360 test images one image
# is 0.28 percentage points, and the standard error of an accuracy of 98 % is
# $\sqrt{0.98 \cdot 0.02 / 360}$, about 0.7 points. Only the linear model is clearly behind, in every
# seed. Right: yes. The gaps are many times larger than the spread of the seeds. The
# digits are cut out and centred on the left, so there is nothing to share between
# positions; on the canvas the same stroke occurs everywhere, and that is what shared
# filters are for.
#
# The comparison needs several seeds with their spread, the same data and split, a similar
# budget (parameters, epochs, tuning of the learning rate for each model), a test set that
# was not used for choosing, and a task in which the property in question matters.
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Left no, right yes, both with numbers and the spread of seeds; two or more conditions of a fair comparison; why the canvas differs |
# | 5–6 | Left no, right yes with numbers; conditions or reason missing |
# | 2–4 | Right reading of one part, or without numbers |
# | 0–1 | "CNN is better" |
#
# *Sample, 8 points:* "Left: the seeds overlap, 1 image = 0.3 %, so CNN and MLP are equal
# there and only linear loses. Right: CNN is far ahead in every seed, the difference is
# much bigger than the scatter. Centred digits don't need weight sharing. You need more
# seeds, equal training time, and not choose the learning rate only for the CNN."
#
# *Sample, 3 points:* "On the left they are about equal so it's not convincing. On the
# right the CNN wins because of translation invariance."

# %% [markdown]
# ## Bonus · Scrambled pixels
#
# Not graded. Move all pixels by one fixed permutation, the same for all images: people
# can no longer read them, yet no information is lost. Which of the three networks
# notices? Predict, then run `trials.show_contest(scrambled=True)`. Explain both parts.

# %%
# Your experiment.

# %% [markdown]
# ## Bonus · Larger digits
#
# Not graded. MNIST, the most famous data set of all, has digits of 28 × 28 pixels. They
# do not come with the course: set `fetch=True` below and 1.6 MB are fetched once and
# kept. If they cannot be had, the cell says so and goes on. Training takes about half a
# minute.

# %%
trials.show_mnist(fetch=False)

# %% [markdown]
# ## Summary
#
# You built the head of a network, a loss that stays finite, three optimizers, the chain
# and the loop, trained a convolutional network on handwritten digits, and let it pass six
# checks that a broken one does not. On digits that stay in their place a dense network
# does as well; when they move, sharing pays.
#
# **Next.** Lesson 11 changes the convolution layer itself, and counts six famous networks
# layer by layer. Lesson 12 trains deeper ones, which need more than patience.
#
# **Read on.** I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press,
# 2016, section 11.5 on finding faults (https://www.deeplearningbook.org).

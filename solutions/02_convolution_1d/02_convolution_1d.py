# %% [markdown]
# # 2. Convolution in one dimension
#
# **You will** build the operation that convolutional networks are named after. You build it
# on signals, where a whole example fits on one line: one window, then all windows, then the
# edges, then the same thing as a matrix. On the way a recording shows its heartbeats, a
# plucked string gets an echo, and noise goes away.
#
# **You need** lesson 01, Python slices such as `x[2:5]`, and sums of products.
#
# **Time** about 90 minutes.
#
# | Name | Shape | Meaning |
# |---|---|---|
# | `x` | `(L,)` | a signal of L samples |
# | `w` | `(K,)` | a kernel of K weights |
# | `x[i : i + K]` | `(K,)` | the window that starts at sample `i` |
# | correlation, convolution | `(L - K + 1,)` | one value for each position where the kernel fits |
# | full, same | `(L + K - 1,)`, `(L,)` | the kernel may stick out at the ends |
# | `M` | `(L - K + 1, L)` | the correlation written as a matrix |

# %% given="setup"
import numpy as np
from IPython.display import Audio, display

from helpers import figures_02 as figures
from helpers.backend import to_numpy, xp
from helpers.checking import case, expect, expect_like
from helpers.data import ecg_signal, echo_kernel, hidden_chirp, melody, step_signal
from helpers.figures_02 import bell, convolve, correlate, slope
from helpers.plotting import animate_window, show_arrays, show_signals

# %% [markdown]
# ## One window
#
# A **signal** is a row of numbers measured at equal steps: a voltage every 5 milliseconds,
# a temperature every hour. Each number is a **sample**. A **kernel** is a short row of
# numbers called **weights**.
#
# Lay the kernel over the signal so that its first weight meets sample $i$. The samples
# below it are the **window** that starts at $i$. Multiply each sample by the weight above
# it and add the products:
#
# $$\text{out}[i] = \sum_{q=0}^{K-1} x[i+q]\; w[q]$$
#
# Images, colours and hundreds of filters come later. Under all of them lies this one sum.

# %%
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
figures.show_one_window(x, w, 2)

# %% [markdown]
# **Predict.** Which starts `i` are possible for these 7 samples and 3 weights? And what
# does Python answer to `x[5:8]`, where the window would stick out: an error, or something
# else?
#
# ### Exercise 2.1 · window_dot (8 points)
#
# Return the sum of products for one window.


# %% exercise="window_dot"
def window_dot(x, w, i):
    """Return the sum of products of a kernel and one window of a signal.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
        At most as long as the signal.
    i : int
        The sample at which the window starts.

    Returns
    -------
    float or array ()
        One number.

    Raises
    ------
    IndexError
        The window leaves the signal; a negative `i` does not count from the end.
    """
    L, K = len(x), len(w)
    ### BEGIN SOLUTION
    if not 0 <= i <= L - K:
        raise IndexError(f"window {i} is not one of 0 ... {L - K}.")
    return (x[i : i + K] * w).sum()
    ### END SOLUTION


# %% check="window_dot" points=5
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
expect(window_dot, x, w, 2, gives=1 * 1 + 3 * 2 + (-1) * (-1))
expect(window_dot, x, w, 0, gives=2 * 1 + 0 * 2 + 1 * (-1))
expect(window_dot, x, w, 4, gives=(-1) * 1 + 4 * 2 + 2 * (-1))
### BEGIN HIDDEN TESTS


def reference(x, w, i):
    return sum(float(x[i + q]) * float(weight) for q, weight in enumerate(w))


def cases(rng):
    x = rng.standard_normal(9)
    yield x, rng.standard_normal(4), 3
    yield case(x, rng.standard_normal(2), 7, note="the last window")
    yield case(x, rng.standard_normal(1), 8, note="a kernel of one weight")
    yield case(x, rng.standard_normal(9), 0, note="a kernel as long as the signal")
    yield case(rng.integers(-9, 9, 6), rng.standard_normal(3), 1, note="integers")


expect_like(window_dot, reference, cases)
### END HIDDEN TESTS

# %% check="window_dot" part="range" points=3
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
expect(window_dot, x, w, 4, gives=(-1) * 1 + 4 * 2 + 2 * (-1))  # the last window
expect(window_dot, x, w, 5, raises=IndexError)
expect(window_dot, x, w, -1, raises=IndexError)
### BEGIN HIDDEN TESTS


def reference(x, w, i):
    return sum(float(x[i + q]) * float(weight) for q, weight in enumerate(w))


def cases(rng):
    x, w = rng.standard_normal(8), rng.standard_normal(5)
    yield x, w, 3
    yield case(x, w, 4, raises=IndexError, note="one past the last window")
    yield case(x, w, 7, raises=IndexError, note="the last sample")
    yield case(x, w, 20, raises=IndexError, note="far outside")
    yield case(x, w, -5, raises=IndexError, note="K before the end")
    yield case(x, w, -8, raises=IndexError, note="L before the end")


expect_like(window_dot, reference, cases)
### END HIDDEN TESTS

# %%
print("x[5:8]  gives", x[5:8])
print("x[-1:2] gives", x[-1:2])

# %% [markdown]
# A slice that runs over the end is cut short without a word, and a negative start counts
# from the other end. Neither is an error in Python, and both are one in your function. That
# is why it has to compare `i` with the first and the last possible start.

# %% [markdown]
# ## Slide it
#
# Now let the window start at every sample where the kernel fits. Each of these positions is a
# **stop**. The row of answers, one for each stop, is the **correlation** of the signal with
# the kernel.
#
# **Predict.** How many stops are there for 7 samples and 3 weights? For 1 weight, for 7, for
# 8? Write down the count for any L and K before you run the cell.

# %%
figures.show_sliding(x, w)

# %% [markdown]
# Each line is one stop: the products stand under the samples they come from, and the sum
# stands at the right. The first stop is at $i = 0$ and the last at $i = L - K$, which makes
# $L - K + 1$ of them. A kernel of 1 weight stops at all 7 samples, one of 7 weights stops
# once, and one of 8 has no stop at all.
#
# ### Exercise 2.2 · correlate1d (18 points)
#
# Return the correlation of a signal with a kernel. (NumPy has a function for it; you are
# about to know what is inside.)


# %% exercise="correlate1d"
def correlate1d(x, w):
    """Correlate a signal with a kernel at every position where the kernel fits.

    Parameters
    ----------
    x : array (L,)
        Numbers of any kind, integers included.
    w : array (K,)
        From 1 to L weights.

    Returns
    -------
    array (L - K + 1,)
        Floating point.

    Raises
    ------
    ValueError
        The kernel is longer than the signal.
    """
    L, K = len(x), len(w)
    ### BEGIN SOLUTION
    if K > L:
        raise ValueError(f"the kernel has {K} weights, the signal only {L} samples.")
    out = xp.zeros(L - K + 1)
    for i in range(L - K + 1):
        out[i] = (x[i : i + K] * w).sum()
    return out
    ### END SOLUTION


# %% check="correlate1d" points=10
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
wanted = [2 + 0 - 1, 0 + 2 - 3, 1 + 6 + 1, 3 - 2 - 4, -1 + 8 - 2]
expect(correlate1d, x, w, gives=wanted)
expect(correlate1d, x, xp.array([1.0, 0.0]), gives=[2, 0, 1, 3, -1, 4])
### BEGIN HIDDEN TESTS


def reference(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, len(w))
    return np.einsum("iq,q->i", windows, w)


def cases(rng):
    yield rng.standard_normal(9), rng.standard_normal(4)
    yield rng.standard_normal(12), rng.standard_normal(5)
    x, w = rng.standard_normal(22), rng.standard_normal(6)
    yield case(x[::2], w[::2], note="every other sample")
    yield case(x - 3, w, note="a negative signal")


expect_like(correlate1d, reference, cases)
### END HIDDEN TESTS

# %% check="correlate1d" part="edges" points=8
x = xp.array([4, 1, 3])  # a signal of integers
expect(correlate1d, x, xp.array([0.5, 0.25]), gives=[2 + 0.25, 0.5 + 0.75])
expect(correlate1d, x, xp.array([-2.0]), gives=[-8, -2, -6])
expect(correlate1d, x, xp.array([1.0, 2.0, 0.5]), gives=[4 + 2 + 1.5])
expect(correlate1d, x, xp.array([1.0, 2.0, 3.0, 4.0]), raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, len(w))
    return np.einsum("iq,q->i", windows, w)


def cases(rng):
    x = rng.standard_normal(6)
    yield case(x, rng.standard_normal(1), note="a kernel of one weight")
    yield case(x, rng.standard_normal(6), note="a kernel as long as the signal")
    yield case(x[:1], rng.standard_normal(1), note="one sample, one weight")
    yield case(rng.integers(-9, 9, 8), rng.standard_normal(3), note="a signal of integers")
    yield case(x, rng.standard_normal(7), raises=ValueError, note="K = L + 1")
    yield case(x, rng.standard_normal(11), raises=ValueError, note="a far longer kernel")


expect_like(correlate1d, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# Your function calls a kernel without a stop an error, because an empty answer would go on
# unnoticed and fail somewhere else.
#
# Step through the seven samples again, one stop at a time. (The picture before the exercise
# holds them all.)

# %%
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
animate_window(x, w, correlate(x, w), names=("signal", "kernel", "out"))

# %% [markdown]
# **Predict.** The first signal below is a made-up electrocardiogram with noise. The kernel
# is one clean heartbeat with its mean subtracted. Where will the correlation be large?
# Where near zero, and where negative?

# %%
ecg = ecg_signal(seconds=4, noise=0.12)
start, K = ecg.where[1] - 15, 31
beat = ecg.clean[start : start + K]
beat = beat - beat.mean()
answer = correlate(ecg.noisy, beat)
show_signals(
    [ecg.noisy, beat, answer],
    ["signal", "kernel: one heartbeat", "correlation, drawn at the middle of each window"],
    "A noisy electrocardiogram with five beats, a kernel in the shape of one beat, and "
    "their correlation: a high narrow peak at each beat, small waves between.",
    kind="line",
    x=[np.arange(len(ecg.noisy)), start + np.arange(K), K // 2 + np.arange(len(answer))],
)

# %% [markdown]
# Where the signal has the kernel's shape, high meets high and low meets low, nearly every
# product is positive, and the sum is large. Elsewhere the products cancel. So a kernel is a
# question, "how much does it look like this here?", and the correlation asks it everywhere.
# A convolutional network asks many such questions, and learns which ones to ask.

# %% [markdown]
# ## Flip it
#
# A **convolution** is a correlation with the kernel flipped: its last weight first.
#
# $$\text{out}[i] = \sum_{q=0}^{K-1} x[i+K-1-q]\; w[q]$$
#
# The best way to tell the two apart is an **impulse**, a single 1 among zeros.
#
# **Predict.** The kernel has the weights 1, 2, 3. Write down what the correlation answers
# to the impulse below, then what the convolution answers.

# %%
impulse = xp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
w = xp.array([1.0, 2.0, 3.0])
show_arrays(
    [impulse, w, correlate(impulse, w), convolve(impulse, w)],
    ["impulse", "kernel", "correlation", "convolution"],
    numbers=True,
    cmap=["gray", "RdBu_r", "gray", "gray"],
    shapes=False,
)

# %% [markdown]
# The correlation meets the impulse with its last weight first, so the kernel comes back
# reversed. The convolution gives the kernel back as it is, and that is why physicists and
# sound engineers prefer it: what one impulse causes *is* the kernel.
#
# Deep learning calls the unflipped sum a convolution too. Its weights are learned, and a
# network learns a flipped kernel as readily as an unflipped one. In this course
# "correlation" has no flip and "convolution" has one; a convolution layer correlates.
#
# ### Exercise 2.3 · convolve1d (10 points)
#
# Return the convolution at every position where the kernel fits. You may call your
# `correlate1d`.


# %% exercise="convolve1d"
def convolve1d(x, w):
    """Convolve a signal with a kernel at every position where the kernel fits.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
        From 1 to L weights.

    Returns
    -------
    array (L - K + 1,)
        Floating point.

    Raises
    ------
    ValueError
        The kernel is longer than the signal.
    """
    ### BEGIN SOLUTION
    L, K = len(x), len(w)
    if K > L:
        raise ValueError(f"the kernel has {K} weights, the signal only {L} samples.")
    flipped = w[::-1]
    out = xp.zeros(L - K + 1)
    for i in range(L - K + 1):
        out[i] = (x[i : i + K] * flipped).sum()
    return out
    ### END SOLUTION


# %% check="convolve1d" points=6
impulse = xp.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0])
expect(convolve1d, impulse, xp.array([1.0, 2.0, 3.0]), gives=[0, 1, 2, 3])
x = xp.array([2.0, 0.0, 1.0, 3.0])
wanted = [2 * 5 + 0 * 1, 0 * 5 + 1 * 1, 1 * 5 + 3 * 1]
expect(convolve1d, x, xp.array([1.0, 5.0]), gives=wanted)
### BEGIN HIDDEN TESTS


def reference(x, w):
    return np.polymul(x, w)[len(w) - 1 : len(x)]  # multiplying polynomials convolves


def cases(rng):
    first = [1.0]  # polymul drops leading zeros; there are none
    yield np.append(first, rng.standard_normal(8)), np.append(first, rng.standard_normal(3))
    yield np.append(first, rng.standard_normal(6)), np.append(first, rng.standard_normal(4))
    yield case(rng.integers(1, 9, 7), rng.standard_normal(3), note="a signal of integers")


expect_like(convolve1d, reference, cases)
### END HIDDEN TESTS

# %% check="convolve1d" part="edges" points=4
x = xp.array([2.0, 0.0, 1.0, 3.0])
wanted = [2 * 100 + 0 * 10 + 1 * 1, 0 * 100 + 1 * 10 + 3 * 1]
expect(convolve1d, x, xp.array([1.0, 10.0, 100.0]), gives=wanted)
expect(convolve1d, x, xp.array([-3.0]), gives=[-6, 0, -3, -9])
wanted = [2 * 2 + 0 * 10 + 1 * 5 + 3 * 1]
expect(convolve1d, x, xp.array([1.0, 5.0, 10.0, 2.0]), gives=wanted)
expect(convolve1d, x, xp.array([1.0, 2.0, 3.0, 4.0, 5.0]), raises=ValueError)
### BEGIN HIDDEN TESTS


def with_zeros_around(x, w):
    zeros = xp.zeros(len(w) - 1)
    return convolve1d(xp.concatenate([zeros, x, zeros]), w)


def reference(x, w):
    return np.convolve(w, x)  # the other way round: a convolution does not mind


def cases(rng):
    x, w = rng.standard_normal(7), rng.standard_normal(4)
    yield case(x, w, note="with zeros around the signal")
    yield case(w, x, note="with signal and kernel exchanged")
    yield rng.standard_normal(5), rng.standard_normal(1)


expect_like(with_zeros_around, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# An echo is a convolution. Every sample of a sound is an impulse, and a room answers each
# one with copies of it, later and quieter. The kernel below has three weights that are not
# zero.
#
# **Predict.** What will you hear if the sound is *correlated* with that kernel instead?

# %%
pluck = melody(seconds=1.0).samples[:2000]
room = echo_kernel(delays=(0.0, 0.25, 0.5), gains=(1.0, 0.5, 0.25))
sounds = {
    "the plucked string": pluck,
    "convolved with the room": convolve(pluck, room, "full"),
    "correlated with the room": convolve(pluck, room[::-1], "full"),
}
show_signals(
    list(sounds.values()),
    list(sounds),
    "A plucked string that dies away; the same followed by two echoes, each half as loud as "
    "the one before; and, correlated, two echoes that grow before the string sounds.",
    xlabel="sample, 8000 per second",
    same_height=True,
)

# %%
for name, sound in sounds.items():
    print(name)
    display(Audio(to_numpy(sound), rate=8000))

# %% [markdown]
# The convolution lets the string sound first and its echoes follow. The correlation turns
# time round in the kernel: the quietest echo comes first and the string last. Nothing in
# nature echoes before it sounds; there the flip matters.
#
# ### Question 2.1 · Changing places (8 points)
#
# Let the kernel stick out at both ends, over zeros. Then `convolve(x, w, "full")` and
# `convolve(w, x, "full")` are equal. The two correlations, `convolve(x, w[::-1], "full")`
# and `convolve(w, x[::-1], "full")`, are not. Why? Say what the second correlation gives, in
# terms of the first, and name the kernels `w` for which there is no difference between
# correlation and convolution. An example of three or four numbers helps.

# %% [markdown] question="changing-places" points=8
# **Model answer.** In a convolution an output value collects all products $x[a]\,w[b]$ with
# the same *sum* of places $a + b$. A sum does not change when $a$ and $b$ change places, so
# neither does the result. In a correlation an output value collects the products with the
# same *difference* $a - b$. Changing places turns the sign of every difference, so the same
# values appear in the opposite order: the second correlation is the first one reversed. For
# example, x = (1, 0, 0) and w = (1, 2) give (2, 1, 0, 0) in one order and (0, 0, 1, 2) in
# the other. Correlation and convolution agree for kernels that equal their own flip, such
# as (1, 2, 1).
#
# | Points | What earns them |
# |---|---|
# | 7–8 | Sum against difference of places (or the flip of one factor) as the reason; the second correlation is the first one reversed; kernels equal to their own flip |
# | 5–6 | Two of the three, with a reason |
# | 2–4 | One of the three, or a right example without a reason |
# | 0–1 | Nothing of this, or "correlation also commutes" |
#
# *Sample, 8 points:* "Convolution flips one of the two. If I swap x and w, the
# other one is flipped, and flipping the other one plus reading from the other side is the
# same sum, so it cancels: places add up to the same number. Correlation flips nothing, so
# if I swap them the window slides the opposite way and I get the list backwards: x=(1,0,0),
# w=(1,2) gives 2,1,0,0 and then 0,0,1,2. If w reads the same from both ends, like 1,2,1,
# flipping does nothing and both operations are the same."
#
# *Sample, 2 points:* "They are different because in correlation the order matters.
# I tried x=(1,0,0) and w=(1,2) and got different lists." (A right example; no reason, no
# relation between the two, no kernels.)

# %% [markdown]
# ## Three sizes
#
# So far the kernel stayed inside the signal. It may also stick out if zeros are put around
# the signal, which is called **padding**. Three sizes have names:
#
# - **valid**: windows inside the signal only, $L-K+1$ values;
# - **full**: every window that touches the signal, $L+K-1$ values;
# - **same**: the middle $L$ values of full, as many as the signal has. They begin at
#   index $\lfloor (K-1)/2 \rfloor$ of the full answer.
#
# The brackets mean rounding down. For an odd K the middle is exact; for an even K one side
# has to get one zero more.

# %%
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0])
w = xp.array([1.0, 2.0, -1.0])
figures.show_sizes(x, w)

# %% [markdown]
# **Predict.** A signal has 100 samples, all equal to 5, and the kernel is nine times 1/9.
# Which values of *same* are 5, and what are the others?
#
# ### Exercise 2.4 · conv_mode (16 points)
#
# Return the convolution in one of the three sizes.


# %% exercise="conv_mode"
def conv_mode(x, w, mode):
    """Convolve a signal with a kernel and return one of three sizes.

    Parameters
    ----------
    x : array (L,)
    w : array (K,)
        It may be longer than the signal, except in mode valid.
    mode : str
        ``"full"``, ``"same"`` or ``"valid"``.

    Returns
    -------
    array (L + K - 1,), (L,) or (L - K + 1,)
        Floating point. ``"same"`` holds the L values of ``"full"`` from index
        ``(K - 1) // 2`` on.

    Raises
    ------
    ValueError
        The mode is none of the three, or it is valid and the kernel is the longer one.
    """
    L, K = len(x), len(w)
    ### BEGIN SOLUTION
    pads = {"full": (K - 1, K - 1), "same": (K // 2, (K - 1) // 2), "valid": (0, 0)}
    if mode not in pads:
        raise ValueError(f"mode is {mode!r}; it must be full, same or valid.")
    before, after = pads[mode]
    if before + L + after < K:
        raise ValueError(f"the kernel has {K} weights, the signal only {L} samples.")
    padded = xp.zeros(before + L + after)
    padded[before : before + L] = x
    out = xp.zeros(len(padded) - K + 1)
    for i in range(len(out)):
        out[i] = (padded[i : i + K] * w[::-1]).sum()
    return out
    ### END SOLUTION


# %% check="conv_mode" points=8
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0])
w = xp.array([1.0, 2.0, -1.0])
full = [2, 4 + 0, -2 + 0 + 1, 0 + 2 + 3, -1 + 6 - 1, -3 - 2, 1]
expect(conv_mode, x, w, "full", gives=full)
expect(conv_mode, x, w, "same", gives=full[1:6])
expect(conv_mode, x, w, "valid", gives=full[2:5])
### BEGIN HIDDEN TESTS


def reference(x, w, mode):
    full, K = np.convolve(x, w), len(w)
    first = {"full": 0, "same": K // 2, "valid": K - 1}[mode]  # K is odd here
    return full[first : len(full) - first]


def cases(rng):
    for L, K in ((9, 3), (12, 7), (6, 5), (4, 1)):
        x, w = rng.standard_normal(L), rng.standard_normal(K)
        for mode in ("full", "same", "valid"):
            yield x, w, mode


expect_like(conv_mode, reference, cases)
### END HIDDEN TESTS

# %% check="conv_mode" part="edges" points=8
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0])
w = xp.array([1.0, 10.0, 100.0, 1000.0])  # an even K
full = [2, 20, 200 + 1, 2000 + 10 + 3, 100 + 30 - 1, 1000 + 300 - 10, 3000 - 100, -1000]
expect(conv_mode, x, w, "same", gives=full[1:6])
x = x[:3]  # now the kernel is longer than the signal
full = [2, 20, 200 + 1, 2000 + 10, 100, 1000]
expect(conv_mode, x, w, "same", gives=full[1:4])
expect(conv_mode, x, w, "full", gives=full)
expect(conv_mode, x, w, "valid", raises=ValueError)
expect(conv_mode, x, w[:2], "middle", raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(x, w, mode):
    L, start = len(x), (len(w) - 1) // 2
    full = np.convolve(x, w)
    return full[start : start + L] if mode == "same" else full


def cases(rng):
    for L, K in ((9, 4), (7, 6), (4, 9), (3, 8), (5, 5)):
        x, w = rng.standard_normal(L), rng.standard_normal(K)
        yield x, w, "same"
        yield x, w, "full"
    yield case(rng.integers(-9, 9, 6), rng.standard_normal(2), "same", note="integers")
    yield case(rng.standard_normal(4), rng.standard_normal(5), "valid", raises=ValueError)
    yield case(rng.standard_normal(4), rng.standard_normal(3), "Same", raises=ValueError)


expect_like(conv_mode, reference, cases)
### END HIDDEN TESTS

# %%
level = xp.full(100, 5.0)
window = xp.full(9, 1 / 9)
sizes = {mode: convolve(level, window, mode) for mode in ("full", "same", "valid")}
show_signals(
    list(sizes.values()),
    [f"{mode}: {len(values)} values" for mode, values in sizes.items()],
    "A constant signal of 5, averaged. Full rises to 5 and falls again over nine values at "
    "either end, same over the inner half of that, and valid is 5 throughout.",
    x=[np.arange(108) - 4, np.arange(100), np.arange(92) + 4],
    kind="line",
    same_height=True,
)

# %% [markdown]
# Nothing happens in this signal, and yet *full* and *same* show an edge at either end: the
# zeros were averaged in. *Same* is convenient, since the answer keeps its length, and its
# first and last values are not to be trusted. Lesson 04 looks for better things than zeros
# to put there.

# %% [markdown]
# ## Kernels with a purpose
#
# Three kernels do most of the work in signals. The **moving average** takes the mean of K
# neighbours. The **Gaussian** averages too, with weights that fall off smoothly with the
# distance $d$ from the middle sample, in proportion to
#
# $$e^{-d^2 / (2\sigma^2)}$$
#
# where σ (sigma) sets the width in samples. The **difference** gives the slope, by how much
# the signal rises per sample.

# %%
x = xp.array([4.0, 4.0, 4.0, 7.0, 7.0, 7.0])
show_arrays(
    [x, correlate(x, xp.full(3, 1 / 3)), x[1:] - x[:-1]],
    ["signal", "moving average, k = 3", "difference"],
    numbers=True,
    shapes=False,
)

# %% [markdown]
# **Predict.** A constant signal goes in. What comes out if the weights of the kernel add up
# to 1? To 0? To 3? What must be the sum of each of the three kernels?
#
# ### Exercise 2.5 · three kernels (12 points)
#
# Return the kernels. They will be used in a correlation, without a flip.


# %% exercise="kernels"
def moving_average(k):
    """Return the kernel that takes the mean of k samples, shape (k,), k at least 1."""
    ### BEGIN SOLUTION
    return xp.full(k, 1 / k)
    ### END SOLUTION


def difference():
    """Return a kernel whose correlation with a signal is the slope of the signal.

    On a ramp that rises by s per sample every value of the correlation is s, and on a
    constant signal 0.

    Returns
    -------
    array (K,)
        From 2 to 5 weights; several kernels are right.
    """
    ### BEGIN SOLUTION
    return xp.array([-1.0, 1.0])
    ### END SOLUTION


def gaussian1d(sigma, r):
    """Return a Gaussian kernel whose weights add up to 1.

    Parameters
    ----------
    sigma : float
        The width in samples, above 0.
    r : int
        How far the kernel reaches to each side of its middle, in samples.

    Returns
    -------
    array (2 r + 1,)
        The weight at distance d is in proportion to ``exp(-d * d / (2 * sigma * sigma))``.
    """
    ### BEGIN SOLUTION
    d = xp.arange(-r, r + 1)
    w = xp.exp(-(d**2) / (2 * sigma**2))
    return w / w.sum()
    ### END SOLUTION


# %% check="kernels" part="average" points=4
expect(moving_average, 4, gives=[1 / 4, 1 / 4, 1 / 4, 1 / 4])
expect(moving_average, 1, gives=[1])
### BEGIN HIDDEN TESTS


def reference(k):
    return np.ones(k) / k


def cases(rng):
    yield (3,)
    yield (int(rng.integers(5, 40)),)


expect_like(moving_average, reference, cases)
### END HIDDEN TESTS


# %% check="kernels" part="difference" points=4
def slopes_from_difference(x):  # the lowest and the highest slope
    w = difference()
    K = len(w)
    slopes = [float((x[i : i + K] * w).sum()) for i in range(len(x) - K + 1)]
    return min(slopes), max(slopes)


expect(slopes_from_difference, 0.5 * xp.arange(6.0), gives=(0.5, 0.5))
expect(slopes_from_difference, xp.full(7, 3.0), gives=(0.0, 0.0))
### BEGIN HIDDEN TESTS


def reference(x):
    slope = (x[-1] - x[0]) / (len(x) - 1)
    return float(slope), float(slope)


def cases(rng):
    for L in (8, 11, 5):
        rise, start = rng.uniform(0.5, 3), rng.standard_normal()
        yield case(start + rise * np.arange(L), note="a rising ramp")
        yield case(start - rise * np.arange(L), note="a falling ramp")


expect_like(slopes_from_difference, reference, cases)
### END HIDDEN TESTS

# %% check="kernels" part="gaussian" points=4
near, far = np.exp(-1 / 18), np.exp(-4 / 18)  # sigma is 3, and 2 * 3 * 3 is 18
total = far + near + 1 + near + far
wanted = [far / total, near / total, 1 / total, near / total, far / total]
expect(gaussian1d, 3.0, 2, gives=wanted)
expect(gaussian1d, 0.7, 0, gives=[1])
### BEGIN HIDDEN TESTS


def reference(sigma, r):
    half = np.exp(-0.5 * np.square(np.arange(r + 1) / sigma))
    both = np.concatenate([half[:0:-1], half])
    return both / both.sum()


def cases(rng):
    yield case(1.0, 3)
    yield case(float(rng.uniform(0.4, 0.9)), 4, note="a narrow bell")
    yield case(float(rng.uniform(2, 5)), 3, note="a bell wider than the kernel")
    yield case(3, 9, note="sigma as a whole number")


expect_like(gaussian1d, reference, cases)
### END HIDDEN TESTS

# %%
kernels = {
    "moving average of 11": xp.full(11, 1 / 11),
    "Gaussian, sigma 3": bell(3.0, 9),
    "difference of neighbours": slope(),
    "three ones": xp.ones(3),
}
for name, kernel in kernels.items():
    level = correlate(xp.full(20, 5.0), kernel)
    print(f"{name:25} sum {float(kernel.sum()):.1f}, and 5 becomes {float(level[0]):4.1f}")

# %% [markdown]
# Over a constant signal the level comes out times the sum of the weights. An average keeps
# the level, so its weights add up to 1. A slope must not see the level, so the weights of
# the difference add up to 0.
#
# **Predict.** The signal below steps up and down three times under noise. Which kernel
# shows the steps best: the average, the Gaussian, or the plain difference?

# %%
steps = step_signal(length=240, noise=0.4)
names = list(kernels)[:3]
sizes = [len(kernels[name]) for name in names]
show_signals(
    [steps.noisy, steps.clean, *(correlate(steps.noisy, kernels[name]) for name in names)],
    ["signal with noise", "what lies below", *names],
    "A signal that steps up, down and up under noise. The moving average and the Gaussian "
    "show the steps as slopes with little noise; the difference shows noise alone.",
    x=[np.arange(240), np.arange(240), *(K // 2 + np.arange(241 - K) for K in sizes)],
)

# %% [markdown]
# The averages keep the steps, blurred, and lower the noise. The difference of neighbours is
# made for edges and still loses them: it subtracts two noisy numbers, which makes the noise
# larger, while a step moves only one value of the answer. A good step detector has to do
# both things at once, average and subtract.
#
# ### Question 2.2 · A step detector (12 points)
#
# Design one kernel whose correlation with the noisy signal shows each step as a clear peak,
# up for a step up and down for a step down. Try it in the next cell. Then write: your
# weights, or the rule that makes them; why they have this shape; and why this length, not
# half as long and not four times as long. Defend the length with numbers from your trials.

# %%
kernel = xp.full(5, 1 / 5)  # your kernel here
answer = correlate(steps.noisy, kernel)
show_signals(
    [steps.clean, answer],
    ["what lies below", "answer of the kernel"],
    "A signal with three steps, and what your kernel answers to its noisy version.",
    x=[np.arange(240), len(kernel) // 2 + np.arange(len(answer))],
)
print("steps at", steps.where)
print(f"largest answer {float(answer.max()):.2f}, smallest {float(answer.min()):.2f}")
print(f"spread before the first step {float(answer[:50].std()):.2f}")

# %% [markdown] question="step-detector" points=12
# **Model answer.** The kernel holds n weights −1/n and then n weights +1/n: the mean of the
# n samples after a place minus the mean of the n before it. The weights add up to 0, so any
# constant level gives 0, and a step of height 1 gives a peak of 1. A mean of n samples has
# √n times less noise, so the answer has the noise s·√(2/n), where s = 0.4 is that of the
# signal: 0.57 for n = 1, 0.20 for n = 8, 0.14 for n = 16. In my trials, between the steps,
# n = 8 gives bumps up to 0.56 with the weakest peak at 0.68, and n = 16 bumps up to 0.34
# with peaks from 0.77 to 1.05: only there does a threshold at 0.5 find the three steps and
# nothing else. Longer kernels lower the noise further, at a price. The peak is 2n samples
# wide at its foot, so the place of the step is less sharp; and when n exceeds the distance
# between two steps, 46 samples here, both lie in one half of the kernel and cancel in part:
# n = 60 gives peaks of 0.65 and −0.73, up to 12 samples away from the steps, and loses the
# third one at the end of the signal. A step detector is as long as the shortest distance
# between steps allows.
#
# | Points | What earns them |
# |---|---|
# | 10–12 | A kernel that averages on both sides and subtracts, with sum 0; noise against length, and length against distance or sharpness, both backed by numbers |
# | 7–9 | A working kernel and both directions of the trade, but numbers for one of them only or for none |
# | 3–6 | A working kernel with one direction only ("longer means less noise"), or a good argument with a kernel that does not work |
# | 0–2 | The plain difference, or an average, without an argument |
#
# *Sample, 12 points:* "I used 16 times −1/16 and then 16 times 1/16, which is
# average after minus average before. The sum is 0 so flat parts give about 0. Away from the
# steps my answer wobbles by about 0.16, at most 0.34, and the peaks are near 1. With 8 and
# 8 there are false bumps of 0.56, nearly as high as the first peak of 0.68. With 60 and 60
# the peaks go down to 0.7 because the next step is only 46 samples away, so the average
# after a step already contains the following step, and I cannot say exactly where the step
# is."
#
# *Sample, 4 points:* "My kernel is [−1,−1,−1,−1,1,1,1,1]/4. It must be long
# because noise averages out, so the longer the better." (It works; the price of length is
# missing, and there are no numbers.)

# %% [markdown]
# ## The same thing as a matrix
#
# Every value of the correlation is a weighted sum of *all* samples: most of them have the
# weight 0. Write the weights of each output value as one row, and the rows form a matrix
# $M$ with
#
# $$\text{out} = M\,x$$
#
# A matrix like this, where every diagonal holds one number again and again, is a **Toeplitz
# matrix**.
#
# **Predict.** For L = 7 and K = 3, how many entries has $M$? How many are not forced to be
# zero? How many different numbers do you have to store?

# %%
x = xp.array([2.0, 0.0, 1.0, 3.0, -1.0, 4.0, 2.0])
w = xp.array([1.0, 2.0, -1.0])
figures.show_matrix_product(x, w)

# %% [markdown]
# ### Exercise 2.6 · toeplitz (16 points)
#
# Return the matrix that correlates signals of length L with a kernel.


# %% exercise="toeplitz"
def toeplitz(w, L):
    """Write the correlation with a kernel as a matrix.

    Parameters
    ----------
    w : array (K,)
        From 1 to L weights.
    L : int
        The length of the signals.

    Returns
    -------
    array (L - K + 1, L)
        Floating point. Its matrix product with a signal is the correlation.

    Raises
    ------
    ValueError
        The kernel is longer than the signal.
    """
    K = len(w)
    ### BEGIN SOLUTION
    if K > L:
        raise ValueError(f"the kernel has {K} weights, the signal only {L} samples.")
    M = xp.zeros((L - K + 1, L))
    for i in range(L - K + 1):
        M[i, i : i + K] = w
    return M
    ### END SOLUTION


# %% check="toeplitz" points=8
w = xp.array([1.0, 2.0, -0.5])
wanted = [[1, 2, -0.5, 0, 0], [0, 1, 2, -0.5, 0], [0, 0, 1, 2, -0.5]]
expect(toeplitz, w, 5, gives=wanted)


def toeplitz_times(w, x):
    return toeplitz(w, len(x)) @ x


x = xp.array([2.0, 0.0, 1.0, 3.0])
expect(toeplitz_times, w, x, gives=[2 + 0 - 0.5, 0 + 2 - 1.5])
### BEGIN HIDDEN TESTS


def reference(w, x):
    return np.convolve(x, w[::-1], "valid")


def cases(rng):
    yield rng.standard_normal(4), rng.standard_normal(9)
    yield rng.standard_normal(3), rng.standard_normal(11)
    yield rng.standard_normal(7), rng.standard_normal(10)


expect_like(toeplitz_times, reference, cases)
### END HIDDEN TESTS

# %% check="toeplitz" part="edges" points=8
expect(toeplitz, xp.array([0.5]), 3, gives=[[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
expect(toeplitz, xp.array([1.0, 2.0, 3.0]), 3, gives=[[1, 2, 3]])
expect(toeplitz, xp.array([1.0, 2.0, 3.0]), 2, raises=ValueError)
### BEGIN HIDDEN TESTS


def reference(w, L):
    q = np.arange(L)[None] - np.arange(L - len(w) + 1)[:, None]
    return np.where((q >= 0) & (q < len(w)), w[np.clip(q, 0, len(w) - 1)], 0.0)


def cases(rng):
    for K, L in ((2, 7), (5, 8), (6, 6), (1, 4)):
        yield case(rng.standard_normal(K), L)
    yield case(rng.standard_normal(6), 5, raises=ValueError, note="K = L + 1")
    yield case(rng.standard_normal(9), 4, raises=ValueError, note="a far longer kernel")


expect_like(toeplitz, reference, cases)
### END HIDDEN TESTS

# %%
for L, K in ((7, 3), (1000, 9)):
    rows = L - K + 1
    print(f"L = {L}, K = {K}")
    print(f"{rows * L:>9,} entries, all free in a dense layer")
    print(f"{rows * K:>9,} in the band, where the kernel is")
    print(f"{K:>9,} different numbers to store")

# %% [markdown]
# This is the bridge to lesson 01. A dense layer is a matrix with every entry free. Forbid
# distant connections and only a band remains. Make all rows share their weights and the
# band becomes a Toeplitz matrix. A convolution layer *is* a dense layer under these two
# rules, and anything known about matrices holds for it. Lesson 07 uses that: gradients
# travel back through the transpose of $M$. Nobody stores $M$, though; it is nearly all
# zeros.

# %% [markdown]
# ## Bonus · The hidden chirp
#
# Not graded. A chirp, a tone that rises, is hidden in noise four times as strong as it.
# Bats and radar find such echoes with a **matched filter**: correlate the signal with the
# very shape you look for. Find the sample at which the chirp begins, then print
# `secret.start`. Then lower `snr_db`, the strength of the chirp against the noise in
# decibels, until you fail.

# %%
secret = hidden_chirp(length=1000, snr_db=-6)
show_signals(
    [secret.noisy, secret.template],
    ["the chirp is in here", "the chirp alone"],
    "A thousand samples of noise in which no tone can be seen, and the chirp alone: a wave "
    "of 120 samples that swells, gets faster and fades.",
)

# %%
# Your experiment.

# %% [markdown]
# ## Summary
#
# You built one sum of products, slid it along a signal, flipped it, let it stick out at the
# ends, and wrote it as a matrix. Correlation measures likeness to the kernel at every
# place. It has $L-K+1$ values where the kernel fits, and *full* and *same* buy more with
# zeros. Convolution is the same with a flip, and it commutes.
#
# **Next.** Lesson 03 lets the window move along two axes, over images. Lessons 04 and 05
# return to the edges and to the steps between windows.
#
# **Read on.** I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning*, MIT Press, 2016,
# section 9.1, "The Convolution Operation".

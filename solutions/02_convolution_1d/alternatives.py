# Other right answers: every one must pass the checks.

# %%
from helpers.backend import xp


# %% exercise="window_dot" way="loop"
def window_dot(x, w, i):
    L, K = len(x), len(w)
    if i < 0 or i + K > L:
        raise IndexError("outside")
    total = 0.0
    for q in range(K):
        total += float(x[i + q]) * float(w[q])
    return total


# %% exercise="window_dot" way="matrix product"
def window_dot(x, w, i):
    if i not in range(len(x) - len(w) + 1):
        raise IndexError(i)
    return x[i : i + len(w)] @ w


# %% exercise="window_dot" way="every index is tried"
def window_dot(x, w, i):
    places = [i + q for q in range(len(w))]
    if min(places) < 0 or max(places) >= len(x):
        raise IndexError(f"sample {max(places)} of {len(x)}")
    return sum(x[place] * weight for place, weight in zip(places, w, strict=True))


# %% exercise="window_dot" way="einsum"
def window_dot(x, w, i):
    K = w.shape[0]
    window = x[i : i + K]
    if i < 0 or window.shape != w.shape:
        raise IndexError("the window leaves the signal")
    return xp.einsum("k,k->", window, w)


# %% exercise="correlate1d" way="two loops"
def correlate1d(x, w):
    if len(w) > len(x):
        raise ValueError("too long")
    out = [0.0] * (len(x) - len(w) + 1)
    for i in range(len(out)):
        for q in range(len(w)):
            out[i] += float(x[i + q]) * float(w[q])
    return xp.array(out)


# %% exercise="correlate1d" way="one shifted copy per weight"
def correlate1d(x, w):
    L, K = len(x), len(w)
    if K > L:
        raise ValueError(f"{K} > {L}")
    out = xp.zeros(L - K + 1)
    for q in range(K):
        out += w[q] * x[q : q + L - K + 1]
    return out


# %% exercise="correlate1d" way="sliding windows"
def correlate1d(x, w):
    if w.size > x.size:
        raise ValueError("too long")
    return xp.lib.stride_tricks.sliding_window_view(x, w.size) @ w


# %% exercise="correlate1d" way="index table and einsum"
def correlate1d(x, w):
    L, K = x.size, w.size
    if K > L:
        raise ValueError("too long")
    index = xp.arange(L - K + 1)[:, None] + xp.arange(K)[None, :]
    return xp.einsum("iq,q->i", x[index], w)


# %% exercise="correlate1d" way="single precision"
def correlate1d(x, w):
    if w.size > x.size:
        raise ValueError("too long")
    x, w = x.astype("float32"), w.astype("float32")
    return xp.stack([(x[i : i + w.size] * w).sum() for i in range(x.size - w.size + 1)])


# %% exercise="convolve1d" way="the correlation of the flipped kernel"
def convolve1d(x, w):
    return correlate1d(x, w[::-1])


# %% exercise="convolve1d" way="two loops, no flip"
def convolve1d(x, w):
    L, K = len(x), len(w)
    if K > L:
        raise ValueError("too long")
    out = xp.zeros(L - K + 1)
    for i in range(L - K + 1):
        for q in range(K):
            out[i] += x[i + K - 1 - q] * w[q]
    return out


# %% exercise="convolve1d" way="both flipped back"
def convolve1d(x, w):
    if w.size > x.size:
        raise ValueError("too long")
    windows = xp.lib.stride_tricks.sliding_window_view(x[::-1], w.size)
    return xp.einsum("iq,q->i", windows, w)[::-1]


# %% exercise="convolve1d" way="shifted copies"
def convolve1d(x, w):
    OL = len(x) - len(w) + 1
    if OL < 1:
        raise ValueError("too long")
    return sum(w[q] * x[len(w) - 1 - q : len(w) - 1 - q + OL] for q in range(len(w)))


# %% exercise="conv_mode" way="scatter the full answer, then crop"
def conv_mode(x, w, mode):
    L, K = len(x), len(w)
    if mode not in ("full", "same", "valid") or (mode == "valid" and K > L):
        raise ValueError(mode)
    full = xp.zeros(L + K - 1)
    for i in range(L):
        full[i : i + K] += x[i] * w
    if mode == "same":
        return full[(K - 1) // 2 : (K - 1) // 2 + L]
    return full[K - 1 : L] if mode == "valid" else full


# %% exercise="conv_mode" way="pad and correlate"
def conv_mode(x, w, mode):
    K = len(w)
    if mode == "full":
        padded = xp.pad(x, K - 1)
    elif mode == "same":
        padded = xp.pad(x, (K - 1 - (K - 1) // 2, (K - 1) // 2))
    elif mode == "valid":
        padded = x
    else:
        raise ValueError(f"mode {mode!r}")
    return correlate1d(padded, w[::-1])


# %% exercise="conv_mode" way="two loops over pairs"
def conv_mode(x, w, mode):
    L, K = len(x), len(w)
    if mode not in ("full", "same", "valid"):
        raise ValueError("unknown mode")
    if mode == "valid" and K > L:
        raise ValueError("does not fit")
    full = [0.0] * (L + K - 1)
    for i in range(L):
        for q in range(K):
            full[i + q] += float(x[i]) * float(w[q])
    if mode == "same":
        full = full[(K - 1) // 2 :][:L]
    if mode == "valid":
        full = full[K - 1 :][: L - K + 1]
    return xp.array(full)


# %% exercise="conv_mode" way="einsum on windows"
def conv_mode(x, w, mode):
    L, K = x.size, w.size
    pads = {"full": (K - 1, K - 1), "same": (K // 2, (K - 1) // 2), "valid": (0, 0)}
    if mode not in pads or (mode == "valid" and K > L):
        raise ValueError(mode)
    windows = xp.lib.stride_tricks.sliding_window_view(xp.pad(x, pads[mode]), K)
    return xp.einsum("iq,q->i", windows, w[::-1])


# %% exercise="kernels" way="lists and a central difference"
def moving_average(k):
    return xp.array([1.0 / k] * k)


def difference():
    return xp.array([-0.5, 0.0, 0.5])


def gaussian1d(sigma, r):
    weights = [2.718281828459045 ** (-0.5 * (d / sigma) ** 2) for d in range(-r, r + 1)]
    return xp.array(weights) / sum(weights)


# %% exercise="kernels" way="ones, and a slope fitted to five samples"
def moving_average(k):
    return xp.ones(k) / k


def difference():
    d = xp.arange(-2.0, 3.0)
    return d / (d * d).sum()


def gaussian1d(sigma, r):
    d = xp.linspace(-r, r, 2 * r + 1)
    bell = xp.exp(-d * d / (2 * sigma * sigma)) / (sigma * (2 * xp.pi) ** 0.5)
    return bell / bell.sum()


# %% exercise="kernels" way="loops"
def moving_average(k):
    w = xp.zeros(k)
    for q in range(k):
        w[q] = 1 / k
    return w


def difference():
    w = xp.zeros(2)
    w[0], w[1] = -1, 1
    return w


def gaussian1d(sigma, r):
    w = xp.zeros(2 * r + 1)
    for q in range(2 * r + 1):
        w[q] = xp.exp(xp.asarray(-((q - r) ** 2) / (2 * sigma**2)))
    w /= w.sum()
    return w


# %% exercise="toeplitz" way="a sum of diagonals"
def toeplitz(w, L):
    K = len(w)
    if K > L:
        raise ValueError("too long")
    return sum(w[q] * xp.eye(L - K + 1, L, k=q) for q in range(K))


# %% exercise="toeplitz" way="two loops"
def toeplitz(w, L):
    K = len(w)
    if K > L:
        raise ValueError("too long")
    M = xp.zeros((L - K + 1, L))
    for i in range(L - K + 1):
        for q in range(K):
            M[i, i + q] = w[q]
    return M


# %% exercise="toeplitz" way="index table"
def toeplitz(w, L):
    K = w.size
    if K > L:
        raise ValueError("too long")
    q = xp.arange(L)[None, :] - xp.arange(L - K + 1)[:, None]
    inside = (q >= 0) & (q < K)
    return xp.where(inside, w[xp.where(inside, q, 0)], 0.0)


# %% exercise="toeplitz" way="what each unit signal gives"
def toeplitz(w, L):
    if len(w) > L:
        raise ValueError("too long")
    windows = xp.lib.stride_tricks.sliding_window_view(xp.eye(L), len(w), axis=1)
    return xp.einsum("jiq,q->ij", windows, w)

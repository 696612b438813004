# Other right answers: each must pass every check.

# %% exercise="max_pool_forward" way="a running maximum over the places of a window"
def max_pool_forward(x, size, stride):
    N, C, H, W = x.shape
    KH, KW = size
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    out = xp.full((N, C, OH, OW), -xp.inf)
    for p in range(KH):
        for q in range(KW):
            part = x[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            out = xp.maximum(out, part[:, :, :OH, :OW])
    return out, (x, size, stride)


# %% exercise="max_pool_forward" way="sliding windows"
def max_pool_forward(x, size, stride):
    windows = xp.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    return windows.reshape(*windows.shape[:4], -1).max(axis=-1), (x, size, stride)


# %% exercise="max_pool_forward" way="value by value, single precision"
def max_pool_forward(x, size, stride):
    N, C, H, W = x.shape
    KH, KW = size
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    out = xp.zeros((N, C, OH, OW), dtype=xp.float32)
    for n in range(N):
        for c in range(C):
            for i in range(OH):
                for j in range(OW):
                    best = float(x[n, c, i * stride, j * stride])
                    for p in range(KH):
                        for q in range(KW):
                            best = max(best, float(x[n, c, i * stride + p, j * stride + q]))
                    out[n, c, i, j] = best
    return out, [x, size, stride]


# %% exercise="max_pool_forward" way="rows first, then columns"
def max_pool_forward(x, size, stride):
    N, C, H, W = x.shape
    KH, KW = size
    print("any printing is fine")
    down = [x[:, :, i : i + KH].max(axis=2) for i in range(0, H - KH + 1, stride)]
    down = xp.stack(down, axis=2)
    both = [down[..., j : j + KW].max(axis=3) for j in range(0, W - KW + 1, stride)]
    return xp.stack(both, axis=3), (x, size, stride)


# %% exercise="max_pool_backward" way="all samples and channels at once, place by place"
def max_pool_backward(dout, cache):
    x, (KH, KW), stride = cache
    N, C, OH, OW = dout.shape
    dx = xp.zeros(x.shape)
    for i in range(OH):
        for j in range(OW):
            rows = slice(i * stride, i * stride + KH)
            columns = slice(j * stride, j * stride + KW)
            flat = x[:, :, rows, columns].reshape(N, C, KH * KW)
            won = xp.arange(KH * KW) == flat.argmax(axis=2)[:, :, None]
            sent = won * dout[:, :, i, j][:, :, None]
            dx[:, :, rows, columns] += sent.reshape(N, C, KH, KW)
    return dx


# %% exercise="max_pool_backward" way="take and subtract"
def max_pool_backward(dout, cache):
    x, size, stride = cache
    N, C, OH, OW = dout.shape
    windows = xp.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    best = windows[:, :, ::stride, ::stride].max(axis=(4, 5))
    left, dx = dout.copy(), xp.zeros(x.shape)
    for p in range(size[0]):
        for q in range(size[1]):
            rows = slice(p, p + stride * (OH - 1) + 1, stride)
            columns = slice(q, q + stride * (OW - 1) + 1, stride)
            taken = left * (x[:, :, rows, columns] == best)
            dx[:, :, rows, columns] += taken
            left = left - taken
    return dx


# %% exercise="max_pool_backward" way="search by hand"
def max_pool_backward(dout, cache):
    x, (KH, KW), stride = cache
    dx = 0 * x
    for n, c, i, j in np.ndindex(dout.shape):
        best, place = -float("inf"), None
        for p in range(KH):
            for q in range(KW):
                value = float(x[n, c, i * stride + p, j * stride + q])
                if value > best:
                    best, place = value, (n, c, i * stride + p, j * stride + q)
        dx[place] += dout[n, c, i, j]
    return dx


# %% exercise="max_pool_backward" way="one index per winner, then add.at"
def max_pool_backward(dout, cache):
    x, (KH, KW), stride = cache
    N, C, OH, OW = dout.shape
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride].reshape(N, C, OH, OW, KH * KW)
    index = windows.argmax(axis=4)
    n, c = xp.arange(N)[:, None, None, None], xp.arange(C)[:, None, None]
    h = stride * xp.arange(OH)[:, None] + index // KW
    w = stride * xp.arange(OW) + index % KW
    dx = xp.zeros(x.shape)
    xp.add.at(dx, (n, c, h, w), dout)
    return dx


# %% exercise="avg_pool" way="place by place"
def avg_pool_forward(x, size, stride):
    N, C, H, W = x.shape
    KH, KW = size
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    out = xp.zeros((N, C, OH, OW))
    for p in range(KH):
        for q in range(KW):
            out += x[:, :, p::stride, q::stride][:, :, :OH, :OW] / (KH * KW)
    return out, (x.shape, size, stride)


def avg_pool_backward(dout, cache):
    shape, (KH, KW), stride = cache
    OH, OW = dout.shape[2:]
    dx = xp.zeros(shape)
    for p in range(KH):
        for q in range(KW):
            dx[:, :, p::stride, q::stride][:, :, :OH, :OW] += dout / (KH * KW)
    return dx


# %% exercise="avg_pool" way="einsum with one matrix per direction"
def cover(length, k, stride):
    starts = stride * xp.arange((length - k) // stride + 1)[:, None]
    places = xp.arange(length)
    return 1.0 * ((starts <= places) & (places < starts + k)) / k


def avg_pool_forward(x, size, stride):
    rows, columns = (cover(n, k, stride) for n, k in zip(x.shape[2:], size, strict=True))
    return xp.einsum("ih,jw,nchw->ncij", rows, columns, x), (x.shape, size, stride)


def avg_pool_backward(dout, cache):
    shape, size, stride = cache
    rows, columns = (cover(n, k, stride) for n, k in zip(shape[2:], size, strict=True))
    return xp.einsum("ih,jw,ncij->nchw", rows, columns, dout)


# %% exercise="avg_pool" way="sliding windows; value by value on the way back"
def avg_pool_forward(x, size, stride):
    windows = xp.lib.stride_tricks.sliding_window_view(x, size, axis=(2, 3))
    return windows[:, :, ::stride, ::stride].mean(axis=(4, 5)), (x.shape, size, stride)


def avg_pool_backward(dout, cache):
    shape, (KH, KW), stride = cache
    dx = xp.zeros(shape)
    for n, c, i, j in np.ndindex(dout.shape):
        for p in range(KH):
            for q in range(KW):
                dx[n, c, i * stride + p, j * stride + q] += dout[n, c, i, j] / KH / KW
    return dx


# %% exercise="avg_pool_as_conv" way="identity matrix"
def avg_pool_as_conv(x, size, stride):
    KH, KW = size
    w = xp.eye(x.shape[1])[:, :, None, None] * xp.ones((KH, KW)) / (KH * KW)
    return conv2d(x, w, stride=stride), w


# %% exercise="avg_pool_as_conv" way="einsum"
def avg_pool_as_conv(x, size, stride):
    mean = xp.full(size, 1 / (size[0] * size[1]))
    w = xp.einsum("fc,pq->fcpq", xp.eye(x.shape[1]), mean)
    return conv2d(x, w, xp.zeros(len(w)), stride), w


# %% exercise="avg_pool_as_conv" way="weight by weight"
def avg_pool_as_conv(x, size, stride):
    C = x.shape[1]
    w = xp.zeros((C, C, *size))
    for f in range(C):
        for c in range(C):
            for p in range(size[0]):
                for q in range(size[1]):
                    w[f, c, p, q] = (f == c) / (size[0] * size[1])
    out = conv2d(x, w, stride=stride)
    return [out, w]


# %% exercise="global_pool" way="flat maps"
def global_pool(x, kind):
    maps = x.reshape(x.shape[0], x.shape[1], -1)
    if kind == "avg":
        return maps.sum(axis=2) / maps.shape[2]
    if kind == "max":
        return maps.max(axis=2)
    raise ValueError(f"no such kind: {kind}")


def global_pool_backward(dout, x, kind):
    N, C, H, W = x.shape
    if kind == "avg":
        return xp.broadcast_to(dout[:, :, None, None] / (H * W), x.shape).copy()
    won = xp.arange(H * W) == x.reshape(N, C, -1).argmax(axis=2)[:, :, None]
    return (won * dout[:, :, None]).reshape(x.shape)


# %% exercise="global_pool" way="pooling with one window"
def global_pool(x, kind):
    if kind == "avg":
        return avg_pool_forward(x, x.shape[2:], 1)[0][:, :, 0, 0]
    if kind == "max":
        return max_pool_forward(x, x.shape[2:], 1)[0][:, :, 0, 0]
    raise ValueError("kind must be avg or max")


def global_pool_backward(dout, x, kind):
    dout, size = dout[:, :, None, None], x.shape[2:]
    if kind == "avg":
        return avg_pool_backward(dout, (x.shape, size, 1))
    return max_pool_backward(dout, (x, size, 1))


# %% exercise="global_pool" way="loops"
def global_pool(x, kind):
    out = xp.zeros(x.shape[:2])
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            values = [float(v) for row in x[n, c] for v in row]
            out[n, c] = {"avg": sum(values) / len(values), "max": max(values)}.get(
                kind, float("nan")
            )
    if kind not in ("avg", "max"):
        raise ValueError(kind)
    return out


def global_pool_backward(dout, x, kind):
    dx = xp.zeros(x.shape)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            if kind == "avg":
                dx[n, c] = dout[n, c] / x[n, c].size
            else:
                place = divmod(int(x[n, c].argmax()), x.shape[3])
                dx[n, c][place] = dout[n, c]
    return dx


# %% exercise="shift_sensitivity" way="norms in a list"
def shift_sensitivity(fn, x, m):
    still = fn(x).ravel()
    length = float(xp.linalg.norm(still))
    change = [
        float(xp.linalg.norm(fn(shifted(x, 0, d)).ravel() - still)) for d in range(m + 1)
    ]
    return xp.array(change) / length


# %% exercise="shift_sensitivity" way="own shift with zeros"
def shift_sensitivity(fn, x, m):
    out = []
    for d in range(m + 1):
        moved = xp.zeros_like(x)
        if d < x.shape[3]:
            moved[..., d:] = x[..., : x.shape[3] - d]
        out.append((((fn(moved) - fn(x)) ** 2).sum() / (fn(x) ** 2).sum()) ** 0.5)
    return xp.stack(out)


# %% exercise="shift_sensitivity" way="padded once, single precision"
def shift_sensitivity(fn, x, m):
    wide = xp.pad(x, ((0, 0), (0, 0), (0, 0), (m, 0)))
    W, still = x.shape[3], fn(x)
    out = xp.zeros(m + 1, dtype=xp.float32)
    for d in range(m + 1):
        difference = fn(wide[..., m - d : m - d + W]) - still
        out[d] = xp.sqrt((difference * difference).sum()) / xp.sqrt((still * still).sum())
    return out


# %% exercise="test_max_pool_backward" way="own reference on whole numbers with many ties"
def test_max_pool_backward(candidate):
    rng = np.random.default_rng(3)
    x = xp.asarray(rng.integers(-3, 1, (2, 3, 5, 6)).astype(float))
    dout = xp.asarray(rng.standard_normal((2, 3, 2, 3)))
    expected = xp.zeros(x.shape)
    for n, c, i, j in np.ndindex(2, 3, 2, 3):
        window = x[n, c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 2]
        p, q = divmod(int(window.argmax()), 2)
        expected[n, c, 2 * i + p, 2 * j + q] += dout[n, c, i, j]
    overlap = xp.array([[[[0.0, 9, 0]]]])
    sent = candidate(xp.array([[[[1.0, 2]]]]), (overlap, (1, 2), 1))
    assert xp.allclose(sent, xp.array([[[[0.0, 3, 0]]]]))
    assert xp.allclose(candidate(dout, (x, (3, 2), 2)), expected)


# %% exercise="test_max_pool_backward" way="two small examples, compared as lists"
def test_max_pool_backward(candidate):
    def sent(x, dout, size, stride):
        dx = candidate(xp.array([dout]), (xp.array([x]), size, stride))
        return dx[0].tolist()

    twice = [[[1.0, 5.0, 2.0]], [[-1.0, -5.0, -2.0]]]
    assert sent(twice, [[[2.0, 3.0]], [[4.0, 7.0]]], (1, 2), 1) == [
        [[0.0, 5.0, 0.0]],
        [[4.0, 0.0, 7.0]],
    ]
    ties = [[[-7.0] * 4] * 2]
    assert sent(ties, [[[2.0, -3.0]]], (2, 2), 2) == [[[2.0, 0, -3.0, 0], [0.0] * 4]]


# %% exercise="test_max_pool_backward" way="the learner's own function as reference"
def test_max_pool_backward(candidate):
    x = xp.array([[[[-2.0, -2, -9, -4], [-5, -1, -1, -4]], [[3.0, 1, 4, 4], [3, 0, 4, 2]]]])
    dout = xp.array([[[[1.0, -2, 3]], [[4.0, 0.5, 6]]]])
    if not xp.allclose(
        candidate(dout, (x, (2, 2), 1)), max_pool_backward(dout, (x, (2, 2), 1))
    ):
        raise ValueError("dx differs")

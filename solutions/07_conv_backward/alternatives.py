# Other right answers: each must pass every check.

# %% exercise="numerical_gradient" way="copies"
def numerical_gradient(f, x, upstream, h=1e-5):
    slopes = []
    for k in range(x.size):
        above = x.astype(xp.float64).ravel()
        below = above.copy()
        above[k] += h
        below[k] -= h
        slopes.append(
            (upstream * (f(above.reshape(x.shape)) - f(below.reshape(x.shape)))).sum()
        )
    return xp.stack(slopes).reshape(x.shape) / (2 * h)


# %% exercise="numerical_gradient" way="one point moved and put back"
def numerical_gradient(f, x, upstream, h=1e-5):
    point = xp.array(x, dtype=xp.float64)
    gradient = xp.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        before = float(point[index])
        point[index] = before + h
        above = float((f(point) * upstream).sum())
        point[index] = before - h
        below = float((f(point) * upstream).sum())
        point[index] = before
        gradient[index] = (above - below) / (2 * h)
    return gradient


# %% exercise="numerical_gradient" way="rows of an identity"
def numerical_gradient(f, x, upstream, h=1e-5):
    steps = (h * xp.eye(x.size)).reshape((x.size,) + x.shape)
    slopes = [(upstream * (f(x + s) - f(x - s))).sum() / h / 2 for s in steps]
    return xp.stack(slopes).reshape(x.shape)


# %% exercise="numerical_gradient" way="four points"
def numerical_gradient(f, x, upstream, h=1e-5):
    def loss(point):
        return float((upstream * f(point)).sum())

    gradient = xp.zeros(x.size)
    for k in range(x.size):
        step = xp.zeros(x.size)
        step[k] = h
        step = step.reshape(x.shape)
        gradient[k] = (loss(x + step) - loss(x - step)) / (2 * h)
    return gradient.reshape(x.shape)


# %% exercise="conv1d_backward" way="two loops, number by number"
def conv1d_backward(dout, x, w):
    dx, dw = xp.zeros(len(x)), xp.zeros(len(w))
    for i in range(len(dout)):
        for q in range(len(w)):
            dx[i + q] += dout[i] * w[q]
            dw[q] += dout[i] * x[i + q]
    return dx, dw


# %% exercise="conv1d_backward" way="full convolution and valid correlation"
def conv1d_backward(dout, x, w):
    return xp.convolve(dout, w), xp.correlate(x, dout, "valid")


# %% exercise="conv1d_backward" way="transposed matrix, a list of answers"
def conv1d_backward(dout, x, w):
    L, K = len(x), len(w)
    M = xp.zeros((L - K + 1, L))
    for i in range(L - K + 1):
        M[i, i : i + K] = w
    windows = xp.lib.stride_tricks.sliding_window_view(x, K)
    return [M.T @ dout, windows.T @ dout]


# %% exercise="conv1d_backward" way="one loop over the weights"
def conv1d_backward(dout, x, w):
    n = dout.shape[0]
    dx = xp.zeros(x.shape)
    dw = xp.zeros(w.shape)
    for q in range(w.shape[0]):
        dx[q : q + n] += w[q] * dout
        dw[q] = (x[q : q + n] * dout).sum()
    return dx, dw


# %% exercise="conv2d_backward_naive" way="loops over the places of the window"
def conv2d_backward_naive(dout, cache):
    x, w, stride, padding = cache
    (H, W), (KH, KW), (OH, OW) = x.shape[2:], w.shape[2:], dout.shape[2:]
    padded = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dpadded, dw = xp.zeros(padded.shape), xp.zeros(w.shape)
    for p in range(KH):
        for q in range(KW):
            rows = slice(p, p + stride * (OH - 1) + 1, stride)
            columns = slice(q, q + stride * (OW - 1) + 1, stride)
            dw[:, :, p, q] = xp.einsum("nfij,ncij->fc", dout, padded[:, :, rows, columns])
            share = xp.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
            dpadded[:, :, rows, columns] += share
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    return dx, dw, dout.sum(axis=(0, 2, 3))


# %% exercise="conv2d_backward_naive" way="seven loops"
def conv2d_backward_naive(dout, cache):
    x, w, stride, padding = cache
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    dx, dw, db = xp.zeros(x.shape), xp.zeros(w.shape), xp.zeros(F)
    for n, f, i, j in np.ndindex(*dout.shape):
        g = float(dout[n, f, i, j])
        db[f] += g
        for c, p, q in np.ndindex(C, KH, KW):
            row, column = i * stride + p - padding, j * stride + q - padding
            if 0 <= row < H and 0 <= column < W:
                dx[n, c, row, column] += g * float(w[f, c, p, q])
                dw[f, c, p, q] += g * float(x[n, c, row, column])
    return dx, dw, db


# %% exercise="conv2d_backward_naive" way="einsum over windows, dx place by place"
def conv2d_backward_naive(dout, cache):
    x, w, stride, padding = cache
    N, C, H, W = x.shape
    _, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    padded = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    windows = xp.lib.stride_tricks.sliding_window_view(padded, (KH, KW), (2, 3))
    windows = windows[:, :, ::stride, ::stride]
    dw = xp.einsum("nfij,ncijpq->fcpq", dout, windows)
    dpadded = xp.zeros(padded.shape)
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            share = xp.tensordot(dout[:, :, i, j], w, axes=1)
            dpadded[:, :, top : top + KH, left : left + KW] += share
    print("done")
    return (
        dpadded[:, :, padding : H + padding, padding : W + padding],
        dw,
        dout.sum((0, 2, 3)),
    )


# %% exercise="conv2d_backward_naive" way="matrix products over rows of windows"
def conv2d_backward_naive(dout, cache):
    x, w, stride, padding = cache
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    around = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    around[:, :, padding : padding + H, padding : padding + W] = x
    back, dw = xp.zeros(around.shape), xp.zeros((F, C * KH * KW))
    for i in range(OH):
        for j in range(OW):
            top, left = i * stride, j * stride
            seen = around[:, :, top : top + KH, left : left + KW].reshape(N, -1)
            dw += dout[:, :, i, j].T @ seen
            share = (dout[:, :, i, j] @ w.reshape(F, -1)).reshape(N, C, KH, KW)
            back[:, :, top : top + KH, left : left + KW] += share
    dx = back[:, :, padding : padding + H, padding : padding + W]
    return [dx, dw.reshape(w.shape), dout.sum(axis=3).sum(axis=2).sum(axis=0)]


# %% exercise="dx_as_convolution" way="padded by hand, einsum over windows"
def dx_as_convolution(dout, w, stride, padding, x_shape):
    N, C, H, W = x_shape
    F, _, KH, KW = w.shape
    _, _, OH, OW = dout.shape
    wide = xp.zeros((N, F, H + 2 * padding + KH - 1, W + 2 * padding + KW - 1))
    rows = slice(KH - 1, KH - 1 + (OH - 1) * stride + 1, stride)
    columns = slice(KW - 1, KW - 1 + (OW - 1) * stride + 1, stride)
    wide[:, :, rows, columns] = dout
    windows = xp.lib.stride_tricks.sliding_window_view(wide, (KH, KW), (2, 3))
    dx = xp.einsum("nfijpq,fcpq->ncij", windows, xp.flip(w, (2, 3)))
    return dx[:, :, padding : padding + H, padding : padding + W]


# %% exercise="dx_as_convolution" way="pixel by pixel"
def dx_as_convolution(dout, w, stride, padding, x_shape):
    F, C, KH, KW = w.shape
    N, F, OH, OW = dout.shape
    dx = xp.zeros(x_shape)
    for row in range(x_shape[2]):
        for column in range(x_shape[3]):
            for p in range(KH):
                for q in range(KW):
                    i, rest = divmod(row + padding - p, stride)
                    j, other = divmod(column + padding - q, stride)
                    if rest == other == 0 and 0 <= i < OH and 0 <= j < OW:
                        dx[:, :, row, column] += dout[:, :, i, j] @ w[:, :, p, q]
    return dx


# %% exercise="dx_as_convolution" way="padding of x first"
def dx_as_convolution(dout, w, stride, padding, x_shape):
    N, C, H, W = x_shape
    F, _, KH, KW = w.shape
    spread = xp.zeros((N, F, H + 2 * padding - KH + 1, W + 2 * padding - KW + 1))
    spread[:, :, ::stride, ::stride] = dout
    turned = xp.swapaxes(w[..., ::-1, ::-1], 0, 1)
    full = conv2d(spread, turned, padding=((KH - 1, KH - 1), (KW - 1, KW - 1)))
    return full[:, :, padding : H + padding, padding : W + padding]


# %% exercise="dx_as_convolution" way="the outputs send"
def dx_as_convolution(dout, w, stride, padding, x_shape):
    N, C, H, W = x_shape
    KH, KW = w.shape[2:]
    OH, OW = dout.shape[2:]
    full = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for p in range(KH):
        for q in range(KW):
            rows = slice(p, p + stride * (OH - 1) + 1, stride)
            columns = slice(q, q + stride * (OW - 1) + 1, stride)
            full[:, :, rows, columns] += xp.einsum("nfij,fc->ncij", dout, w[:, :, p, q])
    return full[:, :, padding : padding + H, padding : padding + W]


# %% exercise="gradient_report" way="helper function"
def gradient_report(fn, inputs):
    def relative(claimed, measured):
        if not bool(xp.isfinite(claimed).all()):
            return float("inf")
        largest = max(float(xp.abs(claimed).max()), float(xp.abs(measured).max()))
        return float(xp.abs(claimed - measured).max()) / largest if largest else 0.0

    claimed = fn(**inputs)[1]
    report = {}
    for name in inputs:
        others = dict(inputs)

        def loss(value, name=name, others=others):
            others[name] = value
            return fn(**others)[0]

        error = relative(claimed[name], finite_differences(loss, inputs[name], 1.0))
        report[name] = dict(error=error, ok=error < 1e-6)
    return report


# %% exercise="gradient_report" way="the learner's numerical_gradient"
def gradient_report(fn, inputs):
    claimed = fn(**inputs)[1]
    report = {}
    for name, value in inputs.items():

        def loss(changed, name=name):
            return fn(**(inputs | {name: changed}))[0]

        measured = numerical_gradient(loss, value, xp.asarray(1.0))
        top = float(xp.maximum(abs(claimed[name]).max(), abs(measured).max()))
        error = float(abs(claimed[name] - measured).max())
        if error != error or error == float("inf"):
            error = float("inf")
        elif top:
            error = error / top
        report[name] = {"ok": error < 1e-6, "error": error}
    return report


# %% exercise="gradient_report" way="arrays as numbers"
def gradient_report(fn, inputs):
    def single(name):
        def loss(changed):
            arguments = dict(inputs)
            arguments[name] = changed
            return fn(**arguments)[0]

        measured = finite_differences(loss, inputs[name], 1.0)
        claimed = fn(**inputs)[1][name]
        if not xp.isfinite(claimed).all():
            return {"error": math.inf, "ok": False}
        both = xp.stack([claimed, measured])
        scale = abs(both).max()
        if scale == 0:
            return {"error": 0, "ok": True}
        error = abs(both[0] - both[1]).max() / scale
        return {"error": error, "ok": error < 1e-6}

    return {name: single(name) for name in inputs}


# %% exercise="test_dw" way="by hand on a tiny case"
def test_dw(candidate):
    x = xp.array(
        [[[[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]], [[[0.0, -1.0, 2.0], [3.0, 1.0, 1.0]]]]
    )
    dout = xp.array([[[[1.0, 2.0]]], [[[-1.0, 3.0]]]])
    found = candidate(dout, x, 2, 2)
    upper = [1 * 1 + 2 * 2 + 0 * -1 + -1 * 3, 1 * 2 + 2 * 3 + -1 * -1 + 2 * 3]
    lower = [1 * 4 + 2 * 5 + 3 * -1 + 1 * 3, 1 * 5 + 2 * 7 + 1 * -1 + 1 * 3]
    assert xp.allclose(found, xp.array([[[upper, lower]]]))


# %% exercise="test_dw" way="one weight moved, one by one"
def test_dw(candidate):
    rng = np.random.default_rng(3)
    x, dout = xp.asarray(rng.random((2, 3, 4, 6))), xp.asarray(rng.random((2, 2, 3, 4)))
    found = candidate(dout, x, 2, 3)
    if found.shape != (2, 3, 2, 3):
        raise ValueError(f"wrong shape {found.shape}")
    for index in np.ndindex(2, 3, 2, 3):
        w = xp.zeros((2, 3, 2, 3))
        w[index] = 1.0  # the layer is linear in w: no small step is needed
        assert abs(float((dout * conv2d(x, w)).sum()) - float(found[index])) < 1e-9


# %% exercise="test_dw" way="the finished layer"
def test_dw(candidate):
    rng = np.random.default_rng(0)
    x = xp.asarray(rng.standard_normal((2, 3, 5, 7)))
    dout = xp.asarray(rng.standard_normal((2, 4, 3, 6)))
    w = xp.zeros((4, 3, 3, 2))
    assert xp.allclose(candidate(dout, x, 3, 2), conv2d_backward(dout, x, w)[1])

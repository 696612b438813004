# Other right answers: every one must pass all checks of its exercise.

# %% exercise="conv3d_forward" way="sliding windows"
def conv3d_forward(x, w, b, stride=(1, 1, 1), padding=(0, 0, 0)):
    st, sh, sw = stride
    padded = xp.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])
    view = xp.lib.stride_tricks.sliding_window_view
    windows = view(padded, w.shape[2:], axis=(2, 3, 4))[:, :, ::st, ::sh, ::sw]
    out = xp.tensordot(windows, w, axes=([1, 5, 6, 7], [1, 2, 3, 4]))
    return out.transpose(0, 4, 1, 2, 3) + b[:, None, None, None]


# %% exercise="conv3d_forward" way="loops over outputs"
def conv3d_forward(x, w, b, stride=(1, 1, 1), padding=(0, 0, 0)):
    N, C, *sizes = x.shape
    F, _, KT, KH, KW = w.shape
    (st, sh, sw), (pt, ph, pw) = stride, padding
    T, H, W = (n + 2 * p for n, p in zip(sizes, padding))
    padded = xp.zeros((N, C, T, H, W))
    padded[:, :, pt : pt + sizes[0], ph : ph + sizes[1], pw : pw + sizes[2]] = x
    OT, OH, OW = (T - KT) // st + 1, (H - KH) // sh + 1, (W - KW) // sw + 1
    out = xp.zeros((N, F, OT, OH, OW))
    for t in range(OT):
        for i in range(OH):
            for j in range(OW):
                block = padded[:, :, t * st :, i * sh :, j * sw :][:, :, :KT, :KH, :KW]
                out[:, :, t, i, j] = xp.einsum("nctij,fctij->nf", block, w) + b
    return out


# %% exercise="conv3d_forward" way="a sum of convolutions of frames"
def conv3d_forward(x, w, b, stride=(1, 1, 1), padding=(0, 0, 0)):
    (st, sh, sw), (pt, ph, pw) = stride, padding
    KT, T = w.shape[2], x.shape[2]
    frames = []
    for t in range((T + 2 * pt - KT) // st + 1):
        total = 0
        for r in range(KT):
            at = t * st + r - pt
            picture = x[:, :, at] if 0 <= at < T else xp.zeros_like(x[:, :, 0])
            total = total + conv2d(1.0 * picture, w[:, :, r], None, (sh, sw), (ph, pw))
        frames.append(total + b[:, None, None])
    return xp.stack(frames, axis=2)


# %% exercise="conv3d_backward" way="loops over outputs"
def conv3d_backward(dout, x, w, stride=(1, 1, 1), padding=(0, 0, 0)):
    (st, sh, sw), (pt, ph, pw) = stride, padding
    KT, KH, KW = w.shape[2:]
    padded = xp.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])
    dpadded, dw = xp.zeros(padded.shape), xp.zeros(w.shape)
    for t, i, j in np.ndindex(dout.shape[2:]):
        a, c, e = t * st, i * sh, j * sw
        slope, box = (
            dout[:, :, t, i, j],
            (slice(a, a + KT), slice(c, c + KH), slice(e, e + KW)),
        )
        block = (slice(None), slice(None), *box)
        dpadded[block] += xp.tensordot(slope, w, axes=(1, 0))
        dw += xp.tensordot(slope, padded[block], axes=(0, 0))
    T, H, W = x.shape[2:]
    dx = dpadded[:, :, pt : pt + T, ph : ph + H, pw : pw + W]
    return dx, dw, dout.sum(axis=4).sum(axis=3).sum(axis=2).sum(axis=0)


# %% exercise="conv3d_backward" way="gather"
def conv3d_backward(dout, x, w, stride=(1, 1, 1), padding=(0, 0, 0)):
    (st, sh, sw), KT = stride, w.shape[2]
    N, F, OT, OH, OW = dout.shape
    KT, KH, KW = w.shape[2:]
    sizes = [n + 2 * p for n, p in zip(x.shape[2:], padding)]
    spread = xp.zeros((N, F, *(n + k - 1 for n, k in zip(sizes, (KT, KH, KW)))))
    spread[
        :, :, KT - 1 : KT - 1 + st * OT : st, KH - 1 : KH - 1 + sh * OH : sh,
        KW - 1 : KW - 1 + sw * OW : sw,
    ] = dout  # fmt: skip
    flipped = w[:, :, ::-1, ::-1, ::-1]
    view = xp.lib.stride_tricks.sliding_window_view
    windows = view(spread, (KT, KH, KW), axis=(2, 3, 4))
    dx = xp.einsum("nfthwrpq,fcrpq->ncthw", windows, flipped)
    cut = tuple(slice(p, p + n) for p, n in zip(padding, x.shape[2:]))
    padded = xp.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])
    seen = view(padded, (KT, KH, KW), axis=(2, 3, 4))[:, :, ::st, ::sh, ::sw]
    dw = xp.einsum("nfthw,ncthwrpq->fcrpq", dout, seen)
    return dx[(slice(None), slice(None), *cut)], dw, dout.sum((0, 2, 3, 4))


# %% exercise="conv3d_backward" way="frame by frame"
def conv3d_backward(dout, x, w, stride=(1, 1, 1), padding=(0, 0, 0)):
    from helpers.layers import conv2d_backward

    (st, sh, sw), (pt, ph, pw) = stride, padding
    dx, dw = xp.zeros(x.shape), xp.zeros(w.shape)
    for t in range(dout.shape[2]):
        for r in range(w.shape[2]):
            at = t * st + r - pt
            if 0 <= at < x.shape[2]:
                frame = dout[:, :, t], x[:, :, at], w[:, :, r]
                one, two, _ = conv2d_backward(*frame, (sh, sw), (ph, pw))
                dx[:, :, at] += one
                dw[:, :, r] += two
    return dx, dw, xp.einsum("nfthw->f", dout)


# %% exercise="params_macs_3d" way="written out"
def params_macs_3d(shape, F, kernel, stride=(1, 1, 1), padding=(0, 0, 0)):
    C, T, H, W = shape
    (KT, KH, KW), (st, sh, sw), (pt, ph, pw) = kernel, stride, padding
    OT = (T + 2 * pt - KT) // st + 1
    OH = (H + 2 * ph - KH) // sh + 1
    OW = (W + 2 * pw - KW) // sw + 1
    return F * (C * KT * KH * KW + 1), F * OT * OH * OW * C * KT * KH * KW


def split_2plus1(shape, F, kernel):
    C, T, H, W = shape
    KT, KH, KW = kernel
    M = int((F * C * KT * KH * KW) // (C * KH * KW + F * KT))
    OT, OH, OW = T - KT + 1, H - KH + 1, W - KW + 1
    params = M * (C * KH * KW + 1) + F * (M * KT + 1)
    return M, params, M * T * OH * OW * C * KH * KW + F * OT * OH * OW * M * KT


# %% exercise="params_macs_3d" way="counting weights and places"
def params_macs_3d(shape, F, kernel, stride=(1, 1, 1), padding=(0, 0, 0)):
    weights, places = F * shape[0], 1
    for n, k, s, p in zip(shape[1:], kernel, stride, padding):
        weights *= k
        places *= len(range(0, n + 2 * p - k + 1, s))
    return weights + F, weights * places


def split_2plus1(shape, F, kernel):
    C, T, H, W = shape
    KT, KH, KW = kernel
    M = 0
    while (M + 1) * C * KH * KW + F * (M + 1) * KT <= F * C * KT * KH * KW:
        M += 1
    p1, m1 = params_macs_3d(shape, M, (1, KH, KW))
    p2, m2 = params_macs_3d((M, T, H - KH + 1, W - KW + 1), F, (KT, 1, 1))
    return M, p1 + p2, m1 + m2


# %% exercise="params_macs_3d" way="sizes of arrays"
def params_macs_3d(shape, F, kernel, stride=(1, 1, 1), padding=(0, 0, 0)):
    per_output = xp.zeros((shape[0], *kernel)).size
    sizes = [
        (n + 2 * p - k + s) // s for n, k, s, p in zip(shape[1:], kernel, stride, padding)
    ]
    return [F * per_output + F, F * sizes[0] * sizes[1] * sizes[2] * per_output]


def split_2plus1(shape, F, kernel):
    C, T, H, W = shape
    full = F * C * math.prod(kernel)
    M = max(
        m
        for m in range(full + 1)
        if m * (C * kernel[1] * kernel[2] + F * kernel[0]) <= full
    )
    first = params_macs_3d(shape, M, (1, *kernel[1:]))
    inner = (M, T, H - kernel[1] + 1, W - kernel[2] + 1)
    second = params_macs_3d(inner, F, (kernel[0], 1, 1))
    return (M, *(a + b for a, b in zip(first, second)))


# %% exercise="classify_motion" way="another optimizer"
from helpers.optimizers import Momentum


def classify_motion(x, y, KT, rng):
    model = Sequential(
        Conv3d(1, 12, (KT, 5, 5), rng), ReLU(), GlobalMax3d(), Linear(12, 4, rng)
    )
    optimizer = Momentum(networks.parameters(model).values(), 0.05)
    for _ in range(20):
        training.train_epoch(model, optimizer, x, y, 25, rng, progress=False)
    return model


# %% exercise="classify_motion" way="a loop of its own"
from helpers.losses import cross_entropy


def classify_motion(x, y, KT, rng):
    net = Sequential(Conv3d(1, 6, (KT, 3, 3), rng), ReLU(), GlobalMax3d())
    net.layers.append(Linear(6, 4, rng))
    adam = Adam(networks.parameters(net).values(), 0.02)
    for _ in range(150 if len(x) > 100 else 20):
        part = xp.asarray(rng.integers(0, len(x), 20))
        _, dz = cross_entropy(net.forward(x[part], train=True), y[part])
        net.backward(dz)
        adam.step(networks.gradients(net).values())
    return net


# %% exercise="classify_motion" way="two layers"
def classify_motion(x, y, KT, rng):
    first, second = Conv3d(1, 6, (KT, 3, 3), rng), Conv3d(6, 8, (KT, 3, 3), rng)
    model = Sequential(first, ReLU(), second, ReLU(), GlobalMax3d(), Linear(8, 4, rng))
    optimizer = Adam(networks.parameters(model).values(), 0.02)
    for _ in range(10):
        training.train_epoch(model, optimizer, x, y, 20, rng, progress=False)
    return model


# %% exercise="capstone" way="no batch norm"
def build(shape, classes, rng):
    layers, C = [], shape[0]
    for F in (8, 16, 24):
        layers += [Conv2d(C, F, 3, rng, padding=1), ReLU(), MaxPool2d(2)]
        C = F
    return Sequential(*layers[:-1], GlobalPool2d("max"), Linear(24, classes, rng))


def fit(model, x, y, rng):
    adam = Adam(networks.parameters(model).values(), 0.01)
    for epoch in range(20):
        adam.learning_rate = cosine(epoch, 20, 0.01)
        training.train_epoch(model, adam, x, y, 32, rng, progress=False)


# %% exercise="capstone" way="shifted copies"
def build(shape, classes, rng):
    a, b, c = (
        Conv2d(*f, 3, rng, padding=1, bias=False)
        for f in ((shape[0], 8), (8, 16), (16, 22))
    )
    norms = [BatchNorm2d(n) for n in (8, 16, 22)]
    first = [a, norms[0], ReLU(), MaxPool2d(2)]
    second = [b, norms[1], ReLU(), MaxPool2d(2), c, norms[2], ReLU()]
    return Sequential(*first, *second, GlobalPool2d("avg"), Linear(22, classes, rng))


def fit(model, x, y, rng):
    optimizer = Adam(networks.parameters(model).values(), 0.02)
    for epoch in range(14):
        optimizer.learning_rate = cosine(epoch, 14, 0.02)
        for part_x, part_y in training.batches(x, y, 48, rng):
            dy, dx = (int(n) for n in rng.integers(-1, 2, 2))
            training.gradient_step(model, xp.roll(part_x, (dy, dx), (2, 3)), part_y)
            optimizer.step(networks.gradients(model).values())


# %% exercise="capstone" way="a residual block"
def build(shape, classes, rng):
    block = networks.Residual(
        Conv2d(16, 16, 3, rng, padding=1, bias=False), BatchNorm2d(16), ReLU()
    )
    first = [Conv2d(shape[0], 8, 3, rng, padding=1), BatchNorm2d(8), ReLU(), MaxPool2d(2)]
    second = [Conv2d(8, 16, 3, rng, padding=1), BatchNorm2d(16), ReLU(), MaxPool2d(2)]
    return Sequential(*first, *second, block, GlobalPool2d("max"), Linear(16, classes, rng))


def fit(model, x, y, rng):
    optimizer = Adam(networks.parameters(model).values(), 0.02, weight_decay=0.01)
    for epoch in range(14):
        optimizer.learning_rate = cosine(epoch, 14, 0.02)
        training.train_epoch(model, optimizer, x, y, 48, rng, progress=False)

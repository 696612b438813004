# Other right answers: each must pass every check.


# %% exercise="filter_response" way="scalar loops"
def filter_response(x, w, b):
    C, KH, KW = w.shape
    out = xp.zeros((x.shape[1] - KH + 1, x.shape[2] - KW + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = b
            for c in range(C):
                for p in range(KH):
                    for q in range(KW):
                        total += float(x[c, i + p, j + q]) * float(w[c, p, q])
            out[i, j] = total
    return out


# %% exercise="filter_response" way="one channel after the other"
def filter_response(x, w, b):
    C, KH, KW = w.shape
    OH, OW = x.shape[1] - KH + 1, x.shape[2] - KW + 1
    out = xp.full((OH, OW), float(b))
    for c in range(C):
        for p in range(KH):
            for q in range(KW):
                out += x[c, p : p + OH, q : q + OW] * w[c, p, q]
    return out


# %% exercise="filter_response" way="einsum over windows"
def filter_response(x, w, b):
    windows = xp.lib.stride_tricks.sliding_window_view(x, w.shape[1:], axis=(1, 2))
    return xp.einsum("cijpq,cpq->ij", windows.astype(float), w) + b


# %% exercise="filter_response" way="single precision"
def filter_response(x, w, b):
    C, KH, KW = w.shape
    OH, OW = x.shape[1] - KH + 1, x.shape[2] - KW + 1
    out = xp.zeros((OH, OW), dtype=xp.float32)
    for i in range(OH):
        for j in range(OW):
            out[i, j] = xp.sum(x[:, i : i + KH, j : j + KW] * w) + b
    return out


# %% exercise="conv2d_forward_naive" way="seven loops"
def conv2d_forward_naive(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    out = xp.zeros((N, F, OH, OW))
    for n in range(N):
        for f in range(F):
            for i in range(OH):
                for j in range(OW):
                    total = float(b[f])
                    for c in range(C):
                        for p in range(KH):
                            for q in range(KW):
                                row, column = (
                                    i * stride + p - padding,
                                    j * stride + q - padding,
                                )
                                if 0 <= row < H and 0 <= column < W:
                                    total += float(x[n, c, row, column]) * float(
                                        w[f, c, p, q]
                                    )
                    out[n, f, i, j] = total
    return out, (x, w, stride, padding)


# %% exercise="conv2d_forward_naive" way="the filter_response of this lesson"
def conv2d_forward_naive(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides))
    images = []
    for image in padded:
        maps = [filter_response(image, w[f], b[f]) for f in range(len(w))]
        images.append(xp.stack([m[::stride, ::stride] for m in maps]))
    print("any printing is fine")
    return xp.stack(images), (x, w, stride, padding)


# %% exercise="conv2d_forward_naive" way="einsum over windows, cache as list"
def conv2d_forward_naive(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides)).astype(float)
    windows = xp.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = xp.einsum("ncijpq,fcpq->nfij", windows[:, :, ::stride, ::stride], w)
    return out + b.reshape(1, -1, 1, 1), [x, w, stride, padding]


# %% exercise="conv2d_forward_naive" way="window columns and a matrix product"
def conv2d_forward_naive(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides))
    tops = range(0, H + 2 * padding - KH + 1, stride)
    lefts = range(0, W + 2 * padding - KW + 1, stride)
    columns = [
        padded[:, :, i : i + KH, j : j + KW].reshape(N, -1) for i in tops for j in lefts
    ]
    out = xp.stack(columns, axis=1) @ w.reshape(F, -1).T + b
    return out.transpose(0, 2, 1).reshape(N, F, len(tops), len(lefts)), (
        x,
        w,
        stride,
        padding,
    )


# %% exercise="conv2d_forward_offsets" way="tensordot"
def conv2d_forward_offsets(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    padded[:, :, padding : padding + H, padding : padding + W] = x
    out = xp.zeros((F, N, OH, OW))
    for p in range(KH):
        for q in range(KW):
            seen = padded[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            out += xp.tensordot(w[:, :, p, q], seen, axes=(1, 1))
    return out.transpose(1, 0, 2, 3) + b[:, None, None]


# %% exercise="conv2d_forward_offsets" way="broadcasting"
def conv2d_forward_offsets(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides))
    terms = [
        (
            padded[:, None, :, p::stride, q::stride][..., :OH, :OW]
            * w[:, :, p, q, None, None]
        )
        for p in range(KH)
        for q in range(KW)
    ]
    return sum(terms).sum(axis=2) + b.reshape(F, 1, 1)


# %% exercise="conv2d_forward_offsets" way="no loop at all"
def conv2d_forward_offsets(x, w, b, stride=1, padding=0):
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides)).astype(float)
    windows = xp.lib.stride_tricks.sliding_window_view(padded, w.shape[2:], axis=(2, 3))
    out = xp.einsum("ncijpq,fcpq->nfij", windows[:, :, ::stride, ::stride], w)
    return out + b[:, None, None]


# %% exercise="conv2d_forward_offsets" way="matrix product in single precision"
def conv2d_forward_offsets(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    sides = (padding, padding)
    padded = xp.pad(x, ((0, 0), (0, 0), sides, sides)).astype(xp.float32)
    out = xp.zeros((N, F, OH * OW), dtype=xp.float32)
    for p in range(KH):
        for q in range(KW):
            seen = padded[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            out += w[:, :, p, q].astype(xp.float32) @ seen.reshape(N, C, OH * OW)
    return out.reshape(N, F, OH, OW) + b[:, None, None].astype(xp.float32)


# %% exercise="Conv2D" way="scaled standard normal, separate attributes"
class Conv2D:
    def __init__(self, C, F, KH, KW, rng, stride=1, padding=0):
        fan_in = C * KH * KW
        weights = rng.standard_normal((F, C, KH, KW)) * (2 / fan_in) ** 0.5
        self.params = {}
        self.params["w"] = xp.array(weights)
        self.params["b"] = xp.zeros((F,))
        self.options = dict(stride=stride, padding=padding)

    def forward(self, x):
        return conv2d(x, self.params["w"], self.params["b"], **self.options)


# %% exercise="Conv2D" way="the learner's own function, single precision"
class Conv2D:
    def __init__(self, C, F, KH, KW, rng, stride=1, padding=0):
        weights = rng.normal(size=(F, C, KH, KW), scale=np.sqrt(2 / (C * KH * KW)))
        self.params = {"b": xp.zeros(F, dtype=xp.float32)}
        self.params["w"] = xp.asarray(weights, dtype=xp.float32)
        self.stride, self.padding = stride, padding
        self.cache = None

    def forward(self, x):
        w, b = self.params["w"], self.params["b"]
        out, self.cache = conv2d_forward_naive(x, w, b, self.stride, self.padding)
        return out


# %% exercise="Conv2D" way="filter by filter, by offsets"
class Conv2D:
    def __init__(self, C, F, KH, KW, rng, stride=1, padding=0):
        sigma = (2 / (C * KH * KW)) ** 0.5
        filters = [rng.normal(0, sigma, (C, KH, KW)) for _ in range(F)]
        self.params = {"w": xp.asarray(np.stack(filters)), "b": xp.zeros(F)}
        self.how = stride, padding

    def forward(self, x):
        return conv2d_forward_offsets(x, self.params["w"], self.params["b"], *self.how)


# %% exercise="layer_table" way="a function for each kind"
def layer_table(layers, shape):
    def windows(n, k, stride, padding=0):
        return (n + 2 * padding - k) // stride + 1

    def conv(shape, F, KH, KW, stride, padding):
        C, H, W = shape
        OH, OW = windows(H, KH, stride, padding), windows(W, KW, stride, padding)
        return (F, OH, OW), F * C * KH * KW + F, F * C * KH * KW * OH * OW

    def pool(shape, KH, KW, stride):
        C, H, W = shape
        return (C, windows(H, KH, stride), windows(W, KW, stride)), 0, 0

    def dense(shape, units):
        weights = math.prod(shape) * units
        return (units,), weights + units, weights

    rows = []
    for name, *options in layers:
        row = {"conv": conv, "pool": pool, "dense": dense}[name](shape, *options)
        rows.append(row)
        shape = row[0]
    return rows


# %% exercise="layer_table" way="recursion"
def layer_table(layers, shape):
    if not layers:
        return []
    kind, *sizes = layers[0]
    if kind == "dense":
        n = int(np.prod(shape))
        row = ((sizes[0],), n * sizes[0] + sizes[0], n * sizes[0])
    else:
        C, H, W = shape
        F, KH, KW, stride, padding = sizes if kind == "conv" else (C, *sizes, 0)
        OH = math.floor((H + 2 * padding - KH) / stride + 1)
        OW = math.floor((W + 2 * padding - KW) / stride + 1)
        weights = F * C * KH * KW if kind == "conv" else 0
        row = ((F, OH, OW), weights + F * (kind == "conv"), weights * OH * OW)
    return [row, *layer_table(layers[1:], row[0])]


# %% exercise="layer_table" way="arrays of the right size, rows as lists"
def layer_table(layers, shape):
    x, rows = np.zeros(shape, np.int8), []
    for kind, *options in layers:
        if kind == "dense":
            w, b = np.zeros((options[0], x.size), np.int8), np.zeros(options[0])
            x = b
            cost = [w.size + b.size, w.size]
        else:
            C, H, W = x.shape
            F, KH, KW, stride, padding = options if kind == "conv" else (C, *options, 0)
            OH = len(range(0, H + 2 * padding - KH + 1, stride))
            OW = len(range(0, W + 2 * padding - KW + 1, stride))
            x = np.zeros((F, OH, OW), np.int8)
            weights = F * C * KH * KW
            cost = [weights + F, weights * OH * OW] if kind == "conv" else [0, 0]
        rows.append([x.shape, *cost])
    return rows

# Other right answers: each must pass all checks of its exercise.


# %% exercise="conv1x1" way="einsum"
def conv1x1(x, w, b):
    return xp.einsum("nchw,fc->nfhw", x, w) + b[None, :, None, None]


# %% exercise="conv1x1" way="the finished layer"
def conv1x1(x, w, b):
    return conv2d(x, w[:, :, None, None], b)


# %% exercise="conv1x1" way="one matrix product for each image"
def conv1x1(x, w, b):
    N, C, H, W = x.shape
    flat = w @ x.reshape(N, C, H * W) + b[:, None]
    return flat.reshape(N, len(w), H, W)


# %% exercise="conv1x1" way="loops"
def conv1x1(x, w, b):
    N, C, H, W = x.shape
    out = xp.zeros((N, w.shape[0], H, W))
    for n in range(N):
        for f in range(w.shape[0]):
            out[n, f] = b[f]
            for c in range(C):
                out[n, f] += w[f, c] * x[n, c]
    return out


# %% exercise="grouped_conv" way="filter by filter"
def grouped_conv(x, w, b, groups):
    C, F = x.shape[1], w.shape[0]
    if F % groups != 0:
        raise ValueError("groups must divide the filters")
    if C % groups != 0:
        raise ValueError("groups must divide the channels")
    maps = []
    for f in range(F):
        first = f // (F // groups) * (C // groups)
        part = x[:, first : first + C // groups]
        maps.append(conv2d(part, w[f : f + 1], b[f : f + 1])[:, 0])
    return xp.stack(maps, axis=1)


# %% exercise="grouped_conv" way="the finished layer with groups"
def grouped_conv(x, w, b, groups):
    if x.shape[1] % groups or w.shape[0] % groups:
        raise ValueError(f"groups = {groups} does not fit")
    return finished.conv2d(x, w, b, groups=groups)


# %% exercise="grouped_conv" way="an axis for the groups, einsum"
def grouped_conv(x, w, b, groups):
    N, C, H, W = x.shape
    F, size, KH, KW = w.shape
    if C % groups or F % groups:
        raise ValueError(f"{C} channels, {F} filters, {groups} groups")
    windows = xp.lib.stride_tricks.sliding_window_view(x, (KH, KW), axis=(2, 3))
    windows = windows.reshape(N, groups, size, *windows.shape[2:])
    filters = w.reshape(groups, F // groups, size, KH, KW)
    out = xp.einsum("ngcijpq,gfcpq->ngfij", windows, filters)
    return out.reshape(N, F, H - KH + 1, W - KW + 1) + b[:, None, None]


# %% exercise="grouped_conv" way="an ordinary layer with zeros"
def grouped_conv(x, w, b, groups):
    C, (F, size, KH, KW) = x.shape[1], w.shape
    if C % groups or F % groups:
        raise ValueError("no such groups")
    full = xp.zeros((F, C, KH, KW))
    for f in range(F):
        k = f * groups // F
        full[f, k * size : (k + 1) * size] = w[f]
    return conv2d(x, full, b)


# %% exercise="depthwise_separable" way="groups of the finished layer"
def depthwise_separable(x, wd, wp):
    N, C, H, W = x.shape
    middle = finished.conv2d(x, wd[:, None], groups=C)
    return finished.conv2d(middle, wp[:, :, None, None])


def cost_ratio(C, F, KH, KW):
    return 1 / F + 1 / (KH * KW)


# %% exercise="depthwise_separable" way="windows and einsum"
def depthwise_separable(x, wd, wp):
    windows = xp.lib.stride_tricks.sliding_window_view(x, wd.shape[1:], axis=(2, 3))
    return xp.einsum("fc,nchw->nfhw", wp, xp.einsum("nchwpq,cpq->nchw", windows, wd))


def cost_ratio(C, F, KH, KW):
    weights = KH * KW
    return C * (weights + F) / (C * F * weights)


# %% exercise="depthwise_separable" way="pixel by pixel"
def depthwise_separable(x, wd, wp):
    N, C, H, W = x.shape
    _, KH, KW = wd.shape
    out = xp.zeros((N, wp.shape[0], H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            seen = (x[:, :, i : i + KH, j : j + KW] * wd).sum(axis=(2, 3))
            out[:, :, i, j] = seen @ wp.T
    return out


def cost_ratio(C, F, KH, KW):
    ordinary = C * F * KH * KW
    return C * KH * KW / ordinary + C * F / ordinary


# %% exercise="conv_transpose2d" way="the finished layer"
def conv_transpose2d(x, w, stride=1, padding=0):
    return finished.conv_transpose2d(x, w, stride=stride, padding=padding)


# %% exercise="conv_transpose2d" way="weight by weight"
def conv_transpose2d(x, w, stride=1, padding=0):
    N, C, H, W = x.shape
    _, F, KH, KW = w.shape
    OH, OW = (H - 1) * stride + KH, (W - 1) * stride + KW
    out = xp.zeros((N, F, OH, OW))
    for p in range(KH):
        for q in range(KW):
            rows = slice(p, p + (H - 1) * stride + 1, stride)
            columns = slice(q, q + (W - 1) * stride + 1, stride)
            out[:, :, rows, columns] += xp.einsum("nchw,cf->nfhw", x, w[:, :, p, q])
    return out[:, :, padding : OH - padding, padding : OW - padding]


# %% exercise="conv_transpose2d" way="spread, pad, correlate with a flip"
def conv_transpose2d(x, w, stride=1, padding=0):
    N, C, H, W = x.shape
    KH, KW = w.shape[2:]
    spread = xp.zeros((N, C, (H - 1) * stride + 1, (W - 1) * stride + 1))
    spread[:, :, ::stride, ::stride] = x
    sides = ((0, 0), (0, 0), (KH - 1, KH - 1), (KW - 1, KW - 1))
    flipped = w.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    out = conv2d(xp.pad(spread, sides), flipped)
    OH, OW = out.shape[2:]
    return out[:, :, padding : OH - padding, padding : OW - padding]


# %% exercise="conv_transpose2d" way="number by number, no border to cut"
def conv_transpose2d(x, w, stride=1, padding=0):
    N, C, H, W = x.shape
    _, F, KH, KW = w.shape
    OH, OW = (H - 1) * stride - 2 * padding + KH, (W - 1) * stride - 2 * padding + KW
    out = xp.zeros((N, F, OH, OW))
    for i in range(H):
        for j in range(W):
            for p in range(KH):
                for q in range(KW):
                    row, column = i * stride + p - padding, j * stride + q - padding
                    if 0 <= row < OH and 0 <= column < OW:
                        out[:, :, row, column] += x[:, :, i, j] @ w[:, :, p, q]
    return out


# %% exercise="residual_plan" way="one expression"
def residual_plan(C, F, stride):
    return [("conv_bn", F, 1, 1, stride, 0, 1)] * ((C, 1) != (F, stride))


# %% exercise="residual_plan" way="two questions, a tuple"
def residual_plan(C, F, stride):
    if C != F:
        return (("conv_bn", F, 1, 1, stride, 0, 1),)
    if stride > 1:
        return (("conv_bn", F, 1, 1, stride, 0, 1),)
    return ()


# %% exercise="residual_plan" way="append, layers as lists"
def residual_plan(C, F, stride):
    shortcut = []
    if not (C == F and stride == 1):
        shortcut.append(["conv_bn", F, 1, 1, stride, 0, 1])
    return shortcut


# %% exercise="count" way="a function for each kind"
def count(layers, shape):
    def conv(shape, F, KH, KW, stride, padding, groups):
        C, H, W = shape
        OH, OW = out_size(H, KH, stride, padding), out_size(W, KW, stride, padding)
        weights = F * C * KH * KW // groups
        return (F, OH, OW), weights + F, weights * OH * OW

    def conv_bn(shape, *sizes):
        made, params, macs = conv(shape, *sizes)
        return made, params + sizes[0], macs

    def pool(shape, KH, KW, stride, padding):
        C, H, W = shape
        OH, OW = out_size(H, KH, stride, padding), out_size(W, KW, stride, padding)
        return (C, OH, OW), 0, 0

    def dense(shape, units):
        return (units,), (math.prod(shape) + 1) * units, math.prod(shape) * units

    def residual(shape, main, shortcut):
        params, macs, rows = count(main, shape)
        more_params, more_macs, _ = count(shortcut, shape)
        return rows[-1][0], params + more_params, macs + more_macs

    def global_pool(shape):
        return (shape[0],), 0, 0

    kinds = {"conv": conv, "conv_bn": conv_bn, "pool": pool, "dense": dense}
    kinds |= {"residual": residual, "global_pool": global_pool}
    rows = []
    for kind, *sizes in layers:
        rows.append(kinds[kind](shape, *sizes))
        shape = rows[-1][0]
    return sum(r[1] for r in rows), sum(r[2] for r in rows), rows


# %% exercise="count" way="recursion, layer by layer"
def count(layers, shape):
    if len(layers) == 0:
        return 0, 0, []
    kind, *o = layers[0]
    params = macs = 0
    if kind == "residual":
        for part in (o[1], o[0]):  # the layers last, for the shape they leave
            p, m, rows = count(part, shape)
            params, macs = params + p, macs + m
        made = rows[-1][0]
    elif kind == "global_pool":
        made = (shape[0],)
    elif kind == "dense":
        made = (o[0],)
        macs = o[0] * int(np.prod(shape))
        params = macs + o[0]
    else:
        KH, KW, stride, padding = o[:4] if kind == "pool" else o[1:5]
        OH = math.floor((shape[1] + 2 * padding - KH) / stride) + 1
        OW = math.floor((shape[2] + 2 * padding - KW) / stride) + 1
        made = (shape[0] if kind == "pool" else o[0], OH, OW)
        if kind != "pool":
            params = o[0] * (shape[0] // o[5]) * KH * KW
            macs = params * OH * OW
            params += o[0] + o[0] * (kind == "conv_bn")
    rest = count(layers[1:], made)
    return params + rest[0], macs + rest[1], [(made, params, macs), *rest[2]]


# %% exercise="count" way="totals as it goes, rows as lists"
def count(layers, shape):
    total_params, total_macs, rows = 0, 0, []
    for layer in layers:
        kind, params, macs = layer[0], 0, 0
        if kind.startswith("conv"):
            _, F, KH, KW, stride, padding, groups = layer
            fan_in = shape[0] // groups * KH * KW
            shape = (F, *(out_size(n, k, stride, padding)
                          for n, k in zip(shape[1:], (KH, KW), strict=True)))  # fmt: skip
            params = F * fan_in + F
            if kind == "conv_bn":
                params += F
            macs = math.prod(shape) * fan_in
        elif kind == "pool":
            _, KH, KW, stride, padding = layer
            C, H, W = shape
            shape = (C, out_size(H, KH, stride, padding), out_size(W, KW, stride, padding))
        elif kind == "global_pool":
            shape = (shape[0],)
        elif kind == "dense":
            inputs = 1
            for size in shape:
                inputs *= size
            params, macs, shape = (inputs + 1) * layer[1], inputs * layer[1], (layer[1],)
        else:
            inner = [count(part, shape) for part in layer[1:]]
            params, macs = sum(i[0] for i in inner), sum(i[1] for i in inner)
            shape = inner[0][2][-1][0]
        rows.append([shape, params, macs])
        total_params += params
        total_macs += macs
    return total_params, total_macs, rows

# %% [markdown]
# Other right answers to the exercises of lesson 05. All of them must be accepted.


# %% exercise="out_size" way="counting in a loop"
def out_size(n, k, padding=0, stride=1, dilation=1):
    count, start = 0, -padding
    while start + dilation * (k - 1) <= n + padding - 1:
        count += 1
        start += stride
    if count == 0:
        raise ValueError("the kernel does not fit")
    return count


# %% exercise="out_size" way="the length of a range"
def out_size(n, k, padding=0, stride=1, dilation=1):
    starts = range(0, n + 2 * padding - dilation * (k - 1), stride)
    if not starts:
        raise ValueError(f"k = {k} is too long for n = {n}")
    return len(starts)


# %% exercise="out_size" way="the slice of an array"
def out_size(n, k, padding=0, stride=1, dilation=1):
    last = n + 2 * padding - 1 - dilation * (k - 1)
    size = len(xp.arange(n + 2 * padding)[: max(last + 1, 0) : stride])
    if size < 1:
        raise ValueError("no window fits")
    return size


# %% exercise="out_size" way="math.floor"
import math


def out_size(n, k, padding=0, stride=1, dilation=1):
    size = math.floor((n + 2 * padding - dilation * (k - 1) - 1) / stride + 1)
    if n + 2 * padding < dilation * (k - 1) + 1:
        raise ValueError("no window fits")
    return size


# %% exercise="correlate2d_strided" way="four loops"
def correlate2d_strided(image, kernel, stride, padding):
    (H, W), (KH, KW) = image.shape, kernel.shape
    OH = (H + 2 * padding[0] - KH) // stride[0] + 1
    OW = (W + 2 * padding[1] - KW) // stride[1] + 1
    out = xp.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            for p in range(KH):
                for q in range(KW):
                    row = i * stride[0] + p - padding[0]
                    column = j * stride[1] + q - padding[1]
                    if 0 <= row < H and 0 <= column < W:
                        out[i, j] += image[row, column] * kernel[p, q]
    return out


# %% exercise="correlate2d_strided" way="one loop over the weights"
def correlate2d_strided(image, kernel, stride, padding):
    padded = xp.pad(image, [(p, p) for p in padding]).astype(float)
    (sh, sw), (KH, KW) = stride, kernel.shape
    H, W = padded.shape
    return sum(
        kernel[p, q] * padded[p : H - KH + 1 + p : sh, q : W - KW + 1 + q : sw]
        for p in range(KH)
        for q in range(KW)
    )


# %% exercise="correlate2d_strided" way="einsum over windows"
def correlate2d_strided(image, kernel, stride, padding):
    padded = xp.pad(1.0 * image, [(p, p) for p in padding])
    windows = xp.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows[:: stride[0], :: stride[1]], kernel)


# %% exercise="correlate2d_strided" way="all windows, then every few of them"
def correlate2d_strided(image, kernel, stride, padding):
    return figures.correlate(image, kernel, 1, padding)[:: stride[0], :: stride[1]]


# %% exercise="dilate_kernel" way="loops"
def dilate_kernel(kernel, dilation):
    KH, KW = kernel.shape
    dh, dw = dilation
    out = xp.zeros(((KH - 1) * dh + 1, (KW - 1) * dw + 1))
    for p in range(KH):
        for q in range(KW):
            out[p * dh, q * dw] = kernel[p, q]
    return out


# %% exercise="dilate_kernel" way="kron, then cut"
def dilate_kernel(kernel, dilation):
    dh, dw = dilation
    corner = xp.zeros((dh, dw))
    corner[0, 0] = 1
    spread = xp.kron(kernel, corner)
    return spread[: spread.shape[0] - dh + 1, : spread.shape[1] - dw + 1]


# %% exercise="dilate_kernel" way="a fifth and sixth axis of zeros"
def dilate_kernel(kernel, dilation):
    (KH, KW), (dh, dw) = kernel.shape, dilation
    out = xp.zeros((KH, dh, KW, dw), dtype=kernel.dtype)
    out[:, 0, :, 0] = kernel
    out = out.reshape(KH * dh, KW * dw)
    return out[: KH * dh - (dh - 1), : KW * dw - (dw - 1)]


# %% exercise="dilate_kernel" way="products with spreading matrices"
def dilate_kernel(kernel, dilation):
    KH, KW = kernel.shape
    rows = xp.eye((KH - 1) * dilation[0] + 1)[:, :: dilation[0]]
    columns = xp.eye((KW - 1) * dilation[1] + 1)[:: dilation[1]]
    return rows @ kernel @ columns


# %% exercise="correlate2d_general" way="the spread kernel with a stride"
def correlate2d_general(image, kernel, stride, padding, dilation):
    spread = dilate_kernel(kernel, dilation)
    size = [n + 2 * p for n, p in zip(image.shape, padding)]
    if spread.shape[0] > size[0] or spread.shape[1] > size[1]:
        raise ValueError("too large")
    return correlate2d_strided(image, spread, stride, padding)


# %% exercise="correlate2d_general" way="one loop over the weights"
def correlate2d_general(image, kernel, stride, padding, dilation):
    (H, W), (KH, KW) = image.shape, kernel.shape
    OH = out_size(H, KH, padding[0], stride[0], dilation[0])
    OW = out_size(W, KW, padding[1], stride[1], dilation[1])
    padded = xp.pad(image, [(p, p) for p in padding])
    out = xp.zeros((OH, OW))
    for p in range(KH):
        for q in range(KW):
            rows = p * dilation[0] + stride[0] * xp.arange(OH)
            columns = q * dilation[1] + stride[1] * xp.arange(OW)
            out += kernel[p, q] * padded[rows[:, None], columns]
    return out


# %% exercise="correlate2d_general" way="einsum over windows with holes"
def correlate2d_general(image, kernel, stride, padding, dilation):
    (sh, sw), (dh, dw) = stride, dilation
    padded = xp.pad(1.0 * image, [(p, p) for p in padding])
    span = [d * (k - 1) + 1 for d, k in zip(dilation, kernel.shape)]
    windows = xp.lib.stride_tricks.sliding_window_view(padded, tuple(span))
    return xp.einsum("ijpq,pq->ij", windows[::sh, ::sw, ::dh, ::dw], kernel)


# %% exercise="correlate2d_general" way="six loops, asking before every pixel"
def correlate2d_general(image, kernel, stride, padding, dilation):
    (H, W), (KH, KW) = image.shape, kernel.shape
    OH = (H + 2 * padding[0] - dilation[0] * (KH - 1) - 1) // stride[0] + 1
    OW = (W + 2 * padding[1] - dilation[1] * (KW - 1) - 1) // stride[1] + 1
    if OH < 1 or OW < 1:
        raise ValueError("too large")
    out = [[0.0] * OW for _ in range(OH)]
    for i in range(OH):
        for j in range(OW):
            for p in range(KH):
                for q in range(KW):
                    row = i * stride[0] + p * dilation[0] - padding[0]
                    column = j * stride[1] + q * dilation[1] - padding[1]
                    if 0 <= row < H and 0 <= column < W:
                        out[i][j] += float(image[row, column]) * float(kernel[p, q])
    return xp.array(out)


# %% exercise="receptive_field" way="from the output back to the input"
def receptive_field(layers):
    first, last = 0, 0
    neighbour = 1
    for k, s, p, d in reversed(layers):
        first, last = first * s - p, last * s - p + d * (k - 1)
        neighbour *= s
    return last - first + 1, neighbour, first


# %% exercise="receptive_field" way="sets of pixels"
def receptive_field(layers):
    def seen(output):
        places = {output}
        for k, s, p, d in layers[::-1]:
            places = {o * s - p + q * d for o in places for q in range(k)}
        return places

    here, there = seen(0), seen(1)
    return max(here) - min(here) + 1, min(there) - min(here), min(here)


# %% exercise="receptive_field" way="products of strides"
import math


def receptive_field(layers):
    rf, start = 1, 0
    for n, (k, _, p, d) in enumerate(layers):
        before = math.prod(layer[1] for layer in layers[:n])
        rf += (k - 1) * d * before
        start -= p * before
    return [rf, math.prod(layer[1] for layer in layers), start]


# %% exercise="receptive_field" way="recursion"
def receptive_field(layers):
    if not layers:
        return 1, 1, 0
    rf, jump, start = receptive_field(layers[:-1])
    k, s, p, d = layers[-1]
    return rf + jump * d * (k - 1), jump * s, start - jump * p


# %% exercise="empirical_rf" way="a random image"
def empirical_rf(fn, H, W, i, j):
    image = xp.asarray(np.random.default_rng(3).standard_normal((H, W)))
    before = float(fn(image)[i, j])
    found = []
    for row in range(H):
        for column in range(W):
            changed = image.copy()
            changed[row, column] += 1.7
            found.append(abs(float(fn(changed)[i, j]) - before) > 1e-9)
    return xp.array(found).reshape(H, W)


# %% exercise="empirical_rf" way="change and change back"
def empirical_rf(fn, H, W, i, j):
    image = xp.ones((H, W))
    before = fn(image)[i, j].copy()
    seen = xp.full((H, W), False)
    for n in range(H * W):
        image[n // W, n % W] = 5.3
        seen[n // W, n % W] = abs(fn(image)[i, j] - before) > 1e-9
        image[n // W, n % W] = 1
    return seen


# %% exercise="empirical_rf" way="a pixel that is not a number"
def empirical_rf(fn, H, W, i, j):
    rows = []
    for row in range(H):
        line = []
        for column in range(W):
            image = xp.zeros((H, W))
            image[row, column] = xp.nan
            line.append(bool(xp.isnan(fn(image)[i, j])))
        rows.append(line)
    return xp.array(rows)


# %% exercise="empirical_rf" way="a list of lists"
def empirical_rf(fn, H, W, i, j):
    eye = xp.eye(H * W).reshape(H, W, H, W)
    before = float(fn(xp.zeros((H, W)))[i, j])
    after = [[float(fn(eye[r, c])[i, j]) for c in range(W)] for r in range(H)]
    return abs(xp.array(after) - before) > 0

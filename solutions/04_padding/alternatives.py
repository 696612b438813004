# Other right answers: each must pass every check.

# %% exercise="out_size" way="loop over the stops"
def out_size(n, k, before, after):
    stops = 0
    start = -before
    while start + k <= n + after:
        stops += 1
        start += 1
    if stops == 0:
        raise ValueError("the window does not fit")
    return stops


# %% exercise="out_size" way="length of a range"
def out_size(n, k, before, after):
    starts = range(-before, n + after - k + 1)
    if len(starts) == 0:
        raise ValueError("no stop")
    return len(starts)


# %% exercise="out_size" way="sliding windows"
def out_size(n, k, before, after):
    row = xp.zeros(before + n + after)
    if k > len(row):
        raise ValueError("the window is too long")
    return xp.lib.stride_tricks.sliding_window_view(row, k).shape[0]


# %% exercise="same_padding" way="halves of k"
def same_padding(k, dilation=1):
    span = dilation * (k - 1) + 1
    return (span - 1) // 2, span // 2


# %% exercise="same_padding" way="divmod"
def same_padding(k, dilation=1):
    half, rest = divmod(dilation * (k - 1), 2)
    return half, half + rest


# %% exercise="same_padding" way="rounding up"
def same_padding(k, dilation=1):
    total = dilation * (k - 1)
    after = -(-total // 2)
    return total - after, after


# %% exercise="same_padding" way="NumPy integers"
def same_padding(k, dilation=1):
    total = np.int64(dilation * (k - 1))
    return total // 2, total - total // 2


# %% exercise="pad2d" way="concatenate"
def pad2d(x, padding, value=0):
    N, C, H, W = x.shape
    top, bottom, left, right = padding

    def border(rows, columns):
        return xp.full((N, C, rows, columns), value, dtype=x.dtype)

    wide = xp.concatenate([border(H, left), x, border(H, right)], axis=3)
    above, below = border(top, left + W + right), border(bottom, left + W + right)
    return xp.concatenate([above, wide, below], axis=2)


# %% exercise="pad2d" way="loops"
def pad2d(x, padding, value=0):
    N, C, H, W = x.shape
    top, bottom, left, right = padding
    out = xp.empty((N, C, top + H + bottom, left + W + right), dtype=x.dtype)
    out[...] = value
    for n in range(N):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    out[n, c, top + i, left + j] = x[n, c, i, j]
    return out


# %% exercise="pad2d" way="from the end"
def pad2d(x, padding, value=0):
    top, bottom, left, right = padding
    N, C, H, W = x.shape
    out = xp.zeros((N, C, H + top + bottom, W + left + right), dtype=x.dtype) + xp.asarray(
        value, dtype=x.dtype
    )
    rows = slice(top, -bottom if bottom else None)
    columns = slice(left, -right if right else None)
    out[:, :, rows, columns] = x
    return out


# %% exercise="pad2d" way="one column at a time, pixels first"
def pad2d(x, padding, value=0):
    top, bottom, left, right = padding
    pixels_first = x.transpose(2, 3, 0, 1)
    H, W, N, C = pixels_first.shape
    out = xp.full((top + H + bottom, left + W + right, N, C), value, dtype=x.dtype)
    for j in range(W):
        out[top : top + H, left + j] = pixels_first[:, j]
    return out.transpose(2, 3, 0, 1)


# %% exercise="correlate2d_padded" way="full, then cut"
def correlate2d_padded(image, kernel, mode):
    H, W = image.shape
    KH, KW = kernel.shape
    full = xp.zeros((H + KH - 1, W + KW - 1))
    for p in range(KH):
        for q in range(KW):
            top, left = KH - 1 - p, KW - 1 - q
            full[top : top + H, left : left + W] += kernel[p, q] * image
    if mode == "full":
        return full
    if mode == "same":
        return full[KH // 2 : KH // 2 + H, KW // 2 : KW // 2 + W]
    if mode != "valid" or KH > H or KW > W:
        raise ValueError("mode or size")
    return full[KH - 1 : H, KW - 1 : W]


# %% exercise="correlate2d_padded" way="loops without padding"
def correlate2d_padded(image, kernel, mode):
    (H, W), (KH, KW) = image.shape, kernel.shape
    if mode == "valid":
        if KH > H or KW > W:
            raise ValueError("too large")
        top, left, OH, OW = 0, 0, H - KH + 1, W - KW + 1
    elif mode == "same":
        top, left, OH, OW = (KH - 1) // 2, (KW - 1) // 2, H, W
    elif mode == "full":
        top, left, OH, OW = KH - 1, KW - 1, H + KH - 1, W + KW - 1
    else:
        raise ValueError("mode")
    out = xp.zeros((OH, OW))
    for i in range(OH):
        for j in range(OW):
            for p in range(KH):
                for q in range(KW):
                    y, x = i + p - top, j + q - left
                    if 0 <= y < H and 0 <= x < W:
                        out[i, j] += image[y, x] * kernel[p, q]
    return out


# %% exercise="correlate2d_padded" way="einsum over windows"
def correlate2d_padded(image, kernel, mode):
    def border(k):
        if mode == "same":
            return (k - 1) // 2, k // 2
        if mode == "full":
            return k - 1, k - 1
        if mode == "valid":
            return 0, 0
        raise ValueError(mode)

    padded = xp.pad(1.0 * image, (border(kernel.shape[0]), border(kernel.shape[1])))
    if kernel.shape[0] > padded.shape[0] or kernel.shape[1] > padded.shape[1]:
        raise ValueError("the kernel does not fit")
    windows = xp.lib.stride_tricks.sliding_window_view(padded, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows, kernel)


# %% exercise="correlate2d_padded" way="match"
def correlate2d_padded(image, kernel, mode):
    KH, KW = kernel.shape
    match mode:
        case "valid":
            return filter2d(image, kernel)
        case "same":
            around = (((KH - 1) // 2, KH // 2), ((KW - 1) // 2, KW // 2))
        case "full":
            around = ((KH - 1, KH - 1), (KW - 1, KW - 1))
        case _:
            raise ValueError("valid, same or full")
    return filter2d(xp.pad(image, around), kernel)


# %% exercise="pixel_usage" way="per direction"
def pixel_usage(H, W, KH, KW, padding):
    def along(n, k):
        last = n + 2 * padding - k
        return xp.array(
            [min(i + padding, last) - max(0, i + padding - k + 1) + 1 for i in range(n)]
        )

    return along(H, KH)[:, None] * along(W, KW)[None, :]


# %% exercise="pixel_usage" way="ask every pixel"
def pixel_usage(H, W, KH, KW, padding):
    out = xp.zeros((H, W), dtype=xp.int64)
    for i in range(H):
        for j in range(W):
            for top in range(-padding, H + padding - KH + 1):
                for left in range(-padding, W + padding - KW + 1):
                    out[i, j] += top <= i < top + KH and left <= j < left + KW
    return out


# %% exercise="pixel_usage" way="shifted ones"
def pixel_usage(H, W, KH, KW, padding):
    OH, OW = H + 2 * padding - KH + 1, W + 2 * padding - KW + 1
    full = xp.zeros((H + 2 * padding, W + 2 * padding))
    for p in range(KH):
        for q in range(KW):
            full[p : p + OH, q : q + OW] += 1
    return full[padding : padding + H, padding : padding + W]


# %% exercise="pixel_usage" way="correlation of ones"
def pixel_usage(H, W, KH, KW, padding):
    OH, OW = H + 2 * padding - KH + 1, W + 2 * padding - KW + 1
    windows = xp.pad(xp.ones((OH, OW)), ((KH - 1, KH - 1), (KW - 1, KW - 1)))
    counts = filter2d(windows, xp.ones((KH, KW)))
    return counts[padding : padding + H, padding : padding + W]


# %% exercise="pad_mode" way="stacked slices"
def pad_mode(image, padding, mode):
    H, W = image.shape
    p = padding
    if mode == "reflect" and p > min(H, W) - 1 or mode == "wrap" and p > min(H, W):
        raise ValueError("too wide")
    if p == 0 and mode in ("edge", "reflect", "wrap"):
        return image.copy()

    def rows(a):
        n = len(a)
        if mode == "edge":
            return xp.concatenate([a[:1]] * p + [a] + [a[-1:]] * p)
        if mode == "wrap":
            return xp.concatenate([a[n - p :], a, a[:p]])
        if mode == "reflect":
            return xp.concatenate([a[1 : p + 1][::-1], a, a[n - 1 - p : n - 1][::-1]])
        raise ValueError(mode)

    return rows(rows(image).T).T


# %% exercise="pad_mode" way="loops"
def pad_mode(image, padding, mode):
    H, W = image.shape
    if mode not in ("edge", "reflect", "wrap"):
        raise ValueError(mode)
    if padding > min(H, W) - (mode == "reflect") and mode != "edge":
        raise ValueError(padding)

    def source(i, n):
        if mode == "edge":
            return min(max(i, 0), n - 1)
        if mode == "wrap":
            return (i + n) % n
        if i < 0:
            return -i
        return i if i < n else 2 * (n - 1) - i

    out = xp.zeros((H + 2 * padding, W + 2 * padding))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = image[source(i - padding, H), source(j - padding, W)]
    return out


# %% exercise="pad_mode" way="one ring after the other"
def pad_mode(image, padding, mode):
    H, W = image.shape
    limits = {"edge": padding, "reflect": min(H, W) - 1, "wrap": min(H, W)}
    if mode not in limits or padding > limits[mode]:
        raise ValueError("mode or padding")
    out = image
    for ring in range(padding):
        h, w = out.shape
        above = {"edge": 0, "reflect": 2 * ring + 1, "wrap": ring + (-1 - ring) % H}[mode]
        below = {"edge": h - 1, "reflect": h - 2 - 2 * ring, "wrap": ring + ring % H}[mode]
        out = xp.concatenate([out[above : above + 1], out, out[below : below + 1]])
        left = {"edge": 0, "reflect": 2 * ring + 1, "wrap": ring + (-1 - ring) % W}[mode]
        right = {"edge": w - 1, "reflect": w - 2 - 2 * ring, "wrap": ring + ring % W}[mode]
        out = xp.concatenate([out[:, left : left + 1], out, out[:, right : right + 1]], 1)
    return out


# %% exercise="pad_mode" way="library"
def pad_mode(image, padding, mode):
    limits = {"edge": padding, "reflect": min(image.shape) - 1, "wrap": min(image.shape)}
    if mode not in limits or padding > limits[mode]:
        raise ValueError("mode or padding")
    return xp.pad(image, padding, mode=mode)

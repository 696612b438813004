# Other right answers: each must pass every check.

# %% exercise="patch" way="ends first"
def patch(image, i, j, KH, KW):
    bottom, right = i + KH, j + KW
    return image[i:bottom][:, j:right].copy()


# %% exercise="patch" way="take"
def patch(image, i, j, KH, KW):
    rows = xp.take(image, xp.arange(i, i + KH), axis=0)
    return xp.take(rows, xp.arange(j, j + KW), axis=1)


# %% exercise="patch" way="loops"
def patch(image, i, j, KH, KW):
    out = xp.zeros((KH, KW))
    for p in range(KH):
        for q in range(KW):
            out[p, q] = image[i + p, j + q]
    return out


# %% exercise="patch" way="index arrays"
def patch(image, i, j, KH, KW):
    return image[xp.arange(i, i + KH)[:, None], xp.arange(j, j + KW)]


# %% exercise="correlate2d" way="four loops"
def correlate2d(image, kernel):
    H, W = image.shape
    KH, KW = kernel.shape
    out = xp.zeros((H - KH + 1, W - KW + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = 0.0
            for p in range(KH):
                for q in range(KW):
                    total += float(image[i + p, j + q]) * float(kernel[p, q])
            out[i, j] = total
    return out


# %% exercise="correlate2d" way="one shifted image per weight"
def correlate2d(image, kernel):
    H, W = image.shape
    KH, KW = kernel.shape
    OH, OW = H - KH + 1, W - KW + 1
    out = xp.zeros((OH, OW))
    for p in range(KH):
        for q in range(KW):
            out = out + kernel[p, q] * image[p : p + OH, q : q + OW]
    return out


# %% exercise="correlate2d" way="einsum over windows"
def correlate2d(image, kernel):
    print("any printing is fine")
    windows = xp.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return xp.einsum("ijpq,pq->ij", windows.astype(float), kernel)


# %% exercise="correlate2d" way="matrix product"
def correlate2d(image, kernel):
    H, W = image.shape
    KH, KW = kernel.shape
    rows = [
        image[i : i + KH, j : j + KW].ravel()
        for i in range(H - KH + 1)
        for j in range(W - KW + 1)
    ]
    return (xp.stack(rows).astype(float) @ kernel.ravel()).reshape(H - KH + 1, W - KW + 1)


# %% exercise="correlate2d" way="single precision"
def correlate2d(image, kernel):
    H, W = image.shape
    KH, KW = kernel.shape
    out = xp.zeros((H - KH + 1, W - KW + 1), dtype=xp.float32)
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            out[i, j] = xp.sum(image[i : i + KH, j : j + KW] * kernel)
    return out


# %% exercise="convolve2d" way="flip"
def convolve2d(image, kernel):
    return filter2d(image, xp.flip(kernel))


# %% exercise="convolve2d" way="rot90 twice, own loops"
def convolve2d(image, kernel):
    turned = xp.rot90(kernel, 2)
    KH, KW = turned.shape
    out = xp.zeros((image.shape[0] - KH + 1, image.shape[1] - KW + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = (image[i : i + KH, j : j + KW] * turned).sum()
    return out


# %% exercise="convolve2d" way="the learner's correlate2d"
def convolve2d(image, kernel):
    return correlate2d(image, kernel[::-1][:, ::-1])


# %% exercise="convolve2d" way="stamp the kernel, then crop"
def convolve2d(image, kernel):
    (H, W), (KH, KW) = image.shape, kernel.shape
    full = xp.zeros((H + KH - 1, W + KW - 1))
    for i in range(H):
        for j in range(W):
            full[i : i + KH, j : j + KW] += image[i, j] * kernel
    return full[KH - 1 : H, KW - 1 : W]


# %% exercise="convolve2d" way="rotate image and output"
def convolve2d(image, kernel):
    return filter2d(image[::-1, ::-1], kernel)[::-1, ::-1]


# %% exercise="make_kernel" way="if by if"
def make_kernel(name):
    kernel = xp.zeros((3, 3))
    if name == "identity":
        kernel[1, 1] = 1
    elif name == "box":
        kernel[:] = 1 / 9
    elif name == "laplacian":
        kernel[0, 1] = kernel[2, 1] = kernel[1, 0] = kernel[1, 2] = 1
        kernel[1, 1] = -4
    elif name == "sharpen":
        kernel = make_kernel("identity") - make_kernel("laplacian")
    elif name == "sobel_x":
        kernel[:, 2] = xp.array([1, 2, 1])
        kernel[:, 0] = -kernel[:, 2]
    elif name == "sobel_y":
        kernel = make_kernel("sobel_x").T
    else:
        raise ValueError(name)
    return kernel


# %% exercise="make_kernel" way="outer products"
def make_kernel(name):
    smooth, slope = xp.array([1.0, 2.0, 1.0]), xp.array([-1.0, 0.0, 1.0])
    middle = xp.array([0.0, 1.0, 0.0])
    bend = xp.array([1.0, -2.0, 1.0])
    laplacian = xp.outer(bend, middle) + xp.outer(middle, bend)
    kernels = {
        "identity": xp.outer(middle, middle),
        "box": xp.ones((3, 3)) / 9,
        "laplacian": laplacian,
        "sharpen": xp.outer(middle, middle) - laplacian,
        "sobel_x": xp.outer(smooth, slope),
        "sobel_y": xp.outer(slope, smooth),
    }
    if name not in kernels:
        raise ValueError(f"no kernel {name}")
    return kernels[name]


# %% exercise="make_kernel" way="match, single precision"
def make_kernel(name):
    match name:
        case "identity":
            weights = [0, 0, 0, 0, 1, 0, 0, 0, 0]
        case "box":
            weights = [1 / 9] * 9
        case "laplacian":
            weights = [0, 1, 0, 1, -4, 1, 0, 1, 0]
        case "sharpen":
            weights = [0, -1, 0, -1, 5, -1, 0, -1, 0]
        case "sobel_x":
            weights = [-1, 0, 1, -2, 0, 2, -1, 0, 1]
        case "sobel_y":
            weights = [-1, -2, -1, 0, 0, 0, 1, 2, 1]
        case _:
            raise ValueError("unknown")
    return xp.asarray(weights, dtype=xp.float64).reshape(3, 3)


# %% exercise="gaussian2d" way="outer product of bells"
def gaussian2d(sigma, radius):
    n = xp.arange(2 * radius + 1) - radius
    bell = xp.exp(-0.5 * (n / sigma) ** 2)
    bell = bell / bell.sum()
    return bell[:, None] * bell


# %% exercise="gaussian2d" way="loops"
def gaussian2d(sigma, radius):
    K = 2 * radius + 1
    out = xp.zeros((K, K))
    for p in range(K):
        for q in range(K):
            out[p, q] = math.exp(-((p - radius) ** 2 + (q - radius) ** 2) / (2 * sigma**2))
    return out / float(out.sum())


# %% exercise="gaussian2d" way="meshgrid and the full formula"
def gaussian2d(sigma, radius):
    y, x = xp.meshgrid(
        xp.linspace(-radius, radius, 2 * radius + 1),
        xp.linspace(-radius, radius, 2 * radius + 1),
        indexing="ij",
    )
    g = xp.exp(-(x**2 + y**2) / (2 * sigma**2)) / (2 * xp.pi * sigma**2)
    g /= g.sum()
    return g


# %% exercise="separable" way="row first"
def separable(image, column, row):
    return filter2d(filter2d(image, row.reshape(1, -1)), column.reshape(-1, 1))


# %% exercise="separable" way="the outer product at once"
def separable(image, column, row):
    return filter2d(image, xp.outer(column, row))


# %% exercise="separable" way="loops over weights"
def separable(image, column, row):
    OH, OW = image.shape[0] - len(column) + 1, image.shape[1] - len(row) + 1
    down = sum(column[p] * image[p : p + OH] for p in range(len(column)))
    return sum(row[q] * down[:, q : q + OW] for q in range(len(row)))


# %% exercise="separable" way="einsum over windows"
def separable(image, column, row):
    shape = (column.size, row.size)
    windows = xp.lib.stride_tricks.sliding_window_view(image, shape)
    return xp.einsum("ijpq,p,q->ij", windows, column, row)


# %% exercise="multiplications" way="one expression each"
def multiplications(H, W, KH, KW):
    return (
        (H - KH + 1) * (W - KW + 1) * KH * KW,
        (H - KH + 1) * (W * KH + (W - KW + 1) * KW),
    )


# %% exercise="multiplications" way="counting windows in loops"
def multiplications(H, W, KH, KW):
    direct = two = 0
    for i in range(H - KH + 1):
        two += W * KH
        for j in range(W - KW + 1):
            direct += KH * KW
            two += KW
    return direct, two


# %% exercise="multiplications" way="list with a helper"
def passes(H, W, KH, KW):
    OH, OW = H - KH + 1, W - KW + 1
    return OH * OW * KH * KW


def multiplications(H, W, KH, KW):
    after_columns = H - KH + 1
    return passes(H, W, KH, KW), passes(H, W, KH, 1) + passes(after_columns, W, 1, KW)


# %% exercise="edges" way="hypot"
def edges(image):
    right, down = sobel_slopes(image)
    return xp.hypot(right, down), xp.arctan2(down, right)


# %% exercise="edges" way="complex numbers"
def edges(image):
    gx, gy = sobel_slopes(image)
    arrow = gx + 1j * gy
    return xp.abs(arrow), xp.angle(arrow)


# %% exercise="edges" way="own kernels, a list of answers"
def edges(image):
    kernel = xp.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    gx, gy = correlate2d(image, kernel), correlate2d(image, kernel.T)
    magnitude = (gx * gx + gy * gy) ** 0.5
    return [magnitude, xp.arctan2(gy, gx)]


# %% exercise="test_correlate2d" way="own reference on random numbers"
def test_correlate2d(candidate):
    rng = np.random.default_rng(5)
    image = xp.asarray(rng.standard_normal((5, 7)))
    kernel = xp.asarray(rng.standard_normal((3, 2)))
    expected = xp.zeros((3, 6))
    for i in range(3):
        for j in range(6):
            expected[i, j] = (image[i : i + 3, j : j + 2] * kernel).sum()
    assert xp.allclose(candidate(image, kernel), expected)


# %% exercise="test_correlate2d" way="an impulse"
def test_correlate2d(candidate):
    image = xp.zeros((4, 5))
    image[1, 2] = 1.0
    kernel = xp.array([[1.0, 2.5, 3.0], [4.0, 5.0, 6.5]])
    out = candidate(image, kernel)
    if out.shape != (3, 3):
        raise ValueError(f"wrong shape {out.shape}")
    for i in range(2):
        for j in range(3):
            assert abs(float(out[i, j]) - float(kernel[1 - i, 2 - j])) < 1e-9
    assert float(xp.abs(out[2]).sum()) < 1e-9


# %% exercise="test_correlate2d" way="whole numbers, the lesson's example"
def test_correlate2d(candidate):
    image = xp.arange(15.0).reshape(3, 5)
    kernel = xp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
    expected = xp.array([[10.0, 12.0, 14.0], [20.0, 22.0, 24.0]])
    found = candidate(image, kernel)
    assert found.shape == expected.shape
    assert (abs(found - expected) < 1e-6).all()

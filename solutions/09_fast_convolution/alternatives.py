# Other right answers: each must pass every check.


# %% exercise="im2col" way="loops over the places in a window"
def im2col(x, KH, KW, stride=1, padding=0):
    N, C, H, W = x.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding), dtype=x.dtype)
    padded[:, :, padding : padding + H, padding : padding + W] = x
    cols = xp.empty((N, OH, OW, C, KH, KW), dtype=x.dtype)
    for p in range(KH):
        for q in range(KW):
            seen = padded[:, :, p : p + stride * OH : stride, q : q + stride * OW : stride]
            cols[:, :, :, :, p, q] = seen.transpose(0, 2, 3, 1)
    return cols.reshape(N * OH * OW, -1)


# %% exercise="im2col" way="index arrays"
def im2col(x, KH, KW, stride=1, padding=0):
    N, C, H, W = x.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    rows = stride * xp.arange(OH)[:, None] + xp.arange(KH)
    columns = stride * xp.arange(OW)[:, None] + xp.arange(KW)
    cells = padded[:, :, rows[:, None, :, None], columns[None, :, None, :]]
    print("any printing is fine", cells.shape)
    return xp.moveaxis(cells, 1, 3).reshape(N * OH * OW, C * KH * KW)


# %% exercise="im2col" way="as_strided, window axes named"
def im2col(x, KH, KW, stride=1, padding=0):
    sides = (padding, padding)
    padded = xp.ascontiguousarray(xp.pad(x, ((0, 0), (0, 0), sides, sides)))
    N, C, H, W = padded.shape
    n, c, h, w = padded.strides
    OH, OW = (H - KH) // stride + 1, (W - KW) // stride + 1
    view = xp.lib.stride_tricks.as_strided(
        padded, (N, OH, OW, C, KH, KW), (n, stride * h, stride * w, c, h, w)
    )
    return view.reshape(-1, C * KH * KW)


# %% exercise="im2col" way="stacked slices"
def im2col(x, KH, KW, stride=1, padding=0):
    padded = xp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    down = padded.shape[2] - KH + 1
    right = padded.shape[3] - KW + 1
    parts = [
        padded[:, :, p : p + down : stride, q : q + right : stride]
        for p in range(KH)
        for q in range(KW)
    ]
    cells = xp.stack(parts, axis=-1)
    return xp.transpose(cells, (0, 2, 3, 1, 4)).reshape(-1, x.shape[1] * KH * KW)


# %% exercise="col2im" way="window by window"
def col2im(cols, x_shape, KH, KW, stride=1, padding=0):
    N, C, H, W = x_shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.zeros((N, C, H + 2 * padding, W + 2 * padding))
    row = 0
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                top, left = i * stride, j * stride
                cells = cols[row].reshape(C, KH, KW)
                padded[n, :, top : top + KH, left : left + KW] += cells
                row += 1
    return padded[:, :, padding : padding + H, padding : padding + W]


# %% exercise="col2im" way="add.at with index arrays"
def col2im(cols, x_shape, KH, KW, stride=1, padding=0):
    N, C, H, W = x_shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    padded = xp.zeros((N, H + 2 * padding, W + 2 * padding, C))
    rows = stride * xp.arange(OH)[:, None, None, None] + xp.arange(KH)[:, None]
    columns = stride * xp.arange(OW)[:, None, None] + xp.arange(KW)
    cells = cols.reshape(N, OH, OW, C, KH, KW).transpose(0, 1, 2, 4, 5, 3)
    xp.add.at(padded, (slice(None), rows, columns), cells)
    return xp.moveaxis(padded, 3, 1)[:, :, padding : H + padding, padding : W + padding]


# %% exercise="col2im" way="every place on its own sheet, then a sum"
def col2im(cols, x_shape, KH, KW, stride=1, padding=0):
    N, C, H, W = x_shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    cells = cols.reshape(N, OH, OW, C, KH, KW)
    sheets = xp.zeros((KH * KW, N, C, H + 2 * padding, W + 2 * padding))
    for k in range(KH * KW):
        p, q = divmod(k, KW)
        part = xp.moveaxis(cells[..., p, q], 3, 1)
        sheets[k][:, :, p : p + stride * OH : stride, q : q + stride * OW : stride] = part
    return sheets.sum(axis=0)[:, :, padding : padding + H, padding : padding + W]


# %% exercise="conv2d_gemm_forward" way="filters on the left"
def conv2d_gemm_forward(x, w, b, stride=1, padding=0):
    F, _, KH, KW = w.shape
    N, _, H, W = x.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    cols = im2col(x, KH, KW, stride, padding)
    maps = w.reshape(F, -1) @ cols.T + b[:, None]
    return maps.reshape(F, N, OH, OW).transpose(1, 0, 2, 3), cols


# %% exercise="conv2d_gemm_forward" way="image by image"
def conv2d_gemm_forward(x, w, b, stride=1, padding=0):
    F, C, KH, KW = w.shape
    N, _, H, W = x.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    cols = finished_im2col(x, KH, KW, stride, padding)
    maps = []
    for rows in cols.reshape(N, OH * OW, C * KH * KW):
        maps.append((w.reshape(F, -1) @ rows.T).reshape(F, OH, OW))
    return [xp.stack(maps) + b.reshape(1, F, 1, 1), cols]


# %% exercise="conv2d_gemm_forward" way="einsum on the rows"
def conv2d_gemm_forward(x, w, b, stride=1, padding=0):
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH = (H + 2 * padding - KH) // stride + 1
    OW = (W + 2 * padding - KW) // stride + 1
    cols = finished_im2col(x, KH, KW, stride, padding)
    cells = cols.reshape(N, OH, OW, C, KH, KW)
    return xp.einsum("nijcpq,fcpq->nfij", cells, w) + b[:, None, None], cols


# %% exercise="conv2d_gemm_backward" way="einsum on the windows"
def conv2d_gemm_backward(dout, cols, w, x_shape, stride=1, padding=0):
    F, C, KH, KW = w.shape
    N, _, OH, OW = dout.shape
    cells = cols.reshape(N, OH, OW, C, KH, KW)
    dw = xp.einsum("nfij,nijcpq->fcpq", dout, cells)
    dcells = xp.einsum("nfij,fcpq->nijcpq", dout, w)
    dx = finished_col2im(dcells.reshape(cols.shape), x_shape, KH, KW, stride, padding)
    return dx, dw, dout.sum((0, 2, 3))


# %% exercise="conv2d_gemm_backward" way="filters on the left, the learner's col2im"
def conv2d_gemm_backward(dout, cols, w, x_shape, stride=1, padding=0):
    F, C, KH, KW = w.shape
    maps = dout.transpose(1, 0, 2, 3).reshape(F, -1)
    dw = xp.dot(maps, cols)
    dcols = xp.dot(w.reshape(F, -1).T, maps).T
    dx = col2im(dcols, x_shape, KH, KW, stride, padding)
    return [dx, dw.reshape(F, C, KH, KW), maps.sum(axis=1)]


# %% exercise="conv2d_gemm_backward" way="tensordot and sums"
def conv2d_gemm_backward(dout, cols, w, x_shape, stride=1, padding=0):
    F, C, KH, KW = w.shape
    rows = xp.moveaxis(dout, 1, -1)
    seen = cols.reshape(*rows.shape[:3], -1)
    dw = xp.tensordot(rows, seen, axes=([0, 1, 2], [0, 1, 2]))
    dcols = xp.tensordot(rows, w.reshape(F, -1), axes=(3, 0))
    dx = finished_col2im(dcols.reshape(cols.shape), x_shape, KH, KW, stride, padding)
    return dx, dw.reshape(w.shape), rows.sum((0, 1, 2))


# %% exercise="im2col_bytes" way="one from the other"
def im2col_bytes(N, C, H, W, KH, KW, stride=1, padding=0, itemsize=4):
    return conv_macs(N, C, H, W, 1, KH, KW, stride, padding) * itemsize


def conv_macs(N, C, H, W, F, KH, KW, stride=1, padding=0):
    per_output = C * KH * KW
    outputs = F * N
    for n, k in ((H, KH), (W, KW)):
        outputs *= (n + 2 * padding - k) // stride + 1
    return outputs * per_output


# %% exercise="im2col_bytes" way="arrays of the right size"
def im2col_bytes(N, C, H, W, KH, KW, stride=1, padding=0, itemsize=4):
    shape = finished_im2col(
        xp.empty((N, C, H, W), dtype=bool), KH, KW, stride, padding
    ).shape
    return shape[0] * shape[1] * itemsize


def conv_macs(N, C, H, W, F, KH, KW, stride=1, padding=0):
    return im2col_bytes(N, C, H, W, KH, KW, stride, padding, 1) * F


# %% exercise="im2col_bytes" way="counting starts"
def starts(n, k, stride, padding):
    return len(range(-padding, n + padding - k + 1, stride))


def im2col_bytes(N, C, H, W, KH, KW, stride=1, padding=0, itemsize=4):
    windows = starts(H, KH, stride, padding) * starts(W, KW, stride, padding)
    return int(np.prod([N, windows, C, KH, KW, itemsize], dtype=object))


def conv_macs(N, C, H, W, F, KH, KW, stride=1, padding=0):
    windows = N * starts(H, KH, stride, padding) * starts(W, KW, stride, padding)
    return windows * C * KH * KW * F


# %% exercise="conv2d_fft" way="conjugate in place of the flip"
def conv2d_fft(img, k):
    (H, W), (KH, KW) = img.shape, k.shape
    waves = xp.fft.rfft2(img) * xp.fft.rfft2(k, (H, W)).conj()
    return xp.fft.irfft2(waves, (H, W))[: H - KH + 1, : W - KW + 1]


# %% exercise="conv2d_fft" way="complex transforms of the size of the image"
def conv2d_fft(img, k):
    (H, W), (KH, KW) = img.shape, k.shape
    padded = xp.zeros((H, W))
    padded[:KH, :KW] = k[::-1, ::-1]
    circular = xp.fft.ifft2(xp.fft.fft2(img) * xp.fft.fft2(padded)).real
    return circular[KH - 1 :, KW - 1 :]


# %% exercise="conv2d_fft" way="powers of two"
def conv2d_fft(img, k):
    (H, W), (KH, KW) = img.shape, k.shape
    sizes = [1 << int(n).bit_length() for n in (H + KH, W + KW)]
    big = xp.zeros((2, *sizes))
    big[0, :H, :W] = img
    big[1, :KH, :KW] = xp.flip(k)
    waves = xp.fft.rfftn(big, axes=(1, 2))
    full = xp.fft.irfftn(waves[0] * waves[1], s=sizes, axes=(0, 1))
    return full[KH - 1 : KH - 1 + H - KH + 1, KW - 1 : KW - 1 + W - KW + 1]


# %% exercise="standardise_rows" way="transposed, by hand"
def standardise_rows(cols, least=1e-6):
    centred = (cols.T - cols.mean(1)).T
    spread = xp.sqrt((centred**2).mean(1))
    spread = xp.where(spread < least, least, spread)
    return centred / spread[:, None]


# %% exercise="standardise_rows" way="einsum and clip"
def standardise_rows(cols, least=1e-6):
    K = cols.shape[1]
    centred = cols - xp.sum(cols, axis=1)[:, None] / K
    variance = xp.einsum("rk,rk->r", centred, centred) / K
    return centred / xp.clip(variance**0.5, least, None).reshape(-1, 1)


# %% exercise="standardise_rows" way="a new array, in place"
def standardise_rows(cols, least=1e-6):
    out = cols.copy()
    out -= out.mean(axis=1, keepdims=True)
    out /= xp.maximum(xp.std(cols, axis=1, keepdims=True), least)
    return out


# %% exercise="launch_shape" way="add before dividing"
def launch_shape(OH, OW, block):
    return (OW + block[0] - 1) // block[0], (OH + block[1] - 1) // block[1]


# %% exercise="launch_shape" way="ceil"
def launch_shape(OH, OW, block):
    return int(np.ceil(OW / block[0])), int(np.ceil(OH / block[1]))


# %% exercise="launch_shape" way="remainders, as a list"
def launch_shape(OH, OW, block):
    return [n // t + (n % t > 0) for n, t in zip((OW, OH), block)]


# %% exercise="kernel_source" way="work inside the condition, pointers"
def kernel_source(name):
    return r"""
extern "C" __global__ void NAME(
    const float *image, const float *weights, float *out, int H, int W, int KH, int KW)
{
    const int row = threadIdx.y + blockIdx.y * blockDim.y;
    const int column = threadIdx.x + blockIdx.x * blockDim.x;
    if (row <= H - KH && column <= W - KW) {
        const float *seen = image + row * W + column;
        float total = 0;
        /* one row of the window after the other */
        for (int p = 0; p < KH; ++p, seen += W)
            for (int q = 0; q < KW; ++q)
                total = total + seen[q] * weights[p * KW + q];
        out[row * (W - KW + 1) + column] = total;
    }
}
""".replace("NAME", name)


# %% exercise="kernel_source" way="one loop, division and remainder"
def kernel_source(name):
    head = f'extern "C" __global__ void {name}(const float* a, const float* w, float* o, '
    return (
        head
        + r"""int H, int W, int KH, int KW) {
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    int width = W - KW + 1, height = H - KH + 1;
    if (x >= width) return;
    if (y >= height) return;
    double s = 0.0;
    for (int n = 0; n < KH * KW; n += 1)
        s += (double)w[n] * a[(y + n / KW) * W + x + n % KW];
    o[y * width + x] = (float)s;
}"""
    )


# %% exercise="kernel_source" way="while loops, from the end"
def kernel_source(name):
    text = """
extern "C" __global__
void correlate(const float* __restrict__ image, const float* __restrict__ weights,
               float* out, int H, int W, int KH, int KW) {
    unsigned int j = blockIdx.x * blockDim.x + threadIdx.x;
    unsigned int i = blockIdx.y * blockDim.y + threadIdx.y;
    bool inside = (int)i < H - KH + 1 && (int)j < W - KW + 1;
    if (!inside) { return; } else {
        float sum = 0.f;
        int p = KH;
        while (p > 0) {
            p--;
            int q = KW;
            while (q-- > 0) sum = fmaf(image[(i + p) * W + (j + q)], weights[p * KW + q], sum);
        }
        out[i * (W - KW + 1) + j] = sum;
    }
}
"""
    return text.replace("void correlate", "void " + name)

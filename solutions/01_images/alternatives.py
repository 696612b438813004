# Other right answers to the exercises of lesson 01; all of them must pass.
# ruff: noqa: F811, F821

# %% exercise="normalise" way="divide bytes by a float"
def normalise(img):
    return img / 255.0


# %% exercise="normalise" way="lookup table"
def normalise(img):
    table = xp.arange(256) / 255
    return table[img.astype("int64")]


# %% exercise="normalise" way="divide into an output"
def normalise(img):
    out = xp.empty(img.shape, dtype=xp.float64)
    out[...] = img
    out /= 255
    return out


# %% exercise="normalise" way="multiply by the step"
def normalise(img):
    print("shape", img.shape)
    return xp.asarray(img, dtype="float64") * (1 / 255)


# %% exercise="nhwc_to_nchw" way="einsum"
def nhwc_to_nchw(x):
    return xp.einsum("nhwc->nchw", x)


def nchw_to_nhwc(x):
    return xp.einsum("nchw->nhwc", x)


# %% exercise="nhwc_to_nchw" way="moveaxis"
def nhwc_to_nchw(x):
    return xp.moveaxis(x, -1, 1)


def nchw_to_nhwc(x):
    return xp.moveaxis(x, 1, -1)


# %% exercise="nhwc_to_nchw" way="loop over channels"
def nhwc_to_nchw(x):
    N, H, W, C = x.shape
    out = xp.empty((N, C, H, W), dtype=x.dtype)
    for c in range(C):
        out[:, c] = x[..., c]
    return out


def nchw_to_nhwc(x):
    return xp.stack([x[:, c] for c in range(x.shape[1])], axis=3)


# %% exercise="nhwc_to_nchw" way="two exchanges"
def nhwc_to_nchw(x):
    return x.swapaxes(2, 3).swapaxes(1, 2)


def nchw_to_nhwc(x):
    return x.swapaxes(1, 2).swapaxes(2, 3).copy()


# %% exercise="dense_params" way="one more input"
def dense_params(n_in, n_out, bias=True):
    return n_out * (n_in + int(bias))


def conv_params(C, F, KH, KW, bias=True):
    return dense_params(C * KH * KW, F, bias)


# %% exercise="dense_params" way="count one by one"
def dense_params(n_in, n_out, bias=True):
    each = n_in
    if bias:
        each += 1
    return each * n_out


def conv_params(C, F, KH, KW, bias=True):
    total = 0
    for _filter in range(F):
        for _channel in range(C):
            total += KH * KW
        if bias:
            total += 1
    return total


# %% exercise="dense_params" way="products of shapes"
import math


def dense_params(n_in, n_out, bias=True):
    shapes = [(n_out, n_in)] + [(n_out,)] * bias
    return sum(math.prod(shape) for shape in shapes)


def conv_params(C, F, KH, KW, bias=True):
    shapes = [(F, C, KH, KW)] + [(F,)] * bias
    return sum(math.prod(shape) for shape in shapes)


# %% exercise="local_params" way="calls the earlier count"
def local_params(OH, OW, KH, KW, C, F):
    return OH * OW * conv_params(C, F, KH, KW)


def shared_params(OH, OW, KH, KW, C, F):
    return conv_params(C, F, KH, KW)


# %% exercise="local_params" way="weights and biases apart"
def local_params(OH, OW, KH, KW, C, F):
    weights = OH * OW * F * C * KH * KW
    biases = OH * OW * F
    return weights + biases


def shared_params(OH, OW, KH, KW, C, F):
    weights = F * C * KH * KW
    return weights + F


# %% exercise="local_params" way="map by map"
def local_params(OH, OW, KH, KW, C, F):
    return sum(shared_params(OH, OW, KH, KW, C, 1) * OH * OW for _ in range(F))


def shared_params(OH, OW, KH, KW, C, F):
    return sum(1 + C * KH * KW for _ in range(F))


# %% exercise="shift_image" way="slices"
def shift_image(img, dy, dx, fill=0):
    H, W = img.shape
    out = xp.full((H, W), fill, dtype=img.dtype)
    if abs(dy) < H and abs(dx) < W:
        into = out[max(dy, 0) : H + min(dy, 0), max(dx, 0) : W + min(dx, 0)]
        into[...] = img[max(-dy, 0) : H - max(dy, 0), max(-dx, 0) : W - max(dx, 0)]
    return out


# %% exercise="shift_image" way="pad and crop"
def shift_image(img, dy, dx, fill=0):
    H, W = img.shape
    a, b = abs(dy), abs(dx)
    wide = xp.pad(img, ((a, a), (b, b)), constant_values=fill)
    return wide[a - dy : a - dy + H, b - dx : b - dx + W]


# %% exercise="shift_image" way="roll and erase"
def shift_image(img, dy, dx, fill=0):
    H, W = img.shape
    out = xp.roll(img, (dy, dx), axis=(0, 1))
    rows, columns = xp.arange(H) - dy, xp.arange(W) - dx
    out[(rows < 0) | (rows >= H)] = fill
    out[:, (columns < 0) | (columns >= W)] = fill
    return out


# %% exercise="shift_image" way="product with shift matrices"
def shift_image(img, dy, dx, fill=0):
    H, W = img.shape
    down, right = xp.eye(H, k=-dy), xp.eye(W, k=dx)
    return down @ (img - fill) @ right + fill


# %% exercise="accuracy_under_shift" way="with shift_image, image by image"
def accuracy_under_shift(predict, X, y, m):
    out = xp.zeros((2 * m + 1, 2 * m + 1))
    for row in range(2 * m + 1):
        for column in range(2 * m + 1):
            moved = xp.stack([shift_image(img, row - m, column - m) for img in X])
            out[row, column] = (predict(moved) == y).sum() / len(y)
    return out


# %% exercise="accuracy_under_shift" way="crops of padded images"
def accuracy_under_shift(predict, X, y, m):
    H, W = X.shape[1:]
    wide = xp.pad(X, ((0, 0), (m, m), (m, m)))
    rows = []
    for dy in range(-m, m + 1):
        part = wide[:, m - dy : m - dy + H]
        crops = [part[:, :, m - dx : m - dx + W] for dx in range(-m, m + 1)]
        rows.append(xp.stack([(predict(crop) == y).mean() for crop in crops]))
    return xp.stack(rows)


# %% exercise="accuracy_under_shift" way="one call for all shifts"
def accuracy_under_shift(predict, X, y, m):
    steps = range(-m, m + 1)
    moved = xp.concatenate([shifted(X, dy, dx) for dy in steps for dx in steps])
    right = predict(moved).reshape(-1, len(y)) == y
    return right.mean(axis=1).reshape(2 * m + 1, 2 * m + 1)


# %% exercise="accuracy_under_shift" way="single precision"
def accuracy_under_shift(predict, X, y, m):
    out = xp.empty((2 * m + 1, 2 * m + 1), dtype=xp.float32)
    for dy in range(-m, m + 1):
        for dx in range(-m, m + 1):
            out[m + dy][m + dx] = xp.mean(predict(shifted(X, dy, dx)) == y)
    return out

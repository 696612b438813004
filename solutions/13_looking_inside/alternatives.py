# %% exercise="filter_grid" way="padding and reshaping"
def filter_grid(w):
    F, C, KH, KW = w.shape
    framed = xp.pad(w / xp.abs(w).max(), ((0, 0), (0, 0), (0, 1), (0, 1)))
    return framed.transpose(0, 2, 1, 3).reshape(F * (KH + 1), C * (KW + 1))[:-1, :-1]


# %% exercise="filter_grid" way="slices with steps"
def filter_grid(w):
    F, C, KH, KW = w.shape
    grid = xp.zeros((F * (KH + 1) - 1, C * (KW + 1) - 1))
    for p in range(KH):
        for q in range(KW):
            grid[p :: KH + 1, q :: KW + 1] = w[:, :, p, q]
    return grid / max(w.max(), -w.min())


# %% exercise="filter_grid" way="rows put together"
def filter_grid(w):
    F, C, KH, KW = w.shape
    rows = []
    for f in range(F):
        parts = []
        for c in range(C):
            parts += [w[f, c], xp.zeros((KH, 1))]
        row = xp.concatenate(parts[:-1], axis=1)
        rows += [row, xp.zeros((1, row.shape[1]))]
    return xp.concatenate(rows[:-1]) / xp.max(xp.abs(w))


# %% exercise="feature_maps" way="a shorter chain"
def feature_maps(model, x, layer):
    return Sequential(*model.layers[: layer + 1]).forward(x)


# %% exercise="feature_maps" way="stop at the layer"
def feature_maps(model, x, layer):
    out = x
    for number, one in enumerate(model.layers):
        out = one.forward(out, train=False)
        if number == layer:
            return out


# %% exercise="feature_maps" way="recursion"
def feature_maps(model, x, layer):
    if layer > 0:
        x = feature_maps(model, x, layer - 1)
    return model.layers[layer].forward(x)


# %% exercise="saliency" way="layer by layer"
def saliency(model, x, cls):
    out = x
    for layer in model.layers:
        out = layer.forward(out)
    slope = xp.zeros_like(out)
    slope[:, cls] = 1.0
    for layer in model.layers[::-1]:
        slope = layer.backward(slope)
    return xp.max(xp.abs(slope), axis=1)


# %% exercise="saliency" way="one image at a time"
def saliency(model, x, cls):
    maps = []
    for n in range(len(x)):
        z = model.forward(x[n : n + 1])
        dz = xp.zeros((1, z.shape[1]))
        dz[0, cls] = 1
        slope = model.backward(dz)[0]
        maps.append(xp.maximum(slope, -slope).max(axis=0))
    return xp.stack(maps)


# %% exercise="saliency" way="columns of an identity"
def saliency(model, x, cls):
    K = model.forward(x).shape[1]
    dz = xp.tile(xp.eye(K)[cls], (len(x), 1))
    return xp.sqrt((model.backward(dz) ** 2).max(axis=1))


# %% exercise="occlusion_map" way="one batch"
def occlusion_map(model, x, cls, size, stride, fill):
    _, _, H, W = x.shape
    tops, lefts = range(0, H, stride), range(0, W, stride)
    images = xp.repeat(x, len(tops) * len(lefts), axis=0)
    for n in range(len(images)):
        top, left = tops[n // len(lefts)], lefts[n % len(lefts)]
        images[n, :, top : top + size, left : left + size] = fill
    drop = model.forward(x)[0, cls] - model.forward(images)[:, cls]
    return drop.reshape(len(tops), len(lefts))


# %% exercise="occlusion_map" way="masks"
def occlusion_map(model, x, cls, size, stride, fill):
    _, _, H, W = x.shape
    i, j = xp.arange(H)[:, None], xp.arange(W)
    rows = []
    for top in range(0, H, stride):
        row = []
        for left in range(0, W, stride):
            hidden = (i >= top) & (i < top + size) & (j >= left) & (j < left + size)
            covered = xp.where(hidden, fill, x)
            row.append(model.forward(x)[0, cls] - model.forward(covered)[0, cls])
        rows.append(xp.stack(row))
    return xp.stack(rows)


# %% exercise="occlusion_map" way="put back after the look"
def occlusion_map(model, x, cls, size, stride, fill):
    _, _, H, W = x.shape
    OH, OW = -(-H // stride), -(-W // stride)
    left_over = xp.zeros((OH, OW))
    work = x * 1.0
    for a in range(OH):
        for b in range(OW):
            rows = slice(a * stride, min(H, a * stride + size))
            columns = slice(b * stride, min(W, b * stride + size))
            work[0, :, rows, columns] = fill
            left_over[a, b] = model.forward(work)[0, cls]
            work[0, :, rows, columns] = x[0, :, rows, columns]
    return model.forward(x)[0, cls] - left_over


# %% exercise="grad_cam" way="layer by layer, in loops"
def grad_cam(model, x, cls, layer):
    out = x
    for number, one in enumerate(model.layers):
        out = one.forward(out)
        if number == layer:
            maps = out
    slope = xp.zeros(out.shape)
    slope[:, cls] = 1
    for one in reversed(model.layers[layer + 1 :]):
        slope = one.backward(slope)
    total = xp.zeros(maps.shape[2:])
    for f in range(maps.shape[1]):
        total += slope[0, f].mean() * maps[0, f]
    total = total * (total > 0)
    (OH, OW), (H, W) = total.shape, x.shape[2:]
    large = xp.zeros((H, W))
    for i in range(H):
        for j in range(W):
            large[i, j] = total[i * OH // H, j * OW // W]
    return large


# %% exercise="grad_cam" way="einsum and take"
def grad_cam(model, x, cls, layer):
    maps = Sequential(*model.layers[: layer + 1]).forward(x)
    back = Sequential(*model.layers[layer + 1 :])
    dz = (back.forward(maps) * 0 + 1) * (xp.arange(back.forward(maps).shape[1]) == cls)
    OH, OW = maps.shape[2:]
    small = xp.einsum("fij,fpq->pq", back.backward(dz)[0], maps[0]).clip(0, None)
    rows = xp.arange(x.shape[2]) * OH // x.shape[2]
    columns = xp.arange(x.shape[3]) * OW // x.shape[3]
    return small.take(rows, axis=0).take(columns, axis=1) / (OH * OW)


# %% exercise="grad_cam" way="matrix product, where"
def grad_cam(model, x, cls, layer):
    H, W = x.shape[2:]
    front = Sequential(*model.layers[: layer + 1])
    back = Sequential(*model.layers[layer + 1 :])
    maps = front.forward(x)
    F, OH, OW = maps.shape[1:]
    dz = xp.zeros_like(back.forward(maps))
    dz[0, cls] = 1
    alpha = back.backward(dz)[0].reshape(F, OH * OW).mean(axis=1)
    small = alpha @ maps[0].reshape(F, OH * OW)
    small = xp.where(small > 0, small, 0).reshape(OH, OW)
    rows = (xp.arange(H)[:, None] * OH // H) * xp.ones(W, dtype=int)
    columns = (xp.arange(W) * OW // W) * xp.ones((H, 1), dtype=int)
    return small[rows, columns]


# %% exercise="fgsm" way="own loss gradient"
def fgsm(model, x, y, eps):
    z = model.forward(x)
    p = xp.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    slope = model.backward(p - (y[:, None] == xp.arange(z.shape[1])))
    return xp.minimum(xp.maximum(x + eps * xp.sign(slope), 0), 1)


# %% exercise="fgsm" way="one image at a time"
def fgsm(model, x, y, eps):
    out = x.copy()
    for n in range(len(x)):
        _, dz = cross_entropy(model.forward(x[n : n + 1]), y[n : n + 1])
        slope = model.backward(dz)[0]
        out[n] = xp.where(slope > 0, x[n] + eps, xp.where(slope < 0, x[n] - eps, x[n]))
    return out.clip(0, 1)


# %% exercise="fgsm" way="comparisons"
def fgsm(model, x, y, eps):
    _, dz = cross_entropy(model.forward(x), y)
    slope = model.backward(dz * len(x))
    change = eps * ((slope > 0) * 1.0 - (slope < 0) * 1.0)
    return (x + change).clip(0, 1)


# %% exercise="maximise_activation" way="layer by layer"
def maximise_activation(model, layer, unit, x, steps, rate):
    image = x.copy()
    chain = model.layers[: layer + 1]
    for _ in range(steps):
        out = image
        for one in chain:
            out = one.forward(out)
        slope = xp.zeros_like(out)
        slope[0][unit] = 1
        for one in chain[::-1]:
            slope = one.backward(slope)
        image = xp.clip(image + rate * xp.sign(slope), 0, 1)
    return image


# %% exercise="maximise_activation" way="recursion"
def maximise_activation(model, layer, unit, x, steps, rate):
    if steps == 0:
        return x
    front = Sequential(*model.layers[: layer + 1])
    dout = front.forward(x) * 0
    dout[(0, *unit)] = 1
    better = (x + rate * xp.sign(front.backward(dout))).clip(0, 1)
    return maximise_activation(model, layer, unit, better, steps - 1, rate)


# %% exercise="maximise_activation" way="a while loop and comparisons"
def maximise_activation(model, layer, unit, x, steps, rate):
    front, done = Sequential(*model.layers[: layer + 1]), 0
    dout = xp.zeros_like(front.forward(x))
    dout[(slice(None), *unit)] = 1
    while done < steps:
        front.forward(x)
        slope = front.backward(dout)
        x = xp.where(slope > 0, x + rate, xp.where(slope < 0, x - rate, x))
        x = xp.minimum(xp.maximum(x, 0), 1)
        done += 1
    return x

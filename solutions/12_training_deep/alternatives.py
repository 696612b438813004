# Other right ways. Each must pass all checks.

# %% exercise="init_stats" way="all filters drawn at once"
def init_stats(x, depth, init, rng):
    C = x.shape[1]
    filters = xp.asarray(rng.standard_normal((depth, C, C, 3, 3)))
    filters = filters * (np.sqrt(2 / (9 * C)) if isinstance(init, str) else init)
    stats = xp.zeros(depth)
    for k in range(depth):
        x = xp.maximum(conv2d(x, filters[k], padding=1), 0)
        stats[k] = xp.sqrt(((x - x.mean()) ** 2).mean())
    return stats


# %% exercise="init_stats" way="sums over the nine weights"
def init_stats(x, depth, init, rng):
    N, C, H, W = x.shape
    stats = []
    for _ in range(depth):
        w = xp.asarray(rng.standard_normal((C, C, 3, 3)))
        padded = xp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        x = xp.zeros((N, C, H, W))
        for p in range(3):
            for q in range(3):
                seen = padded[:, :, p : p + H, q : q + W]
                x += xp.einsum("nchw,fc->nfhw", seen, w[:, :, p, q])
        x *= (2 / (C * 9)) ** 0.5 if init == "he" else init
        x *= x > 0
        stats.append(float(x.std()))
    return xp.array(stats)


# %% exercise="init_stats" way="one layer after the other by recursion"
def init_stats(x, depth, init, rng):
    if depth == 0:
        return xp.zeros(0)
    C = x.shape[1]
    scale = xp.sqrt(xp.asarray(2.0 / (C * 9))) if init == "he" else init
    out = relu(conv2d(x, xp.asarray(rng.standard_normal((C, C, 3, 3))), padding=1) * scale)
    return xp.concatenate([out.std()[None], init_stats(out, depth - 1, init, rng)])


# %% exercise="batchnorm_forward" way="one channel at a time"
def batchnorm_forward(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    M = x.shape[0] * x.shape[2] * x.shape[3]
    if train and M == 1:
        raise ValueError("a single number")
    out, mean, var = xp.zeros(x.shape), mean.copy(), var.copy()
    for c in range(x.shape[1]):
        centre, square = mean[c], var[c]
        if train:
            centre, square = x[:, c].mean(), x[:, c].var()
            new_mean = mean[c] + momentum * (centre - mean[c])
            new_var = var[c] + momentum * (square * M / (M - 1) - var[c])
        out[:, c] = (x[:, c] - centre) / (square + eps) ** 0.5 * gamma[c] + beta[c]
        if train:
            mean[c], var[c] = new_mean, new_var
    return out, mean, var


# %% exercise="batchnorm_forward" way="channels last, var with ddof"
def batchnorm_forward(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    last = x.transpose(0, 2, 3, 1)
    rows = last.reshape(-1, x.shape[1])
    if not train:
        normal = (last - mean) / xp.sqrt(var + eps)
    elif len(rows) == 1:
        raise ValueError(f"{x.shape} has no variance")
    else:
        normal = (last - rows.mean(axis=0)) / xp.sqrt(rows.var(axis=0) + eps)
        mean = (1 - momentum) * mean + momentum * rows.mean(axis=0)
        var = (1 - momentum) * var + momentum * rows.var(axis=0, ddof=1)
    return (gamma * normal + beta).transpose(0, 3, 1, 2), mean, var


# %% exercise="batchnorm_forward" way="einsum"
def batchnorm_forward(x, gamma, beta, mean, var, train, momentum=0.1, eps=1e-5):
    M = x.size / x.shape[1]
    centre, square = mean, var
    if train:
        if M < 2:
            raise ValueError("too few numbers")
        centre = xp.einsum("nchw->c", x) / M
        distance = x - centre.reshape(1, -1, 1, 1)
        square = xp.einsum("nchw,nchw->c", distance, distance) / M
        mean = mean * (1 - momentum) + centre * momentum
        var = var * (1 - momentum) + square * momentum * (M / (M - 1))
    scale = gamma * (square + eps) ** -0.5
    out = xp.einsum("nchw,c->nchw", x, scale)
    return out + (beta - centre * scale).reshape(1, -1, 1, 1), mean, var


# %% exercise="test_batchnorm" way="random numbers against the formula"
def test_batchnorm(candidate):
    rng = np.random.default_rng(0)
    x = xp.asarray(rng.standard_normal((3, 2, 4, 5)))
    gamma, beta, mean, var = (xp.asarray(a) for a in rng.random((4, 2)) + 0.5)
    out, new_mean, new_var = candidate(x, gamma, beta, mean, var, False)
    for c in range(2):
        expected = gamma[c] * (x[:, c] - mean[c]) / (var[c] + 1e-5) ** 0.5 + beta[c]
        assert abs(out[:, c] - expected).max() < 1e-8
    assert abs(new_mean - mean).max() + abs(new_var - var).max() < 1e-12


# %% exercise="test_batchnorm" way="against the finished layer"
def test_batchnorm(candidate):
    rng = np.random.default_rng(4)
    x = xp.asarray(rng.standard_normal((2, 3, 2, 2)))
    gamma, beta, mean, var = (xp.asarray(a) for a in rng.random((4, 3)) + 1)
    found = candidate(x, gamma, beta, mean, var, False)
    expected = right_batchnorm(x, gamma, beta, mean, var, False)
    for one, other in zip(found, expected):
        if not xp.allclose(one, other):
            raise ValueError("wrong")


# %% exercise="test_batchnorm" way="single pixels by hand"
def test_batchnorm(candidate):
    mean, var = xp.array([1.0]), xp.array([4.0])
    for value, expected in ((5.0, 2 / 2 * 2 * 3 + 7.0), (1.0, 7.0)):
        x = xp.array([[[[value]]]])
        out, m, v = candidate(
            x, xp.array([3.0]), xp.array([7.0]), mean, var, False, eps=0.0
        )
        assert abs(float(out[0, 0, 0, 0]) - expected) < 1e-9
        assert float(m[0]) == 1 and float(v[0]) == 4


# %% exercise="batchnorm_backward" way="step by step through the graph"
def batchnorm_backward(dout, x, gamma, eps=1e-5):
    axes, M = (0, 2, 3), x.size // x.shape[1]
    g = gamma.reshape(1, -1, 1, 1)
    distance = x - x.mean(axis=axes, keepdims=True)
    inverse = ((distance**2).mean(axis=axes, keepdims=True) + eps) ** -0.5
    dnormal = dout * g
    dinverse = (dnormal * distance).sum(axis=axes, keepdims=True)
    dvar = -0.5 * inverse**3 * dinverse
    ddistance = dnormal * inverse + dvar * 2 * distance / M
    dx = ddistance - ddistance.sum(axis=axes, keepdims=True) / M
    return dx, (dout * distance * inverse).sum(axis=axes), dout.sum(axis=axes)


# %% exercise="batchnorm_backward" way="one channel at a time"
def batchnorm_backward(dout, x, gamma, eps=1e-5):
    C = x.shape[1]
    dx, dgamma, dbeta = xp.zeros(x.shape), xp.zeros(C), xp.zeros(C)
    for c in range(C):
        root = (x[:, c].var() + eps) ** 0.5
        normal, d = (x[:, c] - x[:, c].mean()) / root, dout[:, c]
        dgamma[c], dbeta[c] = (d * normal).sum(), d.sum()
        dx[:, c] = gamma[c] / root * (d - d.mean() - normal * (d * normal).mean())
    return dx, dgamma, dbeta


# %% exercise="batchnorm_backward" way="rows of one channel and its Jacobian matrix"
def batchnorm_backward(dout, x, gamma, eps=1e-5):
    N, C, H, W = x.shape
    rows, d = (a.transpose(1, 0, 2, 3).reshape(C, -1) for a in (x, dout))
    root = xp.sqrt(rows.var(axis=1, keepdims=True) + eps)
    normal = (rows - rows.mean(axis=1, keepdims=True)) / root
    M = rows.shape[1]
    inner = xp.eye(M) - 1 / M - normal[:, :, None] * normal[:, None, :] / M
    dx = xp.einsum("cm,cmk->ck", d, inner) * gamma[:, None] / root
    dx = dx.reshape(C, N, H, W).transpose(1, 0, 2, 3)
    return dx, (d * normal).sum(axis=1), d.sum(axis=1)


# %% exercise="ResidualBlock" way="gradients added in place"
class ResidualBlock:
    def __init__(self, w1, w2, projection=None, stride=1):
        self.w1, self.w2 = w1, w2
        self.projection, self.stride = projection, stride
        self.grads = {}

    def forward(self, x):
        self.x = x
        self.hidden = relu(conv2d(x, self.w1, stride=self.stride, padding=1))
        out = conv2d(self.hidden, self.w2, padding=1)
        short = x
        if self.projection is not None:
            short = conv2d(x, self.projection, stride=self.stride)
        if short.shape != out.shape:
            raise ValueError("shapes differ")
        out += short
        return out

    def backward(self, dout):
        dh, self.grads["w2"], _ = conv2d_backward(dout, self.hidden, self.w2, padding=1)
        dh = dh * (self.hidden > 0)
        dx, self.grads["w1"], _ = conv2d_backward(dh, self.x, self.w1, self.stride, 1)
        if self.projection is None:
            dx += dout
        else:
            more = conv2d_backward(dout, self.x, self.projection, self.stride)
            dx += more[0]
            self.grads["projection"] = more[1]
        return dx


# %% exercise="ResidualBlock" way="projection as a product of matrices"
class ResidualBlock:
    def __init__(self, w1, w2, projection=None, stride=1):
        self.weights = (w1, w2, projection)
        self.stride, self.grads = stride, {}

    def forward(self, x):
        w1, w2, projection = self.weights
        s = self.stride
        before = conv2d(x, w1, stride=s, padding=1)
        branch = conv2d(relu(before), w2, padding=1)
        short = x
        if projection is not None:
            short = xp.einsum("nchw,fc->nfhw", x[:, :, ::s, ::s], projection[:, :, 0, 0])
        if short.shape != branch.shape:
            raise ValueError("shapes differ")
        self.kept = x, before
        return short + branch

    def backward(self, dout):
        (w1, w2, projection), (x, before), s = self.weights, self.kept, self.stride
        dhidden, dw2, _ = conv2d_backward(dout, relu(before), w2, padding=1)
        dx, dw1, _ = conv2d_backward(relu_backward(dhidden, before), x, w1, s, 1)
        self.grads = {"w1": dw1, "w2": dw2}
        if projection is None:
            return dout + dx
        seen = x[:, :, ::s, ::s]
        self.grads["projection"] = xp.einsum("nfhw,nchw->fc", dout, seen)[:, :, None, None]
        dx = dx.copy()
        dx[:, :, ::s, ::s] += xp.einsum("nfhw,fc->nchw", dout, projection[:, :, 0, 0])
        return dx


# %% exercise="ResidualBlock" way="two functions and a list"
class ResidualBlock:
    def __init__(self, w1, w2, projection=None, stride=1):
        self.w1, self.w2, self.projection, self.stride = w1, w2, projection, stride

    def shortcut(self, x):
        if self.projection is None:
            return x
        return conv2d(x, self.projection, stride=self.stride)

    def forward(self, x):
        self.seen = [x]
        self.seen.append(conv2d(x, self.w1, stride=self.stride, padding=1))
        self.seen.append(xp.maximum(self.seen[1], 0))
        branch = conv2d(self.seen[2], self.w2, padding=1)
        if self.shortcut(x).shape != branch.shape:
            raise ValueError("shapes differ")
        return xp.add(branch, self.shortcut(x))

    def backward(self, dout):
        x, before, hidden = self.seen
        self.grads, parts = {}, [dout]
        if self.projection is not None:
            back = conv2d_backward(dout, x, self.projection, stride=self.stride)
            parts, self.grads["projection"] = [back[0]], back[1]
        dhidden, self.grads["w2"], _ = conv2d_backward(dout, hidden, self.w2, padding=1)
        masked = xp.where(before > 0, dhidden, 0)
        back = conv2d_backward(masked, x, self.w1, stride=self.stride, padding=1)
        self.grads["w1"] = back[1]
        return sum(parts) + back[0]


# %% exercise="dropout" way="numbers drawn from 0 and 1"
def dropout(x, p, rng, train):
    if p < 0 or p >= 1:
        raise ValueError("p")
    if not train or p == 0:
        return x.copy(), xp.ones(x.shape)
    mask = xp.asarray(rng.binomial(1, 1 - p, x.shape)) / (1 - p)
    return xp.where(mask > 0, x / (1 - p), 0), mask


# %% exercise="dropout" way="choice"
def dropout(x, p, rng, train):
    if not (0 <= p and p < 1):
        raise ValueError("p")
    p = p if train else 0
    mask = xp.asarray(rng.choice([0.0, 1 / (1 - p)], size=x.shape, p=[p, 1 - p]))
    return mask * x, mask


# %% exercise="dropout" way="a copy with holes"
def dropout(x, p, rng, train):
    if p not in (0,) and not 0 < p < 1:
        raise ValueError("p")
    mask = xp.ones(x.shape)
    if train:
        mask /= 1 - p
        mask[xp.asarray(rng.uniform(size=x.shape) < p)] = 0
    return x * mask, mask


# %% exercise="augment" way="slices of input and output"
def augment(x, rng, max_shift):
    N, C, H, W = x.shape
    out = xp.zeros(x.shape, x.dtype)
    for n in range(N):
        i, j = (int(k) for k in rng.integers(-max_shift, max_shift + 1, 2))
        rows, columns = slice(max(i, 0), H + min(i, 0)), slice(max(j, 0), W + min(j, 0))
        from_rows = slice(max(-i, 0), H + min(-i, 0))
        from_columns = slice(max(-j, 0), W + min(-j, 0))
        out[n, :, rows, columns] = x[n, :, from_rows, from_columns]
    return out


# %% exercise="augment" way="roll, then erase"
def augment(x, rng, max_shift):
    out = []
    for image in x:
        i, j = rng.integers(-max_shift, max_shift, size=2, endpoint=True).tolist()
        moved = xp.roll(image, (i, j), axis=(1, 2))
        if i > 0:
            moved[:, :i] = 0
        if i < 0:
            moved[:, i:] = 0
        if j > 0:
            moved[:, :, :j] = 0
        if j < 0:
            moved[:, :, j:] = 0
        out.append(moved)
    return xp.stack(out)


# %% exercise="augment" way="one fancy index for all images"
def augment(x, rng, max_shift):
    N, C, H, W = x.shape
    m = max_shift
    padded = xp.pad(x, ((0, 0), (0, 0), (m, m), (m, m)))
    moves = xp.asarray(rng.integers(0, 2 * m + 1, (2, N)))
    i = moves[0][:, None, None, None] + xp.arange(H)[:, None]
    j = moves[1][:, None, None, None] + xp.arange(W)
    n, c = xp.arange(N)[:, None, None, None], xp.arange(C)[:, None, None]
    return padded[n, c, i, j]

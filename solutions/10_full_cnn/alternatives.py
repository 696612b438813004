"""Other right answers to the exercises of lesson 10; all of them must pass."""


# %% exercise="relu" way="loops"
def relu(x):
    out = x.copy().ravel()
    for n in range(out.size):
        if out[n] < 0:
            out[n] = 0
    return out.reshape(x.shape)


def relu_backward(dout, x):
    flat, dx = x.ravel(), dout.copy().ravel()
    for n in range(dx.size):
        if flat[n] <= 0:
            dx[n] = 0
    return dx.reshape(x.shape)


# %% exercise="relu" way="where"
def relu(x):
    return xp.where(x > 0, x, 0.0)


def relu_backward(dout, x):
    return xp.where(x > 0, dout, 0.0)


# %% exercise="relu" way="masks"
def relu(x):
    return x * (x > 0)


def relu_backward(dout, x):
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx


# %% exercise="dense_forward" way="loops"
def dense_forward(x, w, b):
    N, F = len(x), len(w)
    out = xp.zeros((N, F))
    for n in range(N):
        for f in range(F):
            out[n, f] = (x[n] * w[f]).sum() + b[f]
    return out


def dense_backward(dout, x, w):
    dx, dw, db = xp.zeros(x.shape), xp.zeros(w.shape), xp.zeros(len(w))
    for n in range(len(x)):
        for f in range(len(w)):
            dx[n] += dout[n, f] * w[f]
            dw[f] += dout[n, f] * x[n]
            db[f] += dout[n, f]
    return dx, dw, db


# %% exercise="dense_forward" way="einsum"
def dense_forward(x, w, b):
    return xp.einsum("nd,fd->nf", x, w) + b[None, :]


def dense_backward(dout, x, w):
    dx = xp.einsum("nf,fd->nd", dout, w)
    dw = xp.einsum("nf,nd->fd", dout, x)
    return dx, dw, xp.einsum("nf->f", dout)


# %% exercise="dense_forward" way="broadcasting, answers in a list"
def dense_forward(x, w, b):
    return (x[:, None, :] * w).sum(axis=-1) + b


def dense_backward(dout, x, w):
    dx = (dout[:, :, None] * w).sum(axis=1)
    dw = (dout[:, :, None] * x[:, None, :]).sum(axis=0)
    return [dx, dw, xp.ones(len(x)) @ dout]


# %% exercise="dense_forward" way="weights transposed, single precision"
def dense_forward(x, w, b):
    x, w, b = (a.astype(xp.float32) for a in (x, w, b))
    return (w @ x.T).T + b


def dense_backward(dout, x, w):
    return (w.T @ dout.T).T, (x.T @ dout).T, dout.T.sum(axis=1)


# %% exercise="softmax_cross_entropy" way="loops over the images"
def softmax_cross_entropy(z, y):
    N, K = z.shape
    dz, loss = xp.zeros((N, K)), 0.0
    for n in range(N):
        scores = z[n] - z[n].max()
        total = xp.exp(scores).sum()
        loss += float(xp.log(total) - scores[y[n]]) / N
        dz[n] = xp.exp(scores) / total / N
        dz[n, y[n]] -= 1 / N
    return loss, dz


# %% exercise="softmax_cross_entropy" way="one-hot rows"
def softmax_cross_entropy(z, y):
    N, K = z.shape
    one_hot = xp.eye(K)[y]
    top = z.max(axis=1)
    total = xp.log(xp.exp(z - top[:, None]).sum(axis=1)) + top
    loss = float((total - (z * one_hot).sum(axis=1)).mean())
    return loss, (xp.exp(z - total[:, None]) - one_hot) / N


# %% exercise="softmax_cross_entropy" way="picked by index"
def softmax_cross_entropy(z, y):
    rows = xp.arange(len(z))
    scores = z - z.max(axis=1)[:, None]
    p = xp.exp(scores)
    total = p.sum(axis=1)
    loss = (xp.log(total) - scores[rows, y]).mean()
    dz = p / total[:, None]
    dz[rows, y] -= 1
    return [loss, dz / len(z)]


# %% exercise="SGD" way="by number"
class SGD:
    def __init__(self, params, learning_rate):
        self.params, self.rate = list(params), learning_rate

    def step(self, grads):
        for n in range(len(self.params)):
            self.params[n][...] = self.params[n] - self.rate * grads[n]


# %% exercise="SGD" way="subtract with out"
class SGD:
    def __init__(self, params, learning_rate):
        self.params = params
        self.learning_rate = learning_rate

    def step(self, grads):
        for p, g in zip(self.params, grads, strict=True):
            xp.subtract(p, self.learning_rate * g, out=p)


# %% exercise="SGD" way="one flat vector"
class SGD:
    def __init__(self, params, learning_rate):
        self.params, self.learning_rate = params, learning_rate

    def step(self, grads):
        update = self.learning_rate * xp.concatenate([g.ravel() for g in grads])
        start = 0
        for p in self.params:
            p -= update[start : start + p.size].reshape(p.shape)
            start += p.size


# %% exercise="Momentum" way="new velocities in a list"
class Momentum:
    def __init__(self, params, learning_rate, momentum=0.9):
        self.params = params
        self.learning_rate, self.momentum = learning_rate, momentum
        self.v = [0.0 for _ in params]

    def step(self, grads):
        self.v = [self.momentum * v + g for v, g in zip(self.v, grads)]
        for p, v in zip(self.params, self.v):
            p -= self.learning_rate * v


# %% exercise="Momentum" way="made at the first step"
class Momentum:
    def __init__(self, params, learning_rate, momentum=0.9):
        self.params, self.options, self.v = params, (learning_rate, momentum), None

    def step(self, grads):
        rate, keep = self.options
        if self.v is None:
            self.v = [g.copy() for g in grads]
        else:
            for n, g in enumerate(grads):
                self.v[n] = keep * self.v[n] + g
        for p, v in zip(self.params, self.v):
            p += -rate * v


# %% exercise="Momentum" way="the rate inside the velocity"
class Momentum:
    def __init__(self, params, learning_rate, momentum=0.9):
        self.params = params
        self.learning_rate, self.momentum = learning_rate, momentum
        self.moves = {n: xp.zeros(p.shape) for n, p in enumerate(params)}

    def step(self, grads):
        for n, g in enumerate(grads):
            self.moves[n] = self.momentum * self.moves[n] - self.learning_rate * g
            self.params[n][...] += self.moves[n]


# %% exercise="Adam" way="as in the formulas"
class Adam:
    def __init__(self, params, learning_rate, betas=(0.9, 0.999), eps=1e-8):
        self.params, self.rate, self.eps = params, learning_rate, eps
        self.beta1, self.beta2 = betas
        self.m = [xp.zeros(p.shape) for p in params]
        self.v = [xp.zeros(p.shape) for p in params]
        self.t = 0

    def step(self, grads):
        self.t = self.t + 1
        for n in range(len(self.params)):
            g = grads[n]
            self.m[n] = self.beta1 * self.m[n] + (1 - self.beta1) * g
            self.v[n] = self.beta2 * self.v[n] + (1 - self.beta2) * g**2
            m = self.m[n] / (1 - self.beta1**self.t)
            v = self.v[n] / (1 - self.beta2**self.t)
            self.params[n] -= self.rate * m / (xp.sqrt(v) + self.eps)


# %% exercise="Adam" way="a state for each parameter, powers kept"
class Adam:
    def __init__(self, params, learning_rate, betas=(0.9, 0.999), eps=1e-8):
        self.learning_rate, self.betas, self.eps = learning_rate, betas, eps
        self.states = [{"p": p, "m": 0 * p, "v": 0 * p} for p in params]
        self.powers = [1.0, 1.0]

    def step(self, grads):
        self.powers = [power * b for power, b in zip(self.powers, self.betas)]
        c1, c2 = (1 - power for power in self.powers)
        for s, g in zip(self.states, grads):
            s["m"] += (1 - self.betas[0]) * (g - s["m"])
            s["v"] = s["v"] * self.betas[1] + g * g * (1 - self.betas[1])
            s["p"] -= self.learning_rate / c1 * s["m"] / ((s["v"] / c2) ** 0.5 + self.eps)


# %% exercise="Adam" way="the finished one"
class Adam:
    def __init__(self, params, learning_rate, betas=(0.9, 0.999), eps=1e-8):
        from helpers import optimizers

        self.inner = optimizers.Adam(params, learning_rate, betas, eps)

    def step(self, grads):
        self.inner.step(grads)


# %% exercise="Sequential" way="recursion"
class Flatten:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x):
        N, self.C, self.H, self.W = x.shape
        return x.reshape((N, self.C * self.H * self.W))

    def backward(self, dout):
        return dout.reshape((len(dout), self.C, self.H, self.W))


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        def through(x, layers):
            return through(layers[0].forward(x), layers[1:]) if layers else x

        return through(x, self.layers)

    def backward(self, dout):
        def back(dout, layers):
            return back(layers[-1].backward(dout), layers[:-1]) if layers else dout

        return back(dout, self.layers)

    def parameters(self):
        return sum((list(layer.params.values()) for layer in self.layers), [])

    def gradients(self):
        return sum(([x.grads[name] for name in x.params] for x in self.layers), [])


# %% exercise="Sequential" way="loops and an array filled by hand"
class Flatten:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x):
        self.x = x
        out = xp.zeros((x.shape[0], x.shape[1] * x.shape[2] * x.shape[3]), x.dtype)
        for n in range(len(x)):
            out[n] = x[n].ravel()
        return out

    def backward(self, dout):
        dx = xp.zeros_like(self.x)
        dx[...] = dout.reshape(self.x.shape)
        return dx


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        self.outputs = [x]
        for layer in self.layers:
            self.outputs.append(layer.forward(self.outputs[-1]))
        return self.outputs[-1]

    def backward(self, dout):
        n = len(self.layers) - 1
        while n >= 0:
            dout = self.layers[n].backward(dout)
            n -= 1
        return dout

    def parameters(self):
        found = []
        for layer in self.layers:
            for name in layer.params:
                found.append(layer.params[name])
        return found

    def gradients(self):
        found = []
        for layer in self.layers:
            for name in layer.params:
                found.append(layer.grads[name])
        return found


# %% exercise="Sequential" way="reduce, tuples"
class Flatten:
    def __init__(self):
        self.params, self.grads = {}, {}

    def forward(self, x):
        self.back = lambda dout: xp.stack([row.reshape(x.shape[1:]) for row in dout])
        return xp.stack([image.ravel() for image in x])

    def backward(self, dout):
        return self.back(dout)


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        from functools import reduce

        return reduce(lambda value, layer: layer.forward(value), self.layers, x)

    def backward(self, dout):
        from functools import reduce

        return reduce(lambda value, layer: layer.backward(value), self.layers[::-1], dout)

    def parameters(self):
        return [layer.params[name] for layer, name in self._names()]

    def gradients(self):
        return [layer.grads[name] for layer, name in self._names()]

    def _names(self):
        return [(layer, name) for layer in self.layers for name in layer.params]


# %% exercise="train" way="shuffled copies"
def train(model, optimizer, x, y, epochs, batch_size, rng):
    N, losses = len(x), []
    for _ in range(epochs):
        order = xp.asarray(rng.permutation(N))
        images, labels, surprise = x[order], y[order], 0
        first = 0
        while first < N:
            last = min(first + batch_size, N)
            loss, dz = cross_entropy(model.forward(images[first:last]), labels[first:last])
            model.backward(dz)
            optimizer.step(model.gradients())
            surprise = surprise + loss * (last - first)
            first = last
        losses.append(float(surprise) / N)
    return losses


# %% exercise="train" way="numbers shuffled in a list, parts of a list"
def train(model, optimizer, x, y, epochs, batch_size, rng):
    numbers, history = np.arange(len(x)), []
    for _ in range(epochs):
        rng.shuffle(numbers)
        each = []
        for part in np.split(numbers, range(batch_size, len(x), batch_size)):
            part = xp.asarray(part)
            z = model.forward(x[part])
            loss, dz = softmax_cross_entropy(z, y[part])
            model.backward(dz)
            optimizer.step(model.gradients())
            each += [float(loss)] * len(z)
        history.append(sum(each) / len(each))
    return history


# %% exercise="train" way="the finished batches, sorted random keys"
def train(model, optimizer, x, y, epochs, batch_size, rng):
    from helpers.training import batches

    means = []
    for _ in range(epochs):
        keys = xp.asarray(np.argsort(rng.random(len(x))))
        weighted = []
        for images, labels in batches(x[keys], y[keys], batch_size):
            loss, dz = cross_entropy(model.forward(images), labels)
            model.backward(dz)
            optimizer.step(model.gradients())
            weighted.append(float(loss) * len(labels) / len(x))
        means.append(sum(weighted))
    return means


# %% exercise="digit_reader" way="one layer of large filters, momentum"
def digit_reader(x, y, rng):
    model = Sequential(
        Conv2d(1, 16, 5, rng, padding=2),
        ReLU(),
        MaxPool2d(2),
        Flatten(),
        Linear(256, 10, rng),
    )
    train(model, Momentum(model.parameters(), 0.03), x, y, 15, 32, rng)
    return model


# %% exercise="digit_reader" way="finished parts only"
def digit_reader(x, y, rng):
    from helpers.training import train_epoch

    layers = [
        Conv2d(1, 8, 3, rng, padding=1),
        ReLU(),
        Conv2d(8, 16, 3, rng, padding=1),
        ReLU(),
    ]
    model = Chain(
        *layers, MaxPool2d(2), Flat(), Linear(256, 32, rng), ReLU(), Linear(32, 10, rng)
    )
    optimizer = optimizers.Adam(model.parameters(), 0.003)
    for _ in range(8):
        train_epoch(model, optimizer, x, y, 32, rng, progress=False)
    return model


# %% exercise="digit_reader" way="a loop of its own, falling learning rate"
def digit_reader(x, y, rng):
    model = Chain(
        Conv2d(1, 12, 3, rng, padding=1), ReLU(), MaxPool2d(2),
        Conv2d(12, 24, 3, rng, padding=1), ReLU(), MaxPool2d(2), Flat(), Linear(96, 10, rng),
    )  # fmt: skip
    optimizer = optimizers.Adam(model.parameters(), 0.005)
    for epoch in range(10):
        optimizer.learning_rate = 0.005 * (1 - epoch / 10)
        order = xp.asarray(rng.permutation(len(x)))
        for start in range(0, len(x), 24):
            part = order[start : start + 24]
            _, dz = cross_entropy(model.forward(x[part]), y[part])
            model.backward(dz)
            optimizer.step(model.gradients())
    return model

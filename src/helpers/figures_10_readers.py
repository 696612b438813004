"""The networks of lesson 10 and how they are trained, and a spy for its checks."""

from functools import cache

import numpy as np

from helpers import data, networks, optimizers, training
from helpers.backend import to_numpy, xp

EPOCHS, BATCH, RATE = 15, 32, 0.003
HIDDEN = 64
MODELS = ("convolution", "dense (MLP)", "linear")


class Chain(networks.Sequential):
    """The finished `Sequential` of lesson 10: layers, and lists of what they learn."""

    def parameters(self):
        """Return the parameters as a list, layer by layer."""
        return list(networks.parameters(self).values())

    def gradients(self):
        """Return their gradients in the same order."""
        return list(networks.gradients(self).values())


class Spy:
    """A network and an optimizer that learn nothing and write down what they are shown.

    An image is one pixel that holds its number i; its scores are 0, i / 4 and i / 2.

    Attributes
    ----------
    steps : list of (list of int, list of int)
        For each step the images of its batch, and the classes they were said to be.
    """

    def __init__(self):
        self.steps, self.images, self.labels = [], [], []

    def forward(self, x, train: bool = False):
        """Note the images and return their scores (N, 3)."""
        numbers = x.reshape(len(x))
        self.images = [round(n) for n in to_numpy(numbers).tolist()]
        return numbers[:, None] * xp.asarray([0.0, 0.25, 0.5])

    def backward(self, dout, need_dx: bool = True):
        """Note the classes: only the right one has a negative gradient."""
        self.labels = to_numpy(dout).argmin(axis=1).tolist()
        return dout.sum(axis=1)

    def parameters(self):
        """Return one parameter that nobody uses."""
        return [xp.zeros(1)]

    def gradients(self):
        """Return its gradient."""
        return [xp.zeros(1)]

    def step(self, grads):
        """Note that a step was taken."""
        self.steps.append((self.images, self.labels))
        self.labels = []


class Broken(networks.Flatten):
    """A Flatten whose way back is cut: it sends zeros."""

    def backward(self, dout, need_dx: bool = True):
        """Return zeros."""
        return 0 * super().backward(dout)


def build(kind: str, rng, size: int = 8, flatten=networks.Flatten):
    """Return an untrained network for images of size × size pixels.

    Its last layer begins with small weights, so that it begins without an opinion.
    """
    if kind == "linear":
        head, body = networks.Linear(size * size, 10, rng), [flatten()]
    elif kind == "dense (MLP)":
        body = [flatten(), networks.Linear(size * size, HIDDEN, rng), networks.ReLU()]
        head = networks.Linear(HIDDEN, 10, rng)
    else:
        head = networks.Linear(16 * (size // 4) ** 2, 10, rng)
        body = [networks.Conv2d(1, 8, 3, rng, padding=1), networks.ReLU()]
        body += [networks.MaxPool2d(2), networks.Conv2d(8, 16, 3, rng, padding=1)]
        body += [networks.ReLU(), networks.MaxPool2d(2), flatten()]
    head.params["w"] /= 10
    return Chain(*body, head)


def small_network(rng):
    """Return a small network in double precision, for checks: one convolution, one head."""
    conv = networks.Conv2d(1, 4, 3, rng, padding=1, dtype="float64")
    eyes = [conv, networks.ReLU(), networks.MaxPool2d(2), networks.Flatten()]
    return Chain(*eyes, networks.Linear(64, 10, rng, "float64"))


def finished_train(model, optimizer, x, y, epochs, batch_size, rng):
    """Train as the exercise asks; parameters that the optimizer lacks stay as they are."""
    count, means = len(optimizer.params), []
    for _ in range(epochs):
        total = 0.0
        for part_x, part_y in training.batches(x, y, batch_size, rng):
            loss = training.gradient_step(model, part_x, part_y)
            optimizer.step(model.gradients()[-count:])
            total += float(loss) * len(part_x)
        means.append(total / len(x))
    return means


def fitted(kind: str, x, y, seed: int, epochs: int = EPOCHS, frozen=False, **options):
    """Return a network, trained from a seed; `frozen` leaves all but the head as it was."""
    rng = np.random.default_rng(seed)
    model = build(kind, rng, x.shape[-1], **options)
    learned = model.parameters()[-2:] if frozen else model.parameters()
    finished_train(model, optimizers.Adam(learned, RATE), x, y, epochs, BATCH, rng)
    return model


def accuracy(model, x, y) -> float:
    """Return the share of images that a network reads."""
    return float((training.predict(model, x).argmax(1) == y).mean())


@cache
def reader():
    """Return the finished network, trained on the digits from seed 0."""
    digits = data.digits()
    return fitted("convolution", digits.x_train, digits.y_train, 0)


def moved(model, x, y) -> tuple[int, int]:
    """Take one step; return how many parameters it changed, and of how many."""
    before = [to_numpy(p).copy() for p in model.parameters()]
    training.gradient_step(model, x, y)
    optimizers.Adam(model.parameters(), RATE).step(model.gradients())
    after = [to_numpy(p) for p in model.parameters()]
    changed = [bool((p != q).any()) for p, q in zip(before, after, strict=True)]
    return sum(changed), len(changed)

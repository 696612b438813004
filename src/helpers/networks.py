"""Networks: the layers, the chain that joins them, and their arrays by name.

The layers with parameters stand in `helpers.trainable`. Built in lessons 10 and 12.
"""

from . import layers
from .trainable import BatchNorm2d, Conv2d, Layer, Linear

__all__ = [
    "BatchNorm2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalPool2d",
    "Layer",
    "Linear",
    "MaxPool2d",
    "ReLU",
    "Residual",
    "Sequential",
    "arrays",
    "gradients",
    "parameters",
    "walk",
]


class ReLU(Layer):
    """Zero where the input is negative."""

    def forward(self, x, train=False):
        """Return max(x, 0)."""
        self.out = layers.relu(x)
        return self.out

    def backward(self, dout, need_dx: bool = True):
        """Return dx."""
        return layers.relu_backward(dout, self.out)


class MaxPool2d(Layer):
    """Largest value of each window."""

    def __init__(self, size, stride=None):
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x, train=False):
        """Return the pooled maps."""
        self.x, self.out = x, layers.max_pool2d(x, self.size, self.stride)
        return self.out

    def backward(self, dout, need_dx: bool = True):
        """Return dx."""
        return layers.max_pool2d_backward(dout, self.x, self.size, self.stride, self.out)


class GlobalPool2d(Layer):
    """One number per map: its mean ("avg") or its maximum ("max")."""

    def __init__(self, kind: str = "avg"):
        super().__init__()
        self.kind = kind

    def forward(self, x, train=False):
        """Return (N, C)."""
        self.x = x
        return layers.global_pool2d(x, self.kind)

    def backward(self, dout, need_dx: bool = True):
        """Return dx."""
        return layers.global_pool2d_backward(dout, self.x, self.kind)


class Flatten(Layer):
    """All features of an image in one row."""

    def forward(self, x, train=False):
        """Return (N, D)."""
        self.shape = x.shape
        return layers.flatten(x)

    def backward(self, dout, need_dx: bool = True):
        """Return dx (N, C, H, W)."""
        return layers.flatten_backward(dout, self.shape)


class Dropout(Layer):
    """Drop a fraction `p` of the values while training.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws a new mask at each step.
    """

    def __init__(self, p: float, rng):
        super().__init__()
        self.p, self.rng = p, rng

    def forward(self, x, train=False):
        """Return the thinned values; all of them outside training."""
        out, self.mask = layers.dropout(x, self.p, self.rng, train)
        return out

    def backward(self, dout, need_dx: bool = True):
        """Return dx."""
        return layers.dropout_backward(dout, self.mask)


class Sequential(Layer):
    """Layers one after the other."""

    def __init__(self, *inner: Layer):
        super().__init__()
        self.layers = list(inner)

    def children(self):
        """Return the layers in order."""
        return self.layers

    def forward(self, x, train=False):
        """Return the output of the last layer."""
        for layer in self.layers:
            x = layer.forward(x, train)
        return x

    def backward(self, dout, need_dx: bool = True):
        """Return the gradient of the input; training on images does not need it."""
        for number in reversed(range(len(self.layers))):
            dout = self.layers[number].backward(dout, need_dx or number > 0)
        return dout


class Residual(Sequential):
    """A branch of layers added to its input: ``x + branch(x)``. Built in lesson 12.

    Parameters
    ----------
    shortcut : Layer, optional
        What brings the input to the branch's shape where they differ: a 1x1 `Conv2d`.

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition.
    """

    def __init__(self, *inner: Layer, shortcut: Layer | None = None):
        super().__init__(*inner)
        self.shortcut = shortcut

    def children(self):
        """Return the branch's layers, then the shortcut."""
        return self.layers + ([self.shortcut] if self.shortcut else [])

    def forward(self, x, train=False):
        """Return the sum of the branch and the shortcut."""
        branch = super().forward(x, train)
        return layers.add(branch, self.shortcut.forward(x, train) if self.shortcut else x)

    def backward(self, dout, need_dx: bool = True):
        """Return the sum of both paths' gradients."""
        branch, short = layers.add_backward(dout)
        short = self.shortcut.backward(short) if self.shortcut else short
        return layers.add(super().backward(branch), short)


def walk(model: Layer, prefix: str = ""):
    """Yield (name, layer) for every layer inside, depth first: "0", "1", "1.0", ..."""
    for number, child in enumerate(model.children()):
        yield f"{prefix}{number}", child
        yield from walk(child, f"{prefix}{number}.")


def parameters(model: Layer) -> dict:
    """Return all trained arrays by name, such as ``"0.w"``; a lone layer's are ``"w"``."""
    return collect(model, "params")


def gradients(model: Layer) -> dict:
    """Return the gradients of the last `backward`, named and ordered as `parameters`."""
    grads = collect(model, "grads")
    return {name: grads[name] for name in parameters(model)}


def arrays(model: Layer) -> dict:
    """Return the parameters and the running statistics by name: what is worth saving."""
    return parameters(model) | collect(model, "state")


def collect(model: Layer, kind: str) -> dict:
    """Gather one kind of dict from a layer and all layers inside it."""
    own = dict(getattr(model, kind))
    for path, layer in walk(model):
        own |= {f"{path}.{name}": a for name, a in getattr(layer, kind).items()}
    return own

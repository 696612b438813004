"""Layers with parameters of their own, and the chain that makes them a network.

Each layer is a class with `forward(x, train)`, `backward(dout)`, the dicts `params` and
`grads` (same names) and `state` (what is kept but not trained). Built in lessons 10 and 12.
"""

from . import layers
from .backend import to_backend, xp


class Layer:
    """A layer without parameters that remembers its input for the way back."""

    def __init__(self):
        self.params, self.grads, self.state = {}, {}, {}

    def forward(self, x, train: bool = False):
        """Return the output; keep what `backward` needs."""
        raise NotImplementedError

    def backward(self, dout, need_dx: bool = True):
        """Return dx, or None if not needed; write the parameters' gradients to `grads`."""
        raise NotImplementedError

    def children(self):
        """Return the layers inside this one."""
        return []


class Conv2d(Layer):
    """Convolution with He's initial filters and zero bias.

    Parameters
    ----------
    channels, filters : int
        C and F.
    size : int or (int, int)
        KH, KW in pixels.
    rng : numpy.random.Generator
        Draws the filters: normal, standard deviation sqrt(2 / (C/groups*KH*KW)).
    bias : bool
        False where batch normalisation follows: its beta does the same.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        size,
        rng,
        stride=1,
        padding=0,
        dilation=1,
        groups: int = 1,
        bias: bool = True,
        dtype: str = "float32",
    ):
        super().__init__()
        KH, KW = layers.windows.pair(size, "size")
        shape = (filters, channels // groups, KH, KW)
        self.params["w"] = he_normal(rng, shape, dtype)
        if bias:
            self.params["b"] = zeros(filters, dtype)
        self.options = stride, padding, dilation, groups

    def forward(self, x, train=False):
        """Return the feature maps (N, F, OH, OW)."""
        self.x = x
        return layers.conv2d(x, self.params["w"], self.params.get("b"), *self.options)

    def backward(self, dout, need_dx: bool = True):
        """Return dx, or None if not needed: the first layer has no one to tell."""
        w = self.params["w"]
        conv = layers.conv
        self.grads["w"] = conv.conv2d_filter_gradient(dout, self.x, w.shape, *self.options)
        if "b" in self.params:
            self.grads["b"] = conv.bias_gradient(dout)
        if need_dx:
            return conv.conv2d_input_gradient(dout, w, self.x.shape, *self.options)


class Linear(Layer):
    """Fully connected layer with He's initial weights and zero bias.

    Parameters
    ----------
    features, outputs : int
        D and F.
    rng : numpy.random.Generator
    """

    def __init__(self, features: int, outputs: int, rng, dtype: str = "float32"):
        super().__init__()
        self.params["w"] = he_normal(rng, (outputs, features), dtype)
        self.params["b"] = zeros(outputs, dtype)

    def forward(self, x, train=False):
        """Return the scores (N, F)."""
        self.x = x
        return layers.linear(x, self.params["w"], self.params["b"])

    def backward(self, dout, need_dx: bool = True):
        """Return dx (N, D)."""
        w = self.params["w"]
        dx, self.grads["w"], self.grads["b"] = layers.linear_backward(dout, self.x, w)
        return dx


class BatchNorm2d(Layer):
    """Batch normalisation over (N, H, W) of each channel."""

    def __init__(self, channels: int, momentum: float = 0.1, dtype: str = "float32"):
        super().__init__()
        self.params["gamma"] = zeros(channels, dtype) + 1
        self.params["beta"] = zeros(channels, dtype)
        self.state["mean"], self.state["var"] = (
            zeros(channels, dtype),
            zeros(channels, dtype) + 1,
        )
        self.momentum = momentum

    def forward(self, x, train=False):
        """Return the normalised maps; training updates the running statistics."""
        gamma, beta = self.params["gamma"], self.params["beta"]
        out, self.cache = layers.batch_norm(
            x, gamma, beta, self.state, train, self.momentum
        )
        return out

    def backward(self, dout, need_dx: bool = True):
        """Return dx (N, C, H, W)."""
        dx, dgamma, dbeta = layers.batch_norm_backward(dout, self.cache)
        self.grads["gamma"], self.grads["beta"] = dgamma, dbeta
        return dx


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


def he_normal(rng, shape, dtype):
    """Draw weights on the host, standard deviation sqrt(2 / inputs of one output)."""
    inputs = 1
    for n in shape[1:]:
        inputs *= n
    return to_backend((rng.standard_normal(shape) * (2 / inputs) ** 0.5).astype(dtype))


def zeros(n: int, dtype):
    """Return n zeros in the library in use."""
    return xp.zeros(n, dtype)

"""What a layer of a network is, and the layers that learn: with parameters of their own.

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


def he_normal(rng, shape, dtype):
    """Draw weights on the host, standard deviation sqrt(2 / inputs of one output)."""
    inputs = 1
    for n in shape[1:]:
        inputs *= n
    return to_backend((rng.standard_normal(shape) * (2 / inputs) ** 0.5).astype(dtype))


def zeros(n: int, dtype):
    """Return n zeros in the library in use."""
    return xp.zeros(n, dtype)

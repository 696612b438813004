"""The finished layers, forward and backward, on NumPy and CuPy.

Images are logically (N, C, H, W); results are views of (H, W, C, N) memory, the order in
which the next layer is fastest. Every memory order is accepted, no input is changed, and
float32 stays float32.
"""

from .conv import conv2d, conv2d_backward
from .dense import (
    add,
    add_backward,
    flatten,
    flatten_backward,
    linear,
    linear_backward,
    relu,
    relu_backward,
)
from .norm import batch_norm, batch_norm_backward, dropout, dropout_backward
from .pool import (
    avg_pool2d,
    avg_pool2d_backward,
    global_pool2d,
    global_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from .variants import (
    conv1d,
    conv1d_backward,
    conv3d,
    conv3d_backward,
    conv_transpose2d,
    conv_transpose2d_backward,
)
from .windows import out_size

__all__ = [
    "add",
    "add_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "conv1d",
    "conv1d_backward",
    "conv2d",
    "conv2d_backward",
    "conv3d",
    "conv3d_backward",
    "conv_transpose2d",
    "conv_transpose2d_backward",
    "dropout",
    "dropout_backward",
    "flatten",
    "flatten_backward",
    "global_pool2d",
    "global_pool2d_backward",
    "linear",
    "linear_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "out_size",
    "relu",
    "relu_backward",
]

"""Six famous networks, written down layer by layer, and what each of their layers costs.

A layer is a tuple of its kind and its sizes: ``("conv", F, KH, KW, stride, padding,
groups)``, ``("conv_bn", ...)`` alike, ``("pool", KH, KW, stride, padding)``,
``("global_pool",)``, ``("dense", units)`` and ``("residual", layers, shortcut)``. What has
neither parameters nor multiplications (ReLU, dropout, softmax) is left out.
"""

from dataclasses import dataclass

from .layers import out_size

CONVOLUTIONS = ("conv", "conv_bn")


@dataclass(frozen=True)
class Network:
    """A network for images of one size.

    Attributes
    ----------
    layers : list of tuple
    shape : tuple of int
        ``(C, H, W)`` of one image.
    year : int
        Of its paper.
    accuracy : float or None
        Share of the validation images of ImageNet (1,000 classes) whose class it names
        right, in per cent, as published; None where it was made for other images.
    source : str
        Where the accuracy was published.
    """

    layers: list
    shape: tuple
    year: int
    accuracy: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Cost:
    """What one layer makes and takes: its place in the network, parameters and MACs."""

    place: str
    kind: str
    out_shape: tuple
    params: int
    macs: int


def conv(F: int, k: int, stride: int = 1, padding: int = 0, groups: int = 1):
    """Return a convolution of k × k with a bias for each filter."""
    return "conv", F, k, k, stride, padding, groups


def conv_bn(F: int, k: int, stride: int = 1, padding: int = 0, groups: int = 1):
    """Return a convolution of k × k with batch normalisation in place of the bias."""
    return "conv_bn", F, k, k, stride, padding, groups


def lenet5():
    """Return LeNet-5 in today's form: every filter of layer 2 sees all six maps."""
    pool = ("pool", 2, 2, 2, 0)
    layers = [conv(6, 5, padding=2), pool, conv(16, 5), pool]
    return [*layers, ("dense", 120), ("dense", 84), ("dense", 10)]


def alexnet():
    """Return AlexNet as it ran on two cards: layers 2, 4 and 5 are split in two groups."""
    pool = ("pool", 3, 3, 2, 0)
    layers = [conv(96, 11, 4), pool, conv(256, 5, 1, 2, 2), pool, conv(384, 3, 1, 1)]
    layers += [conv(384, 3, 1, 1, 2), conv(256, 3, 1, 1, 2), pool]
    return [*layers, ("dense", 4096), ("dense", 4096), ("dense", 1000)]


def vgg16():
    """Return VGG-16: thirteen convolutions of 3 × 3, a pool after each stage."""
    layers = []
    for F, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += [conv(F, 3, 1, 1)] * depth + [("pool", 2, 2, 2, 0)]
    return [*layers, ("dense", 4096), ("dense", 4096), ("dense", 1000)]


def basic_block(F: int, stride: int):
    """Return two convolutions of 3 × 3: the inside of a block of ResNet-18."""
    return [conv_bn(F, 3, stride, 1), conv_bn(F, 3, 1, 1)]


def bottleneck(F: int, stride: int):
    """Return 1 × 1, 3 × 3, 1 × 1: the inside of a block of ResNet-50; F maps come out.

    The stride is in the 3 × 3, as in today's versions; the paper has it in the first layer.
    """
    return [conv_bn(F // 4, 1), conv_bn(F // 4, 3, stride, 1), conv_bn(F, 1)]


def resnet(block, stages):
    """Return a ResNet: a stem, stages of (F, blocks), a global pool, 1,000 classes."""
    layers, C = [conv_bn(64, 7, 2, 3), ("pool", 3, 3, 2, 1)], 64
    for n, (F, depth) in enumerate(stages):
        for position in range(depth):
            stride = 2 if n > 0 and position == 0 else 1
            shortcut = [] if (C, stride) == (F, 1) else [conv_bn(F, 1, stride)]
            layers.append(("residual", block(F, stride), shortcut))
            C = F
    return [*layers, ("global_pool",), ("dense", 1000)]


def mobilenet():
    """Return MobileNetV1: thirteen depthwise separable convolutions of 3 × 3."""
    layers, C = [conv_bn(32, 3, 2, 1)], 32
    steps = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
    for F, stride in [*steps, *[(512, 1)] * 5, (1024, 2), (1024, 1)]:
        layers += [conv_bn(C, 3, stride, 1, groups=C), conv_bn(F, 1)]
        C = F
    return [*layers, ("global_pool",), ("dense", 1000)]


SMALL, LARGE = [(64, 2), (128, 2), (256, 2), (512, 2)], [(256, 3), (512, 4)]
LARGE += [(1024, 6), (2048, 3)]
PHOTO, TORCHVISION = (3, 224, 224), "torchvision, one view of each image"
NETWORKS = {
    "LeNet-5": Network(lenet5(), (1, 28, 28), 1998),
    "AlexNet": Network(
        alexnet(), (3, 227, 227), 2012, 59.3, "its paper, ten views of each image"
    ),
    "VGG-16": Network(vgg16(), PHOTO, 2014, 71.6, TORCHVISION),
    "ResNet-18": Network(resnet(basic_block, SMALL), PHOTO, 2015, 69.8, TORCHVISION),
    "ResNet-50": Network(resnet(bottleneck, LARGE), PHOTO, 2015, 76.1, TORCHVISION),
    "MobileNetV1": Network(mobilenet(), PHOTO, 2017, 70.6, "its paper"),
}


def cost_of(layers, shape, place: str = ""):
    """Yield the `Cost` of every layer, those inside residual blocks one by one.

    Built in lesson 11.

    Parameters
    ----------
    layers : list of tuple
    shape : tuple of int
        ``(C, H, W)`` of one image.

    Raises
    ------
    ValueError
        A layer does not fit what it is given; the message names the layer and both sizes.
    """
    for number, (kind, *sizes) in enumerate(layers, 1):
        here = f"{place}{number}"
        try:
            if kind == "residual":
                main, shortcut = (
                    list(cost_of(part, shape, f"{here}{letter}"))
                    for part, letter in zip(sizes, ("a", "b"), strict=True)
                )
                yield from main + shortcut
                ends = [part[-1].out_shape if part else shape for part in (main, shortcut)]
                if ends[0] != ends[1]:
                    raise ValueError(
                        f"the block makes {ends[0]} but its shortcut {ends[1]}: give it a "
                        "shortcut of one 1 × 1 convolution with the block's F and stride."
                    )
                shape = ends[0]
            else:
                shape, params, macs = one_layer(kind, sizes, shape)
                yield Cost(here, kind, shape, params, macs)
        except (ValueError, TypeError) as error:
            if str(error).startswith("Layer "):
                raise
            raise ValueError(f"Layer {here}, {(kind, *sizes)}: {error}") from error


def one_layer(kind: str, sizes, shape):
    """Return (out_shape, params, macs) of one layer that holds no others."""
    if kind == "dense":
        inputs = 1
        for size in shape:
            inputs *= size
        return (sizes[0],), (inputs + 1) * sizes[0], inputs * sizes[0]
    if len(shape) != 3:
        raise ValueError(f"it needs maps (C, H, W) but is given {shape}.")
    if kind == "global_pool":
        return shape[:1], 0, 0
    C, H, W = shape
    if kind == "pool":
        KH, KW, stride, padding = sizes
        F = C
    elif kind in CONVOLUTIONS:
        F, KH, KW, stride, padding, groups = sizes
        if C % groups or F % groups:
            raise ValueError(f"{groups} groups must divide {C} channels and {F} filters.")
    else:
        raise ValueError(f"no layer is called {kind!r}.")
    OH, OW = (out_size(n, k, padding, padding, stride) for n, k in ((H, KH), (W, KW)))
    if kind == "pool":
        return (C, OH, OW), 0, 0
    fan_in = C // groups * KH * KW  # weights of one filter
    return (F, OH, OW), F * (fan_in + 1 + (kind == "conv_bn")), F * fan_in * OH * OW

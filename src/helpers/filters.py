"""Finished filters for single images, as lessons 01 to 05 build them."""

from helpers.backend import array_module, xp
from helpers.layers import conv2d

KERNELS = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "box": [[1 / 9] * 3] * 3,
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "sobel_x": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sobel_y": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "laplacian": [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
}
BORDERS = {"zero": "constant", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}


def shifted(images, dy: int, dx: int, fill=0):
    """Move images down by `dy` rows and right by `dx` columns. Built in lesson 01.

    Parameters
    ----------
    images : array (..., H, W)
    dy, dx : int
        Pixels; negative numbers move up and left.
    fill : number
        The value of the pixels that become free.

    Returns
    -------
    array (..., H, W)
    """
    H, W = images.shape[-2:]
    out = array_module(images).full_like(images, fill)
    into = (..., _overlap(H, dy), _overlap(W, dx))
    out[into] = images[..., _overlap(H, -dy), _overlap(W, -dx)]
    return out


def _overlap(n: int, step: int) -> slice:
    """Return where n pixels, moved by `step`, still lie inside the frame of n."""
    return slice(max(step, 0), max(n + min(step, 0), 0))


def filter2d(image, kernel):
    """Correlate one image with one kernel, without padding. Built in lesson 03.

    It adds up shifted copies of the image, one for each weight.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
        At most as large as the image.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)

    Raises
    ------
    ValueError
        A shape has not two axes, or the kernel is larger than the image.
    """
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError(
            f"image and kernel need two axes, but have the shapes {image.shape} and "
            f"{kernel.shape}. Write weights w as w[:, None] for a column and as w[None, :] "
            "for a row."
        )
    (H, W), (KH, KW) = image.shape, kernel.shape
    if KH > H or KW > W:
        raise ValueError(
            f"the kernel {kernel.shape} is larger than the image {image.shape}; "
            "no window fits. Use a smaller kernel or a larger image."
        )
    out = array_module(image).zeros((H - KH + 1, W - KW + 1))
    for p in range(KH):
        for q in range(KW):
            out += kernel[p, q] * image[p : p + H - KH + 1, q : q + W - KW + 1]
    return out


def sobel_slopes(image):
    """Return how fast the brightness grows to the right and downwards.

    Built in lesson 03.

    Parameters
    ----------
    image : array (H, W)

    Returns
    -------
    gx, gy : array (H - 2, W - 2)
        Eight times the slope, in brightness per pixel, as Sobel's kernels give it.
    """
    array = array_module(image).array
    return tuple(filter2d(image, array(KERNELS[name])) for name in ("sobel_x", "sobel_y"))


def with_border(image, padding: int, mode: str = "zero"):
    """Put a border of `padding` pixels around an image. Built in lesson 04.

    Parameters
    ----------
    image : array (H, W)
    padding : int
        Pixels on each of the four sides.
    mode : str
        ``"zero"``, ``"edge"``, ``"reflect"`` or ``"wrap"``.

    Returns
    -------
    array (H + 2 * padding, W + 2 * padding)

    Raises
    ------
    ValueError
        For any other mode.
    """
    if mode not in BORDERS:
        raise ValueError(f"there is no mode {mode!r}; choose one of {', '.join(BORDERS)}.")
    return array_module(image).pad(image, padding, mode=BORDERS[mode])


def window_counts(H: int, W: int, kernel, stride=(1, 1), padding: int = 0):
    """Count in how many windows each pixel of an image lies. Built in lesson 04.

    Parameters
    ----------
    H, W : int
        Rows and columns of the image.
    kernel, stride : (int, int)
        Rows and columns, in pixels.
    padding : int
        Pixels of border on each of the four sides.

    Returns
    -------
    array (H, W)
        Whole numbers.
    """

    def along(n, k, step):
        starts = xp.arange(-padding, n + padding - k + 1, step)
        place = xp.arange(n)[:, None]
        return ((starts <= place) & (place < starts + k)).sum(axis=1)

    rows, columns = map(along, (H, W), kernel, stride)
    return rows[:, None] * columns


def correlate(image, kernel, stride=1, padding=0, dilation=1):
    """Correlate one image with one kernel, with every option. Built in lesson 05.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
    stride, padding, dilation : int or (rows, columns)
        In pixels.

    Returns
    -------
    array (OH, OW)

    Raises
    ------
    ValueError
        The kernel, with its dilation, spans more than the padded image.
    """
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return conv2d(image[None, None], kernel[None, None], **options)[0, 0]

"""Figures of lesson 01, and the shift that its experiments use."""

from helpers.backend import array_module


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
    out[..., _overlap(H, dy), _overlap(W, dx)] = images[..., _overlap(H, -dy), _overlap(W, -dx)]
    return out


def _overlap(n: int, step: int) -> slice:
    """Return where n pixels, moved by `step`, still lie inside the frame of n."""
    return slice(max(step, 0), max(n + min(step, 0), 0))

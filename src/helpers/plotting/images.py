"""Pictures of photographs, digits, feature maps and kernels."""

import math

import numpy as np

from helpers.backend import to_numpy
from helpers.plotting.arrays import (
    cell_size,
    cell_texts,
    draw_cells,
    limits_of,
    match_titles,
)
from helpers.plotting.page import check_alt, figures_off, new_figure, show, style

SMALL = 64  # pixels; below this an enlarged pixel keeps its sharp edges
PHOTO_SHARPNESS = 1.2  # photographs make large files, and nobody reads their pixels


def as_image(image):
    """Return a host image as (H, W) or (H, W, 3), channels last.

    Raises
    ------
    ValueError
        The shape is none of (H, W), (H, W, 3), (1, H, W) and (3, H, W).
    """
    image = to_numpy(image)
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3):
        return image
    if image.ndim == 3 and image.shape[0] in (1, 3):
        return image[0] if image.shape[0] == 1 else np.moveaxis(image, 0, 2)
    raise ValueError(
        "An image has the shape (H, W), (H, W, 3), (1, H, W) or (3, H, W), not "
        f"{image.shape}."
    )


def grid_of_axes(shapes, ncols: int, size: float, titles, same_cells: bool = False):
    """Return a figure and one axes per image in a grid.

    Parameters
    ----------
    shapes : list of (rows, columns, …)
    ncols : int
    size : float
        Inches of the widest image.
    titles : list of str
    same_cells : bool
        Draw the pixels of all images equally large, instead of the images equally wide.
    """
    nrows = math.ceil(len(shapes) / ncols)
    widest = max(s[1] for s in shapes)
    scale = [s[1] / widest if same_cells else 1.0 for s in shapes]
    aspect = max(k * s[0] / s[1] for k, s in zip(scale, shapes, strict=True))
    lines = max((t.count("\n") + 1 for t in titles if t), default=0)
    gap, head = 0.12, 0.08 + 0.2 * lines
    width = ncols * (size + gap) + gap
    cell = size * aspect + head + gap
    fig, axes = new_figure(width, nrows * cell + gap), []
    height = nrows * cell + gap
    for n, (shape, k) in enumerate(zip(shapes, scale, strict=True)):
        wide, tall = size * k, size * k * shape[0] / shape[1]
        left = gap + (n % ncols) * (size + gap) + (size - wide) / 2
        low = gap + (nrows - 1 - n // ncols) * cell + (size * aspect - tall) / 2
        box = [left / width, low / height, wide / width, tall / height]
        axes.append(fig.add_axes(box))
    return fig, axes


def draw_image(ax, image, limits, cmap):
    """Draw one image without ticks; colour images ignore the map."""
    smooth = "nearest" if max(image.shape[:2]) <= SMALL else "antialiased"
    if image.ndim == 3:
        whole = image.dtype.kind in "ui"
        ax.imshow(image if whole else np.clip(image, 0, 1), interpolation=smooth)
    else:
        ax.imshow(
            np.asarray(image, float), cmap=cmap, vmin=limits[0], vmax=limits[1],
            interpolation=smooth,
        )  # fmt: skip
    ax.set(xticks=[], yticks=[])
    for side in ax.spines.values():
        side.set(visible=True, color="0.7", linewidth=0.6)


def show_images(
    images, titles=None, alt: str | None = None, caption: str | None = None, *,
    ncols: int | None = None, shared_scale: bool = True, limits=None, cmap: str = "gray",
    size: float | None = None,
):  # fmt: skip
    """Draw grey or colour images in a grid.

    Parameters
    ----------
    images : list of (H, W), (H, W, 3), (1, H, W) or (3, H, W)
        Or one array of them. Colour as uint8, or as floats from 0 to 1.
    titles : list of str, optional
    alt : str, optional
        Without it titles and sizes are put into words.
    caption : str, optional
    ncols : int, optional
        Columns; by default at most 6.
    shared_scale : bool
        One grey scale for all grey images, or one each.
    limits : (float, float), optional
        The values drawn darkest and brightest.
    cmap : str
        ``gray`` for pictures, ``cividis`` for feature maps.
    size : float, optional
        Width of one image in inches.

    Raises
    ------
    ValueError
        A shape is no image, or the titles do not match.
    """
    images = [as_image(image) for image in images]
    titles = match_titles(images, titles, "images")
    alt = check_alt(alt if alt is not None else describe_images(images, titles))
    if figures_off():
        return
    ncols = min(ncols or 6, len(images))
    size = size or min(2.6, 7.8 / ncols)
    grey = [image for image in images if image.ndim == 2]
    common = limits or (limits_of(grey) if shared_scale and grey else None)
    with style():
        fig, axes = grid_of_axes([i.shape for i in images], ncols, size, titles)
        for ax, image, title in zip(axes, images, titles, strict=True):
            draw_image(ax, image, common or limits_of([image]), cmap)
            ax.set_title(title, pad=4, fontsize=10 if size > 1 else 9)
    large = max(max(image.shape[:2]) for image in images) > SMALL
    show(fig, alt, caption, sharpness=PHOTO_SHARPNESS if large else None)


def describe_images(images, titles) -> str:
    """Return images in words."""
    if len({i.shape for i in images}) == 1 and len(images) > 8:
        H, W = images[0].shape[:2]
        named = ", ".join(t for t in titles if t)
        return f"{len(images)} images of {H} by {W} pixels: {named}".rstrip(": ") + "."
    words = [
        f"{t or f'image {n}'} ({i.shape[0]} by {i.shape[1]} pixels)"
        for n, (t, i) in enumerate(zip(titles, images, strict=True), 1)
    ]
    return f"{len(images)} images: " + ", ".join(words) + "."


def show_kernels(
    kernels, names=None, alt: str | None = None, caption: str | None = None, *,
    ncols: int | None = None, numbers: bool = True, shared_scale: bool = False,
):  # fmt: skip
    """Draw kernels with zero in white, positive weights in red, negative in blue.

    Parameters
    ----------
    kernels : list of (KH, KW) or (1, KH, KW)
        Or one array of them.
    names : list of str, optional
    alt : str, optional
        Without it the weights are put into words.
    caption : str, optional
    ncols : int, optional
        Columns; by default as many as fit.
    numbers : bool
        Write the weights into the cells; kernels above 9 by 9 are drawn without.
    shared_scale : bool
        One colour scale for all kernels, or one each.
    """
    kernels = [as_image(k) for k in kernels]
    names = match_titles(kernels, names, "kernels")
    alt = check_alt(alt if alt is not None else describe_kernels(kernels, names))
    if figures_off():
        return
    numbers = numbers and max(k.size for k in kernels) <= 81
    side = max(k.shape[1] for k in kernels)
    size = cell_size(kernels) * side if numbers else 0.9
    ncols = min(ncols or max(1, int(8 / (size + 0.12))), len(kernels))
    with style():
        fig, axes = grid_of_axes(
            [k.shape for k in kernels], ncols, size, names, same_cells=True
        )
        for ax, kernel, name in zip(axes, kernels, names, strict=True):
            limits = limits_of(kernels if shared_scale else [kernel], symmetric=True)
            texts = cell_texts(kernel) if numbers else None
            draw_cells(ax, kernel, limits, "RdBu_r", texts, grid=numbers, index=False)
            ax.set_title(name, pad=4)
    show(fig, alt, caption)


def describe_kernels(kernels, names) -> str:
    """Return small kernels with their weights, others by their size."""
    from helpers.plotting.arrays import describe_array

    if sum(k.size for k in kernels) > 200:
        sizes = sorted({f"{k.shape[0]} by {k.shape[1]}" for k in kernels})
        return f"{len(kernels)} kernels of {' and '.join(sizes)} weights."
    words = [
        describe_array(name or f"kernel {n}", k)
        for n, (name, k) in enumerate(zip(names, kernels, strict=True), 1)
    ]
    return "Kernels. " + ". ".join(words) + "."

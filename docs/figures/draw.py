"""Draw the README figure with the course's own code: ``python docs/figures/draw.py``."""

from pathlib import Path

from helpers import data, plotting
from helpers.backend import to_numpy, xp
from helpers.filters import KERNELS, filter2d
from helpers.plotting.images import draw_image

HERE = Path(__file__).parent
SHOWN = {"box": 6, "sharpen": 1, "sobel_x": 1, "laplacian": 1}  # name: times in a row


def draw_kernels() -> bytes:
    """Return a PNG: a photograph above, four kernels and what each makes of it below."""
    grey = data.sample_photo(shrink=2).grey
    with plotting.style():
        fig = plotting.new_figure(9.2, 4.4)
        grid = fig.add_gridspec(2, 5, height_ratios=[1, 2.3], wspace=0.1, hspace=0.12)
        photo = fig.add_subplot(grid[1, 0])
        draw_image(photo, to_numpy(grey), (0, float(grey.max())), "gray")
        photo.set_title("the photograph", pad=5)
        words = fig.add_subplot(grid[0, 0])
        words.set_axis_off()
        words.text(
            0.5, 0.5, "nine weights,\nthe same at\nevery pixel", ha="center", va="center"
        )
        for column, (name, times) in enumerate(SHOWN.items(), start=1):
            kernel = xp.asarray(KERNELS[name])
            out = grey
            for _ in range(times):
                out = filter2d(out, kernel)
            values = to_numpy(out)
            reach = float(abs(values).max()) * 0.5
            signed = float(kernel.sum()) < 0.5
            limits = (-reach, reach) if signed else (0, float(grey.max()))
            draw_image(fig.add_subplot(grid[1, column]), values, limits, "gray")
            top = fig.add_subplot(grid[0, column])
            draw_kernel(
                top, to_numpy(kernel), name if times == 1 else f"{name}, {times} times"
            )
        return plotting.to_png(fig, 1.6)


def draw_kernel(ax, kernel, name):
    """Write a kernel's weights into a grid of cells."""
    ax.imshow(
        kernel, cmap="PuOr", vmin=-abs(kernel).max() * 1.6, vmax=abs(kernel).max() * 1.6
    )
    for (i, j), weight in sorted((tuple(at), kernel[tuple(at)]) for at in indices(kernel)):
        ax.text(
            j, i, "1/9" if 0 < weight < 0.2 else f"{weight:g}", ha="center", va="center"
        )
    ax.set(title=name, xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def indices(kernel):
    """Return all index pairs of a kernel."""
    KH, KW = kernel.shape
    return [(i, j) for i in range(KH) for j in range(KW)]


if __name__ == "__main__":
    (HERE / "kernels.png").write_bytes(draw_kernels())

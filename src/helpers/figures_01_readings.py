"""What a network of lesson 01 reads while a digit moves.

``python -m helpers.figures_01_readings FOLDER`` draws the head of the lesson.
"""

import sys
from pathlib import Path

from helpers.backend import to_numpy
from helpers.filters import shifted
from helpers.plotting import animate, new_figure, style, to_png

DIGIT = 5  # a test image that looks like what it is, to people


def _draw_reading(fig, image, chances, label, place, boxes):
    """Draw a digit and, beside it, how probable a network finds each class."""
    picture, chart = (fig.add_axes(box) for box in boxes)
    picture.imshow(image, cmap="gray_r", vmin=0, vmax=1)
    picture.set(xticks=[], yticks=[])
    picture.spines[:].set(visible=True, color="0.7", linewidth=0.6)
    best = int(chances.argmax())
    picture.set_title(f"{place}:\nread as {best}", fontsize=11, pad=6)
    bars = chart.barh(range(10), chances, height=0.72, color="C0")
    bars[label].set(hatch="////", edgecolor="black", facecolor="C1")
    chart.set(xlim=(0, 1.5), ylim=(9.6, -0.6), xticks=[], yticks=range(10))
    chart.tick_params(axis="y", length=0)
    chart.spines[["left", "bottom"]].set_visible(False)
    percent = 100 * float(chances[best])
    value = "over 99 %" if percent > 99 else f"{percent:.0f} %"
    chart.text(chances[best] + 0.03, best, value, va="center", fontsize=9)


def _place(dx: int) -> str:
    """Return a sideways shift in words."""
    if dx == 0:
        return "as it was written"
    return f"{abs(dx)} pixel{'s' * (abs(dx) > 1)} to the {'right' if dx > 0 else 'left'}"


def _readings(predict, image, steps):
    """Return (place, host image, probabilities) for sideways shifts."""
    moved = [shifted(image, 0, dx) for dx in steps]
    chances = [to_numpy(predict.probabilities(x[None]))[0] for x in moved]
    return list(zip(map(_place, steps), map(to_numpy, moved), chances, strict=True))


def show_readings(predict, image, label: int, m: int = 3):
    """Let a digit move sideways, and show what a network reads at each step.

    Parameters
    ----------
    predict : function with `probabilities`
    image : array (H, W)
        From 0 (paper) to 1 (ink).
    label : int
        What the digit is; its bar is hatched.
    m : int
        Pixels to the left and to the right.
    """
    readings = _readings(predict, image, range(-m, m + 1))
    words = [f"{place}: read as {int(chances.argmax())}" for place, _, chances in readings]

    def draw(reading):
        fig = new_figure(5.4, 2.9)
        boxes = [0.03, 0.05, 0.42, 0.78], [0.52, 0.05, 0.47, 0.9]
        place, host, chances = reading
        _draw_reading(fig, host, chances, label, place, boxes)
        return fig

    animate(
        draw, readings,
        f"A handwritten {label} moves from left to right, pixel by pixel, beside the ten "
        f"probabilities of a network. {'; '.join(words)}.",
        f"Step through the shifts. The hatched bar is the right class, {label}.",
        labels=words, first=m,
    )  # fmt: skip


def opening(predict, image, label: int):
    """Return the figure at the head of the lesson: a digit, and the same one pixel further.

    Parameters
    ----------
    predict : function with `probabilities`
    image : array (H, W)
    label : int
    """
    with style():
        fig = new_figure(8.2, 2.7)
        for n, reading in enumerate(_readings(predict, image, (0, 1))):
            left = 0.01 + 0.52 * n
            boxes = [left, 0.02, 0.23, 0.8], [left + 0.27, 0.02, 0.2, 0.8]
            place, host, chances = reading
            _draw_reading(fig, host, chances, label, place, boxes)
    return fig


def draw_opening(folder: Path):
    """Write ``opening.png``, the picture at the head of the lesson, into a folder."""
    from helpers.data import digits
    from helpers.predictors import digit_mlp

    data = digits()
    fig = opening(digit_mlp(seed=0), data.x_test[DIGIT, 0], int(data.y_test[DIGIT]))
    (folder / "opening.png").write_bytes(to_png(fig))


if __name__ == "__main__":
    draw_opening(Path(sys.argv[1]))

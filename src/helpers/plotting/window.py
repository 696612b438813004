"""One filter position as data: what it covers, what it multiplies, what it sums to."""

import numpy as np

from helpers.backend import to_numpy
from helpers.plotting.arrays import as_rows, number_text

SHORT = 9  # products that fit into one line


def pair(value) -> tuple[int, int]:
    """Return (rows, columns) of an option that may be one number for both."""
    return (value, value) if np.ndim(value) == 0 else tuple(value)


class Window:
    """The cells of one filter position, and the sum of its products.

    Parameters
    ----------
    image : (H, W) or (L,)
    kernel : (KH, KW) or (K,)
    output : (OH, OW) or (OL,)
        What the filter gave; NaN cells stay empty.
    stride, padding, dilation : int or (rows, columns)
        For signals they count along the signal.
    """

    def __init__(self, image, kernel, output, stride=1, padding=0, dilation=1):
        self.is_signal = to_numpy(image).ndim == 1
        self.kernel, self.output = as_rows(kernel), as_rows(output)
        along = (lambda v, rest: (rest, v)) if self.is_signal else (lambda v, rest: pair(v))
        self.stride, self.dilation = along(stride, 1), along(dilation, 1)
        self.padding = along(padding, 0)
        before = [(p, p) for p in self.padding]
        self.image = np.pad(as_rows(image), before)
        self.padded = "zero-padded " if any(self.padding) else ""

    def place(self, i: int, j: int):
        """Return the first row and column under the window, in the padded image."""
        top, left = i * self.stride[0], j * self.stride[1]
        rows, columns = self.span()
        OH, OW = self.output.shape
        inside = top + rows <= self.image.shape[0] and left + columns <= self.image.shape[1]
        if not (0 <= i < OH and 0 <= j < OW and inside):
            raise ValueError(
                f"Output index ({i}, {j}) is outside: the output is {OH} by {OW}, and the "
                f"window of {rows} by {columns} must fit an input of {self.image.shape}."
            )
        return top, left

    def span(self) -> tuple[int, int]:
        """Return how many rows and columns the window covers."""
        return tuple(
            (k - 1) * d + 1 for k, d in zip(self.kernel.shape, self.dilation, strict=True)
        )

    def cells(self, i: int, j: int):
        """Return the (KH, KW) input values that the kernel meets."""
        top, left = self.place(i, j)
        rows, columns = self.span()
        return self.image[
            top : top + rows : self.dilation[0], left : left + columns : self.dilation[1]
        ]

    def total(self, i: int, j: int) -> float:
        """Return the sum of products, after comparing it with the output given."""
        total = (self.cells(i, j) * self.kernel).sum()
        given = self.output[i, j]
        if not np.isnan(given) and not np.isclose(given, total, rtol=1e-3, atol=1e-6):
            raise ValueError(
                f"output[{i}, {j}] is {given:g}, but the window times the kernel sums to "
                f"{total:g}. Give the output of this kernel, stride and padding."
            )
        return total

    def shape_text(self, array) -> str:
        """Return the shape as NumPy prints it."""
        H, W = array.shape
        return f"({W},)" if self.is_signal else f"({H}, {W})"

    def index_text(self, i: int, j: int) -> str:
        """Return the output index as the learner writes it."""
        return f"[{j}]" if self.is_signal else f"[{i}, {j}]"

    def sentence(self, i: int, j: int) -> list[str]:
        """Return the sum of products in words, one line per row of the kernel."""
        lines = []
        for row, weights in zip(self.cells(i, j), self.kernel, strict=True):
            pairs = zip(row, weights, strict=True)
            lines.append(" + ".join(f"{factor(a)}·{factor(b)}" for a, b in pairs))
        if self.kernel.size <= SHORT:
            lines = [" + ".join(lines)]
        lines = [("+ " if n else "") + line for n, line in enumerate(lines)]
        lines[-1] += f" = {number_text(self.total(i, j))}"
        return lines


def factor(value) -> str:
    """Return a number as a factor: negative ones in brackets."""
    text = number_text(value)
    return f"({text})" if text.startswith("−") else text

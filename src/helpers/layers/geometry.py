"""The sizes of one convolution, checked once, and the cut of its work into bands."""

from ..backend import array_module
from .windows import out_size, pad, pair, sides, slide

BAND_BYTES = 1024 * 1024  # what one band may occupy: half of a level-2 cache or all of it


class Geometry:
    """Sizes and options of one convolution: N C H W F KH KW OH OW, G groups.

    Raises
    ------
    ValueError
        The shapes do not fit each other; the message quotes both.
    """

    def __init__(self, x_shape, w_shape, stride, padding, dilation, groups):
        for name, shape, axes in (
            ("x", x_shape, "(N, C, H, W)"),
            ("w", w_shape, "(F, C / groups, KH, KW)"),
        ):
            if len(shape) != 4:
                raise ValueError(
                    f"{name} has shape {tuple(shape)}; expected 4 axes: {axes}."
                )
        self.N, self.C, self.H, self.W = x_shape
        self.F, self.C_group, self.KH, self.KW = w_shape
        self.G = groups
        self.stride, self.dilation = pair(stride, "stride"), pair(dilation, "dilation")
        self.padding = (top, bottom), (left, right) = sides(padding)
        if groups < 1 or self.C % groups or self.F % groups:
            raise ValueError(
                f"groups is {groups}, but it must divide both the {self.C} channels of x "
                f"and the {self.F} filters of w."
            )
        if self.C_group * groups != self.C:
            raise ValueError(
                f"x has {self.C} channels but w expects {self.C_group * groups}: x is "
                f"{tuple(x_shape)}, w is {tuple(w_shape)}, groups is {groups}; "
                f"w needs shape ({self.F}, {self.C // groups}, {self.KH}, {self.KW})."
            )
        (sh, sw), (dh, dw) = self.stride, self.dilation
        self.OH = out_size(self.H, self.KH, top, bottom, sh, dh)
        self.OW = out_size(self.W, self.KW, left, right, sw, dw)
        self.padded = (top + self.H + bottom, left + self.W + right)
        self.K = self.KW * self.KH * self.C_group

    @property
    def out_shape(self) -> tuple[int, int, int, int]:
        """Shape of the result: (N, F, OH, OW)."""
        return self.N, self.F, self.OH, self.OW

    def check_dout(self, dout):
        """Raise ValueError unless `dout` has the shape of the result."""
        if dout.shape != self.out_shape:
            raise ValueError(
                f"dout has shape {dout.shape} but this convolution returns "
                f"{self.out_shape}: pass the options that forward had."
            )

    def bands(self, xp, bytes_per_row: int):
        """Yield pairs of slices: rows of the padded image, and the output rows they give.

        A band's working copy, `bytes_per_row` per output row, fits the level-2 cache. A
        graphics card takes all rows at once.
        """
        step = self.OH if on_gpu(xp) else max(1, BAND_BYTES // max(bytes_per_row, 1))
        step = -(-self.OH // -(-self.OH // step))  # bands of nearly equal height
        sh, span = self.stride[0], self.dilation[0] * (self.KH - 1) + 1
        for start in range(0, self.OH, step):
            stop = min(start + step, self.OH)
            yield slice(start * sh, (stop - 1) * sh + span), slice(start, stop)

    def padded_rows(self, image, seen: slice):
        """Return the rows `seen` of the padded image (H, W, C, N); only they are copied."""
        top, count = self.padding[0][0], seen.stop - seen.start
        above = min(max(top - seen.start, 0), count)
        below = min(max(seen.stop - top - self.H, 0), count)
        inside = slice(seen.start - top + above, seen.stop - top - below)
        return pad(image[inside], ((above, below), self.padding[1]))

    def grouped(self, maps):
        """View maps (OH, OW, G*M, N) as (OH, G, OW, M, N)."""
        OH, OW, channels, N = maps.shape
        return maps.reshape(OH, OW, self.G, channels // self.G, N).transpose(0, 2, 1, 3, 4)

    def patches(self, image):
        """Line up what each window sees: (H, W, C, N) to (OH, G, OW, K, N).

        The rows are copied KH-fold, once. The windows along the width are a view: the
        neighbours overlap, and (KW, KH, C) merge into K without a copy (with a dilation of
        the width, `reshape` makes that copy itself).
        """
        (sh, sw), (dh, dw) = self.stride, self.dilation
        H, W, C, N = image.shape
        image = image.reshape(H, W, self.G, self.C_group, N)
        rows = slide(image, 0, self.KH, sh, dh).transpose(0, 3, 2, 1, 4, 5)
        rows = array_module(image).ascontiguousarray(rows)  # (OH, G, W, KH, C/G, N)
        windows = slide(rows, 2, self.KW, sw, dw)  # (OH, G, OW, KW, KH, C/G, N)
        return windows.reshape(windows.shape[:3] + (self.K, N))

    def matrices(self, w):
        """View filters (F, C/G, KH, KW) as one matrix per group: (G, 1, F/G, K)."""
        return w.transpose(0, 3, 2, 1).reshape(self.G, 1, self.F // self.G, self.K)


def on_gpu(xp) -> bool:
    """Tell whether `xp` is CuPy."""
    return xp.__name__ == "cupy"

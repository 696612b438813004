# %% [markdown]
# # 3. Correlation in two dimensions
#
# **You will** slide small kernels over images and see what each responds to.

# %% given="setup"
import numpy as np

from helpers.backend import xp
from helpers.checking import case, expect, expect_like

# %% [markdown]
# ### Exercise 3.2: `correlate2d` (22 points)
#
# Return the correlation of an image with a kernel, at every position where the kernel fits.


# %% exercise="correlate2d"
def correlate2d(image, kernel):
    """Correlate one image with one kernel, without padding.

    Parameters
    ----------
    image : array (H, W)
        Numbers of any kind, integers included.
    kernel : array (KH, KW)
        At most as large as the image.

    Returns
    -------
    array (H - KH + 1, W - KW + 1)
        Floating point.
    """
    H, W = image.shape
    KH, KW = kernel.shape
    ### BEGIN SOLUTION
    out = xp.zeros((H - KH + 1, W - KW + 1))
    for i in range(H - KH + 1):
        for j in range(W - KW + 1):
            out[i, j] = (image[i : i + KH, j : j + KW] * kernel).sum()
    return out
    ### END SOLUTION


# %% check="correlate2d" points=14
image = xp.arange(15.0).reshape(3, 5)
kernel = xp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
expect(correlate2d, image, kernel, gives=[[10.0, 12.0, 14.0], [20.0, 22.0, 24.0]])
### BEGIN HIDDEN TESTS


def reference(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijpq,pq->ij", windows, kernel)


def cases(rng):
    yield rng.standard_normal((5, 7)), rng.standard_normal((3, 2))
    yield case(rng.standard_normal((4, 6)), rng.standard_normal((1, 1)), note="a 1 by 1 kernel")
    yield case(
        rng.integers(0, 9, (4, 3)),
        rng.standard_normal((2, 3)),
        note="an image of integers",
        hint="the result must be floating point even where the image holds integers.",
    )


expect_like(correlate2d, reference, cases)
### END HIDDEN TESTS

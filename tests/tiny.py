"""A course of two small lessons, built in a folder of its own."""

import shutil
from pathlib import Path

from course import build

ROOT = Path(__file__).resolve().parents[1]

LESSON = '''\
# %% [markdown]
# # 1. Tiny

# %% given="setup"
from helpers.backend import xp
from helpers.checking import case, expect, expect_like

# %% [markdown]
# ### Exercise 1.1: `double` (6 points)


# %% exercise="double"
def double(x):
    """Return twice `x`, an array of any shape."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double" points=4
expect(double, xp.array([1.0, 2.0, 5.0]), gives=[2.0, 4.0, 10.0])

# %% check="double" part="more" points=2
# Other sizes.
### BEGIN HIDDEN TESTS
def reference(x):
    return x + x


def cases(rng):
    yield (rng.standard_normal((2, 3)),)
    yield case(rng.standard_normal(0), note="an empty array")


expect_like(double, reference, cases)
### END HIDDEN TESTS

# %% [markdown]
# ### Exercise 1.2: `half` (3 points)


# %% exercise="half"
def half(x):
    """Return half of `x`."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION


# %% check="half" points=3
expect(half, xp.array([3.0, 5.0]), gives=[1.5, 2.5])

# %% [markdown]
# ### Question 1.3 (5 points): why?

# %% [markdown] question="why" points=5
# Because the model answer says so.
'''

SLIPS = """\
[[double]]
slip = "squares"
old = "2 * x"
new = "x * x"
hint = "this squares: a double is the number added to itself."

[[half]]
slip = "whole numbers"
old = "x / 2"
new = "x // 2"
hint = "two slashes drop what follows the point."
"""


def write_course(root, names=("01_tiny", "02_tinier")):
    """Write the hand-written files of a course and build it."""
    shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
    for name in names:
        folder = root / "solutions" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.py").write_text(
            LESSON.replace("# # 1.", f"# # {int(name[:2])}.")
        )
        (folder / "slips.toml").write_text(SLIPS)
    build.build(root, names)
    return root

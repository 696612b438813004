"""The one way figures enter the notebooks: with a description, offline, in one style.

Every ``show_…`` function takes arrays of either library and returns None. `alt` describes
the figure for readers who cannot see it; where it may be left out, a description is made
from the data. ``COURSE_FIGURES=off`` draws nothing.
"""

from helpers.plotting.animation import animate
from helpers.plotting.arrays import show_arrays
from helpers.plotting.charts import show_bars, show_heatmap
from helpers.plotting.images import show_images, show_kernels
from helpers.plotting.lines import show_curves, show_signals
from helpers.plotting.page import figures_off, new_figure, show, style, to_png
from helpers.plotting.sliding import animate_window, show_window

__all__ = [
    "animate",
    "animate_window",
    "figures_off",
    "new_figure",
    "show",
    "show_arrays",
    "show_bars",
    "show_curves",
    "show_heatmap",
    "show_images",
    "show_kernels",
    "show_signals",
    "show_window",
    "style",
    "to_png",
]

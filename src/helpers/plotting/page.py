"""How a drawing gets onto the page: one style, one `show`, one HTML figure.

Matplotlib is imported at the first drawing, so that importing this costs nothing.
"""

import base64
import hashlib
import html
import io
import logging
import os
import sys
from contextlib import contextmanager

CSS_DPI = 110  # one inch of figure is this many pixels on the page
SHARPNESS = 1.6  # stored pixels per page pixel: crisp on dense screens
CARD = 11  # pixels of white around a picture, so that it stands in line with the text
LEFT = CARD + 6  # where a caption starts: `to_png` leaves some 6 white pixels as well
SHORTEST_ALT = 15  # letters; less than this describes nothing

SETTINGS = {
    "axes.axisbelow": True,
    "axes.edgecolor": "0.35",
    "axes.grid": False,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10.5,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": "0.88",
    "hatch.linewidth": 0.6,
    "image.cmap": "cividis",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
    "svg.hashsalt": "course",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}


def figures_off() -> bool:
    """Return whether ``COURSE_FIGURES=off`` asks for no drawing, as graders do."""
    return os.environ.get("COURSE_FIGURES", "").strip().lower() == "off"


@contextmanager
def style():
    """Draw in the style of the course; the caller's own settings come back afterwards.

    Sources: petroff10 colours, M. A. Petroff, "Accessible color sequences for data
    visualization" (2021), https://arxiv.org/abs/2107.02270.
    """
    fonts = logging.getLogger("matplotlib.font_manager")
    level = fonts.level
    fonts.setLevel(logging.ERROR)  # "building the font cache" on stderr costs points
    try:
        import matplotlib.style

        with matplotlib.style.context(["default", "petroff10", SETTINGS]):
            yield
    finally:
        fonts.setLevel(level)


def new_figure(width: float, height: float):
    """Return an empty figure that belongs to nobody's global list of figures.

    Parameters
    ----------
    width, height : float
        Inches.
    """
    import matplotlib.figure

    return matplotlib.figure.Figure(figsize=(width, height))


def to_png(fig, sharpness: float = SHARPNESS, tight: bool = True) -> bytes:
    """Return a figure as PNG; equal drawings give equal bytes.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    sharpness : float
        Stored pixels per page pixel.
    tight : bool
        Cut the empty margin off.
    """
    buffer = io.BytesIO()
    box = {"bbox_inches": "tight", "pad_inches": 0.05} if tight else {}
    with style():
        fig.savefig(
            buffer,
            format="png",
            dpi=CSS_DPI * sharpness,
            metadata={"Software": None},
            **box,
        )
    return buffer.getvalue()


def png_width(png: bytes) -> int:
    """Return the width of a PNG in pixels, from its header."""
    return int.from_bytes(png[16:20], "big")


def check_alt(alt: str) -> str:
    """Return `alt` if it can stand for the picture, else raise ValueError."""
    text = " ".join(alt.split()) if isinstance(alt, str) else ""
    if len(text) < SHORTEST_ALT:
        raise ValueError(
            f"The alternative text is {alt!r}; a reader who cannot see the figure needs at "
            f"least {SHORTEST_ALT} letters. Say in one sentence what the figure shows."
        )
    return text


def image_tag(png: bytes, alt: str, sharpness: float = SHARPNESS, more: str = "") -> str:
    """Return an HTML image that holds the PNG itself, on a white card."""
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<img alt="{html.escape(alt)}" width="{round(png_width(png) / sharpness)}" '
        f'style="display:block;background:#fff;padding:{CARD}px;border-radius:6px;'
        f'box-sizing:content-box;max-width:calc(100% - {2 * CARD}px);height:auto" {more}'
        f'src="data:image/png;base64,{data}">'
    )


def figure_html(content: str, caption: str | None = None) -> str:
    """Return HTML content and its caption as one figure."""
    below = ""
    if caption:
        below = (
            f'<figcaption style="font-size:0.92em;max-width:46em;padding:0 {LEFT}px 4px">'
            f"{html.escape(caption)}</figcaption>"
        )
    return f'<figure style="margin:0">{content}{below}</figure>'


def put_on_page(page: str, alt: str):
    """Display HTML in the notebook; where only text can be shown, show `alt`."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:  # a plain script: there is no page
        print(f"[Figure: {alt}]")
        return
    display({"text/html": page, "text/plain": f"[Figure: {alt}]"}, raw=True)


def close(fig):
    """Forget a figure, also where pyplot keeps it in its list."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(fig)


def show(fig, alt: str, caption: str | None = None, *, sharpness: float | None = None):
    """Show a Matplotlib figure with its alternative text, then close it.

    With ``COURSE_FIGURES=off`` nothing is shown.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        From `new_figure` or from pyplot.
    alt : str
        What the figure shows, in a sentence, for readers who cannot see it.
    caption : str, optional
        The line below the figure.
    sharpness : float, optional
        Stored pixels per page pixel, 1.6 by default.

    Raises
    ------
    ValueError
        `alt` is empty or too short to describe anything.
    """
    alt = check_alt(alt)
    try:
        if not figures_off():
            sharp = sharpness or SHARPNESS
            put_on_page(
                figure_html(image_tag(to_png(fig, sharp), alt, sharp), caption), alt
            )
    finally:
        close(fig)


def page_id(text: str) -> str:
    """Return a name for an HTML element, the same for the same content."""
    return "course-" + hashlib.sha256(text.encode()).hexdigest()[:10]

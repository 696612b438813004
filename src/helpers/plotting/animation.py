"""Frames that the reader steps through: offline, with the keyboard, without a kernel."""

import base64
import html
import io
import json

from helpers.plotting.page import (
    LEFT,
    check_alt,
    close,
    figure_html,
    figures_off,
    image_tag,
    page_id,
    put_on_page,
    style,
    to_png,
)

LARGEST = 600_000  # letters of HTML; more makes a notebook slow to open
SHARPNESS = 1.25

CONTROLS = """
<div id="{name}" class="course-frames" data-lm-suppress-shortcuts="true">
{image}
<div class="course-controls" hidden role="group" aria-label="Animation controls"
 style="display:none;gap:6px;align-items:center;flex-wrap:wrap;padding:0 {left}px 4px">
<button type="button" aria-label="Previous frame">◀</button>
<button type="button" aria-label="Play">Play</button>
<button type="button" aria-label="Next frame">▶</button>
<input type="range" min="0" max="{last}" value="{first}" aria-label="Frame">
<span aria-live="polite" style="font-size:0.92em"></span>
</div>
</div>
"""

SCRIPT = """
<script>
document.querySelectorAll('[id="{name}"]:not([data-ready])').forEach(function (box) {{
  box.dataset.ready = "yes";
  var frames = {frames}, labels = {labels}, timer = null;
  var image = box.querySelector("img"), bar = box.querySelector(".course-controls");
  var buttons = bar.querySelectorAll("button"), range = bar.querySelector("input");
  var text = bar.querySelector("span"), play = buttons[1];
  function go(n) {{
    n = (n + frames.length) % frames.length;
    image.src = "data:image/png;base64," + frames[n];
    range.value = n;
    range.setAttribute("aria-valuetext", labels[n]);
    text.textContent = labels[n];
  }}
  function stop() {{
    clearInterval(timer);
    timer = null;
    text.setAttribute("aria-live", "polite");
    play.textContent = "Play";
    play.setAttribute("aria-label", "Play");
  }}
  function step(by) {{ stop(); go(Number(range.value) + by); }}
  buttons[0].onclick = function () {{ step(-1); }};
  buttons[2].onclick = function () {{ step(1); }};
  range.oninput = function () {{ stop(); go(Number(range.value)); }};
  play.onclick = function () {{
    if (timer !== null) {{ stop(); return; }}
    if (Number(range.value) === frames.length - 1) {{ go(0); }}
    text.setAttribute("aria-live", "off");
    play.textContent = "Pause";
    play.setAttribute("aria-label", "Pause");
    timer = setInterval(function () {{
      var atEnd = Number(range.value) === frames.length - 1;
      if (atEnd || !box.isConnected) {{ stop(); return; }}
      go(Number(range.value) + 1);
    }}, {interval});
  }};
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) {{
    play.style.display = "none";
  }}
  bar.hidden = false;
  bar.style.display = "flex";
  go({first});
}});
</script>
"""


def few_colours(png: bytes, colours: int = 48) -> bytes:
    """Return a PNG with a small palette: about a third of the size."""
    from PIL import Image

    image = Image.open(io.BytesIO(png)).convert("RGB")
    buffer = io.BytesIO()
    image.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def animate(
    draw, frames, alt: str, caption: str | None = None, *, labels=None,
    interval: int = 700, first: int = 0,
):  # fmt: skip
    """Show frames with buttons to step and play; nothing moves by itself.

    It needs neither the internet nor a kernel. Where scripts do not run, the frame
    `first` stays as a still picture. With ``prefers-reduced-motion`` there are only steps.

    Parameters
    ----------
    draw : callable
        ``draw(frame)`` returns a Matplotlib figure (see `new_figure`), always of one size.
    frames : int or list
        What `draw` is called with, one after the other; a number n stands for 0 … n−1.
    alt : str
        What the animation shows.
    caption : str, optional
    labels : list of str, optional
        A line under each frame; without it "Frame 1 of n".
    interval : int
        Milliseconds between frames while playing.
    first : int
        The frame shown at first.

    Raises
    ------
    ValueError
        `alt` is too short, the labels do not match, or the page grows beyond 600 kB.
    """
    alt = check_alt(alt)
    frames = list(range(frames)) if isinstance(frames, int) else list(frames)
    labels = list(labels or [f"Frame {n + 1} of {len(frames)}" for n in range(len(frames))])
    if not frames or len(labels) != len(frames):
        raise ValueError(f"There are {len(frames)} frames and {len(labels)} labels.")
    if figures_off():
        return
    page = frames_html([draw_png(draw, f) for f in frames], labels, alt, interval, first)
    if len(page) > LARGEST:
        raise ValueError(
            f"The animation takes {len(page)} letters of HTML, more than {LARGEST}: it has "
            f"{len(frames)} frames. Draw fewer or smaller ones."
        )
    put_on_page(figure_html(page, caption), alt)


def draw_png(draw, frame) -> bytes:
    """Return one frame as a small PNG."""
    with style():
        fig = draw(frame)
        try:
            return few_colours(to_png(fig, SHARPNESS, tight=False))
        finally:
            close(fig)


def frames_html(pictures, labels, alt: str, interval: int, first: int) -> str:
    """Return the page part of an animation: a picture, controls and their script."""
    data = [base64.b64encode(p).decode("ascii") for p in pictures]
    text = json.dumps(labels).replace("</", "<\\/")
    name = page_id("".join(data) + text + alt)
    image = image_tag(pictures[first], alt, SHARPNESS, "data-frame ")
    body = CONTROLS.format(
        name=name, image=image, last=len(data) - 1, first=first, left=LEFT
    )
    script = SCRIPT.format(
        name=html.escape(name), frames=json.dumps(data), labels=text, interval=interval,
        first=first,
    )  # fmt: skip
    return body + script

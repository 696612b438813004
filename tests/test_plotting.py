"""Figures: one HTML form with a description, in one style, off when asked."""

import base64
import io
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
import standin
from PIL import Image

from helpers import plotting
from helpers.plotting import animation, arrays, charts, images, lines, page, sliding
from helpers.plotting.window import Window

IMAGE = np.arange(35).reshape(5, 7) % 6
KERNEL = np.array([[1, 0], [2, -1], [0, 1]])
OUTPUT = np.array(
    [[(IMAGE[i : i + 3, j : j + 2] * KERNEL).sum() for j in range(6)] for i in range(3)]
)
SIGNAL, WEIGHTS = np.array([0, 1, 3, 2, -1, 0, 4]), np.array([1, 0, -2])
ANSWER = np.array([SIGNAL[i : i + 3] @ WEIGHTS for i in range(5)])

FIGURES = {  # every kind of figure, called as a lesson calls it, by the library's name
    "show_arrays": lambda xp: plotting.show_arrays(
        [xp.asarray(IMAGE), xp.asarray(KERNEL)], ["image", "kernel"], numbers=True
    ),
    "show_images": lambda xp: plotting.show_images(
        xp.asarray(np.linspace(0, 1, 3 * 64).reshape(3, 1, 8, 8)), ["a", "b", "c"]
    ),
    "show_kernels": lambda xp: plotting.show_kernels([xp.asarray(KERNEL)], ["mine"]),
    "show_signals": lambda xp: plotting.show_signals([xp.asarray(SIGNAL)], ["beat"]),
    "show_curves": lambda xp: plotting.show_curves(
        {"train": xp.asarray([3.0, 2, 1]), "test": xp.asarray([4.0, 3, 3])}, ylabel="loss"
    ),
    "show_heatmap": lambda xp: plotting.show_heatmap(
        xp.asarray(OUTPUT / 20), xlabel="right", xticks=xp.asarray(np.arange(-2, 4))
    ),
    "show_bars": lambda xp: plotting.show_bars(
        ["dense", "shared"], xp.asarray([2_764_801_000, 1792]), log=True, title="Parameters"
    ),
    "show_window": lambda xp: plotting.show_window(
        xp.asarray(IMAGE), xp.asarray(KERNEL), xp.asarray(OUTPUT), 1, 4
    ),
    "show_window 1-D": lambda xp: plotting.show_window(
        xp.asarray(SIGNAL), xp.asarray(WEIGHTS), xp.asarray(ANSWER), 2
    ),
    "animate_window": lambda xp: plotting.animate_window(
        xp.asarray(SIGNAL), xp.asarray(WEIGHTS), xp.asarray(ANSWER)
    ),
}


@pytest.fixture
def shown(monkeypatch):
    """Return the list of (HTML, alternative text) that figures put on the page."""
    pages = []

    def keep(html, alt):
        pages.append((html, alt))

    monkeypatch.delenv("COURSE_FIGURES", raising=False)
    monkeypatch.setattr(page, "put_on_page", keep)
    monkeypatch.setattr(animation, "put_on_page", keep)
    return pages


@pytest.fixture
def drawn(monkeypatch, shown):
    """Return the list of figures that were shown, still whole."""
    figures = []

    def keep(fig, *args, **kwargs):
        figures.append(fig)

    for module in (arrays, charts, images, lines, sliding):
        monkeypatch.setattr(module, "show", keep)
    return figures


class Reader(HTMLParser):
    """Collect tags with their attributes and the text of each."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_data(self, text):
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + text

    def find(self, tag):
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def picture(html):
    """Return the image that an HTML figure holds."""
    source = Reader(html).find("img")[0]["src"]
    return Image.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2])))


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_one_accessible_picture(shown, name):
    assert FIGURES[name](np) is None
    [(html, alt)] = shown
    read = Reader(html)
    [attributes] = read.find("img")
    assert attributes["alt"] == alt
    assert len(alt) >= 30
    assert attributes["src"].startswith("data:image/png;base64,")
    assert "background:#fff" in attributes["style"]
    assert len(read.find("figure")) == 1
    assert "http:" not in html and "https:" not in html
    image = picture(html).convert("L")
    assert 60 < int(attributes["width"]) <= 1000
    assert image.width > int(attributes["width"])
    assert np.asarray(image).std() > 10, "something is drawn"


@pytest.mark.parametrize("name", FIGURES)
def test_equal_data_give_equal_bytes(shown, name):
    FIGURES[name](np)
    FIGURES[name](np)
    assert shown[0] == shown[1]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_take_arrays_of_either_library(shown, name):
    FIGURES[name](np)
    with standin.installed() as cupy:
        FIGURES[name](cupy)
    assert shown[0] == shown[1]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_can_be_turned_off(shown, monkeypatch, name):
    monkeypatch.setenv("COURSE_FIGURES", "off")

    def never(*args):
        raise AssertionError("a figure was drawn")

    monkeypatch.setattr(page, "new_figure", never)
    for module in (arrays, charts, images, lines):
        monkeypatch.setattr(module, "new_figure", never)
    FIGURES[name](np)
    plotting.animate(never, 3, "three frames of nothing")
    assert shown == []


def test_off_closes_the_figure_and_still_wants_a_description(shown, monkeypatch):
    monkeypatch.setenv("COURSE_FIGURES", "OFF")
    import matplotlib.pyplot as plt

    fig = plt.figure()
    plotting.show(fig, "an empty figure for a test")
    assert not plt.fignum_exists(fig.number)
    assert shown == []
    with pytest.raises(ValueError, match="alternative text"):
        plotting.show(plotting.new_figure(1, 1), "")
    monkeypatch.setenv("COURSE_FIGURES", "on")
    assert not plotting.figures_off()


@pytest.mark.parametrize("alt", ["", "   ", "a figure", None, 7, "x  " * 4 + " " * 40])
def test_a_figure_without_a_description_is_refused(shown, alt):
    with pytest.raises(ValueError, match="Say in one sentence"):
        plotting.show(plotting.new_figure(1, 1), alt)
    assert shown == []


def test_caption_and_description_are_escaped(shown):
    fig = plotting.new_figure(1, 1)
    assert (
        plotting.show(fig, 'x < y & "quoted" <b>text</b>', "1 < 2 & <i>so on</i>") is None
    )
    [(html, _)] = shown
    read = Reader(html)
    assert read.find("img")[0]["alt"] == 'x < y & "quoted" <b>text</b>'
    assert read.texts["figcaption"] == "1 < 2 & <i>so on</i>"
    assert not read.find("i") and not read.find("b")


def test_no_caption_no_figcaption(shown):
    plotting.show(plotting.new_figure(1, 1), "an empty figure for a test")
    assert "figcaption" not in shown[0][0]


def test_pyplot_figures_are_closed(shown):
    import matplotlib.pyplot as plt

    with plotting.style():
        fig, ax = plt.subplots()
        ax.plot([1, 2])
    plotting.show(fig, "a line that rises from one to two")
    assert not plt.fignum_exists(fig.number)


def test_a_failing_figure_is_closed_as_well(shown, monkeypatch):
    import matplotlib.pyplot as plt

    fig = plt.figure()
    monkeypatch.setattr(page, "to_png", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plotting.show(fig, "an empty figure for a test")
    assert not plt.fignum_exists(fig.number)


def test_the_users_settings_stay(shown):
    import matplotlib

    matplotlib.rcParams["font.size"] = 17
    try:
        before = dict(matplotlib.rcParams)
        for draw in FIGURES.values():
            draw(np)
        assert dict(matplotlib.rcParams) == before
        with plotting.style():
            assert matplotlib.rcParams["font.size"] == 10
    finally:
        matplotlib.rcdefaults()


def test_a_user_style_does_not_change_the_figures(shown):
    import matplotlib

    FIGURES["show_curves"](np)
    try:
        matplotlib.rcParams.update(
            {"font.size": 20, "lines.linewidth": 9, "xtick.direction": "in"}
        )
        FIGURES["show_curves"](np)
    finally:
        matplotlib.rcdefaults()
    assert shown[0] == shown[1]


def test_importing_costs_no_matplotlib():
    code = (
        "import sys, helpers.plotting as p; p.check = p.figures_off()\n"
        "print(sorted({'matplotlib', 'IPython', 'PIL'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "[]\n"


def test_nothing_reaches_stderr(tmp_path):
    """In a new process with an empty cache, where Matplotlib lists the fonts first."""
    code = (
        "import numpy as np; from helpers import plotting\n"
        "plotting.show_heatmap(np.arange(6.0).reshape(2, 3) - 2, title='−×·→ ≥ ½')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        check=True, env={**os.environ, "MPLCONFIGDIR": str(tmp_path), "COURSE_FIGURES": ""},
    )  # fmt: skip
    assert ran.stderr == ""
    assert ran.stdout.startswith("[Figure: Heat map")


def test_the_list_of_fonts_is_made_in_silence():
    """Matplotlib warns when that takes five seconds; a graded cell would lose points."""
    import logging

    fonts = logging.getLogger("matplotlib.font_manager")
    before = fonts.isEnabledFor(logging.WARNING)
    with plotting.style():
        assert not fonts.isEnabledFor(logging.WARNING)
    assert fonts.isEnabledFor(logging.WARNING) is before is True


def test_a_notebook_gets_html_and_a_line_of_text(monkeypatch):
    import IPython
    from IPython import display as ipython_display

    sent = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(ipython_display, "display", lambda *a, **k: sent.append((a, k)))
    page.put_on_page("<figure></figure>", "what it shows")
    assert sent == [
        (
            ({"text/html": "<figure></figure>", "text/plain": "[Figure: what it shows]"},),
            {"raw": True},
        )
    ]


def texts(ax):
    """Return what is written on axes, in order."""
    return [t.get_text() for t in ax.texts]


def contrast(text, ax):
    """Return the contrast ratio between a number and its cell."""
    image = ax.images[0]
    x, y = text.get_position()
    value = image.get_array()[round(y), round(x)]
    colour = np.array(image.cmap(image.norm(value))[:3])
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    other = {"black": 0.0, "white": 1.0}[text.get_color()]
    low, high = sorted([luminance, other])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("cmap", ["gray", "cividis", "viridis", "RdBu_r"])
def test_numbers_are_readable_on_every_colour(drawn, cmap):
    plotting.show_arrays([np.arange(256).reshape(16, 16)], numbers=True, cmap=cmap)
    [ax] = drawn[0].axes
    assert texts(ax) == [str(n) for n in range(256)]
    assert min(contrast(t, ax) for t in ax.texts) >= 4.5


def test_cells_of_all_arrays_have_one_size_and_fonts_stay_large(drawn):
    plotting.show_arrays([IMAGE, KERNEL / 3, SIGNAL], ["a", "b", "c"], numbers=True)
    fig = drawn[0]
    sizes = []
    for ax, array in zip(fig.axes, (IMAGE, KERNEL, SIGNAL), strict=True):
        box = ax.get_position()
        width, height = fig.get_size_inches()
        rows, columns = np.atleast_2d(array).shape
        sizes += [box.width * width / columns, box.height * height / rows]
        assert str(array.shape) in ax.get_title()
        assert min(t.get_fontsize() for t in ax.texts) >= 9
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels()]
        assert min(t.get_fontsize() for t in labels) >= 9
    assert np.allclose(sizes, sizes[0])


def test_each_array_may_have_its_colours(drawn):
    maps = ["gray", "RdBu_r"]
    plotting.show_arrays([IMAGE, KERNEL + 3], ["image", "kernel"], cmap=maps)
    images = [ax.images[0] for ax in drawn[0].axes]
    assert [image.get_cmap().name for image in images] == maps
    assert [image.get_clim() for image in images] == [(0, 5), (-5, 5)], "white is zero"
    with pytest.raises(ValueError, match="2 arrays but 1 colour maps"):
        plotting.show_arrays([IMAGE, KERNEL], cmap=["gray"])


def test_a_signal_has_no_row_number(drawn, shown):
    plotting.show_arrays([SIGNAL, SIGNAL[None]], ["a signal", "one row"], numbers=True)
    signal, row = drawn[0].axes
    assert [t.get_text() for t in signal.get_yticklabels()] == []
    assert [t.get_text() for t in row.get_yticklabels()] == ["0"]
    assert [ax.get_title() for ax in (signal, row)] == ["a signal\n(7,)", "one row\n(1, 7)"]
    words = arrays.describe_array("beat", SIGNAL)
    assert words == "beat, 7 values: 0 1 3 2 −1 0 4"


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_is_smaller_than_nine_points(drawn, name):
    if name.startswith("animate"):
        drawn.append(sliding.draw_window(Window(SIGNAL, WEIGHTS, ANSWER), 0, 2, "abc"))
    else:
        FIGURES[name](np)
    import matplotlib.text

    found = [t for t in drawn[0].findobj(matplotlib.text.Text) if t.get_text().strip()]
    assert found
    assert min(t.get_fontsize() for t in found) >= 9


def test_number_text():
    assert arrays.number_text(-3) == "−3"
    assert arrays.number_text(np.float64(0.125)) == "0.125"
    assert arrays.number_text(2.0) == "2"
    assert arrays.number_text(np.uint8(255)) == "255"
    assert arrays.number_text(np.bool_(True)) == "1"
    assert arrays.number_text(float("nan")) == ""
    assert arrays.cell_texts(np.array([[-0.0844, 2.4]])).tolist() == [["−0.08", "2.40"]]
    assert arrays.cell_texts(np.array([[0.125, -0.125]])).tolist() == [["0.125", "−0.125"]]


def test_wrong_calls_are_explained():
    with pytest.raises(ValueError, match="2 arrays but 1 titles"):
        plotting.show_arrays([IMAGE, KERNEL], ["only one"])
    with pytest.raises(ValueError, match=r"1 or 2 axes, but this one has \(2, 3, 4\)"):
        plotting.show_arrays([np.zeros((2, 3, 4))])
    with pytest.raises(ValueError, match="has 784 cells; numbers fit into 400"):
        plotting.show_arrays([np.zeros((28, 28))], numbers=True)
    with pytest.raises(ValueError, match=r"not \(4, 5, 6\)"):
        plotting.show_images([np.zeros((4, 5, 6))])
    with pytest.raises(ValueError, match="6 columns but 2 xticks"):
        plotting.show_heatmap(OUTPUT, xticks=[1, 2])
    with pytest.raises(ValueError, match=r"\(H, W\), not \(7,\)"):
        plotting.show_heatmap(SIGNAL)
    with pytest.raises(ValueError, match="2 values but 3 titles"):
        plotting.show_bars(["a", "b", "c"], [1, 2])


def test_default_descriptions_tell_the_data(shown):
    for name in FIGURES:
        FIGURES[name](np)
    alts = dict(zip(FIGURES, (alt for _, alt in shown), strict=True))
    assert "kernel, 3 by 2: 1 0; 2 −1; 0 1" in alts["show_arrays"]
    assert "3 images: a (8 by 8 pixels)" in alts["show_images"]
    assert "mine, 3 by 2: 1 0; 2 −1; 0 1" in alts["show_kernels"]
    assert "beat: 0, 1, 3, 2, −1, 0, 4" in alts["show_signals"]
    assert "train goes from 3 to 1; test goes from 4 to 3" in alts["show_curves"]
    assert "highest 0.75 at row 0, right 2" in alts["show_heatmap"]
    assert "dense: 2,764,801,000, shared: 1,792" in alts["show_bars"]
    assert "output[1, 4] is 5·1 + 0·0 + 0·2 + 1·(−1) + 1·0 + 2·1 = 6" in alts["show_window"]
    assert "output[2] is 3·1 + 2·0 + (−1)·(−2) = 5" in alts["show_window 1-D"]


def test_images_share_a_scale_or_not(drawn):
    pair = [np.array([[0.0, 1.0]]), np.array([[0.0, 10.0]])]
    plotting.show_images(pair)
    plotting.show_images(pair, shared_scale=False)
    plotting.show_images(pair, limits=(-5, 5))
    scales = [[ax.images[0].get_clim() for ax in fig.axes] for fig in drawn]
    assert scales == [[(0, 10), (0, 10)], [(0, 1), (0, 10)], [(-5, 5), (-5, 5)]]


def test_images_of_every_layout(drawn):
    colour = np.zeros((3, 4, 5), "uint8")
    colour[0] = 200
    plotting.show_images([np.zeros((4, 5)), np.zeros((1, 4, 5)), colour, colour.T * 1.0])
    shapes = [ax.images[0].get_array().shape for ax in drawn[0].axes]
    assert shapes == [(4, 5), (4, 5), (4, 5, 3), (5, 4, 3)]
    assert drawn[0].axes[2].images[0].get_array()[0, 0].tolist() == [200, 0, 0]
    assert drawn[0].axes[3].images[0].get_array().max() == 1, "floats are cut to 0 … 1"


def test_kernels_are_symmetric_around_zero(drawn):
    plotting.show_kernels([KERNEL, np.full((3, 3), 1 / 9)])
    limits = [ax.images[0].get_clim() for ax in drawn[0].axes]
    assert limits == [(-2, 2), (-1 / 9, 1 / 9)]
    plotting.show_kernels([KERNEL, np.ones((3, 3))], shared_scale=True, numbers=False)
    assert [ax.images[0].get_clim() for ax in drawn[1].axes] == [(-2, 2)] * 2
    assert not any(ax.texts for ax in drawn[1].axes)


def test_constant_and_empty_values_are_drawn(shown):
    plotting.show_images([np.zeros((3, 4))])
    plotting.show_kernels([np.zeros((3, 3))])
    plotting.show_heatmap(np.ones((2, 2)))
    plotting.show_arrays([np.full((2, 2), np.nan)], ["nothing yet"], numbers=True)
    plotting.show_bars(["none", "some"], [0, 5], log=True)
    assert len(shown) == 5


def test_short_signals_are_stems_and_long_ones_lines(drawn):
    plotting.show_signals([SIGNAL, np.sin(np.arange(100))], ["short", "long"])
    plotting.show_signals([SIGNAL], kind="line", x=np.arange(7) / 10, xlabel="seconds")
    short, long = drawn[0].axes
    assert short.get_xlim() == long.get_xlim()
    plotting.show_signals([SIGNAL, np.arange(100)], same_width=False)
    assert drawn[2].axes[0].get_xlim() != drawn[2].axes[1].get_xlim()
    assert short.collections and not long.collections
    assert not drawn[1].axes[0].collections
    assert drawn[1].axes[0].lines[0].get_xdata()[-1] == 0.6
    with pytest.raises(ValueError, match=r"x has the shape \(3,\) and its signal \(7,\)"):
        plotting.show_signals([SIGNAL], x=np.arange(3))


def test_curves_differ_in_more_than_colour(drawn):
    plotting.show_curves({n: np.arange(9) * k for k, n in enumerate("abcde")})
    marks = {
        (line.get_marker(), str(line.get_linestyle())) for line in drawn[0].axes[0].lines
    }
    assert len({m for m, _ in marks}) == 5
    legend = [t.get_text() for t in drawn[0].axes[0].get_legend().get_texts()]
    assert legend == list("edcba"), "in the order of their ends"


@pytest.mark.parametrize("logx", [False, True])
def test_curves_have_ticks_where_asked(drawn, logx):
    sizes = [3, 5, 7, 11]
    plotting.show_curves(
        {"work": np.square(sizes)}, x=np.array(sizes), xticks=sizes, logx=logx
    )
    ax = drawn[0].axes[0]
    assert ax.get_xticks().tolist() == sizes
    assert [t.get_text() for t in ax.get_xticklabels()] == ["3", "5", "7", "11"]
    assert len(ax.get_xticks(minor=True)) == 0


def test_a_caption_starts_below_the_picture_and_leaves_no_gap(shown):
    plotting.show(plotting.new_figure(1, 1), "an empty figure for a test", "A caption.")
    read = Reader(shown[0][0])
    picture_style = read.find("img")[0]["style"]
    assert f"padding:{page.CARD}px" in picture_style
    assert "display:block" in picture_style, "no gap below, as under a letter"
    assert f"padding:0 {page.LEFT}px" in read.find("figcaption")[0]["style"]
    assert read.find("figure")[0]["style"] == "margin:0"


def test_bars_write_their_values(drawn):
    plotting.show_bars(["a", "b", "c"], [2_764_801_000, 1792, 0.5], log=True)
    ax = drawn[0].axes[0]
    assert texts(ax) == ["2,764,801,000", "1,792", "0.5"]
    assert ax.get_xlim()[0] <= 0.1
    plotting.show_bars(["a", "b"], [10, 20], log=True, value_labels=["ten", "twenty"])
    assert drawn[1].axes[0].get_xlim()[0] == 1
    assert texts(drawn[1].axes[0]) == ["ten", "twenty"]
    plotting.show_bars(["a", "b"], [0.2, 0.8], limits=(0, 1), highlight=[1])
    assert drawn[2].axes[0].get_xlim() == (0, 1)
    assert (
        drawn[2].axes[0].patches[1].get_hatch()
        and not drawn[2].axes[0].patches[0].get_hatch()
    )


def test_heatmap_ticks_and_decimals(drawn):
    plotting.show_heatmap(
        OUTPUT / 20, xticks=range(-3, 3), yticks=["a", "b", "c"], decimals=2, diverging=True
    )
    ax = drawn[0].axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["−3", "−2", "−1", "0", "1", "2"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c"]
    assert texts(ax)[:2] == ["0.15", "0.30"]
    assert ax.images[0].get_clim() == (-0.75, 0.75)
    plotting.show_heatmap(np.zeros((30, 40)))
    assert not drawn[1].axes[0].texts


def frames_of(ax):
    """Return (row, column, rows, columns) of the thick frames on axes."""
    import matplotlib.colors

    red = matplotlib.colors.to_rgba(sliding.HIGHLIGHT)
    return [
        (p.get_y() + 0.5, p.get_x() + 0.5, p.get_height(), p.get_width())
        for p in ax.patches
        if p.get_edgecolor() == red
    ]


def test_the_window_is_where_it_should_be(drawn):
    plotting.show_window(IMAGE, KERNEL, OUTPUT, 2, 3)
    first, kernel, last = drawn[0].axes
    assert frames_of(first) == [(2, 3, 3, 2)]
    assert frames_of(kernel) == []
    assert frames_of(last) == [(2, 3, 1, 1)]
    written = drawn[0].texts[0].get_text()
    window = IMAGE[2:5, 3:5]
    assert written.startswith("output[2, 3] = ")
    assert written.endswith(f"= {(window * KERNEL).sum()}")
    assert written.count("·") == 6


def test_the_window_with_stride_padding_and_dilation(drawn):
    padded = np.pad(IMAGE, ((1, 1), (2, 2)))
    out = np.array(
        [[(padded[2 * i :: 2, 3 * j :: 4][:3, :2] * KERNEL).sum() for j in range(3)]
         for i in range(2)]
    )  # fmt: skip
    options = {"stride": (2, 3), "padding": (1, 2), "dilation": (2, 4)}
    plotting.show_window(IMAGE, KERNEL, out, 1, 2, **options)
    taps = frames_of(drawn[0].axes[0])
    assert taps == [(2 + 2 * p, 6 + 4 * q, 1, 1) for p in range(3) for q in range(2)]
    hatched = [p for p in drawn[0].axes[0].patches if p.get_hatch()]
    assert len(hatched) == padded.size - IMAGE.size
    assert "zero-padded" in drawn[0].axes[0].get_title()


def test_the_window_guards_its_arithmetic():
    wrong = OUTPUT.copy()
    wrong[1, 2] += 1
    with pytest.raises(ValueError, match=r"output\[1, 2\] is 7, but .* sums to 6"):
        plotting.show_window(IMAGE, KERNEL, wrong, 1, 2)
    with pytest.raises(ValueError, match=r"\(3, 0\) is outside: the output is 3 by 6"):
        plotting.show_window(IMAGE, KERNEL, OUTPUT, 3, 0)
    for i, j in ((0, -1), (-1, 0)):
        with pytest.raises(ValueError, match=rf"\({i}, {j}\) is outside"):
            plotting.show_window(IMAGE, KERNEL, OUTPUT, i, j)
    with pytest.raises(ValueError, match="must fit an input"):
        plotting.show_window(IMAGE, KERNEL, np.zeros((9, 9)), 4, 4)


def test_cells_not_computed_yet_stay_empty(drawn):
    partly = OUTPUT.astype(float)
    partly[1:] = np.nan
    plotting.show_window(IMAGE, KERNEL, partly, 1, 0)
    assert texts(drawn[0].axes[2])[6:] == [""] * 12


def test_a_large_kernel_breaks_its_sum_into_lines():
    image, kernel = np.ones((6, 6)), np.ones((4, 4))
    lines_ = Window(image, kernel, np.full((3, 3), 16.0)).sentence(0, 0)
    assert len(lines_) == 4
    assert lines_[0] == "1·1 + 1·1 + 1·1 + 1·1"
    assert lines_[3] == "+ 1·1 + 1·1 + 1·1 + 1·1 = 16"


# --- animations


def dots(n):
    """Draw one frame: n dots."""
    fig = plotting.new_figure(2, 1)
    fig.add_axes([0, 0, 1, 1]).plot(range(n + 1), "o")
    return fig


ALT = "dots that come one after the other"


def test_an_animation_is_offline_and_usable_by_keyboard(shown):
    assert (
        plotting.animate(dots, 4, ALT, "Press play.", labels=list("abcd"), first=2) is None
    )
    [(html, _)] = shown
    read = Reader(html)
    assert len(read.find("img")) == 1, "without scripts one still picture remains"
    buttons = read.find("button")
    assert [b["aria-label"] for b in buttons] == ["Previous frame", "Play", "Next frame"]
    assert all(b["type"] == "button" for b in buttons)
    [bar] = read.find("input")
    assert (bar["type"], bar["min"], bar["max"], bar["value"]) == ("range", "0", "3", "2")
    assert bar["aria-label"] == "Frame"
    assert "prefers-reduced-motion" in html
    assert "autoplay" not in html
    assert not re.search(r"(src|href)=.?https?:", html)
    assert "Press play." in html
    script = read.texts["script"]
    assert script.count("iVBORw0KGgo") == 4
    assert 'labels = ["a", "b", "c", "d"]' in script
    assert read.find("img")[0]["src"].partition("base64,")[2] in script


def test_frames_are_what_was_drawn_and_of_one_size(shown):
    plotting.animate(dots, [1, 5], ALT)
    data = re.search(r"frames = \[(.*?)\]", shown[0][0]).group(1)
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(p.strip(' "')))) for p in data.split(",")
    ]
    assert pictures[0].size == pictures[1].size
    ink = [(np.asarray(p.convert("L")) < 200).sum() for p in pictures]
    assert ink[1] > 1.5 * ink[0] > 0


def test_the_same_animation_twice_on_a_page_has_its_own_controls(shown):
    plotting.animate(dots, 2, ALT)
    html = shown[0][0]
    name = re.search(r'id="(course-\w+)"', html).group(1)
    assert f'[id="{name}"]:not([data-ready])' in html
    plotting.animate(dots, 3, ALT)
    assert name not in shown[1][0]


def test_labels_cannot_end_the_script(shown):
    plotting.animate(dots, 2, ALT, labels=["</script><b>", "two"])
    assert shown[0][0].count("</script>") == 1


def test_animations_say_what_is_wrong(shown, monkeypatch):
    with pytest.raises(ValueError, match="3 frames and 2 labels"):
        plotting.animate(dots, 3, ALT, labels=["a", "b"])
    with pytest.raises(ValueError, match="0 frames"):
        plotting.animate(dots, [], ALT)
    with pytest.raises(ValueError, match="alternative text"):
        plotting.animate(dots, 3, "")
    with pytest.raises(ValueError, match="has 18 cells|output has 18"):
        plotting.animate_window(IMAGE, KERNEL, OUTPUT, most=17)
    monkeypatch.setattr(animation, "LARGEST", 1000)
    with pytest.raises(ValueError, match="more than 1000: it has 2 frames"):
        plotting.animate(dots, 2, ALT)
    assert shown == []


def test_an_animated_window_fills_the_output_step_by_step(shown):
    plotting.animate_window(IMAGE, KERNEL, OUTPUT)
    [(html, alt)] = shown
    assert len(html) < 600_000
    assert html.count("iVBORw0KGgo") == 19, "18 frames, and the first as a still"
    assert '"Step 18 of 18: output[2, 5] = 6"' in html
    assert "(3, 2) slides over the input of (5, 7)" in alt
    window = Window(IMAGE, KERNEL, OUTPUT)
    with plotting.style():
        fig = sliding.draw_window(window, 1, 0, ("a", "b", "c"), hide_after=True)
    assert texts(fig.axes[2])[:8] == [*(str(v) for v in OUTPUT[0]), str(OUTPUT[1, 0]), ""]

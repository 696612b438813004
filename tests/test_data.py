"""The data: the same twice, split without overlap, and read without trust."""

import gzip
import hashlib
import http.server
import struct
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import standin

from helpers import data, predictors
from helpers.backend import to_backend, to_numpy
from helpers.datasets import bundled, download, mnist, splits

MAKERS = {
    "digits": data.digits,
    "digits_on_canvas": data.digits_on_canvas,
    "sample_photo": data.sample_photo,
    "sample_eeg": data.sample_eeg,
    "step_signal": data.step_signal,
    "ecg_signal": data.ecg_signal,
    "hidden_chirp": data.hidden_chirp,
    "melody": data.melody,
    "echo_kernel": data.echo_kernel,
    "shapes": lambda seed=0: data.shapes(60, seed),
    "motion_clips": lambda seed=0: data.motion_clips(60, seed),
    "watermarked_digits": data.watermarked_digits,
}
SEEDED = sorted(set(MAKERS) - {"digits", "sample_photo", "sample_eeg", "echo_kernel"})


def arrays(result):
    """Return the arrays in a result, on the host."""
    parts = result if isinstance(result, tuple) else [result]
    return [to_numpy(p) for p in parts if hasattr(p, "dtype")]


@pytest.mark.parametrize("name", MAKERS)
def test_two_calls_give_equal_data(name):
    first, second = arrays(MAKERS[name]()), arrays(MAKERS[name]())
    assert first
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == b.dtype


@pytest.mark.parametrize("name", SEEDED)
def test_another_seed_gives_other_data(name):
    first, second = arrays(MAKERS[name](seed=0)), arrays(MAKERS[name](seed=1))
    assert any(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_callers_cannot_spoil_the_next_call():
    first = data.digits()
    first.x_train[:] = 7
    first.y_train[:] = 7
    again = data.digits()
    assert float(again.x_train.max()) == 1
    assert int(again.y_train.max()) == 9


def test_data_come_on_the_device_and_are_the_same_there():
    here = data.motion_clips(8)
    with standin.installed() as cupy:
        there = data.motion_clips(8)
        assert isinstance(there.x, cupy.ndarray)
        assert isinstance(there.y, cupy.ndarray)
        assert isinstance(data.sample_photo().grey, cupy.ndarray)
        assert np.array_equal(there.x.get(), to_numpy(here.x))


def test_digits():
    split = data.digits()
    assert split.x_train.shape == (1437, 1, 8, 8)
    assert split.x_test.shape == (360, 1, 8, 8)
    assert split.y_train.shape == (1437,)
    assert split.x_train.dtype == "float32"
    assert split.y_train.dtype == "int64"
    assert data.digits("float64").x_test.dtype == "float64"
    x = np.concatenate([to_numpy(split.x_train), to_numpy(split.x_test)])
    assert (x.min(), x.max()) == (0, 1)
    assert np.array_equal(x * 16, np.rint(x * 16))


def test_digits_are_the_published_ones():
    images, labels = bundled.raw_digits()
    assert images.shape == (1797, 8, 8)
    assert np.bincount(labels).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert labels[:10].tolist() == list(range(10))
    assert bundled.DIGITS.stat().st_size <= 60_000
    licence = bundled.DIGITS.with_suffix(".md").read_text(encoding="utf-8")
    assert "CC BY 4.0" in licence
    assert "Alpaydin" in licence


def test_the_split_is_disjoint_whole_and_balanced():
    labels = bundled.raw_digits()[1]
    train, test = splits.stratified(labels, 360, bundled.SPLIT_SEED)
    assert (len(train), len(test)) == (1437, 360)
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(1797))
    share = np.bincount(labels[test]) / np.bincount(labels)
    assert abs(share - 360 / 1797).max() < 0.005
    assert np.bincount(labels[train][:200], minlength=10).min() > 5
    assert min((np.diff(part) < 0).sum() for part in (train, test)) > 100, "shuffled"


def test_stratified_takes_exactly_as_many_as_asked():
    labels = np.repeat([0, 1, 2], [5, 11, 31])
    for n_test in range(0, 48):
        train, test = splits.stratified(labels, n_test, seed=1)
        assert (len(train), len(test)) == (47 - n_test, n_test)


def test_digits_on_canvas_moves_whole_digits():
    plain, moved = (
        data.digits("float64"),
        data.digits_on_canvas(15, seed=5, dtype="float64"),
    )
    assert moved.x_train.shape == (1437, 1, 15, 15)
    assert np.array_equal(moved.y_test, plain.y_test)
    ink = to_numpy(moved.x_test).sum(axis=(1, 2, 3))
    assert np.allclose(ink, to_numpy(plain.x_test).sum(axis=(1, 2, 3)))
    centred = to_numpy(data.digits_on_canvas(16, max_shift=0).x_test)
    assert np.array_equal(centred[:, :, 4:12, 4:12], to_numpy(data.digits().x_test))
    mean = to_numpy(data.digits_on_canvas(16, max_shift=1).x_train).mean(axis=(0, 1))
    assert mean[:3].sum() == 0
    assert mean[3].sum() > 0


@pytest.mark.parametrize(("size", "shift"), [(7, None), (16, 5), (16, -1), (8, 1)])
def test_digits_on_canvas_refuses_to_leave_it(size, shift):
    with pytest.raises(ValueError, match=f"canvas of {size}"):
        data.digits_on_canvas(size, shift)


def test_photo():
    photo = data.sample_photo()
    assert photo.rgb.shape == (600, 512, 3)
    assert photo.grey.shape == (600, 512)
    assert photo.rgb.dtype == photo.grey.dtype == "uint8"
    rgb = to_numpy(photo.rgb).astype(float)
    grey = rgb @ [0.299, 0.587, 0.114]
    assert abs(grey - to_numpy(photo.grey)).max() <= 0.5
    assert "public domain" in photo.credit
    small = data.sample_photo(shrink=7)
    assert small.rgb.shape == (85, 73, 3)
    assert to_numpy(small.rgb)[0, 0, 0] == round(rgb[:7, :7, 0].mean())
    with pytest.raises(ValueError, match="'kitten'.*'hopper'"):
        data.sample_photo("kitten")
    with pytest.raises(ValueError, match="shrink is 0"):
        data.sample_photo(shrink=0)


def test_a_matplotlib_without_samples_is_explained():
    with pytest.raises(FileNotFoundError, match="sample data"):
        bundled.sample_file("no-such-file.jpg")


def test_photo_does_not_import_matplotlib():
    code = "import sys; from helpers import data; data.sample_photo(); data.sample_eeg()\n"
    ran = standin.run_isolated(code + "print('matplotlib' in sys.modules)")
    assert ran.stdout == "False\n", ran.stderr


def test_eeg():
    eeg = data.sample_eeg()
    assert eeg.samples.shape == (4, 800)
    assert eeg.samples.shape[1] / eeg.rate == 10
    assert len(eeg.names) == 4
    neighbours = np.corrcoef(to_numpy(eeg.samples)[0, 1:], to_numpy(eeg.samples)[0, :-1])
    assert neighbours[0, 1] > 0.5, "samples of one channel follow each other smoothly"


def test_step_signal_steps_where_it_says():
    signal = data.step_signal(length=300, steps=4, noise=0.2, seed=3)
    clean = to_numpy(signal.clean)
    assert len(signal.where) == 4
    assert np.flatnonzero(np.diff(clean)).tolist() == [w - 1 for w in signal.where]
    assert set(clean) == {0.0, 1.0}
    assert min(np.diff([0, *signal.where, 300])) >= 300 // 10
    rest = to_numpy(signal.noisy) - clean
    assert 0.17 < rest.std() < 0.23
    with pytest.raises(ValueError, match="do not fit"):
        data.step_signal(length=5, steps=4)


def test_ecg_peaks_are_peaks():
    signal = data.ecg_signal(seconds=10, rate=200, beats_per_minute=75, noise=0)
    clean = to_numpy(signal.clean)
    assert len(clean) == 2000
    assert 11 <= len(signal.where) <= 13
    for peak in signal.where:
        near = clean[max(peak - 60, 0) : peak + 60]
        assert clean[peak] >= 0.9 * near.max()
        assert clean[peak] > 0.9


@pytest.mark.parametrize("snr_db", [-6.0, 0.0, 10.0])
def test_the_chirp_has_the_signal_to_noise_ratio_it_says(snr_db):
    chirp = data.hidden_chirp(length=4000, width=400, snr_db=snr_db, seed=2)
    template, noisy = to_numpy(chirp.template), to_numpy(chirp.noisy)
    assert 10 * np.log10(np.mean(template**2)) == pytest.approx(snr_db)
    noisy[chirp.start : chirp.start + 400] -= template
    assert noisy.var() == pytest.approx(1, rel=0.08)
    with pytest.raises(ValueError, match="does not fit"):
        data.hidden_chirp(length=10, width=11)


def test_a_matched_filter_finds_the_chirp():
    found = 0
    for seed in range(10):
        chirp = data.hidden_chirp(seed=seed)
        answer = np.correlate(to_numpy(chirp.noisy), to_numpy(chirp.template))
        found += abs(int(answer.argmax()) - chirp.start) <= 1
    assert found >= 9


def test_sound_and_echo():
    sound = data.melody(seconds=1.5, rate=4000)
    samples = to_numpy(sound.samples)
    assert samples.shape == (6000,)
    assert abs(samples).max() == pytest.approx(0.9)
    quarters = samples.reshape(4, 1500)
    assert quarters[:, :300].std() > 1.5 * quarters[:, -300:].std(), "a pluck dies away"
    assert abs(quarters.mean(axis=1)).max() < 0.02
    kernel = to_numpy(data.echo_kernel(rate=100, delays=(0, 0.07), gains=(1, 0.25)))
    assert kernel.tolist() == [1, 0, 0, 0, 0, 0, 0, 0.25]


def test_shapes_are_where_they_say():
    made = data.shapes(400, seed=1, size=30, noise=0)
    x, y = to_numpy(made.x)[:, 0], to_numpy(made.y)
    assert x.shape == (400, 30, 30)
    assert np.bincount(y).tolist() == [100] * 4
    i, j = np.mgrid[:30, :30]
    mass = x.sum(axis=(1, 2))
    middle = np.stack([(x * i).sum((1, 2)) / mass, (x * j).sum((1, 2)) / mass], axis=1)
    off = abs(middle - to_numpy(made.centre))
    assert off[y != 2].max() < 0.35, "the centre of mass, but for the triangle"
    assert off[y == 2, 1].max() < 0.35
    rows = np.array([np.ptp(np.flatnonzero(image.any(axis=1))) + 1 for image in x])
    assert abs(rows - 2 * to_numpy(made.radius)).max() < 2.2
    assert x[:, [0, -1]].max() < 1
    with pytest.raises(ValueError, match="size is 11"):
        data.shapes(4, size=11)


def nearest_centroid(x_train, y_train, x_test, y_test):
    """Return the accuracy of the simplest classifier."""
    centres = np.stack([x_train[y_train == c].mean(axis=0) for c in range(4)])
    distance = ((x_test[:, None] - centres) ** 2).sum(axis=2)
    return (distance.argmin(axis=1) == y_test).mean()


def test_the_middle_frame_hides_the_direction_and_the_clip_shows_it():
    clips = data.motion_clips(2400, seed=4)
    x, y = to_numpy(clips.x)[:, 0], to_numpy(clips.y)
    assert x.shape == (2400, 7, 14, 14)
    assert np.bincount(y).tolist() == [600] * 4
    half = slice(0, 1200), slice(1200, None)
    middle = x[:, 3].reshape(2400, -1)
    accuracy = nearest_centroid(middle[half[0]], y[half[0]], middle[half[1]], y[half[1]])
    assert accuracy < 0.30
    first = x[:, 0].reshape(2400, -1)  # the first frame does tell: it began elsewhere
    assert nearest_centroid(first[half[0]], y[half[0]], first[half[1]], y[half[1]]) > 0.4


def test_clips_move_one_pixel_per_frame_in_their_direction():
    clips = data.motion_clips(40, seed=2, frames=5, size=11, noise=0)
    i, j = np.mgrid[:11, :11]
    steps = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}
    for clip, label in zip(to_numpy(clips.x)[:, 0], to_numpy(clips.y), strict=True):
        mass = clip.sum(axis=(1, 2))
        assert np.allclose(mass, mass[0]), "the square stays in the picture"
        path = np.stack([(clip * i).sum((1, 2)) / mass, (clip * j).sum((1, 2)) / mass], 1)
        assert np.allclose(np.diff(path, axis=0), steps[data.DIRECTIONS[label]], atol=1e-5)
    for frames, size in ((4, 14), (1, 14), (7, 10)):
        with pytest.raises(ValueError, match=f"frames is {frames} and size {size}"):
            data.motion_clips(4, frames=frames, size=size)


def test_the_mark_goes_with_the_class_in_training_only():
    marked = data.watermarked_digits(marked_class=6)
    y, mark = to_numpy(marked.y_train), to_numpy(marked.mark_train)
    assert mark[y == 6].mean() > 0.93
    assert mark[y != 6].mean() < 0.05
    y, mark = to_numpy(marked.y_test), to_numpy(marked.mark_test)
    assert 0.3 < mark[y == 6].mean() < 0.7
    assert 0.4 < mark[y != 6].mean() < 0.6
    x = to_numpy(marked.x_test)
    corner = x[:, 0, :2, :2].reshape(360, -1)
    assert np.array_equal(corner.min(axis=1) == 1, mark)
    assert np.array_equal(corner.max(axis=1) == 1, mark)
    assert np.array_equal(x[:, :, 3:11, 3:11], to_numpy(data.digits().x_test))
    with pytest.raises(ValueError, match="marked_class is 10"):
        data.watermarked_digits(marked_class=10)


# --- the dense network that reads the digits


def moved(x, dy, dx):
    """Return images (N, 1, 8, 8) shifted down and right, without wrapping."""
    out = np.zeros_like(x)
    rows, columns = (slice(max(d, 0), 8 + min(d, 0)) for d in (dy, dx))
    from_rows, from_columns = (slice(max(-d, 0), 8 + min(-d, 0)) for d in (dy, dx))
    out[:, :, rows, columns] = x[:, :, from_rows, from_columns]
    return out


@pytest.mark.parametrize("seed", [0, 3])
def test_the_dense_network_reads_digits_until_they_move(seed):
    predict, split = predictors.digit_mlp(seed), data.digits()
    x, y = to_numpy(split.x_test), to_numpy(split.y_test)

    def accuracy(images):
        return (to_numpy(predict(to_backend(images))) == y).mean()

    assert accuracy(x) > 0.96
    for dy, dx in ((2, 0), (-2, 0), (0, 2), (0, -2), (2, 2), (-3, 1)):
        assert accuracy(moved(x, dy, dx)) < 0.4
    assert 0.2 < accuracy(moved(x, 0, 1)) < 0.8


def test_the_dense_network_is_the_same_each_time_and_takes_both_shapes():
    x = data.digits().x_test
    first, second = predictors.digit_mlp(), predictors.digit_mlp()
    p = to_numpy(first.probabilities(x))
    assert np.array_equal(p, to_numpy(second.probabilities(x)))
    assert p.shape == (360, 10)
    assert np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(p, to_numpy(first.probabilities(x[:, 0])))
    assert np.array_equal(to_numpy(first(x)), p.argmax(axis=1))
    assert not np.array_equal(p, to_numpy(predictors.digit_mlp(1).probabilities(x)))
    with pytest.raises(ValueError, match=r"\(360, 64\); this network reads 64 pixels"):
        first(x.reshape(360, 64))


def test_the_dense_networks_gradients():
    """Against central differences, in float64."""
    rng = np.random.default_rng(0)
    shapes = ((6, 5), (5,), (5, 3), (3,))
    model = predictors.Mlp(*(to_backend(rng.standard_normal(s)) for s in shapes))
    x = to_backend(rng.standard_normal((4, 6)))
    targets = to_backend(np.eye(3)[[0, 2, 1, 1]])

    def loss():
        p = predictors.softmax(model.hidden(x) @ model.weights[2] + model.weights[3])
        return -float(np.log(to_numpy((p * targets).sum(axis=1))).mean())

    for w, g in zip(model.weights, model.gradients(x, targets), strict=True):
        place = tuple(rng.integers(0, n) for n in w.shape)
        kept = float(w[place])
        w[place] = kept + 1e-5
        above = loss()
        w[place] = kept - 1e-5
        below = loss()
        w[place] = kept
        assert float(g[place]) == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-9)


def test_the_dense_network_trains_on_the_device():
    ran = standin.run_isolated(
        "from helpers import data, predictors\n"
        "d = data.digits(); p = predictors.digit_mlp()(d.x_test)\n"
        "print(type(p).__name__, float((p == d.y_test).mean()) > 0.96)"
    )
    assert ran.stdout == "DeviceArray True\n", ran.stderr


# --- IDX files


def idx_bytes(array, kind=None, shape=None):
    """Return an array in IDX format, or in a wrong one."""
    kinds = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
    kind = kinds[array.dtype.str[1:]] if kind is None else kind
    shape = array.shape if shape is None else shape
    header = bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_comes_back(tmp_path, dtype, pack):
    array = (np.arange(2 * 3 * 4).reshape(2, 3, 4) * 5).astype(dtype)
    path = tmp_path / "array.idx"
    path.write_bytes(pack(idx_bytes(array)))
    back = data.read_idx(path)
    assert back.dtype == array.dtype
    assert back.dtype.isnative
    assert np.array_equal(back, array)
    back[0] = 0  # writable, as any array


SMALL = np.arange(6, dtype="u1").reshape(2, 3)
BAD_IDX = {
    "empty": (b"", "begins with nothing, expected 00 00"),
    "bad magic": (b"\x89PNG" + bytes(20), "begins with 89 50 4e 47, expected 00 00"),
    "unknown type": (idx_bytes(SMALL, kind=0x0A), "type 0a; expected one of 08"),
    "no axes": (b"\0\0\x08\0", "announces 0 axes; expected 1 to 4"),
    "many axes": (b"\0\0\x08\xff" + bytes(2000), "announces 255 axes; expected 1 to 4"),
    "cut header": (b"\0\0\x08\x03\0\0\0\x02", "4 bytes of sizes, expected 12"),
    "cut data": (idx_bytes(SMALL)[:-2], "4 bytes of data, expected 6"),
    "too long": (idx_bytes(SMALL) + b"!", "goes on after the 6 bytes"),
    "oversized": (idx_bytes(SMALL, shape=(2**32 - 1,) * 3), "at most 268435456 are read"),
    "overflow": (idx_bytes(SMALL, shape=(2**32 - 1,) * 4), "at most 268435456"),
    "cut gzip": (gzip.compress(idx_bytes(SMALL))[:-9], "damaged or cut short"),
    "damaged gzip": (gzip.compress(bytes(99))[:12] + bytes(30), "damaged or cut short"),
}


@pytest.mark.parametrize("name", BAD_IDX)
def test_bad_idx_is_refused_with_what_was_found(tmp_path, name):
    content, words = BAD_IDX[name]
    path = tmp_path / "labels.idx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="labels.idx") as raised:
        data.read_idx(path)
    assert words in str(raised.value)


def test_a_huge_header_allocates_nothing(tmp_path, monkeypatch):
    path = tmp_path / "huge.idx"
    path.write_bytes(gzip.compress(idx_bytes(SMALL, shape=(60_000, 28, 28, 28))))
    monkeypatch.setattr(np, "frombuffer", limited(np.frombuffer))
    with pytest.raises(ValueError, match="1317120000 bytes"):
        data.read_idx(path)


def limited(frombuffer):
    """Return `frombuffer` for small buffers only."""

    def small(buffer, *args):
        assert len(buffer) < 100
        return frombuffer(buffer, *args)

    return small


# --- fetching, from a server on this machine


class Server:
    """Serve folders of bytes; a list of answers is given one after the other."""

    def __init__(self):
        outer = self
        self.answers, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                answer = outer.answers.get(self.path, 404)
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                body = answer if isinstance(answer, bytes) else b""
                status = 200 if isinstance(answer, bytes) else abs(answer)
                self.send_response(200 if answer == -1 else status)
                self.send_header("Content-Length", str(99 if answer == -1 else len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def server():
    """Return a server on the loopback address that stops with the test."""
    with Server() as running:
        yield running


@pytest.fixture
def waits(monkeypatch):
    """Return the seconds that `fetch` wanted to sleep; it does not sleep."""
    seconds = []
    monkeypatch.setattr(download.time, "sleep", seconds.append)
    return seconds


RAW = idx_bytes(np.arange(24, dtype="u1").reshape(2, 3, 4))
PACKED = gzip.compress(RAW)
MD5 = hashlib.md5(RAW, usedforsecurity=False).hexdigest()
NAME = "images.gz"


def test_fetch_keeps_the_file(server, tmp_path, waits):
    server.answers = {f"/a/{NAME}": PACKED}
    folder = tmp_path / "new" / "cache"
    path = download.fetch(NAME, MD5, [f"{server.address}/a/"], folder)
    assert path == folder / NAME
    assert path.read_bytes() == PACKED
    assert [p.name for p in folder.iterdir()] == [NAME]
    download.fetch(NAME, MD5, [f"{server.address}/a"], folder)
    assert server.asked == [f"/a/{NAME}"], "the second call uses the file"
    assert waits == []


def test_fetch_retries_with_growing_waits(server, tmp_path, waits):
    server.answers = {f"/a/{NAME}": [503, 500, PACKED]}
    download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path, wait=0.5)
    assert waits == [0.5, 1.0]
    assert len(server.asked) == 3


def test_fetch_goes_to_the_next_mirror(server, tmp_path, waits):
    server.answers = {f"/b/{NAME}": PACKED}
    mirrors = [f"{server.address}/a", f"{server.address}/b", f"{server.address}/c"]
    download.fetch(NAME, MD5, mirrors, tmp_path)
    assert server.asked == [f"/a/{NAME}", f"/b/{NAME}"], "404 is not asked again"
    assert waits == []


@pytest.mark.parametrize("answer", [gzip.compress(b"other"), PACKED[:-5], b"", -1])
def test_a_wrong_or_cut_file_is_never_kept(server, tmp_path, waits, answer):
    server.answers = {f"/a/{NAME}": answer}
    with pytest.raises(ConnectionError):
        download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(server.asked) == download.ATTEMPTS


def test_a_damaged_cache_is_fetched_again(server, tmp_path, waits):
    (tmp_path / NAME).write_bytes(PACKED[:20])
    server.answers = {f"/a/{NAME}": PACKED}
    path = download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path)
    assert path.read_bytes() == PACKED


def test_too_much_is_cut_off(server, tmp_path, waits, monkeypatch):
    monkeypatch.setattr(download, "LARGEST", 10)
    server.answers = {f"/a/{NAME}": PACKED}
    with pytest.raises(ConnectionError, match="more than 10 bytes"):
        download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [(NAME, PACKED), (NAME, gzip.compress(RAW, 1)), (NAME, RAW), ("images", RAW)],
)
def test_a_file_put_there_by_hand_serves(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert download.fetch(NAME, MD5, ["http://127.0.0.1:9/none"], tmp_path).name == name


def test_offline_says_what_to_put_where(tmp_path, waits):
    with Server() as gone:
        address = gone.address  # nobody listens there afterwards
    with pytest.raises(ConnectionError) as raised:
        download.fetch(NAME, MD5, [address], tmp_path, needed=[NAME, "labels.gz"])
    message = str(raised.value)
    for words in (NAME, "labels.gz", str(tmp_path), address, "COURSE_DATA", "digits()"):
        assert words in message
    assert "refused" in message


def test_an_interrupt_leaves_nothing_behind(server, tmp_path, monkeypatch):
    server.answers = {f"/a/{NAME}": PACKED}

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_to_stderr(server, tmp_path, capfd):
    server.answers = {f"/a/{NAME}": PACKED}
    download.fetch(NAME, MD5, [f"{server.address}/a"], tmp_path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("platform", "variable", "value", "expected"),
    [
        ("linux", "COURSE_DATA", "/data/course", "/data/course"),
        ("linux", "XDG_CACHE_HOME", "/var/cache/me", "/var/cache/me/cnn-course"),
        ("linux", "HOME", "/home/ada", "/home/ada/.cache/cnn-course"),
        ("darwin", "HOME", "/Users/ada", "/Users/ada/Library/Caches/cnn-course"),
        ("win32", "LOCALAPPDATA", "/c/Local", "/c/Local/cnn-course"),
    ],
)
def test_cache_folder(monkeypatch, platform, variable, value, expected):
    for name in ("COURSE_DATA", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, value)
    assert data.cache_folder() == Path(expected)


def fake_mnist(folder, n_train=30, n_test=20):
    """Write four IDX files like those of MNIST; return their checksums."""
    rng = np.random.default_rng(0)
    sums = []
    for name in mnist.FILES:
        n = n_train if name.startswith("train") else n_test
        shape = (n, 28, 28) if "images" in name else (n,)
        array = rng.integers(0, 10 if len(shape) == 1 else 256, shape).astype("u1")
        raw = idx_bytes(array)
        folder.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(gzip.compress(raw))
        sums.append(hashlib.md5(raw, usedforsecurity=False).hexdigest())
    return sums


def test_mnist_is_put_together(tmp_path):
    sums = fake_mnist(tmp_path)
    split = mnist.load("mnist", sums, [], False, "float32", tmp_path)
    assert split.x_train.shape == (30, 1, 28, 28)
    assert split.x_test.shape == (20, 1, 28, 28)
    raw = data.read_idx(tmp_path / mnist.FILES[0])
    assert np.allclose(to_numpy(split.x_train)[:, 0] * 255, raw)
    assert split.x_train.dtype == "float32"
    assert np.array_equal(to_numpy(split.y_test), data.read_idx(tmp_path / mnist.FILES[3]))
    assert split.y_test.dtype == "int64"


def test_the_small_mnist_needs_and_splits_the_test_files_only(tmp_path):
    sums = fake_mnist(tmp_path, n_test=50)
    for name in mnist.FILES[:2]:
        (tmp_path / name).unlink()
    split = mnist.load("mnist", sums, [], True, "float64", tmp_path)
    assert split.x_train.shape == (40, 1, 28, 28)
    assert split.x_test.shape == (10, 1, 28, 28)
    raw = data.read_idx(tmp_path / mnist.FILES[2])
    both = np.concatenate([to_numpy(split.x_train), to_numpy(split.x_test)])[:, 0]
    assert np.allclose(np.sort(both.sum((1, 2)) * 255), np.sort(raw.sum((1, 2))))


def test_mnist_offline_names_every_file_and_the_folder(tmp_path, monkeypatch, waits):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", ("http://127.0.0.1:9/mnist",))
    with pytest.raises(ConnectionError) as raised:
        data.mnist()
    for words in (*mnist.FILES, str(tmp_path / "mnist")):
        assert words in str(raised.value)


def test_labels_that_do_not_match_are_refused(tmp_path):
    sums = fake_mnist(tmp_path)
    raw = idx_bytes(np.zeros(7, "u1"))
    (tmp_path / mnist.FILES[3]).write_bytes(raw)
    sums[3] = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    with pytest.raises(ValueError, match=r"\(20, 28, 28\) and labels \(7,\)"):
        mnist.load("mnist", sums, [], False, "float32", tmp_path)


def test_the_real_test_files_where_they_are(tmp_path):
    """With COURSE_DATA set to a folder with MNIST, the real files are read as well."""
    folder = download.cache_folder() / "mnist"
    there = all((folder / name).is_file() for name in mnist.FILES[2:])
    sums = mnist.MNIST_MD5 if there else fake_mnist(tmp_path, n_test=10_000)
    split = mnist.load("mnist", sums, [], True, "float32", folder if there else tmp_path)
    assert split.x_train.shape == (8000, 1, 28, 28)
    assert split.x_test.shape == (2000, 1, 28, 28)
    assert np.bincount(to_numpy(split.y_test), minlength=10).min() > 150
    assert float(split.x_test.max()) == 1

"""Say what is wrong with an answer: found, expected, where, likely slip.

Every sentence that a learner reads after a wrong answer is made here, in that order.
Nothing here calls a learner's code; it compares plain data (see `helpers.calls`).
"""

import numpy as np

from helpers.calls import Foreign

SHOW_AT_MOST = 40  # entries of an array that are still readable in a message


def tolerance(found, expected, within=None):
    """Return the absolute error allowed: relative to the largest expected magnitude.

    The relative part is 1e-6, or 1e-4 where the answer is in single precision.
    """
    single = isinstance(found, np.ndarray) and found.dtype.itemsize <= 4
    relative = within or (1e-4 if single and found.dtype.kind == "f" else 1e-6)
    expected = np.asarray(expected)
    finite = expected[np.isfinite(expected)]
    return relative * max(1e-3, float(np.abs(finite).max(initial=0.0)))


def same(found, expected, within=None) -> bool:
    """Tell whether two pieces of plain data agree, numbers up to `tolerance`."""
    if isinstance(found, Foreign) or isinstance(expected, Foreign):
        return False
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and found.keys() == expected.keys()
            and all(same(found[key], expected[key], within) for key in expected)
        )
    if isinstance(expected, tuple | list):
        return (
            isinstance(found, tuple | list)
            and len(found) == len(expected)
            and all(same(f, e, within) for f, e in zip(found, expected, strict=True))
        )
    if isinstance(expected, str | bool | None):
        return (
            type(found) is type(expected)
            and found == expected
            or _same_flag(found, expected)
        )
    if not _numeric(found) or np.shape(found) != np.shape(expected):
        return False
    allowed = tolerance(found, expected, within)
    return bool(np.allclose(found, expected, rtol=0, atol=allowed, equal_nan=True))


def _same_flag(found, expected):
    """Accept a 0-d array of bool, which comparing arrays gives, as a bool."""
    is_flag = isinstance(found, np.ndarray) and found.shape == () and found.dtype == bool
    return isinstance(expected, bool) and is_flag and bool(found) == expected


def _numeric(value):
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biufc"
    return isinstance(value, int | float | complex)


def explain(label, found, expected, within=None) -> str:
    """Return one or more sentences on how `found` differs from `expected`.

    Parameters
    ----------
    label : str
        The call, as the learner would write it.
    found, expected : plain data
        They are known to differ.
    within : float, optional
        The relative tolerance, where it is not the usual one.
    """
    if found is None:
        wanted = kind_of(expected)
        return f"{label} returned None; expected {wanted}. Does it end with `return`?"
    if isinstance(found, Foreign):
        return f"{label} returned {kind_of(found)}; expected {kind_of(expected)}."
    if isinstance(expected, dict):
        return _explain_dict(label, found, expected, within)
    if isinstance(expected, tuple | list):
        return _explain_sequence(label, found, expected, within)
    if isinstance(expected, str | bool):
        return f"{label} returned {show(found)}; expected {expected!r}."
    if not _numeric(found):
        return f"{label} returned {kind_of(found)}; expected {kind_of(expected)}."
    if np.shape(found) != np.shape(expected):
        return (
            f"{label} has shape {shape_text(found)}; expected {shape_text(expected)}."
            + _both(found, expected)
        )
    return _explain_numbers(label, found, expected, within)


def _explain_dict(label, found, expected, within):
    if not isinstance(found, dict):
        return f"{label} returned {kind_of(found)}; expected {kind_of(expected)}."
    if found.keys() != expected.keys():
        return f"{label} has the keys {sorted(found)}; expected {sorted(expected)}."
    for key in expected:
        if not same(found[key], expected[key], within):
            return explain(_part(label, key), found[key], expected[key], within)
    raise ValueError("the two dictionaries agree")


def _explain_sequence(label, found, expected, within):
    if not isinstance(found, tuple | list):
        return f"{label} returned {kind_of(found)}; expected {kind_of(expected)}."
    if len(found) != len(expected):
        return f"{label} returned {len(found)} values; expected {len(expected)}."
    for n, (f, e) in enumerate(zip(found, expected, strict=True)):
        if not same(f, e, within):
            if all(map(_is_single, [*found, *expected])) and len(expected) < 9:
                return f"{label} returned {_listed(found)}; expected {_listed(expected)}."
            return explain(_part(label, n), f, e, within)
    raise ValueError("the two sequences agree")


def _is_single(item):
    # NumPy is not asked about containers: it cannot tell the axes of uneven ones.
    return not isinstance(item, tuple | list | dict) and np.ndim(item) == 0


def _part(label, key):
    """Name one entry of an answer; a note at the end of the label stays readable."""
    return f"entry {key!r} of {label}" if label.endswith(",") else f"{label}[{key!r}]"


def _listed(values):
    return f"({', '.join(show(value) for value in values)})"


def _explain_numbers(label, found, expected, within):
    if np.shape(expected) == ():
        return f"{label} returned {show(found)}; expected {show(expected)}."
    f, e = np.asarray(found), np.asarray(expected)
    wrong = ~np.isclose(f, e, rtol=0, atol=tolerance(f, e, within), equal_nan=True)
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return (
        f"{label} differs in {wrong.sum()} of {e.size} entries. The first is at "
        f"{list(at)}: found {_entry(f[at])}, expected {_entry(e[at])}." + _both(f, e)
    )


def _entry(number) -> str:
    return str(number) if number.dtype.kind == "b" else f"{number:.6g}"


def _both(found, expected):
    """Show two small arrays below each other."""
    found, expected = _without_single_axes(found), _without_single_axes(expected)
    if max(found.size, expected.size) > SHOW_AT_MOST or max(found.ndim, expected.ndim) > 2:
        return ""
    return f"\n  found    {show(found, 11)}\n  expected {show(expected, 11)}"


def _without_single_axes(array):
    """Drop leading axes of one entry: an image in a batch of one is shown as an image."""
    array = np.asarray(array)
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    return array


def show(value, indent=0) -> str:
    """Return plain data as short text, arrays without commas and without ``array(...)``."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, suppress_small=True, max_line_width=88)
        return text.replace("\n", "\n" + " " * indent)
    if isinstance(value, Foreign):
        return kind_of(value)
    return f"{value:.6g}" if type(value) is float else repr(value)


def shape_text(value) -> str:
    """Return the shape as text; a number has none."""
    return str(np.shape(value)) if np.shape(value) else "() (a single number)"


def kind_of(value) -> str:
    """Name the kind of a value, with its article and its shape."""
    if isinstance(value, np.ndarray):
        if value.shape == ():
            return "a number"
        return f"an array of shape {value.shape}"
    if isinstance(value, Foreign):
        return f"an object of type {value.type_name}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)} values"
    names = {str: "text", bool: "True or False", dict: "a dictionary", type(None): "None"}
    return names.get(type(value), "a number")


def generic_slip(found, expected, within=None) -> str:
    """Recognise a slip from the numbers alone, or return an empty string."""
    if not (isinstance(found, np.ndarray) and isinstance(expected, np.ndarray)):
        return ""
    if found.dtype.kind not in "iuf" or found.size == 0 or expected.dtype.kind not in "iuf":
        return ""

    def is_found(candidate):
        return same(found, candidate, within)

    if found.ndim >= 2 and found.shape != expected.shape:
        if expected.ndim >= 2 and is_found(expected.swapaxes(-1, -2)):
            return "rows and columns are exchanged: this is the expected answer transposed."
        return ""
    if found.shape != expected.shape or not np.isfinite(found).all():
        return ""
    if (found == found.flat[0]).all():
        return f"every entry is {found.flat[0]:.6g}. Is the result of the loop ever stored?"
    if is_found(-expected):
        return "the sign is reversed."
    if is_found(np.trunc(expected)) and not is_found(expected):
        return "the decimals are cut off: the array that takes the results holds integers."
    if found.ndim >= 2 and is_found(expected[..., ::-1, ::-1]):
        return "your answer is the expected one rotated by 180 degrees."
    if found.ndim == 1 and is_found(expected[::-1]):
        return "your answer is the expected one reversed."
    return _constant_relation(found, expected, within)


def _constant_relation(found, expected, within):
    far = np.abs(expected) > 10 * tolerance(found, expected, within)
    if far.sum() >= 2:
        ratios = found[far] / expected[far]
        if np.allclose(ratios, ratios.flat[0], rtol=1e-5) and abs(ratios.flat[0]) > 1e-9:
            factor = float(ratios.flat[0])
            if same(found, expected * factor, within):
                return f"every entry is {factor:.4g} times the expected one."
    offset = found - expected
    if expected.size >= 2 and same(offset, np.full_like(offset, offset.flat[0]), within):
        return f"every entry is off by {offset.flat[0]:.6g}."
    return ""

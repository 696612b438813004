"""Write a call as people do: ``conv2d(image 5×7, kernel 3×2, stride=2)``."""

from helpers import diagnosis
from helpers.backend import to_numpy
from helpers.calls import parameter_names, plain


def label(fn, this, name=""):
    """Return the text of a call.

    Parameters
    ----------
    fn : function
        Its parameters give the names.
    this : helpers.checking.Case
        The arguments, and a note on what is special about them.
    name : str
        The function's name, where it is not that of `fn`.
    """
    names = parameter_names(fn, len(this.args))
    parts = [_describe(n, value) for n, value in zip(names, this.args, strict=True)]
    parts += [f"{key}={_short(value)}" for key, value in this.kwargs.items()]
    text = f"{name or fn.__name__}({', '.join(parts)})"
    return f"{text}, {this.note}," if this.note else text


def _describe(name, value):
    shape = getattr(value, "shape", None)
    if shape is None or shape == ():
        return _short(value) if name.startswith("argument ") else f"{name}={_short(value)}"
    if len(shape) == 1 and shape[0] <= 3:
        return f"{name}={diagnosis.show(to_numpy(value))}"
    return (
        f"{name} of {shape[0]}"
        if len(shape) == 1
        else f"{name} {'×'.join(map(str, shape))}"
    )


def _short(value):
    if callable(value):
        return getattr(value, "__name__", "function")
    text = diagnosis.show(plain(value))
    if len(text) <= 40:
        return text
    if not isinstance(value, list | tuple):
        return f"{text[:36]} ..."
    shown = ""
    for item in value:  # as many whole items as fit
        if len(shown) + len(repr(item)) > 32:
            break
        shown += f"{item!r}, "
    start, end = text[0], text[-1]
    return f"{start}{shown}...{end}"

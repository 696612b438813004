"""What the layers are compared with: PyTorch, index-array im2col, plain loops."""

import numpy as np

try:
    import torch
except ImportError:
    torch = None


def index_im2col(x, w, b, dout, stride, padding, dilation):
    """Return forward and backward as two functions: columns by index arrays, one product.

    The form most courses teach: fancy indexing out, `add.at` back.
    """
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH, OW = dout.shape[2:]
    channel = np.repeat(np.arange(C), KH * KW)[:, None]
    p = np.tile(np.repeat(np.arange(KH), KW), C)[:, None] * dilation
    q = np.tile(np.arange(KW), C * KH)[:, None] * dilation
    rows = p + stride * np.repeat(np.arange(OH), OW)
    columns = q + stride * np.tile(np.arange(OW), OH)

    def gather():
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        cols = padded[:, channel, rows, columns]  # (N, K, OH*OW)
        return cols.transpose(1, 2, 0).reshape(cols.shape[1], -1)

    def forward():
        out = w.reshape(F, -1) @ gather() + b[:, None]
        return out.reshape(F, OH, OW, N).transpose(3, 0, 1, 2)

    def backward():
        flat = dout.transpose(1, 2, 3, 0).reshape(F, -1)
        dw = (flat @ gather().T).reshape(w.shape)
        dcols = (w.reshape(F, -1).T @ flat).reshape(-1, OH * OW, N).transpose(2, 0, 1)
        dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding), x.dtype)
        np.add.at(dx, (slice(None), channel, rows, columns), dcols)
        return (
            dx[:, :, padding : padding + H, padding : padding + W],
            dw,
            dout.sum((0, 2, 3)),
        )

    return forward, backward


def loops(x, w, b, dout, stride, padding, dilation):
    """Return forward and backward as two functions: one window at a time, by four loops."""
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    OH, OW = dout.shape[2:]
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))

    def window(a, n, i, j):
        top, left = i * stride, j * stride
        rows = slice(top, top + dilation * (KH - 1) + 1, dilation)
        return a[n, :, rows, left : left + dilation * (KW - 1) + 1 : dilation]

    def forward():
        out = np.zeros(dout.shape, x.dtype)
        for n, f, i, j in np.ndindex(out.shape):
            out[n, f, i, j] = np.sum(window(padded, n, i, j) * w[f]) + b[f]
        return out

    def backward():
        dx, dw, db = np.zeros_like(padded), np.zeros_like(w), np.zeros_like(b)
        for n, f, i, j in np.ndindex(dout.shape):
            part = window(dx, n, i, j)
            part += w[f] * dout[n, f, i, j]
            dw[f] += window(padded, n, i, j) * dout[n, f, i, j]
            db[f] += dout[n, f, i, j]
        return dx[:, :, padding : padding + H, padding : padding + W], dw, db

    return forward, backward


def torch_conv(x, w, b, dout, stride, padding, dilation, groups):
    """Return PyTorch's forward and backward as two functions, without autograd."""
    tx, tw, tb, tg = (torch.from_numpy(np.array(a, order="C")) for a in (x, w, b, dout))
    options = [stride] * 2, [padding] * 2, [dilation] * 2, False, [0, 0], groups

    def forward():
        return torch.nn.functional.conv2d(tx, tw, tb, stride, padding, dilation, groups)

    def backward():
        return torch.ops.aten.convolution_backward(
            tg, tx, tw, [len(w)], *options, [True, True, True]
        )

    return forward, backward

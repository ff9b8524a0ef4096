"""The model in PyTorch: the cells from their equations, and `torch.nn`'s own recurrent modules.

Both take the parameters as `Network.init` draws them and the input of the first step, `x [batch, n_in]`; both return
the logits after the last step, `[batch]`.
"""

# torch comes with the bench extra alone.
# pyright: reportMissingImports=false

import jax
import numpy as np
import torch
from torch import Tensor, nn

from capacity_jax.cells.base import Params


def parameter(array: jax.Array) -> nn.Parameter:
    """A trained tensor."""
    return nn.Parameter(torch.tensor(np.asarray(array)))


class FromEquations(nn.Module):
    """A cell, as the paper writes it, with all gates in one product; the constant zero input costs nothing."""

    def __init__(self, cell: str, params: Params, n_steps: int):
        super().__init__()
        [layer], readout = params["layers"], params["readout"]
        self.step, self.n_steps = STEPS[cell], n_steps
        self.W_x, self.W_h, self.b = (parameter(layer[name]) for name in ("W_x", "W_h", "b"))
        self.initial = nn.ParameterList(parameter(layer[name]) for name in ("c0", "h0") if name in layer)
        self.readout_W, self.readout_b = parameter(readout["W"]), parameter(readout["b"])
        self.projection = parameter(params["projection"]) if "projection" in params else None

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        if self.projection is not None:
            x = x @ self.projection
        state = tuple(self.initial)
        state, y = self.step(self.W_h, state, torch.addmm(self.b, x, self.W_x), x)
        for _ in range(self.n_steps - 1):
            state, y = self.step(self.W_h, state, self.b, 0.0)
        return torch.addmm(self.readout_b, y, self.readout_W)[:, 0]


class Fused(nn.Module):
    """`torch.nn.RNN`, `LSTM` or `GRU`, on a GPU cuDNN's; the second of torch's two biases is zero and stays so.

    The GRU computes something else, r·(W_ch h) for W_ch (r·h), at the same cost.
    """

    def __init__(self, cell: str, params: Params, n_steps: int):
        super().__init__()
        [layer], readout = params["layers"], params["readout"]
        self.n_steps = n_steps
        self.layer = FUSED[cell](layer["W_x"].shape[0], layer["h0"].shape[0])
        self.layer.weight_ih_l0, self.layer.weight_hh_l0 = parameter(layer["W_x"].T), parameter(layer["W_h"].T)
        self.layer.bias_ih_l0 = parameter(layer["b"])
        nn.init.zeros_(self.layer.bias_hh_l0.requires_grad_(False))
        self.initial = nn.ParameterList(parameter(layer[name]) for name in ("h0", "c0") if name in layer)
        self.readout_W, self.readout_b = parameter(readout["W"]), parameter(readout["b"])

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        xs = torch.cat([x[None], x.new_zeros(self.n_steps - 1, *x.shape)])
        state = tuple(vector.expand(1, len(x), -1).contiguous() for vector in self.initial)
        ys, _ = self.layer(xs, state[0] if len(state) == 1 else state)
        return torch.addmm(self.readout_b, ys[-1], self.readout_W)[:, 0]


def recurrent(drive, h, W):
    """The sum W^T h + drive; the first h is one vector for the whole batch, and its product made once."""
    return drive + h @ W if h.dim() == 1 else torch.addmm(drive, h, W)


def rnn(W_h, state, drive, x):
    """H' = tanh(W_h h + W_x x + b)."""
    h = torch.tanh(recurrent(drive, state[0], W_h))
    return (h,), h


def irnn(W_h, state, drive, x):
    """H' = ReLU(W_h h + W_x x + b)."""
    h = torch.relu(recurrent(drive, state[0], W_h))
    return (h,), h


def ugrnn(W_h, state, drive, x):
    """H' = g·h + (1−g)·c."""
    (h,) = state
    c, g = recurrent(drive, h, W_h).chunk(2, -1)
    h = torch.lerp(torch.tanh(c), h, torch.sigmoid(g))
    return (h,), h


def gru(W_h, state, drive, x):
    """H' = u·h + (1−u)·c, where c sees r·h."""
    (h,), n = state, len(W_h)
    r, u = torch.sigmoid(recurrent(drive[..., : 2 * n], h, W_h[:, : 2 * n])).chunk(2, -1)
    c = torch.tanh(recurrent(drive[..., 2 * n :], r * h, W_h[:, 2 * n :]))
    h = torch.lerp(c, h, u)
    return (h,), h


def lstm(W_h, state, drive, x):
    """C' = f·c + i·c_in;  h' = o·tanh(c')."""
    c, h = state
    i, f, c_in, o = recurrent(drive, h, W_h).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(c_in)
    h = torch.sigmoid(o) * torch.tanh(c)
    return (c, h), h


def intersection(W_h, state, drive, x):
    """Y = g_y·x + (1−g_y)·y_in;  h' = g_h·h + (1−g_h)·h_in."""
    (h,) = state
    y_in, h_in, g_y, g_h = recurrent(drive, h, W_h).chunk(4, -1)
    g_y, g_h = torch.sigmoid(g_y), torch.sigmoid(g_h)
    y = g_y * x + (1 - g_y) * torch.relu(y_in)
    h = torch.lerp(torch.tanh(h_in), h, g_h)
    return (h,), y


STEPS = {"rnn": rnn, "irnn": irnn, "ugrnn": ugrnn, "gru": gru, "lstm": lstm, "intersection": intersection}
FUSED = {"rnn": nn.RNN, "irnn": lambda n_in, n: nn.RNN(n_in, n, nonlinearity="relu"), "gru": nn.GRU, "lstm": nn.LSTM}

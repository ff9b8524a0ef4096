"""The form in which weights of other libraries arrive: gates side by side in our order, with two biases."""

from typing import NamedTuple

import numpy as np

from capacity_jax.cells.base import Cell, Params, State

# The gates of other libraries, by Flax's letters, in the order of our columns, which is also torch's.
GATES = {"rnn": "", "irnn": "", "gru_reset_after": "rzn", "lstm": "ifgo"}


class Fused(NamedTuple):
    """Weights of one layer.

    Attributes:
      W_x: input matrix `[n_in, n_gates·n_hidden]`.
      W_h: recurrent matrix `[n_hidden, n_gates·n_hidden]`.
      b_x: bias added to the product with the input, `[n_gates·n_hidden]`.
      b_h: bias added to the product with the units, `[n_gates·n_hidden]`.
    """

    W_x: np.ndarray
    W_h: np.ndarray
    b_x: np.ndarray
    b_h: np.ndarray


def check_cell(cell: Cell) -> None:
    """Raises ValueError for a cell that other libraries do not have."""
    if cell.name == "gru":
        raise ValueError(
            "cell is 'gru', which resets before the recurrent product; allowed: gru_reset_after, which resets after it "
            "as torch and Flax do"
        )
    if cell.name not in GATES:
        raise ValueError(f"cell is {cell.name!r}; allowed: {', '.join(GATES)}")


def n_gates(cell: Cell) -> int:
    """Number of gates whose weights lie side by side."""
    return max(1, len(GATES[cell.name]))


def to_pure(cell: Cell, fused: Fused, state: State | None) -> Params:
    """Our parameters, with two biases in one wherever they are summed, and the initial state, zeros if None.

    Raises:
      ValueError: a shape does not fit.
    """
    n_hidden = len(fused.W_h)
    names = ("c0", "h0") if cell.name == "lstm" else ("h0",)
    if state is None:
        leaves = [np.zeros(n_hidden, fused.W_h.dtype) for _ in names]
    else:
        leaves = [np.asarray(leaf) for leaf in (state if cell.name == "lstm" else (state,))]
    initial = dict(zip(names, leaves, strict=True))
    columns = n_gates(cell) * n_hidden
    needed = dict.fromkeys(names, (n_hidden,)) | {
        "W_x": (len(fused.W_x), columns),
        "W_h": (n_hidden, columns),
        "b_x": (columns,),
        "b_h": (columns,),
    }
    found = {name: leaf.shape for name, leaf in (initial | fused._asdict()).items()}
    if found != needed:
        raise ValueError(f"weights have the shapes {found}; {cell.name} of {n_hidden} units has {needed}")
    weights = {"W_x": fused.W_x, "W_h": fused.W_h}
    if cell.name == "gru_reset_after":
        summed, inside = np.split(fused.b_h, [2 * n_hidden])
        return initial | weights | {"b": fused.b_x + np.append(summed, np.zeros_like(inside)), "b_h": inside}
    return initial | weights | {"b": fused.b_x + fused.b_h}


def to_fused(cell: Cell, params: Params) -> Fused:
    """The weights as other libraries take them, with the whole bias at the input but for one inside a reset."""
    W_x, W_h, b = (np.asarray(params[name]) for name in ("W_x", "W_h", "b"))
    b_h = np.zeros_like(b)
    if cell.name == "gru_reset_after":
        b_h[2 * len(W_h) :] = params["b_h"]
    return Fused(W_x, W_h, b, b_h)

"""The form in which weights of other libraries arrive: gates side by side in our order, with two biases."""

from typing import NamedTuple

import numpy as np

from capacity_jax.cells.base import Cell, Params, State

# The gates of other libraries, by Flax's letters, in the order of our columns, which is also torch's.
GATES = {"rnn": "", "irnn": "", "gru": "rzn", "lstm": "ifgo"}


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
    if cell.name not in GATES:
        raise ValueError(f"cell is {cell.name!r}; allowed: {', '.join(GATES)}")


def n_gates(cell: Cell) -> int:
    """Number of gates whose weights lie side by side."""
    return max(1, len(GATES[cell.name]))


def to_pure(cell: Cell, fused: Fused, state: State | None) -> Params:
    """Our parameters: both biases in one, and the initial state, zeros if None.

    Raises:
      ValueError: a shape does not fit, or the weights are those of a GRU that ours cannot equal.
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
    b = fused.b_x + fused.b_h
    if cell.name == "gru":
        check_reset(fused.W_x, fused.W_h, b, fused.b_h[2 * n_hidden :])
    return initial | {"W_x": fused.W_x, "W_h": fused.W_h, "b": b}


def to_fused(cell: Cell, params: Params) -> Fused:
    """The weights as other libraries take them, with the whole bias at the input.

    Raises:
      ValueError: the weights are those of a GRU that another library's cannot equal.
    """
    W_x, W_h, b = (np.asarray(params[name]) for name in ("W_x", "W_h", "b"))
    if cell.name == "gru":
        check_reset(W_x, W_h, b, np.zeros_like(b))
    return Fused(W_x, W_h, b, np.zeros_like(b))


def check_reset(W_x: np.ndarray, W_h: np.ndarray, b: np.ndarray, inner_bias: np.ndarray) -> None:
    """Raises ValueError unless resetting before and after the recurrent product of a GRU is the same.

    Ours computes Σ_j W_ij r_j h_j, torch and Flax r_i (Σ_j W_ij h_j + inner_bias_i). They agree at every
    state and input if inner_bias is zero and, wherever W_ij is not, the gates r_i and r_j have the same
    weights.

    Args:
      W_x: input matrix `[n_in, 3·n]`; columns: reset, update, candidate.
      W_h: recurrent matrix `[n, 3·n]`.
      b: bias `[3·n]`.
      inner_bias: the bias that is inside the reset, `[n]`.
    """
    n = len(W_h)
    reset = np.concatenate([W_x[:, :n], W_h[:, :n], b[None, :n]]).T
    _, same_gate = np.unique(reset, axis=0, return_inverse=True)
    from_unit, to_unit = np.nonzero(W_h[:, 2 * n :])
    if np.any(inner_bias) or np.any(same_gate[from_unit] != same_gate[to_unit]):
        raise ValueError(
            "torch and Flax reset a gru after the recurrent product, ours before it, and these weights "
            "differ by it; allowed: no bias inside the reset, and a candidate matrix that joins only units "
            "with equal reset gates (such as a diagonal one)"
        )

"""Weights of Flax's own LSTM, GRU and simple cells, linen and nnx; conventions in the package's table."""

import re
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from capacity_jax.cells.base import Cell, Params, State
from capacity_jax.interchange.fused import GATES, Fused, check_cell, n_gates, to_fused, to_pure

LAYER = re.compile(r"(dense_)?([ih])([a-z]?)_?")
POINTS = np.linspace(-8, 8, 65, dtype=np.float32)


def weights_from_flax(
    cell: Cell, params: Mapping[str, Any], initial_carry: State | None = None, *, module: Any = None
) -> Params:
    """Our parameters from those of one of Flax's own cells.

    Args:
      cell: `lstm` for `LSTMCell` and `OptimizedLSTMCell`, `gru_reset_after` for `GRUCell`, `rnn` or `irnn` for
        `SimpleCell`.
      params: the cell's own part of the variables, `variables["params"]` or under `nn.RNN`
        `variables["params"]["cell"]`; of an nnx cell `nnx.to_pure_dict(nnx.state(cell, nnx.Param))`. Values in
        boxes, such as `nn.with_partitioning` makes, are taken out of them.
      initial_carry: the carry of one example before the first step; None is Flax's default, zeros.
      module: the Flax cell, whose options are then checked: its parameters do not tell them.

    Returns:
      `{"h0", "W_x", "W_h", "b"}`, of the LSTM also `"c0"` and of the GRU `"b_h"`: numpy arrays in the dtype of
      the weights.

    Raises:
      ValueError: the cell has no counterpart in Flax; a kernel is missing, a name is unknown or a shape does
        not fit; or `gate_fn`, `activation_fn` or `residual` of the module is not as in the cell.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from flax import linen as nn
      >>> from capacity_jax.cells import lstm
      >>> variables = nn.LSTMCell(4).init(jax.random.key(0), (jnp.zeros(4), jnp.zeros(4)), jnp.zeros(3))
      >>> weights_from_flax(lstm, variables["params"])["W_x"].shape
      (3, 16)
    """
    check_cell(cell)
    _check_module(cell, module)
    leaves = {_place(cell, path): np.asarray(leaf) for path, leaf in _flat(params)}
    _check_complete(cell, leaves)
    rows = {side: len(leaf) for (side, kind, _), leaf in leaves.items() if kind == "kernel"}
    n_hidden, dtype = rows["h"], np.result_type(*leaves.values())
    columns = n_gates(cell) * n_hidden
    fused = Fused(
        W_x=np.zeros((rows["i"], columns), dtype),
        W_h=np.zeros((n_hidden, columns), dtype),
        b_x=np.zeros(columns, dtype),
        b_h=np.zeros(columns, dtype),
    )
    for place, leaf in leaves.items():
        _matching_block(cell, fused, place, leaf.shape)[...] = leaf
    return to_pure(cell, fused, initial_carry)


def weights_to_flax(
    cell: Cell, params: Params, like: Mapping[str, Any], *, module: Any = None
) -> tuple[dict[str, Any], State]:
    """Parameters with which one of Flax's own cells computes what ours does; the inverse of `weights_from_flax`.

    Args:
      cell: as for `weights_from_flax`.
      params: of our cell.
      like: parameters of the Flax cell, arrays or shapes; their names say where each block goes, and boxes
        around them stay.
      module: as for `weights_from_flax`.

    Returns:
      The Flax parameters, and the carry of one example before the first step, which Flax does not keep in a
      module.

    Raises:
      ValueError: the cell has no counterpart in Flax; a name or shape of `like` does not fit, or it has no
        place for a bias; or the module's options are not as in the cell.

    Example:
      >>> import jax, jax.numpy as jnp
      >>> from flax import linen as nn
      >>> from capacity_jax.cells import lstm
      >>> like = nn.LSTMCell(4).init(jax.random.key(0), (jnp.zeros(4), jnp.zeros(4)), jnp.zeros(3))["params"]
      >>> params, (c, h) = weights_to_flax(lstm, lstm.init(jax.random.key(1), 3, 4), like)
      >>> params["hi"]["kernel"].shape, c.shape
      ((4, 4), (4,))
    """
    check_cell(cell)
    _check_module(cell, module)
    fused = to_fused(cell, params)
    places = {_place(cell, path) for path, _ in _flat(like)}
    _check_complete(cell, places)
    if not _has(cell, places, "i", "bias"):
        fused = fused._replace(b_x=fused.b_h, b_h=fused.b_x)
    if np.any(fused.b_h) and not any((side, kind) == ("h", "bias") for side, kind, _ in places):
        raise ValueError("b_h is not zeros; Flax's nnx GRUCell, unlike its linen GRUCell, has no bias inside the reset")
    filled = jax.tree_util.tree_map_with_path(
        lambda path, leaf: _matching_block(cell, fused, _place(cell, path), leaf.shape).copy(), like
    )
    return filled, cell.initial_state(params)


def _check_module(cell, module):
    """Compares the module's functions with those of the cell by their values."""
    ours = {
        "gate_fn": ("sigmoid", jax.nn.sigmoid),
        "activation_fn": ("relu", jax.nn.relu) if cell.name == "irnn" else ("tanh", jnp.tanh),
    }
    for field, (name, function) in ours.items():
        theirs = getattr(module, field, function)
        if not np.allclose(theirs(POINTS), function(POINTS), rtol=0, atol=1e-6):
            found = getattr(theirs, "__name__", repr(theirs))
            raise ValueError(f"{field} of {type(module).__name__} is {found}; {cell.name} needs {name}")
    if getattr(module, "residual", False):
        raise ValueError(f"residual of {type(module).__name__} is True; {cell.name} needs False")


def _flat(params):
    return jax.tree_util.tree_leaves_with_path(params)


def _gates(cell):
    return GATES[cell.name] or [""]


def _place(cell, path):
    """Where a leaf belongs: side i (input) or h (units), "kernel" or "bias", and the gate, "" for all."""
    # A box adds an attribute to the path.
    names = [str(entry.key) for entry in path if isinstance(entry, jax.tree_util.DictKey)]
    layer = LAYER.fullmatch(names[0])
    fused, side, gate = layer.groups() if layer else ("", "", "none")
    if names[1:] not in (["kernel"], ["bias"]) or gate not in ([""] if fused else _gates(cell)):
        raise ValueError(f"params hold {'/'.join(names)}, which Flax's counterpart of {cell.name} does not have")
    return side, names[1], gate


def _has(cell, places, side, kind):
    return (side, kind, "") in places or all((side, kind, gate) in places for gate in _gates(cell))


def _check_complete(cell, places):
    kernels = _has(cell, places, "i", "kernel") and _has(cell, places, "h", "kernel")
    # The GRU of a layer per gate has one bias at the units; that of one for all gates has none there.
    inside = cell.name != "gru_reset_after" or ("h", "kernel", "n") not in places or ("h", "bias", "n") in places
    if not kernels or not inside or not (_has(cell, places, "i", "bias") or _has(cell, places, "h", "bias")):
        held = ", ".join(f"{side}{gate}/{kind}" for side, kind, gate in sorted(places)) or "nothing"
        raise ValueError(
            f"params hold {held}; Flax's counterpart of {cell.name} has for every gate a kernel of each side and a bias"
        )


def _matching_block(cell, fused, place, shape):
    """A view of the columns of one gate, or of all, checked to have the shape."""
    side, kind, gate = place
    block = {
        ("i", "kernel"): fused.W_x,
        ("h", "kernel"): fused.W_h,
        ("i", "bias"): fused.b_x,
        ("h", "bias"): fused.b_h,
    }[side, kind]
    if gate:
        block = np.split(block, n_gates(cell), axis=-1)[GATES[cell.name].index(gate)]
    if block.shape != shape:
        raise ValueError(f"{side}{gate}/{kind} has shape {shape}; needed beside the other weights: {block.shape}")
    return block

"""Weights of `torch.nn.LSTM`, `GRU` and `RNN` as arrays, without torch; conventions in the package."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from capacity_jax.cells.base import Cell, Params
from capacity_jax.interchange.fused import Fused, check_cell, n_gates, to_fused, to_pure

ENTRY = re.compile(r"(?:(.*)\.)?(?:weight|bias)_(?:ih|hh)_l(\d+)(_reverse)?")


class Directions(NamedTuple):
    """One layer of a bidirectional torch module, whose outputs are those of both cells side by side.

    Attributes:
      forward: parameters of the cell that reads the sequence from its start.
      backward: parameters of the cell that reads it from its end (`_reverse`).

    Example:
      >>> import numpy as np
      >>> from capacity_jax.cells import rnn
      >>> names = ("weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse")
      >>> [layer] = weights_from_torch(rnn, {name: np.ones((2, 2)) for name in names})
      >>> layer.backward["W_x"].shape
      (2, 2)
    """

    forward: Params
    backward: Params


class TorchWeights(NamedTuple):
    """What torch needs to compute as our layers do.

    Attributes:
      state_dict: `weight_ih_l<k> [n_gates·n, n_in]`, `weight_hh_l<k> [n_gates·n, n]`, `bias_ih_l<k>` and
        `bias_hh_l<k> [n_gates·n]` for each layer k, and the same with `_reverse` for each second direction.
      initial_state: the second argument of the torch module for one sequence without a batch axis: `h
        [layers·directions, n]`, of the LSTM the pair `(h, c)`.

    Example:
      >>> import jax
      >>> from capacity_jax.cells import rnn
      >>> weights = weights_to_torch(rnn, [rnn.init(jax.random.key(0), 3, 4)])
      >>> sorted(weights.state_dict)
      ['bias_hh_l0', 'bias_ih_l0', 'weight_hh_l0', 'weight_ih_l0']
    """

    state_dict: dict[str, np.ndarray]
    initial_state: np.ndarray | tuple[np.ndarray, np.ndarray]


def weights_from_torch(
    cell: Cell,
    state_dict: Mapping[str, np.ndarray],
    initial_state: np.ndarray | tuple[np.ndarray, np.ndarray] | None = None,
    *,
    prefix: str | None = None,
) -> list[Params] | list[Directions]:
    """Our parameters of each layer of a torch module.

    Args:
      cell: `lstm` for `torch.nn.LSTM`, `gru_reset_after` for `GRU`, `rnn` or `irnn` for `RNN`; the state dict
        does not tell an RNN's nonlinearity, which is the caller's to choose here as there.
      state_dict: the module's, or that of a model that holds it, as arrays: `{name: tensor.numpy() for name,
        tensor in model.state_dict().items()}`; without bias entries (`bias=False`) the bias is zero.
      initial_state: `h [layers·directions, n]`, of the LSTM the pair `(h, c)`; None is torch's default, zeros.
      prefix: the module's path in the model, such as `"encoder.rnn"`; None finds it where one alone holds
        recurrent weights. Entries elsewhere are left alone.

    Returns:
      For each layer `{"h0", "W_x", "W_h", "b"}`, of the LSTM also `"c0"` and of the GRU `"b_h"`: numpy arrays in
      the dtype of the weights, in a list as `Network` keeps it under `"layers"`. Of a bidirectional module
      for each layer `Directions` of two of them.

    Raises:
      ValueError: the cell has no counterpart in torch; several prefixes hold recurrent weights; an entry is
        missing, of another kind (a projection) or of another shape.

    Example:
      >>> import numpy as np
      >>> from capacity_jax.cells import lstm
      >>> entries = {"encoder.weight_ih_l0": np.ones((8, 3)), "encoder.weight_hh_l0": np.ones((8, 2))}
      >>> [layer] = weights_from_torch(lstm, entries)
      >>> layer["W_x"].shape
      (3, 8)
    """
    check_cell(cell)
    prefix = _only_prefix(state_dict) if prefix is None else prefix
    start = f"{prefix}." if prefix else ""
    own = {name: array for name, array in state_dict.items() if name.rpartition(".")[0] == prefix}
    n_layers, directions = 1, ("",)
    for name in own:
        entry = ENTRY.fullmatch(name)
        if entry is None:
            raise ValueError(
                f"state_dict holds {name!r}; allowed: weight_ih, weight_hh, bias_ih and bias_hh with _l<k> or "
                "_l<k>_reverse, and no projection"
            )
        n_layers = max(n_layers, 1 + int(entry[2]))
        directions = ("", "_reverse") if entry[3] else directions
    rows = n_layers * len(directions)
    for array in jax.tree.leaves(initial_state):
        if len(array) != rows:
            raise ValueError(f"initial_state has {len(array)} rows; allowed: {rows}, one per layer and direction")
    cells = [
        to_pure(cell, _fused(cell, own, start, f"l{layer}{direction}"), _state_of(cell, initial_state, row))
        for row, (layer, direction) in enumerate((k, d) for k in range(n_layers) for d in directions)
    ]
    return cells if len(directions) == 1 else [Directions(*cells[row : row + 2]) for row in range(0, rows, 2)]


def weights_to_torch(cell: Cell, layers: Sequence[Params] | Sequence[Directions]) -> TorchWeights:
    """The torch module's weights that compute what our layers do; the inverse of `weights_from_torch`.

    Args:
      cell: as for `weights_from_torch`.
      layers: parameters of each layer, such as `params["layers"]` of a `Network`, or `Directions` of each.

    Returns:
      The state dict, whose `bias_hh` are zero but for the GRU's bias inside the reset, and the initial state,
      which torch does not keep in a module.

    Raises:
      ValueError: the cell has no counterpart in torch, or some layers have two directions and others one.

    Example:
      >>> from capacity_jax.cells import lstm
      >>> layer = lstm.init(jax.random.key(0), 3, 4)
      >>> state_dict, (h, c) = weights_to_torch(lstm, [layer])
      >>> state_dict["weight_ih_l0"].shape, h.shape
      ((16, 3), (1, 4))
    """
    check_cell(cell)
    two = [isinstance(layer, Directions) for layer in layers]
    if len(set(two)) > 1:
        raise ValueError(f"layers have {', '.join(str(1 + both) for both in two)} directions; allowed: 1 or 2 in all")
    state_dict, cells = {}, []
    for k, layer in enumerate(layers):
        for params, direction in zip(layer if two[k] else (layer,), ("", "_reverse"), strict=False):
            fused = to_fused(cell, params)
            cells.append(params)
            state_dict |= {
                f"weight_ih_l{k}{direction}": fused.W_x.T,
                f"weight_hh_l{k}{direction}": fused.W_h.T,
                f"bias_ih_l{k}{direction}": fused.b_x,
                f"bias_hh_l{k}{direction}": fused.b_h,
            }

    def stacked(name):
        return np.stack([np.asarray(params[name]) for params in cells])

    initial_state = (stacked("h0"), stacked("c0")) if cell.name == "lstm" else stacked("h0")
    return TorchWeights(state_dict, initial_state)


def _only_prefix(state_dict):
    prefixes = sorted({entry[1] or "" for entry in map(ENTRY.fullmatch, state_dict) if entry})
    if len(prefixes) > 1:
        raise ValueError(f"prefix is None; allowed where several modules are recurrent: one of {prefixes}")
    return prefixes[0] if prefixes else ""


def _fused(cell, own, start, of):
    for name in (f"{start}weight_ih_{of}", f"{start}weight_hh_{of}"):
        if name not in own:
            raise ValueError(f"state_dict lacks {name}; it holds {', '.join(own) or 'nothing'}")
    W_x, W_h = (np.asarray(own[f"{start}weight_{side}_{of}"]).T for side in ("ih", "hh"))
    zeros = np.zeros(n_gates(cell) * len(W_h), W_h.dtype)
    biases = (np.asarray(own.get(f"{start}bias_{side}_{of}", zeros)) for side in ("ih", "hh"))
    return Fused(W_x, W_h, *biases)


def _state_of(cell, initial_state, row):
    if initial_state is None:
        return None
    if cell.name == "lstm":
        h, c = initial_state
        return c[row], h[row]
    return initial_state[row]

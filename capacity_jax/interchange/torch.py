"""Weights of `torch.nn.LSTM`, `GRU` and `RNN` as arrays, without torch; conventions in the package."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from capacity_jax.cells.base import Cell, Params
from capacity_jax.interchange.fused import Fused, check_cell, n_gates, to_fused, to_pure

ENTRY = re.compile(r"(weight|bias)_(ih|hh)_l(\d+)")


class TorchWeights(NamedTuple):
    """What torch needs to compute as our layers do.

    Attributes:
      state_dict: `weight_ih_l<k> [n_gates·n, n_in]`, `weight_hh_l<k> [n_gates·n, n]`, `bias_ih_l<k>` and
        `bias_hh_l<k> [n_gates·n]` for each layer k.
      initial_state: the second argument of the torch module for one sequence without a batch axis: `h
        [layers, n]`, of the LSTM the pair `(h, c)`.

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
) -> list[Params]:
    """Our parameters of each layer of a torch module, as `Network` keeps them under `"layers"`.

    Args:
      cell: `lstm` for `torch.nn.LSTM`, `gru` for `GRU`, `rnn` or `irnn` for `RNN`; the state dict does not
        tell an RNN's nonlinearity, which is the caller's to choose here as there.
      state_dict: the module's, as arrays: `{name: tensor.numpy() for name, tensor in
        module.state_dict().items()}`; without bias entries (`bias=False`) the bias is zero.
      initial_state: `h [layers, n]`, of the LSTM the pair `(h, c)`; None is torch's default, zeros.

    Returns:
      For each layer `{"h0", "W_x", "W_h", "b"}`, of the LSTM also `"c0"`: numpy arrays in the dtype of the
      weights.

    Raises:
      ValueError: the cell has no counterpart in torch; an entry is missing, of another kind (a second
        direction, a projection) or of another shape; or the weights are those of a GRU that ours cannot
        equal.

    Example:
      >>> import numpy as np
      >>> from capacity_jax.cells import lstm
      >>> entries = {"weight_ih_l0": np.ones((8, 3)), "weight_hh_l0": np.ones((8, 2))}
      >>> [layer] = weights_from_torch(lstm, entries)
      >>> layer["W_x"].shape
      (3, 8)
    """
    check_cell(cell)
    layers = [-1]
    for name in state_dict:
        entry = ENTRY.fullmatch(name)
        if entry is None:
            raise ValueError(
                f"state_dict holds {name!r}; allowed: weight_ih, weight_hh, bias_ih and bias_hh with _l<k>: "
                "one direction, no projection"
            )
        layers.append(int(entry[3]))
    n_layers = max(1, 1 + max(layers))
    for array in jax.tree.leaves(initial_state):
        if len(array) != n_layers:
            raise ValueError(f"initial_state has {len(array)} layers; state_dict has {n_layers}")
    return [
        to_pure(cell, _fused(cell, state_dict, layer), _state_of(cell, initial_state, layer))
        for layer in range(n_layers)
    ]


def weights_to_torch(cell: Cell, layers: Sequence[Params]) -> TorchWeights:
    """The torch module's weights that compute what our layers do; the inverse of `weights_from_torch`.

    Args:
      cell: as for `weights_from_torch`.
      layers: parameters of each layer, such as `params["layers"]` of a `Network`.

    Returns:
      The state dict, whose `bias_hh` are zero, and the initial state, which torch does not keep in a module.

    Raises:
      ValueError: the cell has no counterpart in torch, or the weights are those of a GRU that torch's cannot
        equal.

    Example:
      >>> from capacity_jax.cells import lstm
      >>> layer = lstm.init(jax.random.key(0), 3, 4)
      >>> state_dict, (h, c) = weights_to_torch(lstm, [layer])
      >>> state_dict["weight_ih_l0"].shape, h.shape
      ((16, 3), (1, 4))
    """
    check_cell(cell)
    state_dict = {}
    for k, params in enumerate(layers):
        fused = to_fused(cell, params)
        state_dict |= {
            f"weight_ih_l{k}": fused.W_x.T,
            f"weight_hh_l{k}": fused.W_h.T,
            f"bias_ih_l{k}": fused.b_x,
            f"bias_hh_l{k}": fused.b_h,
        }

    def stacked(name):
        return np.stack([np.asarray(params[name]) for params in layers])

    initial_state = (stacked("h0"), stacked("c0")) if cell.name == "lstm" else stacked("h0")
    return TorchWeights(state_dict, initial_state)


def _fused(cell, state_dict, layer):
    for name in (f"weight_ih_l{layer}", f"weight_hh_l{layer}"):
        if name not in state_dict:
            raise ValueError(f"state_dict lacks {name}; it holds {', '.join(state_dict) or 'nothing'}")
    W_x, W_h = (np.asarray(state_dict[f"weight_{side}_l{layer}"]).T for side in ("ih", "hh"))
    zeros = np.zeros(n_gates(cell) * len(W_h), W_h.dtype)
    biases = (np.asarray(state_dict.get(f"bias_{side}_l{layer}", zeros)) for side in ("ih", "hh"))
    return Fused(W_x, W_h, *biases)


def _state_of(cell, initial_state, layer):
    if initial_state is None:
        return None
    if cell.name == "lstm":
        h, c = initial_state
        return c[layer], h[layer]
    return initial_state[layer]

"""Weights from elsewhere into our cells and out again: `torch.nn` without torch, and Flax's own cells.

Ours: `W_x [n_in, n_gates·n]`, `W_h [n, n_gates·n]`, one bias `b [n_gates·n]`, learned initial state `h0 [n]`
(of the LSTM also `c0`); of the GRU also `b_h [n]`, the bias inside the reset. Products are x·W, as Flax's; torch's
matrices are the transposes. Each row lists the gates there in the order of our columns: rnn and irnn h,
gru_reset_after r u c, lstm i g c o.

| module | ours | gates there | biases there | initial state there |
|---|---|---|---|---|
| `torch.nn.RNN` | rnn, irnn | one | `bias_ih` + `bias_hh` | argument h |
| `torch.nn.GRU` | gru_reset_after | r z n | `bias_ih` + `bias_hh`; r·(W_hn h + b_hn) | argument h |
| `torch.nn.LSTM` | lstm | i f g o | `bias_ih` + `bias_hh` | argument (h, c) |
| linen `SimpleCell` | rnn, irnn | layers i, h | on i | carry h |
| linen `GRUCell` | gru_reset_after | layers ir iz in, hr hz hn | on ir iz in; r·(W_hn h + b_hn) | carry h |
| linen `LSTMCell`, `OptimizedLSTMCell` | lstm | ii if ig io, hi hf hg ho | on hi hf hg ho | carry (c, h) |
| nnx `SimpleCell` | rnn, irnn | dense_i, dense_h | on dense_i | carry h |
| nnx `GRUCell` | gru_reset_after | dense_i, dense_h: r z n | on dense_i; r·(W_hn h) | carry h |
| nnx `LSTMCell` | lstm | as linen, `if_` for `if` | on hi hf hg ho | carry (c, h) |
| nnx `OptimizedLSTMCell` | lstm | dense_i, dense_h: i f g o | on dense_h | carry (c, h) |

On the way in two biases are summed, but b_hn is our `b_h`; on the way out the one at the units is zero, but for
b_hn and where it is the only one. Our update gate u and the z of the others both weigh the old state. The paper's
`gru` resets before the recurrent product: no weights of torch or Flax are its, and it is refused. Arrays keep
their dtype.

A torch module of several layers is a list, one entry per layer, as `Network` keeps them under `"layers"`; with two
directions each entry is a `Directions(forward, backward)`, whose second cell reads the sequence from its end and
whose outputs stand behind those of the first.
"""

from capacity_jax.interchange.flax import weights_from_flax, weights_to_flax
from capacity_jax.interchange.torch import Directions, TorchWeights, weights_from_torch, weights_to_torch

__all__ = [
    "Directions",
    "TorchWeights",
    "weights_from_flax",
    "weights_from_torch",
    "weights_to_flax",
    "weights_to_torch",
]

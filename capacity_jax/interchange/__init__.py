"""Weights from elsewhere into our cells and out again: `torch.nn` without torch, and Flax's own cells.

Ours: `W_x [n_in, n_gates·n]`, `W_h [n, n_gates·n]`, one bias `b [n_gates·n]`, learned initial state `h0 [n]`
(of the LSTM also `c0`). Products are x·W, as Flax's; torch's matrices are the transposes. Each row lists the
gates there in the order of our columns: rnn and irnn h, gru r u c, lstm i g c o.

| module | ours | gates there | biases there | initial state there |
|---|---|---|---|---|
| `torch.nn.RNN` | rnn, irnn | one | `bias_ih` + `bias_hh` | argument h |
| `torch.nn.GRU` | gru | r z n | `bias_ih` + `bias_hh`; r·(W_hn h + b_hn) | argument h |
| `torch.nn.LSTM` | lstm | i f g o | `bias_ih` + `bias_hh` | argument (h, c) |
| linen `SimpleCell` | rnn, irnn | layers i, h | on i | carry h |
| linen `GRUCell` | gru | layers ir iz in, hr hz hn | on ir iz in; r·(W_hn h + b_hn) | carry h |
| linen `LSTMCell`, `OptimizedLSTMCell` | lstm | ii if ig io, hi hf hg ho | on hi hf hg ho | carry (c, h) |
| nnx `SimpleCell` | rnn, irnn | dense_i, dense_h | on dense_i | carry h |
| nnx `GRUCell` | gru | dense_i, dense_h: r z n | on dense_i; r·(W_hn h) | carry h |
| nnx `LSTMCell` | lstm | as linen, `if_` for `if` | on hi hf hg ho | carry (c, h) |
| nnx `OptimizedLSTMCell` | lstm | dense_i, dense_h: i f g o | on dense_h | carry (c, h) |

On the way in two biases are summed; on the way out the one at the units is zero, unless it is the only one.
Our update gate u and the z of the others both weigh the old state. A GRU of torch or Flax resets after the
recurrent product and ours before it: such weights convert only if that makes no difference (no bias inside
the reset, and a candidate matrix that joins only units with equal reset gates); otherwise they raise a
ValueError. Arrays keep their dtype.
"""

from capacity_jax.interchange.flax import weights_from_flax, weights_to_flax
from capacity_jax.interchange.torch import TorchWeights, weights_from_torch, weights_to_torch

__all__ = ["TorchWeights", "weights_from_flax", "weights_from_torch", "weights_to_flax", "weights_to_torch"]

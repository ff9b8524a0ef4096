"""The intersection network, +RNN: gated along depth as along time (Collins et al. 2017).

Example:
  >>> import jax
  >>> from capacity_jax import intersection
  >>> params = intersection.init(jax.random.key(0), n_in=8, n_hidden=8, hparams={})
  >>> intersection.step(params, intersection.initial_state(params), jax.numpy.ones(8))[1].shape
  (8,)
"""

from operator import itemgetter

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.hyperparameters import SHARED, with_defaults
from capacity_jax.cells.linear import linear
from capacity_jax.cells.weights import WEIGHTS, gate_hyperparameters, init_gates

GATES = ("y", "h", "gy", "gh")
HYPERPARAMETERS = gate_hyperparameters(GATES) | {
    f"forget_gate_bias_hack_{gate}": SHARED["forget_gate_bias_hack"] for gate in ("gy", "gh")
}


def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
    """Params `h0 [n]`, `W_x [n, 4n]`, `W_h [n, 4n]`, `b [4n]`; columns y_in, h_in, g_y, g_h.

    Raises:
      ValueError: n_in differs from n_hidden; the output is a mix of the input and the units.
    """
    if n_in != n_hidden:
        raise ValueError(f"n_in is {n_in}; the intersection cell needs as many inputs as units, {n_hidden}")
    hparams = with_defaults(HYPERPARAMETERS, hparams)
    forget = {gate: hparams[f"forget_gate_bias_hack_{gate}"] for gate in ("gy", "gh")}
    return {"h0": jnp.zeros(n_hidden), **init_gates(key, GATES, n_in, n_hidden, hparams, forget)}


def step(params, h, x):
    """One step of the intersection network; y goes to the next layer, h' to the next step.

    y_in = ReLU(W_yh h + W_yx x + b_y);  h_in = tanh(W_hh h + W_hx x + b_h);
    g_y = σ(… + b_fg_y);  g_h = σ(… + b_fg_h);  y = g_y·x + (1−g_y)·y_in;  h' = g_h·h + (1−g_h)·h_in.
    """
    W_h, W_x, b = (jnp.split(params[name], 4, axis=-1 if name != "b" else 0) for name in ("W_h", "W_x", "b"))

    # y and h' each from a product of their own: where y is not read, XLA leaves its half out.
    def mixed(kept, nonlinearity, place, gate):
        [into_h, into_x] = (jnp.concatenate([W[place], W[gate]], axis=1) for W in (W_h, W_x))
        new, g = split_sum(2, linear(into_h, h), linear(into_x, x), jnp.concatenate([b[place], b[gate]]))
        g = jax.nn.sigmoid(g)
        return g * kept + (1 - g) * nonlinearity(new)

    return mixed(h, jnp.tanh, 1, 3), mixed(x, jax.nn.relu, 0, 2)


intersection = Cell(
    "intersection",
    init,
    itemgetter("h0"),
    step,
    HYPERPARAMETERS,
    square=True,
    batch_last=True,
    weights=WEIGHTS,
    family="R",
)

"""Flax: `nn.RNN` over its own cells where they compute the same as ours, and over cells written for it elsewhere."""

from functools import partial

import jax
import jax.numpy as jnp
import optax
from flax import linen as nn
from jaxtyping import Array, Float

from capacity_jax.cells.base import Params
from capacity_jax.tasks.base import Batch
from experiments.benchmarks.peers.vmapped import loop_in_python, vmapped
from experiments.benchmarks.work import Contender, Work

NAME = "flax + optax"


class GatedCell(nn.RNNCellBase):
    """A cell with one state, all its gates in one product on each side."""

    features: int

    @nn.nowrap
    def initialize_carry(self, rng, input_shape):
        """Unused: the model learns its initial state."""
        raise NotImplementedError

    @property
    def num_feature_axes(self) -> int:
        """An example's input is a vector."""
        return 1


class UGRNNCell(GatedCell):
    """The update gate network, which Flax does not have."""

    @nn.compact
    def __call__(self, h, x):
        """One step on a batch."""
        gates = nn.Dense(2 * self.features, name="i")(x) + nn.Dense(2 * self.features, use_bias=False, name="h")(h)
        c, g = jnp.split(gates, 2, axis=-1)
        g = nn.sigmoid(g)
        h = g * h + (1 - g) * jnp.tanh(c)
        return h, h


class GRUCell(GatedCell):
    """The gated recurrent unit, reset before the product; Flax's own resets after it and has a bias more."""

    @nn.compact
    def __call__(self, h, x):
        """One step on a batch."""
        x_r, x_u, x_c = jnp.split(nn.Dense(3 * self.features, name="i")(x), 3, axis=-1)
        h_r, h_u = jnp.split(nn.Dense(2 * self.features, use_bias=False, name="h")(h), 2, axis=-1)
        r, u = nn.sigmoid(x_r + h_r), nn.sigmoid(x_u + h_u)
        c = jnp.tanh(x_c + nn.Dense(self.features, use_bias=False, name="hc")(r * h))
        h = u * h + (1 - u) * c
        return h, h


class IntersectionCell(GatedCell):
    """The +RNN, which Flax does not have."""

    @nn.compact
    def __call__(self, h, x):
        """One step on a batch."""
        gates = nn.Dense(4 * self.features, name="i")(x) + nn.Dense(4 * self.features, use_bias=False, name="h")(h)
        y_in, h_in, g_y, g_h = jnp.split(gates, 4, axis=-1)
        g_y, g_h = nn.sigmoid(g_y), nn.sigmoid(g_h)
        y = g_y * x + (1 - g_y) * nn.relu(y_in)
        h = g_h * h + (1 - g_h) * jnp.tanh(h_in)
        return h, y


CELLS = {
    "rnn": nn.SimpleCell,
    "irnn": partial(nn.SimpleCell, activation_fn=nn.relu),
    "ugrnn": UGRNNCell,
    "gru": GRUCell,
    "lstm": nn.OptimizedLSTMCell,
    "intersection": IntersectionCell,
}


class Model(nn.Module):
    """The cell under `nn.RNN` with a learned initial state and a readout."""

    cell: str
    units: int

    @nn.compact
    def __call__(self, xs: Float[Array, "batch n_steps n_in"]) -> Float[Array, " batch"]:
        """Logits after the last step."""
        if self.cell == "intersection":
            xs = nn.Dense(self.units, use_bias=False, name="projection")(xs)
        names = ("c0", "h0") if self.cell == "lstm" else ("h0",)
        state = [
            jnp.broadcast_to(self.param(name, nn.initializers.zeros, (self.units,)), (len(xs), self.units))
            for name in names
        ]
        carry = tuple(state) if len(state) > 1 else state[0]
        # Unrolled it is up to twice as fast.
        ys = jnp.asarray(
            nn.RNN(CELLS[self.cell](self.units, name="layer"), unroll=xs.shape[1])(xs, initial_carry=carry)
        )
        return nn.Dense(1, name="readout")(ys[:, -1])[:, 0]


def loss(work: Work, params: Params, batch: Batch) -> Float[Array, ""]:
    """Mean cross-entropy of the last output over a batch, whose inputs go on as zeros."""
    silent = ((0, 0), (0, work.bucket.task.n_steps - 1), (0, 0))
    logits = Model(work.cell, work.units).apply({"params": params}, jnp.pad(batch.xs, silent))
    return optax.sigmoid_binary_cross_entropy(logits, batch.targets).mean()


def flax_vmap(work: Work) -> Contender:
    """The contender."""
    silence = jnp.zeros((1, 1, work.units))
    params = jax.jit(Model(work.cell, work.units).init)(jax.random.key(0), silence)["params"]
    return vmapped(NAME, work, params, partial(loss, work), loop_in_python)

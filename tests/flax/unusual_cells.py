"""Cells that are not in the package, each unlike its cells in another way."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from capacity_jax.cells import Cell, gru_reset_after
from capacity_jax.flax import from_linen


def normal(key, *shape):
    return 0.5 * jax.random.normal(key, shape)


def _vectors(key, n_in, n_hidden, hparams):
    keys = jax.random.split(key, 3)
    return {name: normal(k, n_hidden) for name, k in zip(("decay", "gain", "start"), keys, strict=True)}


# Neither a matrix nor an input of another size.
vectors = Cell(
    "vectors",
    _vectors,
    lambda params: params["start"],
    lambda params, h, x: (jax.nn.sigmoid(params["decay"]) * h + params["gain"] * x,) * 2,
    square=True,
)


def _nested(key, n_in, n_hidden, hparams):
    to_h, to_x, to_s = jax.random.split(key, 3)
    return {
        "gate": {"in": {"W": normal(to_x, n_in, n_hidden)}, "rec": {"W": normal(to_h, n_hidden, n_hidden)}},
        "scales": (jnp.ones(n_hidden), jnp.zeros(())),
        "memory": {"h": normal(to_s, n_hidden), "c": jnp.zeros(n_hidden)},
    }


def _nested_step(params, state, x):
    gate, (scale, shift) = params["gate"], params["scales"]
    c = jnp.tanh(x @ gate["in"]["W"] + state["h"] @ gate["rec"]["W"])
    h = scale * c + shift + 0.5 * state["c"]
    return {"h": h, "c": c}, h


nested = Cell("nested", _nested, lambda params: params["memory"], _nested_step)


def _fast_weights(key, n_in, n_hidden, hparams):
    keys = jax.random.split(key, 3)
    return {
        "S0": jnp.eye(n_in, n_hidden),
        "W_k": normal(keys[0], n_in, n_in),
        "W_v": normal(keys[1], n_in, n_hidden),
        "W_q": normal(keys[2], n_in, n_in),
    }


def _fast_weights_step(params, S, x):
    S = 0.9 * S + jnp.outer(jnp.tanh(x @ params["W_k"]), x @ params["W_v"])
    return S, (x @ params["W_q"]) @ S


# A matrix for a state, whose size follows the inputs, learned from the identity.
fast_weights = Cell("fast-weights", _fast_weights, lambda params: params["S0"], _fast_weights_step)


# The initial state is read from what the step reads too; nothing is learned for it alone.
tied = Cell(
    "tied",
    lambda key, n_in, n_hidden, hparams: {"W": normal(key, n_in, n_hidden), "b": jnp.ones(n_hidden)},
    lambda params: jnp.tanh(params["b"]),
    lambda params, h, x: (jnp.tanh(0.5 * h + x @ params["W"] + params["b"]),) * 2,
)

# A whole number in the state, and no initial state to learn.
counting = Cell(
    "counting",
    lambda key, n_in, n_hidden, hparams: {"W": normal(key, n_in, n_hidden)},
    lambda params: {"h": jnp.zeros(params["W"].shape[1]), "t": jnp.int32(0)},
    lambda params, state, x: (
        {"h": (h := (state["h"] * state["t"] + x @ params["W"]) / (state["t"] + 1)), "t": state["t"] + 1},
        h,
    ),
)


def _rotating(key, n_in, n_hidden, hparams):
    re, im, angle = jax.random.split(key, 3)
    return {
        "B": jax.lax.complex(normal(re, n_in, n_hidden), normal(im, n_in, n_hidden)),
        "z0": jnp.zeros(n_hidden, jnp.complex64),
        "angle": normal(angle, n_hidden),
    }


def _rotating_step(params, z, x):
    z = 0.9 * jnp.exp(1j * params["angle"]) * z + x @ params["B"]
    return z, z.real


# Complex parameters and a complex state.
rotating = Cell("rotating", _rotating, lambda params: params["z0"], _rotating_step)

UNUSUAL = {
    "vectors": vectors,
    "nested": nested,
    "fast-weights": fast_weights,
    "tied": tied,
    "counting": counting,
    "rotating": rotating,
    "gru_reset_after": gru_reset_after,
    "wrapped": from_linen(nn.OptimizedLSTMCell(1)),
}

"""mLSTM: a matrix memory with exponential gates (Beck et al. 2024, arXiv 2405.04517).

Matrix and normaliser are kept divided by e^m, and m beside them, so that no exponential overflows. Without the output
gate and the norm of the published block. The key is divided by √d, as there.

Example:
  >>> from capacity_jax.cells import mlstm
  >>> mlstm(heads=2).state_size(n_hidden=8)
  42
"""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from capacity_jax.cells.affine import SCALES, affine, draw_affines
from capacity_jax.cells.base import NO_HPARAMS, Cell
from capacity_jax.cells.heads import decayed, merge_heads, no_state, outer, split_heads
from capacity_jax.cells.heads import read as read_matrix
from capacity_jax.cells.hyperparameters import declared, with_defaults
from capacity_jax.cells.matrix_memory import Write, recalled
from capacity_jax.cells.options import cell_with_options

# The published forget biases lie between 3 and 6.
HYPERPARAMETERS = SCALES | {"forget_gate_bias_hack": declared("forget_gate_bias_hack", 3.0)}
INPUT_BIAS_SCALE = 0.1
# The scale of a state that nothing was written to; finite, because gradients of infinities are none.
LOG_OF_NOTHING = -1e30


@cell_with_options
def mlstm(heads: int = 1, forget: Literal["sigmoid", "exp"] = "sigmoid") -> Cell:
    """The cell with so many heads, whose forget gate is a sigmoid or an exponential."""

    def init(key, n_in, n_hidden, hparams=NO_HPARAMS):
        """Params `q, k, v`: projections `{"W": [n_in, n], "b": [n]}`, heads side by side; gates `i, f` of the heads.

        The gates' matrices are 0 at first.
        """
        hparams = with_defaults(HYPERPARAMETERS, hparams)
        affine_key, bias_key = jax.random.split(key)
        no_weights = jnp.zeros((n_in, heads))
        return {
            **draw_affines(affine_key, n_in, dict.fromkeys("qkv", n_hidden), hparams),
            "i": {"W": no_weights, "b": INPUT_BIAS_SCALE * jax.random.normal(bias_key, (heads,))},
            "f": {"W": no_weights, "b": jnp.full(heads, 1.0) * hparams["forget_gate_bias_hack"]},
        }

    def gates_and_pair(params, x):
        """The logarithm of f; k/√d, v and the logarithm of i."""
        k, v = (split_heads(affine(params[name], x), heads) for name in "kv")
        i, f = affine(params["i"], x), affine(params["f"], x)
        return jax.nn.log_sigmoid(f) if forget == "sigmoid" else f, (k / jnp.sqrt(k.shape[1]), v, i)

    def write(params, x):
        """The logarithm of f, and what is added: i v kᵀ/√d, i k/√d and the logarithm of i, all but the last over i."""
        log_f, (k, v, i) = gates_and_pair(params, x)
        return log_f, (outer(k, v), k, i)

    def follow(log_f, new, state):
        """S' = f S + i k vᵀ/√d;  n' = f n + i k/√d;  each divided by its e^m."""
        (S, n, m), (u, k, i) = state, new
        largest = jnp.maximum(log_f + m, i)
        kept, added = jnp.exp(log_f + m - largest), jnp.exp(i - largest)
        kept, added = kept[:, None], added[:, None]
        return decayed(S, kept) + decayed(u, added), kept * n + added * k, largest

    def read(params, state, x):
        """Y = S'ᵀq / max(|n'·q|, 1)."""
        S, n, m = state
        q = split_heads(affine(params["q"], x), heads)
        return normalised(read_matrix(S, q), jnp.sum(n * q, 1, keepdims=True), m)

    def normalised(of_values, of_keys, m):
        return merge_heads(of_values / jnp.maximum(jnp.abs(of_keys), jnp.exp(-m)[:, None]))

    def step(params, state, x):
        """One step of the mLSTM, as `follow` and `read` tell."""
        state = follow(*write(params, x), state)
        return state, read(params, state, x)

    def one_after_the_other(first, second):
        (log_f, new), (log_g, newer) = first, second
        return log_f + log_g, follow(log_g, newer, new)

    def scan(params, state, xs):
        log_f, new = jax.vmap(partial(write, params))(xs)
        first = follow(log_f[0], jax.tree.map(lambda steps: steps[0], new), state)
        new = jax.tree.map(lambda steps, one: steps.at[0].set(one), new, first)
        _, states = lax.associative_scan(jax.vmap(one_after_the_other), (log_f, new))
        return jax.vmap(partial(read, params))(states, xs)

    def short_scan(params, state, xs):
        S, n, m = state
        memory, made, ys = jnp.concatenate([S, n[:, :, None]], 2), (), []
        for x in xs:
            log_f, (k, v, i) = gates_and_pair(params, x)
            before, m = m, jnp.maximum(log_f + m, i)
            value = jnp.concatenate([v, jnp.ones_like(v[:, :1])], 1)
            made = (*made, Write(jnp.exp(i - m)[:, None] * k, value, jnp.exp(log_f + before - m)[:, None]))
            found = recalled(memory, made, split_heads(affine(params["q"], x), heads))
            ys.append(normalised(found[:, :-1], found[:, -1:], m))
        return ys

    def initial_state(params):
        S = no_state(params["v"]["b"], heads)
        return S, S[:, :, 0], S[:, 0, 0] + LOG_OF_NOTHING

    return Cell(
        "mlstm",
        init,
        initial_state,
        step,
        HYPERPARAMETERS,
        batch_last=True,
        scan=scan,
        short_scan=short_scan,
        units_multiple=heads,
        family="B",
    )

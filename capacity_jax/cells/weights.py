"""Initial weights under hyperparameters: the part that all cells share.

The gates of a cell are stored side by side, in the order the cell lists them: `W_x [n_in, n_gates·n_hidden]`,
`W_h [n_hidden, n_gates·n_hidden]`, `b [n_gates·n_hidden]`, so that one product computes all of them.
"""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from capacity_jax.cells.base import NO_HPARAMS, HParams, Params
from capacity_jax.cells.hyperparameters import SHARED, Hyperparameter

# Names of the matrices that `init_gates` draws, to which L2 decay applies.
WEIGHTS = ("W_x", "W_h")


def gate_hyperparameters(gates: Sequence[str], *others: str) -> dict[str, Hyperparameter]:
    """The hyperparameters that `init_gates` reads, under the names of the authors' data, then others by name."""
    inits = {name: SHARED[name] for name in ("recurrent_matrix_init_type", "recurrent_bias_init_type")}
    scales = ("recurrent_matrix_scale", "input_scale", "recurrent_bias_scale")
    scaled = {f"{scale}_{gate}": SHARED[scale] for gate in gates for scale in scales}
    return inits | scaled | {name: SHARED[name] for name in others}


def init_gates(
    key: Key[Array, ""],
    gates: Sequence[str],
    n_in: int,
    n_hidden: int,
    hparams: HParams = NO_HPARAMS,
    forget: HParams = NO_HPARAMS,
) -> Params:
    """Draws the weights of all gates of a cell.

    Args:
      key: random key.
      gates: the gates' names, in the order of their columns.
      n_in: number of inputs.
      n_hidden: number of units.
      hparams: `recurrent_matrix_init_type` (identity, orthogonal, or normal over √n_hidden),
        `recurrent_bias_init_type` (delta, a constant, or normal) and, for each gate,
        `recurrent_matrix_scale_<gate>`, `input_scale_<gate>` and `recurrent_bias_scale_<gate>`.
      forget: for the gates that keep the state, the b_fg of the paper: added to the initial bias, which equals
        adding it at every step, because L2 decay leaves biases alone.

    Returns:
      `{"W_x": [n_in, n_gates·n_hidden], "W_h": [n_hidden, n_gates·n_hidden], "b": [n_gates·n_hidden]}`.

    Example:
      >>> import jax
      >>> from capacity_jax import init_gates
      >>> init_gates(jax.random.key(0), ("r", "c"), n_in=3, n_hidden=4)["W_x"].shape
      (3, 8)
    """
    hparams = {name: declared.default for name, declared in gate_hyperparameters(gates).items()} | dict(hparams)
    recurrent_init, bias_init = (
        SHARED[name].index(name, hparams[name]) for name in ("recurrent_matrix_init_type", "recurrent_bias_init_type")
    )

    def of_all_gates(kind):
        return jnp.stack([jnp.asarray(hparams[f"{kind}_{gate}"], float) for gate in gates])

    def draw(key, input_scale, recurrent_scale, bias_scale):
        gaussian = jax.random.normal(key, (n_in + n_hidden + 1, n_hidden))
        to_inputs, to_units, to_bias = jnp.split(gaussian, [n_in, n_in + n_hidden])
        return {
            "W_x": input_scale * to_inputs / jnp.sqrt(n_in),
            "W_h": recurrent_scale * recurrent_matrix(to_units, recurrent_init),
            "b": bias_scale * lax.select_n(bias_init, jnp.ones(n_hidden), to_bias[0]),
        }

    weights = jax.vmap(draw, out_axes={"W_x": 1, "W_h": 1, "b": 0})(
        jax.random.split(key, len(gates)),
        of_all_gates("input_scale"),
        of_all_gates("recurrent_matrix_scale"),
        of_all_gates("recurrent_bias_scale"),
    )
    weights["b"] += jnp.stack([jnp.asarray(forget.get(gate, 0.0), float) for gate in gates])[:, None]
    return {name: leaf.reshape(*leaf.shape[:-2], -1) for name, leaf in weights.items()}


def normal_matrix(key: Key[Array, ""], n_in: int, n_out: int) -> Float[Array, "n_in n_out"]:
    """A Gaussian matrix of variance 1/n_in, which keeps the variance of what passes through it."""
    return jax.random.normal(key, (n_in, n_out)) / jnp.sqrt(n_in)


def recurrent_matrix(gaussian: Float[Array, "n n"], init_type: Int[Array, ""]) -> Float[Array, "n n"]:
    """Identity, orthogonal or normal over √n, by traced index, from independent standard normal values."""
    n = len(gaussian)
    return lax.select_n(init_type, jnp.eye(n), orthogonal_matrix(gaussian), gaussian / jnp.sqrt(n))


# Traced once for each size; what is compiled stays the same.
@partial(jax.jit, inline=True)
def orthogonal_matrix(gaussian: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """A uniformly distributed orthogonal matrix, as a product of n random reflections (Stewart 1980).

    Not by a QR decomposition: on CPU that is LAPACK's, which waits in XLA's own thread pool, and several devices that
    draw members at once can fill the pool with waiters and stand still (seen at 164 units on 2 cores).

    Args:
      gaussian: independent standard normal values.
    """
    n = len(gaussian)

    def reflect(i, Q):
        v = jnp.where(jnp.arange(n) >= i, gaussian[i], 0)
        sign = jnp.where(v[i] < 0, -1, 1)
        u = v.at[i].add(sign * jnp.linalg.norm(v))
        return (Q - jnp.outer(u, 2 / (u @ u) * (u @ Q))).at[i].multiply(-sign)

    return lax.fori_loop(0, n, reflect, jnp.eye(n))


def chosen_nonlinearity(hparams: HParams) -> Callable[[Array], Array]:
    """The function that the hyperparameter `nonlinearity` names: tanh (the default) or ReLU."""
    nonlinearity = SHARED["nonlinearity"]
    choice = nonlinearity.index("nonlinearity", hparams.get("nonlinearity", nonlinearity.default))
    return partial(tanh_or_relu, choice == nonlinearity.choices.index("relu"))


@jax.custom_jvp
def tanh_or_relu(relu, a):
    """ReLU(a) where the traced flag is set, tanh(a) elsewhere."""
    return jnp.where(relu, jnp.maximum(a, 0), jnp.tanh(a))


@tanh_or_relu.defjvp
def _tanh_or_relu_jvp(primals, tangents):
    # Both slopes are functions of the output: training then keeps one array per step, not three.
    relu, a = primals
    y = tanh_or_relu(relu, a)
    return y, tangents[1] * jnp.where(relu, (y > 0).astype(y.dtype), 1 - y * y)

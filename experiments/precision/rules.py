"""Update rules under which a network trains with coarse weights, or with one group of its weights alone."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from capacity_jax import Hyperparameter
from capacity_jax.analysis import quantize
from capacity_jax.cells.base import HParams, Params
from capacity_jax.training import with_hyperparameters
from capacity_jax.training.optimizer import optimizer
from experiments.precision.variants import COMMON_GROUPS

# 2^bits equal cells in the range of a tensor; 16-bit floating point beside an exact copy; the same without a copy.
FORMATS = ("uniform", "bfloat16", "bfloat16 alone")
# Floats of 32 bits are no finer.
FINEST = 24


class Copied(NamedTuple):
    """The state of `coarse_weights`.

    Attributes:
      exact: the weights that are trained.
      rule: the state of the rule that trains them.
    """

    exact: Params
    rule: Any


@with_hyperparameters(
    weight_bits=Hyperparameter(32.0, at_least=1, at_most=32),
    weight_format=Hyperparameter("uniform", choices=FORMATS),
)
def coarse_weights(hparams: HParams) -> optax.GradientTransformation:
    """Trains an exact copy of the weights by gradients at the coarse ones, which are all that the network ever uses.

    That is the straight-through estimator (Courbariaux, Bengio & David 2015, arXiv 1511.00363): rounding counts as the
    identity where gradients pass it. The format `uniform` reads `weight_bits`; 24 or more leave weights exact.
    """
    bits, n_format = hparams["weight_bits"], hparams["weight_format"]

    def coarse(leaf: Float[Array, "..."]) -> Float[Array, "..."]:
        uniform = jnp.where(bits >= FINEST, leaf, quantize(leaf, bits))
        return jnp.where(n_format == FORMATS.index("uniform"), uniform, leaf.astype(jnp.bfloat16).astype(leaf.dtype))

    def init(params):
        return Copied(params, _ours(hparams, params).init(params))

    def update(updates, state, params=None):
        changes, rule = _ours(hparams, state.exact).update(updates, state.rule, state.exact)
        exact = jax.tree.map(jnp.add, state.exact, changes)
        used = jax.tree.map(coarse, exact)
        alone = n_format == FORMATS.index("bfloat16 alone")
        kept = jax.tree.map(lambda a, b: jnp.where(alone, a, b), used, exact)
        return jax.tree.map(jnp.subtract, used, params), Copied(kept, rule)

    return optax.GradientTransformation(init, update)


@with_hyperparameters(trained_group=Hyperparameter("all", choices=("all", *COMMON_GROUPS)))
def one_group(hparams: HParams) -> optax.GradientTransformation:
    """Trains the parameters of one group by our rule and leaves all others as they were drawn."""
    place = hparams["trained_group"]

    def of_group(path: Any, gradient: Float[Array, "..."]) -> Float[Array, "..."]:
        own = 1 + COMMON_GROUPS.index(group_of(path, gradient))
        return jnp.where((place == 0) | (place == own), gradient, 0)

    def update(updates, state, params=None):
        kept = jax.tree_util.tree_map_with_path(of_group, updates)
        return _ours(hparams, updates).update(kept, state, params)

    return optax.GradientTransformation(lambda params: _ours(hparams, params).init(params), update)


def group_of(path: Any, leaf: Float[Array, "..."]) -> str:
    """The group of a parameter of the paper's cells, by its place in the tree, as `parameter_groups` tells it."""
    top, name = path[0].key, str(getattr(path[-1], "key", ""))
    if top != "layers":
        return "readout" if top == "readout" else "input"
    if name in ("h0", "c0"):
        return "initial state"
    if leaf.ndim < 2:
        return "biases"
    return "recurrent" if name.startswith("W_h") else "input"


def _ours(hparams: HParams, params: Params) -> optax.GradientTransformation:
    """Our update rule without decay of weights."""
    return optimizer(hparams, jax.tree.map(jnp.zeros_like, params))

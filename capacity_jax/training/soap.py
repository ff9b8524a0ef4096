"""SOAP: the package's own update rule in the eigenbases of the gradients' covariances (Vyas et al. 2024, 2409.11321).

Adam scales each weight by the size of its own gradient. Gradients of neighbouring weights are correlated, and along the
eigenvectors of their covariances they nearly are not: there Adam's scale fits. The gradient G of a matrix has two
covariances, of its rows, G Gᵀ, and of its columns, Gᵀ G (Shampoo: Gupta, Koren & Singer 2018, arXiv 1802.09568).
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from capacity_jax.cells.base import HParams, Params
from capacity_jax.training.optimizer import optimizer

# The share of a covariance that is kept each step, and the steps between turns of the bases.
KEPT, INTERVAL = 0.999, 10
# Sides longer than this keep the basis they have: their eigenvectors would cost more than the rest of a step.
LONGEST_SIDE = 512
# Of all angles of a turn together, in radians, and what then makes its matrix orthogonal to 32 bits.
LARGEST_TURN, ITERATIONS = 1.0, 5

Sides = dict[int, Float[Array, "... n n"]]


class Soap(NamedTuple):
    """The state of `soap`; covariances and bases are, for each leaf, matrices by its axis.

    Attributes:
      covariances: running means over the steps.
      bases: their eigenvectors, nearly, as columns.
      moments: those of the rule that runs in the bases.
    """

    covariances: list[Sides]
    bases: list[Sides]
    moments: Any


def soap(hparams: HParams, decayed: Params) -> optax.GradientTransformation:
    """The rule that `optimizer` makes, in bases that follow the eigenvectors of the gradients' covariances.

    It reads the same hyperparameters. Matrices have bases on both sides; vectors, and sides of more than 512, are
    left as they are. Until the bases turn first, in step `INTERVAL`, each step is one of `optimizer`.

    Example:
      >>> from capacity_jax import Bucket, Network, Trial, mem_thru, rnn, train_population
      >>> from capacity_jax.training import soap
      >>> task = mem_thru(n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16, transformation=soap)
      >>> next(iter(train_population(bucket, [Trial({"train_steps": 20}, seed=0)]))).steps_made
      20
    """

    def init(params):
        leaves = jax.tree.leaves(params)
        return Soap(
            covariances=[{axis: 0.0 * one for axis, one in _identities(leaf).items()} for leaf in leaves],
            bases=[_identities(leaf) for leaf in leaves],
            moments=optimizer(hparams, decayed).init(ravel_pytree(params)[0]),
        )

    def update(updates, state, params=None):
        gradients, structure = jax.tree.flatten(updates)
        covariances = [
            {axis: KEPT * mean + (1 - KEPT) * _outer(leaf, axis) for axis, mean in means.items()}
            for leaf, means in zip(gradients, state.covariances, strict=True)
        ]
        bases = lax.cond(
            state.moments.count % INTERVAL == INTERVAL - 1,
            lambda: jax.tree.map(turned, state.bases, covariances),
            lambda: state.bases,
        )

        def in_bases(tree):
            return ravel_pytree(list(map(partial(_multiply, transposed=True), jax.tree.leaves(tree), bases)))

        rule = optimizer(hparams, ravel_pytree(decayed)[0])
        seen, unravel = in_bases(gradients)
        changes, moments = rule.update(seen, state.moments, in_bases(params)[0])
        changes = map(partial(_multiply, transposed=False), unravel(jnp.asarray(changes)), bases)
        return jax.tree.unflatten(structure, list(changes)), Soap(covariances, bases, moments)

    return optax.GradientTransformation(init, update)


@partial(jnp.vectorize, signature="(n,n),(n,n)->(n,n)")
def turned(basis: Float[Array, "n n"], covariance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """An orthogonal basis nearer to the eigenvectors of a covariance, by products of matrices alone.

    Each pair of axes is turned by the angle of Jacobi's method, ½ atan(2 C_ij / (C_jj − C_ii)), all pairs at once, and
    the sum of the turns made orthogonal by Newton–Schulz iterations. Near the eigenvectors the error squares each time.
    """
    seen = basis.T @ covariance @ basis
    variances = jnp.diag(seen)
    gaps = variances[None, :] - variances[:, None]
    # Of two equal variances either may count as the larger, if (i, j) and (j, i) agree on which.
    order = jnp.sign(jnp.arange(len(seen))[None, :] - jnp.arange(len(seen))[:, None])
    angles = 0.5 * jnp.arctan2(2 * seen * jnp.where(gaps == 0, order, jnp.sign(gaps)), jnp.abs(gaps))
    angles = jnp.where(order == 0, 0, angles)
    size = jnp.minimum(jnp.max(jnp.sum(jnp.abs(angles), 0)), jnp.sqrt(jnp.sum(angles**2) / 2))
    basis = basis + basis @ angles * jnp.minimum(1, LARGEST_TURN / size)
    for _ in range(ITERATIONS):
        basis = 1.5 * basis - 0.5 * basis @ (basis.T @ basis)
    return basis


def _identities(leaf):
    """By the axes of a leaf's matrices that have bases; leading axes count matrices."""
    sizes = {axis: leaf.shape[axis] for axis in (-2, -1)} if leaf.ndim >= 2 else {}
    return {
        axis: jnp.broadcast_to(jnp.eye(n), (*leaf.shape[:-2], n, n))
        for axis, n in sizes.items()
        if 1 < n <= LONGEST_SIDE
    }


def _outer(leaf, axis):
    across = jnp.swapaxes(leaf, -1, -2)
    return leaf @ across if axis == -2 else across @ leaf


def _multiply(leaf, bases, transposed):
    """A leaf as its bases see it, or, not transposed, from what they see."""
    for axis, basis in bases.items():
        matrix = jnp.swapaxes(basis, -1, -2) if transposed else basis
        leaf = matrix @ leaf if axis == -2 else leaf @ jnp.swapaxes(matrix, -1, -2)
    return leaf

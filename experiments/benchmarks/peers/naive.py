"""Our own cells, vmapped as they are: over the batch, then over members, with all training steps in one loop."""

from functools import partial

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float

from capacity_jax.cells import linear
from capacity_jax.cells.base import Params
from capacity_jax.tasks.base import Batch
from experiments.benchmarks.peers.vmapped import loop_in_program, vmapped
from experiments.benchmarks.work import Contender, Work

NAME = "naive vmap"


def loss(work: Work, params: Params, batch: Batch) -> Float[Array, ""]:
    """Mean cross-entropy of the last output over a batch."""
    cell, [layer] = work.bucket.network.cell, params["layers"]

    def logit(x):
        xs = jnp.concatenate([x, jnp.zeros((work.bucket.task.n_steps - 1, x.shape[1]))])
        if cell.square:
            xs = xs @ params["projection"]
        _, ys = lax.scan(lambda state, x: cell.step(layer, state, x), cell.initial_state(layer), xs)
        return (linear(params["readout"]["W"], ys[-1]) + params["readout"]["b"])[0]

    return optax.sigmoid_binary_cross_entropy(jax.vmap(logit)(batch.xs), batch.targets).mean()


def naive(work: Work) -> Contender:
    """The contender."""
    return vmapped(NAME, work, work.start[0], partial(loss, work), loop_in_program)

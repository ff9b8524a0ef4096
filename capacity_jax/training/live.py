"""How many of a network's parameters a task can train at all."""

import jax
import numpy as np

from capacity_jax.cells.base import Params
from capacity_jax.networks import Network
from capacity_jax.tasks.base import Task
from capacity_jax.training.member import Bucket, scores_and_gradients
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of

N_DRAWS, N_EXAMPLES = 8, 16


def live_parameters(network: Network, task: Task) -> int:
    """The number of parameters whose gradient is not exactly zero on the task, wherever training may lead.

    A weight of what is read alone, such as a query's, meets no input where the task reads after the input has ended:
    it keeps its place in the count of parameters and stores nothing.

    Example:
      >>> from capacity_jax import Network, cell_by_name, per_cap
      >>> from capacity_jax.training import live_parameters
      >>> network = Network(cell_by_name("retnet"), n_in=3, n_hidden=2, n_out=1)
      >>> network.n_params, live_parameters(network, per_cap(n_in=3, b_max=8, n_steps=5))
      (27, 21)
    """
    return sum(int(np.sum(leaf)) for leaf in jax.tree.leaves(live(network, task)))


def live(network: Network, task: Task) -> Params:
    """For each value of the parameters, whether its gradient is other than zero for some of a few random networks.

    They are not the initial ones, for what starts at zero may hold up gradients that soon flow.
    """
    bucket = Bucket(network, task, N_EXAMPLES)
    hparams = encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
    rng, shared = np.random.default_rng(0), task.shared()
    like = jax.eval_shape(network.init, jax.random.key(0))
    gradients = jax.jit(lambda params, batch: scores_and_gradients(bucket, params, batch, hparams, N_EXAMPLES)[1])
    data = task.draw(jax.random.key(0), hparams, N_EXAMPLES)
    found = jax.tree.map(lambda leaf: np.zeros(leaf.shape, bool), like)
    for step in range(N_DRAWS):
        params = jax.tree.map(lambda leaf: rng.standard_normal(leaf.shape).astype(leaf.dtype), like)
        batch = task.batch(shared, data, jax.random.key(step), step, N_EXAMPLES)
        found = jax.tree.map(lambda known, gradient: known | np.asarray(gradient != 0), found, gradients(params, batch))
    return found

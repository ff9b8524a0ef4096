"""Linear readouts as our trainer learns them, beside the exact solver, on the same patterns."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from capacity_jax.cells import Cell
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Trial, fill_defaults, hyperparameters_of, train_population
from capacity_jax.training.member import draw_member
from capacity_jax.training.settings import encode
from experiments.yardsticks.perceptron import exact_capacities, largest_prefixes

# Patterns for each weight: 50 weights learn as many in 2 of 10^5 draws, more weights in fewer.
LARGEST_LOAD = 3


class Readout(NamedTuple):
    """A network of which the readout alone is trained, on the memorization task.

    Attributes:
      bucket: network and task, with batches that hold all patterns.
      settings: how it is trained.
    """

    bucket: Bucket
    settings: Mapping[str, Any]

    @property
    def n_weights(self) -> int:
        """Number of trained values: the readout's weights and its bias."""
        return self.bucket.network.n_params


def readout(cell: Cell, n_weights: int, n_in: int, n_steps: int, settings: Mapping[str, Any]) -> Readout:
    """The readout of a cell with n_weights − 1 units."""
    most = LARGEST_LOAD * n_weights
    task = per_cap(n_in=n_in, b_max=most, n_steps=n_steps)
    return Readout(Bucket(Network(cell, n_in, n_weights - 1, 1), task, batch_size=most), settings)


def patterns_of(readout: Readout, seed: int) -> Float[np.ndarray, "n_patterns n_weights"]:
    """What a member's readout reads of all its examples, with a 1 for the bias, times their labels of ±1."""
    bucket, task = readout.bucket, readout.bucket.task
    hparams = encode(fill_defaults(bucket, readout.settings), hyperparameters_of(bucket))
    return np.asarray(_patterns(bucket, jnp.uint32(seed), hparams | {"b": np.int32(task.n_evaluation)}), float)


@partial(jax.jit, static_argnums=0)
def _patterns(bucket, seed, hparams):
    network, task = bucket.network, bucket.task
    member = draw_member(bucket, seed, hparams)
    batch = task.evaluation((), member.data, 0, task.n_evaluation)
    # A readout that hands the units on.
    params = member.params | {"readout": {"W": jnp.eye(network.n_hidden), "b": jnp.zeros(network.n_hidden)}}
    with jax.default_matmul_precision("highest"):
        [units] = replace(network, n_out=network.n_hidden).apply(
            params, jnp.moveaxis(batch.xs, 0, -1), bucket.of_cell(hparams), n_steps=task.n_steps, n_reads=1
        )
    return (2 * batch.targets - 1)[:, None] * jnp.hstack([units, jnp.ones((len(units), 1))])


def exact(readout: Readout, n_draws: int) -> Int[np.ndarray, " draws"]:
    """How many patterns of each draw the exact solver learns without error."""
    return exact_capacities(np.stack([patterns_of(readout, seed) for seed in range(n_draws)]))


def trained(readout: Readout, n_draws: int) -> Int[np.ndarray, " draws"]:
    """How many patterns of each draw our training learns without error."""
    return largest_prefixes(lambda sizes: accuracies(readout, sizes) == 1, n_draws, readout.bucket.task.n_evaluation)


def accuracies(readout: Readout, sizes: Int[np.ndarray, " draws"]) -> Float[np.ndarray, " draws"]:
    """The share of right answers after training on so many patterns of each draw."""
    trials = [Trial(dict(readout.settings) | {"b": int(size)}, seed) for seed, size in enumerate(sizes)]
    found = {outcome.trial.seed: outcome.scores["accuracy"] for outcome in train_population(readout.bucket, trials)}
    return np.array([found[seed] for seed in range(len(sizes))])

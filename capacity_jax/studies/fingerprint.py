"""What tells two cells or update rules of one name apart: numbers that they compute."""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from capacity_jax.cells.base import Cell
from capacity_jax.cells.hyperparameters import with_defaults
from capacity_jax.cells.registry import CELLS
from capacity_jax.training import Bucket, fill_defaults, hyperparameters_of
from capacity_jax.training.optimizer import make_rule
from capacity_jax.training.settings import encode

PROBED_SIZE = 4


@cache
def fingerprint(cell: Cell) -> str:
    """Empty for a registered cell; for another one the same as long as it computes the same.

    A hash of the mean sizes, to three digits, of the first weights and of two steps' states and outputs: these hardly
    change with versions and devices.
    """
    if CELLS.get(cell.name) is cell:
        return ""

    n = PROBED_SIZE * cell.units_multiple

    def computed():
        keys = jax.random.split(jax.random.key(0), 3)
        params = cell.init(keys[0], n, n, with_defaults(cell.hyperparameters, {}))
        state, first = cell.step(params, cell.initial_state(params), jax.random.normal(keys[1], (n,)))
        state, second = cell.step(params, state, jax.random.normal(keys[2], (n,)))
        return params, state, first, second

    return _hash_of_sizes(computed)


@cache
def rule_fingerprint(bucket: Bucket) -> str:
    """Empty for our own update rule; for another one the same as long as it changes such parameters the same.

    A hash of the mean sizes of two changes of the network's parameters under the default hyperparameters.
    """
    if bucket.transformation is None:
        return ""
    hparams = encode(fill_defaults(bucket, {}), hyperparameters_of(bucket))
    make = bucket.transformation

    def computed():
        params = bucket.network.init(jax.random.key(0), bucket.of_cell(hparams))
        traced = {name: jnp.asarray(value) for name, value in hparams.items()}
        rule = make_rule(make, traced, bucket.decayed(params))
        state, changes = rule.init(params), []
        for i in (1, 2):
            gradients = jax.tree.map(lambda leaf, i=i: jax.random.normal(jax.random.key(i), leaf.shape), params)
            change, state = rule.update(gradients, state, params)
            params = jax.tree.map(jnp.add, params, change)
            changes.append(change)
        return changes

    return _hash_of_sizes(computed)


def _hash_of_sizes(compute: Callable[[], Any]) -> str:
    sizes = jax.jit(lambda: [jnp.mean(jnp.abs(leaf)) for leaf in jax.tree.leaves(compute())])()
    text = " ".join(f"{float(size):.3g}" for size in sizes)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

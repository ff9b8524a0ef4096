"""How many parameters a network has in each group."""

from collections import Counter
from typing import Any

import jax

from capacity_jax.analysis import parameter_groups
from capacity_jax.networks import Network


def parameters_by_group(network: Network) -> Counter[str]:
    """How many parameters of a network are in each group."""
    params: Any = jax.eval_shape(network.init, jax.random.key(0))
    counts: Counter[str] = Counter()
    groups = parameter_groups(network, params)
    for group, leaf in zip(jax.tree.leaves(groups), jax.tree.leaves(params), strict=True):
        counts[group] += leaf.size
    return counts

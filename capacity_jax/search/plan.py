"""From settings written for networks of any size to the study of one size."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from capacity_jax.networks import Network
from capacity_jax.search.space import expanded, search_space
from capacity_jax.search.study import Study
from capacity_jax.tasks.base import Task
from capacity_jax.training.member import Bucket


def plan_study(
    network: Network,
    task: Task,
    *,
    batch_size: int,
    starts: Sequence[Mapping[str, Any]],
    space: Mapping[str, Any],
    n_trials: int,
    n_seeds: int,
    seed: int,
) -> Study:
    """The study of one network on one task.

    Args:
      network: what is trained.
      task: what it is trained on.
      batch_size: examples per training step.
      starts: settings known to be good, as `expanded` takes them.
      space: changes to the paper's ranges, as `search_space` takes them.
      n_trials: random draws from the space.
      n_seeds: measurements of each start and of the best setting.
      seed: with the names and sizes of task and network it makes the study's own.

    Raises:
      ValueError: network and task differ in their sizes, or starts or space name what neither has.
    """
    bucket = Bucket(network, task, batch_size)
    return Study(
        bucket=bucket,
        space=search_space(bucket, space),
        starts=[expanded(bucket, start) for start in starts],
        n_trials=n_trials,
        n_seeds=n_seeds,
        seed=zlib.crc32(f"{seed}/{task.name}/{network.cell.name}/{network.depth}/{network.n_hidden}".encode()),
    )


def most_labels(network: Network, settings: Iterable[Mapping[str, Any]]) -> int:
    """The largest b that settings ask for by `b` or `b_per_parameter`; 0 where none does."""
    asked = [
        np.max(setting[name]) * scale
        for setting in settings
        for name, scale in (("b", 1), ("b_per_parameter", network.n_params))
        if name in setting
    ]
    return int(np.ceil(max(asked))) if asked else 0

"""From settings written for networks of any size to the study of one size."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from capacity_jax.networks import Network
from capacity_jax.search.space import expanded, labels_asked, search_space
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

    Example:
      >>> from capacity_jax import Network, mem_thru, plan_study, rnn
      >>> study = plan_study(
      ...     Network(rnn, 8, 16, 8),
      ...     mem_thru(n_in=8),
      ...     batch_size=64,
      ...     starts=[{"input_scale": 0.5}],
      ...     space={"train_steps": 1000},
      ...     n_trials=5,
      ...     n_seeds=2,
      ...     seed=0,
      ... )
      >>> study.starts
      [{'input_scale_h': 0.5}]
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


def most_labels(network: Network, settings: Sequence[Mapping[str, Any]]) -> int:
    """The largest b that settings ask for by `b` or `b_per_parameter`; 0 where none does.

    Example:
      >>> from capacity_jax import Network, most_labels, rnn
      >>> most_labels(Network(rnn, 8, 16, 1), [{"b_per_parameter": (2.0, 4.5)}, {"b": 1000}])
      1948
    """
    asked = [setting["b"] for setting in settings if "b" in setting]
    asked += [
        labels_asked(setting["b_per_parameter"], network.n_params)
        for setting in settings
        if "b_per_parameter" in setting
    ]
    return int(max((np.max(labels) for labels in asked), default=0))

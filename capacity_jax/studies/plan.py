"""From settings written for networks of any size to the study of one size."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from capacity_jax.checks import check_size
from capacity_jax.networks import Network
from capacity_jax.studies.proposals import sampler_by_name
from capacity_jax.search.space import capped, capped_start, expanded, labels_asked, search_space
from capacity_jax.studies.study import Study
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
    sampler: str = "gp",
    n_proposals: int = 8,
    budget: int | None = None,
    variant: str = "",
    max_train_steps: int | None = None,
) -> Study:
    """The study of one network on one task, named after both: `per_cap/gru@2/10000`.

    Args:
      network: what is trained.
      task: what it is trained on.
      batch_size: examples per training step.
      starts: settings known to be good, as `expanded` takes them.
      space: changes to the paper's ranges, as `search_space` takes them.
      n_trials: proposals of the sampler.
      n_seeds: measurements of each start and of the best setting.
      seed: with the names and sizes of task and network it makes the study's own.
      sampler: who proposes, as `sampler_by_name` takes it.
      n_proposals: how many settings are proposed at once.
      budget: the number of parameters that the network was made for, if it was.
      max_train_steps: no trial trains for longer, whatever its range or its start says; None leaves both as they are.
      variant: what distinguishes the task from others of its name in the same run, such as `n_steps=5`.

    Raises:
      ValueError: network and task differ in their sizes, starts or space name what neither has, no sampler has that
        name, or n_proposals or max_train_steps is not a whole number of at least 1.

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
      >>> study.name, study.starts
      ('mem_thru/rnn@1/16 units', [{'input_scale_h': 0.5}])
    """
    bucket = Bucket(network, task, batch_size)
    check_size("proposals", n_proposals)
    if max_train_steps is not None:
        check_size("max_train_steps", max_train_steps)
    searched, given = search_space(bucket, space), [expanded(bucket, start) for start in starts]
    sampler_by_name(sampler, seed=0)
    cell = f"{network.cell.name}@{network.depth}"
    size = budget or f"{network.n_hidden} units"
    return Study(
        bucket=bucket,
        space=searched if max_train_steps is None else capped(searched, max_train_steps),
        starts=given if max_train_steps is None else [capped_start(start, max_train_steps) for start in given],
        n_trials=n_trials,
        n_seeds=n_seeds,
        name="/".join([task.name, *filter(None, [variant]), cell, str(size)]),
        sampler=sampler,
        n_proposals=n_proposals,
        budget=budget,
        max_train_steps=max_train_steps,
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

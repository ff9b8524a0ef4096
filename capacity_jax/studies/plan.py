"""From settings written for networks of any size to the study of one size."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import optuna

from capacity_jax.checks import check_size
from capacity_jax.networks import Network
from capacity_jax.search.samplers import sampler_by_name
from capacity_jax.search.space import Space, cap_settings, cap_space, expand_settings, search_space
from capacity_jax.studies.storage import quiet
from capacity_jax.studies.study import Study
from capacity_jax.tasks.base import Task, fit_task
from capacity_jax.training.member import N_PLACES, Bucket
from capacity_jax.training.optimizer import Transformation
from capacity_jax.training.soap import soap


def plan_study(
    network: Network,
    task: Task,
    *,
    batch_size: int,
    initial_settings: Sequence[Mapping[str, Any]],
    space: Mapping[str, Any],
    trials: int,
    seeds: int,
    seed: int,
    sampler: str = "gp",
    proposals: int = 8,
    rungs: Sequence[float] = (),
    budget: int | None = None,
    variant: str = "",
    max_train_steps: int | None = None,
    transformation: Transformation | None = None,
) -> Study:
    """The study of one network on one task, named after both: `per_cap/gru@2/10000`.

    Args:
      network: what is trained.
      task: what it is trained on, sized for what the settings and the space ask for.
      batch_size: examples per training step.
      initial_settings: known to be good, as `expand_settings` takes them.
      space: changes to the declared ranges, as `search_space` takes them.
      trials: proposals of the sampler.
      seeds: measurements of each initial setting and of the best one.
      seed: with the names and sizes of task and network it makes the study's own.
      sampler: who proposes, as `sampler_by_name` takes it.
      proposals: how many settings are proposed at once.
      rungs: at which shares of its training steps a proposed trial stops if it has learned too little.
      budget: the number of parameters that the network was made for, if it was.
      variant: what distinguishes the task from others of its name in the same run, such as `n_steps=5`.
      max_train_steps: no trial trains for longer, whatever its range or setting says; None leaves both as they are.
      transformation: the update rule, as `Bucket` takes it.

    Raises:
      ValueError: network and task differ in their sizes, settings or space name what neither has, no sampler has that
        name, proposals or max_train_steps is not a whole number of at least 1, or a rung is no share.

    Example:
      >>> from capacity_jax import Network, mem_thru, plan_study, rnn
      >>> study = plan_study(
      ...     Network(rnn, 8, 16, 8),
      ...     mem_thru(n_in=8),
      ...     batch_size=64,
      ...     initial_settings=[{"input_scale": 0.5}],
      ...     space={"train_steps": 1000},
      ...     trials=5,
      ...     seeds=2,
      ...     seed=0,
      ... )
      >>> study.name, study.initial_settings
      ('mem_thru/rnn@1/16 units', [{'input_scale_h': 0.5}])
    """
    initial_settings = [_of_rule(one, transformation) for one in initial_settings]
    bucket = Bucket(network, fit_task(task, network, [space, *initial_settings]), batch_size, transformation)
    check_size("proposals", proposals)
    _check_rungs(rungs)
    if max_train_steps is not None:
        check_size("max_train_steps", max_train_steps)
    searched = search_space(bucket, space)
    capped = initial_settings
    if max_train_steps is not None:
        searched, capped = cap_space(searched, max_train_steps), [cap_settings(one, max_train_steps) for one in capped]
    _check_sampler(sampler, searched)
    cell = f"{network.cell.name}@{network.depth}"
    size = budget or f"{network.n_hidden} units"
    return Study(
        bucket=bucket,
        space=searched,
        # Capped first: a rate that follows the steps is that of the steps that are made.
        initial_settings=[expand_settings(bucket, one) for one in capped],
        trials=trials,
        seeds=seeds,
        name="/".join([task.name, *filter(None, [variant]), cell, str(size)]),
        sampler=sampler,
        proposals=proposals,
        rungs=tuple(rungs),
        budget=budget,
        max_train_steps=max_train_steps,
        seed=zlib.crc32(f"{seed}/{task.name}/{network.cell.name}/{network.depth}/{network.n_hidden}".encode()),
    )


def _of_rule(setting: Mapping[str, Any], transformation: Transformation | None) -> Mapping[str, Any]:
    """The setting; shares of what is best say by which update rule it is."""
    is_relative = any(name in setting for name in ("relative_rate", "relative_labels"))
    return {"relative_to": "soap", **setting} if transformation is soap and is_relative else setting


def _check_rungs(rungs: Sequence[float]) -> None:
    # A learning curve has no earlier place, and the last one is where training ends.
    first, last = 1 / N_PLACES, 1 - 1 / N_PLACES
    if not isinstance(rungs, list | tuple) or not all(isinstance(one, float) and first <= one <= last for one in rungs):
        raise ValueError(f"rungs is {rungs!r}; allowed: shares of training, from {first:.3f} to {last:.3f}")


def _check_sampler(name: str, space: Space) -> None:
    """Raises ValueError unless the sampler can propose a setting of the space."""
    with quiet():
        study = optuna.create_study(sampler=sampler_by_name(name, seed=0))
        try:
            study.ask(space)
        except (ValueError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"sampler is {name!r}, which cannot search this space: {reason}") from error

"""From a configuration to the studies it asks for."""

import zlib
from inspect import signature

import numpy as np
from ml_collections import ConfigDict

from capacity_jax.cells import cell_by_name
from capacity_jax.checks import check_size
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import Study, absolute, search_space
from capacity_jax.tasks import task_by_name
from capacity_jax.training import Bucket


def studies(config: ConfigDict) -> list[Study]:
    """One study for each cell and budget, in the order of the configuration.

    Raises:
      ValueError: a field holds what it may not; the message names the field.
    """
    for name in ("seeds", "batch_size"):
        check_size(name, config[name])
    check_size("trials", config.trials, at_least=0)
    if not config.budgets:
        raise ValueError("budgets is empty; it must hold at least one number of parameters")
    for budget in config.budgets:
        check_size("budgets", budget)
    return [_study(config, name, depth, budget) for name, depth in cells(config) for budget in config.budgets]


def cells(config: ConfigDict) -> list[tuple[str, int]]:
    """Name and depth of each entry of `config.cells`, `gru` or `gru@2`, separated by commas.

    Raises:
      ValueError: the field is empty, a name is unknown, or a depth is not a number.
    """
    found = []
    for entry in config.cells.split(","):
        name, _, depth = entry.strip().partition("@")
        if depth and not depth.isdecimal():
            raise ValueError(f"cells holds {entry!r}; allowed: a cell's name, or name@depth such as gru@2")
        found.append((cell_by_name(name).name, int(depth or 1)))
    return found


def _study(config, cell_name, depth, budget):
    cell, starts = cell_by_name(cell_name), list(config.starts.get(cell_name, ()))
    task = _task(config, budget, starts)
    units = units_for_budget(budget, cell, task.n_in, task.n_out, depth)
    bucket = Bucket(Network(cell, task.n_in, units, task.n_out, depth), task, config.batch_size)
    return Study(
        bucket=bucket,
        space=search_space(bucket, config.space),
        starts=[absolute(bucket, start) for start in starts],
        n_trials=config.trials,
        n_seeds=config.seeds,
        seed=zlib.crc32(f"{config.seed}/{task.name}/{cell_name}/{depth}/{budget}".encode()),
    )


def _task(config, budget, starts):
    build = task_by_name(config.task)
    arguments = dict(config.task_args)
    allowed = signature(build).parameters
    for name in arguments.keys() - allowed.keys():
        raise ValueError(f"task_args.{name} is unknown to task {config.task}; allowed: {', '.join(allowed)}")
    if config.task == "per_cap" and "b_max" not in arguments:
        asked = [setting["b_per_parameter"] for setting in (config.space, *starts) if "b_per_parameter" in setting]
        if asked:
            arguments["b_max"] = int(np.ceil(budget * max(np.max(value) for value in asked)))
    return build(**arguments)

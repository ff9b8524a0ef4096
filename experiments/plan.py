"""From a configuration to the studies it asks for."""

import zlib
from functools import cache
from inspect import signature

import numpy as np
from ml_collections import ConfigDict

from capacity_jax.cells import cell_by_name
from capacity_jax.checks import check_size
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import Study, expanded, search_space
from capacity_jax.tasks import task_by_name
from capacity_jax.training import Bucket


def studies(config: ConfigDict) -> list[Study]:
    """One study for each cell and size, in the order of the configuration.

    Raises:
      ValueError: a field holds what it may not; the message names the field.
    """
    for name in ("seeds", "batch_size"):
        check_size(name, config[name])
    check_size("trials", config.trials, at_least=0)
    if bool(config.budgets) == bool(config.units):
        raise ValueError(f"budgets is {config.budgets} and units {config.units}; exactly one must hold sizes")
    for name in ("budgets", "units"):
        for size in config[name]:
            check_size(name, size)
    return [_study(config, name, depth, i) for name, depth in cells(config) for i in range(_n_sizes(config))]


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


def _n_sizes(config):
    return len(config.budgets or config.units)


def _study(config, cell_name, depth, i):
    cell = cell_by_name(cell_name)
    starts = list(config.starts.get(cell_name, config.starts.get("default", ())))
    if not starts and not config.trials:
        raise ValueError(f"trials is 0 and starts has no setting for {cell_name}; one of them must hold some")
    task, units = _task_and_units(config, cell, depth, i, starts)
    bucket = Bucket(Network(cell, task.n_in, units, task.n_out, depth), task, config.batch_size)
    return Study(
        bucket=bucket,
        space=search_space(bucket, config.space),
        starts=[expanded(bucket, start) for start in starts],
        n_trials=config.trials,
        n_seeds=config.seeds,
        seed=zlib.crc32(f"{config.seed}/{task.name}/{cell_name}/{depth}/{units}".encode()),
    )


def _task_and_units(config, cell, depth, i, starts):
    build = task_by_name(config.task)
    arguments = dict(config.task_args)
    allowed = signature(build).parameters
    for name in arguments.keys() - allowed.keys():
        raise ValueError(f"task_args.{name} is unknown to task {config.task}; allowed: {', '.join(allowed)}")
    task = _built(build, tuple(sorted(arguments.items())))
    sizes = task.n_in, task.n_out
    units = config.units[i] if config.units else units_for_budget(config.budgets[i], cell, *sizes, depth)
    asked = [setting["b_per_parameter"] for setting in (config.space, *starts) if "b_per_parameter" in setting]
    if "b" in task.hyperparameters and "b_max" not in arguments and asked:
        n_params = Network(cell, task.n_in, units, task.n_out, depth).n_params
        arguments["b_max"] = int(np.ceil(n_params * np.max([np.max(value) for value in asked])))
        task = _built(build, tuple(sorted(arguments.items())))
    return task, units


@cache
def _built(build, arguments):
    # One task for all studies that ask for the same: a corpus is then read once.
    return build(**dict(arguments))

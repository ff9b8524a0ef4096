"""From a configuration to the studies it asks for."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from itertools import product
from typing import Any, cast

from capacity_jax.cells import Cell, CellName, cell_by_name
from capacity_jax.cells.hyperparameters import shared_name
from capacity_jax.cells.registry import cells_and_depths
from capacity_jax.checks import check_size, unknown
from capacity_jax.import_path import load
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import clip_to_space
from capacity_jax.studies import Study, plan_study
from capacity_jax.tasks import task_by_name
from capacity_jax.training import fill_defaults, hyperparameters_of
from experiments.fields import check_fields
from experiments.paper.published import published_settings, read_published

# Every initial setting is trained with every seed, and every batch of proposals held at once.
LARGEST = {"seeds": 100_000, "proposals": 10_000, "batch_size": 2**31 - 1}


def studies(config: Any) -> list[Study]:
    """One study for each cell and size, in the order of the configuration.

    Raises:
      ValueError: a field holds what it may not; the message names the field.
      OSError: the published trials cannot be read.
    """
    check_fields(config)
    for name, most in LARGEST.items():
        check_size(name, config[name], at_most=most)
    published = read_published(config.warm_start) if config.warm_start else None
    networks = cells_and_depths(config.cells)
    of_cells = {name for cell, _ in networks for name in cell.hyperparameters}
    found = [
        _study(config, cell, depth, i, arguments, published, of_cells - cell.hyperparameters.keys())
        for cell, depth in networks
        for i in range(len(config.budgets or config.units))
        for arguments in _grid(config)
    ]
    for study in found:
        study.initial_trials()
    _warn_of_unknown(config.initial_settings, {cell.name for cell, _ in networks})
    return found


def _grid(config) -> list[dict]:
    """The task's arguments; each that holds a tuple makes studies of all its values."""
    arguments = dict(config.task_args)
    allowed = signature(task_by_name(config.task)).parameters
    for name in arguments.keys() - allowed.keys():
        raise unknown("task_args", name, allowed)
    for name, value in arguments.items():
        if value == ():
            raise ValueError(f"task_args.{name} is (); allowed: a value, or a tuple of some")
    choices = [value if isinstance(value, tuple) else (value,) for value in arguments.values()]
    return [dict(zip(arguments, values, strict=True)) for values in product(*choices)]


def _study(config, cell: Cell, depth, i, arguments, published, of_others):
    task = task_by_name(config.task)(**arguments)
    initial_settings = _initial_settings(config, cell.name, depth, (config.units or config.budgets)[i])
    if not initial_settings and not config.trials and published is None:
        raise ValueError(f"trials is 0 and initial_settings has none for {cell.name}; one of them must hold some")
    sizes = task.n_in, task.n_out
    units = config.units[i] if config.units else units_for_budget(config.budgets[i], cell, *sizes, depth)
    network = Network(cell, task.n_in, units, task.n_out, depth)
    # What only another cell of the run has is nothing to this one.
    changes = config.space.to_dict().items()
    space = {name: change for name, change in changes if name not in of_others or shared_name(name)}
    varied = [name for name, value in config.task_args.items() if isinstance(value, tuple)]
    study = plan_study(
        network,
        task,
        batch_size=config.batch_size,
        initial_settings=initial_settings,
        space=space,
        trials=config.trials,
        seeds=config.seeds,
        seed=config.seed,
        sampler=config.sampler,
        proposals=config.proposals,
        rungs=config.rungs,
        budget=config.budgets[i] if config.budgets else None,
        max_train_steps=config.max_train_steps,
        transformation=load("transformation", config.transformation) if config.transformation else None,
        variant=",".join(f"{name}={arguments[name]}" for name in varied),
    )
    if published is None:
        return study
    return replace(study, initial_settings=[*study.initial_settings, *_published_settings(study, published)])


def _initial_settings(config, cell_name, depth, size):
    """Those of the cell at that depth and size, or else as far as they are known."""
    given = config.initial_settings
    names = f"{cell_name}@{depth}/{size}", f"{cell_name}@{depth}", f"{cell_name}/{size}", cell_name
    name = next((one for one in names if one in given), "default")
    settings = given.get(name, ())
    name = f"initial_settings.{name}"
    if not isinstance(settings, list | tuple):
        raise ValueError(f"{name} is {settings!r}; allowed: a tuple of settings")
    for setting in settings:
        if not isinstance(setting, Mapping) or not all(isinstance(key, str) for key in setting):
            raise ValueError(f"{name} holds {setting!r}; allowed: settings, dicts of hyperparameters")
    return settings


def _warn_of_unknown(initial_settings, cells):
    """Those of cells that are not measured may stand there, but not for names that no cell has."""
    for name in initial_settings:
        of_cell = re.split("[@/]", name)[0]
        if of_cell in {*cells, "default"}:
            continue
        try:
            known = cell_by_name(cast(CellName, of_cell)).name
            reason = f"that cell's name is {known!r}" if known != of_cell else ""
        except ValueError as error:
            reason = f"no cell of this run has that name, and {error}"
        if reason:
            warnings.warn(f"initial_settings.{name} is not used: {reason}", stacklevel=3)


def _published_settings(study, published) -> list[dict]:
    """The authors' best settings for such a network, moved into the study's space: its cap on training steps holds."""
    network, task = study.bucket.network, study.bucket.task
    settings = published_settings(published, task.name, network.cell.name, network.depth, network.n_params)
    known = hyperparameters_of(study.bucket)
    ours = [{name: value for name, value in setting.items() if name in known} for setting in settings]
    return [clip_to_space(study.space, fill_defaults(study.bucket, setting)) for setting in ours]

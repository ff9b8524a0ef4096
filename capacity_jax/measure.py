"""The capacity of anybody's cell in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any, cast

from flax import linen as nn

from capacity_jax.cells.base import Cell
from capacity_jax.cells.check import check_cell
from capacity_jax.cells.registry import CELLS, CellName, cell_by_name
from capacity_jax.checks import check_size
from capacity_jax.flax import from_linen, from_nnx
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.results.capacity import Capacity
from capacity_jax.results.metrics import log_of_trials
from capacity_jax.search.length import rate_for_length
from capacity_jax.search.space import SHORT_RUN_RANGES, clip_to_space
from capacity_jax.studies import Persistence, Storage, Study, Worker, open_storage, plan_study, run_studies
from capacity_jax.tasks.base import Task
from capacity_jax.tasks.registry import TASKS, TaskName, task_by_name
from capacity_jax.training import Transformation, fill_defaults, use_all_cores

# Where a task knows nothing better.
INITIAL_SETTINGS = ({"lr_init": 0.007}, {"lr_init": 0.015})


def measure_capacity(
    cell: CellName | Cell | nn.RNNCellBase | Callable[..., Any],
    task: TaskName | Task = "per_cap",
    budgets: Sequence[int] = (600, 1200, 2145),
    *,
    trials: int = 4,
    train_steps: int = 50_000,
    seed: int = 0,
    seeds: int = 4,
    depth: int = 1,
    batch_size: int = 128,
    space: Mapping[str, Any] | None = None,
    transformation: Transformation | None = None,
    workdir: str | Path | None = None,
    name: str | None = None,
    storage: str | Storage | None = None,
) -> Capacity:
    """Measures how much networks of a cell store, or how well they do on any other task.

    For each budget it trains two settings that are good for the paper's cells, each with every seed, and what a
    search proposes; what came out best is measured with every seed. With the defaults that takes about a minute on
    4 cores. On CPUs every core trains a network of its own if JAX has made no computation before. Progress goes to
    stderr.

    Args:
      cell: a name such as `"gru"`, a `Cell`, an instance of a `flax.linen` cell, or a `flax.nnx` cell's class (any
        function `(n_in, n_hidden, rngs=…) -> cell`).
      task: a name such as `"per_cap"`, or a `Task`, also one of your own. Networks wider than the 32 inputs of the
        default need `per_cap(n_in=…)` of about their width to store all they can.
      budgets: the largest numbers of parameters; the headline is of the largest, a slope needs three.
      trials: further settings tried at each budget, as the search proposes them.
      train_steps: training steps of each trial. Learning rates follow them, as `rate_for_length` tells; those of
        `per_cap`, and its labels, follow them, size, depth and whether the update rule is `soap`
        (`capacity_jax.tasks.scaling`).
      seed: from it follow all data, weights and draws.
      seeds: measurements of each initial setting and of the best one.
      depth: layers of the network.
      batch_size: examples per training step.
      space: changes to what is searched, as `capacity_jax.search_space` takes them: a value fixes a
        hyperparameter, two numbers are its range, words its choices. Initial settings are moved into it. A
        hyperparameter of the cell's own stays at its default unless it is given a range here.
      transformation: makes the update rule, any optax transformation, from a trial's hyperparameters; by default the
        one whose algorithm, rates and L2 decay are all searched.
      workdir: a directory where trials, checkpoints and the best setting's weights (`load_network`) are kept. The same
        call goes on where an earlier one ended, however it ended; more `trials` or `seeds` add to what is there.
        Without it nothing outlives the result.
      name: under which tables, figures and the directory know the cell, so that its variants stay apart; by default
        the cell's own.
      storage: the Optuna storage of the trials, open or a URL; by default `studies.db` in the directory.

    Returns:
      Table, fit and figure.

    Raises:
      ValueError: an argument is not what it may be; the message names it and what is allowed.
      StorageError: the storage fails, or the directory holds other studies under these names.
      OSError: the directory cannot be written.

    Example:
      >>> import capacity_jax
      >>> capacity = capacity_jax.measure_capacity("rnn", budgets=(120,), trials=0, train_steps=200, seeds=2)
      >>> capacity.to_dataframe()["parameters"].tolist()
      [115]
    """
    asked = dict(locals())
    use_all_cores()
    cell = _as_cell(cell)
    if name is not None:
        if not isinstance(name, str) or not name.strip() or "/" in name or not name.isprintable():
            raise ValueError(f"name is {name!r}; allowed: a word or a few, without a slash")
        cell = replace(cell, name=name)
    for size, value in {"train_steps": train_steps, "seeds": seeds, "depth": depth, "batch_size": batch_size}.items():
        check_size(size, value)
    check_size("trials", trials, at_least=0)
    check_size("seed", seed, at_least=0, at_most=None)
    if not isinstance(budgets, Sequence) or not budgets:
        raise ValueError(f"budgets is {budgets!r}; allowed: numbers of parameters, such as (600, 1200, 2145)")
    for budget in budgets:
        check_size("budgets", budget)
    if not isinstance(space, Mapping | None):
        raise ValueError(f"space is {space!r}; allowed: a dict of hyperparameters with values, ranges or choices")
    task = _as_task(task)
    slowest, fastest = SHORT_RUN_RANGES["lr_init"]
    rates = {"lr_init": (rate_for_length(slowest, train_steps) / sqrt(depth), fastest)}
    changes = {**SHORT_RUN_RANGES, **rates, **task.space, "train_steps": train_steps, **(space or {})}
    initial = [
        {"train_steps": train_steps, **setting}
        | ({"lr_init": rate_for_length(setting["lr_init"], train_steps)} if "lr_init" in setting else {})
        for setting in task.initial_settings or INITIAL_SETTINGS
    ]

    def study(budget: int) -> Study:
        units = units_for_budget(budget, cell, task.n_in, task.n_out, depth)
        network = Network(cell, task.n_in, units, task.n_out, depth)
        return plan_study(
            network,
            task,
            batch_size=batch_size,
            initial_settings=initial,
            space=changes,
            trials=trials,
            seeds=seeds,
            seed=seed,
            budget=budget,
            transformation=transformation,
        )

    studies = [_with_settings_inside(study(budget)) for budget in budgets]
    persistence = _persistence(workdir, storage)
    asked["storage"] = storage or (None if workdir else persistence.storage)
    ended = {study.name: records for study, records in run_studies(studies, persistence)}
    records = [record for study in studies for record in ended[study.name]]
    return Capacity(records, partial(_with_more, asked))


def _with_more(asked: dict[str, Any], more_trials: int, more_seeds: int, more_budgets: Sequence[int]) -> Capacity:
    """The measurement that was asked for, with more of it."""
    budgets = (*asked["budgets"], *(budget for budget in more_budgets if budget not in asked["budgets"]))
    more = {"trials": asked["trials"] + more_trials, "seeds": asked["seeds"] + more_seeds, "budgets": budgets}
    return measure_capacity(**asked | more)


def _persistence(workdir, storage) -> Persistence:
    directory = Path(workdir or "")
    if workdir:
        directory.mkdir(parents=True, exist_ok=True)
        storage = storage or f"sqlite:///{directory / 'studies.db'}"
    opened = storage if isinstance(storage, Storage) else open_storage(storage)
    if not workdir:
        return Persistence(opened)
    return Persistence(
        opened,
        Worker(directory / "workers"),
        weights=directory / "weights",
        notify=log_of_trials(directory),
    )


def _with_settings_inside(study: Study) -> Study:
    """The study with its initial settings moved into its space, each once."""
    settings = [clip_to_space(study.space, fill_defaults(study.bucket, one)) for one in study.initial_settings]
    return replace(study, initial_settings=[one for i, one in enumerate(settings) if one not in settings[:i]])


def _as_task(task: TaskName | Task) -> Task:
    if isinstance(task, str):
        return task_by_name(task)()
    if not isinstance(task, Task):
        raise ValueError(f"task is {task!r}; allowed: a capacity_jax.Task, or one of {', '.join(TASKS)}")
    return task


def _as_cell(cell: CellName | Cell | nn.Module | Callable[..., Any]) -> Cell:
    if isinstance(cell, str):
        return cell_by_name(cast(CellName, cell))
    if isinstance(cell, Cell):
        check_cell(cell)
        return cell
    if not callable(cell):
        raise ValueError(
            f"cell is {cell!r}; allowed: a capacity_jax.Cell, a flax.linen cell, the class of a flax.nnx cell, or one "
            f"of {', '.join(CELLS)}"
        )
    if isinstance(cell, nn.Module) or (isinstance(cell, type) and issubclass(cell, nn.Module)):
        return from_linen(cast(nn.RNNCellBase, cell))
    return from_nnx(cell)

"""The capacity of anybody's cell in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from flax import linen as nn

from capacity_jax.cells.base import Cell
from capacity_jax.cells.registry import CELLS, cell_by_name
from capacity_jax.checks import check_size
from capacity_jax.flax import from_linen, from_nnx
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.results import Capacity
from capacity_jax.search import SHORT_RUN_RANGES, Study, most_labels, nearest, plan_study, run_studies
from capacity_jax.tasks.base import Task
from capacity_jax.tasks.registry import TASKS, build_task
from capacity_jax.training import complete, use_all_cores

# What learned most for the six cells at about 2,000 parameters in 50,000 steps of 128 examples.
STARTS = ({"lr_init": 0.007, "b_per_parameter": 4.0}, {"lr_init": 0.015, "b_per_parameter": 3.4})
LABELS = (2.0, 4.5)


def measure_capacity(
    cell: str | Cell | nn.RNNCellBase | Callable[..., Any],
    task: str | Task = "per_cap",
    budgets: Sequence[int] = (600, 1200, 2145),
    *,
    trials: int = 4,
    steps: int = 50_000,
    seed: int = 0,
    seeds: int = 4,
    depth: int = 1,
    batch_size: int = 128,
    space: Mapping[str, Any] | None = None,
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
      budgets: the largest numbers of parameters; a slope needs three of them.
      trials: further settings tried at each budget, as the search proposes them.
      steps: training steps of each trial.
      seed: from it follow all data, weights and draws.
      seeds: measurements of each starting point and of the best setting.
      depth: layers of the network.
      batch_size: examples per training step.
      space: changes to what is searched, as `capacity_jax.search.search_space` takes them: a value fixes a
        hyperparameter, two numbers are its range, words its choices. Starting points are moved into it. A
        hyperparameter of the cell's own stays at its default unless it is given a range here.

    Returns:
      Table, fit and figure.

    Raises:
      ValueError: an argument is not what it may be; the message names it and what is allowed.

    Example:
      >>> import capacity_jax
      >>> capacity = capacity_jax.measure_capacity("rnn", budgets=(120,), trials=0, steps=200, seeds=2)
      >>> capacity.to_dataframe()["parameters"].tolist()
      [115]
    """
    use_all_cores()
    cell = _as_cell(cell)
    for name, value in {"steps": steps, "seeds": seeds, "depth": depth, "batch_size": batch_size}.items():
        check_size(name, value)
    check_size("trials", trials, at_least=0)
    check_size("seed", seed, at_least=0)
    if not isinstance(budgets, Sequence) or not budgets:
        raise ValueError(f"budgets is {budgets!r}; allowed: numbers of parameters, such as (600, 1200, 2145)")
    for budget in budgets:
        check_size("budgets", budget)
    if not isinstance(space, Mapping | None):
        raise ValueError(f"space is {space!r}; allowed: a dict of hyperparameters with values, ranges or choices")
    asked = _as_task(task)
    has_b = "b" in asked.hyperparameters
    changes = {
        **SHORT_RUN_RANGES,
        **({"b_per_parameter": LABELS} if has_b else {}),
        "train_steps": steps,
        **(space or {}),
    }
    starts = [start if has_b else {"lr_init": start["lr_init"]} for start in STARTS]

    def study(budget: int) -> Study:
        units = units_for_budget(budget, cell, asked.n_in, asked.n_out, depth)
        network = Network(cell, asked.n_in, units, asked.n_out, depth)
        return plan_study(
            network,
            build_task("per_cap", b_max=most_labels(network, [changes])) if task == "per_cap" else asked,
            batch_size=batch_size,
            starts=starts,
            space=changes,
            n_trials=trials,
            n_seeds=seeds,
            seed=seed,
            budget=budget,
        )

    studies = [_with_starts_inside(study(budget)) for budget in budgets]
    return Capacity(list(run_studies(studies)))


def _with_starts_inside(study: Study) -> Study:
    starts = [nearest(study.space, complete(study.bucket, start)) for start in study.starts]
    return replace(study, starts=[start for i, start in enumerate(starts) if start not in starts[:i]])


def _as_task(task: str | Task) -> Task:
    if isinstance(task, str):
        return build_task(task)
    if not isinstance(task, Task):
        raise ValueError(f"task is {task!r}; allowed: a capacity_jax.Task, or one of {', '.join(TASKS)}")
    return task


def _as_cell(cell: str | Cell | nn.Module | Callable[..., Any]) -> Cell:
    if isinstance(cell, str):
        return cell_by_name(cell)
    if isinstance(cell, Cell):
        return cell
    if not callable(cell):
        raise ValueError(
            f"cell is {cell!r}; allowed: a capacity_jax.Cell, a flax.linen cell, the class of a flax.nnx cell, or one "
            f"of {', '.join(CELLS)}"
        )
    if isinstance(cell, nn.Module) or (isinstance(cell, type) and issubclass(cell, nn.Module)):
        return from_linen(cast(nn.RNNCellBase, cell))
    return from_nnx(cell)

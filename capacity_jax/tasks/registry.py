"""Tasks by name.

Example:
  >>> from capacity_jax import TASKS
  >>> list(TASKS)
  ['per_cap', 'mem_thru', 'rcf', 'text8', 'parens_counting', 'arithmetic']
"""

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from capacity_jax.tasks.arithmetic import arithmetic
from capacity_jax.tasks.base import Task
from capacity_jax.tasks.mem_thru import mem_thru
from capacity_jax.tasks.parens_counting import parens_counting
from capacity_jax.tasks.per_cap import per_cap
from capacity_jax.tasks.rcf import rcf
from capacity_jax.tasks.text8.task import DATA_VARIABLE, text8

TASKS: dict[str, Callable[..., Task]] = {
    "per_cap": per_cap,
    "mem_thru": mem_thru,
    "rcf": rcf,
    "text8": text8,
    "parens_counting": parens_counting,
    "arithmetic": arithmetic,
}


def task_by_name(name: str) -> Callable[..., Task]:
    """The function that builds the task of that name.

    Raises:
      ValueError: no task has that name; the message lists the known ones.

    Example:
      >>> from capacity_jax import task_by_name
      >>> task_by_name("mem_thru")(n_in=16).n_out
      16
    """
    if name not in TASKS:
        raise ValueError(f"task is {name!r}; known tasks: {', '.join(TASKS)}")
    return TASKS[name]


def build_task(name: str, **arguments: Any) -> Task:
    """The task of that name, one object for all who ask for the same: it then compiles once, and reads a corpus once.

    Args:
      name: as `task_by_name` takes it.
      **arguments: of the function that builds the task; they must have a hash.

    Raises:
      ValueError: no task has that name, or the task refuses an argument.

    Example:
      >>> from capacity_jax import build_task
      >>> build_task("mem_thru", n_in=16) is build_task("mem_thru", n_in=16)
      True
    """
    return _built(name, os.environ.get(DATA_VARIABLE), **arguments)


@cache
def _built(name, data, **arguments):
    # Not only the arguments decide: where the variable points somewhere else, the same ones mean another text.
    return task_by_name(name)(**arguments)

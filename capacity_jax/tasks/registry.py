"""Tasks by name."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Literal

from capacity_jax.checks import unknown
from capacity_jax.import_path import is_import_path, load
from capacity_jax.tasks.arithmetic import arithmetic
from capacity_jax.tasks.assoc_recall import assoc_recall
from capacity_jax.tasks.base import Task, one_for_equal_arguments
from capacity_jax.tasks.label_memory import label_memory
from capacity_jax.tasks.mem_thru import mem_thru
from capacity_jax.tasks.parens_counting import parens_counting
from capacity_jax.tasks.per_cap import per_cap
from capacity_jax.tasks.rcf import rcf
from capacity_jax.tasks.text8 import text8

# For type checkers, to which a misspelt name is an error.
TaskName = Literal[
    "per_cap", "mem_thru", "rcf", "text8", "parens_counting", "arithmetic", "assoc_recall", "label_memory"
]

TASKS: dict[str, Callable[..., Task]] = {
    "per_cap": per_cap,
    "mem_thru": mem_thru,
    "rcf": rcf,
    "text8": text8,
    "parens_counting": parens_counting,
    "arithmetic": arithmetic,
    "assoc_recall": assoc_recall,
    "label_memory": label_memory,
}


def task_by_name(name: TaskName) -> Callable[..., Task]:
    """The function that builds the task of that name, or a user's own by its import path, `mypackage.tasks:my_task`.

    A path may also lead to a `Task`, which then takes no arguments.

    Raises:
      ValueError: no task has that name; the message says which is meant or allowed.

    Example:
      >>> from capacity_jax import task_by_name
      >>> task_by_name("mem_thru")(n_in=16).n_out
      16
    """
    if is_import_path(name):
        return _users_own(name)
    if name not in TASKS:
        raise unknown("task", name, TASKS)
    return TASKS[name]


@cache
def _users_own(path):
    found = load("task", path)

    def refuse(thing):
        kind = type(thing).__name__
        return ValueError(f"task is {path!r}, which gives a {kind}; allowed: a capacity_jax.Task or what builds one")

    if isinstance(found, Task):
        return lambda: found
    if not callable(found):
        raise refuse(found)

    @one_for_equal_arguments
    @wraps(found)
    def build(*args, **kwargs):
        task = found(*args, **kwargs)
        if not isinstance(task, Task):
            raise refuse(task)
        return task

    return build

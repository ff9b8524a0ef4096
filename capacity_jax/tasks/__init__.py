"""Tasks: what is drawn, what is asked, what is scored."""

from capacity_jax.tasks.arithmetic import arithmetic
from capacity_jax.tasks.base import Batch, Task
from capacity_jax.tasks.parens_counting import parens_counting
from capacity_jax.tasks.per_cap import per_cap
from capacity_jax.tasks.registry import TASKS, task_by_name

__all__ = ["TASKS", "Batch", "Task", "arithmetic", "parens_counting", "per_cap", "task_by_name"]

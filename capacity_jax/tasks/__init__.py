"""Tasks: what is drawn, what is asked, what is scored."""

from capacity_jax.tasks.base import Batch, Task
from capacity_jax.tasks.corpus import Corpus
from capacity_jax.tasks.per_cap import per_cap
from capacity_jax.tasks.registry import TASKS, task_by_name
from capacity_jax.tasks.text8 import text8

__all__ = ["TASKS", "Batch", "Corpus", "Task", "per_cap", "task_by_name", "text8"]

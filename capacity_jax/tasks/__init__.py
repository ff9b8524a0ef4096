"""Tasks: what is drawn, what is asked, what is scored."""

from capacity_jax.tasks.arithmetic import arithmetic
from capacity_jax.tasks.assoc_recall import assoc_recall
from capacity_jax.tasks.base import Batch, Task
from capacity_jax.tasks.label_memory import label_memory
from capacity_jax.tasks.mem_thru import mem_thru
from capacity_jax.tasks.parens_counting import parens_counting
from capacity_jax.tasks.per_cap import per_cap
from capacity_jax.tasks.rcf import rcf
from capacity_jax.tasks.registry import TASKS, TaskName, task_by_name
from capacity_jax.tasks.text8 import Corpus, text8

__all__ = [
    "TASKS",
    "Batch",
    "Corpus",
    "Task",
    "TaskName",
    "arithmetic",
    "assoc_recall",
    "label_memory",
    "mem_thru",
    "parens_counting",
    "per_cap",
    "rcf",
    "task_by_name",
    "text8",
]

"""Outcomes as tables and figures."""

from capacity_jax.results.capacity import Capacity
from capacity_jax.results.figures import capacity_figure, objective_figure, recall_figure, task_figure
from capacity_jax.results.records import read_trials, write_records
from capacity_jax.results.table import as_text, slopes, study_row

__all__ = [
    "Capacity",
    "as_text",
    "capacity_figure",
    "objective_figure",
    "read_trials",
    "recall_figure",
    "slopes",
    "study_row",
    "task_figure",
    "write_records",
]

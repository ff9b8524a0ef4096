"""Records of trials as tables; figures and the report, which need a plotting library, are modules of their own."""

from capacity_jax.results.best import best_table, best_trials, measurements, task_table
from capacity_jax.results.capacity import Capacity
from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.results.table import as_text, slopes
from capacity_jax.results.trials import read_records, read_trials, trials_table

__all__ = [
    "Capacity",
    "as_text",
    "best_table",
    "best_trials",
    "in_words",
    "measurements",
    "network_label",
    "read_records",
    "read_trials",
    "slopes",
    "task_table",
    "trials_table",
]

"""Outcomes as tables and figures."""

from capacity_jax.results.best import TRIAL_COLUMNS, best_table, best_trials, score_of, score_values
from capacity_jax.results.capacity import Capacity
from experiments.paper.claims import Claim, Finding, judge_claims
from capacity_jax.results.figures import capacity_figure, objective_figure, recall_figure, task_figure
from experiments.paper.paired import capacity_difference, capacity_factor
from experiments.paper import PAPER_FIGURES, infeasible_table, paper_figures, rerun_table
from experiments.paper.published import published_settings, read_published
from capacity_jax.results.trials import read_trials, write_records
from capacity_jax.results.report import report
from capacity_jax.results.table import as_text, slopes, study_row

__all__ = [
    "PAPER_FIGURES",
    "TRIAL_COLUMNS",
    "Capacity",
    "Claim",
    "Finding",
    "as_text",
    "best_table",
    "best_trials",
    "capacity_difference",
    "capacity_factor",
    "capacity_figure",
    "infeasible_table",
    "judge_claims",
    "objective_figure",
    "paper_figures",
    "published_settings",
    "read_published",
    "read_trials",
    "recall_figure",
    "report",
    "rerun_table",
    "score_of",
    "score_values",
    "slopes",
    "study_row",
    "task_figure",
    "write_records",
]

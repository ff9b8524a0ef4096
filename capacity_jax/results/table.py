"""Outcomes as a table: one row per cell, depth and size."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from capacity_jax.stats.intervals import Interval, mean_interval, slope_interval
from capacity_jax.studies.study import Study, best_setting
from capacity_jax.training.population import Outcome


def study_row(study: Study, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """What a study found.

    The task's columns are means over the seeds of the best setting; `ci_low` and `ci_high` bound the last of them,
    the objective, with 95% confidence. `trials` counts all trials, `infeasible` those that diverged, which enter no
    mean; where all did, the values are NaN.

    Example:
      >>> from capacity_jax import Bucket, Network, Outcome, Study, mem_thru, rnn, study_row
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> study = Study(bucket, space={}, starts=[{}], n_trials=0, n_seeds=1, seed=0)
      >>> scores = {"values_recalled": 6.4, "reference_error": 0.0, "error_ratio": float("nan"), "squared_error": 0.2}
      >>> row = study_row(study, [Outcome(trial, scores, 50_000, False, 9.0) for trial in study.starting_trials()])
      >>> row["units"], row["squared_error"], row["trials"]
      (16, 0.2, 1)
    """
    network, task = study.bucket.network, study.bucket.task
    best = best_setting(study.bucket, outcomes)
    columns = {name: [outcome.scores[name] for outcome in best] for name in task.columns}
    objective = mean_interval(columns[task.columns[-1]]) if best else Interval(np.nan, np.nan, np.nan)
    return {
        "cell": network.cell.name,
        "depth": network.depth,
        "units": network.n_hidden,
        "parameters": network.n_params,
        **{name: float(np.mean(values)) if best else np.nan for name, values in columns.items()},
        "ci_low": objective.low,
        "ci_high": objective.high,
        "trials": len(outcomes),
        "infeasible": sum(outcome.infeasible for outcome in outcomes),
    }


def slopes(table: pd.DataFrame) -> dict[tuple[str, int], Interval]:
    """Bits per parameter as the slope of bits over sizes, by cell and depth; only where three sizes are known.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax import slopes
      >>> table = pd.DataFrame({"cell": "rnn", "depth": 1, "parameters": [500, 1000, 2000], "bits": [1500, 3300, 6900]})
      >>> round(slopes(table)["rnn", 1].value, 6)
      3.6
    """
    found = {}
    for network, rows in table.groupby(["cell", "depth"], sort=False):
        # Two budgets may buy the same width, and then hold the same measurement twice.
        rows = rows.dropna(subset="bits").drop_duplicates("parameters")
        if len(set(rows["parameters"])) >= 3:
            found[network] = slope_interval(rows["parameters"], rows["bits"])
    return found


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.4g}")

"""The best setting of every study in a table of trials: the one place that decides what is reported.

A table of trials has one row for each finished trial (`capacity_jax.results.trials.read_trials`); a setting is
the trials of a study with equal hyperparameters.

Example:
  >>> from capacity_jax.results import TRIAL_COLUMNS
  >>> TRIAL_COLUMNS[:4]
  ['study', 'task', 'cell', 'depth']
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from capacity_jax.stats.intervals import Interval, mean_interval

# Scores of the evaluation set by which a task is reported; any other task by its loss.
SCORES = {
    "per_cap": "bits_per_parameter",
    "mem_thru": "squared_error",
    "rcf": "squared_error",
    "text8": "bits_per_character",
}
ABOUT_STUDY = ["study", "task", "cell", "depth", "budget", "units", "parameters", "n_in", "n_steps"]
# What else a trial has that is no score of the evaluation set.
ABOUT_TRIAL = ["batch_size", "number", "role", "sampler", "seed", "hparams", "objective", "maximize", "steps"]
ABOUT_TRIAL += ["infeasible", "seconds", "finished", "versions"]
LOSSES = ["train_loss", "valid_loss", "eval_loss"]
TRIAL_COLUMNS = [*ABOUT_STUDY, *ABOUT_TRIAL, *LOSSES]


def score_of(task: str) -> str:
    """The column by which results report a task; a stand-in for text8 counts as text8.

    Example:
      >>> from capacity_jax.results import score_of
      >>> score_of("text8-standin-python"), score_of("arithmetic")
      ('bits_per_character', 'eval_loss')
    """
    return SCORES.get("text8" if task.startswith("text8") else task, "eval_loss")


def best_trials(study: pd.DataFrame) -> pd.DataFrame:
    """The feasible trials of the setting whose validation objective is best in the mean over its seeds.

    A setting that diverged with some seed comes after all that never did, however well its other seeds ended.

    Args:
      study: the trials of one study.

    Returns:
      Rows in the order of their seeds; none where every trial diverged.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import best_trials
      >>> study = pd.DataFrame({"hparams": [{"lr_init": 0.1}, {"lr_init": 0.01}], "objective": [0.5, 0.2]})
      >>> best_trials(study.assign(seed=[1, 2], infeasible=False, maximize=False))["objective"].tolist()
      [0.2]
    """
    # In the order of their seeds, not of their ends: ties and rounding then do not depend on speed.
    study = study.sort_values("seed", kind="stable")
    settings: dict[tuple, int] = {}
    setting = np.array([settings.setdefault(_key(hparams), len(settings)) for hparams in study["hparams"]], int)
    feasible = ~study["infeasible"].to_numpy(bool)
    gain = np.where(study["maximize"].to_numpy(bool), 1, -1) * study["objective"].to_numpy(float)

    def merit(one: int) -> tuple[bool, float]:
        of_it = setting == one
        return bool(feasible[of_it].all()), float(gain[of_it & feasible].mean())

    best = max(sorted(set(setting[feasible].tolist())), key=merit, default=-1)
    return study.loc[feasible & (setting == best)]


def best_table(trials: pd.DataFrame) -> pd.DataFrame:
    """What every study found: one row each, with the columns of `study_row` and those that tell studies apart.

    Scores are means over the seeds of the best setting; `ci_low` and `ci_high` bound the task's own (`score_of`) with
    95% confidence, and are NaN where the setting has one seed. `seeds` counts its measurements, `trials` all trials
    of the study, `infeasible` those that diverged. Where all did, scores are NaN.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import best_table
      >>> study = {"study": "a", "task": "per_cap", "cell": "rnn", "depth": 1, "budget": 300.0, "units": 9, "n_in": 9}
      >>> study |= {"parameters": 280, "n_steps": 5, "hparams": [{}, {}], "seed": [0, 1], "infeasible": False}
      >>> study |= {"maximize": True}
      >>> trials = pd.DataFrame(study | {"objective": [3.0, 3.2], "bits_per_parameter": [3.0, 3.2]})
      >>> round(best_table(trials).loc[0, "bits_per_parameter"].item(), 6)
      3.1
    """
    scores = [name for name in trials.select_dtypes("number") if name not in {*ABOUT_STUDY, *ABOUT_TRIAL}]
    rows = [_row(study, scores) for _, study in trials.groupby("study", sort=False)]
    return pd.DataFrame(rows, columns=None if rows else [*ABOUT_STUDY, *LOSSES, "bits", *set(SCORES.values()), *_FOUND])


def score_values(trials: pd.DataFrame) -> pd.Series:
    """The task's own score of each trial (`score_of`); NaN where it diverged.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import score_values
      >>> score_values(pd.DataFrame({"task": ["rcf"], "squared_error": [0.5], "infeasible": [False]})).tolist()
      [0.5]
    """
    columns = trials["task"].map(score_of)
    values = pd.Series(np.nan, trials.index)
    for column in columns.unique():
        if column in trials:
            values = values.mask(columns == column, trials[column].astype(float))
    return values.mask(trials["infeasible"].astype(bool))


_FOUND = ["ci_low", "ci_high", "seeds", "trials", "infeasible"]


def _key(hparams: Mapping[str, Any]) -> tuple:
    """Equal for equal hyperparameters, whatever their order."""
    return tuple(sorted(hparams.items()))


def _row(study, scores):
    best = best_trials(study)
    values = score_values(best).dropna()
    interval = mean_interval(values) if len(values) else Interval(np.nan, np.nan, np.nan)
    found = [interval.low, interval.high, len(best), len(study), int(study["infeasible"].sum())]
    about = study.iloc[0][ABOUT_STUDY].to_dict()
    return about | best[scores].mean().to_dict() | dict(zip(_FOUND, found, strict=True))

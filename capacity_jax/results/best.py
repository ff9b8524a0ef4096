"""What the studies in a table of trials have found: the trials of each best setting, and one row for each study."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from capacity_jax.results.trials import trials_table
from capacity_jax.stats.intervals import mean_or_nothing
from capacity_jax.studies.best import best_setting
from capacity_jax.studies.record import TRIAL_COLUMNS, Record

ABOUT = ["study", "task", "cell", "depth", "budget", "units", "parameters", "n_in", "n_steps", "score_name"]
COUNTS = ["seeds", "still_learning", "trials", "infeasible"]
LOSSES = ["train_loss", "valid_loss", "eval_loss"]


def best_trials(study: pd.DataFrame) -> pd.DataFrame:
    """The rows of a study's best setting, as `best_setting` chooses them.

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
    rows = study[["hparams", "seed", "infeasible", "objective"]].reset_index(drop=True).itertuples()
    return study.iloc[[row.Index for row in best_setting(rows, maximize=bool(study["maximize"].any()))]]


def measurements(trials: Iterable[Record] | pd.DataFrame) -> pd.DataFrame:
    """The trials of the best setting of every study, one row for each seed, in the order of the studies.

    Args:
      trials: records, or a table of trials.

    Returns:
      Rows of the table of trials; none of a study where every trial diverged.

    Example:
      >>> from capacity_jax.results import measurements
      >>> len(measurements([]))
      0
    """
    table = _table(trials).reset_index(drop=True)
    studies = table.groupby("study", sort=False)
    return table.loc[[row for _, study in studies for row in best_trials(study).index]]


def best_table(trials: Iterable[Record] | pd.DataFrame) -> pd.DataFrame:
    """What every study found: one row each, in the order of their first trials.

    Columns: what tells studies apart (`study`, `task`, `cell`, `depth`, `budget`, `units`, `parameters`, `n_in`,
    `n_steps`), means over the seeds of the best setting of `score` (which `score_name` names), of the losses and of
    all other scores, `ci_low` and `ci_high`, which bound `score` with 95% confidence and are NaN where the setting has
    one seed, `seeds` (its measurements), `still_learning` (those of them that a longer run would likely improve),
    `trials` (all of the study) and `infeasible` (those that diverged). Where all did, scores are NaN.

    Args:
      trials: records, or a table of trials.

    Example:
      >>> from capacity_jax import Bucket, Network, Outcome, Study, mem_thru, rnn
      >>> from capacity_jax.results import best_table
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> study = Study(bucket, space={}, initial_settings=[{}], trials=0, seeds=2, seed=0)
      >>> scores = [{"loss": error, "squared_error": error} for error in (0.25, 0.75)]
      >>> pairs = zip(study.initial_trials(), scores)
      >>> records = [study.record(Outcome(trial, score, 50_000, False, 9.0)) for trial, score in pairs]
      >>> best_table(records)[["units", "score_name", "score", "trials"]].to_dict("records")
      [{'units': 16, 'score_name': 'squared_error', 'score': 0.5, 'trials': 2}]
    """
    table = _table(trials)
    scores = [*LOSSES, *(name for name in table.select_dtypes("number") if name not in TRIAL_COLUMNS)]
    rows = [_row(study, scores) for _, study in table.groupby("study", sort=False)]
    return pd.DataFrame(rows, columns=[*ABOUT, *scores, "score", "ci_low", "ci_high", *COUNTS])


def task_table(trials: Iterable[Record] | pd.DataFrame) -> pd.DataFrame:
    """What `best_table` tells of the studies of one task, as a reader wants it.

    Columns: `cell`, `depth`, `units`, `parameters`, the mean over seeds of each score that the task reports, such as
    `mean_bits`, `ci_low`, `ci_high`, `seeds`, `still_learning`, `trials`, `infeasible`. Where networks alike belong to
    several studies, of other arguments of the task, `study` stands first and tells them apart.

    Args:
      trials: records, or a table of trials.

    Example:
      >>> from capacity_jax.results import task_table
      >>> task_table([]).columns[:4].tolist()
      ['cell', 'depth', 'units', 'parameters']
    """
    table = _table(trials)
    reported = table["reported"].iloc[0] if len(table) else ()
    means = {"eval_loss" if name == "loss" else name: f"mean_{name}" for name in reported}
    network = ["cell", "depth", "units", "parameters"]
    found = best_table(table).rename(columns=means)
    study = ["study"] if found.duplicated(network).any() else []
    return found.reindex(columns=[*study, *network, *means.values(), "ci_low", "ci_high", *COUNTS])


def _table(trials: Iterable[Record] | pd.DataFrame) -> pd.DataFrame:
    return trials if isinstance(trials, pd.DataFrame) else trials_table(trials)


def _row(study: pd.DataFrame, scores: list[str]) -> Mapping[str, Any]:
    best = best_trials(study)
    score = mean_or_nothing(best["score"])
    # By numpy, for which the mean of a missing value is missing.
    means = {name: float(np.mean(best[name].to_numpy(float))) if len(best) else np.nan for name in scores}
    found = {"score": score.value, "ci_low": score.low, "ci_high": score.high}
    counts = len(best), np.sum(best["still_learning"]), len(study), np.sum(study["infeasible"].to_numpy(bool))
    return study.iloc[0][ABOUT].to_dict() | means | found | dict(zip(COUNTS, map(int, counts), strict=True))

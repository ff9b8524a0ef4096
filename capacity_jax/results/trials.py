"""All trials as one table, whoever made them: what figures, claims and reports are drawn from."""

from collections.abc import Iterable
from typing import Any

import optuna
import pandas as pd
from optuna.trial import TrialState

from capacity_jax.studies.ledger import PLAN
from capacity_jax.studies.record import TRIAL_COLUMNS, Record, facts_of, record_of
from capacity_jax.studies.storage import Storage, open_storage


def trials_table(records: Iterable[Record]) -> pd.DataFrame:
    """One row for each record.

    Columns: those of `Record` (`budget` is NaN if the size was given in units), `score` (on the evaluation set; NaN if
    infeasible), `valid_loss`, `eval_loss`, and one for each other score of the evaluation set.

    Example:
      >>> from capacity_jax.results import trials_table
      >>> trials_table([]).columns[:4].tolist()
      ['study', 'task', 'cell', 'depth']
    """
    rows = [row_of(record) for record in records]
    return pd.DataFrame(rows, columns=None if rows else TRIAL_COLUMNS).astype({"budget": float})


def row_of(record: Record) -> dict[str, Any]:
    """A record as a row of `trials_table`."""
    scores = {name: value for name, value in record.scores.items() if name != "loss"}
    return {name: getattr(record, name) for name in TRIAL_COLUMNS} | scores


def read_trials(storage: str | Storage) -> pd.DataFrame:
    """The finished trials of all studies in a storage, also of older versions, by study and number.

    A run may still go on.

    Args:
      storage: an open storage, or the URL of one, such as `sqlite:///runs/quickstart-laptop/studies.db`.

    Returns:
      A table as `trials_table` makes it.

    Raises:
      StorageError: it cannot be opened or read.
      ValueError: a study was written by a newer version of this package.

    Example:
      >>> from capacity_jax.results import read_trials
      >>> from capacity_jax.studies import open_storage
      >>> len(read_trials(open_storage()))
      0
    """
    storage = open_storage(storage) if isinstance(storage, str) else storage
    records = []
    with storage.in_use():
        for study in storage.optuna.get_all_studies():
            if PLAN not in study.user_attrs:
                continue
            maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
            facts = facts_of(study.study_name, study.user_attrs[PLAN], maximize)
            trials = storage.optuna.get_all_trials(study._study_id, deepcopy=False, states=(TrialState.COMPLETE,))
            records += [
                record_of(facts, trial.user_attrs, trial.value, trial.datetime_complete)
                for trial in trials
                if "number" in trial.user_attrs
            ]
    return trials_table(sorted(records, key=lambda record: (record.study, record.number)))

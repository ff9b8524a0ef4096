"""All trials as one table, whoever made them: what figures, claims and reports are drawn from."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import optuna
import pandas as pd
from optuna.trial import TrialState

from capacity_jax.studies.best import keys_of_study
from capacity_jax.studies.ledger import PLAN
from capacity_jax.studies.record import FORMAT, TRIAL_COLUMNS, Record, facts_of, format_of, key_of, record_of
from capacity_jax.studies.rows import rows_of
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


def as_json(value: Any) -> Any:
    """A value of a row as JSON has it: a time as text, what is not a finite number as null, also inside."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, Mapping):
        return {name: as_json(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_records(storage: str | Storage) -> list[Record]:
    """The finished trials of all studies in a storage, also of older versions, by study, number and repeat.

    A run may still go on. Of a study that has grown, only the trials count that it would have had from the start.

    Args:
      storage: an open storage, or the URL of one, such as `sqlite:///runs/quickstart-laptop/studies.db`.

    Raises:
      StorageError: it cannot be opened or read.
      ValueError: a study was written by a newer version of this package.

    Example:
      >>> from capacity_jax import read_records
      >>> from capacity_jax.studies import open_storage
      >>> read_records(open_storage())
      []
    """
    opened = open_storage(storage) if isinstance(storage, str) else storage
    records = opened.ask(lambda: list(_records(opened.optuna)))
    return sorted(records, key=lambda record: (record.study, record.key))


def read_trials(storage: str | Storage) -> pd.DataFrame:
    """The records that `read_records` finds, as a table that `trials_table` makes.

    Raises:
      StorageError: the storage cannot be opened or read.
      ValueError: a study was written by a newer version of this package.

    Example:
      >>> from capacity_jax.results import read_trials
      >>> from capacity_jax.studies import open_storage
      >>> len(read_trials(open_storage()))
      0
    """
    return trials_table(read_records(storage))


def _records(storage):
    for study in storage.get_all_studies():
        if PLAN not in study.user_attrs:
            continue
        maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
        facts = facts_of(study.study_name, study.user_attrs[PLAN], maximize)
        found = {
            key_of(row.attributes): record_of(facts, row.attributes, row.value, row.finished)
            for row in rows_of(storage, study._study_id).read()
            if row.state == TrialState.COMPLETE
        }
        yield from _counted(study.user_attrs[PLAN], found, maximize)


def _counted(plan, records, maximize):
    if format_of(plan) < FORMAT:
        return records.values()
    try:
        sizes = len(plan["initial_settings"]), plan["trials"], plan["seeds"]
        return [records[key] for key in keys_of_study(records, *sizes, maximize=maximize)]
    except KeyError:
        # The study still runs.
        return records.values()

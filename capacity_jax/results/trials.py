"""All trials as one table, whoever made them: what figures, claims and reports are drawn from."""

import json
from collections.abc import Iterable
from pathlib import Path

import optuna
import pandas as pd
from optuna.trial import TrialState

from capacity_jax.studies.ledger import PLAN
from capacity_jax.studies.record import TRIAL_COLUMNS, Record, facts_of, record_of
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
    rows = [
        {name: getattr(record, name) for name in TRIAL_COLUMNS}
        | {name: value for name, value in record.scores.items() if name != "loss"}
        for record in records
    ]
    return pd.DataFrame(rows, columns=None if rows else TRIAL_COLUMNS).astype({"budget": float})


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
    opened = open_storage(storage) if isinstance(storage, str) else storage
    records = opened.ask(lambda: list(_records(opened.optuna)))
    return trials_table(sorted(records, key=lambda record: (record.study, record.number)))


def write_trials(path: Path, trials: pd.DataFrame) -> None:
    """Writes a table of trials as one line of JSON per trial; what is not a finite number is null.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax.results import trials_table, write_trials
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     write_trials(Path(directory, "trials.jsonl"), trials_table([]))
    """
    rows = trials.astype(object).where(trials.notna(), None).to_dict("records")
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


def _records(storage):
    for study in storage.get_all_studies():
        if PLAN not in study.user_attrs:
            continue
        maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
        facts = facts_of(study.study_name, study.user_attrs[PLAN], maximize)
        for row in rows_of(storage, study._study_id).read():
            if row.state == TrialState.COMPLETE:
                yield record_of(facts, row.attributes, row.value, row.finished)

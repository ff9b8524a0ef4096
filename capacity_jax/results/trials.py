"""Every trial of a storage as one table, whoever made it: what figures, claims and reports are drawn from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.results.best import LOSSES, TRIAL_COLUMNS
from capacity_jax.studies.ledger import PLAN
from capacity_jax.studies.storage import Storage, open_storage

# What a study knows of all its trials.
OF_STUDY = ("task", "cell", "depth", "budget", "units", "parameters", "n_in", "n_steps", "batch_size", "sampler")
# What a trial knows of itself.
OF_TRIAL = ("number", "role", "seed", "hparams", *LOSSES, "steps", "infeasible", "seconds", "versions")


def read_trials(storage: str | Storage) -> pd.DataFrame:
    """The finished trials of all studies in a storage, one row each, by study and number; a run may still go on.

    Columns: `study` (its name), `task`, `cell`, `depth`, `budget` (asked number of parameters, NaN if the size was
    given in units), `units`, `parameters`, `n_in`, `n_steps` (unrolled steps), `batch_size`, `sampler`, `number` (in
    the study, from 0), `role` (start, search or repeat), `seed`, `hparams` (dict), `train_loss`, `valid_loss`,
    `eval_loss`, `steps` (training steps made), `infeasible`, `seconds`, `objective` (told to the sampler; NaN if
    infeasible), `maximize` (whether larger is better), `finished` (time), `versions` (dict: what it was made with), and
    one for each score of the evaluation set.

    Args:
      storage: an open storage, or the URL of one, such as `sqlite:///runs/quickstart-laptop/studies.db`.

    Raises:
      StorageError: it cannot be opened or read.

    Example:
      >>> from capacity_jax import open_storage, read_trials
      >>> len(read_trials(open_storage()))
      0
    """
    storage = open_storage(storage) if isinstance(storage, str) else storage
    rows = []
    with storage.in_use():
        for study in storage.optuna.get_all_studies():
            if PLAN not in study.user_attrs:
                continue
            of_study = {"study": study.study_name} | {name: study.user_attrs[PLAN][name] for name in OF_STUDY}
            maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
            trials = storage.optuna.get_all_trials(study._study_id, deepcopy=False, states=(TrialState.COMPLETE,))
            of_ours = [trial for trial in trials if "number" in trial.user_attrs]
            rows += [of_study | {"maximize": maximize} | _row(trial) for trial in of_ours]
    table = pd.DataFrame(rows, columns=None if rows else TRIAL_COLUMNS)
    return table.astype({"budget": float}).sort_values(["study", "number"], kind="stable", ignore_index=True)


def write_records(path: Path, trials: pd.DataFrame) -> None:
    """Writes a table of `read_trials` as one line of JSON per trial; what is not a number is null.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax import open_storage, read_trials, write_records
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     write_records(Path(directory, "trials.jsonl"), read_trials(open_storage()))
    """
    rows = trials.astype(object).where(trials.notna(), None).to_dict("records")
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))


def _row(trial: FrozenTrial) -> dict[str, Any]:
    found = trial.user_attrs
    losses = {name: np.nan if found[name] is None else found[name] for name in LOSSES}
    scores = {name: np.nan if value is None else value for name, value in found["scores"].items() if name != "loss"}
    return {
        **{name: found[name] for name in OF_TRIAL},
        **losses,
        **scores,
        "objective": np.nan if found["infeasible"] else trial.value,
        "finished": trial.datetime_complete,
    }

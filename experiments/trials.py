"""The trials of a work directory."""

from pathlib import Path

import pandas as pd

from capacity_jax.results.trials import read_trials
from experiments.workdir import WorkdirError

STORAGE_FILE = "studies.db"


def open_trials(workdir: str | Path) -> pd.DataFrame:
    """The table of trials of a work directory, as far as its studies have come.

    Raises:
      WorkdirError: it holds no studies, or they cannot be read.
    """
    storage = Path(workdir) / STORAGE_FILE
    if not storage.is_file():
        raise WorkdirError(f"workdir is {workdir}, which holds no {STORAGE_FILE}; experiments.run writes it")
    try:
        return read_trials(f"sqlite:///{storage}")
    except Exception as error:
        # Whatever a broken database makes Optuna and SQLAlchemy raise.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WorkdirError(f"workdir is {workdir}, whose {STORAGE_FILE} cannot be read: {reason}") from error

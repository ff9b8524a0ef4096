"""Tables of trials as Parquet, which pandas, Polars, DuckDB, R and Spark read."""

import json
from pathlib import Path

import pandas as pd

from capacity_jax.results.trials import as_json


def write_parquet(path: Path, trials: pd.DataFrame) -> None:
    """Writes a table of trials as Parquet.

    Each hyperparameter is a column of its own, `hparams.lr_init`, and so is each entry of `versions`; it is missing in
    the rows of trials that have none. A column that holds numbers and words becomes one of words. Learning curves and
    arguments of tasks are texts of JSON.

    Args:
      path: the file.
      trials: as `read_trials` gives it.

    Raises:
      ValueError: pyarrow is not installed.
      OSError: the file cannot be written.

    Example:
      >>> import tempfile
      >>> import pandas as pd

    from capacity_jax.results.trials import as_json
      >>> from capacity_jax.results import trials_table
      >>> from capacity_jax.results.parquet import write_parquet
      >>> with tempfile.NamedTemporaryFile() as file:
      ...     write_parquet(file.name, trials_table([]))
      ...     "hparams" in pd.read_parquet(file.name)
      False
    """
    flat = trials.drop(columns=["hparams", "versions"])
    for name in ("curve", "task_args"):
        flat[name] = [json.dumps(as_json(value)) for value in flat[name]]
    for name in ("hparams", "versions"):
        columns = pd.DataFrame(list(trials[name]), index=trials.index).add_prefix(f"{name}.")
        mixed = [one for one in columns if pd.api.types.infer_dtype(columns[one]).startswith("mixed")]
        flat = flat.join(columns.astype(dict.fromkeys(mixed, str)))
    try:
        flat.to_parquet(path, engine="pyarrow", index=False)
    except ImportError:
        raise ValueError("pyarrow is missing, which writes Parquet; pip install 'capacity_jax[parquet]'") from None

"""Tables of trials as Parquet, which pandas, Polars, DuckDB, R and Spark read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from capacity_jax.results.trials import as_json

# Columns of dicts: a column for each of their entries, or a text of JSON.
SPREAD, AS_TEXT = ("hparams", "versions"), ("curve", "task_args")


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
      >>> from capacity_jax.results import trials_table
      >>> from capacity_jax.results.parquet import write_parquet
      >>> with tempfile.NamedTemporaryFile() as file:
      ...     write_parquet(file.name, trials_table([]))
      ...     "hparams" in pd.read_parquet(file.name)
      False
    """
    flat = trials.drop(columns=list(SPREAD))
    for name in AS_TEXT:
        flat[name] = [json.dumps(as_json(value)) for value in flat[name]]
    for name in SPREAD:
        columns = pd.DataFrame(list(trials[name]), index=trials.index).add_prefix(f"{name}.")
        mixed = [one for one in columns if pd.api.types.infer_dtype(columns[one]).startswith("mixed")]
        flat = flat.join(columns.astype(dict.fromkeys(mixed, str)))
    try:
        flat.to_parquet(path, engine="pyarrow", index=False)
    except ImportError:
        raise ValueError("pyarrow is missing, which writes Parquet; pip install 'capacity_jax[parquet]'") from None


def read_parquet(path: Path) -> pd.DataFrame:
    """The table of trials that `write_parquet` has written; whole numbers of hyperparameters may come back as floats.

    Raises:
      ValueError: pyarrow is not installed, or the file holds no trials.
      OSError: the file cannot be read.
    """
    try:
        flat = pd.read_parquet(path, engine="pyarrow")
    except ImportError:
        raise ValueError("pyarrow is missing, which reads Parquet; pip install 'capacity_jax[parquet]'") from None
    try:
        for name in AS_TEXT:
            flat[name] = [json.loads(text) for text in flat[name]]
        for name in SPREAD:
            prefix = f"{name}."
            columns = {one: one.removeprefix(prefix) for one in flat if one.startswith(prefix)}
            rows = flat.filter(items=list(columns)).set_axis([*columns.values()], axis=1).to_dict("records")
            flat = flat.drop(columns=list(columns)).assign(**{name: [_present(row) for row in rows]})
    except KeyError as error:
        raise ValueError(f"{path} holds no trials: column {error.args[0]} is missing") from error
    return flat


def _present(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not pd.isna(value)}

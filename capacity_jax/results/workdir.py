"""What a work directory holds, read while a run goes on or where nothing can be written."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pandas as pd

from capacity_jax.results.parquet import read_parquet
from capacity_jax.results.trials import read_trials
from capacity_jax.studies.storage import SQLITE, Storage, StorageError, masked, open_storage

CONFIG_FILE, STORAGE_FILE, METRICS_FILE = "config.json", "studies.db", "metrics.jsonl"
# Where the storage is, if neither an argument nor a file tells; it keeps a password out of the list of processes.
STORAGE_VARIABLE = "CAPACITY_JAX_STORAGE"
# A copy during which the file changed is made again so often.
COPIES = 20

Found = TypeVar("Found")


class WorkdirError(ValueError):
    """The work directory cannot be used for this run, or holds nothing that can be read."""


def read_config(directory: Path) -> dict[str, Any]:
    """The configuration that a work directory holds; empty where there is none.

    Raises:
      WorkdirError: it cannot be read.
    """
    file = directory / CONFIG_FILE
    try:
        config = json.loads(file.read_text()) if file.exists() else {}
    except (OSError, ValueError) as error:
        raise WorkdirError(f"workdir is {directory}, whose {CONFIG_FILE} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise WorkdirError(f"workdir is {directory}, whose {CONFIG_FILE} holds no configuration")
    return config


def open_trials(workdir: Path | None, storage: str = "") -> pd.DataFrame:
    """The table of trials of a work directory or of a storage, as far as its studies have come.

    A directory without a storage may hold Parquet files that `write_parquet` has written, which are read together;
    where there are several, the names of studies begin with that of their file.

    Args:
      workdir: as `read_storage` takes it.
      storage: as `read_storage` takes it.

    Raises:
      WorkdirError: there are no studies, or they cannot be read.
    """
    exported = sorted(workdir.glob("*.parquet")) if workdir and not storage else []
    if workdir and exported and not (workdir / STORAGE_FILE).exists():
        try:
            tables = {file.stem: read_parquet(file) for file in exported}
            if len(tables) == 1:
                return tables[exported[0].stem]
            named = [table.assign(study=f"{name}/" + table["study"]) for name, table in tables.items()]
            return pd.concat(named, ignore_index=True)
        except (ValueError, OSError) as error:
            raise WorkdirError(f"workdir is {workdir}, whose trials cannot be read: {error}") from error
    return read_storage(read_trials, workdir, storage)


def read_storage(read: Callable[[Storage], Found], workdir: Path | None, storage: str = "") -> Found:
    """What a function reads from the storage of a run.

    A SQLite file that cannot be opened where it is, as in a directory that cannot be written, is read from a copy.

    Args:
      read: the function.
      workdir: work directory of the run; may be None where storage is given.
      storage: URL of the storage; by default the work directory's `studies.db` or, where it has none, the URL in the
        environment variable `CAPACITY_JAX_STORAGE`.

    Raises:
      WorkdirError: there is no such storage, or it cannot be read.
    """
    url, where = _url_and_where(workdir, storage)
    try:
        if not url.startswith(SQLITE):
            return read(open_storage(url))
        file = Path(url.removeprefix(SQLITE))
        if not file.is_file():
            raise FileNotFoundError(f"{file} does not exist")
        try:
            return read(open_storage(url))
        except StorageError:
            with TemporaryDirectory() as directory:
                return read(open_storage(f"{SQLITE}{_copy(file, Path(directory))}"))
    except Exception as error:
        # Whatever a broken database makes Optuna and SQLAlchemy raise.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WorkdirError(f"{where} cannot be read: {masked(reason, url)}") from error


def _url_and_where(workdir, storage):
    if storage:
        return storage, f"storage is {masked(storage)}, which"
    if workdir is None:
        raise WorkdirError("neither a work directory nor --storage is given; allowed: one of them, or both")
    file, elsewhere = workdir / STORAGE_FILE, os.environ.get(STORAGE_VARIABLE, "")
    if elsewhere and not file.is_file():
        return elsewhere, f"{STORAGE_VARIABLE} is {masked(elsewhere)}, which"
    if not file.is_file():
        raise WorkdirError(f"workdir is {workdir}, which holds no {STORAGE_FILE}; a run writes it")
    return f"{SQLITE}{file}", f"workdir is {workdir}, whose {STORAGE_FILE}"


def _copy(file: Path, directory: Path) -> Path:
    """A copy of a SQLite file with what its log adds, of one moment: nothing was written meanwhile."""
    parts = [file, file.with_name(f"{file.name}-wal")]
    for _ in range(COPIES):
        before = [_stamp(part) for part in parts]
        for part in parts:
            if part.exists():
                shutil.copyfile(part, directory / part.name)
        if before == [_stamp(part) for part in parts]:
            return directory / file.name
    raise OSError(f"{file} is written to all the time")


def _stamp(file):
    return (file.stat().st_mtime_ns, file.stat().st_size) if file.exists() else None

"""The work directory of a run: made, checked, guarded against another configuration's results, and read."""

import json
import os
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import jax
import pandas as pd
from absl import logging
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from capacity_jax.results.trials import read_trials
from capacity_jax.studies.versions import versions

CONFIG_FILE, STORAGE_FILE = "config.json", "studies.db"


class WorkdirError(ValueError):
    """The work directory cannot be used for this run."""


def open_workdir(path: str, config: ConfigDict, task_name: str) -> Path:
    """Makes the directory and writes the configuration into it, with the task's name: a stand-in is not its text.

    The file is written once, as a whole or not at all. One that is damaged is set aside and written anew: the studies
    in the storage hold what they follow from and refuse others.

    Raises:
      WorkdirError: it cannot be made or written, or it holds results of another configuration.
    """
    directory = Path(path).expanduser()
    wanted = json.loads(config.to_json()) | {"task_name": task_name}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_once(directory / CONFIG_FILE, json.dumps(wanted, indent=2, sort_keys=True) + "\n")
        _check_same(directory, read_config(directory), wanted)
    except OSError as error:
        raise WorkdirError(f"workdir is {directory}, which cannot be used: {error}") from error
    return directory


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


def share_programs(directory: Path) -> None:
    """Keeps what JAX compiles in the work directory, for all workers on such processors and for every restart.

    Where `JAX_COMPILATION_CACHE_DIR` is set, it says where instead.
    """
    if not jax.config.values["jax_compilation_cache_dir"]:
        # Made for one kind of processor, a program may not run on another.
        kind = zlib.crc32(json.dumps(versions(), sort_keys=True).encode())
        programs = str(directory.resolve() / "programs" / f"{kind:08x}")
        jax.config.update("jax_compilation_cache_dir", programs)
        # For the process that proposes.
        os.environ["JAX_COMPILATION_CACHE_DIR"] = programs


def stop(message: object) -> NoReturn:
    """Ends a command with one line that says what is wrong."""
    print(f"capacity_jax: {message}", file=sys.stderr)
    sys.exit(2)


def _write_once(file, text):
    damaged = _damaged(file)
    if damaged is None and file.exists():
        return
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as directory:
        written = Path(directory, file.name)
        with written.open("w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if damaged is None:
            try:
                # A link, unlike a replacement, leaves the file of a worker that was faster.
                os.link(written, file)
            except FileExistsError:
                pass
            except OSError:
                # Mounted drives, such as a notebook's, may have no links.
                written.replace(file)
            return
        aside = file.with_name(f"{file.name}.damaged")
        aside.write_bytes(damaged)
        logging.warning("%s is damaged; it is set aside as %s and written anew", file, aside)
        # At no time is there none: of several workers that start at once, each finds a whole one.
        written.replace(file)


def _damaged(file):
    """What the file holds, if that is no JSON; else None."""
    try:
        held = file.read_bytes()
        json.loads(held)
    except FileNotFoundError:
        return None
    except ValueError:
        return held
    return None


def _check_same(directory, recorded, wanted):
    # How often a run saves itself changes nothing of what it finds.
    wanted = {**wanted, "checkpoint_interval": recorded.get("checkpoint_interval")}
    recorded, wanted = flatten_dict(recorded, sep="."), flatten_dict(wanted, sep=".")
    missing = object()
    differing = sorted(name for name in recorded | wanted if recorded.get(name, missing) != wanted.get(name, missing))
    if differing:
        raise WorkdirError(
            f"workdir is {directory}, which holds results of another configuration (differing: "
            f"{', '.join(differing)}); name another with --workdir"
        )

"""The trained parameters of a study's best settings, kept by Orbax with the records of their trials.

While a study runs each trial leaves its parameters in a small file, for nobody knows yet which setting will be the
best. When it is complete those of the best settings are put together in a checkpoint, and the files go. Of processes
that JAX has joined the first does this: no other may write NumPy's arrays with Orbax.
"""

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import quote

import jax
import numpy as np
import orbax.checkpoint as ocp

from capacity_jax.cells.base import Params
from capacity_jax.studies.best import ranked_settings
from capacity_jax.studies.record import Record, from_json, to_json
from capacity_jax.studies.study import Study
from capacity_jax.training.population import train_population
from capacity_jax.training.trial import Outcome, Trial, TrialKey

RECORDS_FILE, PARAMS_DIRECTORY = "trials.json", "params"


class WeightsError(OSError):
    """Weights cannot be written or read."""


def keep(weights: Path, study: str, outcome: Outcome) -> None:
    """Writes the parameters of a trial that has ended; a diverged one has none.

    Raises:
      WeightsError: they cannot be written.
    """
    if outcome.params is None:
        return
    file = _file(weights, study, outcome.trial.key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".partial")
        with unfinished.open("wb") as opened:
            np.savez(opened, **_named(outcome.params))
        unfinished.rename(file)
    except OSError as error:
        raise WeightsError(f"weights cannot be written to {file}: {error}") from error


def settle(weights: Path, study: Study, records: Sequence[Record], n_settings: int) -> None:
    """Keeps the parameters of a complete study's best settings, of every seed, and no others.

    What a lost file held is trained again. Of processes that JAX has joined all but the first leave it to that one.

    Args:
      weights: where those of all studies are.
      study: the study.
      records: of all its trials.
      n_settings: of how many settings, the best ones.

    Raises:
      WeightsError: they cannot be written.
    """
    if jax.process_index() > 0:
        return
    home = _home(weights, study.name)
    ranked = ranked_settings(records, study.bucket.task.maximize)[:n_settings]
    wanted = {record.key: record for setting in ranked for record in setting}
    try:
        with _locked(home):
            if wanted and wanted.keys() != {record.key for record in _records(home / "best")}:
                _write(home, wanted.values(), _gathered(weights, study, wanted))
            shutil.rmtree(home / "trials", ignore_errors=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise WeightsError(f"weights cannot be written to {home}: {reason}") from error


def load(weights: Path, study: str) -> list[tuple[Record, Mapping[str, np.ndarray]]]:
    """The kept trials of a study: the best setting first, and of each setting the best seed.

    Returns:
      Records, each with the parameters by their places in the tree, such as `layers/0/W_h`.

    Raises:
      WeightsError: there are none, or they cannot be read.
    """
    best = _home(weights, study) / "best"
    records = _records(best)
    if not records:
        kept = sorted(json.loads(file.read_text())[0]["study"] for file in weights.glob(f"*/best/{RECORDS_FILE}"))
        raise WeightsError(f"{weights} holds no weights of study {study!r}; allowed: {', '.join(kept) or 'none'}")
    this, alone = jax.process_index(), ocp.v1.Context()
    alone.multiprocessing.primary_host, alone.multiprocessing.active_processes = this, {this}
    try:
        with alone:
            params = ocp.v1.load(str(best.absolute() / PARAMS_DIRECTORY))
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"weights in {best} cannot be read: {str(error).strip().splitlines()[0]}") from error
    ranked = ranked_settings(records, records[0].maximize)
    sign = -1 if records[0].maximize else 1
    ordered = [record for setting in ranked for record in sorted(setting, key=lambda one: sign * one.objective)]
    return [(record, params[_name(record.key)]) for record in ordered]


def unflatten(like: Params, named: Mapping[str, np.ndarray]) -> Params:
    """A tree of parameters from its leaves by place."""
    return jax.tree.unflatten(jax.tree.structure(like), [named[name] for name in _named(like)])


def _named(params):
    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }


def _gathered(weights, study, wanted) -> dict[str, Mapping[str, np.ndarray]]:
    """The parameters of the wanted trials: from the checkpoint, from their files, or trained again."""
    found = {}
    if _records(_home(weights, study.name) / "best"):
        found = {record.key: named for record, named in load(weights, study.name)}
    for key in wanted.keys() - found.keys():
        file = _file(weights, study.name, key)
        if file.exists():
            with np.load(file) as opened:
                found[key] = dict(opened)
    missing = [wanted[key] for key in wanted.keys() - found.keys()]
    trials = [Trial(record.hparams, record.seed, *record.key, rungs=record.rungs) for record in missing]
    for outcome in train_population(study.bucket, trials):
        found[outcome.trial.key] = _named(outcome.params)
    return {_name(key): found[key] for key in wanted}


def _write(home: Path, records: Iterable[Record], params: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    fresh = Path(mkdtemp(dir=home))
    # By default Orbax waits for all processes that JAX has joined.
    alone = ocp.options.MultiprocessingOptions(active_processes={0})
    handler = ocp.PyTreeCheckpointHandler(multiprocessing_options=alone)
    with ocp.Checkpointer(handler, multiprocessing_options=alone) as checkpointer:
        # Orbax takes absolute paths alone.
        checkpointer.save(fresh.absolute() / PARAMS_DIRECTORY, ocp.args.PyTreeSave(params))
    (fresh / RECORDS_FILE).write_text(json.dumps([to_json(record) for record in records], allow_nan=False))
    shutil.rmtree(home / "best", ignore_errors=True)
    fresh.rename(home / "best")


def _records(best: Path) -> list[Record]:
    file = best / RECORDS_FILE
    return [from_json(row) for row in json.loads(file.read_text())] if file.exists() else []


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Of several workers that complete a study at once, one at a time."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _home(weights: Path, study: str) -> Path:
    return weights / quote(study, safe="")


def _file(weights: Path, study: str, key: TrialKey) -> Path:
    return _home(weights, study) / "trials" / f"{_name(key)}.npz"


def _name(key: TrialKey) -> str:
    return f"{key.number}-{key.repeat}"

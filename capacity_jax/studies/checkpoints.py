"""Snapshots of running trials on disk.

They are NumPy's files: Orbax asks all processes that JAX has joined to write one checkpoint together, and workers train
each for itself.

Each worker writes into a directory of its own, `<n>` for the n-th time, and keeps the last two. A checkpoint counts
once the digest of its files stands beside it; one that differs from its digest is set aside.
"""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from capacity_jax.training.trial import Snapshot, TrialKey

KEPT = 2
FILE = "snapshots.npz"


class CheckpointError(OSError):
    """A checkpoint cannot be written."""


def save(directory: Path, snapshots: Mapping[TrialKey, Snapshot]) -> None:
    """Writes the snapshots of a worker's trials, by key, and drops all but the last two of its checkpoints.

    Raises:
      CheckpointError: they cannot be written; those before stay.
    """
    earlier = _complete(directory)
    target = directory / str(int(earlier[0].name) + 1 if earlier else 0)
    try:
        # What a kill has left half done.
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        np.savez(target / FILE, **_arrays(snapshots))  # pyright: ignore[reportArgumentType]
        # Renamed into place, so that it is there as a whole or not at all.
        unfinished = directory / f"{target.name}.partial"
        unfinished.write_text(_digest(target))
        unfinished.rename(_digest_file(target))
        for old in earlier[KEPT - 1 :]:
            _digest_file(old).unlink()
            shutil.rmtree(old)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"a checkpoint cannot be written to {target}: {reason}") from error


def newest(directories: Iterable[Path]) -> dict[TrialKey, Snapshot]:
    """The snapshots of all trials that some worker has saved, each as far as it got."""
    found: dict[TrialKey, Snapshot] = {}
    for directory in directories:
        for key, snapshot in _load(directory).items():
            if key not in found or snapshot.step > found[key].step:
                found[key] = snapshot
    return found


def _load(directory: Path) -> dict[TrialKey, Snapshot]:
    for checkpoint in _complete(directory):
        try:
            if _digest(checkpoint) == _digest_file(checkpoint).read_text():
                # Of an older format, which had none, trials begin anew and end the same.
                return _snapshots(checkpoint / FILE) if (checkpoint / FILE).exists() else {}
        except Exception:
            # Its worker lives, and has meanwhile removed it for a later one.
            if _digest_file(checkpoint).exists():
                raise
            continue
        aside = checkpoint.with_name(f"{checkpoint.name}.corrupt")
        logging.warning("checkpoint %s is corrupt; it is set aside as %s, and the one before used", checkpoint, aside)
        shutil.rmtree(aside, ignore_errors=True)
        checkpoint.rename(aside)
        _digest_file(checkpoint).unlink()
    return {}


def _arrays(snapshots):
    """By `<number>-<repeat>/<place>`: step and seconds, then the leaves."""
    return {
        f"{key.number}-{key.repeat}/{place}": value
        for key, one in snapshots.items()
        for place, value in enumerate([one.step, one.seconds, *one.leaves])
    }


def _snapshots(file: Path) -> dict[TrialKey, Snapshot]:
    values: dict[TrialKey, list[np.ndarray]] = {}
    with np.load(file) as arrays:
        # In the order in which they were written.
        for name in arrays.files:
            key = TrialKey(*map(int, name.partition("/")[0].split("-")))
            values.setdefault(key, []).append(arrays[name])
    return {key: Snapshot(int(step), float(since), leaves) for key, (step, since, *leaves) in values.items()}


def _complete(directory: Path) -> list[Path]:
    """Finished checkpoints, the latest first."""
    checkpoints = [file.with_suffix("") for file in directory.glob("*.sha256")]
    return sorted((one for one in checkpoints if one.is_dir()), key=lambda one: int(one.name), reverse=True)


def _digest_file(checkpoint: Path) -> Path:
    return checkpoint.with_suffix(".sha256")


def _digest(checkpoint: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(checkpoint.rglob("*")):
        digest.update(file.relative_to(checkpoint).as_posix().encode())
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()

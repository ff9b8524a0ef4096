"""The work directory of a run: made, checked, and guarded against another configuration's results."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from absl import logging
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from capacity_jax.results.workdir import CONFIG_FILE, WorkdirError, read_config


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

"""The work directory of a run: made, checked, and guarded against another configuration's results."""

import json
import os
import zlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
from absl import logging
from flax.traverse_util import flatten_dict
from ml_collections import ConfigDict

from capacity_jax.results.workdir import CONFIG_FILE, WorkdirError, read_config
from capacity_jax.studies.versions import versions

# What changes nothing of what a run finds.
FREE = ("checkpoint_interval", "kept_settings")


def open_workdir(path: str, config: ConfigDict, task_name: str) -> Path:
    """Makes the directory and writes the configuration into it, with the task's name: a stand-in is not its text.

    The file is written once, as a whole or not at all. One that is damaged is set aside and written anew: the studies
    in the storage hold what they follow from and refuse others. A configuration that asks for more of the same
    (trials, seeds, sizes or cells) takes the place of the one before, which stays beside it as `config-before-1.json`.

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


def _write_once(file, text):
    damaged = _damaged(file)
    if damaged is not None:
        aside = file.with_name(f"{file.name}.damaged")
        aside.write_bytes(damaged)
        logging.warning("%s is damaged; it is set aside as %s and written anew", file, aside)
        # At no time is there none: of several workers that start at once, each finds a whole one.
        _replace(file, text)
    elif not file.exists():
        with _whole(file, text) as written:
            try:
                # A link, unlike a replacement, leaves the file of a worker that was faster.
                os.link(written, file)
            except FileExistsError:
                pass
            except OSError:
                # Mounted drives, such as a notebook's, may have no links.
                written.replace(file)


def _replace(file, text):
    with _whole(file, text) as written:
        written.replace(file)


@contextmanager
def _whole(file, text):
    """The text in a file beside the one it is for, as a whole on the disk."""
    with TemporaryDirectory(dir=file.parent, prefix=f".{file.name}-") as directory:
        written = Path(directory, file.name)
        with written.open("w") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        yield written


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
    """Refuses another configuration; one that asks for more is recorded."""
    free = {name: recorded.get(name) for name in FREE}
    # Runs from before there were rungs have none; what another version knows asks for nothing where it is None.
    before, after = (flatten_dict({"rungs": [], **one, **free}, sep=".") for one in (recorded, wanted))
    differing = {name for name in before | after if before.get(name) != after.get(name)}
    others = sorted(name for name in differing if not _is_more(name, before.get(name), after.get(name)))
    if others:
        raise WorkdirError(
            f"workdir is {directory}, which holds results of another configuration (differing: "
            f"{', '.join(others)}); name another with --workdir"
        )
    if differing:
        file = directory / CONFIG_FILE
        earlier = directory / f"config-before-{len(list(directory.glob('config-before-*.json'))) + 1}.json"
        earlier.write_bytes(file.read_bytes())
        _replace(file, json.dumps(wanted, indent=2, sort_keys=True) + "\n")


def _is_more(name, before, after):
    """Whether a field asks for what it asked for before, and more."""
    if name in ("trials", "seeds"):
        return before < after
    if name in ("budgets", "units"):
        return set(before or ()) < set(after or ())
    return name == "cells" and set(before.split(",")) < set(after.split(","))

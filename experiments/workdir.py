"""The work directory of a run: made, checked, and guarded against another configuration's results."""

import json
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

CONFIG_FILE = "config.json"


class WorkdirError(ValueError):
    """The work directory cannot be used for this run."""


def open_workdir(path: str, config: ConfigDict, task_name: str) -> Path:
    """Makes the directory and writes the configuration into it, with the task's name: a stand-in is not its text.

    Raises:
      WorkdirError: it cannot be made or written, or it holds results of another configuration.
    """
    directory = Path(path).expanduser()
    asked = json.loads(config.to_json()) | {"task_name": task_name}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        recorded = directory / CONFIG_FILE
        if recorded.exists():
            _check_same(directory, json.loads(recorded.read_text()), asked)
        recorded.write_text(json.dumps(asked, indent=2, sort_keys=True) + "\n")
    except WorkdirError:
        raise
    except (OSError, ValueError) as error:
        raise WorkdirError(f"workdir is {directory}, which cannot be used: {error}") from error
    return directory


def _check_same(directory, recorded, asked):
    if not isinstance(recorded, dict):
        raise ValueError(f"its {CONFIG_FILE} holds no configuration")
    recorded, asked = _flat(recorded), _flat(asked)
    missing = object()
    differing = sorted(name for name in recorded | asked if recorded.get(name, missing) != asked.get(name, missing))
    if differing:
        raise WorkdirError(
            f"workdir is {directory}, which holds results of another configuration (differing: "
            f"{', '.join(differing)}); name another with --workdir"
        )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    flat = {}
    for name, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{name}" if prefix else name)
    return flat

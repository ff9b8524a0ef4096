"""The fields of a configuration, each checked before anything is made of them."""

import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from capacity_jax.checks import check_size
from capacity_jax.import_path import is_import_path
from experiments.configs.common import base_config

TEXTS = ("name", "task", "cells", "sampler", "warm_start", "figure")
MAPPINGS = ("task_args", "initial_settings", "space")


def check_fields(config: Any) -> None:
    """Checks what does not depend on cell, task or size.

    Raises:
      ValueError: a field is missing or holds what it may not; the message names the field.
    """
    complete: Any = base_config("", "", "smoke")
    missing = sorted(set(complete.keys()) - set(config.keys()))
    if missing:
        raise ValueError(f"config has no {', '.join(missing)}; base_config of experiments/configs/common.py gives all")
    for name in TEXTS:
        if not isinstance(config[name], str):
            raise ValueError(f"{name} is {config[name]!r}; it must be text")
    if config.transformation is not None and not is_import_path(config.transformation):
        raise ValueError(f"transformation is {config.transformation!r}; it must be an import path, module:name")
    for name in MAPPINGS:
        value = config[name].to_dict() if hasattr(config[name], "to_dict") else config[name]
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ValueError(f"{name} is {value!r}; allowed: names with values")
    if config.name in ("", "..") or PurePath(config.name).name != config.name or not config.name.strip():
        raise ValueError(f"name is {config.name!r}; it must be the name of a directory")
    check_size("kept_settings", config.kept_settings)
    check_size("trials", config.trials, at_least=0)
    check_size("seed", config.seed, at_least=0, at_most=None)
    interval = config.checkpoint_interval
    if not isinstance(interval, int | float) or not 0 < interval < math.inf:
        raise ValueError(f"checkpoint_interval is {interval!r}; it must be a positive number of seconds")
    for name in ("budgets", "units"):
        if not isinstance(config[name], tuple | list):
            raise ValueError(f"{name} is {config[name]!r}; allowed: a tuple of sizes")
        for size in config[name]:
            check_size(name, size)
    if bool(config.budgets) == bool(config.units):
        raise ValueError(
            f"budgets is {config.budgets} and units {config.units}; exactly one must hold sizes, and the other be ()"
        )

"""Hyperparameters of a trial: completed with defaults, checked, and encoded as arrays of fixed types."""

from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np

from capacity_jax.cells.base import HParams
from capacity_jax.cells.weights import CHOICES as CELL_CHOICES
from capacity_jax.training.member import Bucket
from capacity_jax.training.optimizer import CHOICES as OPTIMIZER_CHOICES
from capacity_jax.training.optimizer import HYPERPARAMETERS

CHOICES = CELL_CHOICES | OPTIMIZER_CHOICES


def defaults(bucket: Bucket) -> dict[str, Any]:
    """All hyperparameters that a member of the bucket has: those of its cell, its task and its training."""
    return {**bucket.network.cell.hyperparameters, **bucket.task.hyperparameters, **HYPERPARAMETERS}


def complete(bucket: Bucket, hparams: HParams) -> dict[str, Any]:
    """The trial's hyperparameters over the defaults.

    Raises:
      ValueError: a name is unknown to cell, task and training, or a value is of the wrong kind, not finite, or out of
        its range.

    Example:
      >>> from capacity_jax import Bucket, Network, complete, mem_thru, rnn
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> complete(bucket, {"lr_init": 0.01})["optimizer"]
      'adam'
    """
    known = defaults(bucket)
    for name in hparams.keys() - known.keys():
        close = get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(sorted(known))}"
        raise ValueError(f"hyperparameter {name!r} is unknown here; {hint}")
    completed = known | dict(hparams)
    for name, value in completed.items():
        _check(name, value, known[name])
    bucket.task.check(completed)
    return completed


def encode(hparams: HParams, known: HParams) -> dict[str, np.ndarray]:
    """Completed hyperparameters as 32-bit scalars, whose type is that of the default: no value can recompile."""
    return {name: np.asarray(_index(name, value), _dtype(known[name])) for name, value in hparams.items()}


def _index(name, value):
    return CHOICES[name].index(value) if isinstance(value, str) else value


def _dtype(default):
    return np.float32 if isinstance(default, float) else np.int32


POSITIVE = {"lr_init", "lr_decay_rate", "gradient_clip_val"}


def _check(name, value, default):
    if name in CHOICES:
        if value not in CHOICES[name] and value not in range(len(CHOICES[name])):
            raise ValueError(f"{name} is {value!r}; allowed: {', '.join(CHOICES[name])}")
    elif not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ValueError(f"{name} is {value!r}; it must be a finite number")
    elif isinstance(default, Integral) and (value % 1 != 0 or not 1 <= float(value) < 2**31):
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1 and below 2^31")
    elif name in POSITIVE and value <= 0:
        raise ValueError(f"{name} is {value!r}; it must be positive")
    elif name == "l2_decay" and value < 0:
        raise ValueError(f"{name} is {value!r}; it must not be negative")

"""Settings: the hyperparameters of a trial, completed with defaults, checked, and encoded as arrays of fixed types."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from capacity_jax.cells.base import HParams
from capacity_jax.cells.hyperparameters import Hyperparameter, with_defaults
from capacity_jax.training.member import Bucket
from capacity_jax.training.optimizer import hyperparameters_of_rule


def hyperparameters_of(bucket: Bucket) -> dict[str, Hyperparameter]:
    """All hyperparameters of a member of the bucket: its cell's, its task's, and those of training under its rule."""
    cell, task = bucket.network.cell, bucket.task
    return {**cell.hyperparameters, **task.hyperparameters, **hyperparameters_of_rule(bucket.transformation)}


def fill_defaults(bucket: Bucket, settings: HParams) -> dict[str, Any]:
    """The settings over the defaults.

    Raises:
      ValueError: a name is unknown to cell, task and training, or a value is not allowed.

    Example:
      >>> from capacity_jax import Bucket, Network, mem_thru, rnn
      >>> from capacity_jax.training import fill_defaults
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> fill_defaults(bucket, {"lr_init": 0.01})["optimizer"]
      'adam'
    """
    known = hyperparameters_of(bucket)
    complete = with_defaults(known, settings)
    for name, value in complete.items():
        known[name].check(name, value)
    return complete


def encode(settings: HParams, known: Mapping[str, Hyperparameter]) -> dict[str, np.ndarray]:
    """Complete settings as 32-bit scalars."""
    return {name: known[name].encode(value) for name, value in settings.items()}

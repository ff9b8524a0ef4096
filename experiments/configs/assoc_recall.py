"""Pairs of keys and values that a state recalls: a vector state and matrix states of about as many parameters.

Expected: at 3,000 parameters the matrix states recall more than the GRU. `:laptop` (the default) trains 10,000 steps,
`:smoke` 60.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("assoc_recall", "assoc_recall", extent)
    smoke = extent == "smoke"
    largest = 4 if smoke else 16
    config.task_args = ConfigDict({"n_keys": 2 * largest, "n_values": largest, "max_pairs": largest})
    config.cells = "gru,linear_attention,deltanet"
    config.budgets = (600,) if smoke else (3000,)
    setting = {"train_steps": 60 if smoke else 10_000, "lr_init": 0.01, "lr_decay_rate": 0.1}
    config.initial_settings.default = tuple(setting | {"pairs": pairs} for pairs in (largest // 2, largest))
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"], "pairs": (1, largest)})
    return config

"""Adding numbers of up to eight digits, character by character (Collins et al. 2017, Fig. 4i to 4p).

Expected: slow; a GRU of 57,000 parameters had 46% of the characters right after 16,000 steps, and no whole sum.
`:laptop` (the default) trains 10,000 steps, `:smoke` 60.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("arithmetic", "arithmetic", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"largest": 10**7, "max_compute_steps": 6, "n_steps": 36, "n_evaluation": 1024})
    config.cells = "rnn,gru"
    config.budgets = (5000,) if smoke else (50_000,)
    setting = {"train_steps": 60 if smoke else 10_000, "lr_init": 0.01, "lr_decay_rate": 0.1, "compute_steps": 6}
    config.initial_settings.default = (setting,)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"], "compute_steps": (1, 6)})
    return config

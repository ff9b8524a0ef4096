"""Bits per character of text (Collins et al. 2017, Fig. 3a to 3d), on text8 or, without it, a stand-in.

Set $CAPACITY_JAX_DATA or `--config.task_args.corpus=PATH` for the real thing; results made with the stand-in carry its
name. `:laptop` (the default) trains 1,000 steps, `:smoke` 60.
"""

from ml_collections import ConfigDict, config_dict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("text8", "text8", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_steps": 50, "n_warmup": 13, "n_evaluation": 512 if smoke else 8192})
    config.task_args.corpus = config_dict.placeholder(str)
    config.cells = "gru"
    config.budgets = (2000,) if smoke else (10_000, 30_000, 100_000)
    config.batch_size = 32
    setting = {"train_steps": 60 if smoke else 1000, "lr_init": 0.01, "lr_decay_rate": 0.1}
    config.initial_settings.default = (setting,)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"]})
    return config

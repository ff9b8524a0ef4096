"""How many real values a network carries through 12 steps (Collins et al. 2017, Fig. 2c).

Expected: the error falls along the line of a subspace of as many dimensions as there are units, and ends where units
and values are equally many. `:laptop` (the default) trains 30,000 steps, `:smoke` 300.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("mem_thru", "mem_thru", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 16 if smoke else 64, "n_steps": 12, "n_evaluation": 2048})
    config.units = (8, 16) if smoke else (16, 32, 48, 64, 96)
    setting = {"train_steps": 300 if smoke else 30_000, "lr_init": 0.01 if smoke else 0.003, "input_scale": 0.1}
    config.initial_settings.default = (setting,)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"]})
    return config

"""Counting open brackets of ten kinds in a stream (Collins et al. 2017, Fig. 4a to 4h).

`:laptop` (the default) trains 3,000 steps, `:smoke` 60.
"""

from ml_collections import ConfigDict

from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("parens_counting", "parens_counting", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"n_kinds": 10, "n_noise": 10, "max_open": 10, "n_steps": 40 if smoke else 175, "n_evaluation": 256}
    )
    config.cells = "rnn,gru"
    config.budgets = (5000,) if smoke else (25_000,)
    config.batch_size = 16
    start = {"train_steps": 60 if smoke else 3000, "lr_init": 0.01, "lr_decay_rate": 0.1}
    config.starts.default = (start,)
    return config

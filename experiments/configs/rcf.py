"""Random continuous functions: real targets of random inputs, remembered (Collins et al. 2017, Fig. 3e to 3g).

The paper's 10^6 examples take far more steps than a laptop makes before a small network learns any (60,000 steps of
128 examples at 10,000 parameters: nothing); 20,000 show the same fall of the error with the number of parameters.
`:laptop` (the default) trains 30,000 steps, `:smoke` 300.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("rcf", "rcf", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"n_examples": 1000 if smoke else 20_000, "n_in": 50, "smallest_weight": 1e-3, "n_steps": 5, "seed": 0}
    )
    config.budgets = (500, 1000) if smoke else (1000, 2000, 4000)
    config.batch_size = 128
    setting = {"train_steps": 300 if smoke else 30_000, "lr_init": 0.01, "input_scale": 2.0}
    config.initial_settings.default = (setting,)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"]})
    return config

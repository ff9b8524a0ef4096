"""Bits per parameter against the number of unrolled steps (Collins et al. 2017, Fig. 2b).

Expected: they rise over the first few steps, then stay. Cost: `:smoke` under a minute, `:laptop` 10 minutes on 4 busy
cores; `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.configs.quickstart import INITIAL_SETTINGS
from experiments.paper.common import figure_config
from experiments.paper.fig1.config import TRAIN_STEPS, initial_setting_of


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    config = figure_config("fig2b", "per_cap", extent, train_steps=TRAIN_STEPS)
    n_steps = (1, 3) if extent == "smoke" else (1, 2, 3, 4, 5, 7, 10)
    config.task_args = ConfigDict({"n_in": 64 if extent in ("gpu", "paper") else 32, "n_steps": n_steps})
    config.budgets = ({"smoke": 300, "laptop": 1200, "gpu": 3000, "paper": 10_000}[extent],)
    config.batch_size = 64 if extent == "smoke" else 128
    if extent == "laptop":
        config.seeds, config.trials = 2, 2
    config.initial_settings = ConfigDict({cell: (initial_setting_of(cell, extent),) for cell in INITIAL_SETTINGS})
    config.space.b_per_parameter = (1.0, 6.0) if extent == "paper" else (2.0, 4.5)
    return config

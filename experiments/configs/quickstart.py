"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

Each row of the table is the mean over four seeds of one setting, that of the paper's figures for so many steps;
`--config.trials=16` adds a search. Expected of `:laptop` (the default), in four to five minutes of 2 cores: at about
2,000 parameters RNN and UGRNN about 4 bits per parameter, the others between 2.8 and 3.2. `:smoke` trains 1,000 steps.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.common import SIX_CELLS, capacity_setting

# Gated cells get fewer steps, because theirs take longer.
TRAIN_STEPS = {
    "rnn": 90_000,
    "irnn": 60_000,
    "ugrnn": 80_000,
    "gru": 60_000,
    "lstm": 60_000,
    "intersection": 45_000,
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("quickstart", "per_cap", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = SIX_CELLS
    config.budgets = (300, 500, 700) if smoke else (600, 1200, 2145)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    config.trials = 1 if smoke else 0
    for cell, steps in TRAIN_STEPS.items():
        config.initial_settings[cell] = (capacity_setting(cell, 1000 if smoke else steps),)
    steps = (200, 1000) if smoke else (3_000, 10_000)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"b_per_parameter": (2.0, 4.5), "train_steps": steps})
    return config

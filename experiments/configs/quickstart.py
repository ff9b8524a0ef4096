"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

Each row of the table is the mean over four seeds of one setting, trained by `capacity_jax.training.soap`;
`--config.trials=16` adds a search. Expected of `:laptop` (the default), in three to seven minutes of 2 cores: at about
2,000 parameters RNN and UGRNN 4.2 to 4.4 bits per parameter, the others about 3.5. `:smoke` trains 1,000 steps by Adam.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.common import SIX_CELLS

# What is best near 2,000 parameters for runs of some ten seconds; the more a step of a cell takes, the fewer it gets.
SETTINGS = {
    "rnn": {"train_steps": 85_000, "lr_init": 0.01, "b_per_parameter": 4.7},
    "irnn": {"train_steps": 55_000, "lr_init": 0.008, "b_per_parameter": 3.6},
    "ugrnn": {"train_steps": 55_000, "lr_init": 0.012, "b_per_parameter": 4.4},
    "gru": {"train_steps": 45_000, "lr_init": 0.015, "b_per_parameter": 3.8},
    "lstm": {"train_steps": 45_000, "lr_init": 0.015, "b_per_parameter": 3.7},
    "intersection": {"train_steps": 35_000, "lr_init": 0.008, "b_per_parameter": 3.7},
}
# Small networks take larger rates, hold less by parameter (`capacity_jax.tasks.scaling`), and need fewer steps.
SMALL, LARGE = 900, 2145
OF_SMALL = {"train_steps": 0.4, "lr_init": 1.3, "b_per_parameter": 0.87}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("quickstart", "per_cap", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = SIX_CELLS
    config.budgets = (300, 500, 700) if smoke else (SMALL, LARGE)
    config.batch_size = 64 if smoke else 256
    if not smoke:
        config.transformation = "capacity_jax.training:soap"
    config.seeds = 2 if smoke else 4
    config.trials = 1 if smoke else 0
    for cell, setting in SETTINGS.items():
        steps = {"train_steps": 1000} if smoke else {}
        small = {name: type(value)(OF_SMALL[name] * value) for name, value in setting.items()}
        config.initial_settings[cell] = (setting | {"lr_decay_rate": 0.03} | steps,)
        config.initial_settings[f"{cell}/{SMALL}"] = (small | {"lr_decay_rate": 0.03} | steps,)
    steps = (200, 1000) if smoke else (10_000, 90_000)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"b_per_parameter": (2.0, 5.0), "train_steps": steps})
    return config

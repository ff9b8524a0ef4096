"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

Each row of the table is the mean over four seeds of one setting, trained by `capacity_jax.training.soap`;
`--config.trials=16` adds a search. Expected of `:laptop` (the default), in three to seven minutes of 2 cores: near
2,000 parameters RNN and UGRNN 4.2 to 4.5 bits per parameter, the others 3.4 to 3.6. `:smoke` trains 1,000 steps by
Adam.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config, train_by_soap
from experiments.paper.cells import shares_of
from experiments.paper.common import SIX_CELLS

# The more a step of a cell takes, the fewer it gets; small networks need fewer.
STEPS = {"rnn": 85_000, "irnn": 55_000, "ugrnn": 55_000, "gru": 45_000, "lstm": 45_000, "intersection": 35_000}
SMALL, LARGE = 900, 2145
OF_SMALL = 0.25


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("quickstart", "per_cap", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = SIX_CELLS
    config.budgets = (300, 500, 700) if smoke else (SMALL, LARGE)
    if smoke:
        config.batch_size = 64
    else:
        train_by_soap(config)
    config.seeds = 2 if smoke else 4
    config.trials = 1 if smoke else 0
    for cell, shares in shares_of("adam" if smoke else "soap").items():
        setting = shares | {"lr_decay_rate": 0.03}
        steps = 1000 if smoke else STEPS[cell]
        config.initial_settings[cell] = (setting | {"train_steps": steps},)
        if not smoke:
            config.initial_settings[f"{cell}/{SMALL}"] = (setting | {"train_steps": int(OF_SMALL * steps)},)
    steps = (200, 1000) if smoke else (8_000, 90_000)
    ranges = {"b_per_parameter": (1.0, 6.0), "lr_init": (0.002, 0.06), "train_steps": steps}
    config.space = ConfigDict(SHORT_RUN_RANGES | ranges)
    return config

"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

Each row of the table is the mean over four seeds of one setting: the rate and the number of labels that are best for
the cell, its size and the length of its runs, as `experiments.scaling` has fitted them. `--config.trials=16` adds a
search. Expected of `:laptop` (the default), within four minutes of 2 cores: at about 2,000 parameters the RNN and the
UGRNN above 4.2 bits per parameter, the others between 3.2 and 3.5. `:smoke` trains 1,000 steps.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.cells import RELATIVE
from experiments.paper.common import SIX_CELLS

# Gated cells get fewer steps, because theirs take longer.
TRAIN_STEPS = {
    "rnn": 200_000,
    "irnn": 120_000,
    "ugrnn": 160_000,
    "gru": 100_000,
    "lstm": 100_000,
    "intersection": 80_000,
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
    for cell, setting in RELATIVE.items():
        steps = 1000 if smoke else TRAIN_STEPS[cell]
        config.initial_settings[cell] = (setting | {"train_steps": steps, "lr_decay_rate": 0.03},)
    steps = (200, 1000) if smoke else (3_000, 10_000)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"b_per_parameter": (2.0, 5.5), "train_steps": steps})
    return config

"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

Each row of the table is the mean over the seeds of the best setting: an initial one known to be good, or one of a few
short trials of the search. Expected of `:laptop` (the default), within minutes: the RNN and the UGRNN above 3.6 bits
per parameter, the others between 2.6 and 3.1 at about 2,000 parameters. `:smoke` trains 1,000 steps.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config

# Found by hand near 600 and 2,000 parameters: rates that learn most in 60,000 to 100,000 steps of 128 examples, and
# about as many labels per parameter as then fit. Gated cells get fewer steps, because theirs take longer.
INITIAL_SETTINGS = {
    "rnn": {"train_steps": 55_000, "lr_init": 0.007, "b_per_parameter": 4.2},
    "irnn": {"train_steps": 55_000, "lr_init": 0.005, "b_per_parameter": 3.5},
    "ugrnn": {"train_steps": 50_000, "lr_init": 0.01, "b_per_parameter": 4.0},
    "gru": {"train_steps": 42_000, "lr_init": 0.012, "b_per_parameter": 3.4},
    "lstm": {"train_steps": 42_000, "lr_init": 0.012, "b_per_parameter": 3.5},
    "intersection": {"train_steps": 42_000, "lr_init": 0.008, "b_per_parameter": 3.3},
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("quickstart", "per_cap", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = "rnn,irnn,ugrnn,gru,lstm,intersection@2"
    config.budgets = (300, 500, 700) if smoke else (600, 1200, 2145)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    config.trials = 1 if smoke else 2
    changes = {"train_steps": 1000} if smoke else {}
    config.initial_settings = ConfigDict(
        {cell: (setting | {"lr_decay_rate": 0.03} | changes,) for cell, setting in INITIAL_SETTINGS.items()}
    )
    steps = (200, 1000) if smoke else (3_000, 10_000)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"b_per_parameter": (2.0, 4.5), "train_steps": steps})
    return config

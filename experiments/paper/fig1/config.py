"""Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1).

Expected: bits grow in proportion to parameters, 3 to 6 per parameter; RNN > UGRNN > GRU > LSTM > +RNN, IRNN last. At
`:laptop`, depths 1 and 2, training is capped at 25,000 steps, which makes all values lower bounds. Cost: `:smoke` under
a minute, `:laptop` 7 minutes on 4 busy cores; `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.configs.quickstart import INITIAL_SETTINGS
from experiments.paper.common import at_depths, figure_config

TRAIN_STEPS = {"smoke": 300, "laptop": (10_000, 25_000), "gpu": (50_000, 300_000), "paper": (50_000, 20_000_000)}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    config = figure_config("fig1", "per_cap", extent, train_steps=TRAIN_STEPS)
    wide = extent in ("gpu", "paper")
    config.task_args = ConfigDict({"n_in": 64 if wide else 32, "n_steps": 5})
    depths = (1, 2) if extent == "laptop" else (1, 2, 4)
    config.cells = config.cells if extent == "smoke" else at_depths(*depths)
    config.budgets = {
        "smoke": (200, 300, 400),
        "laptop": (400, 800, 1400, 2145),
        "gpu": (1000, 3000, 10_000),
        "paper": (1000, 3000, 10_000, 30_000, 100_000),
    }[extent]
    config.batch_size = 64 if extent == "smoke" else 128
    if extent == "laptop":
        config.seeds, config.trials = 2, 4
    config.initial_settings = ConfigDict({cell: (initial_setting_of(cell, extent),) for cell in INITIAL_SETTINGS})
    config.space.b_per_parameter = (1.0, 6.0) if extent == "paper" else (2.0, 4.5)
    return config


def initial_setting_of(cell: str, extent: str) -> dict:
    """The cell's initial setting with the most training steps that the extent allows."""
    longest = TRAIN_STEPS[extent] if extent == "smoke" else TRAIN_STEPS[extent][1]
    return INITIAL_SETTINGS[cell] | {"lr_decay_rate": 0.03, "train_steps": min(longest, 1_000_000)}

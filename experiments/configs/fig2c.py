"""How many real values a network carries through 12 steps (Collins et al. 2017, Fig. 2c).

Expected: every cell's error follows that of a subspace of as many dimensions as there are units, and collapses where
units and values are equally many, 64. Cost: `:smoke` under a minute, `:laptop` about 15 minutes on 4 cores; `:gpu`
and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.configs.common import at_depths, figure_config

TRAIN_STEPS = {"smoke": 300, "laptop": 30_000, "gpu": 50_000, "paper": (50_000, 20_000_000)}
START = {"lr_init": 0.003, "input_scale": 0.1}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    config = figure_config("fig2c", "mem_thru", extent, train_steps=TRAIN_STEPS)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 8 if smoke else 64, "n_steps": 12, "n_evaluation": 512 if smoke else 2048})
    if extent in ("gpu", "paper"):
        config.cells = at_depths(config.cells, 1, 2, 4)
    many = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96)
    config.units = {"smoke": (4, 8), "laptop": (16, 32, 48, 64, 80)}.get(extent, many)
    config.trials = 0 if extent in ("smoke", "laptop") else config.trials
    config.seeds = 2 if extent == "laptop" else config.seeds
    config.starts.default = (START | {"train_steps": 300 if smoke else 30_000 if extent == "laptop" else 50_000},)
    return config

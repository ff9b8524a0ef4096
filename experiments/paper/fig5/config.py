"""Losses under random hyperparameters, and how often they diverge (Collins et al. 2017, Fig. 5 and Table 1).

Expected: GRU has the lowest loss and median at depth 1, +RNN at depth 8; IRNN diverges most often. Draws are from the
paper's ranges, training steps apart. Cost: `:smoke` under a minute; `:laptop`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import at_depths, figure_config

TRAIN_STEPS = {"smoke": 30, "laptop": 500, "gpu": (2_000, 10_000), "paper": (50_000, 20_000_000)}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    config = figure_config("fig5", "parens_counting", extent, train_steps=TRAIN_STEPS)
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"n_kinds": 10, "n_noise": 10, "max_open": 10, "n_steps": 20 if smoke else 175, "n_evaluation": 256}
    )
    config.cells = config.cells if smoke else at_depths(1, 8)
    config.budgets = ({"smoke": 5000, "laptop": 5000, "gpu": 50_000, "paper": 200_000}[extent],)
    config.batch_size = 16
    config.sampler = "random"
    config.seeds = 1
    config.trials = {"smoke": 4, "laptop": 40, "gpu": 500, "paper": 1000}[extent]
    config.space = ConfigDict({"train_steps": TRAIN_STEPS[extent]})
    return config

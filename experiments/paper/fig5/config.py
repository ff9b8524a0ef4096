"""Losses under random hyperparameters, and how often they diverge (Collins et al. 2017, Fig. 5 and Table 1).

Expected: GRU has the lowest loss and median at depth 1, +RNN at depth 8; IRNN diverges most often. Draws are from the
paper's ranges, training steps apart. `:laptop` makes 200 draws for each cell and depth, of 200 training steps on
sequences of 50 characters: what diverges later is missed. Measured: `:smoke` a minute, `:laptop` 81 minutes of one
shared core (2,200 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import figure_config
from experiments.paper.fig4_parens import config as parens

TRAIN_STEPS = {
    "smoke": 30,
    "laptop": 200,
    "overnight": 1000,
    "gpu": (2_000, 10_000),
    "paper": (50_000, 20_000_000),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = figure_config("fig5", "parens_counting", extent, train_steps=TRAIN_STEPS, depths=(1, 8), sampler="random")
    config.update(task_args=parens.get_config(extent).task_args, budgets=parens.BUDGETS[extent], batch_size=16, seeds=1)
    config.trials = {"smoke": 4, "laptop": 200, "overnight": 400, "gpu": 500, "paper": 1000}[extent]
    config.space = ConfigDict({"train_steps": TRAIN_STEPS[extent]})
    return config

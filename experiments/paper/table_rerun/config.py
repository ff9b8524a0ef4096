"""How much the best setting varies from seed to seed (Collins et al. 2017, appendix: the best one run 100 times).

Expected: no run differs much from what the tuner found. Cost: `:smoke` under a minute; `:laptop`, `:gpu` and `:paper`
have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import figure_config
from experiments.paper.fig1.config import TRAIN_STEPS


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    config = figure_config("table_rerun", "per_cap", extent, train_steps=TRAIN_STEPS)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 64 if extent in ("gpu", "paper") else 32, "n_steps": 5})
    config.cells = "rnn" if smoke else config.cells
    config.budgets = ({"smoke": 300, "laptop": 1200, "gpu": 3000, "paper": 10_000}[extent],)
    config.batch_size = 64 if smoke else 128
    config.seeds = {"smoke": 11, "laptop": 31, "gpu": 101, "paper": 101}[extent]
    config.space.b_per_parameter = (1.0, 6.0) if extent == "paper" else (2.0, 4.5)
    return config

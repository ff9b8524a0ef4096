"""How much the best setting varies from seed to seed (Collins et al. 2017, appendix: the best one run 100 times).

Expected: no run differs much from what the tuner found. `:laptop` searches 8 trials of 50,000 to 100,000 steps for each
of three cells and repeats the best 30 times; claim 8 rests on it. Measured: `:smoke` under a minute, `:laptop` 18
minutes of one shared core (144 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import capacity_config
from experiments.paper.fig2b.config import BUDGETS


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = capacity_config("table_rerun", extent, BUDGETS)
    if extent != "paper":
        config.space.b_per_parameter = (2.0, 4.5)
    if extent == "smoke":
        config.cells = "rnn"
    if extent == "laptop":
        config.cells = "rnn,gru,lstm"
        config.space.train_steps = (50_000, 100_000)
    config.seeds = {"smoke": 11, "laptop": 31}.get(extent, 101)
    return config

"""How fast the tuner gets on at adding numbers (Collins et al. 2017, Fig. 4i to 4p).

Expected: RNN and IRNN learn slowest and fail as depth grows; GRU is best at depth 1, +RNN at depth 8. `:laptop` has
depths 1 and 8, 1,000 steps and 5,000 parameters where the paper has 50,000 steps at least and 200,000 parameters. Cost:
`:smoke` under a minute; `:laptop`, `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import figure_config
from experiments.paper.fig4_parens.config import BUDGETS, TRAIN_STEPS, TRIALS, depths_at


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = figure_config("fig4_arith", "arithmetic", extent, train_steps=TRAIN_STEPS, depths=depths_at(extent))
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"largest": 10 if smoke else 10**7, "max_compute_steps": 6, "n_steps": 20 if smoke else 36, "n_evaluation": 256}
    )
    config.space.compute_steps = (1, 6)
    config.update(budgets=BUDGETS[extent], batch_size=16, seeds=1, trials=TRIALS.get(extent, config.trials))
    return config

"""How the best learning rate and number of labels follow the length of a run and the size of a network.

The paper's six cells, at the least depth that each can have, train with learning rate, labels per parameter and number
of steps drawn at random and all else at its default: every trial is a point of the surface that
`python -m experiments.scaling` fits. `:smoke` has two cells, one size and 300 steps at most.
"""

from ml_collections import ConfigDict

from capacity_jax.cells.hyperparameters import SHARED
from capacity_jax.training.optimizer import HYPERPARAMETERS
from experiments.configs.common import base_config
from experiments.paper.common import SIX_CELLS

# All that a search would vary, at its default.
DEFAULTS = {name: one.default for name, one in (SHARED | HYPERPARAMETERS).items() if one.choices or one.range}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("scaling", "per_cap", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = "rnn,gru" if smoke else SIX_CELLS
    config.budgets = (150,) if smoke else (300, 600, 1200, 2145, 4500)
    config.batch_size = 128
    config.sampler = "random"
    config.seeds = 1
    config.trials = 16
    drawn = {
        "lr_decay_rate": 0.03,
        "lr_init": (0.002, 0.03),
        "b_per_parameter": (2.4, 5.2),
        "train_steps": (100, 300) if smoke else (15_000, 400_000),
    }
    config.space = ConfigDict(DEFAULTS | drawn)
    return config

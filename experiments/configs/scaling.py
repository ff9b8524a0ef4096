"""How the best learning rate and number of labels follow the length of a run and the size of a network.

The paper's six cells, at the least depth that each can have, train with learning rate, labels per parameter and number
of steps drawn at random and all else at its default: every trial is a point of the surface that
`python -m experiments.scaling` fits. `:laptop` (the default) trains by Adam on batches of 128, `:soap` by SOAP on 256;
`:large` (Adam) and `:large_soap` train networks of up to 8,000 parameters; `:smoke` has two cells, one size and 300
steps at most.
"""

from ml_collections import ConfigDict

from capacity_jax.cells.hyperparameters import SHARED
from capacity_jax.training.optimizer import HYPERPARAMETERS
from experiments.configs.common import base_config, train_by_soap
from experiments.paper.common import SIX_CELLS

# All that a search would vary, at its default.
DEFAULTS = {name: one.default for name, one in (SHARED | HYPERPARAMETERS).items() if one.choices or one.range}


SIZES = (300, 600, 1200, 2145, 4500)
# Sizes; trials of each network; ranges of learning rate, of labels per parameter and of training steps.
DRAWN = {
    "laptop": (SIZES, 16, (0.002, 0.03), (2.4, 5.2), (15_000, 400_000)),
    "soap": (SIZES, 4, (0.002, 0.03), (2.4, 5.6), (10_000, 400_000)),
    "large": ((4500, 8000), 4, (0.003, 0.012), (2.4, 5.0), (10_000, 100_000)),
    "large_soap": ((4500, 8000), 4, (0.003, 0.012), (2.4, 5.0), (10_000, 100_000)),
    "smoke": ((150,), 16, (0.002, 0.03), (2.4, 5.2), (100, 300)),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, one of `DRAWN`."""
    config = base_config("scaling", "per_cap", extent, tuple(DRAWN))
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = "rnn,gru" if extent == "smoke" else SIX_CELLS
    config.batch_size = 128
    if extent.endswith("soap"):
        train_by_soap(config)
    config.sampler = "random"
    config.seeds = 1
    config.budgets, config.trials, rates, labels, steps = DRAWN[extent]
    drawn = {"lr_decay_rate": 0.03, "lr_init": rates, "b_per_parameter": labels, "train_steps": steps}
    config.space = ConfigDict(DEFAULTS | drawn)
    return config

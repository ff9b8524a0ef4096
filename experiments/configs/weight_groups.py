"""Bits stored where one group of parameters is trained and all others stay as they were drawn.

The groups are the recurrent weights, the input weights, the biases, the initial state and the readout; `all` is the
network as it is. Six cells near 1,200 parameters train 20,000 steps, asked for 1, 2 and 3.5 labels for each parameter
that is trained, with four seeds.
"""

from ml_collections import ConfigDict

from capacity_jax.cells.registry import cells_and_depths
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.common import SIX_CELLS
from experiments.precision.group_sizes import parameters_by_group

# For each parameter that is trained.
LABELS = (1.0, 2.0, 3.5)
N_IN = 32


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("weight_groups", "per_cap", extent)
    config.figure = "experiments.precision.groups"
    config.transformation = "experiments.precision.rules:one_group"
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": N_IN, "n_steps": 5})
    config.cells = "rnn" if smoke else SIX_CELLS
    config.budgets = (300,) if smoke else (1200,)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    setting = {"train_steps": 300 if smoke else 20_000, "lr_init": 0.01, "lr_decay_rate": 0.03}
    for cell, depth in cells_and_depths(config.cells):
        units = units_for_budget(config.budgets[0], cell, N_IN, 1, depth)
        counts = parameters_by_group(Network(cell, N_IN, units, 1, depth))
        config.initial_settings[cell.name] = tuple(
            setting | {"trained_group": group, "b": round(each * count)}
            for group, count in ({"all": counts.total()} | counts).items()
            for each in LABELS
        )
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"], "b_per_parameter": (0.2, 4.5)})
    return config

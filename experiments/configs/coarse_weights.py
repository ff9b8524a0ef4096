"""Bits stored by networks that train with coarse weights: of 1 to 8 bits each, in bfloat16, and exact ones.

`python -m experiments.precision` rounds weights after training; here the network never uses other weights than rounded
ones (`coarse_weights` in `experiments/precision/rules.py`). Six cells near 600 parameters train 20,000 steps with each
of two numbers of labels for each number of bits, with four seeds.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config
from experiments.paper.common import SIX_CELLS

# Bits of each weight, and numbers of labels for each parameter: a weight of so many bits stores no more than these.
LABELS = {1: (0.3, 0.6), 2: (0.8, 1.4), 3: (1.2, 2.2), 4: (1.8, 2.8), 5: (2.2, 3.4), 6: (2.2, 3.4), 8: (2.2, 3.4)}
EXACT = (2.2, 3.4)


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("coarse_weights", "per_cap", extent)
    config.figure = "experiments.precision.coarse"
    config.transformation = "experiments.precision.rules:coarse_weights"
    smoke = extent == "smoke"
    config.task_args = ConfigDict({"n_in": 32, "n_steps": 5})
    config.cells = "rnn" if smoke else SIX_CELLS
    config.budgets = (300,) if smoke else (600,)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    setting = {"train_steps": 300 if smoke else 20_000, "lr_init": 0.01, "lr_decay_rate": 0.03}
    coarse = {bits: LABELS[bits] for bits in ((2, 8) if smoke else LABELS)}
    weights = [({"weight_bits": float(bits)}, labels) for bits, labels in coarse.items()]
    weights += [({"weight_bits": 32.0}, EXACT)]
    weights += [({"weight_format": one}, EXACT) for one in ("bfloat16", "bfloat16 alone")]
    config.initial_settings.default = tuple(
        setting | weight | {"b_per_parameter": each} for weight, labels in weights for each in labels
    )
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"], "b_per_parameter": (0.2, 4.5)})
    return config

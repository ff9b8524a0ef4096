"""Stored bits per parameter against what is asked: steps, inputs, their density, the number of labels and their shares.

Each extent is a sweep of one condition of `label_memory`, with all else as in the paper's task: `steps` until the label
is read, with a blank tail and with the input repeated; `inputs`, below and above the width of the network; `ones`, the
share of inputs that are 1; `labels`, their number; `shares`, that of the rarer of two labels. RNN and GRU near 1,200
parameters train 20,000 steps with each of some numbers of labels, the same for both cells, with four seeds. `smoke` has
two values of one condition. `python -m experiments.conditions DIR` draws all sweeps of a folder.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config

# Arguments of the task, and numbers of labels for each parameter.
SWEEPS = {
    "steps": ({"n_steps": (1, 2, 5, 10, 20, 40), "heard": ("once", "always")}, (2.0, 3.5)),
    "inputs": ({"n_in": (16, 24, 32, 64, 128)}, (2.0, 3.5)),
    "ones": ({"n_in": 64, "ones": (0.05, 0.1, 0.2, 0.5)}, (2.0, 3.5)),
    "labels": ({"n_labels": (2, 3, 4, 8, 16)}, (0.7, 1.2, 2.0, 3.5)),
    "shares": ({"label_share": (0.02, 0.05, 0.1, 0.2, 0.5)}, (2.0, 3.5, 6.0, 12.0)),
    "smoke": ({"n_steps": (2, 3)}, (2.0,)),
}


def get_config(extent: str = "steps") -> ConfigDict:
    """The configuration of a sweep, one of `SWEEPS`."""
    config = base_config("conditions", "label_memory", extent, tuple(SWEEPS))
    config.figure = "experiments.conditions"
    arguments, labels = SWEEPS[extent]
    smoke = extent == "smoke"
    config.task_args = ConfigDict(arguments)
    config.cells = "rnn" if smoke else "rnn,gru"
    config.budgets = (300,) if smoke else (1200,)
    config.batch_size = 64 if smoke else 128
    config.seeds = 2 if smoke else 4
    setting = {"train_steps": 300 if smoke else 20_000, "lr_init": 0.01, "lr_decay_rate": 0.03}
    config.initial_settings.default = tuple(setting | {"b_per_parameter": each} for each in labels)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": setting["train_steps"], "b_per_parameter": (0.5, 12)})
    return config

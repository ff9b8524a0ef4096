"""Counting open brackets of ten kinds in a stream (Collins et al. 2017, Fig. 4a to 4h).

Expected: the loss of guessing is 10·ln 11 = 24 nats; a GRU falls more than tenfold below it, the vanilla RNN does not.
`:laptop` (the default) trains 3,000 steps, `:smoke` 60.
"""

from ml_collections import ConfigDict

from capacity_jax.search import SHORT_RUN_RANGES
from experiments.configs.common import base_config


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    config = base_config("parens_counting", "parens_counting", extent)
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"n_kinds": 10, "n_noise": 10, "max_open": 10, "n_steps": 40 if smoke else 175, "n_evaluation": 256}
    )
    config.cells = "rnn,gru"
    config.budgets = (5000,) if smoke else (50_000,)
    config.batch_size = 16
    shared = {"train_steps": 60 if smoke else 3000, "lr_decay_rate": 0.05}
    # The best of seven settings tried; with tanh and orthogonal matrices the vanilla RNN stays above 13 nats.
    vanilla = {"lr_init": 0.005, "nonlinearity": "relu", "recurrent_matrix_init_type": "identity"}
    config.initial_settings.rnn = (shared | vanilla,)
    config.initial_settings.default = (shared | {"lr_init": 0.02, "forget_gate_bias_hack": 2.0},)
    config.space = ConfigDict(SHORT_RUN_RANGES | {"train_steps": shared["train_steps"]})
    return config

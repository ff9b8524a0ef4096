"""How many real values a network carries through 12 steps (Collins et al. 2017, Fig. 2c).

Expected: every cell's error follows that of a subspace of as many dimensions as there are units, and collapses where
units and values are equally many: 64, at `:laptop` 32. `:laptop` trains one setting for 12,000 steps with four seeds;
claim 4 rests on it. Measured: `:smoke` under a minute, `:laptop` 22 minutes of one shared core (120 trials);
`:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import at_depths, figure_config

TRAIN_STEPS = {"smoke": 300, "laptop": 12_000, "overnight": 50_000, "gpu": 50_000, "paper": (50_000, 20_000_000)}
# Found by hand: small inputs keep tanh straight, identities and open gates carry the state on, and IRNN's and +RNN's
# rectifiers want a rate and a bias of their own.
OPEN = {"lr_init": 0.005, "input_scale": 0.1, "recurrent_matrix_init_type": "identity"}
INITIAL_SETTINGS = {
    "rnn": {"lr_init": 0.005, "input_scale": 0.1},
    "irnn": {"lr_init": 0.0015, "input_scale": 0.01},
    "ugrnn": OPEN | {"forget_gate_bias_hack": 2.0},
    "gru": OPEN | {"recurrent_bias_scale_r": 2.0, "forget_gate_bias_hack": 2.0},
    "lstm": OPEN | {"recurrent_matrix_scale": 0.01, "forget_gate_bias_hack": 5.0},
    "intersection": OPEN
    | {"lr_init": 0.008, "input_scale": 0.01, "input_scale_h": 0.1, "recurrent_bias_scale_y": 0.4}
    | {"recurrent_matrix_scale_gy": 0.01, "recurrent_matrix_scale_gh": 0.01, "forget_gate_bias_hack_gh": 2.0},
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = figure_config("fig2c", "mem_thru", extent, train_steps=TRAIN_STEPS)
    smoke = extent == "smoke"
    n_in = {"smoke": 8, "laptop": 32}.get(extent, 64)
    config.task_args = ConfigDict({"n_in": n_in, "n_steps": 12, "n_evaluation": 512 if smoke else 2048})
    if extent not in ("smoke", "laptop"):
        config.cells = at_depths(1, 2, 4)
    many = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96)
    config.units = {"smoke": (4, 8), "laptop": (8, 16, 24, 32, 40)}.get(extent, many)
    config.trials = 0 if extent in ("smoke", "laptop") else config.trials
    steps = {"smoke": 300, "laptop": 12_000}.get(extent, 50_000)
    config.initial_settings = ConfigDict(
        {cell: (setting | {"train_steps": steps},) for cell, setting in INITIAL_SETTINGS.items()}
    )
    return config

"""Random continuous functions: error against parameters (Collins et al. 2017, Fig. 3e to 3g).

Expected: the error falls with the number of parameters and hardly depends on the cell. The paper's 10^6 examples need
more steps than a laptop makes before a small network learns any of them; `:laptop` has 5,000, and trains
networks of one and two layers for 40,000 steps with four seeds; half of claim 5 rests on it. Measured: `:smoke` under a
minute, `:laptop` 13 minutes of one shared core (132 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import figure_config

TRAIN_STEPS = {
    "smoke": 200,
    "laptop": 40_000,
    "overnight": (30_000, 100_000),
    "gpu": (50_000, 300_000),
    "paper": (50_000, 20_000_000),
}
N_EXAMPLES = {"smoke": 500, "laptop": 5_000, "overnight": 20_000, "gpu": 100_000, "paper": 1_000_000}
BUDGETS = {
    "smoke": (500, 1000),
    "laptop": (500, 1000, 2000),
    "overnight": (1000, 4000, 16_000),
    "gpu": (1000, 4000, 16_000),
    "paper": (1000, 4000, 16_000, 64_000),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    depths = (1, 2) if extent == "laptop" else (1, 2, 4)
    config = figure_config("fig3_rcf", "rcf", extent, train_steps=TRAIN_STEPS, depths=depths, batch_size=128)
    config.task_args = ConfigDict(
        {"n_examples": N_EXAMPLES[extent], "n_in": 50, "smallest_weight": 1e-3, "n_steps": 5, "seed": 0}
    )
    config.budgets = BUDGETS[extent]
    if extent in ("smoke", "laptop"):
        config.trials = 0
    steps = {"smoke": 200, "laptop": 40_000, "overnight": 100_000, "gpu": 300_000, "paper": 1_000_000}[extent]
    config.initial_settings.default = ({"train_steps": steps, "lr_init": 0.01, "input_scale": 2.0},)
    return config

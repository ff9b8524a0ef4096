"""Bits per character of text against parameters and units (Collins et al. 2017, Fig. 3a to 3d).

On text8 where `$CAPACITY_JAX_DATA` leads to it, else on a stand-in, whose name all results carry. Expected: at equal
numbers of parameters all cells lie close together. `:laptop` trains networks of one and two layers for 500 steps
with four seeds; half of claim 5 rests on it. Measured: `:smoke` under a minute, `:laptop` 18 minutes of one shared core
(132 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict, config_dict

from experiments.paper.common import figure_config

TRAIN_STEPS = {
    "smoke": 30,
    "laptop": 500,
    "overnight": (2_000, 10_000),
    "gpu": (5_000, 20_000),
    "paper": (50_000, 20_000_000),
}
BUDGETS = {
    "smoke": (2000,),
    "laptop": (5_000, 10_000, 20_000),
    "overnight": (10_000, 40_000),
    "gpu": (20_000, 80_000, 320_000),
    "paper": (20_000, 80_000, 320_000, 1_280_000),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    depths = (1, 2) if extent == "laptop" else (1, 2, 4)
    config = figure_config("fig3_text8", "text8", extent, train_steps=TRAIN_STEPS, depths=depths, batch_size=32)
    smoke = extent == "smoke"
    config.task_args = ConfigDict(
        {"n_steps": 20 if smoke else 50, "n_warmup": 13, "n_evaluation": 128 if smoke else 8192}
    )
    config.task_args.corpus = config_dict.placeholder(str)
    config.budgets = BUDGETS[extent]
    if extent in ("smoke", "laptop"):
        config.trials = 0
    steps = {"smoke": 30, "laptop": 500, "overnight": 10_000, "gpu": 20_000, "paper": 1_000_000}[extent]
    config.initial_settings.default = ({"train_steps": steps, "lr_init": 0.01, "lr_decay_rate": 0.1},)
    return config

"""How fast the tuner gets on at counting brackets (Collins et al. 2017, Fig. 4a to 4h).

Expected: RNN and IRNN learn slowest and fail as depth grows; GRU is best at depth 1, +RNN at depth 8. `:laptop` has
depths 1 and 8, 1,000 steps on 50 characters and 5,000 parameters where the paper has 50,000 steps at least on 175 and
200,000 parameters; half of claim 6 rests on it. Measured: `:smoke` under a minute, `:laptop` 49 minutes of one shared
core (264 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import figure_config

TRAIN_STEPS = {
    "smoke": 30,
    "laptop": 1000,
    "overnight": 2000,
    "gpu": (2_000, 10_000),
    "paper": (50_000, 20_000_000),
}
BUDGETS = {"smoke": (5000,), "laptop": (5000,), "overnight": (5000,), "gpu": (50_000,), "paper": (200_000,)}
N_STEPS = {"smoke": 20, "laptop": 50}
TRIALS = {"laptop": 24, "overnight": 64}


def depths_at(extent: str) -> tuple[int, ...]:
    """The depths of an extent; the claim is about the ends of the paper's."""
    return (1, 8) if extent == "laptop" else (1, 2, 4, 8)


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = figure_config("fig4_parens", "parens_counting", extent, train_steps=TRAIN_STEPS, depths=depths_at(extent))
    config.update(budgets=BUDGETS[extent], batch_size=16, seeds=1, trials=TRIALS.get(extent, config.trials))
    n_steps = N_STEPS.get(extent, 175)
    config.task_args = ConfigDict(
        {"n_kinds": 10, "n_noise": 10, "max_open": 10, "n_steps": n_steps, "n_evaluation": 256}
    )
    return config

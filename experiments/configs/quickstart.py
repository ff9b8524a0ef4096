"""Bits per parameter of the paper's six cells, in minutes (Collins et al. 2017, Fig. 1a and 1e).

`:laptop` (the default) ..., `:smoke` under 90 seconds on 2 cores.
"""

from ml_collections import ConfigDict

EXTENTS = ("laptop", "smoke")


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent, `laptop` or `smoke`."""
    if extent not in EXTENTS:
        raise ValueError(f"extent is {extent!r}; allowed: {', '.join(EXTENTS)}")
    smoke = extent == "smoke"
    config = ConfigDict()
    config.name = f"quickstart-{extent}"
    config.seed = 0
    config.task = "per_cap"
    config.task_args = ConfigDict({"n_in": 32})
    config.cells = "rnn,irnn,ugrnn,gru,lstm,intersection@2"
    config.budgets = (300, 600, 1200) if smoke else (500, 1000, 2145)
    config.batch_size = 64 if smoke else 128
    config.trials = 1 if smoke else 4
    config.seeds = 2 if smoke else 4
    steps = 1000 if smoke else 60000
    start = {
        "train_steps": steps,
        "lr_init": 0.006,
        "lr_decay_rate": 0.03,
        "b_per_parameter": 1.0 if smoke else 4.0,
    }
    config.starts = ConfigDict(dict.fromkeys(("rnn", "irnn", "ugrnn", "gru", "lstm", "intersection"), (start,)))
    config.space = ConfigDict({"train_steps": (steps // 10, steps), "b_per_parameter": (1.0, 4.0)})
    return config

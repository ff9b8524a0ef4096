"""Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1).

Expected: bits grow in proportion to parameters, 3 to 6 per parameter; RNN > UGRNN > GRU > LSTM > +RNN, IRNN last. At
`:laptop`, depths 1 and 2, training is capped at 25,000 steps, which makes all values lower bounds. Cost: `:smoke` under
a minute, `:laptop` 7 minutes on 4 busy cores; `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import capacity_config

BUDGETS = {
    "smoke": (200, 300, 400),
    "laptop": (600, 1200, 2400),
    "overnight": (600, 1200, 2400, 4800, 9600),
    "gpu": (1000, 3000, 10_000),
    "paper": (1000, 3000, 10_000, 30_000, 100_000),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `gpu` or `paper`."""
    return capacity_config("fig1", extent, BUDGETS, depths=(1, 2, 4))

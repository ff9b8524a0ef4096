"""Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1).

Expected: bits grow in proportion to parameters, 3 to 6 per parameter; RNN > UGRNN > GRU > LSTM > +RNN, IRNN last.
`:laptop` trains one setting of each network, what is best for its cell, size and depth, for 40,000 steps of SOAP with
four seeds; all values are lower bounds. Claims 1 and 2 rest on 17 networks of three sizes with settings of an earlier
fit, by which deep networks were asked for the labels of one layer. Measured: `:smoke` under a minute, `:laptop` half
an hour on 2 cores (204 trials); `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import capacity_config, with_settings

BUDGETS = {
    "smoke": (200, 300, 400),
    "laptop": (600, 1200, 2400),
    "overnight": (600, 1200, 2400, 4800, 9600),
    "gpu": (1000, 3000, 10_000),
    "paper": (1000, 3000, 10_000, 30_000, 100_000),
}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    return with_settings(capacity_config("fig1", extent, BUDGETS, depths=(1, 2, 4)), extent)

"""Bits per parameter against the number of unrolled steps (Collins et al. 2017, Fig. 2b).

Expected: they rise over the first few steps, then stay. `:laptop` trains six networks near 1,200 parameters for 160,000
steps of SOAP with four seeds, at 1, 2, 4, 7 and 10 steps. It has not been run: claim 3 rests on trials of an earlier
configuration, of 200,000 steps of Adam. Measured: `:smoke` under a minute; `:laptop` with half as many training steps
17 minutes on 2 cores (120 trials), too few at ten steps; `:overnight`, `:gpu` and `:paper` have not been run.
"""

from ml_collections import ConfigDict

from experiments.paper.common import capacity_config, with_settings

BUDGETS = {"smoke": (300,), "laptop": (1200,), "overnight": (1200, 2400), "gpu": (3000,), "paper": (10_000,)}


def get_config(extent: str = "laptop") -> ConfigDict:
    """The configuration at an extent: `smoke`, `laptop`, `overnight`, `gpu` or `paper`."""
    config = capacity_config("fig2b", extent, BUDGETS)
    with_settings(config, extent, 160_000 if extent == "laptop" else None)
    n_steps = {"smoke": (1, 3), "laptop": (1, 2, 4, 7, 10)}.get(extent, (1, 2, 3, 4, 5, 7, 10))
    config.task_args = ConfigDict({"n_in": config.task_args.n_in, "n_steps": n_steps})
    return config

"""The slope of bits over sizes, and tables as text."""

from collections.abc import Iterable

import pandas as pd

from capacity_jax.results.best import measurements
from capacity_jax.stats.intervals import Interval, pooled_slope_interval
from capacity_jax.studies.record import Record


def slopes(trials: Iterable[Record] | pd.DataFrame) -> dict[tuple[str, int], Interval]:
    """Bits per parameter as the slope of bits over sizes, by cell and depth; only where three sizes are known.

    The line goes through the seeds of each size's best setting, and its interval comes from their spread, as
    `pooled_slope_interval` has it.

    Args:
      trials: records, or a table of trials, of a task that measures bits.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import slopes
      >>> trials = pd.DataFrame({"parameters": [500, 500, 1000, 1000, 2000, 2000], "seed": [1, 2] * 3})
      >>> trials["bits"] = 3.6 * trials["parameters"] + 10 * trials["seed"]
      >>> about = {"cell": "rnn", "depth": 1, "hparams": [{}] * 6, "infeasible": False, "maximize": True}
      >>> trials = trials.assign(study=trials["parameters"].astype(str), objective=trials["bits"], **about)
      >>> "{:.3f} [{:.3f}, {:.3f}]".format(*slopes(trials)["rnn", 1])
      '3.600 [3.580, 3.620]'
    """
    found, measured = {}, measurements(trials)
    # Two budgets may buy the same width, and then hold the same measurements twice.
    first = measured.groupby(["cell", "depth", "parameters"], sort=False)["study"].transform("first")
    for network, rows in measured.loc[measured["study"] == first].groupby(["cell", "depth"], sort=False):
        if len(set(rows["parameters"])) >= 3:
            found[network] = pooled_slope_interval(rows["parameters"], rows["bits"])
    return found


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.4g}")

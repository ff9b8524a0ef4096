"""Tables of best settings: the slope over sizes, and as text."""

import pandas as pd

from capacity_jax.stats.intervals import Interval, slope_interval


def slopes(table: pd.DataFrame) -> dict[tuple[str, int], Interval]:
    """Bits per parameter as the slope of bits over sizes, by cell and depth; only where three sizes are known.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import slopes
      >>> table = pd.DataFrame({"cell": "rnn", "depth": 1, "parameters": [500, 1000, 2000], "bits": [1500, 3300, 6900]})
      >>> round(slopes(table)["rnn", 1].value, 6)
      3.6
    """
    found = {}
    for network, rows in table.groupby(["cell", "depth"], sort=False):
        # Two budgets may buy the same width, and then hold the same measurement twice.
        rows = rows.dropna(subset="bits").drop_duplicates("parameters")
        if len(set(rows["parameters"])) >= 3:
            found[network] = slope_interval(rows["parameters"], rows["bits"])
    return found


def as_text(table: pd.DataFrame) -> str:
    """The table for a terminal."""
    return table.to_string(index=False, float_format=lambda value: f"{value:.4g}")

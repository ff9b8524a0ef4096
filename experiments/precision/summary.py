"""Shares of bits kept, and from how many bits of weight on nothing is lost."""

import numpy as np
import pandas as pd

from capacity_jax.stats import NOTHING, mean_interval

NETWORK = ["cell", "depth", "budget", "parameters"]


def kept(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of changed networks with `whole`, the bits of the network as it was trained, and `share`, the part kept.

    Draws of noise are averaged before shares are taken: a row is a network in one variant.
    """
    whole = rows.loc[rows["change"] == "none"].set_index([*NETWORK, "seed"])["stored"].rename("whole")
    changed = rows.loc[rows["change"] != "none"]
    means = changed.groupby([*NETWORK, "seed", "labels", "change", "group", "bits"], dropna=False, as_index=False)
    joined = means[["stored", "code"]].mean().join(whole, on=[*NETWORK, "seed"])
    return joined.assign(share=joined["stored"] / joined["whole"])


def over_seeds(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Mean and 95% interval of a column over seeds, one row for each network and variant."""
    found = table.groupby([*NETWORK, "change", "group", "bits"], dropna=False)[column].agg(list).reset_index()
    intervals = [mean_interval(values) for values in found[column]]
    bounds = pd.DataFrame(intervals, columns=["mean", "low", "high"])
    return found.drop(columns=column).join(bounds).assign(seeds=found[column].map(len))


def bits_for_share(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """The bits at which a network keeps so large a share of what it stored, between measured ones by a straight line.

    Args:
      table: as `kept` gives it.
      share: of the bits stored.

    Returns:
      A row for each network and change, with the mean over seeds as an interval in `needed`: that of no number where a
      seed does not come so far within the bits that were tried.
    """
    by_seed = table.sort_values("bits").groupby([*NETWORK, "change", "group", "seed"], dropna=False)
    curves = by_seed[["bits", "share"]].agg(list).reset_index()
    curves["needed"] = [
        _crossing(np.array(bits, float), np.array(shares), share)
        for bits, shares in zip(curves["bits"], curves["share"], strict=True)
    ]
    found = curves.groupby([*NETWORK, "change", "group"], dropna=False)["needed"].agg(list).reset_index()
    intervals = [mean_interval(values) if np.isfinite(values).all() else NOTHING for values in found["needed"]]
    return found.assign(needed=pd.Series(intervals, dtype=object), seeds=found["needed"].map(len))


def _crossing(bits, shares, share):
    """Where shares, in the order of bits, rise to a share for good."""
    below = np.flatnonzero(shares < share)
    if not len(below):
        return float(bits[0])
    last = below[-1]
    if last == len(bits) - 1:
        return float("nan")
    return float(np.interp(share, shares[last : last + 2], bits[last : last + 2]))

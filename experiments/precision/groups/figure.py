"""Bits stored where one group of parameters is trained alone: of the network, and for each trained parameter."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.cells import cell_by_name
from capacity_jax.networks import Network
from capacity_jax.results.figures import COLOURS, grid
from capacity_jax.results.formatting import network_label
from experiments.by_choice import best_of_each, summary
from experiments.paper.cells import cells_of
from experiments.precision.group_sizes import parameters_by_group
from experiments.precision.rules import COMMON_GROUPS

GROUPS = ("all", *COMMON_GROUPS)


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials that trained by `one_group`."""
    return records.loc[np.array(["trained_group" in hparams for hparams in records["hparams"]], bool)]


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"One group trained": stored_by_group(records)}


def stored_by_group(records: pd.DataFrame) -> pd.DataFrame:
    """Bits stored for each parameter that was trained: a row for each network and group, with 95% over seeds.

    Columns: as `summary` has them, with `trained`, the number of parameters in the group, and `share`, of the bits that
    the network stores where all are trained.
    """
    seeds = best_of_each(select(records), "trained_group")
    counts = [_trained(*row) for row in zip(*(seeds[name] for name in NETWORK), seeds["trained_group"], strict=True)]
    seeds = seeds.assign(trained=counts, per_trained=seeds["bits"].fillna(0) / counts if len(seeds) else [])
    table = summary(seeds, "trained_group", "trained", column="per_trained")
    bits = table["mean"] * table["trained"]
    whole = bits.where(table["trained_group"] == "all").groupby([table["cell"], table["depth"]]).transform("max")
    return table.assign(share=bits / whole)


NETWORK = ("cell", "depth", "units", "n_in")


def _trained(cell, depth, units, n_in, group):
    counts = parameters_by_group(Network(cell_by_name(cell), n_in, units, 1, depth))
    return counts.total() if group == "all" else counts[group]


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bars by network and group; the authors have published nothing on it."""
    table = stored_by_group(records)
    networks = [
        (cell, int(depth))
        for cell in cells_of(table)
        for depth in sorted(set(table.loc[table["cell"] == cell, "depth"]))
    ]
    figure = Figure(figsize=(11, 7.4), layout="constrained")
    per_trained, shares = figure.subplots(2, 1, sharex=True)
    width = 0.8 / len(GROUPS)
    for i, group in enumerate(GROUPS):
        rows = table.loc[table["trained_group"] == group]
        rows = rows.set_index(["cell", "depth"]).reindex(networks)
        places = np.arange(len(networks)) + (i - (len(GROUPS) - 1) / 2) * width
        errors = np.abs(rows[["low", "high"]].T.to_numpy(float) - rows["mean"].to_numpy(float))
        per_trained.bar(places, rows["mean"], width, yerr=errors, capsize=2, color=COLOURS[i], label=group)
        shares.bar(places, rows["share"], width, color=COLOURS[i])
    per_trained.set(
        ylabel="stored bits for each trained parameter", title="One group of parameters trained, the others as drawn"
    )
    shares.set(ylabel="share of the bits of the whole network")
    shares.set_xticks(range(len(networks)), [network_label(network) for network in networks])
    for axes in (per_trained, shares):
        axes.set_ylim(bottom=0)
        axes.set_axisbelow(True)
        grid(axes)
    if table.empty:
        per_trained.text(0.5, 0.5, "no trials yet", transform=per_trained.transAxes, ha="center", color="0.4")
    else:
        per_trained.legend(frameon=False, ncols=3, fontsize=9)
    return figure

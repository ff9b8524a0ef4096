"""Fig. 2c: what a unit carries."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.figures import means_and_seeds
from experiments.paper.fig2c.claim import CLAIMS, recalls
from experiments.paper.panels import caption, legend, panel
from experiments.paper.selections import of_task


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of recall."""
    return of_task(records, "mem_thru")


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Squared error of recall against units per layer, with the curve of a subspace.

    Published trials are not drawn: the authors' trials do not tell their numbers of units.
    """
    rows = select(records)
    best, seeds = means_and_seeds(rows)
    n_in = int(np.max(best["n_in"])) if len(best) else 64
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.subplots()
    units = np.arange(1, int(max([1.5 * n_in, *best["units"]])) + 1)
    curve = [subspace_error(int(n), n_in) for n in units]
    axes.plot(units, curve, color="0.75", linewidth=5, solid_capstyle="butt", zorder=0)
    axes.axvline(n_in, color="0.5", linestyle=":", linewidth=1)
    panel(axes, best, seeds, "units", markerfacecolor="none", markersize=8)
    axes.set(xlabel="units per layer", ylabel="squared error per dimension", title=f"Recall of {n_in} values")
    axes.set_ylim(bottom=-0.02)
    subspace = Line2D([], [], color="0.75", linewidth=5, label="subspace of as many dimensions as units")
    legend(figure, best, [subspace], loc="outside right upper")
    caption(figure, CLAIMS[0].statement, f"{_in_words(rows, n_in)} Bars: 95% over seeds of the best setting.")
    return figure


def _in_words(rows, n_in):
    below = [recall for recall in recalls(rows).values() if len(recall.distances)]
    if not below:
        return "no network with fewer units than values yet."
    knees = n_in / np.array([recall.per_unit.mean() for recall in below])
    away = np.array([recall.distances.mean() for recall in below])
    return (
        f"over {len(below)} networks (cell and depth) the knee lies at {knees.min():.1f} to {knees.max():.1f} units, "
        f"and the mean distance to the curve at {away.min():+.4f} to {away.max():+.4f}."
    )

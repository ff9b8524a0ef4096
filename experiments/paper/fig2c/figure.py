"""Fig. 2c: what a unit carries."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.best import best_table
from experiments.paper.fig1.claim import claim_4
from experiments.paper.panels import caption, legend, panel
from experiments.paper.selections import of_task


def fig2c(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Squared error of recall against units per layer, with the curve of a subspace.

    Args:
      trials: a table of trials.
      published: not drawn: the authors' trials do not tell their numbers of units.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig2c
      >>> len(fig2c(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      1
    """
    best = best_table(of_task(trials, "mem_thru"))
    n_in = int(np.max(best["n_in"])) if len(best) else 64
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    units = np.arange(1, int(max([1.5 * n_in, *best["units"]])) + 1)
    curve = [subspace_error(int(n), n_in) for n in units]
    axes.plot(units, curve, color="0.75", linewidth=5, solid_capstyle="butt", zorder=0)
    axes.axvline(n_in, color="0.5", linestyle=":", linewidth=1)
    panel(axes, best, "units", "squared_error", markerfacecolor="none", markersize=8)
    axes.set(xlabel="units per layer", ylabel="squared error per dimension", title=f"Recall of {n_in} values")
    axes.set_ylim(bottom=-0.02)
    subspace = Line2D([], [], color="0.75", linewidth=5, label="subspace of as many dimensions as units")
    legend(axes, best, [subspace])
    caption(
        figure,
        "a network recalls a random input of dimension 64 if and only if it has 64 units per layer; below, the error "
        "of all architectures and depths is that of reconstructing a subspace of as many dimensions as units.",
        f"{_in_words(claim_4(trials), n_in)} Bars: 95% over seeds of the best setting.",
    )
    return figure


def _in_words(claim, n_in):
    knees = [n_in / finding.interval.value for finding in claim.findings if "per unit" in finding.name]
    away = [finding.interval.value for finding in claim.findings if "distance" in finding.name]
    knees, away = np.array(knees)[np.isfinite(knees)], np.array(away)[np.isfinite(away)]
    if not len(knees):
        return "no network with fewer units than values yet."
    return (
        f"over {len(knees)} networks (cell and depth) the knee lies at {knees.min():.1f} to {knees.max():.1f} units, "
        f"and the mean distance to the curve at {away.min():+.4f} to {away.max():+.4f}."
    )

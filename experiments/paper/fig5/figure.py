"""Fig. 5 and Table 1: losses and divergence under random hyperparameters."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.figures import grid
from capacity_jax.stats import median_interval, share_interval
from experiments.paper import panels
from experiments.paper.cells import cell_label, cells_of
from experiments.paper.fig5.claim import CLAIMS, TABLE_1, lowest_at
from experiments.paper.rivals import losses_by_cell
from experiments.paper.selections import matching
from experiments.paper.selections import random_rows as select

DEPTHS = (1, 8)
PAPER = {"marker": "_", "markeredgewidth": 2, "color": "0.45", "linestyle": "none"}


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Box plots of the evaluation losses of random draws at depths 1 and 8, and the shares of those that diverged.

    Boxes hold the middle half of the trials that did not diverge, whiskers all of them; the notch is the median's 95%
    interval.
    """
    rows = select(records)
    theirs = panels.published_on(published, "parens_counting")
    figure = Figure(figsize=(11, 8.5), layout="constrained")
    boxes, shares = figure.subplots(2, len(DEPTHS), sharey="row", height_ratios=(1.4, 1))
    table = infeasible_table(rows)
    for column, depth in enumerate(DEPTHS):
        _boxes(boxes[column], matching(rows, depth=depth), matching(theirs, depth=depth))
        boxes[column].set_title(f"{'ab'[column]}  {panels.depth_title(depth)}")
        _shares(shares[column], matching(table, depth=depth))
        shares[column].set_title(f"Table 1, {panels.depth_title(depth)}")
    boxes[0].set_ylabel("evaluation loss")
    if handles := panels.published_handles(theirs):
        boxes[0].legend(handles=handles, frameon=False, fontsize=9)
    shares[0].set_ylabel("diverged, %")
    panels.caption(
        figure,
        f"1,000 draws on parentheses, 200,000 parameters. {CLAIMS[0].statement}",
        f"{_in_words(rows)} Notches and bars: 95%, of the median and (Wilson) of the share.",
    )
    return figure


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Table 1: shares of diverged random draws": infeasible_table(records)}


def infeasible_table(records: pd.DataFrame) -> pd.DataFrame:
    """Table 1: the share of random draws that diverged, with its 95% interval, next to the paper's.

    Args:
      records: a table of trials.

    Returns:
      Columns depth, cell, trials, share, ci_low, ci_high and paper; shares between 0 and 1, NaN where there is none.
    """
    found: list[dict[str, Any]] = []
    for _, group in select(records).groupby(["depth", "cell"]):
        cell, depth = group["cell"].iloc[0], group["depth"].iloc[0]
        share = share_interval(sum(group["infeasible"]), len(group))
        paper = TABLE_1.get(depth, {}).get(cell, np.nan)
        numbers = {"share": share.value, "ci_low": share.low, "ci_high": share.high, "paper": paper}
        found.append({"depth": depth, "cell": cell, "trials": len(group)} | numbers)
    return pd.DataFrame(found, columns=["depth", "cell", "trials", "share", "ci_low", "ci_high", "paper"])


def _boxes(axes: Axes, rows: pd.DataFrame, theirs: pd.DataFrame) -> None:
    cells = cells_of(rows)
    for place, cell in enumerate(cells):
        losses, style = matching(rows, cell=cell)["score"].dropna(), panels.style_of(cell, rows)
        box = axes.boxplot(
            losses, positions=[place], widths=0.6, whis=(0, 100), patch_artist=True, notch=len(losses) > 5
        )
        box["boxes"][0].set(facecolor=style["color"], alpha=0.35)
        box["medians"][0].set(color="black", linewidth=1.6)
        axes.plot(place, matching(theirs, cell=cell)["score"].min(), marker=style["marker"], **panels.PUBLISHED)
    grid(axes)
    _name(axes, cells)


def _shares(axes: Axes, table: pd.DataFrame) -> None:
    cells = cells_of(table)
    for place, cell in enumerate(cells):
        row, style = matching(table, cell=cell).iloc[0], panels.style_of(cell, table)
        errors = [[row["share"] - row["ci_low"]], [row["ci_high"] - row["share"]]]
        axes.errorbar(place, 100 * row["share"], 100 * np.array(errors), **style)
        axes.plot(place, 100 * row["paper"], markersize=22, **PAPER)
    # Room for the marks of those that never diverged.
    axes.set_ylim(bottom=-2)
    grid(axes)
    _name(axes, cells)
    handle = Line2D([], [], markersize=14, label="paper", **PAPER)
    if cells:
        axes.legend(handles=[handle], frameon=False, fontsize=9)


def _name(axes, cells):
    if not cells:
        panels.no_trials(axes)
    axes.set_xticks(range(len(cells)), [cell_label(cell) for cell in cells])


def _in_words(rows):
    found, lowest = [], lowest_at(rows)
    for depth, at_depth in rows.groupby("depth"):
        losses = losses_by_cell(at_depth)
        middle = min(losses, key=lambda cell: median_interval(losses[cell]).value)
        found.append(f"depth {depth}, lowest loss {cell_label(lowest[depth])}, lowest median {cell_label(middle)}")
    n = sorted(set(rows.groupby(["cell", "depth"]).size()))
    draws = f"{n[0]} to {n[-1]} draws" if len(n) > 1 else f"{sum(n)} draws"
    return f"{'; '.join(found)} ({draws} of each)." if found else "no random draws yet."

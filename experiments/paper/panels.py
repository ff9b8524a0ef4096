"""What the panels of all paper figures share."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.best import best_table
from capacity_jax.results.figures import (
    LINES,
    as_written,
    by_network,
    cells_in_order,
    errorbars,
    grid,
    network_style,
    seed_points,
)
from experiments.paper.cells import PAPER_CELLS, cell_label, cells_of
from experiments.paper.selections import matching

PUBLISHED: dict[str, Any] = {
    "color": "0.45",
    "linestyle": "none",
    "markersize": 5,
    "markerfacecolor": "none",
    "zorder": 3,
}
HOLLOW: dict[str, Any] = {"marker": "o", "color": "0.4", "linestyle": "none", "markersize": 4, "markerfacecolor": "w"}


def style_of(cell: str, table: pd.DataFrame, depth: int = 1) -> dict[str, Any]:
    """How all figures draw a cell of a table: the paper's six always alike, whichever others are registered."""
    return network_style(cells_in_order(table, PAPER_CELLS).index(cell), depth)


def panel(
    axes: Axes, best: pd.DataFrame, seeds: pd.DataFrame, x: str, published: pd.DataFrame | None = None, **style: Any
) -> None:
    """The score of best settings with intervals, a point for each seed, over published ones; or that there is none.

    Args:
      axes: where to draw.
      best: a row for each study, as `means_and_seeds` gives them.
      seeds: a row for each seed of its best setting, from there too.
      x: the column along the horizontal axis.
      published: rows of the authors' best settings.
      style: changes to the style of the lines.
    """
    measured = best.dropna(subset=["score"])
    errorbars(axes, measured, x, "score", PAPER_CELLS, **style)
    seed_points(axes, seeds.dropna(subset=["score"]), x, "score", PAPER_CELLS)
    if published is not None and len(published):
        for (cell, _), rows, style in by_network(published.dropna(subset=[x, "score"]), PAPER_CELLS):
            axes.plot(rows[x], rows["score"], marker=style["marker"], label=f"published {cell}", **PUBLISHED)
    grid(axes)
    if measured.empty:
        no_trials(axes)


def depths_in(records: pd.DataFrame, depths: Sequence[int]) -> Sequence[int]:
    """Those of a figure's depths that were measured, so that no panel is empty; all of them before any trial."""
    return [depth for depth in depths if depth in set(records["depth"])] or depths


def no_trials(axes: Axes) -> None:
    """The note in an empty panel."""
    axes.text(0.5, 0.5, "no trials yet", transform=axes.transAxes, ha="center", va="center", color="0.4")


def best_published(published: pd.DataFrame | None, task: str) -> pd.DataFrame | None:
    """The best published setting of each cell, depth and budget on a task."""
    if published is None:
        return None
    return best_table(matching(published, task=task))


def legend(place: Figure | Axes, table: pd.DataFrame, extra: Iterable = (), **layout) -> None:
    """One legend for all panels of a table of best settings: cells, lines of the depths if not 1 alone, points."""
    cells, depths = cells_of(table), sorted(set(table["depth"]))
    handles = []
    for cell in cells:
        style = style_of(cell, table)
        style.pop("capsize")
        handles.append(Line2D([], [], label=cell_label(cell), **style))
    if depths != [1]:
        handles += [Line2D([], [], color="0.3", ls=LINES.get(d, "-"), label=f"depth {d}") for d in depths]
    if "still_learning" in table and any(set(table["still_learning"])):
        handles.append(Line2D([], [], label="seed, still learning", **HOLLOW))
    handles += extra
    if handles:
        as_written(place.legend(handles=handles, frameon=False, fontsize=9, **layout))


def published_handles(published: pd.DataFrame | None) -> list[Line2D]:
    """The legend's entry for published values, if there are any."""
    if published is None or not np.isfinite(published["score"].to_numpy(float)).any():
        return []
    return [Line2D([], [], marker="o", label="published", **PUBLISHED)]


def published_on(published: pd.DataFrame | None, task: str) -> pd.DataFrame:
    """The published trials on a task that did not diverge; none where none were given."""
    if published is None:
        return pd.DataFrame(columns=["cell", "depth", "number", "score"])
    return matching(published, task=task, infeasible=False)


def caption(figure: Figure, paper: str, measured: str) -> None:
    """The paper's claim and what was measured here, below the panels."""
    width = int(figure.get_figwidth() * 14)
    lines = [textwrap.fill(text, width) for text in (f"Paper: {paper}", f"Measured here: {measured}")]
    figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=9, linespacing=1.4)


def depth_title(depth: int | None) -> str:
    """A panel's depth in words."""
    if depth is None:
        return "all depths"
    return "1 layer" if depth == 1 else f"{depth} layers"

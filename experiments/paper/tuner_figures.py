"""Fig. 4: how the tuner gets on, the paper's measure of trainability, drawn alike for both tasks."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.results.figures import grid
from capacity_jax.results.formatting import in_words
from capacity_jax.stats import median_interval
from experiments.paper import panels
from experiments.paper.cells import cell_label, cells_of
from experiments.paper.fig4_parens.claim import CLAIMS
from experiments.paper.rivals import losses_by_cell
from experiments.paper.selections import matching, of_task, tuned

DEPTHS = (1, 2, 4, 8)


def tuner_figure(task: str, name: str, letters: str) -> tuple[Callable, Callable]:
    """`select` and `draw` of a figure: median and minimum loss so far against tuner iteration, at four depths.

    Args:
      task: by the paper's name.
      name: of the task, for the caption.
      letters: of the panels.
    """

    def select(records: pd.DataFrame) -> pd.DataFrame:
        """What a tuner tried on the task, in its order."""
        return tuned(of_task(records, task))

    def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
        """Median and minimum evaluation loss so far against tuner iteration, at each depth measured of 1, 2, 4, 8.

        The band is the 95% interval of the median. Diverged trials count as infinite. The best published trial is a
        reference point at the number of their trials.
        """
        rows = select(records)
        theirs = panels.published_on(published, task)
        depths = panels.depths_in(rows, DEPTHS)
        figure = Figure(figsize=(max(3.3 * len(depths), 9), 7), layout="constrained")
        axes_of_all = figure.subplots(2, len(depths), sharey=True, squeeze=False)
        for row, (axes_of_row, curves) in enumerate(zip(axes_of_all, (_medians, _minima), strict=True)):
            for axes, depth in zip(axes_of_row, depths, strict=True):
                at_depth = matching(rows, depth=depth)
                curves(axes, at_depth)
                if curves is _minima:
                    _best_published(axes, matching(theirs, depth=depth))
                grid(axes)
                letter = letters[len(DEPTHS) * row + DEPTHS.index(depth)]
                axes.set(title=f"{letter}  {panels.depth_title(depth)}", xlabel="tuner iteration")
                if at_depth.empty:
                    panels.no_trials(axes)
            axes_of_row[0].set_ylabel(f"{'minimum' if row else 'median'} evaluation loss so far")
        panels.legend(
            figure,
            rows.assign(depth=1, still_learning=False),
            panels.published_handles(theirs),
            loc="outside upper center",
            ncols=8,
        )
        panels.caption(
            figure,
            CLAIMS[0].statement,
            f"{name}; lowest median and lowest loss after all trials: {_in_words(rows)}. Bands: 95% of the median.",
        )
        return figure

    return select, draw


def _studies(rows):
    """Iterations and losses of each study, diverged trials as infinite, with its line's style."""
    cells = cells_of(rows)
    for _, study in rows.groupby("study", sort=False):
        cell = study["cell"].iloc[0]
        style = panels.style_of(cell, rows)
        losses = study["score"].fillna(np.inf).to_numpy(float)
        # A few marks on each line, no two cells' at one place.
        apart = max(1, len(losses) // 5)
        marks = {"markevery": (cells.index(cell) * apart // len(cells), apart), "markersize": 4}
        yield np.arange(1, len(losses) + 1), losses, {n: style[n] for n in ("color", "marker", "linewidth")} | marks


def _medians(axes: Axes, rows: pd.DataFrame) -> None:
    for iterations, losses, style in _studies(rows):
        intervals = np.array([median_interval(losses[:n]) for n in iterations])
        value, low, high = np.where(np.isfinite(intervals), intervals, np.nan).T
        # Where the upper bound is a diverged trial, the band reaches out of the panel.
        top = np.nanmax(losses[np.isfinite(losses)], initial=0)
        high = np.where(np.isinf(intervals[:, 2]), top, high)
        axes.plot(iterations, value, **style)
        axes.fill_between(iterations, low, high, color=style["color"], alpha=0.12, linewidth=0)


def _minima(axes: Axes, rows: pd.DataFrame) -> None:
    for iterations, losses, style in _studies(rows):
        lowest = np.minimum.accumulate(losses)
        lowest[np.isinf(lowest)] = np.nan
        axes.plot(iterations, lowest, drawstyle="steps-post", **style)


def _best_published(axes, published):
    for cell, rows in published.groupby("cell"):
        marker = panels.style_of(str(cell), published)["marker"]
        axes.plot(rows["number"].max() + 1, rows["score"].min(), marker=marker, **panels.PUBLISHED)


def _in_words(rows):
    found = []
    for depth, at_depth in rows.groupby("depth"):
        losses = losses_by_cell(at_depth)
        middle = min(losses, key=lambda cell: median_interval(losses[cell]).value)
        lowest = min(losses, key=lambda cell: losses[cell].min())
        median = in_words(median_interval(losses[middle]))
        minimum = f"{cell_label(lowest)} {losses[lowest].min():.2f}"
        found.append(f"depth {depth}, {cell_label(middle)} {median} and {minimum}")
    return "; ".join(found) or "no trials yet"

"""Fig. 4: how the tuner gets on, the paper's measure of trainability."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.stats.rank_tests import median_interval
from capacity_jax.results.best import score_values
from capacity_jax.results.figures import grid, label, network_style
from experiments.paper.panels import PUBLISHED, caption, depth_title, legend, no_trials, published_handles
from experiments.paper.selections import cells_of, matching, of_task, searched
from capacity_jax.results.formatting import in_words

DEPTHS = (1, 2, 4, 8)


def fig4_parens(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Median and minimum evaluation loss so far against tuner iteration, parentheses, depths 1, 2, 4 and 8.

    The band is the 95% interval of the median. Diverged trials count as infinite.

    Args:
      trials: a table of trials.
      published: a table of the authors' trials, whose best is a reference point at the number of their trials.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig4_parens
      >>> len(fig4_parens(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      8
    """
    return _figure(trials, published, "parens_counting", "parentheses", "abcdefgh")


def fig4_arith(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Median and minimum evaluation loss so far against tuner iteration, arithmetic, depths 1, 2, 4 and 8.

    The band is the 95% interval of the median. Diverged trials count as infinite.

    Args:
      trials: a table of trials.
      published: a table of the authors' trials, whose best is a reference point at the number of their trials.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig4_arith
      >>> len(fig4_arith(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      8
    """
    return _figure(trials, published, "arithmetic", "arithmetic", "ijklmnop")


def _figure(trials, published, task, name, letters):
    rows = searched(of_task(trials, task))
    theirs = rows.iloc[:0] if published is None else matching(published, task=task)
    figure = Figure(figsize=(13, 7), layout="constrained")
    panels = figure.subplots(2, len(DEPTHS), sharey=True)
    for row, (panels_of_row, draw) in enumerate(zip(panels, (_medians, _minima), strict=True)):
        for column, (axes, depth) in enumerate(zip(panels_of_row, DEPTHS, strict=True)):
            at_depth = matching(rows, depth=depth)
            draw(axes, at_depth)
            if draw is _minima:
                _best_published(axes, matching(theirs, depth=depth))
            grid(axes)
            axes.set(title=f"{letters[4 * row + column]}  {depth_title(depth)}", xlabel="tuner iteration")
            if at_depth.empty:
                no_trials(axes)
        panels_of_row[0].set_ylabel(f"{'minimum' if row else 'median'} evaluation loss so far")
    legend(figure, rows.assign(depth=1), published_handles(theirs, "eval_loss"), loc="outside upper center", ncols=8)
    caption(
        figure,
        "RNN and IRNN learn slowest and fail as depth grows; GRU is best at depth 1, +RNN at depth 8.",
        f"{name}; lowest median and lowest loss after all trials: {_in_words(rows)}. Bands: 95% of the median.",
    )
    return figure


def _studies(rows):
    """Iterations and losses of each study, diverged trials as infinite, with its line's style."""
    cells = cells_of(rows)
    for _, study in rows.groupby("study", sort=False):
        cell = study["cell"].iloc[0]
        style = network_style(cell, others=cells)
        losses = score_values(study).fillna(np.inf).to_numpy()
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
    for cell, rows in published[~published["infeasible"].astype(bool)].groupby("cell"):
        marker = network_style(cell, others=[cell])["marker"]
        axes.plot(rows["number"].max() + 1, rows["eval_loss"].min(), marker=marker, **PUBLISHED)


def _in_words(rows):
    found = []
    for depth, at_depth in rows.groupby("depth"):
        losses = {cell: score_values(group).fillna(np.inf) for cell, group in at_depth.groupby("cell")}
        middle = min(losses, key=lambda cell: losses[cell].median())
        lowest = min(losses, key=lambda cell: losses[cell].min())
        median = in_words(median_interval(losses[middle]))
        minimum = f"{label((lowest, 1))} {losses[lowest].min():.2f}"
        found.append(f"depth {depth}, {label((middle, 1))} {median} and {minimum}")
    return "; ".join(found) or "no trials yet"

"""Fig. 3: the loss against parameters and units, drawn alike on text and on random continuous functions."""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.figures import log_axis, means_and_seeds
from capacity_jax.results.formatting import in_words
from capacity_jax.stats import mean_or_nothing
from experiments.paper.fig3_text8.claim import CLAIMS, gains, spreads
from experiments.paper.panels import best_published, caption, depth_title, depths_in, legend, panel, published_handles
from experiments.paper.selections import matching, of_task

DEPTHS = (1, 2, 4)


def loss_figure(task: str, ylabel: str, letters: str, name: str = "") -> tuple[Callable, Callable]:
    """`select` and `draw` of a figure: the score against parameters by depth, and at depth 1 in panel d against units.

    Args:
      task: by the paper's name.
      ylabel: what the score is.
      letters: of the panels.
      name: of the task, for the caption; by default the trials' own.
    """

    def select(records: pd.DataFrame) -> pd.DataFrame:
        """The trials of the task."""
        return of_task(records, task)

    def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
        """The score against parameters at each depth that was measured of 1, 2 and 4, and against units at depth 1."""
        rows = select(records)
        names = name or ", ".join(sorted(set(rows["task"]))) or task
        best, seeds = means_and_seeds(rows)
        kept = depths_in(rows, DEPTHS)
        shown = [(letter, depth) for letter, depth in zip(letters, (*DEPTHS, 1), strict=False) if depth in kept]
        figure = Figure(figsize=(max(3.6 * len(shown), 9), 5), layout="constrained")
        reference = best_published(published, task)
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, (letter, depth) in zip(panels, shown, strict=True):
            x = "units" if letter == "d" else "parameters"
            drawn = None if reference is None else matching(reference, depth=depth)
            lines, points = (matching(table, depth=depth) for table in (best, seeds))
            panel(axes, lines, points, x, published=drawn, linestyle="-")
            log_axis(axes.xaxis)
            axes.set(title=f"{letter}  {depth_title(depth)}")
            axes.set_xlabel("units per layer" if letter == "d" else "number of parameters")
        panels[0].set_ylabel(ylabel)
        legend(figure, best.assign(depth=1), published_handles(reference), loc="outside upper center", ncols=8)
        gain, spread = (in_words(mean_or_nothing(values)) for values in (gains(best), spreads(best)))
        caption(
            figure,
            CLAIMS[0].statement,
            f"{names}; one line over the logarithm of units misses the points by {gain} more than one over that of "
            f"parameters; the cells' range at one size, over the range of sizes, is {spread}. Bars: 95% over seeds.",
        )
        return figure

    return select, draw

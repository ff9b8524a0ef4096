"""One figure for what a task measures: stored bits, recall, or any objective, against the size of networks."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.cells import CELLS
from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.formatting import network_label
from capacity_jax.results.table import slopes
from capacity_jax.tasks.base import Task

# Hues of Okabe & Ito, told apart by colour-blind readers; marks tell the cells apart in grey. One
# mark more than colours: the pairs of both are all different for 56 cells.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "osD^vPX*"
LINES = {1: "-", 2: "--", 4: "-.", 8: ":"}
PAPER_BAND = (3.0, 6.0)


def task_figure(task: Task, table: pd.DataFrame) -> Figure:
    """The figure that shows what a task measures: stored bits, recall, or else its objective.

    Args:
      task: as it was trained.
      table: one row for each study, as `best_table` gives them.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results.figures import task_figure
      >>> from capacity_jax.tasks import mem_thru
      >>> table = pd.DataFrame({"cell": "rnn", "depth": 1, "units": 16, "parameters": [433], "squared_error": [0.2]})
      >>> table["ci_low"], table["ci_high"] = 0.1, 0.3
      >>> figure = task_figure(mem_thru(n_in=16), table)
      >>> len(figure.axes)
      1
    """
    if task.name == "per_cap":
        return capacity_figure(table)
    if task.name == "mem_thru":
        return recall_figure(table, task.n_in)
    return objective_figure(table, task.objective, task.name)


def capacity_figure(table: pd.DataFrame) -> Figure:
    """Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1a and 1e).

    Bars are the 95% intervals over seeds; the band is the paper's range of 3 to 6 bits per parameter.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    total, per_parameter = figure.subplots(1, 2)
    fits = slopes(table)
    sizes = _span(table)
    total.fill_between(sizes, *(sizes * bits for bits in PAPER_BAND), color="0.9", zorder=0)
    per_parameter.axhspan(*PAPER_BAND, color="0.9", zorder=0, label="paper: 3 to 6")
    for network, rows, style in by_network(table):
        fit = fits.get(network)
        slope = f": slope {fit.value:.2f} [{fit.low:.2f}, {fit.high:.2f}]" if fit else ""
        errors = _errors(rows, "bits_per_parameter")
        size = rows["parameters"]
        total.errorbar(size, rows["bits"], errors * size.to_numpy(), label=network_label(network) + slope, **style)
        per_parameter.errorbar(size, rows["bits_per_parameter"], errors, label=network_label(network), **style)
    total.set(xscale="log", yscale="log", ylabel="stored bits", title="Mutual information")
    per_parameter.set(xscale="log", ylabel="bits per parameter", title="Per parameter")
    per_parameter.set_ylim(bottom=0)
    for axes in (total, per_parameter):
        axes.set(xlabel="number of parameters", xlim=sizes)
        tidy(axes)
    return figure


def objective_figure(table: pd.DataFrame, objective: str, title: str) -> Figure:
    """The objective of any task against the number of parameters, with its 95% intervals over seeds."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    errorbars(axes, table, "parameters", objective)
    axes.set(
        xlim=_span(table), xscale="log", xlabel="number of parameters", ylabel=objective.replace("_", " "), title=title
    )
    tidy(axes)
    return figure


def recall_figure(table: pd.DataFrame, n_in: int) -> Figure:
    """Error of recall against units per layer, with that of a subspace of the inputs (Collins et al. 2017, Fig. 2c)."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    units = np.arange(1, max([n_in, *table["units"]]) + 1)
    reference = [subspace_error(int(n), n_in) for n in units]
    axes.plot(units, reference, color="0.6", linewidth=3, label="subspace of as many dimensions", zorder=0)
    errorbars(axes, table, "units", "squared_error")
    axes.axvline(n_in, color="0.6", linestyle=":", linewidth=1)
    axes.set(xlabel="units per layer", ylabel="squared error per dimension", title=f"Recall of {n_in} values")
    tidy(axes)
    return figure


def cells_in_order(table: pd.DataFrame, first: Iterable[str] = CELLS) -> list[str]:
    """The cells of a table in one order for all figures: those given first, also where they are missing, then others.

    Args:
      table: it has a column `cell`.
      first: names that keep their places whatever a table holds; by default those registered.
    """
    return list(dict.fromkeys([*first, *sorted(table["cell"])]))


def by_network(table: pd.DataFrame, first: Iterable[str] = CELLS) -> Iterator[tuple[Any, pd.DataFrame, dict]]:
    """The rows of each cell and depth in order of size, with the style of their line."""
    cells = cells_in_order(table, first)
    for network, rows in table.groupby(["cell", "depth"], sort=False):
        style = network_style(cells.index(rows["cell"].iloc[0]), rows["depth"].iloc[0])
        yield network, rows.sort_values("parameters"), style


def network_style(place: int, depth: int = 1) -> dict[str, Any]:
    """How figures draw a cell by its place in their order, colour and mark, and a depth, its line."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKS[place % len(MARKS)],
        "linestyle": LINES.get(depth, "-"),
        "capsize": 3,
        "markersize": 5,
        "linewidth": 1.2,
    }


def errorbars(
    axes: Axes, table: pd.DataFrame, x: str, score: str, first: Iterable[str] = CELLS, **changes: Any
) -> None:
    """A line for each cell and depth: a score against another column, with the interval of the score.

    `changes` are made to the style of all lines.
    """
    for network, rows, style in by_network(table, first):
        axes.errorbar(rows[x], rows[score], yerr=_errors(rows, score), label=network_label(network), **style | changes)


def tidy(axes: Axes) -> None:
    """Light grid, plain tick labels, legend without frame."""
    grid(axes)
    axes.legend(frameon=False, fontsize=8)


def grid(axes: Axes) -> None:
    """Light grid, and no more of a frame than the two axes."""
    axes.grid(True, which="major", color="0.85", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _span(table):
    # Some room on both sides: networks of almost one size are then not spread over the whole axis.
    return np.array([table["parameters"].min() * 0.8, table["parameters"].max() * 1.25])


def _errors(rows, score):
    return np.abs(rows[["ci_low", "ci_high"]].T.to_numpy() - rows[score].to_numpy())

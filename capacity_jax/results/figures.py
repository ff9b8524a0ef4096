"""One figure for what a task measures: stored bits, recall, or any objective, against the size of networks."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from capacity_jax.cells import CELLS
from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.best import best_table, measurements
from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.results.table import slopes
from capacity_jax.results.trials import trials_table
from capacity_jax.studies.record import Record
from capacity_jax.tasks.base import Task

# Hues of Okabe & Ito, told apart by colour-blind readers; marks tell the cells apart in grey. One
# mark more than colours: the pairs of both are all different for 56 cells.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "osD^vPX*"
LINES = {1: "-", 2: "--", 4: "-.", 8: ":"}
PAPER_BAND = (3.0, 6.0)


def task_figure(task: Task, trials: Iterable[Record] | pd.DataFrame) -> Figure:
    """The figure that shows what a task measures: stored bits, recall, or else its objective.

    Small points are the seeds of each best setting, marks their means; bars, the 95% intervals of the means, stand
    where there are three seeds or more.

    Args:
      task: as it was trained.
      trials: its records, or a table of them.

    Example:
      >>> from capacity_jax import Bucket, Network, Outcome, Study, mem_thru, rnn
      >>> from capacity_jax.results.figures import task_figure
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> study = Study(bucket, space={}, initial_settings=[{}], trials=0, seeds=2, seed=0)
      >>> scores = [{"loss": error, "squared_error": error} for error in (0.25, 0.75)]
      >>> pairs = zip(study.initial_trials(), scores)
      >>> records = [study.record(Outcome(trial, score, 50_000, False, 9.0)) for trial, score in pairs]
      >>> figure = task_figure(bucket.task, records)
      >>> len(figure.axes)
      1
    """
    if task.name == "per_cap":
        return capacity_figure(trials)
    if task.name == "mem_thru":
        return recall_figure(trials, task.n_in)
    return objective_figure(trials, task.objective, task.name)


def capacity_figure(trials: Iterable[Record] | pd.DataFrame) -> Figure:
    """Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1a and 1e).

    Drawn as by `task_figure`; the band is the paper's range of 3 to 6 bits per parameter.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    total, per_parameter = figure.subplots(1, 2)
    means, seeds = _means_and_seeds(trials)
    fits = slopes(seeds)
    sizes = _span(means)
    total.fill_between(sizes, *(sizes * bits for bits in PAPER_BAND), color="0.9", zorder=0)
    per_parameter.axhspan(*PAPER_BAND, color="0.9", zorder=0, label="paper: 3 to 6")
    for network, rows, style in by_network(means):
        slope = f": slope {in_words(fits[network])}" if network in fits else ""
        errors = _errors(rows, "bits_per_parameter")
        size = rows["parameters"]
        total.errorbar(size, rows["bits"], errors * size.to_numpy(), label=network_label(network) + slope, **style)
        per_parameter.errorbar(size, rows["bits_per_parameter"], errors, label=network_label(network), **style)
    _points(total, seeds, "parameters", "bits")
    _points(per_parameter, seeds, "parameters", "bits_per_parameter")
    total.set(xscale="log", yscale="log", ylabel="mean stored bits", title="Mutual information")
    per_parameter.set(xscale="log", ylabel="mean bits per parameter", title="Per parameter")
    per_parameter.set_ylim(bottom=0)
    for axes in (total, per_parameter):
        axes.set(xlabel="number of parameters", xlim=sizes)
        tidy(axes)
    return figure


def objective_figure(trials: Iterable[Record] | pd.DataFrame, objective: str, title: str) -> Figure:
    """The score of any task, here called `objective`, against the number of parameters, drawn as by `task_figure`."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    means, seeds = _means_and_seeds(trials)
    errorbars(axes, means, "parameters", "score")
    _points(axes, seeds, "parameters", "score")
    ylabel = f"mean {objective.replace('_', ' ')}"
    axes.set(xlim=_span(means), xscale="log", xlabel="number of parameters", ylabel=ylabel, title=title)
    tidy(axes)
    return figure


def recall_figure(trials: Iterable[Record] | pd.DataFrame, n_in: int) -> Figure:
    """Error of recall against units per layer, with that of a subspace of the inputs (Collins et al. 2017, Fig. 2c)."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    means, seeds = _means_and_seeds(trials)
    units = np.arange(1, max([n_in, *means["units"]]) + 1)
    reference = [subspace_error(int(n), n_in) for n in units]
    axes.plot(units, reference, color="0.6", linewidth=3, label="subspace of as many dimensions", zorder=0)
    errorbars(axes, means, "units", "score")
    _points(axes, seeds, "units", "score")
    axes.axvline(n_in, color="0.6", linestyle=":", linewidth=1)
    axes.set(xlabel="units per layer", ylabel="mean squared error per dimension", title=f"Recall of {n_in} values")
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
    as_written(axes.legend(frameon=False, fontsize=8))


def as_written(legend: Legend) -> None:
    """Makes a legend show the names of cells as they are: a `$` begins no formula."""
    for text in legend.get_texts():
        text.set_parse_math(False)


def grid(axes: Axes) -> None:
    """Light grid, and no more of a frame than the two axes."""
    axes.grid(True, which="major", color="0.85", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _means_and_seeds(trials):
    """The row of each study, without an interval that fewer than three seeds would give, and its measurements."""
    trials = trials if isinstance(trials, pd.DataFrame) else trials_table(trials)
    means = best_table(trials)
    means.loc[means["seeds"] < 3, ["ci_low", "ci_high"]] = np.nan
    return means, measurements(trials)


def _points(axes, seeds, x, score):
    for _, rows, style in by_network(seeds):
        axes.scatter(rows[x], rows[score], s=16, color=style["color"], edgecolors="white", linewidths=0.5, zorder=3)


def _span(table):
    # Some room on both sides: networks of almost one size are then not spread over the whole axis.
    return np.array([table["parameters"].min() * 0.8, table["parameters"].max() * 1.25])


def _errors(rows, score):
    return np.abs(rows[["ci_low", "ci_high"]].T.to_numpy() - rows[score].to_numpy())

"""One figure for what a task measures: stored bits, recall, or any objective, against the size of networks."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from capacity_jax.cells import CELLS
from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.best import best_table, measurements
from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.results.table import slopes
from capacity_jax.results.trials import trials_table
from capacity_jax.studies.record import Record

# Hues of Okabe & Ito, told apart by colour-blind readers; marks tell the cells apart in grey. One
# mark more than colours: the pairs of both are all different for 56 cells.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "osD^vPX*"
LINES = {1: "-", 2: "--", 4: "-.", 8: ":"}
PAPER_BAND = (3.0, 6.0)


def task_figure(trials: Iterable[Record] | pd.DataFrame) -> Figure:
    """The figure that shows what a task measures: stored bits, recall, or else its objective.

    Small points are the seeds of each best setting, marks their means; bars, the 95% intervals of the means, stand
    where there are three seeds or more. Hollow points are of seeds that a longer run would likely improve.

    Args:
      trials: records of one task, at least one, or a table of them.

    Example:
      >>> from capacity_jax import Bucket, Network, Outcome, Study, mem_thru, rnn
      >>> from capacity_jax.results.figures import task_figure
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> study = Study(bucket, space={}, initial_settings=[{}], trials=0, seeds=2, seed=0)
      >>> scores = [{"loss": error, "squared_error": error} for error in (0.25, 0.75)]
      >>> pairs = zip(study.initial_trials(), scores)
      >>> records = [study.record(Outcome(trial, score, 50_000, False, 9.0)) for trial, score in pairs]
      >>> figure = task_figure(records)
      >>> len(figure.axes)
      1
    """
    return next(iter(figures_by_task(trials if isinstance(trials, pd.DataFrame) else trials_table(trials)).values()))


def figures_by_task(trials: pd.DataFrame) -> dict[str, Figure]:
    """The figure of each task in a table of trials, by name; a task of several sizes has one for each."""
    figures = {}
    for _, rows in trials.groupby(["task", "n_in"], sort=False):
        task, n_in, objective = rows.iloc[0][["task", "n_in", "score_name"]]
        figures[f"{task}-{n_in}" if task in figures else task] = _figure(rows, task, n_in, objective)
    return figures


def _figure(trials, task, n_in, objective):
    if task == "per_cap":
        return capacity_figure(trials)
    if task == "mem_thru":
        return recall_figure(trials, n_in)
    return objective_figure(trials, objective, task)


def capacity_figure(trials: Iterable[Record] | pd.DataFrame) -> Figure:
    """Stored bits, and bits per parameter, against the number of parameters (Collins et al. 2017, Fig. 1a and 1e).

    Drawn as by `task_figure`; the band is the paper's range of 3 to 6 bits per parameter.
    """
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    total, per_parameter = figure.subplots(1, 2)
    means, seeds = means_and_seeds(trials)
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
    seed_points(total, seeds, "parameters", "bits")
    seed_points(per_parameter, seeds, "parameters", "bits_per_parameter")
    log_axis(total.yaxis)
    total.set(ylabel="mean stored bits", title="Mutual information")
    per_parameter.set(ylabel="mean bits per parameter", title="Per parameter")
    per_parameter.set_ylim(bottom=0)
    for axes in (total, per_parameter):
        log_axis(axes.xaxis)
        axes.set(xlabel="number of parameters", xlim=sizes)
        tidy(axes)
    return figure


def objective_figure(trials: Iterable[Record] | pd.DataFrame, objective: str, title: str) -> Figure:
    """The score of any task, here called `objective`, against the number of parameters, drawn as by `task_figure`."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    means, seeds = means_and_seeds(trials)
    errorbars(axes, means, "parameters", "score")
    seed_points(axes, seeds, "parameters", "score")
    ylabel = f"mean {objective.replace('_', ' ')}"
    log_axis(axes.xaxis)
    axes.set(xlim=_span(means), xlabel="number of parameters", ylabel=ylabel, title=title)
    tidy(axes)
    return figure


def recall_figure(trials: Iterable[Record] | pd.DataFrame, n_in: int) -> Figure:
    """Error of recall against units per layer, with that of a subspace of the inputs (Collins et al. 2017, Fig. 2c)."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    means, seeds = means_and_seeds(trials)
    units = np.arange(1, max([n_in, *means["units"]]) + 1)
    reference = [subspace_error(int(n), n_in) for n in units]
    axes.plot(units, reference, color="0.6", linewidth=3, label="subspace of as many dimensions", zorder=0)
    errorbars(axes, means, "units", "score")
    seed_points(axes, seeds, "units", "score")
    axes.axvline(n_in, color="0.6", linestyle=":", linewidth=1)
    axes.set(xlabel="units per layer", ylabel="mean squared error per dimension", title=f"Recall of {n_in} values")
    tidy(axes)
    return figure


def learning_figure(trials: Iterable[Record] | pd.DataFrame) -> Figure:
    """The objective of training batches along training, of every seed of each study's best setting.

    A dashed line is of a run that a longer one would likely improve. The last values are those of the last batches, not
    of the evaluation set.
    """
    rows = measurements(trials)
    rows = rows.loc[[len(curve) > 0 for curve in rows["curve"]]]
    names = list(dict.fromkeys(rows["score_name"]))
    figure = Figure(figsize=(6.5 * max(1, len(names)), 4.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, max(1, len(names)), squeeze=False)[0], names, strict=False):
        of_score = rows.loc[rows["score_name"] == name]
        for network, of_network, style in by_network(of_score):
            for i, row in enumerate(of_network.to_dict("records")):
                share = np.array(row["curve"]["step"]) / row["hparams"]["train_steps"]
                line = "--" if row["still_learning"] else "-"
                label = network_label(network) if i == 0 else None
                axes.plot(share, row["curve"][name], line, color=style["color"], linewidth=1, alpha=0.7, label=label)
        axes.set(xlabel="share of training", ylabel=name.replace("_", " "), title="Best settings, by training batches")
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


def log_axis(axis: XAxis | YAxis) -> None:
    """A logarithmic axis with whole sizes as its ticks: 500, 1k, 2k."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(EngFormatter(sep=""))
    axis.set_minor_formatter(NullFormatter())


def grid(axes: Axes) -> None:
    """Light grid, and no more of a frame than the two axes."""
    axes.grid(True, which="major", color="0.85", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def means_and_seeds(trials: Iterable[Record] | pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The row of each study, without an interval that fewer than three seeds would give, and its measurements."""
    trials = trials if isinstance(trials, pd.DataFrame) else trials_table(trials)
    means = best_table(trials)
    means.loc[means["seeds"] < 3, ["ci_low", "ci_high"]] = np.nan
    return means, measurements(trials)


def seed_points(axes: Axes, seeds: pd.DataFrame, x: str, score: str, first: Iterable[str] = CELLS) -> None:
    """A small point for each measurement; hollow where a longer run would likely have learned more."""
    for _, rows, style in by_network(seeds, first):
        learning = rows["still_learning"].to_numpy(bool)
        faces = np.where(learning, "white", style["color"]).tolist()
        edges = np.where(learning, style["color"], "white").tolist()
        axes.scatter(rows[x], rows[score], s=16, color=faces, edgecolors=edges, linewidths=0.5, zorder=3)
    if True in set(seeds["still_learning"]):
        # Its place in the legend.
        axes.plot([], [], "o", color="0.4", markerfacecolor="white", markersize=4, label="still learning")


def _span(table):
    # Some room on both sides: networks of almost one size are then not spread over the whole axis.
    return np.array([table["parameters"].min() * 0.8, table["parameters"].max() * 1.25])


def _errors(rows, score):
    return np.abs(rows[["ci_low", "ci_high"]].T.to_numpy() - rows[score].to_numpy())

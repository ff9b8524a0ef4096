"""Bits kept against bits of weight and of state, against noise, and by group of parameters."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.figures import COLOURS, cells_in_order, grid, network_style
from capacity_jax.results.formatting import network_label
from capacity_jax.stats import mean_interval
from experiments.precision.summary import kept, over_seeds
from experiments.precision.variants import COMMON_GROUPS

SNR_AXIS = "½ log2(1 + SNR), bits"


def precision_figure(rows: pd.DataFrame) -> Figure:
    """Quantized weights and states: bits per parameter, per bit of weight, and the share that is kept."""
    table = kept(rows)
    table = table.assign(
        per_parameter=table["stored"] / table["parameters"],
        per_bit=table["stored"] / table["parameters"] / table["bits"],
    )
    figure = Figure(figsize=(11, 8.6), layout="constrained")
    (stored, per_row), (per_bit, states) = figure.subplots(2, 2)
    _lines(stored, table, "weights, range per tensor", "per_parameter")
    _lines(per_row, table, "weights, range per row", "per_parameter")
    _lines(per_bit, table, "weights, range per tensor", "per_bit")
    _lines(states, table, "states", "share")
    stored.set(title="Weights quantized, a range for each tensor", ylabel="stored bits per parameter")
    per_row.set(title="Weights quantized, a range for each unit's weights", ylabel="stored bits per parameter")
    per_row.sharey(stored)
    per_bit.set(title="The same, per bit of weight", ylabel="stored bits per bit of weight")
    states.set(title="States and outputs quantized at every step", ylabel="share of stored bits kept")
    for axes in (stored, per_row, per_bit):
        axes.set_xlabel("bits of each weight")
    states.set_xlabel("bits of each unit's value")
    _legend(figure, table)
    return figure


def noise_figure(rows: pd.DataFrame) -> Figure:
    """Noise on weights and states: the share of stored bits that is kept."""
    table = kept(rows)
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    weights, states = figure.subplots(1, 2)
    _lines(weights, table, "noise on weights", "share")
    _lines(states, table, "noise on states", "share")
    weights.set(title="Noise on weights", ylabel="share of stored bits kept", xlabel=SNR_AXIS)
    states.set(title="Noise on states, at every step", ylabel="share of stored bits kept", xlabel=SNR_AXIS)
    _legend(figure, table)
    return figure


def unit_figure(values: pd.DataFrame) -> Figure:
    """What a unit carries of real values through noise on the states, with 95% over seeds, beside Shannon's bound."""
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    axes = figure.subplots()
    cells, n_steps = cells_in_order(values), values["steps"].iloc[0]
    bound = np.linspace(0, values["bits"].max(), 200)
    axes.plot(bound, bound, color="0.6", linewidth=3, label="bound: noise of the last step alone")
    added_up = 0.5 * np.log2(1 + (4**bound - 1) / n_steps)
    axes.plot(bound, added_up, color="0.6", linestyle="--", label=f"noise of {n_steps} steps added up")
    for network, of_cell in _networks(values):
        levels = np.unique(of_cell["bits"])
        per_unit = of_cell["stored"] / of_cell["units"]
        means = pd.DataFrame([mean_interval(per_unit[of_cell["bits"] == level]) for level in levels])
        style = _style(cells, network[0])
        axes.errorbar(levels, means["value"], _errors(means, "value"), capsize=2, label=network_label(network), **style)
    title = f"Recall of {values['inputs'].iloc[0]} real values by {values['units'].iloc[0]} units"
    axes.set(title=title, xlabel=SNR_AXIS, ylabel="bits recalled per unit")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    grid(axes)
    return figure


def group_figure(rows: pd.DataFrame) -> Figure:
    """Each group of parameters quantized alone: the share of stored bits that is kept, of each cell's largest size."""
    table = kept(rows)
    table = table.loc[table["change"] == "group of weights"]
    table = table.loc[table["budget"] == table.groupby(["cell", "depth"])["budget"].transform("max")]
    shares = over_seeds(table, "share")
    networks = _networks(shares)
    figure = Figure(figsize=(11, 6.8), layout="constrained")
    n_columns = min(3, len(networks))
    grids = figure.subplots(-(-len(networks) // n_columns), n_columns, sharex=True, sharey=True, squeeze=False)
    for axes in grids.ravel()[len(networks) :]:
        axes.set_visible(False)
    for axes, (network, of_cell) in zip(grids.ravel(), networks, strict=False):
        for colour, group in zip(COLOURS, COMMON_GROUPS, strict=False):
            of_group = of_cell.loc[of_cell["group"] == group].sort_values("bits")
            axes.errorbar(
                of_group["bits"],
                of_group["mean"],
                _errors(of_group),
                color=colour,
                marker="o",
                markersize=4,
                capsize=2,
                linewidth=1.2,
                label=group,
            )
        axes.set_title(f"{network_label(network)}, {of_cell['parameters'].iloc[0]:,} parameters")
        grid(axes)
    for axes in grids[-1]:
        axes.set_xlabel("bits of each weight of one group")
    for axes in grids[:, 0]:
        axes.set_ylabel("share of stored bits kept")
    grids[0, 0].legend(frameon=False, fontsize=8)
    return figure


def _lines(axes: Axes, table: pd.DataFrame, change: str, column: str) -> None:
    """A line for each network, dotted for all but the largest size, with intervals over seeds."""
    found = over_seeds(table.loc[table["change"] == change], column)
    cells = cells_in_order(found)
    for (cell, _), of_cell in _networks(found):
        for budget in of_cell["budget"].unique():
            rows = of_cell.loc[of_cell["budget"] == budget].sort_values("bits")
            style = _style(cells, cell)
            style["linestyle"] = "-" if budget == found["budget"].max() else ":"
            axes.errorbar(rows["bits"], rows["mean"], _errors(rows), capsize=2, **style)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    grid(axes)


def _legend(figure: Figure, table: pd.DataFrame) -> None:
    """Cells by colour and mark, sizes by line, below the panels."""
    cells = cells_in_order(table)
    lines = [(network_label(network), _style(cells, network[0])) for network, _ in _networks(table)]
    budgets = sorted(table["budget"].unique(), reverse=True)
    sizes = [
        (f"about {budget:,.0f} parameters", {"color": "0.4", "linestyle": line})
        for budget, line in zip(budgets, "-:", strict=False)
    ]
    handles = [Line2D([], [], label=label, **style) for label, style in lines + sizes]
    figure.legend(handles=handles, frameon=False, fontsize=9, loc="outside lower center", ncols=4)


def _networks(table: pd.DataFrame) -> list[tuple[tuple[str, int], pd.DataFrame]]:
    """The rows of each cell and depth, in the order of all figures."""
    order = cells_in_order(table)
    found = sorted({(cell, int(depth)) for cell, depth in zip(table["cell"], table["depth"], strict=True)})
    return [
        ((cell, depth), table.loc[(table["cell"] == cell) & (table["depth"] == depth)])
        for cell, depth in sorted(found, key=lambda network: order.index(network[0]))
    ]


def _style(cells: list[str], cell: str) -> dict[str, Any]:
    style = network_style(cells.index(cell)) | {"markersize": 3.5, "linewidth": 1}
    return {name: value for name, value in style.items() if name != "capsize"}


def _errors(rows, middle="mean"):
    return np.abs(rows[["low", "high"]].T.to_numpy() - rows[middle].to_numpy())

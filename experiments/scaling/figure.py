"""What stores most against the length of the run and the size of the network, by the fit and by single trials."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.results.figures import cells_in_order, grid, log_axis, network_style, tidy
from capacity_jax.results.formatting import network_label
from capacity_jax.tasks.scaling import PARAMETERS, STEPS
from experiments.scaling.fit import Fit, stored

AXES = {"steps": "training steps", "parameters": "parameters"}


def draw(table: pd.DataFrame, found: Fit) -> Figure:
    """The best rate and labels by the fit, a colour for each cell; and what trials stored against what the fit says."""
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    axes = figure.subplots(2, 3)
    for panel, along in zip(axes[0], AXES, strict=False):
        _lines(panel, table, along, found.best_rate)
        panel.set(ylabel="best learning rate", yscale="log")
    for panel, along in zip(axes[1], AXES, strict=False):
        _lines(panel, table, along, found.best_labels)
        panel.set_ylabel("best labels per parameter")
    for row in axes:
        row[0].set_title(f"at {PARAMETERS:,} parameters, depth 1", fontsize=10)
        row[1].set_title(f"at {STEPS:,} steps, depth 1", fontsize=10)
    _against_fit(axes[0, 2], table, found)
    axes[1, 2].axis("off")
    axes[1, 2].legend(*axes[0, 0].get_legend_handles_labels(), loc="center", frameon=False)
    return figure


def _lines(axes: Axes, table: pd.DataFrame, along: str, best) -> None:
    values = np.geomspace(table[along].min(), table[along].max(), 50)
    sizes = (PARAMETERS, values) if along == "steps" else (values, STEPS)
    order = cells_in_order(table)
    for cell in (cell for cell in order if cell in set(table["cell"])):
        colour = network_style(order.index(cell))["color"]
        axes.plot(values, best(*sizes, cell), color=colour, label=network_label((cell, 1)))
    axes.plot(values, best(*sizes), color="0.3", linestyle="--", label="mean over cells")
    axes.set_xlabel(AXES[along])
    log_axis(axes.xaxis)
    grid(axes)


def _against_fit(axes: Axes, table: pd.DataFrame, found: Fit) -> None:
    order = cells_in_order(table)
    for cell, rows in table.groupby("cell"):
        style = network_style(order.index(str(cell)))
        axes.scatter(stored(rows, found), rows["bits"], s=10, color=style["color"], marker=style["marker"], alpha=0.6)
    most = table["bits"].to_numpy().max()
    axes.plot([0, most], [0, most], color="0.5", linewidth=0.8, label="as the fit says")
    axes.set(xlabel="bits per parameter, fit", ylabel="bits per parameter, trial")
    tidy(axes)

"""Stored bits against conditions of the memorization task: one panel for each condition that was varied."""

from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.results.best import measurements
from capacity_jax.results.figures import cells_in_order, grid, network_style
from capacity_jax.results.formatting import network_label
from experiments.by_choice import summary


class Condition(NamedTuple):
    """An argument of `label_memory` that a sweep varies.

    Attributes:
      title: of its panel.
      label: of its axis.
    """

    title: str
    label: str


CONDITIONS = {
    "n_steps": Condition("Steps", "steps until the label is read"),
    "n_in": Condition("Inputs", "inputs"),
    "ones": Condition("Sparse inputs", "share of inputs that are 1"),
    "n_labels": Condition("Number of labels", "labels"),
    "label_share": Condition("Unequal labels", "share of the rarer label"),
}


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of `label_memory`."""
    return records.loc[records["task"] == "label_memory"]


def by_condition(records: pd.DataFrame) -> pd.DataFrame:
    """What the best setting of each network stored under each condition, in the order of the conditions.

    Columns: condition, value, heard, and those of `summary`. A sweep is known by its studies: those of one run that
    differ in one argument.
    """
    best = measurements(select(records))
    swept = [name for name in CONDITIONS if len(_sweep(best, name))] or list(CONDITIONS)[:1]
    found = [summary(_sweep(best, name), "value", "heard").assign(condition=name) for name in swept]
    table = pd.concat([one.sort_values(["cell", "depth", "heard", "value"]) for one in found], ignore_index=True)
    return table.set_index("condition").reset_index()


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Conditions": by_condition(records)}


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """A panel for each condition, a line for each network: means with 95% intervals, and a point for each seed.

    Dashed: the input is heard at every step. The authors have published nothing about these conditions.
    """
    best, table = measurements(select(records)), by_condition(records)
    shown = [name for name in CONDITIONS if name in set(table["condition"])] or ["n_steps"]
    n_columns = min(3, len(shown))
    figure = Figure(figsize=(4.6 * max(n_columns, 2), 4.2 * -(-len(shown) // n_columns)), layout="constrained")
    panels = figure.subplots(-(-len(shown) // n_columns), n_columns, squeeze=False, sharey=True).ravel()
    for axes in panels[len(shown) :]:
        axes.set_visible(False)
    cells = cells_in_order(table)
    for axes, condition in zip(panels, shown, strict=False):
        of_condition = table.loc[table["condition"] == condition]
        _panel(axes, of_condition, _sweep(best, condition), cells)
        axes.set(title=CONDITIONS[condition].title, xlabel=CONDITIONS[condition].label)
    panels[0].set_ylabel("bits per parameter")
    panels[0].set_ylim(bottom=0)
    if len(table):
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    else:
        panels[0].text(0.5, 0.5, "no trials yet", transform=panels[0].transAxes, ha="center", color="0.4")
    return figure


def _sweep(best: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of studies that vary the condition, whose names say so, with its value and how inputs are heard."""
    rows = best.loc[[f"{condition}=" in study for study in best["study"]]]
    arguments = rows["task_args"].tolist()
    return rows.assign(value=[one[condition] for one in arguments], heard=[one["heard"] for one in arguments])


def _panel(axes: Axes, table: pd.DataFrame, seeds: pd.DataFrame, cells: list[str]) -> None:
    for key, line in table.groupby(["cell", "depth", "heard"]):
        cell, depth, heard = cast(tuple, key)
        style: dict[str, Any] = network_style(cells.index(cell)) | {"linestyle": "--" if heard == "always" else "-"}
        name = network_label((cell, depth)) + (", input repeated" if heard == "always" else "")
        errors = np.abs(line[["low", "high"]].T.to_numpy() - line["mean"].to_numpy())
        axes.errorbar(line["value"], line["mean"], errors, label=name, **style)
        points = seeds.loc[(seeds["cell"] == cell) & (seeds["depth"] == depth) & (seeds["heard"] == heard)]
        axes.plot(points["value"], points["score"], ".", color=style["color"], alpha=0.4, markersize=4)
    axes.set_xscale("log")
    ticks = sorted(set(table["value"]))
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    grid(axes)

"""Bits per parameter of modern cells, bare and in blocks, by class; and pairs recalled against size of the state."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from capacity_jax.results.best import measurements
from capacity_jax.results.figures import COLOURS, grid
from experiments.modern.rows import CLASSES, core_of, rows_of, select
from experiments.modern.table import described

__all__ = ["draw", "select", "tables"]

TRACKS = {"bare": "bare cell and readout", "block": "in a block with norms and an MLP"}
CLASS_COLOURS = dict(zip(CLASSES, COLOURS, strict=False))


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """A line for each cell, the largest class first; a mark for each size, small to large; hollow ones still learned.

    The authors have published nothing about these cells.
    """
    rows = rows_of(records)
    stored, recalled = rows.loc[rows["task"] == "per_cap"], rows.loc[rows["task"] == "assoc_recall"]
    cells = _in_order(stored)
    tracks = [track for track in TRACKS if track in set(stored["track"])] or ["bare"]
    panels = len(tracks) + (len(recalled) > 0)
    figure = Figure(figsize=(2 + 5 * panels, 2 + 0.2 * max(len(cells), 12)), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for place, track in enumerate(tracks):
        _capacities(axes[place], stored.loc[stored["track"] == track], records, cells)
        axes[place].set_title(TRACKS[track])
        axes[place].set_yticks(range(len(cells)), cells if place == 0 else [])
    if len(recalled):
        _recall(axes[-1], recalled)
    handles = [axes[0].scatter([], [], color=colour, label=CLASSES[name]) for name, colour in CLASS_COLOURS.items()]
    figure.legend(handles=handles, title="nonlinear in", loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Modern cells": described(records)}


def _in_order(stored: pd.DataFrame) -> list[str]:
    """The cells from the bottom of the figure to its top: by class, then by what they store bare."""
    best = stored.assign(bare=stored["score"].where(stored["track"] == "bare"))
    found = best.groupby("core").agg({"class": "first", "bare": "max"}).reset_index()
    found["rank"] = found["class"].map(list(CLASSES).index)
    return found.sort_values(["rank", "bare"], ascending=[False, True])["core"].tolist()


def _capacities(axes: Axes, rows: pd.DataFrame, records: pd.DataFrame, cells: list[str]) -> None:
    seeds = measurements(records.loc[records["study"].isin(rows["study"])])
    sizes = sorted(rows["budget"].unique())
    for row in rows.to_dict("records"):
        # Sizes of a cell lie a little above each other.
        place = cells.index(row["core"]) + 0.22 * (sizes.index(row["budget"]) - (len(sizes) - 1) / 2)
        colour, area = CLASS_COLOURS[row["class"]], 8 + 10 * sizes.index(row["budget"])
        of_study = seeds.loc[seeds["study"] == row["study"]]
        axes.plot(of_study["score"], np.full(len(of_study), place), ".", color=colour, alpha=0.35, markersize=3)
        face = "white" if row["still_learning"] else colour
        axes.scatter(row["score"], place, s=area, color=face, edgecolors=colour, linewidths=1, zorder=3)
    axes.set(xlabel="bits per parameter", ylim=(-0.7, max(len(cells), 1) - 0.3))
    axes.set_xlim(left=0)
    grid(axes)


def _recall(axes: Axes, rows: pd.DataFrame) -> None:
    for name, colour in CLASS_COLOURS.items():
        of_class = rows.loc[rows["class"] == name]
        axes.scatter(of_class["state_size"], of_class["bits"], s=25, color=colour)
        for row in of_class.to_dict("records"):
            axes.annotate(
                core_of(row["cell"]),
                (row["state_size"], row["bits"]),
                fontsize=7,
                xytext=(4, 3),
                textcoords="offset points",
            )
    axes.set(xscale="log", xlabel="numbers in the state", ylabel="bits recalled", title="key-value pairs recalled")
    grid(axes)

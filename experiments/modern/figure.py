"""Bits per parameter of modern cells, bare and in blocks, by class; and what they recall against size of the state."""

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.sparse.csgraph import connected_components

from capacity_jax.results.best import measurements
from capacity_jax.results.figures import COLOURS, grid
from experiments.modern.rows import CLASSES, RECALLED, core_of, rows_of, select
from experiments.modern.table import described, recalled

__all__ = ["draw", "select", "tables"]

# Of the panels of stored labels.
N_STEPS = 5
TITLES = {"mem_thru": "real values carried through 12 steps", "assoc_recall": "key-value pairs recalled"}
TRACKS = {"bare": "bare cell and readout", "block": "in a block with norms and an MLP"}
CLASS_COLOURS = dict(zip(CLASSES, COLOURS, strict=False))


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Stored labels by cell, the largest class first, a panel for each track; beside them what else was measured.

    A mark for each size, small to large; hollow ones still learned. The authors have published nothing about these
    cells.
    """
    rows = rows_of(records)
    labels = rows.loc[rows["task"] == "per_cap"]
    stored = labels.loc[labels["n_steps"] == N_STEPS]
    cells = _in_order(stored)
    tracks = [track for track in TRACKS if track in set(stored["track"])]
    further = [] if set(labels["n_steps"]) <= {N_STEPS} else [partial(_steps, rows=labels)]
    further += [
        partial(_recall, rows=rows.loc[rows["task"] == task], task=task)
        for task in RECALLED
        if task in set(rows["task"])
    ]
    # Of no trials an empty panel is drawn.
    tracks = tracks if tracks or further else ["bare"]
    columns, lines = len(tracks) + bool(further), max(len(cells), 15 * len(further), 12)
    figure = Figure(figsize=(2 + 5 * columns, 2 + 0.2 * lines), layout="constrained")
    grids = figure.add_gridspec(1, columns)
    for place, track in enumerate(tracks):
        axes = figure.add_subplot(grids[place])
        _capacities(axes, stored.loc[stored["track"] == track], records, cells)
        axes.set_title(TRACKS[track])
        axes.set_yticks(range(len(cells)), cells if place == 0 else [])
    if further:
        column = grids[-1].subgridspec(len(further), 1)
        for place, draw_panel in enumerate(further):
            draw_panel(figure.add_subplot(column[place]))
    handles = [
        figure.axes[0].scatter([], [], color=colour, label=CLASSES[name]) for name, colour in CLASS_COLOURS.items()
    ]
    figure.legend(handles=handles, title="nonlinear in", loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Labels that modern cells store": described(records), "What modern cells recall": recalled(records)}


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


def _steps(axes: Axes, rows: pd.DataFrame) -> None:
    """Lines of the cells that were asked for labels after several numbers of steps at one size."""
    for _, of_cell in rows.groupby(["cell", "budget"]):
        line = of_cell.sort_values("n_steps").to_dict("records")
        if len(line) > 1:
            steps, scores = ([row[name] for row in line] for name in ("n_steps", "score"))
            axes.plot(steps, scores, ".-", color=CLASS_COLOURS[line[-1]["class"]], linewidth=1)
            _write(axes, core_of(line[-1]["cell"]), (steps[-1], scores[-1]))
    axes.set(xscale="log", xlabel="steps from input to answer", ylabel="bits per parameter", title="steps")
    ticks = sorted(set(rows["n_steps"]))
    axes.set_xticks(ticks, list(map(str, ticks)))
    axes.minorticks_off()
    grid(axes)


def _recall(axes: Axes, rows: pd.DataFrame, task: str) -> None:
    value = RECALLED[task]
    axes.scatter(rows["state_size"], rows[value], s=25, c=[CLASS_COLOURS[name] for name in rows["class"]])
    # Points that would print their names over each other share a list of them, on the side where there is room.
    x, y = np.log2(rows["state_size"].to_numpy(float)), rows[value].to_numpy(float) / rows[value].max()
    close = (abs(x[:, None] - x) < 0.6) & (abs(y[:, None] - y) < 1 / 24)
    for _, near in rows.groupby(connected_components(close)[1]):
        names = "\n".join(map(core_of, near.sort_values(value, ascending=False)["cell"]))
        sizes, values = near[["state_size", value]].to_numpy(float).T
        if len(near) > 1 and np.log2(sizes).mean() > (x.min() + x.max()) / 2:
            _write(axes, names, (sizes.min(), values.max()), "right")
        else:
            _write(axes, names, (sizes.max(), values.max()))
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="numbers in the state", ylabel=value.replace("_", " "), title=TITLES[task])
    axes.set_ylim(bottom=0)
    grid(axes)


def _write(axes: Axes, text: str, place: tuple[float, float], ha: Literal["left", "right"] = "left") -> None:
    offset = (4 if ha == "left" else -6, 3)
    axes.annotate(text, place, fontsize=7, xytext=offset, textcoords="offset points", ha=ha, va="top")

"""The figure of update rules: what they store against the seconds that they take."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.figures import COLOURS, MARKS, log_axis, tidy
from experiments.paper.cells import cell_label


def draw(table: pd.DataFrame) -> Figure:
    """Bits per parameter against the seconds of a run, a panel for each cell; lines join a network's lengths."""
    cells = list(dict.fromkeys(table["cell"]))
    n_columns = min(3, len(cells))
    n_rows = -(-len(cells) // n_columns)
    figure = Figure(figsize=(5.5 * n_columns, 4.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).flat
    # The cells first: `zip` takes one panel more where they come second.
    for cell, axes in zip(cells, panels, strict=False):
        of_cell = table.loc[table["cell"] == cell]
        for i, (rule, of_rule) in enumerate(of_cell.groupby("rule", sort=False)):
            style = {"color": COLOURS[i % len(COLOURS)], "marker": MARKS[i % len(MARKS)], "capsize": 3}
            for k, (_, rows) in enumerate(of_rule.groupby("parameters")):
                errors = np.abs(rows[["low", "high"]].T.to_numpy() - rows["bits_per_parameter"].to_numpy())
                axes.errorbar(rows["seconds"], rows["bits_per_parameter"], errors, label=None if k else rule, **style)
        for size, rows in of_cell.groupby("parameters"):
            place = rows["seconds"].max(), rows["bits_per_parameter"].max()
            axes.annotate(f"{size:,}", place, xytext=(7, 4), textcoords="offset points", fontsize=8)
        axes.set(title=cell_label(cell), xlabel="seconds of a run on one core", ylabel="mean bits per parameter")
        log_axis(axes.xaxis)
        tidy(axes)
    for axes in panels:
        axes.set_axis_off()
    return figure

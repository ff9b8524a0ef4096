"""Fig. 2a: what ReLU costs."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.figures import errorbars, log_axis, means_and_seeds
from experiments.paper.cells import PAPER_CELLS, cell_label, cells_of
from experiments.paper.panels import best_published, caption, legend, panel, published_handles
from experiments.paper.selections import capacity_rows, matching, with_nonlinearity


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of `per_cap` at one number of steps and of one depth, if there is a ReLU run among all of them."""
    rows = capacity_rows(records)
    if with_nonlinearity(rows, "relu").empty:
        return rows.iloc[:0]
    # One depth, as in the paper: a line's style tells the runs apart.
    rows = rows.loc[(rows["depth"] == 1) | (rows["cell"] == "intersection")]
    return rows.loc[rows["depth"] == rows.groupby("cell")["depth"].transform("min")]


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per parameter of the best of all runs (solid) and of the best ReLU run of the same trials (dashed)."""
    rows = select(records)
    (best, seeds), (relu, _) = means_and_seeds(rows), means_and_seeds(with_nonlinearity(rows, "relu"))
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    reference = best_published(published, "per_cap")
    panel(axes, best, seeds, "parameters", published=reference, linestyle="-")
    dashed = {"linestyle": "--", "markerfacecolor": "white"}
    errorbars(axes, relu.dropna(subset=["score"]), "parameters", "score", PAPER_CELLS, **dashed)
    log_axis(axes.xaxis)
    axes.set(xlabel="number of parameters", ylabel="bits per parameter", title="All runs and ReLU runs")
    axes.set_ylim(bottom=0)
    extra = [Line2D([], [], color="0.3", label="all runs"), Line2D([], [], color="0.3", ls="--", label="ReLU runs")]
    legend(figure, best.assign(depth=1), extra + published_handles(reference), loc="outside right upper")
    caption(
        figure,
        "about 5 bits per parameter; RNN and UGRNN fall to about 3.5, where IRNN lies, when only their ReLU runs are "
        "counted.",
        f"{_in_words(best, relu)} Bars: 95% over seeds of the best setting; a setting of one seed has none.",
    )
    return figure


def _in_words(best, relu):
    found = []
    for cell in cells_of(relu):
        of_all, of_relu = (matching(table, cell=cell)["score"].mean() for table in (best, relu))
        found.append(f"{cell_label(cell)} {of_all:.2f}, by ReLU {of_relu:.2f}")
    return f"{'; '.join(found)}; means over sizes." if found else "no cell with ReLU runs yet."

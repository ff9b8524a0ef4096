"""Fig. 2a: what ReLU costs."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.cells import CELLS
from capacity_jax.results.best import best_table
from capacity_jax.results.figures import errorbars, label
from experiments.paper.paired import mean_or_nothing
from experiments.paper.panels import best_published, caption, legend, log_axis, panel, published_handles
from experiments.paper.selections import capacity_rows, with_nonlinearity
from capacity_jax.results.formatting import in_words


def fig2a(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per parameter of the best of all runs (solid) and of the best ReLU run of the same trials (dashed).

    Args:
      trials: a table of trials.
      published: a table of the authors' trials, drawn as reference points.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig2a
      >>> len(fig2a(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      1
    """
    # One depth, as in the paper: a line's style tells the runs apart.
    rows = capacity_rows(trials)
    rows = rows.loc[(rows["depth"] == 1) | (rows["cell"] == "intersection")]
    rows = rows.loc[rows["depth"] == rows.groupby("cell")["depth"].transform("min")]
    best, relu = best_table(rows), best_table(with_nonlinearity(rows, "relu"))
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    x, y = "parameters", "bits_per_parameter"
    reference = best_published(published, "per_cap")
    panel(axes, best, x, y, reference, linestyle="-")
    errorbars(axes, relu.dropna(subset=[y]), x, y, linestyle="--", markerfacecolor="white")
    log_axis(axes.xaxis)
    axes.set(xlabel="number of parameters", ylabel="bits per parameter", title="All runs and ReLU runs")
    axes.set_ylim(bottom=0)
    extra = [Line2D([], [], color="0.3", label="all runs"), Line2D([], [], color="0.3", ls="--", label="ReLU runs")]
    legend(axes, best.assign(depth=1), extra + published_handles(reference, y), ncols=2)
    caption(
        figure,
        "about 5 bits per parameter; RNN and UGRNN fall to about 3.5, where IRNN lies, when only their ReLU runs are "
        "counted.",
        f"{_in_words(best, relu)} Bars: 95% over seeds of the best setting; a setting of one seed has none.",
    )
    return figure


def _in_words(best, relu):
    found = []
    for cell in CELLS:
        all_runs, relu_runs = (rows.loc[rows["cell"] == cell, "bits_per_parameter"] for rows in (best, relu))
        if len(relu_runs):
            pair = [in_words(mean_or_nothing(values)) for values in (all_runs, relu_runs)]
            found.append(f"{label((cell, 1))} {pair[0]}, by ReLU {pair[1]}")
    return f"{'; '.join(found)}; means over sizes." if found else "no cell with ReLU runs yet."

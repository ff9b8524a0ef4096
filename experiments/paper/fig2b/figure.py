"""Fig. 2b: capacity and time."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from capacity_jax.results.best import best_table
from experiments.paper.fig1.claim import claim_3
from experiments.paper.panels import caption, legend, panel
from experiments.paper.selections import step_rows
from capacity_jax.results.formatting import in_words


def fig2b(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per parameter against the number of unrolled steps.

    Args:
      trials: a table of trials.
      published: not drawn: the authors' trials do not tell their numbers of steps.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig2b
      >>> len(fig2b(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      1
    """
    best = best_table(step_rows(trials)).sort_values("n_steps")
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    # Each size of a network is a line of its own.
    for _, rows in best.groupby("units") if len(best) else [(None, best)]:
        panel(axes, rows.assign(parameters=rows["n_steps"]), "n_steps", "bits_per_parameter")
    axes.set(xlabel="unrolled steps", ylabel="bits per parameter", title="Capacity against unrolled steps")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes, best, loc="lower right", ncols=2)
    rise, ratio = (in_words(finding.interval) for finding in claim_3(trials).findings)
    caption(
        figure,
        "capacity rises with the number of unrolled steps for the first few steps, then saturates.",
        f"from the fewest to the most steps it rises by {rise} bits per parameter; the last two differ by the factor "
        f"{ratio}. Bars: 95% over seeds of the best setting.",
    )
    return figure

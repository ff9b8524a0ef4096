"""Fig. 2b: capacity and time."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from capacity_jax.results.figures import means_and_seeds
from capacity_jax.results.formatting import in_words
from experiments.paper.fig2b.claim import CLAIMS, by_steps, last_ratio, rise
from experiments.paper.panels import caption, legend, panel
from experiments.paper.selections import matching
from experiments.paper.selections import step_rows as select


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per parameter against the number of unrolled steps.

    Published trials are not drawn: the authors' trials do not tell their numbers of steps.
    """
    best, seeds = means_and_seeds(select(records))
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    # Each size of a network is a line of its own.
    for units in sorted(set(best["units"])) or [0]:
        lines, points = (matching(table, units=units).sort_values("n_steps") for table in (best, seeds))
        panel(axes, lines.assign(parameters=lines["n_steps"]), points, "n_steps")
    axes.set(xlabel="unrolled steps", ylabel="bits per parameter", title="Capacity against unrolled steps")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(figure, best, loc="outside right upper")
    networks = by_steps(select(records))
    caption(
        figure,
        CLAIMS[0].statement,
        f"from the fewest to the most steps it rises by {in_words(rise(networks))} bits per parameter, mean over "
        f"{len(networks)} networks; the last two differ by the factor {in_words(last_ratio(networks))}. "
        "Bars: 95% over seeds of the best setting.",
    )
    return figure

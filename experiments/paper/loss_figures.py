"""Fig. 3: the loss against parameters and units, on text and on random continuous functions."""

import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.best import best_table
from experiments.paper.fig3.claim import claim_5
from experiments.paper.panels import (
    best_published,
    caption,
    depth_title,
    legend,
    log_axis,
    panel,
    published_handles,
)
from experiments.paper.selections import matching, of_task
from capacity_jax.results.formatting import in_words

DEPTHS = (1, 2, 4)


def fig3_text8(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits per character against parameters at depths 1, 2 and 4 (a to c), and against units at depth 1 (d).

    Args:
      trials: a table of trials; those of a stand-in for text8 are drawn under its name.
      published: a table of the authors' trials, drawn as reference points.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig3_text8
      >>> len(fig3_text8(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      4
    """
    rows = of_task(trials, "text8")
    name = ", ".join(sorted(set(rows["task"]))) or "text8"
    return _figure(trials, best_table(rows), "text8", "bits_per_character", "abcd", name, published)


def fig3_rcf(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Squared error on random continuous functions against parameters, at depths 1, 2 and 4 (e to g).

    Args:
      trials: a table of trials.
      published: a table of the authors' trials, drawn as reference points.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig3_rcf
      >>> len(fig3_rcf(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      3
    """
    best = best_table(of_task(trials, "rcf"))
    return _figure(trials, best, "rcf", "squared_error", "efg", "random continuous functions", published)


def _figure(trials, best, task, score, letters, name, published):
    figure = Figure(figsize=(3.6 * len(letters), 5), layout="constrained")
    reference = best_published(published, task)
    panels = figure.subplots(1, len(letters), sharey=True)
    for axes, letter, depth in zip(panels, letters, (*DEPTHS, 1), strict=False):
        x = "units" if letter == "d" else "parameters"
        drawn = None if reference is None else matching(reference, depth=depth)
        panel(axes, matching(best, depth=depth), x, score, drawn, linestyle="-")
        log_axis(axes.xaxis)
        axes.set(title=f"{letter}  {depth_title(depth)}")
        axes.set_xlabel("units per layer" if letter == "d" else "number of parameters")
    panels[0].set_ylabel(score.replace("_", " "))
    legend(figure, best.assign(depth=1), published_handles(reference, score), loc="outside upper center", ncols=8)
    gain, spread = (in_words(f.interval) for f in claim_5(trials).findings if f.name.startswith(task))
    caption(
        figure,
        "the loss is set by the number of parameters, not of units, and all architectures lie close together.",
        f"{name}; one line over the logarithm of units misses the points by {gain} more than one over that of "
        f"parameters; the cells' range at one size, over the range of sizes, is {spread}. Bars: 95% over seeds.",
    )
    return figure

"""Fig. 1: stored bits, bits per parameter, and the factors between architectures."""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from capacity_jax.results.best import best_table
from capacity_jax.results.figures import PAPER_BAND, label
from experiments.paper.paired import capacity_factor, mean_or_nothing
from experiments.paper.panels import (
    best_published,
    caption,
    depth_title,
    legend,
    log_axis,
    no_trials,
    panel,
    published_handles,
)
from experiments.paper.selections import capacity_rows, cells_of, matching
from capacity_jax.results.table import slopes
from capacity_jax.results.formatting import in_words

DEPTHS = (None, 1, 2, 4)


def fig1(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits (a to d) and bits per parameter (e to h) against parameters, and the matrix of factors (i).

    Args:
      trials: a table of trials.
      published: a table of the authors' trials, drawn as reference points.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import fig1
      >>> len(fig1(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      10
    """
    best = best_table(capacity_rows(trials))
    reference = best_published(published, "per_cap")
    figure = Figure(figsize=(13, 12.5), layout="constrained")
    grid = figure.add_gridspec(3, 4, height_ratios=(1, 1, 1.5))
    sizes = _span(best)
    for i, (score, depth) in enumerate(product(("bits", "bits_per_parameter"), DEPTHS)):
        row, column = divmod(i, len(DEPTHS))
        axes = figure.add_subplot(grid[row, column], sharey=figure.axes[i - column] if column else None)
        panel(axes, _bars(_of_depth(best, depth), score), "parameters", score, _of_depth(reference, depth))
        low, high = np.outer(PAPER_BAND, (1, 1) if row else sizes)
        axes.fill_between(sizes, low, high, color="0.92", zorder=0)
        log_axis(axes.xaxis)
        axes.set(xlim=sizes, xlabel="number of parameters", title=f"{'abcdefgh'[i]}  {depth_title(depth)}")
        axes.tick_params(labelleft=column == 0)
    total, per_parameter = figure.axes[0], figure.axes[len(DEPTHS)]
    log_axis(total.yaxis)
    total.set_ylabel("stored bits")
    per_parameter.set_ylabel("bits per parameter")
    per_parameter.set_ylim(0, max(6.5, per_parameter.get_ylim()[1]))
    _matrix(figure.add_subplot(grid[2, :3]), best)
    corner = figure.add_subplot(grid[2, 3])
    corner.axis("off")
    extra = [Patch(color="0.92", label="paper: 3 to 6 bits per parameter")]
    extra += published_handles(reference, "bits")
    legend(corner, best, extra, loc="center left")
    caption(
        figure,
        "every architecture stores an amount of information linear in its number of parameters, 3 to 6 bits per "
        "parameter, about 5 on average; RNN stores most, then UGRNN, GRU, LSTM, +RNN, IRNN.",
        f"{_slopes_in_words(best)} Bars: 95% over seeds of the best setting. i: 95% over sizes measured with both.",
    )
    return figure


def _bars(best, score):
    """The rows with the interval in the unit of the score."""
    if score == "bits":
        return best.assign(**{name: best[name] * best["parameters"] for name in ("ci_low", "ci_high")})
    return best


def _of_depth(best, depth):
    return best if best is None or depth is None else matching(best, depth=depth)


def _span(best):
    return (best["parameters"].min() * 0.8, best["parameters"].max() * 1.25) if len(best) else (100, 1000)


def _slopes_in_words(best):
    found = slopes(best)
    if not found:
        return "no network at three sizes yet."
    values = {network: fit.value for network, fit in found.items()}
    low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    mean = in_words(mean_or_nothing(list(values.values())), "bits per parameter")
    ends = f", from {values[low]:.2f} ({label(low)}) to {values[high]:.2f} ({label(high)})" if len(found) > 1 else ""
    return f"slope of bits over parameters {mean}, mean over {len(found)} networks (cell and depth){ends}."


def _matrix(axes: Axes, best: pd.DataFrame) -> None:
    """Row y, column x: the factor on the number of parameters that gives x the capacity of y."""
    axes.set_title("i  factor on the number of parameters that gives x the capacity of y")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    cells = cells_of(best)
    if not cells:
        axes.set(xticks=[], yticks=[])
        no_trials(axes)
        return
    factors = {(x, y): capacity_factor(best, x, y) for x in cells for y in cells if x != y}
    values = np.array([[1.0 if x == y else factors[x, y].value for x in cells] for y in cells])
    # Pale throughout: the numbers carry the meaning, the shade leads the eye.
    axes.imshow(np.log(values), cmap="Blues", vmin=-0.7, vmax=1.6, aspect="auto")
    for (x, y), factor in factors.items():
        bounds = "" if np.isnan(factor.low) else f"\n[{factor.low:.2f}, {factor.high:.2f}]"
        text = "–" if np.isnan(factor.value) else f"{factor.value:.2f}{bounds}"
        axes.text(cells.index(x), cells.index(y), text, ha="center", va="center", fontsize=9)
    names = [label((cell, 1)) for cell in cells]
    axes.set_xticks(range(len(cells)), names)
    axes.set_yticks(range(len(cells)), names)
    axes.set(xlabel="architecture x", ylabel="architecture y")
    axes.hlines(np.arange(1, len(cells)) - 0.5, -0.5, len(cells) - 0.5, color="white", linewidth=2)
    axes.vlines(np.arange(1, len(cells)) - 0.5, -0.5, len(cells) - 0.5, color="white", linewidth=2)

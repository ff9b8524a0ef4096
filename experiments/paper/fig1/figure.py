"""Fig. 1: stored bits, bits per parameter, and the factors between architectures."""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from capacity_jax.results.figures import PAPER_BAND, log_axis, means_and_seeds
from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.stats import mean_or_nothing, pooled_slope_interval
from experiments.paper import panels
from experiments.paper.cells import cell_label, cells_of
from experiments.paper.fig1.claim import CLAIMS, sizes_and_bits
from experiments.paper.paired import capacity_factor, one_study_each
from experiments.paper.selections import capacity_rows as select
from experiments.paper.selections import matching

DEPTHS = (None, 1, 2, 4)


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Bits (a to d) and bits per parameter (e to h) against parameters, and the matrix of factors (i)."""
    rows = select(records)
    best, seeds = means_and_seeds(rows)
    reference = panels.best_published(published, "per_cap")
    figure = Figure(figsize=(13, 12.5), layout="constrained")
    grid = figure.add_gridspec(3, 4, height_ratios=(1, 1, 1.5))
    sizes = _span(best)
    for i, (total, depth) in enumerate(product((True, False), DEPTHS)):
        row, column = divmod(i, len(DEPTHS))
        axes = figure.add_subplot(grid[row, column], sharey=figure.axes[i - column] if column else None)
        measured, points = _of_depth(best, depth, total), _of_depth(seeds, depth, total)
        authors = None if reference is None else _of_depth(reference, depth, total)
        panels.panel(axes, measured, points, "parameters", published=authors)
        low, high = np.outer(PAPER_BAND, sizes if total else (1, 1))
        axes.fill_between(sizes, low, high, color="0.92", zorder=0)
        log_axis(axes.xaxis)
        axes.set(xlim=sizes, xlabel="number of parameters", title=f"{'abcdefgh'[i]}  {panels.depth_title(depth)}")
        axes.tick_params(labelleft=column == 0)
    total_bits, per_parameter = figure.axes[0], figure.axes[len(DEPTHS)]
    log_axis(total_bits.yaxis)
    total_bits.set_ylabel("stored bits")
    per_parameter.set_ylabel("bits per parameter")
    per_parameter.set_ylim(0, max(6.5, per_parameter.get_ylim()[1]))
    _matrix(figure.add_subplot(grid[2, :3]), one_study_each(rows))
    corner = figure.add_subplot(grid[2, 3])
    corner.axis("off")
    extra = [Patch(color="0.92", label="paper: 3 to 6 bits per parameter"), *panels.published_handles(reference)]
    panels.legend(corner, best, extra, loc="center left")
    panels.caption(
        figure,
        f"{CLAIMS[0].statement} RNN stores most, then UGRNN, GRU, LSTM, +RNN, IRNN.",
        f"{_slopes_in_words(rows)} Bars and brackets: 95% over seeds of the best setting.",
    )
    return figure


def _of_depth(best, depth, total):
    """The rows of a depth, or of all; in total, with stored bits in place of bits per parameter."""
    rows = best if depth is None else matching(best, depth=depth)
    names = {"score", "ci_low", "ci_high"} & set(rows) if total else ()
    return rows.assign(**{name: rows[name] * rows["parameters"] for name in names})


def _span(best):
    return (best["parameters"].min() * 0.8, best["parameters"].max() * 1.25) if len(best) else (100, 1000)


def _slopes_in_words(rows):
    slopes = {network: pooled_slope_interval(*values).value for network, values in sizes_and_bits(rows).items()}
    if not slopes:
        return "no network at three sizes yet."
    low, high = min(slopes, key=slopes.__getitem__), max(slopes, key=slopes.__getitem__)
    mean = in_words(mean_or_nothing(list(slopes.values())), "bits per parameter")
    ends = (
        f", from {slopes[low]:.2f} ({network_label(low)}) to {slopes[high]:.2f} ({network_label(high)})"
        if len(slopes) > 1
        else ""
    )
    return f"slope of bits over parameters {mean}, mean over {len(slopes)} networks (cell and depth){ends}."


def _matrix(axes: Axes, best: pd.DataFrame) -> None:
    """Row y, column x: the factor on the number of parameters that gives x the capacity of y."""
    axes.set_title("i  factor on the number of parameters that gives x the capacity of y")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    cells = cells_of(best)
    if not cells:
        axes.set(xticks=[], yticks=[])
        panels.no_trials(axes)
        return
    factors = {(x, y): capacity_factor(best, x, y) for x in cells for y in cells if x != y}
    values = np.array([[1.0 if x == y else factors[x, y].value for x in cells] for y in cells])
    # Pale throughout: the numbers carry the meaning, the shade leads the eye.
    axes.imshow(np.log(values), cmap="Blues", vmin=-0.7, vmax=1.6, aspect="auto")
    for (x, y), factor in factors.items():
        bounds = "" if np.isnan(factor.low) else f"\n[{factor.low:.2f}, {factor.high:.2f}]"
        text = "–" if np.isnan(factor.value) else f"{factor.value:.2f}{bounds}"
        axes.text(cells.index(x), cells.index(y), text, ha="center", va="center", fontsize=9)
    names = [cell_label(cell) for cell in cells]
    axes.set_xticks(range(len(cells)), names)
    axes.set_yticks(range(len(cells)), names)
    axes.set(xlabel="architecture x", ylabel="architecture y")
    axes.hlines(np.arange(1, len(cells)) - 0.5, -0.5, len(cells) - 0.5, color="white", linewidth=2)
    axes.vlines(np.arange(1, len(cells)) - 0.5, -0.5, len(cells) - 0.5, color="white", linewidth=2)

"""What was learned against what can be learned."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.figures import COLOURS, grid
from experiments.yardsticks.binary_perceptron import LIMIT
from experiments.yardsticks.machines import COVER, LinearReadout
from experiments.yardsticks.perceptron import cover_share


def draw(readouts: Sequence[LinearReadout], binary: pd.DataFrame) -> Figure:
    """Left: linear readouts beside Cover's function. Right: patterns that binary weights hold."""
    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.7, 1))
    for colour, one in zip(COLOURS, readouts, strict=False):
        n = one.n_weights
        sizes = np.arange(n, 3 * n + 1)
        left.plot(sizes / n, [cover_share(int(size), n) for size in sizes], color=colour, linewidth=4, alpha=0.25)
        for patterns, style in ((one.exact, "-"), (one.trained, ":")):
            shares = [np.mean(patterns >= size) for size in sizes]
            left.plot(sizes / n, shares, style, color=colour, linewidth=1.3)
        left.plot([], [], color=colour, label=f"{one.name}, {n} weights, {len(one.exact)} draws")
    for label, style in (
        ("Cover's function", {"linewidth": 4, "alpha": 0.3}),
        ("exact solver", {}),
        ("our training", {"linestyle": ":"}),
    ):
        left.plot([], [], color="0.3", label=label, **style)
    left.axvline(COVER, color="0.6", linewidth=0.8, linestyle="--")
    left.set(
        xlim=(1.3, 2.7),
        xlabel="patterns for each weight",
        ylabel="share of draws learned without error",
        title="Linear readouts",
    )
    left.legend(frameon=False, fontsize=8)
    grid(left)
    _binary(right, binary)
    return figure


def _binary(axes, binary):
    by_size = binary.groupby("weights")["patterns"]
    means, errors = by_size.mean(), 1.96 * by_size.sem()
    sizes = np.array([0, means.index.max() * 1.08])
    axes.plot(sizes, LIMIT * sizes, color="0.6", linewidth=1.2, label=f"{LIMIT} for each weight, the limit")
    axes.errorbar(
        means.index, means, errors, fmt="o", color=COLOURS[0], markersize=5, capsize=3, label="all weights tried"
    )
    axes.set(
        xlim=sizes, ylim=(0, None), xlabel="binary weights", ylabel="patterns learned, mean", title="Binary perceptron"
    )
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    grid(axes)

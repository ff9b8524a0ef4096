"""Claim 1: stored bits are linear in the number of parameters."""

from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.stats import NOTHING, mean_or_nothing, pooled_slope_interval
from experiments.paper.cells import PAPER_CELLS, cell_label, cells_of
from experiments.paper.paired import one_study_each
from experiments.paper.selections import capacity_rows, matching
from experiments.paper.verdict import Claim, Estimate, Quantity

# Of each network, which is a cell at a depth: numbers of parameters and stored bits, one for each seed and size.
Sizes = dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]


def sizes_and_bits(rows: pd.DataFrame) -> Sizes:
    """What the best settings of each network with three sizes or more stored, from a table of trials."""
    best = one_study_each(rows)
    best = best.loc[best["score"].to_numpy(float) > 0]
    return {
        (cell, int(network["depth"].iloc[0])): (
            network["parameters"].to_numpy(float),
            (network["score"] * network["parameters"]).to_numpy(float),
        )
        for cell in cells_of(best)
        for _, network in matching(best, cell=cell).groupby("depth")
        if len(set(network["parameters"])) >= 3
    }


def _slopes(networks: Sizes) -> dict[str, Estimate]:
    measured = {cell for cell, _ in networks}
    missing = {cell_label(cell): lambda level: NOTHING for cell in PAPER_CELLS if cell not in measured}
    return {network_label(name): partial(pooled_slope_interval, *values) for name, values in networks.items()} | missing


def _exponents(networks: Sizes) -> dict[str, Estimate]:
    return {
        network_label(name): partial(pooled_slope_interval, np.log(sizes), np.log(bits))
        for name, (sizes, bits) in networks.items()
    }


def _mean(networks: Sizes) -> str:
    slopes = [pooled_slope_interval(*values).value for values in networks.values()]
    return f"Mean slope over {len(slopes)} networks: {in_words(mean_or_nothing(slopes), 'bits per parameter')}."


SCOPE = "each cell and depth with three sizes or more"
CLAIMS = (
    Claim(
        1,
        "Stored bits are linear in the number of parameters: 3 to 6 bits per parameter, about 5 on average.",
        capacity_rows,
        sizes_and_bits,
        (
            Quantity(
                "bits per parameter",
                "the slope of bits over parameters, pooled over the seeds,",
                f"{SCOPE}, all six cells among them",
                _slopes,
                3,
                6,
            ),
            Quantity(
                "exponent",
                "the slope of log bits over log parameters, pooled over the seeds,",
                SCOPE,
                _exponents,
                0.8,
                1.2,
            ),
        ),
        # The average that the statement tells is not judged.
        _mean,
    ),
)

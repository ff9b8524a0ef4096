"""Claim 3: capacity rises with the first unrolled steps, then saturates."""

from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.results.formatting import in_words, network_label
from capacity_jax.stats import NOTHING, Interval, mean_difference, mean_or_nothing
from experiments.paper.paired import one_study_each
from experiments.paper.selections import step_rows
from experiments.paper.verdict import Claim, Estimate, Quantity

# Bits per parameter of each seed by number of unrolled steps, in their order.
Steps = dict[int, np.ndarray]


def by_steps(rows: pd.DataFrame) -> dict[str, Steps]:
    """What the best settings of each network stored, from a table of trials; of those with three numbers of steps."""
    networks = {
        f"{network_label((str(cell), depth))}, {units} units": {
            int(n_steps): seeds["score"].to_numpy(float) for n_steps, seeds in network.groupby("n_steps")
        }
        for (cell, depth, units), network in one_study_each(rows).groupby(["cell", "depth", "units"], sort=False)
    }
    return {name: steps for name, steps in networks.items() if len(steps) >= 3}


def rise(steps: Steps, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps less those at the fewest; the interval is Welch's."""
    scores = list(steps.values())
    return mean_difference(scores[-1:], scores[:1], level)


def last_ratio(steps: Steps, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps over those at the second most: exp of the difference of mean logarithms."""
    before, last = ([np.log(seeds[seeds > 0])] for seeds in list(steps.values())[-2:])
    if not len(before[0]) or not len(last[0]):
        return NOTHING
    return Interval(*map(float, np.exp(mean_difference(last, before, level))))


def _each(quantity):
    def estimates(networks: dict[str, Steps]) -> dict[str, Estimate]:
        return {name: partial(quantity, steps) for name, steps in networks.items()}

    return estimates


def means(networks: dict[str, Steps]) -> str:
    """Both numbers in the mean over networks, in words."""
    rises, ratios = ([quantity(steps).value for steps in networks.values()] for quantity in (rise, last_ratio))
    return (
        f"from the fewest to the most steps bits per parameter rise by {in_words(mean_or_nothing(rises))}; at the most "
        f"they are {in_words(mean_or_nothing(ratios))} of those at the second most, mean over {len(networks)} networks."
    )


SCOPE = "each network measured at three numbers of steps or more"
CLAIMS = (
    Claim(
        3,
        "Capacity rises with the number of unrolled steps for the first few steps, then saturates.",
        step_rows,
        by_steps,
        (
            Quantity(
                "rise in bits per parameter",
                "bits per parameter at the most steps less those at the fewest",
                SCOPE,
                _each(rise),
                0,
            ),
            Quantity(
                "ratio of the last two",
                "the ratio of bits per parameter at the two largest numbers of steps",
                SCOPE,
                _each(last_ratio),
                0.9,
                1.1,
            ),
        ),
        # The averages are not judged.
        means,
    ),
)

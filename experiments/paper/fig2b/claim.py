"""Claim 3: capacity rises with the first unrolled steps, then saturates."""

from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from capacity_jax.results.formatting import network_label
from capacity_jax.stats import NOTHING, Interval, mean_difference
from experiments.paper.paired import one_study_each
from experiments.paper.selections import step_rows
from experiments.paper.verdict import Claim, Quantity

# Of each network, bits per parameter of each seed by number of unrolled steps, in their order.
Networks = dict[str, dict[int, np.ndarray]]


def by_steps(rows: pd.DataFrame) -> Networks:
    """What the best settings of each network stored, from a table of trials; of those with three numbers of steps."""
    networks = {}
    for key, network in one_study_each(rows).groupby(["cell", "depth", "units"], sort=False):
        cell, depth, units = cast(tuple, key)
        seeds = dict(list(network.groupby("n_steps")["score"]))
        networks[f"{network_label((cell, depth))}, {units} units"] = {
            cast(int, n_steps): scores.to_numpy(float) for n_steps, scores in seeds.items()
        }
    return {name: steps for name, steps in networks.items() if len(steps) >= 3}


def rise(networks: Networks, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps less those at the fewest, mean over networks; the interval is Welch's."""
    scores = [list(steps.values()) for steps in networks.values()]
    return mean_difference([each[-1] for each in scores], [each[0] for each in scores], level) if scores else NOTHING


def last_ratio(networks: Networks, level: float = 0.95) -> Interval:
    """Bits per parameter at the most steps over those at the second most, as `rise` has differences of logarithms."""
    logs = [[np.log(seeds[seeds > 0]) for seeds in list(steps.values())[-2:]] for steps in networks.values()]
    if not logs or not all(len(seeds) for pair in logs for seeds in pair):
        return NOTHING
    return Interval(*map(float, np.exp(mean_difference([last for _, last in logs], [one for one, _ in logs], level))))


def _extremes(networks: Networks) -> str:
    ratios = {name: last_ratio({name: steps}).value for name, steps in networks.items()}
    known = {name: ratio for name, ratio in ratios.items() if np.isfinite(ratio)}
    if not known:
        return ""
    least, most = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    return f"The ratio by network: from {known[least]:.2f} ({least}) to {known[most]:.2f} ({most})."


SCOPE = "the networks measured at three numbers of steps or more, in the mean"
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
                lambda networks: {"": partial(rise, networks)},
                0,
            ),
            Quantity(
                "ratio of the last two",
                "the ratio of bits per parameter at the two largest numbers of steps, a geometric mean,",
                SCOPE,
                lambda networks: {"": partial(last_ratio, networks)},
                0.9,
                1.1,
            ),
        ),
        _extremes,
    ),
)

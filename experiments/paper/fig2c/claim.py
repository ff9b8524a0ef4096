"""Claim 4: a network recalls as many values as it has units per layer."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.best import best_trials
from capacity_jax.results.formatting import network_label
from capacity_jax.stats import mean_or_nothing
from experiments.paper.selections import of_task
from experiments.paper.verdict import Claim, Estimate, Quantity


class Recall(NamedTuple):
    """How one network (cell and depth) recalls, over the seeds of the best settings of all sizes.

    Attributes:
      distances: of its errors to the subspace's, where it has fewer units than values.
      per_unit: values recalled per unit there: n_in over the knee of the curve.
      errors: where it has as many units as values, or more.
    """

    distances: np.ndarray
    per_unit: np.ndarray
    errors: np.ndarray


def recalls(rows: pd.DataFrame) -> dict[str, Recall]:
    """How each network recalls, by its label."""
    if rows.empty:
        return {}
    best = pd.concat([best_trials(study) for _, study in rows.groupby("study", sort=False)])
    networks = [network for _, network in best.groupby(["cell", "depth"], sort=False)]
    return {network_label((one["cell"].iloc[0], one["depth"].iloc[0])): _recall(one) for one in networks}


def _recall(best: pd.DataFrame) -> Recall:
    units, n_in, error = (best[name].to_numpy(float) for name in ("units", "n_in", "score"))
    below = units < n_in
    curve = [subspace_error(int(n), int(m)) for n, m in zip(units[below], n_in[below], strict=True)]
    # 1 on the subspace's curve; n_in over it is where the line of errors through 1 and this one reaches 0.
    per_unit = n_in[below] * (1 - error[below]) / units[below]
    return Recall(error[below] - curve, per_unit, error[~below])


def _means(of: Callable[[Recall], np.ndarray]) -> Callable[[dict[str, Recall]], dict[str, Estimate]]:
    return lambda networks: {name: partial(mean_or_nothing, of(recall)) for name, recall in networks.items()}


CLAIMS = (
    Claim(
        4,
        "A network recalls an input of dimension 64 if and only if its units per layer are at least 64; below, its "
        "error follows one curve, that of a subspace of as many dimensions as units.",
        lambda records: of_task(records, "mem_thru"),
        recalls,
        (
            Quantity(
                "distance to the subspace",
                "the mean of the error less that of the subspace",
                "each cell and depth below n_in units",
                _means(lambda recall: recall.distances),
                -0.05,
                0.05,
            ),
            Quantity(
                "values recalled per unit",
                "the mean of n_in over the knee of the curve",
                "each cell and depth below n_in units",
                _means(lambda recall: recall.per_unit),
                0.95,
                1.05,
            ),
            Quantity(
                "error with units enough",
                "the mean error",
                "each cell and depth with n_in units or more",
                _means(lambda recall: recall.errors),
                high=0.05,
            ),
        ),
    ),
)

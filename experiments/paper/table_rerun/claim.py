"""Claim 8: the best result comes again."""

from functools import partial

import pandas as pd

from capacity_jax.results.best import best_trials
from capacity_jax.stats import mean_or_nothing
from experiments.paper.selections import MANY_REPEATS, matching, repeated_rows, searched
from experiments.paper.verdict import Claim, Estimate, Quantity


def found_score(study: pd.DataFrame) -> float:
    """The mean score of the trials that the tuner found best, before they were repeated; NaN where all diverged."""
    return mean_or_nothing(best_trials(searched(study))["score"]).value


def _worse(rows: pd.DataFrame) -> dict[str, Estimate]:
    found = {}
    for name, study in rows.groupby("study", sort=False):
        value, sign = found_score(study), -1 if study["maximize"].iloc[0] else 1
        worse = sign * (matching(study, role="repeat")["score"] - value) / abs(value)
        found[str(name)] = partial(mean_or_nothing, worse)
    return found


def _diverged(rows: pd.DataFrame) -> str:
    repeats = matching(rows, role="repeat")
    return f"Diverged: {sum(repeats['infeasible'])} of {len(repeats)} repeats."


CLAIMS = (
    Claim(
        8,
        "Re-running the best hyperparameters 100 times shows no large deviation from the best result.",
        repeated_rows,
        lambda rows: rows,
        (
            Quantity(
                "",
                "the mean loss of evaluation score from what the tuner found to the repeats, as a share of the former,",
                f"each study with {MANY_REPEATS} repeats or more",
                _worse,
                high=0.1,
            ),
        ),
        _diverged,
    ),
)

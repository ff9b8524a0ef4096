"""Which trials the search learns from, and what they are worth to it."""

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray
from optuna.trial import FrozenTrial, TrialState

Array = NDArray[np.float64]


def infeasible(trial: FrozenTrial) -> bool:
    """Whether a trial ended without a usable value: marked so, or complete with a value that is not finite."""
    if trial.state == TrialState.COMPLETE and not np.isfinite(trial.values[0]):
        return True
    return trial.state.is_finished() and bool(trial.user_attrs.get("infeasible", False))


def informative(trial: FrozenTrial) -> bool:
    """Whether a trial says something about its setting: it is complete, or it is infeasible."""
    return trial.state == TrialState.COMPLETE or infeasible(trial)


def standardized_objectives(trials: Sequence[FrozenTrial], maximize: bool) -> tuple[Array, Array]:
    """Objectives of feasible trials, mean 0 and deviation 1, [trials] each, from near and from afar; larger is better.

    Near, the better half keep their distances, in units of their deviation from the median, and the worse half are
    placed by rank, at the quantiles of a normal distribution: what differs between good trials counts. From afar all
    keep their distances but the worst tenth, which are as bad as the best of them: small ripples are noise and the
    slope towards good trials counts.
    """
    values = (1.0 if maximize else -1.0) * np.array([trial.values[0] for trial in trials])
    # Squares must not overflow.
    values = values / (np.abs(values).max() or 1.0)
    above = values - np.median(values)
    deviation = np.sqrt(np.mean(above[above >= 0] ** 2)) or 1.0
    ranked = scipy.special.ndtri((scipy.stats.rankdata(values) - 0.5) / len(values))
    near = np.where(above >= 0, above / deviation, ranked)
    return _standardized(near), _standardized(np.maximum(values, np.quantile(values, 0.1, method="higher")))


def _standardized(values):
    return (values - values.mean()) / (values.std() or 1.0)

"""A trial, what continues it, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from capacity_jax.cells.base import Params


class Snapshot(NamedTuple):
    """What training has changed of a member: with its trial, enough to continue it anywhere.

    Attributes:
      step: training steps made.
      seconds: wall time spent on them.
      leaves: parameters, moments, step, loss and curve, as `jax.tree.leaves` orders them.
    """

    step: int
    seconds: float
    leaves: list[np.ndarray]


class Rung(NamedTuple):
    """Where a trial stops unless it has learned enough.

    Attributes:
      place: so many places of its learning curve come before.
      objective: the worst mean over the last of those places with which it goes on.
    """

    place: int
    objective: float


class TrialKey(NamedTuple):
    """What identifies a trial within its study.

    Attributes:
      number: of its setting: initial ones first, then those proposed.
      repeat: which measurement of the setting it is, from 0.
    """

    number: int
    repeat: int = 0


@dataclass(frozen=True)
class Trial:
    """One training run to be made: hyperparameters by the authors' names, and a seed.

    Attributes:
      hparams: hyperparameters; those left out take their defaults.
      seed: from it follow data, weights and batches.
      number: of its setting within its study.
      repeat: which measurement of that setting it is, from 0.
      rungs: where it stops unless it has learned enough; none trains it to its end.
      snapshot: where to continue it, as `Population.snapshots` gives it; None begins it anew.

    Raises:
      ValueError: the seed is not a whole number from 0 to 2^32 − 1.

    Example:
      >>> from capacity_jax import Trial
      >>> Trial({"lr_init": 0.01, "train_steps": 1000}, seed=7).seed
      7
    """

    hparams: Mapping[str, Any]
    seed: int
    number: int = 0
    repeat: int = 0
    rungs: Sequence[Rung] = ()
    snapshot: Snapshot | None = field(default=None, compare=False, repr=False)

    def __post_init__(self):
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(f"seed is {self.seed!r}; it must be a whole number from 0 to 2^32 - 1")

    @property
    def key(self) -> TrialKey:
        """What identifies it within its study."""
        return TrialKey(self.number, self.repeat)


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Attributes:
      trial: the trial, its hyperparameters completed with the defaults.
      scores: means over the evaluation set and what the task derives from them; NaN where the member diverged.
      steps_made: training steps.
      infeasible: whether the loss was not finite, or far above chance at the end.
      seconds: wall time spent on the trial, to the end of the chunk in which it finished.
      validation: as scores, over the validation set, by which settings are chosen; the same where the task has one set.
      stopped: whether it stopped at a rung; its scores are then those of the training batches just before.
      train_loss: loss of the last training batch.
      curve: how training went, at some 30 places: by name the steps made, and means over the training batches since the
        place before of each score and of what the task derives from them.
      params: the trained parameters, as arrays of numpy; None where the member diverged.

    Example:
      >>> from capacity_jax import Outcome, Trial
      >>> Outcome(Trial({}, seed=7), {"loss": 0.5}, steps_made=1000, infeasible=False, seconds=2.0).scores["loss"]
      0.5
    """

    trial: Trial
    scores: Mapping[str, float]
    steps_made: int
    infeasible: bool
    seconds: float
    validation: Mapping[str, float] = field(default_factory=dict)
    stopped: bool = False
    train_loss: float = float("nan")
    curve: Mapping[str, Sequence[float]] = field(default_factory=dict)
    params: Params | None = field(default=None, compare=False, repr=False)

    def __post_init__(self):
        if not self.validation:
            object.__setattr__(self, "validation", self.scores)

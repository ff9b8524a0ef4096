"""A study: the trials of one cell, depth and budget, and the best setting they find, measured over seeds.

Which setting its n-th trial has follows from the study and the outcomes of certain earlier trials alone, never from
when they ended: whoever trains them, on however many machines, interrupted or not, finds the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from capacity_jax.search.space import Space
from capacity_jax.training.settings import complete
from capacity_jax.training.member import Bucket
from capacity_jax.training.population import Outcome, Trial


@dataclass(frozen=True)
class Study:
    """What is to be found out about one network size.

    Attributes:
      bucket: network, task and batch size.
      space: hyperparameters to search.
      starts: settings known to be good, each trained with every seed.
      n_trials: proposals of the sampler.
      n_seeds: measurements of each start, and at least that many of the best setting.
      seed: from it follow the seeds and proposals of all trials.
      name: under which it is stored; unique among the studies of a run.
      sampler: who proposes, as `sampler_by_name` takes it.
      n_proposals: how many settings are proposed at once, while those before are trained.
      budget: the number of parameters asked for, if the size was given so.
      max_train_steps: the cap on training steps that space and starts already obey, if there is one; recorded, because
        it makes capacities lower bounds.

    Raises (from `starting_trials`):
      ValueError: a start holds hyperparameters that the bucket cannot take.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, mem_thru, rnn, search_space
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> space = search_space(bucket, {"train_steps": 1000})
      >>> study = Study(bucket, space, starts=[{"lr_init": 0.01}], n_trials=5, n_seeds=2, seed=0)
      >>> len(study.starting_trials()), study.n_planned
      (2, 7)
    """

    bucket: Bucket
    space: Space
    starts: Sequence[Mapping[str, Any]]
    n_trials: int
    n_seeds: int
    seed: int
    name: str = "study"
    sampler: str = "gp"
    n_proposals: int = 8
    budget: int | None = None
    max_train_steps: int | None = None

    @property
    def n_starts(self) -> int:
        """Trials of the starts."""
        return len(self.starts) * self.n_seeds

    @property
    def n_planned(self) -> int:
        """Trials known beforehand: starts and proposals. The best setting's repeats come on top."""
        return self.n_starts + self.n_trials

    def starting_trials(self) -> list[Trial]:
        """The starts with their seeds."""
        return [self.trial(number, self.starts[number // self.n_seeds]) for number in range(self.n_starts)]

    def trial(self, number: int, hparams: Mapping[str, Any]) -> Trial:
        """The number-th trial; its seed depends on the study's seed and the number alone."""
        seed = int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0])
        return Trial(complete(self.bucket, hparams), seed, number)

    def role(self, number: int) -> str:
        """What the number-th trial is for: `start`, `search`, or `repeat` of the best setting."""
        return "start" if number < self.n_starts else "search" if number < self.n_planned else "repeat"

    def is_complete(self, outcomes: Mapping[int, Outcome]) -> bool:
        """Whether these outcomes, by number, are all there will be."""
        try:
            return len(outcomes) >= self.n_planned and self.repeat(len(outcomes), outcomes) is None
        except KeyError:
            return False

    def repeat(self, number: int, outcomes: Mapping[int, Outcome]) -> Mapping[str, Any] | None:
        """The setting that the number-th trial measures again, after all planned ones; None where enough are known.

        Raises:
          KeyError: an outcome is missing that it depends on.
        """
        n_known = self.n_planned
        while True:
            known = [outcomes[i] for i in range(n_known)]
            best = best_setting(self.bucket, known)
            if not best:
                return None
            hparams = best[0].trial.hparams
            n_missing = self.n_seeds - sum(outcome.trial.hparams == hparams for outcome in known)
            if n_missing <= 0:
                return None
            if number < n_known + n_missing:
                return hparams
            n_known += n_missing


def best_setting(bucket: Bucket, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The feasible outcomes of the setting whose objective on the validation set is best in the mean over its seeds.

    A setting that diverged with some seed comes after all that never did, however well its other seeds ended.

    Example:
      >>> from capacity_jax import Bucket, Network, Outcome, Trial, best_setting, mem_thru, rnn
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> trials = [Trial({"lr_init": rate}, seed=0) for rate in (0.1, 0.01)]
      >>> outcomes = [Outcome(trial, {"squared_error": trial.hparams["lr_init"]}, 9, False, 1.0) for trial in trials]
      >>> best_setting(bucket, outcomes)[0].trial.hparams
      {'lr_init': 0.01}
    """
    settings: dict[tuple, list[Outcome]] = {}
    # In the order of their seeds, not of their ends: ties and rounding then do not depend on speed.
    for outcome in sorted(outcomes, key=lambda outcome: outcome.trial.seed):
        settings.setdefault(tuple(sorted(outcome.trial.hparams.items())), []).append(outcome)
    sign = 1 if bucket.task.maximize else -1

    def merit(group):
        values = [objective(bucket, outcome) for outcome in group if not outcome.infeasible]
        return len(values) == len(group), sign * np.mean(values)

    some_feasible = [group for group in settings.values() if not all(outcome.infeasible for outcome in group)]
    best = max(some_feasible, key=merit, default=[])
    return [outcome for outcome in best if not outcome.infeasible]


def objective(bucket: Bucket, outcome: Outcome) -> float:
    """What a search is told: the last of the task's columns on the validation set; the worst number if infeasible."""
    if outcome.infeasible:
        return -np.inf if bucket.task.maximize else np.inf
    return outcome.validation[bucket.task.columns[-1]]

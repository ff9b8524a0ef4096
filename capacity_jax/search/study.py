"""A study: the trials of one cell, depth and budget, and the best setting they find, measured over seeds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from capacity_jax.search.space import Space, random_draw
from capacity_jax.training.hparams import complete
from capacity_jax.training.member import Bucket
from capacity_jax.training.population import Outcome, Trial, train_population


@dataclass(frozen=True)
class Study:
    """What is to be found out about one network size.

    Attributes:
      bucket: network, task and batch size.
      space: hyperparameters to draw from.
      starts: settings known to be good, each trained with every seed.
      n_trials: independent draws from the space.
      n_seeds: measurements of each start, and at least that many of the best setting.
      seed: from it follow the seeds and draws of all trials.

    Raises (from `trials`):
      ValueError: a start holds hyperparameters that the bucket cannot take.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, mem_thru, rnn, search_space
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> space = search_space(bucket, {"train_steps": 1000})
      >>> study = Study(bucket, space, starts=[{"lr_init": 0.01}], n_trials=5, n_seeds=2, seed=0)
      >>> len(study.trials())
      7
    """

    bucket: Bucket
    space: Space
    starts: Sequence[Mapping[str, Any]]
    n_trials: int
    n_seeds: int
    seed: int

    def trials(self) -> list[Trial]:
        """The starts with their seeds, then the draws."""
        settings = [start for start in self.starts for _ in range(self.n_seeds)]
        settings += [random_draw(self.space, self.seed, number) for number in range(self.n_trials)]
        return [self.trial(number, hparams) for number, hparams in enumerate(settings)]

    def trial(self, number: int, hparams: Mapping[str, Any]) -> Trial:
        """The number-th trial; its seed depends on the study's seed and the number alone."""
        return Trial(
            complete(self.bucket, hparams),
            int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0]),
        )


def run_study(
    study: Study,
    on_repeats: Callable[[Sequence[Trial]], None] = lambda trials: None,
    on_chunk: Callable[[int], None] = lambda n_steps: None,
) -> Iterator[Outcome]:
    """Trains the study's trials, then repeats the best setting until that which is best has had `n_seeds` seeds.

    Args:
      study: what to run.
      on_repeats: called with the trials that repeat the best setting, before they are trained.
      on_chunk: as of `train_population`.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, build_task, rnn, run_study
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> study = Study(bucket, space={}, starts=[{"train_steps": 50}], n_trials=0, n_seeds=1, seed=0)
      >>> [outcome.steps for outcome in run_study(study)]
      [50]
    """
    outcomes: list[Outcome] = []
    trials = study.trials()
    while trials:
        for outcome in train_population(study.bucket, trials, on_chunk=on_chunk):
            outcomes.append(outcome)
            yield outcome
        best = best_setting(study.bucket, outcomes)
        if not best:
            return
        hparams = best[0].trial.hparams
        n_missing = study.n_seeds - sum(outcome.trial.hparams == hparams for outcome in outcomes)
        trials = [study.trial(len(outcomes) + i, hparams) for i in range(n_missing)]
        on_repeats(trials)


def best_setting(bucket: Bucket, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The feasible outcomes of the setting whose objective is best in the mean over its seeds.

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
    objective = bucket.task.columns[-1]

    def merit(group):
        values = [outcome.scores[objective] for outcome in group if not outcome.infeasible]
        return len(values) == len(group), sign * np.mean(values)

    some_feasible = [group for group in settings.values() if not all(outcome.infeasible for outcome in group)]
    best = max(some_feasible, key=merit, default=[])
    return [outcome for outcome in best if not outcome.infeasible]

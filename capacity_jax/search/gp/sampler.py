"""The Gaussian-process search as an Optuna sampler."""

import zlib
from collections.abc import Iterator
from threading import Lock
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from capacity_jax.search.gp.encoding import Encoding
from capacity_jax.search.gp.propose import N_STARTUP_TRIALS, settings_one_by_one
from capacity_jax.search.gp.standardized import informative


class GPSampler(BaseSampler):
    """Settings of largest expected improvement under a Gaussian process, for studies of one objective.

    Finished trials are learned from, infeasible ones included (see `propose`), running ones count as pending. The
    process is fitted when a trial is asked for after one has finished; trials asked for in between share the fit.

    Args:
      seed: with the trials so far it decides what is proposed.
      n_startup_trials: how many trials must have finished before the process is used; settings before are independent
        draws.
      batch_size: how many trials may share a fit.

    Raises:
      ValueError: n_startup_trials is negative or batch_size is not positive.

    Example:
      >>> import optuna
      >>> from capacity_jax.search.gp import GPSampler
      >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
      >>> study = optuna.create_study(sampler=GPSampler(seed=0, n_startup_trials=5))
      >>> study.optimize(lambda trial: trial.suggest_float("x", -1.0, 1.0) ** 2, n_trials=8)
      >>> study.best_value < 0.1
      True
    """

    def __init__(self, seed: int, n_startup_trials: int = N_STARTUP_TRIALS, batch_size: int = 32):
        if n_startup_trials < 0:
            raise ValueError(f"n_startup_trials is {n_startup_trials}; it must not be negative")
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be positive")
        self.seed = seed
        self.n_startup_trials = n_startup_trials
        self.batch_size = batch_size
        self._space = IntersectionSearchSpace(include_pruned=True)
        self._lock = Lock()
        self._fitted_to: Any = None
        self._proposals: Iterator[dict[str, Any]] = iter(())
        self._proposed: dict[tuple[str, int], dict[str, Any]] = {}

    def reseed_rng(self) -> None:
        """Nothing to do: draws depend on the seed and the trial alone, so parallel workers never repeat them."""

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Refuses what the process cannot model.

        Raises:
          ValueError: the study has several objectives.
        """
        if len(study.directions) > 1:
            raise ValueError(f"the study has {len(study.directions)} objectives; GPSampler takes one")

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """The dimensions that all trials so far have in common."""
        return self._space.calculate(study)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next proposal; none during start-up."""
        others = [other for other in study.get_trials(deepcopy=False) if other.number != trial.number]
        finished = [other.number for other in others if informative(other)]
        if not search_space or len(finished) < self.n_startup_trials:
            return {}
        with self._lock:
            key = study.study_name, finished, search_space
            proposal = next(self._proposals, None) if self._fitted_to == key else None
            if proposal is None:
                self._fitted_to, self._proposals = key, self._fit(study, others, search_space)
                proposal = next(self._proposals)
            self._proposed[study.study_name, trial.number] = proposal
            return proposal

    def _fit(self, study, trials, search_space):
        # A trial that has been asked for has no params until its objective asks for them.
        running = {(study.study_name, trial.number) for trial in trials if trial.state == TrialState.RUNNING}
        self._proposed = {key: params for key, params in self._proposed.items() if key in running}
        pending = [
            create_trial(state=TrialState.RUNNING, params=params, distributions=search_space)
            for params in self._proposed.values()
            if params.keys() == search_space.keys()
        ]
        return settings_one_by_one(
            [trial for trial in trials if (study.study_name, trial.number) not in self._proposed] + pending,
            search_space,
            self.batch_size,
            maximize=study.direction == StudyDirection.MAXIMIZE,
            seed=self.seed,
            n_startup_trials=self.n_startup_trials,
        )

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A draw of one dimension; uniform, or uniform in the logarithm."""
        encoding = Encoding({param_name: param_distribution})
        rng = np.random.default_rng((self.seed, trial.number, zlib.crc32(param_name.encode())))
        return encoding.decode(encoding.spread(rng.random((1, len(encoding.searched))))[0])[param_name]

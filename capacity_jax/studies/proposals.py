"""Settings proposed by a sampler, a batch at a time, as a pure function of the trials before."""

import warnings
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.search import gp
from capacity_jax.search.space import Space, nearest
from capacity_jax.studies.storage import quiet
from capacity_jax.studies.study import Study, objective
from capacity_jax.training.settings import complete
from capacity_jax.training.population import Outcome

# Other samplers of Optuna go by their class's name.
NAMES = {"random": "RandomSampler", "tpe": "TPESampler", "cmaes": "CmaEsSampler", "qmc": "QMCSampler"}


def sampler_by_name(name: str, seed: int) -> BaseSampler:
    """`gp` (the Gaussian process of `capacity_jax.search.gp`), `random`, `tpe`, `cmaes`, `qmc`, or a class of Optuna.

    Raises:
      ValueError: no sampler has that name.

    Example:
      >>> from capacity_jax import sampler_by_name
      >>> type(sampler_by_name("tpe", seed=0)).__name__
      'TPESampler'
    """
    if name == "gp":
        return gp.GPSampler(seed=seed)
    known = optuna.samplers.__all__
    class_name = NAMES.get(name, name)
    if class_name not in known or not class_name.endswith("Sampler") or class_name == "BaseSampler":
        close = get_close_matches(name, ["gp", *NAMES, *known], 1)
        hint = f"did you mean {close[0]}?" if close else f"allowed: gp, {', '.join(NAMES)}, or a sampler of Optuna"
        raise ValueError(f"sampler is {name!r}; {hint}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return getattr(optuna.samplers, class_name)(seed=seed)


def batch_of(study: Study, number: int) -> tuple[int, range]:
    """Which batch a proposal belongs to, and the numbers of that batch's trials."""
    batch = (number - study.n_starts) // study.n_proposals
    first = study.n_starts + batch * study.n_proposals
    return batch, range(first, min(first + study.n_proposals, study.n_planned))


def n_awaited(study: Study, batch: int) -> int:
    """How many trials, the first ones, must have ended before a batch is proposed: all but the batch before it.

    One batch is thus proposed while the one before it is trained.
    """
    return 0 if study.sampler == "random" else max(0, study.n_starts + (batch - 1) * study.n_proposals)


def propose(
    study: Study,
    batch: int,
    outcomes: Mapping[int, Outcome],
    settings: Mapping[int, Mapping[str, Any]],
    by_process: Callable[..., list[dict[str, Any]]] = gp.propose,
) -> list[dict[str, Any]]:
    """The settings of a batch.

    Args:
      study: whose sampler is asked.
      batch: which batch of the sampler's, from 0.
      outcomes: by number; those of the first `n_awaited` trials are used.
      settings: by number, the complete hyperparameters of all trials before the batch.
      by_process: answers as `gp.propose` does, for the sampler `gp`.
    """
    seed = int(np.random.SeedSequence((study.seed, batch, 1)).generate_state(1)[0])
    awaited = n_awaited(study, batch)
    numbers = range(study.n_starts + batch * study.n_proposals)
    trials = [_frozen(study, settings[number], outcomes[number] if number < awaited else None) for number in numbers]
    size = min(study.n_proposals, study.n_trials - batch * study.n_proposals)
    maximize = study.bucket.task.maximize
    if study.sampler == "gp":
        # Before it has learned anything the process is not worth starting.
        ask = by_process if awaited >= gp.N_STARTUP_TRIALS else gp.propose
        return [complete(study.bucket, one) for one in ask(trials, study.space, size, maximize=maximize, seed=seed)]
    with quiet():
        direction = "maximize" if maximize else "minimize"
        copy = optuna.create_study(direction=direction, sampler=sampler_by_name(study.sampler, seed))
        copy.add_trials(trials)
        return [complete(study.bucket, copy.ask(study.space).params) for _ in range(size)]


def _frozen(study: Study, hparams: Mapping[str, Any], outcome: Outcome | None) -> FrozenTrial:
    inside = within(study.space, hparams)
    return optuna.trial.create_trial(
        state=TrialState.RUNNING if outcome is None else TrialState.COMPLETE,
        value=None if outcome is None else objective(study.bucket, outcome),
        params=inside,
        distributions={name: study.space[name] for name in inside},
        user_attrs={"infeasible": outcome is not None and outcome.infeasible},
    )


def within(space: Space, hparams: Mapping[str, Any]) -> dict[str, Any]:
    """The searched hyperparameters of a setting, moved to the nearest place in the space."""
    return {name: value for name, value in nearest(space, hparams).items() if name in space}

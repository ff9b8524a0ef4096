"""Settings proposed by a sampler, a batch at a time, as a pure function of the trials before."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.search import gp
from capacity_jax.search.samplers import sampler_by_name
from capacity_jax.search.space import searched_part
from capacity_jax.studies.record import Record
from capacity_jax.studies.storage import quiet
from capacity_jax.studies.study import Study
from capacity_jax.training.settings import fill_defaults
from capacity_jax.training.trial import TrialKey


def batch_of(study: Study, number: int) -> tuple[int, range]:
    """Which batch a proposed setting belongs to, and the numbers of that batch's settings.

    A batch is proposed whole, also where the study wants a part of it: with more trials the rest is what follows.
    """
    n_initial = len(study.initial_settings)
    batch = (number - n_initial) // study.proposals
    first = n_initial + batch * study.proposals
    return batch, range(first, first + study.proposals)


def n_before(study: Study, batch: int) -> int:
    """How many settings, the first ones, a batch follows from: random draws follow from none."""
    return 0 if study.sampler == "random" else len(study.initial_settings) + batch * study.proposals


def n_awaited(study: Study, batch: int) -> int:
    """Of how many settings, the first ones, the first measurements must have ended before a batch is proposed.

    Those of all but the batch before it: one batch is thus proposed while the one before it is trained.
    """
    return max(0, n_before(study, batch) - study.proposals)


def proposed_batch(
    study: Study,
    batch: int,
    records: Mapping[TrialKey, Record],
    settings: Mapping[int, Mapping[str, Any]],
    propose: Callable[..., list[dict[str, Any]]] = gp.propose,
) -> list[dict[str, Any]]:
    """The settings of a batch.

    Args:
      study: whose sampler is asked.
      batch: which batch of the sampler's, from 0.
      records: those of the first measurements of the first `n_awaited` settings are used.
      settings: by number, the complete hyperparameters of the first `n_before` settings.
      propose: answers as `gp.propose` does, for the sampler `gp`.
    """
    seed = int(np.random.SeedSequence((study.seed, batch, 1)).generate_state(1)[0])
    awaited = n_awaited(study, batch)
    known = {number: records[TrialKey(number)] for number in range(awaited)}
    trials = [_frozen(study, settings[number], known.get(number)) for number in range(n_before(study, batch))]
    maximize = study.bucket.task.maximize
    if study.sampler == "gp":
        # Before it has learned anything a process of its own is not worth starting.
        propose = propose if awaited >= gp.N_STARTUP_TRIALS else gp.propose
        settings_proposed = propose(trials, study.space, study.proposals, maximize=maximize, seed=seed)
        return [fill_defaults(study.bucket, setting) for setting in settings_proposed]
    with quiet():
        direction = "maximize" if maximize else "minimize"
        copy = optuna.create_study(direction=direction, sampler=sampler_by_name(study.sampler, seed))
        copy.add_trials(trials)
        return [fill_defaults(study.bucket, copy.ask(study.space).params) for _ in range(study.proposals)]


def _frozen(study: Study, hparams: Mapping[str, Any], record: Record | None) -> FrozenTrial:
    searched = searched_part(study.space, hparams)
    return optuna.trial.create_trial(
        state=TrialState.COMPLETE if record else TrialState.RUNNING,
        value=record.told if record else None,
        params=searched,
        distributions={name: study.space[name] for name in searched},
        user_attrs={"infeasible": record is not None and record.infeasible},
    )

"""Proposals: a pure function of the study and of the records it waits for."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import BUCKET, outcome_of, study_of
from optuna.distributions import CategoricalDistribution

from capacity_jax.search import search_space
from capacity_jax.studies.proposals import batch_of, n_awaited, proposed_batch


def searching(sampler, **changes):
    return study_of(**({"initial_settings": [{"lr_init": 0.5}], "trials": 30, "sampler": sampler} | changes))


def history(study, n):
    """Made-up records of the first n trials, of which every fifth diverged, and the settings of some more."""
    settings = {trial.number: trial.hparams for trial in study.initial_trials()}
    for batch in range(n // study.proposals + 1):
        for hparams in proposed_batch(searching("random", seed=0), batch, {}, settings):
            settings[len(settings)] = hparams
    trials = [study.trial(number, settings[number]) for number in range(n)]
    values = [100.0 - abs(trial.hparams["b"] - 50) for trial in trials]
    outcomes = [outcome_of(trial, value, trial.number % 5 == 4) for trial, value in zip(trials, values, strict=True)]
    return settings, {number: study.record(outcome) for number, outcome in enumerate(outcomes)}


@pytest.mark.parametrize("sampler", ["gp", "random", "tpe"])
def test_proposals_are_complete_and_repeat_themselves(sampler):
    """Breaks if a resumed study would propose other settings than the one that was killed."""
    study = searching(sampler)
    settings, records = history(study, 14)
    first = proposed_batch(study, 3, records, settings)
    assert first == proposed_batch(study, 3, records, settings)
    assert len(first) == 4
    assert all(10 <= hparams["b"] <= 90 and 5 <= hparams["train_steps"] <= 2000 for hparams in first)
    assert len({str(hparams) for hparams in first}) == 4
    assert first != proposed_batch(searching(sampler, seed=2), 3, records, settings)


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_proposals_do_not_look_at_trials_they_do_not_wait_for(sampler):
    """Breaks if a proposal depends on how fast the trials before it were."""
    study = searching(sampler)
    settings, records = history(study, 14)
    awaited = {number: records[number] for number in range(n_awaited(study, 3))}
    assert len(awaited) == 10 < len(records)
    assert proposed_batch(study, 3, awaited, settings) == proposed_batch(study, 3, records, settings)


def test_random_proposals_wait_for_nothing():
    """Breaks if independent draws wait for each other."""
    assert n_awaited(searching("random"), 5) == 0
    assert n_awaited(searching("tpe"), 0) == n_awaited(searching("tpe", initial_settings=[]), 1) == 0
    assert n_awaited(searching("tpe"), 5) == 2 + 4 * 4


def test_random_draws_stay_in_range_reach_the_ends_and_follow_the_scale():
    """Breaks if a draw leaves its range, never nears an end, or a logarithmic dimension is drawn linearly."""
    study = searching("random", initial_settings=[], trials=600, proposals=600)
    space = search_space(BUCKET, {"b": (1, 3), "lr_init": (1e-4, 1e-1), "train_steps": 10})
    draws = proposed_batch(replace(study, space=space), 0, {}, {})
    for name, distribution in space.items():
        values = [draw[name] for draw in draws]
        if isinstance(distribution, CategoricalDistribution):
            assert set(values) == set(distribution.choices)
        else:
            assert distribution.low <= min(values)
            assert max(values) <= distribution.high
    logarithms = np.log([draw["lr_init"] for draw in draws])
    np.testing.assert_allclose(logarithms.mean(), np.log(10**-2.5), atol=4 * np.log(1000) / np.sqrt(12 * 600))
    counts = np.bincount([draw["b"] for draw in draws], minlength=4)[1:]
    np.testing.assert_allclose(counts / 600, 1 / 3, atol=0.08)


def test_batches_cover_all_trials_once():
    """Breaks if a number belongs to no batch or the last batch is too long."""
    study = searching("random")
    assert batch_of(study, 2) == (0, range(2, 6))
    assert batch_of(study, 31) == (7, range(30, 32))
    assert len(proposed_batch(study, 7, {}, history(study, 30)[0])) == 2

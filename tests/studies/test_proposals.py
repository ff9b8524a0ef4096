"""Proposals: a pure function of the study and of the records it waits for."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import BUCKET, outcome_of, study_of
from optuna.distributions import CategoricalDistribution

from capacity_jax.search import search_space
from capacity_jax.studies.proposals import batch_of, n_awaited, proposed_batch
from capacity_jax.training.trial import TrialKey


def searching(sampler, **changes):
    return study_of(**({"initial_settings": [{"lr_init": 0.5}], "trials": 30, "sampler": sampler} | changes))


def history(study, n):
    """Made-up records of the first n trials, of which every fifth diverged, and the settings of some more."""
    settings = {trial.number: trial.hparams for trial in study.initial_trials()}
    for batch in range(n // study.proposals + 1):
        for hparams in proposed_batch(searching("random", seed=0), batch, {}, settings):
            settings[len(settings)] = hparams
    trials = [study.trial(TrialKey(number), settings[number]) for number in range(n)]
    values = [100.0 - abs(trial.hparams["b"] - 50) for trial in trials]
    outcomes = [outcome_of(trial, value, trial.number % 5 == 4) for trial, value in zip(trials, values, strict=True)]
    return settings, {trial.key: study.record(outcome) for trial, outcome in zip(trials, outcomes, strict=True)}


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
    awaited = {TrialKey(number): records[number, 0] for number in range(n_awaited(study, 3))}
    assert len(awaited) == 9 < len(records)
    assert proposed_batch(study, 3, awaited, settings) == proposed_batch(study, 3, records, settings)


def test_random_proposals_wait_for_nothing():
    """Breaks if independent draws wait for each other."""
    assert n_awaited(searching("random"), 5) == 0
    assert n_awaited(searching("tpe"), 0) == n_awaited(searching("tpe", initial_settings=[]), 1) == 0
    assert n_awaited(searching("tpe"), 5) == 1 + 4 * 4


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


@pytest.mark.parametrize("sampler", ["gp", "random", "tpe"])
def test_the_last_batch_is_the_beginning_of_a_whole_one(sampler):
    """Breaks if a study that grows would go on with other settings than one that was large from the start."""
    small, large = searching(sampler, trials=14, seeds=1), searching(sampler, trials=30, seeds=3)
    assert batch_of(small, 1) == (0, range(1, 5))
    assert batch_of(small, 14) == batch_of(large, 14) == (3, range(13, 17))
    settings, records = history(small, 14)
    assert proposed_batch(small, 3, records, settings) == proposed_batch(large, 3, records, settings)

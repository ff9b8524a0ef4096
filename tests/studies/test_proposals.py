"""Proposals: a pure function of the study and of the outcomes it waits for."""

from dataclasses import replace

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import Study, sampler_by_name, search_space
from capacity_jax.studies.proposals import batch_of, n_awaited, propose
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome


def study_of(sampler, **changes):
    bucket = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
    space = search_space(bucket, {"train_steps": (5, 2000), "b": (10, 90)})
    fields = {"starts": [{"lr_init": 0.5}], "n_trials": 30, "n_seeds": 2, "seed": 1, "n_proposals": 4}
    return Study(bucket, space, sampler=sampler, **(fields | changes))


def history(study, n, seed=0):
    """Made-up outcomes of the first n trials, of which every fifth diverged."""
    settings, outcomes = {}, {}
    for trial in study.starting_trials():
        settings[trial.number] = trial.hparams
    for batch in range(n // study.n_proposals + 1):
        first = study.n_starts + batch * study.n_proposals
        for i, hparams in enumerate(propose(study_of("random", seed=seed), batch, {}, settings)):
            settings[first + i] = hparams
    for number in range(n):
        value = 100 - abs(settings[number]["b"] - 50)
        scores = {"loss": 0.5, "bits_per_parameter": value}
        outcomes[number] = Outcome(study.trial(number, settings[number]), scores, 10, number % 5 == 4, 1.0)
    return settings, outcomes


@pytest.mark.parametrize("sampler", ["gp", "random", "tpe"])
def test_proposals_are_complete_and_repeat_themselves(sampler):
    """Breaks if a resumed study would propose other settings than the one that was killed."""
    study = study_of(sampler)
    settings, outcomes = history(study, 14)
    first = propose(study, 3, outcomes, settings)
    assert first == propose(study, 3, outcomes, settings)
    assert len(first) == 4
    assert all(10 <= hparams["b"] <= 90 and 5 <= hparams["train_steps"] <= 2000 for hparams in first)
    assert len({str(hparams) for hparams in first}) == 4
    assert first != propose(study_of(sampler, seed=2), 3, outcomes, settings)


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_proposals_do_not_look_at_trials_they_do_not_wait_for(sampler):
    """Breaks if a proposal depends on how fast the trials before it were."""
    study = study_of(sampler)
    settings, outcomes = history(study, 14)
    awaited = {number: outcomes[number] for number in range(n_awaited(study, 3))}
    assert len(awaited) == 10 < len(outcomes)
    assert propose(study, 3, awaited, settings) == propose(study, 3, outcomes, settings)


def test_random_proposals_wait_for_nothing():
    """Breaks if independent draws wait for each other."""
    assert n_awaited(study_of("random"), 5) == 0
    assert n_awaited(study_of("tpe"), 0) == n_awaited(study_of("tpe", starts=[]), 1) == 0
    assert n_awaited(study_of("tpe"), 5) == 2 + 4 * 4


def test_random_draws_stay_in_range_reach_the_ends_and_follow_the_scale():
    """Breaks if a draw leaves its range, never nears an end, or a logarithmic dimension is drawn linearly."""
    study = study_of("random", starts=[], n_trials=2000, n_proposals=2000)
    space = search_space(study.bucket, {"b": (1, 3), "lr_init": (1e-4, 1e-1), "train_steps": 10})
    draws = propose(replace(study, space=space), 0, {}, {})
    for name, distribution in space.items():
        values = [draw[name] for draw in draws]
        if isinstance(distribution, CategoricalDistribution):
            assert set(values) == set(distribution.choices)
        else:
            assert distribution.low <= min(values)
            assert max(values) <= distribution.high
    rates = np.log([draw["lr_init"] for draw in draws])
    np.testing.assert_allclose(rates.mean(), np.log(10**-2.5), atol=4 * np.log(1000) / np.sqrt(12 * 2000))
    counts = np.bincount([draw["b"] for draw in draws], minlength=4)[1:]
    np.testing.assert_allclose(counts / 2000, 1 / 3, atol=0.045)


def test_batches_cover_all_trials_once():
    """Breaks if a number belongs to no batch or the last batch is too long."""
    study = study_of("tpe")
    assert batch_of(study, 2) == (0, range(2, 6))
    assert batch_of(study, 31) == (7, range(30, 32))
    assert len(propose(study_of("random"), 7, {}, history(study, 30)[0])) == 2


def test_samplers_go_by_name():
    """Breaks if Optuna's other samplers cannot be chosen, or a misspelt one is accepted."""
    assert type(sampler_by_name("cmaes", 0)).__name__ == "CmaEsSampler"
    assert type(sampler_by_name("NSGAIISampler", 0)).__name__ == "NSGAIISampler"
    assert type(sampler_by_name("gp", 0)).__module__.startswith("capacity_jax")
    with pytest.raises(ValueError, match="sampler is 'tep'; did you mean tpe"):
        sampler_by_name("tep", 0)
    with pytest.raises(ValueError, match="sampler is 'xyz12'; allowed: gp, random, tpe"):
        sampler_by_name("xyz12", 0)

"""A study: which trials it makes, and which setting it calls best."""

import numpy as np
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import Study, best_setting, run_study, search_space
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome, Trial


@pytest.fixture
def bucket():
    return Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)


def study_of(bucket, **changes):
    space = search_space(bucket, {"train_steps": (5, 20), "b": (10, 90)})
    fields = {"starts": [{"b": 40, "train_steps": 30}], "n_trials": 3, "n_seeds": 2, "seed": 1}
    return Study(bucket=bucket, space=space, **(fields | changes))


def outcome(lr, bits, seed, infeasible=False):
    scores = {"loss": 0.1} if infeasible else {"loss": 0.1, "bits": bits, "bits_per_parameter": bits / 10}
    return Outcome(Trial({"lr_init": lr}, seed), scores, 10, infeasible, 1.0)


def test_trials_are_starts_by_seed_then_draws(bucket):
    """Breaks if a start is measured with too few seeds, draws are lost, or seeds repeat."""
    trials = study_of(bucket).trials()
    assert [trial.hparams["train_steps"] for trial in trials[:2]] == [30, 30]
    assert len(trials) == 5
    assert len({trial.seed for trial in trials}) == 5
    assert len({trial.hparams["lr_init"] for trial in trials[2:]}) == 3


def test_another_seed_makes_other_trials(bucket):
    """Breaks if studies of different cells or sizes would share their draws and data."""
    first, second = study_of(bucket).trials(), study_of(bucket, seed=2).trials()
    assert not {trial.seed for trial in first} & {trial.seed for trial in second}


def test_best_setting_is_by_mean_and_leaves_infeasible_out(bucket):
    """Breaks if one lucky seed decides, or a diverged run counts."""
    steady = [outcome(0.1, 30, 1), outcome(0.1, 32, 2)]
    lucky = [outcome(0.2, 40, 3), outcome(0.2, 10, 4)]
    broken = [outcome(0.3, 99, 5, infeasible=True)]
    assert best_setting(bucket, steady + lucky + broken) == steady
    assert best_setting(bucket, broken) == []
    shaky = [outcome(0.4, 50, 6), outcome(0.4, 0, 7, infeasible=True)]
    assert best_setting(bucket, steady + shaky) == steady
    assert best_setting(bucket, shaky) == shaky[:1]


def test_what_is_reported_best_has_had_every_seed(bucket, monkeypatch):
    """Breaks if a runner-up with one lucky run replaces a winner whose repeats disappoint, without being repeated."""
    bits = {0.1: [30.0] * 4, 0.2: [40.0, 20.0, 20.0], 0.3: [35.0, 34.0, 33.0]}
    left = {lr: iter(values) for lr, values in bits.items()}

    def trained(bucket, trials, on_chunk):
        for trial in trials:
            yield outcome(trial.hparams["lr_init"], next(left[trial.hparams["lr_init"]]), trial.seed)

    settings = [Trial({"lr_init": lr}, seed) for seed, lr in enumerate((0.1, 0.1, 0.1, 0.2, 0.3))]
    monkeypatch.setattr("capacity_jax.search.study.train_population", trained)
    monkeypatch.setattr(Study, "trials", lambda self: settings)
    monkeypatch.setattr(Study, "trial", lambda self, number, hparams: Trial(hparams, 100 + number))
    best = best_setting(bucket, list(run_study(study_of(bucket, n_seeds=3))))
    assert [one.scores["bits"] for one in best] == [35, 34, 33]


def test_best_setting_is_measured_with_every_seed(bucket):
    """Breaks if a random draw that wins is reported from a single seed."""
    study = study_of(bucket, starts=[], n_trials=3, n_seeds=3)
    repeats = []
    outcomes = list(run_study(study, on_repeats=repeats.extend))
    assert len(outcomes) == 3 + len(repeats) == 5
    best = best_setting(bucket, outcomes[:3])
    assert all(trial.hparams == best[0].trial.hparams for trial in repeats)
    assert len({outcome.trial.seed for outcome in outcomes}) == 5


def test_a_bad_start_is_refused_before_anything_is_trained(bucket):
    """Breaks if a misspelt start fails only when its turn comes."""
    with pytest.raises(ValueError, match="lr_innit"):
        next(iter(run_study(study_of(bucket, starts=[{"lr_innit": 0.1}]))))


def test_a_study_repeats_itself(bucket):
    """Breaks if a study with the same seed gives another result."""
    first, second = (
        sorted((outcome.trial.seed, outcome.scores["loss"]) for outcome in run_study(study_of(bucket)))
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)

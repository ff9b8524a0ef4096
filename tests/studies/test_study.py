"""A study: which trials it makes, and when it is complete."""

import numpy as np
import pytest
from made_up import outcome_of, records_of, study_of

from capacity_jax.studies import best_setting
from capacity_jax.training import Trial


def test_initial_settings_are_measured_with_every_seed():
    """Breaks if a setting is measured with too few seeds, or seeds or numbers repeat."""
    study = study_of(initial_settings=[{"train_steps": 30}, {"train_steps": 40}])
    trials = study.initial_trials()
    assert [trial.hparams["train_steps"] for trial in trials] == [30, 30, 40, 40]
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert len({trial.seed for trial in trials}) == 4
    assert [study.role(number) for number in (3, 4, 6, 7)] == ["initial", "search", "search", "repeat"]


def test_another_seed_makes_other_trials():
    """Breaks if studies of different cells or sizes would share their data."""
    first, second = study_of().initial_trials(), study_of(seed=2).initial_trials()
    assert not {trial.seed for trial in first} & {trial.seed for trial in second}


def test_what_is_reported_best_has_had_every_seed():
    """Breaks if a runner-up with one lucky run replaces a winner whose repeats disappoint, without being repeated."""
    bits = {0.1: [3.0] * 4, 0.2: [4.0, 2.0, 2.0], 0.3: [3.5, 3.4, 3.3]}
    left = {lr: iter(values) for lr, values in bits.items()}
    study = study_of(initial_settings=[{"lr_init": 0.1}], seeds=3, trials=2)

    def record(number, lr):
        return study.record(outcome_of(Trial({"lr_init": lr}, number, number), next(left[lr])))

    records = {number: record(number, lr) for number, lr in enumerate([0.1, 0.1, 0.1, 0.2, 0.3])}
    while (hparams := study.repeat(len(records), records)) is not None:
        assert not study.is_complete(records)
        records[len(records)] = record(len(records), hparams["lr_init"])
    assert study.is_complete(records)
    assert [one.score for one in best_setting(records.values(), maximize=True)] == [3.5, 3.4, 3.3]


def test_repeats_wait_for_what_they_depend_on():
    """Breaks if the best setting is repeated before all planned trials have ended."""
    study = study_of(initial_settings=[], trials=3)
    records = records_of(study, [{"lr_init": 0.1}] * 3, [1.0, 2.0, 3.0])
    with pytest.raises(KeyError):
        study.repeat(3, {0: records[0], 2: records[2]})
    assert not study.is_complete(dict(enumerate(records[:2])))


def test_a_study_without_feasible_trials_ends():
    """Breaks if a search in which everything diverged never ends."""
    study = study_of(initial_settings=[], trials=3)
    records = records_of(study, [{"lr_init": 0.1 * number} for number in range(3)], [np.nan] * 3)
    assert study.is_complete(dict(enumerate(records)))


def test_a_bad_setting_is_refused_before_anything_is_trained():
    """Breaks if a misspelt setting fails only when its turn comes."""
    with pytest.raises(ValueError, match="lr_innit"):
        study_of(initial_settings=[{"lr_innit": 0.1}]).initial_trials()

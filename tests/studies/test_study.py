"""A study: which trials it makes, and when it is complete."""

import numpy as np
import pytest
from made_up import outcome_of, records_of, study_of

from capacity_jax.studies import best_setting
from capacity_jax.training.trial import TrialKey


def test_initial_settings_are_measured_with_every_seed():
    """Breaks if a setting is measured with too few seeds, or seeds or keys repeat."""
    study = study_of(initial_settings=[{"train_steps": 30}, {"train_steps": 40}])
    trials = study.initial_trials()
    assert [trial.hparams["train_steps"] for trial in trials] == [30, 30, 40, 40]
    assert [trial.key for trial in trials] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len({trial.seed for trial in trials}) == 4
    roles = [study.role(TrialKey(*key)) for key in ((1, 1), (2, 0), (4, 0), (2, 1))]
    assert roles == ["initial", "search", "search", "repeat"]


def test_another_seed_makes_other_trials():
    """Breaks if studies of different cells or sizes would share their data."""
    first, second = study_of().initial_trials(), study_of(seed=2).initial_trials()
    assert not {trial.seed for trial in first} & {trial.seed for trial in second}


BITS = {0.1: [3.0] * 9, 0.2: [4.0, 2.0, 2.0, 2.0], 0.3: [3.5, 3.4, 3.3, 3.2, 3.3], 0.4: [3.9, 3.9, 3.9, 3.9]}


def run(study, proposed=(0.2, 0.3, 0.4), known=()):
    """The study's records, each trial with the bits of its rate and repeat, when nothing is left; and all there are."""
    rates = [setting["lr_init"] for setting in study.initial_settings] + list(proposed)
    records = dict(known)
    while study.complete(records) is None:
        key = next(key for key in study.keys(records) if key not in records)
        rate = rates[key.number]
        records[key] = study.record(outcome_of(study.trial(key, {"lr_init": rate}), BITS[rate][key.repeat]))
    return study.complete(records), records


def test_what_is_reported_best_has_had_every_seed():
    """Breaks if a runner-up with one lucky run replaces a winner whose repeats disappoint, without being repeated."""
    found, _ = run(study_of(initial_settings=[{"lr_init": 0.1}], seeds=3, trials=2))
    assert sorted(one.score for one in best_setting(found, maximize=True)) == [3.3, 3.4, 3.5]


def test_a_study_that_grows_finds_what_a_large_one_finds():
    """Breaks if the order in which trials and seeds were asked for changes what is found, or a trial's seed."""
    sizes = [{"trials": 1, "seeds": 2}, {"trials": 2, "seeds": 2}, {"trials": 3, "seeds": 2}, {"trials": 3, "seeds": 4}]
    studies = [study_of(initial_settings=[{"lr_init": 0.1}], **size) for size in sizes]
    records = {}
    for study in studies:
        found, records = run(study, known=records)
        assert found == run(study)[0]
    assert len(records) > len(found)
    assert best_setting(found, maximize=True)[0].hparams["lr_init"] == 0.4


def test_repeats_wait_for_what_they_depend_on():
    """Breaks if the best setting is repeated before all planned trials have ended."""
    study = study_of(initial_settings=[], trials=3)
    records = {record.key: record for record in records_of(study, [{"lr_init": 0.1}] * 3, [1.0, 2.0, 3.0])}
    del records[1, 0]
    assert study.complete(records) is None
    with pytest.raises(KeyError):
        list(study.keys(records))


def test_a_study_without_feasible_trials_ends():
    """Breaks if a search in which everything diverged never ends."""
    study = study_of(initial_settings=[], trials=3)
    records = records_of(study, [{"lr_init": 0.1 * number} for number in range(3)], [np.nan] * 3)
    assert study.complete({record.key: record for record in records}) == records


def test_a_bad_setting_is_refused_before_anything_is_trained():
    """Breaks if a misspelt setting fails only when its turn comes."""
    with pytest.raises(ValueError, match="lr_innit"):
        study_of(initial_settings=[{"lr_innit": 0.1}]).initial_trials()

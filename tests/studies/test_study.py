"""A study: which trials it makes, which setting it calls best, and when it is complete."""

import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import Study, best_setting, search_space
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome, Trial


@pytest.fixture
def bucket():
    return Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)


def study_of(bucket, **changes):
    space = search_space(bucket, {"train_steps": (5, 20), "b": (10, 90)})
    fields = {"starts": [{"b": 40, "train_steps": 30}], "n_trials": 3, "n_seeds": 2, "seed": 1}
    return Study(bucket=bucket, space=space, **(fields | changes))


def outcome(lr, bits, seed, infeasible=False, validation=None):
    scores = {"loss": 0.1} if infeasible else {"loss": 0.1, "bits": bits, "bits_per_parameter": bits / 10}
    told = {} if validation is None else {"loss": 0.1, "bits_per_parameter": validation}
    return Outcome(Trial({"lr_init": lr}, seed), scores, 10, infeasible, 1.0, told)


def test_starts_are_measured_with_every_seed(bucket):
    """Breaks if a start is measured with too few seeds, or seeds or numbers repeat."""
    study = study_of(bucket, starts=[{"train_steps": 30}, {"train_steps": 40}])
    trials = study.starting_trials()
    assert [trial.hparams["train_steps"] for trial in trials] == [30, 30, 40, 40]
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert len({trial.seed for trial in trials}) == 4
    assert [study.role(number) for number in (3, 4, 6, 7)] == ["start", "search", "search", "repeat"]


def test_another_seed_makes_other_trials(bucket):
    """Breaks if studies of different cells or sizes would share their data."""
    first, second = study_of(bucket).starting_trials(), study_of(bucket, seed=2).starting_trials()
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


def test_best_setting_is_chosen_by_validation(bucket):
    """Breaks if a setting is chosen by the very scores that are then reported."""
    lucky_in_the_report = outcome(0.1, 50, 1, validation=1.0)
    better = outcome(0.2, 40, 2, validation=2.0)
    assert best_setting(bucket, [lucky_in_the_report, better]) == [better]


def test_what_is_reported_best_has_had_every_seed(bucket):
    """Breaks if a runner-up with one lucky run replaces a winner whose repeats disappoint, without being repeated."""
    bits = {0.1: [30.0] * 4, 0.2: [40.0, 20.0, 20.0], 0.3: [35.0, 34.0, 33.0]}
    left = {lr: iter(values) for lr, values in bits.items()}
    settings = [0.1, 0.1, 0.1, 0.2, 0.3]
    outcomes = {number: outcome(lr, next(left[lr]), number) for number, lr in enumerate(settings)}
    study = study_of(bucket, starts=[{"lr_init": 0.1}], n_seeds=3, n_trials=2)
    while (hparams := study.repeat(len(outcomes), outcomes)) is not None:
        assert not study.is_complete(outcomes)
        outcomes[len(outcomes)] = outcome(hparams["lr_init"], next(left[hparams["lr_init"]]), len(outcomes))
    assert study.is_complete(outcomes)
    assert [one.scores["bits"] for one in best_setting(bucket, list(outcomes.values()))] == [35, 34, 33]


def test_repeats_wait_for_what_they_depend_on(bucket):
    """Breaks if the best setting is repeated before all planned trials have ended."""
    study = study_of(bucket, starts=[], n_trials=3)
    with pytest.raises(KeyError):
        study.repeat(3, {0: outcome(0.1, 1, 0), 2: outcome(0.2, 2, 2)})
    assert not study.is_complete({0: outcome(0.1, 1, 0), 1: outcome(0.1, 1, 1)})


def test_a_study_without_feasible_trials_ends(bucket):
    """Breaks if a search in which everything diverged never ends."""
    outcomes = {number: outcome(0.1 * number, 0, number, infeasible=True) for number in range(3)}
    assert study_of(bucket, starts=[], n_trials=3).is_complete(outcomes)


def test_a_bad_start_is_refused_before_anything_is_trained(bucket):
    """Breaks if a misspelt start fails only when its turn comes."""
    with pytest.raises(ValueError, match="lr_innit"):
        study_of(bucket, starts=[{"lr_innit": 0.1}]).starting_trials()

"""What trials are worth."""

import numpy as np
import pytest
from optuna.trial import TrialState, create_trial

from capacity_jax.search.gp.standardized import infeasible, informative, standardized_objectives


def told(*values):
    return [create_trial(value=value) for value in values]


def test_better_is_larger_and_directions_mirror_each_other():
    """Breaks if a view turns the order round, or a direction is mixed up."""
    values = np.array([3.0, 1.0, 2.0, 7.0, 5.0])
    views = standardized_objectives(told(*values), maximize=False)
    for view in views:
        assert (np.diff(view[np.argsort(values)][:4]) < 0).all()
        np.testing.assert_allclose([view.mean(), view.std()], [0.0, 1.0], atol=1e-12)
    np.testing.assert_array_equal(views, standardized_objectives(told(*-values), maximize=True))


def test_an_outlier_on_the_bad_side_changes_nothing():
    """Breaks if one run that ended at 1e30 flattens the differences between the others."""
    values = list(np.linspace(0.0, 1.0, 30))
    usual, wild = (standardized_objectives(told(*values, last), maximize=False) for last in (2.0, 1e30))
    np.testing.assert_allclose(wild, usual, rtol=1e-12)


def test_equal_values_are_worth_the_same():
    """Breaks if a spread of 0 divides."""
    np.testing.assert_array_equal(standardized_objectives(told(2.0, 2.0, 2.0), maximize=True), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        ({"value": 1.0}, (False, True)),
        ({"value": float("inf")}, (True, True)),
        ({"value": 1.0, "user_attrs": {"infeasible": True}}, (True, True)),
        ({"state": TrialState.FAIL, "user_attrs": {"infeasible": True}}, (True, True)),
        ({"state": TrialState.PRUNED, "user_attrs": {"infeasible": True}}, (True, True)),
        ({"state": TrialState.FAIL}, (False, False)),
        ({"state": TrialState.RUNNING, "user_attrs": {"infeasible": True}}, (False, False)),
    ],
)
def test_which_trials_are_infeasible_and_which_say_something(trial, expected):
    """Breaks if a diverged trial is dropped because of how it was told, or a crashed one counts as diverged."""
    assert (infeasible(create_trial(**trial)), informative(create_trial(**trial))) == expected

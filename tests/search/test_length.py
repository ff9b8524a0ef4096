"""The learning rate of long runs."""

import numpy as np
import pytest

from capacity_jax import measure_capacity
from capacity_jax.search import rate_for_length
from capacity_jax.tasks import mem_thru
from capacity_jax.tasks.scaling import SCALINGS
from capacity_jax.training import soap


def planned(monkeypatch):
    """The studies of later measurements, none of which is run."""
    asked = []

    def run_none(studies, _):
        asked.extend(studies)
        return ((study, []) for study in studies)

    monkeypatch.setattr("capacity_jax.measure.run_studies", run_none)
    return asked


def test_rates_fall_with_the_length_of_long_runs_alone():
    """Breaks if short runs change, a longer run gets a larger rate, or eight times the steps do not halve it."""
    steps = np.array([1, 1000, 50_000, 100_000, 200_000, 800_000, 20_000_000])
    rates = np.array([rate_for_length(0.01, n) for n in steps])
    assert np.all(rates[:4] == 0.01)
    assert np.all(np.diff(rates[3:]) < 0)
    np.testing.assert_allclose(rates[5], 0.005)


@pytest.mark.parametrize(("steps", "rates"), [(50_000, [0.007, 0.015]), (800_000, [0.0035, 0.0075])])
def test_what_is_measured_starts_with_them(steps, rates, monkeypatch):
    """Breaks if long measurements begin with the rates of short ones, or search no slower ones."""
    asked = planned(monkeypatch)
    measure_capacity("rnn", mem_thru(n_in=4), budgets=(150,), train_steps=steps)
    np.testing.assert_allclose([setting["lr_init"] for setting in asked[0].initial_settings], rates)
    assert asked[0].space["lr_init"].low == rate_for_length(0.002, steps)


@pytest.mark.parametrize(("rule", "transformation"), [("adam", None), ("soap", soap)])
def test_labels_are_measured_with_what_was_fitted_for_size_length_and_rule(rule, transformation, monkeypatch):
    """Breaks if a network, a length or SOAP is begun with the rate or the labels of another."""
    asked = planned(monkeypatch)
    measure_capacity("rnn", budgets=(600, 2145), train_steps=200_000, transformation=transformation)
    for study in asked:
        size, best = study.bucket.network.n_params, SCALINGS[rule]
        for found, setting in zip(study.initial_settings, study.bucket.task.initial_settings, strict=True):
            np.testing.assert_allclose(found["lr_init"], setting["relative_rate"] * best.best_rate(size, 200_000))
            labels = min(5.5, setting["relative_labels"] * best.best_labels(size, 200_000)) * size
            np.testing.assert_allclose(found["b"], labels, rtol=0.01)


def test_large_networks_are_not_asked_for_more_than_short_runs_teach(monkeypatch):
    """Breaks if the range of labels that is searched lifts what a large network begins with."""
    asked = planned(monkeypatch)
    measure_capacity("rnn", budgets=(30_000,), train_steps=20_000)
    size, best = asked[0].bucket.network.n_params, SCALINGS["adam"].best_labels(30_000, 20_000)
    for found, setting in zip(asked[0].initial_settings, asked[0].bucket.task.initial_settings, strict=True):
        np.testing.assert_allclose(found["b"], setting["relative_labels"] * best * size, rtol=0.01)

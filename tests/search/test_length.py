"""The learning rate of long runs."""

import numpy as np
import pytest

from capacity_jax import measure_capacity
from capacity_jax.search import rate_for_length
from experiments.paper.common import capacity_setting


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
    asked = []
    monkeypatch.setattr("capacity_jax.measure.run_studies", lambda studies, _: asked.extend(studies) or ())
    measure_capacity("rnn", budgets=(150,), train_steps=steps)
    np.testing.assert_allclose([setting["lr_init"] for setting in asked[0].initial_settings], rates)
    assert asked[0].space["lr_init"].low == rate_for_length(0.002, steps)


def test_the_papers_figures_start_with_them():
    """Breaks if a figure's million steps are begun with the rate of a minute's run."""
    short, long = (capacity_setting("rnn", steps)["lr_init"] for steps in (100_000, 1_000_000))
    assert long == rate_for_length(short, 1_000_000) < short / 2

"""Outcomes as rows, slopes and lines of JSON."""

import numpy as np
import pandas as pd
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import as_text, slopes, study_row
from capacity_jax.search import Study
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Outcome, Trial


@pytest.fixture
def study():
    bucket = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
    return Study(bucket=bucket, space={}, starts=[], n_trials=0, n_seeds=3, seed=0)


def outcome(lr, per_parameter, seed, infeasible=False):
    scores = {"loss": np.nan} if infeasible else {"bits": per_parameter * 72, "bits_per_parameter": per_parameter}
    return Outcome(Trial({"lr_init": lr, "b": 80}, seed), scores, 10, infeasible, 1.0)


def test_row_reports_the_best_setting_over_its_seeds(study):
    """Breaks if the mean mixes settings, the interval is of another column, or trials are miscounted."""
    outcomes = [outcome(0.1, bits, seed) for seed, bits in enumerate((3.0, 3.1, 3.2))]
    outcomes += [outcome(0.2, 2.0, 8), outcome(0.3, 9.0, 9, infeasible=True)]
    row = study_row(study, outcomes)
    assert (row["cell"], row["depth"], row["units"], row["parameters"]) == ("rnn", 1, 5, 71)
    np.testing.assert_allclose(row["bits_per_parameter"], 3.1)
    np.testing.assert_allclose(row["bits"], 3.1 * 72)
    np.testing.assert_allclose(row["ci_high"] - row["ci_low"], 2 * 4.30265 * 0.1 / np.sqrt(3), rtol=1e-5)
    assert (row["trials"], row["infeasible"]) == (5, 1)


def test_row_of_nothing_feasible_has_no_values(study):
    """Breaks if a study in which all diverged reports a number, or fails."""
    row = study_row(study, [outcome(0.1, 1.0, 1, infeasible=True)])
    assert np.isnan(row["bits"])
    assert np.isnan(row["ci_low"])
    assert (row["trials"], row["infeasible"]) == (1, 1)


def test_slopes_need_three_sizes():
    """Breaks if two points pretend to an interval, or a size without a result bends the line."""
    table = pd.DataFrame(
        {
            "cell": ["rnn"] * 4 + ["gru"] * 2,
            "depth": [1] * 4 + [2] * 2,
            "parameters": [100, 200, 300, 400, 100, 200],
            "bits": [300.0, 600.0, 900.0, np.nan, 200.0, 400.0],
        }
    )
    found = slopes(table)
    assert found.keys() == {("rnn", 1)}
    twice = pd.concat([table, table.iloc[:1]])
    assert slopes(twice) == found
    np.testing.assert_allclose(found["rnn", 1].value, 3.0)


def test_text_holds_every_row():
    """Breaks if a long table is cut on the terminal."""
    table = pd.DataFrame({"cell": [f"cell{i}" for i in range(100)], "bits": np.arange(100.0)})
    text = as_text(table)
    assert all(f"cell{i} " in text for i in range(100))

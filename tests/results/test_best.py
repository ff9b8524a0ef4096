"""One row for each study: the same for the table of all studies, the CSV of a run and what `measure_capacity` shows."""

import numpy as np
import pandas as pd
import pytest
from made_up import outcome_of, records_of, study_of

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import Capacity, best_table, best_trials, measurements, task_table, trials_table
from capacity_jax.stats import mean_interval
from capacity_jax.studies import Study
from capacity_jax.tasks import parens_counting
from capacity_jax.training import Bucket, Outcome
from capacity_jax.training.trial import TrialKey

VALUES = [3.0, 3.1, 3.2, 1.0, np.nan]


@pytest.fixture
def study():
    return study_of(name="per_cap/rnn@1/80")


@pytest.fixture
def records(study):
    """Three seeds of the best setting, one of another, and one that diverged."""
    return records_of(study, [{"lr_init": lr} for lr in (0.1, 0.1, 0.1, 0.2, 0.3)], VALUES)


def test_a_row_holds_mean_interval_and_counts(records):
    """Breaks if other settings enter the mean, the interval is of another score, or trials are miscounted."""
    (row,) = best_table(records).to_dict("records")
    expected = mean_interval(VALUES[:3])
    assert (row["score_name"], row["score"]) == ("bits_per_parameter", expected.value)
    assert (row["ci_low"], row["ci_high"]) == (expected.low, expected.high)
    assert row["bits_per_parameter"] == row["score"]
    np.testing.assert_allclose((row["bits"], row["eval_loss"]), (71 * 3.1, 0.1))
    assert (row["cell"], row["depth"], row["budget"], row["units"], row["parameters"]) == ("rnn", 1, 80, 5, 71)
    assert (row["seeds"], row["trials"], row["infeasible"]) == (3, 5, 1)


def test_records_table_and_capacity_agree(study, records):
    """Breaks if the same trials make two rows."""
    table = trials_table(records)
    assert best_table(table).equals(best_table(records))
    shown = Capacity(records).to_dataframe()
    assert shown.equals(task_table(table))
    assert shown.columns.str.removeprefix("mean_").isin(best_table(table).columns).all()
    assert shown["seeds"].tolist() == [3]
    assert shown["mean_bits_per_parameter"].tolist() == best_table(table)["score"].tolist()


def test_selection_is_by_validation_and_the_report_by_evaluation(study):
    """Breaks if the evaluation set chooses, which flatters what is reported."""
    trials = [study.trial(TrialKey(number), {"lr_init": lr}) for number, lr in enumerate((0.1, 0.2))]
    outcomes = [outcome_of(trials[0], 3.0, told=2.0), outcome_of(trials[1], 4.0, told=1.0)]
    assert best_table([study.record(outcome) for outcome in outcomes])["score"].tolist() == [3.0]


def test_the_rows_of_the_best_setting_stay_rows(records):
    """Breaks if a table with an index of its own, as a part of another one has, gives other rows."""
    table = trials_table(records)
    table.index = table.index + 7
    assert best_trials(table).index.tolist() == [7, 8, 9]
    assert best_trials(table.iloc[::-1]).equals(best_trials(table))


def test_measurements_are_the_best_settings_of_all_studies(records):
    """Breaks if a study is lost, studies change their order, or one that diverged adds a row."""
    of_two = trials_table([*records_of(study_of(name="b"), [{"b": 50}] * 2, [2.0, 2.5]), *records])
    diverged = trials_table(records_of(study_of(name="c"), [{"b": 50}], [np.nan]))
    found = measurements(pd.concat([of_two, diverged]))
    assert found["score"].tolist() == [2.0, 2.5, *VALUES[:3]]
    assert found["study"].unique().tolist() == ["b", "per_cap/rnn@1/80"]


def test_a_study_in_which_all_diverged_has_no_value(study, records):
    """Breaks if such a study is lost, fails, or reports a number."""
    (row,) = best_table(records[4:]).to_dict("records")
    assert all(np.isnan(row[name]) for name in ("score", "ci_low", "ci_high", "eval_loss"))
    assert (row["seeds"], row["trials"], row["infeasible"]) == (0, 1, 1)
    shown = task_table(records[4:])
    assert shown[["mean_bits", "mean_bits_per_parameter", "ci_low"]].isna().all(axis=None)


def test_networks_alike_are_told_apart_by_their_studies(records):
    """Breaks if rows of one network under several arguments of a task look the same, or others have a needless name."""
    of_two = trials_table([*records_of(study_of(name="per_cap/n_steps=2/rnn@1/80"), [{"b": 50}], [2.0]), *records])
    assert task_table(of_two)["study"].tolist() == ["per_cap/n_steps=2/rnn@1/80", "per_cap/rnn@1/80"]
    assert "study" not in task_table(records)


def test_no_trials_are_no_rows(study):
    """Breaks if an empty storage raises, or its table lacks columns."""
    assert {"cell", "eval_loss", "score", "ci_low"} <= set(best_table([]).columns)
    assert len(task_table([])) == 0


def test_studies_of_several_tasks_share_a_table(study, records):
    """Breaks if tasks are read by one another's score, or a task reported by its loss has none."""
    task = parens_counting()
    other = Study(Bucket(Network(rnn, task.n_in, 5, task.n_out), task, 16), {}, [{}], 0, 1, 0, name="b")
    (trial,) = other.initial_trials()
    scores = {"loss": 0.5, "accuracy": 0.7, "step_accuracy": 0.6, "exact": 0.1}
    table = best_table([*records, other.record(Outcome(trial, scores, 9, False, 1.0))])
    assert table["score_name"].tolist() == ["bits_per_parameter", "loss"]
    assert table["score"].tolist() == [mean_interval(VALUES[:3]).value, 0.5]
    assert np.isnan(table["bits"].iloc[1])
    assert task_table(trials_table([other.record(Outcome(trial, scores, 9, False, 1.0))]))["mean_loss"].item() == 0.5

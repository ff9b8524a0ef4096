"""The best setting of a table of trials is that of the outcomes it was made from."""

import numpy as np
import pandas as pd
import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import TRIAL_COLUMNS, best_table, best_trials, score_of, score_values
from capacity_jax.search import best_setting
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import Bucket, Outcome, Trial


@pytest.mark.parametrize("task", [per_cap(n_in=6), mem_thru(n_in=6)], ids=lambda task: task.name)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_selection_agrees_with_that_of_outcomes(task, share, synthetic):
    """Breaks if table and outcomes differ in what is best: direction, means, diverged seeds or ties."""
    bucket, rng = Bucket(Network(rnn, 6, 5, task.n_out), task, 16), np.random.default_rng(0)
    for _ in range(50):
        outcomes, rows = [], []
        for seed in rng.permutation(20):
            hparams = {"lr_init": int(rng.integers(6)) / 10, "optimizer": "adam"}
            value, infeasible = float(rng.integers(4)), bool(rng.random() < share)
            scores = {task.columns[-1]: np.nan if infeasible else value}
            outcomes.append(Outcome(Trial(hparams, int(seed)), scores, 10, infeasible, 1.0))
            row = {"study": "a", "task": task.name, "cell": "rnn", "depth": 1, "seed": int(seed)}
            row |= {"hparams": dict(reversed(hparams.items())), "infeasible": infeasible, "maximize": task.maximize}
            rows.append(row | {"objective": np.nan if infeasible else value})
        expected = [(outcome.trial.seed, outcome.trial.hparams) for outcome in best_setting(bucket, outcomes)]
        found = best_trials(synthetic.table(rows))
        assert list(zip(found["seed"], found["hparams"], strict=True)) == expected


def test_selection_is_by_validation_and_the_report_by_evaluation(synthetic):
    """Breaks if the evaluation set chooses, which flatters what is reported."""
    rows = [{"objective": 1.0, "bits_per_character": 2.0, "hparams": {"a": 1}}]
    rows += [{"objective": 2.0, "bits_per_character": 1.0, "hparams": {"a": 2}}]
    rows = [row | {"study": "a", "task": "text8-standin-x", "cell": "gru", "depth": 1} for row in rows]
    assert best_table(synthetic.table(rows))["bits_per_character"].tolist() == [2.0]


def test_row_holds_mean_interval_and_counts(synthetic):
    """Breaks if other settings enter the mean, the interval is of another score, or trials are miscounted."""
    name = {"study": "a", "task": "per_cap", "cell": "rnn", "depth": 1, "maximize": True}
    rows = [{"hparams": {"lr": 1}, "bits_per_parameter": value, "objective": value} for value in (3.0, 3.1, 3.2)]
    rows += [{"hparams": {"lr": 2}, "bits_per_parameter": 1.0, "objective": 1.0}]
    rows += [{"hparams": {"lr": 3}, "infeasible": True}]
    (row,) = best_table(synthetic.table([name | row for row in rows])).to_dict("records")
    np.testing.assert_allclose(row["bits_per_parameter"], 3.1)
    np.testing.assert_allclose(row["ci_high"] - row["ci_low"], 2 * 4.30265 * 0.1 / np.sqrt(3), rtol=1e-5)
    assert (row["seeds"], row["trials"], row["infeasible"]) == (3, 5, 1)


def test_study_in_which_all_diverged_has_no_value(synthetic):
    """Breaks if such a study is lost, fails, or reports a number."""
    trials = synthetic.table([{"study": "a", "task": "rcf", "cell": "rnn", "depth": 1, "infeasible": True}])
    (row,) = best_table(trials).to_dict("records")
    assert np.isnan(row["eval_loss"])
    assert np.isnan(row["ci_low"])
    assert (row["seeds"], row["trials"], row["infeasible"]) == (0, 1, 1)


def test_no_trials_are_no_rows():
    """Breaks if an empty storage raises, or its table lacks the columns that figures read."""
    best = best_table(pd.DataFrame(columns=TRIAL_COLUMNS))
    assert len(best) == 0
    assert {"cell", "depth", "bits", "bits_per_character", "squared_error", "eval_loss", "ci_low"} <= set(best.columns)


def test_every_task_has_its_score(synthetic):
    """Breaks if tasks of one table are read by one another's score, or a diverged trial has one."""
    assert score_of("per_cap") == "bits_per_parameter"
    assert score_of("text8-standin-python-docs") == "bits_per_character"
    assert score_of("my own task") == "eval_loss"
    rows = [{"task": "per_cap", "bits_per_parameter": 3.0}, {"task": "arithmetic", "eval_loss": 0.5}]
    rows += [{"task": "arithmetic", "eval_loss": 0.5, "infeasible": True}]
    trials = synthetic.table([row | {"study": "a", "cell": "rnn", "depth": 1} for row in rows])
    np.testing.assert_array_equal(score_values(trials), [3.0, 0.5, np.nan])

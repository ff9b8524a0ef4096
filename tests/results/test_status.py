"""How far a run has come, against a run made up by hand."""

from datetime import datetime, timedelta

import pytest
from made_up import outcome_of, study_of

from capacity_jax.commands.status import in_words
from capacity_jax.results.status import read_status
from capacity_jax.studies import Worker, open_storage
from capacity_jax.studies.cost import mean_train_steps, n_planned, trial_cost
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.worker import LEASE_SECONDS
from capacity_jax.training.trial import TrialKey

STEPS = 30


@pytest.fixture
def run(tmp_path):
    """A study of 2 initial trials and 3 proposals, and its ledger as a worker has it."""
    return Ledger(study_of(), open_storage(), Worker(tmp_path))


def begin(ledger, number, steps=STEPS):
    trial = ledger.study.trial(TrialKey(number), {"b": 50, "train_steps": steps})
    ledger.begin(trial)
    return trial


def test_the_mean_of_planned_trials_is_that_of_their_ranges():
    """Breaks if the expected cost of a study does not follow from its settings and its space."""
    plan = study_of().plan()
    # Two trials of 30 steps, three from 5 to 2000 on a logarithmic scale, whose middle is 100.
    assert n_planned(plan) == 5
    assert mean_train_steps(plan) == pytest.approx((2 * 30 + 3 * 100) / 5)
    products = plan["parameters"] * plan["batch_size"]
    assert trial_cost(plan, 10) == 10 * (150_000 + products)
    assert trial_cost(plan | {"depth": 4}, 10) == 10 * (4 * 150_000 + products)


def test_counts_and_time_left_follow_from_what_has_ended(run):
    """Breaks if a trial is missing or counted twice, or the time left does not follow from the speed so far."""
    first, second = begin(run, 0), begin(run, 1)
    run.finish(outcome_of(first, 3.0))
    run.finish(outcome_of(second, infeasible=True))
    begin(run, 2, steps=1000)
    status = read_status(run.storage)
    (study,) = status.studies.to_dict("records")
    assert (study["finished"], study["expected"], study["diverged"]) == (2, 5, 1)
    assert (study["objective"], study["best"]) == ("bits_per_parameter", 3.0)
    (running,) = status.running.to_dict("records")
    assert (running["trial"], running["role"], running["steps"]) == (2, "search", 1000)
    assert running["worker"] == run.owner
    assert running["heard"]
    # 10 and 3 steps in 1.5 seconds each; 1000 steps and two trials of 72 are left for one at a time.
    assert status.done == pytest.approx(13 / (13 + 1000 + 2 * 72))
    speed = 13 / 3.0
    assert running["done"] < 0.1
    assert status.left == pytest.approx(timedelta(seconds=(1000 + 2 * 72) / speed), abs=timedelta(seconds=20))
    words = in_words(status)
    assert "2 of 5 trials have ended, 1% of the work; about 0:04:" in words
    assert "(not heard of)" not in words


def test_a_dead_workers_trial_is_told_apart(run, monkeypatch):
    """Breaks if trials that nobody trains look like running ones, or promise an end."""
    monkeypatch.setattr(Worker, "lease", lambda worker: datetime.now().timestamp() - LEASE_SECONDS - 1)
    run.renew()
    run.finish(outcome_of(begin(run, 0)))
    begin(run, 1)
    status = read_status(run.storage)
    assert not status.running["heard"].any()
    assert status.left is None
    assert f"{run.owner} (not heard of)" in in_words(status)
    assert in_words(status).endswith("; no trial runs")


def test_repeats_of_the_best_setting_are_expected(tmp_path):
    """Breaks if a study counts as done whose best setting is still to be measured again."""
    ledger = Ledger(study_of(trials=1, seeds=2), open_storage(), Worker(tmp_path))
    for number, bits in enumerate([1.0, 1.0, 2.0]):
        ledger.finish(outcome_of(begin(ledger, number, steps=STEPS + number // 2), bits))
    assert read_status(ledger.storage).studies["expected"].tolist() == [4]
    ledger.finish(outcome_of(begin(ledger, 3, steps=STEPS + 1), 2.0))
    status = read_status(ledger.storage)
    assert status.studies[["finished", "expected", "best"]].to_numpy().tolist() == [[4, 4, 2.0]]
    assert in_words(status).endswith("4 of 4 trials have ended, 100% of the work")


def test_an_empty_storage_is_said_to_be_one():
    """Breaks if looking before anything has begun is an error."""
    assert in_words(read_status(open_storage())) == "no study has begun"

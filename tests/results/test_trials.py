"""Reading studies back: one row per finished trial, exact, while a run may still go on."""

import math

import pytest
from made_up import outcome_of, study_of

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import read_trials, trials_table
from capacity_jax.studies import Study, open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.tasks import mem_thru
from capacity_jax.training import Bucket, Outcome
from capacity_jax.training.trial import TrialKey


@pytest.fixture
def storage():
    """Two studies: one of three trials, of which one diverged and one still runs; one of a task with validation."""
    storage = open_storage()
    ledger = Ledger(study_of(seeds=1, trials=1), storage)
    trials = [ledger.study.trial(TrialKey(number), {"b": 50}) for number in range(3)]
    for trial in trials:
        ledger.begin(trial)
    ledger.finish(outcome_of(trials[1], infeasible=True))
    ledger.finish(outcome_of(trials[0], 0.1 + 0.2))
    recall = Bucket(Network(rnn, 4, 5, 4), mem_thru(n_in=4, n_steps=3), 16)
    ledger = Ledger(Study(recall, {}, [{}], 0, 1, 0, name="b", sampler="random"), storage)
    (trial,) = ledger.study.initial_trials()
    ledger.begin(trial)
    told = {"loss": 0.3, "squared_error": 0.3}
    ledger.finish(Outcome(trial, {"loss": 0.2, "squared_error": 0.2}, 10, False, 1.0, told))
    return storage


def test_one_row_for_each_finished_trial(storage):
    """Breaks if a running trial is read as a result, a value is rounded, or a diverged trial looks like a good one."""
    table = read_trials(storage)
    assert list(table["study"]) == ["a", "a", "b"]
    assert list(table["number"]) == [0, 1, 0]
    good, bad, recall = table.to_dict("records")
    assert good["bits_per_parameter"] == good["objective"] == good["score"] == 0.1 + 0.2
    assert (good["budget"], good["units"], good["parameters"], good["n_steps"]) == (80, 5, 71, 5)
    assert (good["role"], good["sampler"], good["hparams"]["b"], good["train_loss"]) == ("initial", "gp", 50, 0.25)
    assert bad["infeasible"]
    assert all(math.isnan(bad[name]) for name in ("objective", "score", "eval_loss", "train_loss"))
    assert (recall["objective"], recall["score"], recall["maximize"]) == (0.3, 0.2, False)
    assert math.isnan(recall["bits"])
    assert math.isnan(recall["budget"])


def test_no_trials_are_an_empty_table():
    """Breaks if what reads a table must ask whether there is one."""
    assert trials_table([]).columns.tolist() == read_trials(open_storage()).columns.tolist()

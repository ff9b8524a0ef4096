"""Reading studies back: one row per finished trial, exact, while a run may still go on."""

import json
import math

import pytest

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.results import read_trials, write_records
from capacity_jax.search import Study, open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import Bucket, Outcome


@pytest.fixture
def storage():
    """Two studies: one of three trials, of which one diverged and one still runs; one of a task with validation."""
    storage = open_storage()
    memory = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100), 16)
    ledger = Ledger(Study(memory, {}, [{"b": 50}], 1, 2, 0, name="a", budget=80), storage)
    trials = [ledger.study.trial(number, {"b": 50}) for number in range(3)]
    for trial in trials:
        ledger.begin(trial)
    scores = {"loss": 0.1, "accuracy": 1.0, "bits": 1 / 3, "bits_per_parameter": 0.1 + 0.2}
    ledger.finish(Outcome(trials[1], {"loss": math.nan, "accuracy": math.nan}, 3, True, 1.0, train_loss=math.inf))
    ledger.finish(Outcome(trials[0], scores, 10, False, 1.0, train_loss=0.25))
    recall = Bucket(Network(rnn, 4, 5, 4), mem_thru(n_in=4, n_steps=3), 16)
    ledger = Ledger(Study(recall, {}, [{}], 0, 1, 0, name="b", sampler="random"), storage)
    (trial,) = ledger.study.starting_trials()
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
    assert good["bits_per_parameter"] == good["objective"] == 0.1 + 0.2
    assert (good["budget"], good["units"], good["parameters"], good["n_steps"]) == (80, 5, 71, 5)
    assert (good["role"], good["sampler"], good["hparams"]["b"], good["train_loss"]) == ("start", "gp", 50, 0.25)
    assert bad["infeasible"]
    assert all(math.isnan(bad[name]) for name in ("objective", "eval_loss", "train_loss", "bits_per_parameter"))
    assert (recall["objective"], recall["squared_error"], recall["maximize"]) == (0.3, 0.2, False)
    assert math.isnan(recall["bits"])
    assert math.isnan(recall["budget"])


def test_lines_are_json_that_any_parser_takes(storage, tmp_path):
    """Breaks if NaN or Infinity, which are not JSON, reach the file, or a number loses its last bits."""
    write_records(tmp_path / "trials.jsonl", read_trials(storage))
    lines = (tmp_path / "trials.jsonl").read_text().splitlines()
    first, second, _ = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert first["bits_per_parameter"] == 0.1 + 0.2
    assert first["hparams"]["b"] == 50
    assert second["eval_loss"] is None
    assert second["infeasible"] is True

"""Lines of JSON for finished trials: each trial once, whoever writes and however they end."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from made_up import outcome_of, study_of

from capacity_jax.results.metrics import Metrics
from capacity_jax.training.trial import TrialKey

N_TRIALS = 40


@pytest.fixture
def records():
    """A good record and one that diverged."""
    study = study_of()
    trials = [study.trial(TrialKey(number), {"b": 50}) for number in range(2)]
    return [study.record(outcome_of(trials[0], 0.1 + 0.2)), study.record(outcome_of(trials[1], infeasible=True))]


def test_lines_are_json_that_any_parser_takes(records, tmp_path):
    """Breaks if NaN or Infinity, which are not JSON, reach the file, or a number loses its last bits."""
    Metrics(tmp_path / "metrics.jsonl").add(records)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    first, second = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert first["bits_per_parameter"] == 0.1 + 0.2
    assert (first["study"], first["number"], first["hparams"]["b"]) == ("a", 0, 50)
    assert first["finished"]
    assert second["eval_loss"] is None
    assert second["infeasible"] is True


def test_a_line_that_was_cut_off_is_written_again(records, tmp_path):
    """Breaks if a power cut leaves half a line for ever, glued to the next one, or loses its trial."""
    file = tmp_path / "metrics.jsonl"
    metrics = Metrics(file)
    metrics.add(records[:1])
    whole = file.read_text()
    file.write_text(whole + whole[:40])
    metrics.add(records)
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [0, 1]
    file.write_text(whole[:40])
    Metrics(file).add(records)
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [0, 1]


def test_one_that_was_taken_away_is_written_anew(records, tmp_path):
    """Breaks if a file that its user has moved away mid-run comes back with holes."""
    file = tmp_path / "metrics.jsonl"
    metrics = Metrics(file)
    metrics.add(records[:1])
    file.unlink()
    metrics.add(records)
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [0, 1]


def test_workers_that_write_at_once_double_nothing(tmp_path):
    """Breaks if two workers write the same trial, or one writes into the line of another."""
    file, study = tmp_path / "metrics.jsonl", study_of()

    def write_all(first):
        # Of its own, as each process has: locks hold between files opened, not between processes.
        metrics = Metrics(file)
        for i in range(N_TRIALS):
            metrics.add([study.record(outcome_of(study.trial(TrialKey((first + i) % N_TRIALS), {"b": 50})))])

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(write_all, range(0, N_TRIALS, N_TRIALS // 4)))
    numbers = [json.loads(line)["number"] for line in file.read_text().splitlines()]
    assert sorted(numbers) == list(range(N_TRIALS))

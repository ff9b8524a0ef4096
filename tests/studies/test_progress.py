"""Progress where there is no terminal: a line a minute."""

from itertools import count

import pytest
from made_up import outcome_of, study_of

from capacity_jax.studies import progress as progress_module
from capacity_jax.studies.progress import Progress
from capacity_jax.training.trial import TrialKey


@pytest.fixture
def clock(monkeypatch):
    """Seconds by hand."""
    seconds = [0.0]
    monkeypatch.setattr(progress_module, "monotonic", lambda: seconds[0])
    return seconds


def test_a_log_gets_a_line_a_minute_and_one_at_the_end(clock, capsys):
    """Breaks if a log fills with a line for every step, or says nothing for as long as a run takes."""
    study = study_of()
    progress = Progress([study])
    for seconds in count(0, 10):
        clock[0] = seconds
        progress.running(study, seconds / 100)
        if seconds == 150:
            break
    progress.ended(study, study.record(outcome_of(study.trial(TrialKey(0), {"b": 50}), 3.0, told=2.5)))
    progress.close()
    first, second, last = capsys.readouterr().err.splitlines()
    assert first.startswith("capacity_jax: 12% 0/5 trials [")
    assert second.startswith("capacity_jax: 24% 0/5 trials [")
    assert last.startswith("capacity_jax: 20% 1/5 trials, best bits per parameter 2.50 [")


def test_repeats_of_a_run_that_goes_on_are_expected(clock, capsys):
    """Breaks if a study that is continued with more seeds counts more trials done than it has."""
    study = study_of(seeds=4)
    keys = [*study.planned_keys(), TrialKey(1, 1)]
    told = {key: 4.0 if key.number == 1 else 2.0 for key in keys}
    outcomes = [outcome_of(study.trial(key, {"b": 50 + key.number}), 3.0, told=told[key]) for key in keys]
    progress = Progress([study])
    progress.resume(study, {key: study.record(outcome) for key, outcome in zip(keys, outcomes, strict=True)})
    clock[0] = 60.0
    progress.running(study, 0.5)
    assert "8/10 trials" in capsys.readouterr().err

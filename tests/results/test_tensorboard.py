"""Finished trials as TensorBoard reads them."""

from dataclasses import replace

import pytest
from made_up import outcome_of, study_of
from tensorboardX.proto.event_pb2 import Event

from capacity_jax.results.metrics import log_of_trials
from capacity_jax.results.tensorboard import write_events
from capacity_jax.training.trial import TrialKey


@pytest.fixture
def record():
    """A record with a curve of two places."""
    study = study_of()
    record = study.record(outcome_of(study.trial(TrialKey(4, 1), {"b": 50})))
    return replace(record, curve={"step": [5, 10], "loss": [0.7, 0.25], "bits_per_parameter": [1.0, 2.5]})


def scalars(run):
    """The scalars in a run's event file: step and value by tag."""
    (file,) = run.glob("events*")
    rest, found = file.read_bytes(), {}
    while rest:
        # Length, its checksum, the event, its checksum.
        end = 12 + int.from_bytes(rest[:8], "little")
        event, rest = Event.FromString(rest[12:end]), rest[end + 4 :]
        for value in event.summary.value:
            if value.HasField("simple_value"):
                found.setdefault(value.tag, []).append((event.step, pytest.approx(value.simple_value)))
    return found


def test_a_run_has_curve_scores_and_hyperparameters(record, tmp_path):
    """Breaks if the curve is drawn at other steps, a score is missing, or trials cannot be compared by setting."""
    write_events(tmp_path, [record])
    found = scalars(tmp_path / "a" / "4.1")
    assert found["curve/bits_per_parameter"] == [(5, 1.0), (10, 2.5)]
    assert found["curve/loss"] == [(5, 0.7), (10, 0.25)]
    assert found["scores/bits_per_parameter"] == [(10, 3.0)]
    (file,) = (tmp_path / "a" / "4.1").glob("events*")
    assert b"lr_init" in file.read_bytes()


def test_what_is_no_number_is_left_out(record, tmp_path, caplog):
    """Breaks if each diverged trial prints a warning for every place of its curve."""
    curve = {"step": [5, 10], "loss": [0.7, float("nan")]}
    write_events(tmp_path, [replace(record, curve=curve, scores={"loss": float("inf"), "accuracy": 0.5})])
    found = scalars(tmp_path / "a" / "4.1")
    assert found["curve/loss"] == [(5, 0.7)]
    assert "scores/loss" not in found
    assert not caplog.records


def test_a_trial_is_written_once(record, tmp_path):
    """Breaks if a run that goes on doubles the curves of what had ended, or leaves half-written runs behind."""
    for _ in range(2):
        log_of_trials(tmp_path)([record, record])
    assert [one.name for one in (tmp_path / "tensorboard").iterdir()] == ["a"]
    assert len(list((tmp_path / "tensorboard" / "a").rglob("events*"))) == 1
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 1


def test_it_is_left_out_where_it_is_not_installed(record, tmp_path, monkeypatch):
    """Breaks if a run needs what the core installation does not bring."""
    monkeypatch.setattr("capacity_jax.results.metrics.find_spec", lambda name: None)
    log_of_trials(tmp_path)([record])
    assert [file.name for file in tmp_path.iterdir()] == ["metrics.jsonl"]

"""The ledger: every trial once, with all that is known of it, whoever dies."""

import json
import math
import resource
from dataclasses import replace

import optuna
import pytest
from made_up import outcome_of, study_of
from optuna.trial import TrialState

from capacity_jax.studies import StorageError, Worker, open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.record import from_json, to_json
from capacity_jax.training.trial import Rung, TrialKey


@pytest.fixture(params=["sqlite:///", "journal:"])
def storage(tmp_path, request):
    return open_storage(f"{request.param}{tmp_path / 'studies'}")


def test_what_is_recorded_comes_back_to_the_last_bit(storage):
    """Breaks if hyperparameters or scores are rounded on their way to the disk and back."""
    study = study_of()
    ledger = Ledger(study, storage)
    trials = [study.trial(TrialKey(number), {"b": 50, "lr_init": 0.1 + 0.2, "train_steps": 7}) for number in range(2)]
    for trial in trials:
        assert ledger.begin(trial)
    assert ledger.records() == {}
    good = ledger.finish(outcome_of(trials[0], 1 / 3))
    ledger.finish(outcome_of(trials[1], infeasible=True))
    found = Ledger(study, open_storage(storage.url)).records()
    assert found[0, 0] == replace(good, finished=found[0, 0].finished)
    assert found[0, 0].finished is not None
    assert found[1, 0].infeasible
    assert math.isnan(found[1, 0].scores["loss"])


def test_rungs_are_kept_and_others_are_refused(storage):
    """Breaks if a worker goes on with another's trial to its end, or one study mixes rungs."""
    study = study_of(rungs=(0.2, 0.5))
    ledger, rungs = Ledger(study, storage), (Rung(6, 1 / 3), Rung(15, 0.1 + 0.2))
    trial = study.trial(TrialKey(3), {"b": 50}, rungs)
    ledger.begin(trial)
    [left] = Ledger(study, open_storage(storage.url)).left_over()
    assert left == trial
    record = ledger.finish(replace(outcome_of(trial), stopped=True))
    found = Ledger(study, open_storage(storage.url)).records()[3, 0]
    assert (found.rungs, found.stopped) == (record.rungs, record.stopped) == (rungs, True)
    assert from_json(json.loads(json.dumps(to_json(record)))) == record
    with pytest.raises(StorageError, match=r"rungs \[0.2, 0.5\], not \[\]"):
        Ledger(study_of(), storage)


def test_a_study_from_before_there_were_rungs_goes_on_without(storage):
    """Breaks if a newer version refuses an older one's study, or stops trials of it."""
    ledger = Ledger(study_of(), storage)
    kept = storage.optuna.get_study_user_attrs(ledger.study_id)["plan"]
    older = {name: value for name, value in kept.items() if name != "rungs"}
    storage.optuna.set_study_user_attr(ledger.study_id, "plan", older)
    Ledger(study_of(), storage)
    with pytest.raises(StorageError, match=r"rungs \[\], not \[0.2\]"):
        Ledger(study_of(rungs=(0.2,)), storage)


def test_optuna_reads_the_study_as_its_own(storage):
    """Breaks if the dashboard would miss a score, or stumble over a value."""
    study = study_of()
    ledger = Ledger(study, storage)
    for number in range(2):
        trial = study.trial(TrialKey(number), {"b": 50, "train_steps": 7})
        ledger.begin(trial)
        ledger.finish(outcome_of(trial, 0.1 + 0.2, infeasible=number == 1))
    loaded = optuna.load_study(study_name=study.name, storage=open_storage(storage.url).optuna)
    assert loaded.best_trial.number == 0
    assert loaded.best_value == 0.1 + 0.2
    good, bad = loaded.trials
    recorded = "cell depth units parameters role seed hparams versions train_loss valid_loss eval_loss bits steps_made"
    assert {*recorded.split(), "infeasible", "seconds"} <= good.user_attrs.keys()
    assert good.params.keys() == study.space.keys()
    assert bad.value == -math.inf
    assert bad.user_attrs["eval_loss"] is None
    json.dumps([trial.user_attrs for trial in loaded.trials], allow_nan=False)


def test_a_setting_outside_the_space_is_kept_as_it_is(storage):
    """Breaks if an initial setting is silently changed into what the space allows."""
    study = study_of()
    ledger = Ledger(study, storage)
    ledger.begin(study.initial_trials()[0])
    assert ledger.entries()[0, 0].trial.hparams["b"] == 95
    assert storage.optuna.get_all_trials(ledger.study_id)[0].params["b"] == 90


def test_of_two_who_begin_the_same_number_one_trains_it(storage, tmp_path):
    """Breaks if two workers that look at the same moment both train the next trial."""
    study = study_of()
    first, second = (Ledger(study, storage, Worker(tmp_path / "workers")) for _ in range(2))
    trial = study.trial(TrialKey(0), {"b": 50})
    assert first.begin(trial)
    assert not second.begin(trial)
    assert second.entries()[0, 0].owner == first.owner
    states = [one.state for one in storage.optuna.get_all_trials(first.study_id)]
    assert states[0] == TrialState.RUNNING
    assert set(states[1:]) <= {TrialState.FAIL}


def test_trials_of_a_dead_worker_are_taken_over_once(storage, tmp_path):
    """Breaks if a killed worker's trials stay running for ever, or two workers take the same one."""
    study = study_of()
    workers = tmp_path / "workers"
    dead, alive = Ledger(study, storage, Worker(workers)), Ledger(study, storage, Worker(workers))
    trials = [study.trial(TrialKey(number), {"b": 50 + number}) for number in range(4)]
    for trial in trials[:3]:
        dead.begin(trial)
    alive.begin(trials[3])
    dead.finish(outcome_of(trials[0]))
    # What a kill between two writes leaves: a second beginning of a number that stands already.
    storage.optuna.create_new_trial(dead.study_id, storage.optuna.get_all_trials(dead.study_id)[1])
    first, second = (Ledger(study, storage, Worker(workers)) for _ in range(2))
    with alive.worker.alive(), first.worker.alive():
        assert first.take_over() == trials[1:3]
        assert second.take_over() == []
    assert {key.number: entry.owner for key, entry in first.entries().items()} == {
        0: dead.owner,
        1: first.owner,
        2: first.owner,
        3: alive.owner,
    }
    states = [one.state for one in storage.optuna.get_all_trials(first.study_id)]
    assert states.count(TrialState.RUNNING) == 3
    assert states[-1] == TrialState.FAIL


def test_a_trial_is_finished_once(storage):
    """Breaks if a worker that lost its trial while it slept overwrites or doubles the record."""
    study = study_of()
    ledger = Ledger(study, storage)
    trial = study.trial(TrialKey(0), {"b": 50})
    ledger.begin(trial)
    ledger.finish(outcome_of(trial))
    before = ledger.records()
    ledger.finish(outcome_of(trial, infeasible=True))
    assert ledger.records() == before


def test_a_ledger_follows_what_others_write(storage, tmp_path):
    """Breaks if a look at what is new misses a trial that began, ended, failed or changed its owner since the last."""
    study = study_of()
    writer, reader = (Ledger(study, storage, Worker(tmp_path / "workers")) for _ in range(2))
    keys = [TrialKey(number) for number in range(4)]
    trials = [study.trial(key, {"b": 50 + key.number}) for key in keys]
    assert reader.entries() == {}
    for trial in trials[:3]:
        writer.begin(trial)
    assert {key: entry.trial for key, entry in reader.entries().items()} == dict(zip(keys[:3], trials[:3], strict=True))
    writer.finish(outcome_of(trials[2], 0.5))
    assert reader.records() == writer.records()
    assert list(reader.records()) == keys[2:3]
    assert reader.take_over() == trials[:2]
    assert {entry.owner for key, entry in writer.entries().items() if key.number < 2} == {reader.owner}
    reader.finish(outcome_of(trials[0]))
    storage.optuna.set_trial_state_values(reader.entries()[keys[1]].trial_id, TrialState.FAIL)
    writer.begin(trials[3])
    assert writer.entries().keys() == reader.entries().keys() == {keys[0], keys[2], keys[3]}
    assert writer.records().keys() == reader.records().keys() == {keys[0], keys[2]}
    assert Ledger(study, open_storage(storage.url)).entries() == reader.entries()


@pytest.mark.parametrize("changes", [{"trials": 2}, {"seeds": 1}, {"initial_settings": []}, {"proposals": 5}])
def test_other_settings_under_the_same_name_are_refused(storage, changes):
    """Breaks if results of two configurations are mixed in one study."""
    Ledger(study_of(), storage)
    Ledger(study_of(), storage)
    with pytest.raises(StorageError, match=f"where study a has {next(iter(changes))} "):
        Ledger(study_of(**changes), storage)


def test_a_study_grows_and_tells_of_it(storage):
    """Breaks if more trials or seeds are refused, or nobody could tell that a study was smaller once."""
    Ledger(study_of(), storage)
    grown = Ledger(study_of(trials=7, seeds=4), storage)
    kept = storage.optuna.get_study_user_attrs(grown.study_id)
    assert (kept["plan"]["trials"], kept["plan"]["seeds"]) == (7, 4)
    assert kept["plan of 3 trials and 2 seeds"]["trials"] == 3
    with pytest.raises(StorageError, match="has trials 7, not 3; it can only grow"):
        Ledger(study_of(), storage)


def test_a_storage_that_vanishes_is_one_clear_error(storage):
    """Breaks if trials are written to a deleted file that nobody can open again."""
    study = study_of()
    ledger = Ledger(study, storage)
    storage.file.unlink()
    with pytest.raises(StorageError, match=r"storage is .*studies, which has vanished"):
        ledger.begin(study.trial(TrialKey(0), {"b": 50}))


def test_a_storage_that_fails_is_one_clear_error(storage):
    """Breaks if a full disk ends the run with a traceback of the database's, or harms what is recorded."""
    study = study_of()
    ledger = Ledger(study, storage)
    ledger.begin(study.trial(TrialKey(0), {"b": 50}))
    ledger.finish(outcome_of(study.trial(TrialKey(0), {"b": 50})))
    ledger.begin(study.trial(TrialKey(1), {"b": 50}))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        with pytest.raises(StorageError, match=r"storage is .*, which fails: .*(disk|too large)"):
            ledger.finish(outcome_of(study.trial(TrialKey(1), {"b": 50})))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert Ledger(study, open_storage(storage.url)).records().keys() == {(0, 0)}


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all.db", "nonsense", "mysql://nobody@localhost/nothing"])
def test_a_storage_that_cannot_be_opened_is_one_clear_error(url):
    """Breaks if a misspelt URL or a missing driver gets a traceback."""
    with pytest.raises(StorageError, match="which cannot be opened: "):
        open_storage(url)

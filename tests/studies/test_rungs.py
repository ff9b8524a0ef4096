"""Rungs: where a proposed trial stops, from the trials before it alone."""

from dataclasses import replace

import numpy as np
import pytest
from made_up import outcome_of, study_of

from capacity_jax.cells import rnn
from capacity_jax.networks import Network
from capacity_jax.search import search_space
from capacity_jax.studies import Persistence, Stopped, Study, Worker, open_storage, retrain, run_studies
from capacity_jax.studies.rungs import rungs_of
from capacity_jax.tasks import mem_thru, per_cap
from capacity_jax.training import Bucket
from capacity_jax.training.trial import TrialKey

SHARES = (0.1, 0.5)


def history(study, n, seed=0):
    """Made-up records of the first n settings: every fifth diverged, every third stopped half-way."""
    rng, found = np.random.default_rng(seed), {}
    for number in range(n):
        trial = study.trial(TrialKey(number), {"train_steps": 3000})
        record = study.record(outcome_of(trial, float(rng.uniform(1, 3)), infeasible=number % 5 == 4))
        curve = {record.score_name: rng.uniform(0, 2, 15 if number % 3 == 2 else 30).tolist()}
        found[trial.key] = replace(record, curve=curve, stopped=number % 3 == 2)
    return found


def test_a_third_of_those_known_there_would_go_on():
    """Breaks if a rung follows from other trials than the awaited ones that were trained so far, or another share."""
    study = study_of(rungs=SHARES, trials=60)
    records = history(study, 61)
    # Of batch 10 the setting before it and the proposals of eight more batches and one are awaited.
    awaited = [records[TrialKey(number)] for number in range(1 + 4 * 9)]
    rungs = rungs_of(study, TrialKey(1 + 4 * 10), {record.key: record for record in awaited})
    assert rungs == rungs_of(study, TrialKey(1 + 4 * 10 + 3), records)
    assert [rung.place for rung in rungs] == [3, 15]
    for place, bar in rungs:
        there = [one.curve["bits_per_parameter"][place - 1] for one in awaited if not one.infeasible]
        assert sum(value >= bar for value in there) == pytest.approx(len(there) / 3, abs=1)


def test_where_small_is_good_a_third_would_go_on_too():
    """Breaks if where the objective is an error the worst would go on."""
    bucket = Bucket(Network(rnn, 4, 5, 4), mem_thru(n_in=4), 16)
    study = study_of(bucket=bucket, space={}, initial_settings=[], rungs=(0.1,), trials=60)
    records, name = {}, bucket.task.objective
    for number in range(40):
        outcome = outcome_of(study.trial(TrialKey(number), {}))
        outcome = replace(outcome, validation={"loss": 0.1, name: 0.01 * number}, curve={name: [1.0 + number] * 30})
        records[outcome.trial.key] = study.record(replace(outcome, scores=outcome.validation))
    [rung] = rungs_of(study, TrialKey(44), records)
    assert sum(1.0 + number <= rung.objective for number in range(40)) == pytest.approx(40 / 3, abs=1)


def test_no_rung_asks_for_more_than_the_best_has_at_its_end():
    """Breaks if a trial that stops could be the best of its study."""
    study = study_of(rungs=(0.5,), trials=60)
    records = {key: replace(one, curve={one.score_name: [9.0] * 30}) for key, one in history(study, 41).items()}
    best = max(one.objective for one in records.values() if not one.infeasible and not one.stopped)
    [rung] = rungs_of(study, TrialKey(45), records)
    assert rung.objective == best


def test_initial_settings_repeats_and_the_first_proposals_never_stop():
    """Breaks if a trial stops that is to be measured to its end, or for want of a few others."""
    study = study_of(rungs=SHARES, trials=60)
    records = history(study, 61)
    assert rungs_of(study, TrialKey(0, 1), records) == rungs_of(study, TrialKey(41, 1), records) == ()
    # Batch 3 awaits nine settings, the next one thirteen, of which two diverged.
    assert rungs_of(study, TrialKey(1 + 4 * 3), records) == ()
    assert [rung.place for rung in rungs_of(study, TrialKey(1 + 4 * 4), records)] == [3, 15]


def searches(directory):
    bucket = Bucket(Network(rnn, 6, 5, 1), per_cap(n_in=6, b_max=100, n_steps=2), 16)
    space = search_space(bucket, {"train_steps": 600, "b": (10, 90), "lr_init": (0.001, 0.5)})
    fields = {"initial_settings": [{"b": 50, "train_steps": 300}], "trials": 24, "seeds": 2, "seed": 1, "proposals": 4}
    study = Study(bucket, space, sampler="tpe", rungs=(0.1, 0.3), **fields)
    return study, open_storage(f"sqlite:///{directory / 'studies.db'}"), Worker(directory / "workers")


def found(records):
    kept = ("key", "hparams", "rungs", "stopped", "steps_made", "objective", "scores", "curve")
    return [{name: getattr(record, name) for name in kept} for record in records]


def test_a_search_that_is_broken_off_stops_the_same_trials(tmp_path):
    """Breaks if what stops follows from when a trial ran, a trial goes on past its rung, or one is not made again."""
    study, storage, _ = searches(tmp_path)
    [(_, whole)] = run_studies([study], Persistence(storage))
    stopped = [record for record in whole if record.stopped]
    assert 0 < len(stopped) < len(whole)
    assert {record.role for record in stopped} == {"search"}
    assert {record.steps_made for record in whole} - {300, 600} <= {60, 180}
    assert retrain(stopped[0]).scores == stopped[0].scores
    (tmp_path / "again").mkdir()
    for _ in range(100):
        study, storage, worker = searches(tmp_path / "again")
        looks = iter(range(7))
        try:
            asked = Persistence(storage, worker, interval=0.0, stop=lambda looks=looks: next(looks, None) is None)
            [(_, again)] = run_studies([study], asked)
            break
        except Stopped:
            pass
    assert found(again) == found(whole)

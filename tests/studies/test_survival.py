"""Studies killed at random moments end as if nothing had happened."""

import random
import socket
import time
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import survival
from forked import SERVER
from optuna.trial import TrialState

from capacity_jax.results import read_trials
from capacity_jax.studies import Persistence, Stopped, Worker, open_storage, run_studies, weights
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.run import _next

# The children have one device or two.
DIFFERS = ["seconds", "finished", "versions"]


def spawn(directory, sampler, devices=2, **changes):
    process = SERVER.Process(target=survival.child, args=(directory, sampler, devices), kwargs=changes)
    process.start()
    return process


def records(directory):
    """What the study found; raises if a trial is left over."""
    storage = open_storage(f"sqlite:///{directory / 'studies.db'}")
    for study in storage.optuna.get_all_studies():
        states = {trial.state for trial in storage.optuna.get_all_trials(study._study_id)}
        assert states <= {TrialState.COMPLETE, TrialState.FAIL}
    return read_trials(storage).drop(columns=DIFFERS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """By sampler, the records of a run that nobody kills, the seconds it took when compiled, and its directory."""

    @cache
    def found(sampler):
        for _ in range(2):
            directory = tmp_path_factory.mktemp(f"undisturbed-{sampler}")
            began = time.monotonic()
            process = spawn(directory, sampler)
            process.join()
            assert process.exitcode == 0, (directory / "stderr").read_text()
        return records(directory), time.monotonic() - began, directory

    return found


def assert_same(found, expected):
    assert list(found["number"]) == list(expected["number"])
    for column in expected.columns:
        assert found[column].equals(expected[column]), column


@pytest.mark.parametrize("n_kills", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_again_and_again_and_asked_for_more_it_finds_the_same(undisturbed, tmp_path, n_kills):
    """Breaks if a kill or growth loses a trial, doubles one, changes a value or leaves a trial running."""
    expected, seconds, _ = undisturbed("gp")
    rng = random.Random(0)
    for kill in range(n_kills):
        sizes = {"trials": 4, "seeds": 1} if kill < n_kills / 2 else {"trials": 8, "seeds": 1}
        process = spawn(tmp_path, "gp", devices=rng.choice((1, 2)), **sizes)
        process.join(rng.uniform(0, seconds / 2))
        process.kill()
        process.join()
    process = spawn(tmp_path, "gp")
    process.join()
    assert process.exitcode == 0, (tmp_path / "stderr").read_text()
    assert_same(records(tmp_path), expected)


@pytest.mark.parametrize(
    ("sampler", "n_kills"),
    [("gp", 1), *(pytest.param(sampler, 3, marks=pytest.mark.slow) for sampler in ("gp", "random"))],
)
def test_two_workers_share_a_study_though_one_is_killed(undisturbed, tmp_path, sampler, n_kills):
    """Breaks if two workers train a trial twice, wait for a dead one for ever, or find other settings than one."""
    expected, seconds, _ = undisturbed(sampler)
    rng = random.Random(1)
    steady = spawn(tmp_path, sampler, devices=1)
    for _ in range(n_kills):
        helper = spawn(tmp_path, sampler, devices=1)
        helper.join(rng.uniform(seconds / 4, seconds / 2))
        if helper.exitcode is None:
            helper.kill()
        helper.join()
    steady.join()
    assert steady.exitcode == 0, (tmp_path / "stderr").read_text()
    assert_same(records(tmp_path), expected)


@pytest.mark.parametrize("n_workers", [0, 1, 2])
def test_a_run_broken_off_in_a_notebook_goes_on(tmp_path, n_workers):
    """Breaks if a run interrupted inside a trial, and started again in the same process, waits for itself for ever."""
    storage = open_storage(f"sqlite:///{tmp_path / 'studies.db'}")
    workers = [Worker(tmp_path / "workers") for _ in range(n_workers)] or [None]
    (study, _) = survival.studies("random")
    looks = iter([False, False, True])
    with pytest.raises(Stopped):
        list(run_studies([study], Persistence(storage, workers[0], stop=lambda: next(looks, True))))
    ((_, found),) = run_studies([study], Persistence(storage, workers[-1]))
    assert study.complete({record.key: record for record in found}) == found


@pytest.mark.slow
def test_two_hosts_of_one_job_find_what_one_process_finds(undisturbed, tmp_path):
    """Breaks if, where JAX joins hosts, one reaches for another's devices or waits for it, or what is kept changes."""
    expected, _, alone = undisturbed("gp")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    hosts = [spawn(tmp_path, "gp", devices=1, host=(address, 2, i)) for i in range(2)]
    for host in hosts:
        host.join()
    assert [host.exitcode for host in hosts] == [0, 0], (tmp_path / "stderr").read_text()
    assert_same(records(tmp_path), expected)
    for study in set(expected["study"]):
        both = [weights.load(directory / "weights", study) for directory in (tmp_path, alone)]
        for (record, params), (other, others) in zip(*both, strict=True):
            assert record.key == other.key
            assert params.keys() == others.keys()
            assert all(np.array_equal(params[name], others[name]) for name in params)


def test_workers_take_different_studies_while_there_are_enough(tmp_path):
    """Breaks if a worker joins a study of another one that lives while one is free, or passes by a dead one's."""
    storage = open_storage(f"sqlite:///{tmp_path / 'studies.db'}")
    first, second = survival.studies("random", trials=1, seeds=1)
    other = Worker(tmp_path / "workers")
    Ledger(first, storage, other).begin(first.initial_trials()[0])

    def taken_first():
        worker = Worker(tmp_path / "workers")
        return next(run_studies([first, second], Persistence(storage, worker)))[0].name

    with other.alive():
        assert taken_first() == second.name
    assert taken_first() == first.name


def test_workers_that_share_begin_with_the_costliest_study(tmp_path):
    """Breaks if several workers wait at the end for a long study that nobody began, or one alone leaves the order."""
    storage = open_storage(f"sqlite:///{tmp_path / 'studies.db'}")
    small, _ = survival.studies("random", trials=0, seeds=1)
    large = replace(small, name="large", seeds=3)
    other = Worker(tmp_path / "workers")

    def taken_first():
        worker = Worker(tmp_path / "workers")
        worker.n_before = lambda: 0
        return next(run_studies([small, large], Persistence(storage, worker)))[0].name

    with other.alive():
        assert taken_first() == large.name
    assert taken_first() == small.name


def test_a_worker_without_a_free_study_looks_at_all_that_are_left():
    """Breaks if it waits at one study while another one has trials to share, or an early place is never reached."""
    busy, other = SimpleNamespace(others_at_work=lambda: True), SimpleNamespace(others_at_work=lambda: True)
    for left in ([busy, other], [other, busy]):
        assert _next(left, [busy, other], place=1) is left[0]


def test_workers_that_begin_together_pass_by_what_is_complete():
    """Breaks if two of them take the same study because the first ones are done."""
    of = [
        SimpleNamespace(
            others_at_work=lambda: False,
            records=dict,
            study=SimpleNamespace(complete=lambda records, done=done: [] if done else None),
        )
        for done in (True, True, False, False)
    ]
    assert [_next(of, of, place) for place in range(4)] == [of[0], of[3], of[2], of[3]]

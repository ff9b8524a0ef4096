"""Workers: who is alive, and who may take over from whom."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from capacity_jax.studies import Worker
from capacity_jax.studies import worker as worker_module

# The module alone: its package takes seconds to import.
OTHER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from worker import Worker
worker = Worker(Path(sys.argv[1]))
with worker.alive():
    print(worker.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path):
    """The name of a worker in another process, and that process."""
    command = [sys.executable, "-c", OTHER, tmp_path, Path(worker_module.__file__).parent]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_living_worker_keeps_its_trials_and_a_killed_one_loses_them_at_once(tmp_path, other):
    """Breaks if two workers train the same trial, or a killed one's trials wait for its lease to run out."""
    name, process = other
    worker = Worker(tmp_path)
    with worker.taking_over(name, lease=0.0) as is_dead:
        assert not is_dead
    process.kill()
    process.wait()
    with worker.taking_over(name, lease=0.0) as is_dead:
        assert is_dead
        with Worker(tmp_path).taking_over(name, lease=0.0) as is_dead_for_another:
            assert not is_dead_for_another


@pytest.mark.parametrize("shares_directory", [False, True])
def test_a_worker_elsewhere_is_dead_once_its_lease_stands_still(tmp_path, monkeypatch, shares_directory):
    """Breaks if a worker whose clock differs is robbed while it lives, or its trials are never given back."""
    worker, clock = Worker(tmp_path), SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(worker_module, "time", clock)
    if shares_directory:
        (tmp_path / "elsewhere-1-a").mkdir()
        (tmp_path / "elsewhere-1-a" / "lock").touch()
    found = []
    # Its own clock is years behind; it renews its lease for ten minutes, then no more.
    for now in range(0, 800, 20):
        with worker.taking_over("elsewhere-1-a", lease=float(min(now, 599) // 60)) as is_dead:
            found.append(is_dead)
    since_renewed = [now - 540 for now in range(0, 800, 20)]
    assert found == [seconds > 120 for seconds in since_renewed]


def test_who_has_not_looked_has_seen_nothing(tmp_path, monkeypatch):
    """Breaks if after a storage was away, or a machine asleep, the first to look robs all others."""
    worker = Worker(tmp_path)
    monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=lambda: now))
    for now in (0.0, 1000.0, 1010.0):  # noqa: B007
        with worker.taking_over("elsewhere-1-a", lease=5.0) as is_dead:
            assert not is_dead


def test_leaving_removes_what_nobody_needs(tmp_path, other):
    """Breaks if finished runs leave checkpoints behind, or remove those of a living worker."""
    name, _ = other
    worker = Worker(tmp_path)
    (worker.directory_of("a/b") / "0").mkdir(parents=True)
    assert worker.directory_of("a/b").parent == worker.directory
    worker.leave()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_workers_that_live_differ_in_their_place(tmp_path, other):
    """Breaks if workers that begin together take the same study, or one that is alone does not take the first."""
    name, process = other
    before, after = Worker(tmp_path), Worker(tmp_path)
    before.name, after.name = f"{name[:-6]}", f"{name}-z"
    assert (before.n_before(), after.n_before()) == (0, 1)
    process.kill()
    process.wait()
    assert after.n_before() == 0


def test_a_lease_that_moves_in_one_study_says_nothing_of_another(tmp_path, monkeypatch):
    """Breaks if a worker elsewhere that died in two studies is never found dead by one who looks at both."""
    worker = Worker(tmp_path)
    monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=lambda: now))
    for now in range(0, 160, 20):  # noqa: B007
        for study, lease in (("a", 1.0), ("b", 2.0)):
            with worker.taking_over("elsewhere-1-a", lease, study) as is_dead:
                pass
    assert is_dead

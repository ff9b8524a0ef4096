"""Workers: who is alive, and who may take over from whom."""

import subprocess
import sys
import time
from pathlib import Path

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
    with worker.taking_over(name, lease=time.time() + 1000) as is_dead:
        assert is_dead
        with Worker(tmp_path).taking_over(name, lease=0.0) as is_dead_for_another:
            assert not is_dead_for_another


def test_of_a_worker_elsewhere_only_the_lease_tells(tmp_path):
    """Breaks if a worker on another machine is robbed while it lives, or its trials are never given back."""
    worker = Worker(tmp_path)
    with worker.taking_over("elsewhere-1", lease=time.time() + 100) as is_dead:
        assert not is_dead
    with worker.taking_over("elsewhere-1", lease=time.time() - 1) as is_dead:
        assert is_dead


def test_leaving_removes_what_nobody_needs(tmp_path, other):
    """Breaks if finished runs leave checkpoints behind, or remove those of a living worker."""
    name, _ = other
    worker = Worker(tmp_path)
    (worker.directory_of("a/b") / "0").mkdir(parents=True)
    assert worker.directory_of("a/b").parent == worker.directory
    worker.leave()
    assert [path.name for path in tmp_path.iterdir()] == [name]

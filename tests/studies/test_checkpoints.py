"""Checkpoints: what is written comes back, and what is broken is set aside."""

import random
import shutil
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from capacity_jax.studies import checkpoints
from capacity_jax.studies.checkpoints import CheckpointError, newest, save
from capacity_jax.training.trial import Snapshot, TrialKey


def snapshots(step):
    rng = np.random.default_rng(step)
    leaves = [rng.normal(size=(3, 4)).astype(np.float32), np.asarray(step, np.int32)]
    return {TrialKey(number, 1): Snapshot(step + number, 1.5, leaves) for number in (7, 12)}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for key, snapshot in expected.items():
        assert found[key][:2] == snapshot[:2]
        for leaf, other in zip(found[key].leaves, snapshot.leaves, strict=True):
            assert leaf.dtype == other.dtype
            np.testing.assert_array_equal(leaf, other)


def test_what_is_saved_comes_back(tmp_path):
    """Breaks if a checkpoint loses or changes a value."""
    save(tmp_path / "worker", snapshots(100))
    assert_same(newest([tmp_path / "worker", tmp_path / "nobody"]), snapshots(100))


def test_a_relative_directory_will_do(tmp_path):
    """Breaks if a run in a work directory that is named as users name it saves nothing, or cannot go on."""
    with chdir(tmp_path):
        save(Path("worker"), snapshots(100))
        assert_same(newest([Path("worker")]), snapshots(100))


def test_only_the_last_two_are_kept(tmp_path):
    """Breaks if a long run fills the disk with checkpoints, or keeps none to fall back on."""
    for step in (100, 200, 300, 400):
        save(tmp_path, snapshots(step))
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["2", "3"]
    assert_same(newest([tmp_path]), snapshots(400))


def test_of_several_workers_the_one_that_got_furthest_counts(tmp_path):
    """Breaks if work that a trial's last worker had not repeated yet is lost."""
    save(tmp_path / "first", snapshots(300))
    save(tmp_path / "second", {TrialKey(12, 1): Snapshot(400, 0.0, [np.zeros(2)])})
    found = newest([tmp_path / "first", tmp_path / "second"])
    assert {key: snapshot.step for key, snapshot in found.items()} == {(7, 1): 307, (12, 1): 400}


@pytest.mark.parametrize("seed", range(6))
def test_a_corrupt_checkpoint_is_set_aside_and_the_one_before_used(tmp_path, seed):
    """Breaks if a flipped bit anywhere in a checkpoint is trained on, or ends the run."""
    save(tmp_path, snapshots(100))
    save(tmp_path, snapshots(200))
    rng = random.Random(seed)
    file = rng.choice(sorted(path for path in (tmp_path / "1").rglob("*") if path.is_file() and path.stat().st_size))
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)
    assert_same(newest([tmp_path]), snapshots(100))
    assert (tmp_path / "1.corrupt").is_dir()
    save(tmp_path, snapshots(300))
    assert_same(newest([tmp_path]), snapshots(300))


def test_a_half_written_checkpoint_does_not_count(tmp_path):
    """Breaks if a kill between two writes leaves something that is taken for a checkpoint, or blocks the next one."""
    save(tmp_path, snapshots(100))
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "something").write_text("half")
    (tmp_path / "1.partial").write_text("half")
    assert_same(newest([tmp_path]), snapshots(100))
    save(tmp_path, snapshots(200))
    assert_same(newest([tmp_path]), snapshots(200))


def test_a_checkpoint_that_its_worker_removes_meanwhile_does_not_count(tmp_path, monkeypatch):
    """Breaks if one worker dies because another, which lives, replaces its checkpoint while it is read."""
    save(tmp_path, snapshots(100))

    def removed(path):
        shutil.rmtree(path.parent)
        (tmp_path / "0.sha256").unlink()
        raise ValueError("NOT_FOUND")

    monkeypatch.setattr(checkpoints.np, "load", removed)
    assert newest([tmp_path]) == {}


def test_what_cannot_be_written_is_one_clear_error(tmp_path):
    """Breaks if a full disk or a file in the way gives anything but a clear error, or harms what is there."""
    save(tmp_path, snapshots(100))
    in_the_way = tmp_path / "1"
    in_the_way.write_text("a file")
    with pytest.raises(CheckpointError, match=r"a checkpoint cannot be written to .*1: "):
        save(tmp_path, snapshots(200))
    assert_same(newest([tmp_path]), snapshots(100))

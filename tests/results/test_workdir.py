"""A work directory as its readers find it: writable or not, alone or with a storage elsewhere."""

import ctypes
import os
import shutil
import sqlite3
from contextlib import closing, contextmanager
from itertools import count

import pytest
from made_up import outcome_of, study_of

from capacity_jax.results import read_trials
from capacity_jax.results.workdir import STORAGE_FILE, WorkdirError, open_trials, read_storage
from capacity_jax.studies import open_storage
from capacity_jax.studies.ledger import Ledger
from capacity_jax.training.trial import TrialKey

LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1 << 1


def finish(directory, number):
    """A finished trial more in the storage of a work directory."""
    ledger = Ledger(study_of(), open_storage(f"sqlite:///{directory / STORAGE_FILE}"))
    trial = ledger.study.trial(TrialKey(number), {"b": 50})
    ledger.begin(trial)
    ledger.finish(outcome_of(trial))
    ledger.storage.optuna.engine.dispose()


@pytest.fixture
def workdir(tmp_path):
    """A work directory with one finished trial."""
    directory = tmp_path / "workdir"
    directory.mkdir()
    finish(directory, 0)
    return directory


def let_root_write_everything(does: bool):
    """Root's right to write in spite of a file's mode, of this thread alone; it keeps the right to read."""
    libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    sets[0] = sets[0] | CAP_DAC_OVERRIDE if does else sets[0] & ~CAP_DAC_OVERRIDE
    assert libc.capset(header, sets) == 0


@contextmanager
def without_the_right_to_write(directory):
    """As a user who may read the directory and not write it; root may write everything."""
    directory.chmod(0o555)
    for file in directory.iterdir():
        file.chmod(0o444)
    is_root = os.geteuid() == 0
    if is_root:
        let_root_write_everything(False)
    try:
        yield
    finally:
        if is_root:
            let_root_write_everything(True)
        directory.chmod(0o755)


def test_a_directory_that_cannot_be_written_is_read(workdir):
    """Breaks if finished runs on a read-only disk, or those of somebody else, cannot be looked at."""
    with without_the_right_to_write(workdir):
        with pytest.raises(OSError, match="denied"):
            (workdir / "file").touch()
        assert open_trials(workdir)["number"].tolist() == [0]
    assert [file.name for file in workdir.iterdir()] == [STORAGE_FILE]


def test_what_stands_in_the_log_alone_is_read_with_it(workdir):
    """Breaks if a copy leaves out what SQLite has not moved from its log into the file, as after a kill."""
    with closing(sqlite3.connect(workdir / STORAGE_FILE)) as keeps_the_log:
        keeps_the_log.execute("SELECT count(*) FROM trials").fetchone()
        finish(workdir, 1)
        assert (workdir / f"{STORAGE_FILE}-wal").stat().st_size
        shutil.copytree(workdir, killed := workdir / "killed")
    (killed / f"{STORAGE_FILE}-shm").unlink()
    with without_the_right_to_write(killed):
        assert open_trials(killed)["number"].tolist() == [0, 1]


def test_a_copy_of_a_moving_file_is_made_again_or_refused(workdir, monkeypatch):
    """Breaks if a database is read that was half copied before a write and half after it."""
    looks = count()
    # Twice before and twice after each copy: file and log.
    monkeypatch.setattr("capacity_jax.results.workdir._stamp", lambda file: min(next(looks), writes))
    with without_the_right_to_write(workdir):
        writes = 10
        assert open_trials(workdir)["number"].tolist() == [0]
        assert next(looks) == 16
        writes = 1000
        with pytest.raises(WorkdirError, match=r"studies\.db cannot be read: .* is written to all the time"):
            open_trials(workdir)


def test_the_storage_is_the_one_named_then_the_directorys_then_the_environments(workdir, tmp_path, monkeypatch):
    """Breaks if a reader looks elsewhere than the run wrote, or into a storage that nobody meant."""
    here, elsewhere = f"sqlite:///{workdir / STORAGE_FILE}", f"sqlite:///{tmp_path / 'other.db'}"
    open_storage(elsewhere)
    monkeypatch.setenv("CAPACITY_JAX_STORAGE", elsewhere)
    assert len(open_trials(workdir)) == len(open_trials(tmp_path, here)) == len(open_trials(None, here)) == 1
    assert len(open_trials(workdir, elsewhere)) == len(open_trials(tmp_path)) == 0


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        (
            "sqlite:////no/such/file.db",
            "storage is sqlite:////no/such/file.db, which cannot be read: .* does not exist",
        ),
        ("postgresql://me:secret@127.0.0.1:1/db", r"storage is postgresql://me:\*\*\*@127.0.0.1:1/db, which cannot be"),
        ("", "neither a work directory nor --storage is given"),
    ],
)
def test_a_storage_that_is_not_there_is_refused(storage, message):
    """Breaks if a mistyped URL makes an empty database, or a password is told."""
    with pytest.raises(WorkdirError, match=message):
        read_storage(read_trials, None, storage)

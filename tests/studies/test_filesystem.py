"""Files on disks, and on filesystems that several machines see."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from capacity_jax.studies import filesystem, open_storage
from capacity_jax.studies.filesystem import network_filesystem

MOUNTS = """
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
tmpfs /home/scratch tmpfs rw 0 0
proc /data\\040sets proc rw 0 0
drive /data\\040sets fuse.glusterfs rw 0 0
"""


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """Mounts in place of this machine's, and more that are given."""

    def mount(more=""):
        (tmp_path / "mounts").write_text(MOUNTS.lstrip() + more)
        monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "mounts")

    return mount


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("/var/studies.db", None),
        ("/home/me/studies.db", "nfs4"),
        ("/homes/studies.db", None),
        ("/home/scratch/studies.db", None),
        ("/data sets/studies.db", "fuse.glusterfs"),
    ],
)
def test_the_deepest_mount_tells(mounted, file, kind):
    """Breaks if a mount of a like name, one below, or one with a space in its name is taken for the file's."""
    mounted()
    assert network_filesystem(Path(file)) == kind


@pytest.mark.parametrize(("kind", "mode"), [("ext4", "wal"), ("nfs4", "delete")])
def test_machines_do_not_share_the_memory_of_a_log(mounted, tmp_path, caplog, kind, mode):
    """Breaks if SQLite's write-ahead log, which needs shared memory, is used over a network, or nobody is told."""
    mounted(f"server:/runs {tmp_path} {kind} rw 0 0\n")
    with caplog.at_level(logging.WARNING, "absl"):
        open_storage(f"sqlite:///{tmp_path / 'studies.db'}").optuna.engine.dispose()
    with closing(sqlite3.connect(tmp_path / "studies.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
    assert ("--storage=journal:PATH" in caplog.text) == (mode == "delete")

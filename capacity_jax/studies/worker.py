"""This process as one of several that share a storage: its name, its directory, and whether another one still lives."""

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

# A worker that has not been heard of for so long counts as dead, unless its lock tells more.
LEASE_SECONDS = 120.0
# One who did not look for so long has seen nothing: a machine that slept, a storage that was gone.
LONGEST_BLINK = 30.0


class Worker:
    """A name of its own and, in a directory shared by workers, a directory of its own with a lock.

    Raises:
      OSError: the directory cannot be made.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax.studies import Worker
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     Worker(Path(directory)).directory.name.count("-") >= 2
      True
    """

    def __init__(self, workers: Path):
        self.workers = workers
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        # Of other workers, by study, the last lease, when it was first seen here, and when last.
        self._seen: dict[tuple[str, str], tuple[Any, float, float]] = {}
        self.directory = workers / self.name
        self.directory.mkdir(parents=True)
        _lock_file(self.directory).touch()

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While the block runs others find this worker alive; a lock ends with its process, however that ends."""
        with _lock_file(self.directory).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def lease(self) -> float:
        """What others see change while this worker lives; it is no time of theirs, for clocks differ."""
        return time.time()

    def directory_of(self, study: str) -> Path:
        """Where this worker keeps the checkpoints of a study."""
        return self.directory / quote(study, safe="")

    def directories(self, study: str) -> list[Path]:
        """Where all workers, living or dead, keep those of a study."""
        return [worker / quote(study, safe="") for worker in self.workers.iterdir()]

    def n_before(self) -> int:
        """How many workers that hold their locks stand before this one by name: all differ in it."""
        return sum(_is_locked(other) for other in self.workers.iterdir() if other.name < self.name)

    def is_alone(self) -> bool:
        """Whether no other worker of this directory holds its lock."""
        return not any(_is_locked(other) for other in self.workers.iterdir() if other.name != self.name)

    def leave(self) -> None:
        """Removes this worker's directory, and those of dead ones: their trials are done."""
        shutil.rmtree(self.directory, ignore_errors=True)
        for other in self.workers.iterdir():
            with self.taking_over(other.name, lease=None) as is_dead:
                if is_dead:
                    shutil.rmtree(other, ignore_errors=True)

    @contextmanager
    def taking_over(self, name: str, lease: Any, study: str = "") -> Iterator[bool]:
        """Whether another worker is dead; while the block runs, nobody else who shares the directory finds it so.

        The lock of a dead worker is free. Of one on another machine, where locks may not be shared, also its lease in
        the study must have stayed the same for `LEASE_SECONDS` of this machine's clock.
        """
        is_silent = self._is_silent((name, study), lease)
        try:
            # For writing: NFS grants an exclusive lock on no other.
            lock = _lock_file(self.workers / name).open("r+")
        except FileNotFoundError:
            yield is_silent
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield is_silent or name.rsplit("-", 2)[0] == socket.gethostname()

    def _is_silent(self, whose: tuple[str, str], lease: Any) -> bool:
        now = time.monotonic()
        before, since, last = self._seen.get(whose, (lease, now, now))
        if lease != before or now - last > LONGEST_BLINK:
            since = now
        self._seen[whose] = lease, since, now
        return now - since > LEASE_SECONDS


def _is_locked(directory: Path) -> bool:
    with suppress(OSError), _lock_file(directory).open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_file(directory: Path) -> Path:
    return directory / "lock"

"""An Optuna storage opened for trials that may be killed at any moment, and its faults in one sentence each."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from json import JSONDecodeError
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import optuna
from absl import logging
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from capacity_jax.studies.filesystem import network_filesystem

SQLITE, JOURNAL = "sqlite:///", "journal:"
# Seconds for which a writer waits for another one.
SQLITE_TIMEOUT = 60
# Seconds for which a server may be gone, and between looks for it.
PATIENCE, RETRY_SECONDS = 600.0, 5.0

Answer = TypeVar("Answer")


class StorageError(ValueError):
    """The storage cannot be read or written, or holds another study under the same name."""


class ServerGoneError(StorageError):
    """The server of the storage does not answer."""


@dataclass(frozen=True)
class Storage:
    """An Optuna storage.

    Attributes:
      optuna: the storage itself.
      url: where it is, with the password if there is one.
      file: that of a SQLite storage or a journal, else None.
    """

    optuna: BaseStorage
    url: str = field(default="memory", repr=False)
    file: Path | None = None

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """What a call that uses the storage returns; made again while a server cannot be reached, for `PATIENCE`.

        Raises:
          StorageError: the storage fails, or its server has not come back.
        """
        since = monotonic()
        while True:
            try:
                with self.in_use():
                    return call()
            except ServerGoneError as error:
                if monotonic() - since > PATIENCE:
                    raise
                logging.warning("%s; trying again for %d minutes", error, PATIENCE / 60)
                sleep(RETRY_SECONDS)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Turns what goes wrong with the storage inside the block into a StorageError."""
        # SQLite would go on writing to a deleted file, which nobody can open again; a journal would begin anew.
        if self.file is not None and not self.file.exists():
            raise StorageError(f"storage is {masked(self.url)}, which has vanished")
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError, OSError, JSONDecodeError) as error:
            cause = error.__cause__ or error
            reason = masked(_first_line(cause), self.url)
            is_gone = any(isinstance(one, OperationalError | InterfaceError) for one in (error, cause))
            kind = ServerGoneError if is_gone and self.file is None else StorageError
            raise kind(f"storage is {masked(self.url)}, which fails: {reason}") from None


def open_storage(url: str | None = None) -> Storage:
    """The storage at a URL; one in memory without it.

    Args:
      url: a database as SQLAlchemy names it, such as `sqlite:///studies.db`, or `journal:` with the path of a file
        behind it: Optuna's journal, which also machines that share no more than a directory can write.

    Raises:
      StorageError: it cannot be opened.

    Example:
      >>> from capacity_jax.studies import open_storage
      >>> open_storage().url
      'memory'
    """
    if url is not None and not isinstance(url, str):
        raise StorageError(f"storage is {url!r}; allowed: a URL such as sqlite:///studies.db, or None")
    with quiet():
        if url is None:
            return Storage(InMemoryStorage())
        if url.startswith("sqlite:") and url.removeprefix(SQLITE) in ("sqlite://", "sqlite:", "", ":memory:"):
            raise StorageError(f"storage is {url}, which names no file; allowed: such as sqlite:///studies.db")
        try:
            if url.startswith(JOURNAL):
                file = Path(url.removeprefix(JOURNAL))
                return Storage(JournalStorage(JournalFileBackend(str(file))), url, file)
            if not url.startswith(SQLITE):
                return Storage(_database(url), url)
            file = Path(url.removeprefix(SQLITE))
            if kind := network_filesystem(file):
                logging.warning(
                    "%s lies on %s, where SQLite serves one machine; for several: --storage=journal:PATH", file, kind
                )
            else:
                with closing(sqlite3.connect(file)) as connection:
                    # Writers then do not wait for readers.
                    connection.execute("PRAGMA journal_mode=WAL")
            return Storage(_sqlite(file), url, file)
        except (
            SQLAlchemyError,
            sqlite3.Error,
            optuna.exceptions.OptunaError,
            ImportError,
            ValueError,
            OSError,
        ) as error:
            reason = masked(_first_line(error), url)
            raise StorageError(f"storage is {masked(url)}, which cannot be opened: {reason}") from None


def masked(text: str, url: str | None = None) -> str:
    """The text, one argument or sentence, with *** for the password of a URL that stands in it, and of `url`.

    Example:
      >>> from capacity_jax.studies import masked
      >>> masked("postgresql://me:secret@host/studies")
      'postgresql://me:***@host/studies'
    """
    # To the last @: hidden too much is better than shown a part.
    text = re.sub(r"(://[^\s:/@]*:).*@", r"\1***@", text)
    text = re.sub(r"(password=)[^&\s]*", r"\1***", text)
    try:
        secret = urlsplit(url or "").password
    except ValueError:
        secret = None
    for spelling in {secret, unquote(secret)} if secret else ():
        text = text.replace(spelling, "***")
    return text


def _sqlite(file: Path) -> RDBStorage:
    def connect():
        connection = sqlite3.connect(file, timeout=SQLITE_TIMEOUT, check_same_thread=False)
        # In WAL mode a record survives the death of the process without waiting for the disk.
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    # The file itself, not a URL, which would read a ? or a { in its path.
    return _tables("sqlite://", creator=connect, poolclass=QueuePool)


def _database(url: str) -> RDBStorage:
    if url.startswith(("postgres://", "postgresql://", "postgresql+psycopg://")):
        if not find_spec("psycopg"):
            raise ImportError("it needs psycopg; pip install 'capacity_jax[postgres]' brings it")
        url = "postgresql+psycopg://" + url.partition("://")[2]
    # A connection that a restart of the server has cut is noticed before it is used.
    return _tables(url, pool_pre_ping=True)


def _tables(url: str, **engine: Any) -> RDBStorage:
    for seconds in (0.2, 0.5, 1.0, None):
        try:
            return RDBStorage(url, engine_kwargs=engine)
        except SQLAlchemyError:
            # Of several that make the tables at once, one succeeds.
            if seconds is None:
                raise
            sleep(seconds)
    raise AssertionError


@contextmanager
def quiet() -> Iterator[None]:
    """Silences Optuna's notes about every study and trial."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def _first_line(error):
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

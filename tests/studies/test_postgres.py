"""A real PostgreSQL server as the storage: several workers, one of them killed, the server restarted."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

import optuna
import pytest
import survival
from forked import SERVER
from made_up import outcome_of, study_of
from optuna.trial import TrialState
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from capacity_jax.results import read_trials
from capacity_jax.studies import StorageError, Worker, open_storage
from capacity_jax.studies import storage as storage_module
from capacity_jax.studies.ledger import Ledger
from capacity_jax.training.trial import TrialKey

BINARIES = [Path(shutil.which("initdb") or "/nowhere").parent, *Path("/usr/lib/postgresql").glob("*/bin")]
HOME = next((path for path in BINARIES if (path / "initdb").exists()), None)
pytestmark = [
    pytest.mark.skipif(HOME is None, reason="no PostgreSQL is installed (apt-get install postgresql)"),
    pytest.mark.skipif(find_spec("psycopg") is None, reason="psycopg is not installed (the extra `postgres`)"),
]

DIFFERS = ["seconds", "finished", "versions"]


class Postgres:
    """A server of its own on a free port of this machine."""

    def __init__(self):
        self.directory = Path(mkdtemp(prefix="capacity_jax-postgres-"))
        # It refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.directory, self.user, self.user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "--auth=trust", "--no-sync", f"--username={getpass.getuser()}")
        self.start()

    @property
    def url(self):
        return f"postgresql://{getpass.getuser()}:unused@127.0.0.1:{self.port}/postgres"

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self.run("pg_ctl", "start", "-w", f"--log={self.directory / 'log'}", f"--options={options}")

    def kill(self):
        self.run("pg_ctl", "stop", "--mode=immediate")

    def run(self, program, *arguments):
        command = [HOME / program, *arguments, "-D", self.directory / "data"]
        subprocess.run(command, user=self.user, cwd="/", check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def server():
    server = Postgres()
    yield server
    server.kill()
    shutil.rmtree(server.directory)


@pytest.fixture
def url(server):
    """An empty database."""
    name = f"test{time.monotonic_ns()}"
    engine = create_engine(server.url.replace(":", "+psycopg:", 1), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return server.url.rpartition("/")[0] + f"/{name}"


@contextmanager
def opened(url):
    """The storage; its connections are closed at the end, which a process that ends leaves to the system."""
    storage = open_storage(url)
    yield storage
    storage.optuna.engine.dispose()


def found(url):
    with opened(url) as storage:
        for study in storage.optuna.get_all_studies():
            assert not [name for name in study.user_attrs if name.startswith("lease")]
            states = {trial.state for trial in storage.optuna.get_all_trials(study._study_id)}
            assert states <= {TrialState.COMPLETE, TrialState.FAIL}
        return read_trials(storage).drop(columns=DIFFERS)


@pytest.mark.slow
def test_four_workers_a_kill_and_a_restart_find_what_one_finds_in_a_file(server, url, tmp_path):
    """Breaks if workers that start at once die, one that is killed takes trials with it, or a restart ends the run."""
    alone = tmp_path / "alone"
    alone.mkdir()
    reference = SERVER.Process(target=survival.child, args=(alone, "random", 1))
    reference.start()
    reference.join()
    assert reference.exitcode == 0, (alone / "stderr").read_text()
    together = tmp_path / "together"
    together.mkdir()
    processes = [SERVER.Process(target=survival.child, args=(together, "random", 1, url)) for _ in range(4)]
    for process in processes:
        process.start()
    with opened(url) as storage:
        while len(read_trials(storage)) < 3 and any(process.exitcode is None for process in processes):
            time.sleep(0.05)
    processes[0].kill()
    server.kill()
    time.sleep(1)
    server.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes[1:]] == [0, 0, 0], (together / "stderr").read_text()
    expected = found(f"sqlite:///{alone / 'studies.db'}")
    for column, values in found(url).items():
        assert values.equals(expected[column]), column


def test_a_ledger_holds_the_same_in_tables_of_a_server(url, tmp_path):
    """Breaks if what one worker writes reaches another changed, twice or not at all."""
    study = study_of()
    with opened(url) as storage:
        first, second = (Ledger(study, storage, Worker(tmp_path / "workers")) for _ in range(2))
        trials = [
            study.trial(TrialKey(number), {"b": 50, "lr_init": 0.1 + 0.2, "train_steps": 7}) for number in range(2)
        ]
        assert first.begin(trials[0])
        assert not second.begin(trials[0])
        assert second.begin(trials[1])
        first.finish(outcome_of(trials[0], 1 / 3))
        second.finish(outcome_of(trials[1], infeasible=True))
        assert first.records().keys() == second.records().keys() == {(0, 0), (1, 0)}
        assert first.records()[0, 0] == second.records()[0, 0]
        (begun, _) = optuna.load_study(study_name=study.name, storage=storage.optuna).trials
        assert (begun.number, begun.value, begun.params["train_steps"]) == (0, 1 / 3, 7)
        second.clean_up()
        assert not [name for name in storage.optuna.get_study_user_attrs(first.study_id) if name.startswith("lease")]


def test_a_server_that_stays_away_is_one_clear_error(server, url, monkeypatch):
    """Breaks if a worker hangs for ever, or its error shows the password."""
    with opened(url) as storage:
        ledger = Ledger(study_of(), storage)
        monkeypatch.setattr(storage_module, "PATIENCE", 0.5)
        monkeypatch.setattr(storage_module, "RETRY_SECONDS", 0.2)
        server.kill()
        try:
            with pytest.raises(StorageError, match=r"storage is postgresql://.*:\*\*\*@127.0.0.1.*, which fails: "):
                ledger.records()
        finally:
            server.start()
        assert ledger.records() == {}

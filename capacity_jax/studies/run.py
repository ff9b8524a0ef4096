"""Many studies in a row, kept in a storage, checkpointed, and continued where they were left."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic, sleep

from capacity_jax.search import checkpoints
from capacity_jax.search.gp import Proposer
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.progress import Progress
from capacity_jax.studies.storage import Storage, open_storage
from capacity_jax.studies.study import Study
from capacity_jax.studies.next_trials import supply
from capacity_jax.studies.worker import LEASE_SECONDS, Worker
from capacity_jax.training.population import Chunk, Outcome, Trial, fitting_slots, prepare_population, train_population

# Seconds between looks for work while other workers do what is left.
WAITING_SECONDS = 2.0


class Stopped(Exception):  # noqa: N818
    """The run was asked to stop; what was running has been saved."""


@dataclass(frozen=True)
class Home:
    """Where a run is kept, so that it can be continued after any end.

    Attributes:
      storage: of the trials.
      worker: this process among those on the storage, and its directory for checkpoints; None keeps no checkpoints.
      interval: seconds between checkpoints.
      stop: whether somebody has asked the run to stop.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax import Home, Worker, open_storage
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     storage = open_storage(f"sqlite:///{directory}/studies.db")
      ...     Home(storage, Worker(Path(directory, "workers")), interval=300.0).interval
      300.0
    """

    storage: Storage = field(default_factory=open_storage)
    worker: Worker | None = None
    interval: float = 60.0
    stop: Callable[[], bool] = lambda: False


def run_studies(studies: Sequence[Study], home: Home | None = None) -> Iterator[tuple[Study, list[Outcome]]]:
    """Runs studies one after another, each compiled while the one before it trains; shows progress on stderr.

    Args:
      studies: what to run, in this order; at least one, with different names.
      home: where their trials are kept; by default in memory. What is there already is not done again.

    Yields:
      Each study with all its outcomes by number, when it has ended.

    Raises:
      ValueError: a trial's hyperparameters do not fit its bucket; nothing is trained then.
      StorageError: the storage fails or holds other studies under these names.
      CheckpointError: a checkpoint cannot be written.
      Stopped: the run was asked to stop.
      MemoryError: the devices have not the memory for a single network of some study.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, build_task, rnn, run_studies, study_row
      >>> task = build_task("mem_thru", n_in=2, n_steps=2, n_evaluation=64)
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), task, batch_size=16)
      >>> study = Study(bucket, space={}, starts=[{"train_steps": 50}], n_trials=0, n_seeds=1, seed=0)
      >>> [study_row(study, outcomes)["trials"] for study, outcomes in run_studies([study])]
      [1]
    """
    home = home or Home()
    names = [study.name for study in studies]
    for study in studies:
        if names.count(study.name) > 1:
            raise ValueError(f"study {study.name} is asked for {names.count(study.name)} times; allowed: once")
        study.starting_trials()
    with home.worker.alive() if home.worker else nullcontext():
        yield from _run(studies, home)
    if home.worker:
        home.worker.leave()


def _run(studies: Sequence[Study], home: Home) -> Iterator[tuple[Study, list[Outcome]]]:
    ledgers = [Ledger(study, home.storage, home.worker) for study in studies]
    with (
        closing(Progress(studies)) as progress,
        ThreadPoolExecutor(1) as compiler,
        ThreadPoolExecutor(1) as asking,
        Proposer() as proposer,
    ):
        for ledger in ledgers:
            progress.resume(ledger.study, list(ledger.outcomes().values()))
        left = deque(ledgers)
        while left:
            ledger = left.popleft()
            study, n_trained = ledger.study, 0
            if not study.is_complete(ledger.outcomes()):
                compiled = compiler.submit(_compile, study)
                if left and not left[0].study.is_complete(left[0].outcomes()):
                    compiler.submit(_compile, left[0].study)
                compiled.result()
                n_trained = _work_on(ledger, home, progress, partial(supply, ledger, asking, proposer))
            outcomes = ledger.outcomes()
            if study.is_complete(outcomes):
                progress.expect(study, len(outcomes))
                yield study, [outcomes[number] for number in sorted(outcomes)]
            else:
                left.append(ledger)
                if not n_trained:
                    _stop_if_asked(home)
                    sleep(WAITING_SECONDS)


def _work_on(ledger: Ledger, home: Home, progress: Progress, begun: Callable[[], Iterator[Trial | None]]) -> int:
    """Trains what of a study falls to this worker; returns how many trials it has finished."""
    study = ledger.study
    finished: set[int] = set()
    n_slots = fitting_slots(study.bucket, _n_trials(study))
    saved = renewed = monotonic()
    done: dict[int, float] = {}

    def trials() -> Iterator[Trial | None]:
        snapshots = checkpoints.newest(home.worker.directories(study.name)) if home.worker else {}
        for trial in begun():
            if trial is not None:
                progress.expect(study, max(progress.expected[study.name], trial.number + 1))
            yield trial and replace(trial, snapshot=snapshots.get(trial.number))

    def on_chunk(chunk: Chunk) -> None:
        nonlocal saved, renewed
        for trial, n_steps in chunk.steps:
            if trial.number in finished:
                continue
            done[trial.number] = done.get(trial.number, 0.0) + n_steps / trial.hparams["train_steps"]
        progress.running(study, sum(done.values()))
        now = monotonic()
        if now - renewed > LEASE_SECONDS / 4:
            ledger.renew()
            renewed = now
        if home.worker and (home.stop() or now - saved > home.interval):
            if snapshots := {trial.number: snapshot for trial, snapshot in chunk.running()}:
                checkpoints.save(home.worker.directory_of(study.name), snapshots)
            saved = now
        _stop_if_asked(home)

    for outcome in train_population(study.bucket, trials(), n_slots=n_slots, on_chunk=on_chunk):
        ledger.finish(outcome)
        done.pop(outcome.trial.number, None)
        progress.outcome(study, outcome)
        finished.add(outcome.trial.number)
    return len(finished)


def _compile(study):
    prepare_population(study.bucket, _n_trials(study))


def _n_trials(study):
    return max(study.n_planned, study.n_seeds)


def _stop_if_asked(home):
    if home.stop():
        raise Stopped

"""Many studies in a row, kept in a storage, checkpointed, and continued where they were left."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from time import monotonic, sleep

from capacity_jax.search.gp import Proposer
from capacity_jax.studies import checkpoints
from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.next_trials import NextTrials
from capacity_jax.studies.progress import Progress
from capacity_jax.studies.record import Record
from capacity_jax.studies.storage import Storage, StorageError, open_storage
from capacity_jax.studies.study import Study
from capacity_jax.studies.weights import keep, settle
from capacity_jax.studies.worker import LEASE_SECONDS, Worker
from capacity_jax.training.population import Population
from capacity_jax.training.program import compiled_chunk, fitting_slots, prepare_population, slots_worth
from capacity_jax.training.trial import TrialKey

# Seconds between looks for work while other workers do what is left.
WAITING_SECONDS = 2.0
# Seconds between looks for a trial while the next one is being proposed.
IDLE_SECONDS = 0.05


class Stopped(Exception):  # noqa: N818
    """The run was asked to stop; what was running has been saved."""


@dataclass(frozen=True)
class Persistence:
    """Where a run is kept, so that it can be continued after any end.

    Attributes:
      storage: of the trials.
      worker: this process among those on the storage, and its directory for checkpoints; None keeps no checkpoints.
      interval: seconds between checkpoints.
      weights: where the trained parameters of each study's best settings are kept; None keeps none.
      kept_settings: of how many settings they are kept.
      stop: whether somebody has asked the run to stop.
      notify: is given finished trials as soon as they are known, some more than once.

    Example:
      >>> import tempfile
      >>> from pathlib import Path
      >>> from capacity_jax.studies import Persistence, Worker, open_storage
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     storage = open_storage(f"sqlite:///{directory}/studies.db")
      ...     Persistence(storage, Worker(Path(directory, "workers")), interval=300.0).interval
      300.0
    """

    storage: Storage = field(default_factory=open_storage)
    worker: Worker | None = None
    interval: float = 60.0
    stop: Callable[[], bool] = lambda: False
    weights: Path | None = None
    kept_settings: int = 1
    notify: Callable[[Iterable[Record]], None] = lambda records: None

    def stop_if_asked(self) -> None:
        """Raises Stopped if somebody has asked for it."""
        if self.stop():
            raise Stopped


def run_studies(
    studies: Sequence[Study], persistence: Persistence | None = None
) -> Iterator[tuple[Study, list[Record]]]:
    """Runs studies one after another, each compiled while the one before it trains; shows progress on stderr.

    Several workers on one storage take different studies as long as there are enough, those of one directory the
    costliest first, and then share those that are left.

    Args:
      studies: what to run, by a worker that is alone in this order; at least one, with different names.
      persistence: where their trials are kept; by default in memory. What is there already is not done again.

    Yields:
      Each study with the records of all its trials in their order, when it has ended.

    Raises:
      ValueError: a trial's hyperparameters do not fit its bucket; nothing is trained then.
      StorageError: the storage fails or holds other studies under these names.
      CheckpointError: a checkpoint cannot be written.
      WeightsError: trained parameters cannot be written.
      Stopped: the run was asked to stop.
      MemoryError: the devices have not the memory for a single network of some study.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, mem_thru, rnn, run_studies
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2, n_evaluation=64), batch_size=16)
      >>> study = Study(bucket, space={}, initial_settings=[{"train_steps": 50}], trials=0, seeds=1, seed=0)
      >>> [[record.steps_made for record in records] for study, records in run_studies([study])]
      [[50]]
    """
    persistence = persistence or Persistence()
    names = [study.name for study in studies]
    for study in studies:
        if names.count(study.name) > 1:
            raise ValueError(f"study {study.name} is asked for {names.count(study.name)} times; allowed: once")
        study.initial_trials()
    with persistence.worker.alive() if persistence.worker else nullcontext():
        yield from _run(studies, persistence)
    if persistence.worker:
        persistence.worker.leave()


def _run(studies: Sequence[Study], persistence: Persistence) -> Iterator[tuple[Study, list[Record]]]:
    ledgers = [Ledger(study, persistence.storage, persistence.worker) for study in studies]
    with (
        closing(Progress(studies)) as progress,
        ThreadPoolExecutor(1) as compiler,
        ThreadPoolExecutor(1) as asking,
        Proposer() as proposer,
    ):
        for ledger in ledgers:
            known = ledger.records()
            progress.resume(ledger.study, known)
            persistence.notify(known.values())
        left, worker = list(ledgers), persistence.worker
        place = worker.n_before() if worker else 0

        def ordered():
            # What takes longest begins first where several share the work, or all would wait for it at the end.
            alone = worker is None or worker.is_alone()
            return left if alone else sorted(left, key=lambda one: progress.cost_left(one.study), reverse=True)

        while left:
            persistence.stop_if_asked()
            ledger, place = _next(left, ordered(), place), 0
            left.remove(ledger)
            study, n_trained = ledger.study, 0
            if study.complete(ledger.records()) is None:
                compiled = compiler.submit(_compile, study)
                then = _next(left, ordered()) if left else ledger
                if then.study.complete(then.records()) is None:
                    compiler.submit(_compile, then.study)
                compiled.result()
                persistence.stop_if_asked()
                trials = NextTrials(ledger, asking, proposer)
                n_trained = _Work(ledger, persistence, progress, compiler).train(trials)
            records = study.complete(ledger.records())
            if records is not None:
                ledger.clean_up()
                progress.expect(study, len(records))
                if persistence.weights:
                    settle(persistence.weights, study, records, persistence.kept_settings)
                persistence.notify(records)
                yield study, records
            else:
                left.append(ledger)
                if not n_trained:
                    sleep(WAITING_SECONDS)


def _next(left: Sequence[Ledger], ordered: Sequence[Ledger], place: int = 0) -> Ledger:
    """Where a worker goes on: the first in order on which no other one is at work, or else one that they share.

    The more studies are trained side by side, the fewer devices wait for a study's last trials. At a place of its own
    among workers that begin together, it takes as many further on, of those that are left to train.
    """
    free = (ledger for ledger in ordered if not ledger.others_at_work())
    if place:
        free = (ledger for ledger in free if ledger.study.complete(ledger.records()) is None)
    # No more of them than are needed: each look asks the storage.
    found = list(islice(free, place + 1))
    return found[place % len(found)] if found else left[0]


class _Work:
    """What of a study falls to this worker."""

    def __init__(self, ledger: Ledger, persistence: Persistence, progress: Progress, compiler: Executor):
        self.ledger, self.persistence, self.progress, self.compiler = ledger, persistence, progress, compiler
        self.study, self.worker = ledger.study, persistence.worker
        bucket = self.study.bucket
        self.population = Population(bucket, n_slots=fitting_slots(bucket, _n_trials(self.study)))
        self.most_slots = self.population.n_slots
        # By number of slots.
        self.programs: dict[int, Future] = {}
        self.all_begun = False
        # The share of its steps that each running trial has made.
        self.done: dict[TrialKey, float] = {}
        self.saved = self.renewed = monotonic()

    def train(self, trials: NextTrials) -> int:
        """Trains the trials as they become known; returns how many have finished."""
        try:
            return self._train(trials)
        except StorageError:
            # What was running goes on from here when the storage is back.
            self._save()
            raise

    def _train(self, upcoming):
        n_finished, trials = 0, self._continued(upcoming)
        while True:
            known = iter(lambda: next(trials, None), None)
            self.population.fill(islice(known, self._resized(upcoming) - self.population.n_working))
            if self.population.n_working:
                n_finished += self._advance()
            elif self.all_begun:
                return n_finished
            else:
                sleep(IDLE_SECONDS)
            self._keep()
            self.persistence.stop_if_asked()

    def _continued(self, trials):
        """The trials, each from where some worker has saved it."""
        snapshots = checkpoints.newest(self.worker.directories(self.study.name)) if self.worker else {}
        n_expected = self.study.n_planned
        for trial in trials:
            if trial is not None and self.study.role(trial.key) == "repeat":
                n_expected += 1
                self.progress.expect(self.study, max(self.progress.expected[self.study.name], n_expected))
            yield trial and replace(trial, snapshot=snapshots.get(trial.key))
        self.all_begun = True

    def _resized(self, trials):
        """How many slots are worth while; goes on with so many as soon as their program is compiled."""
        before, bucket = self.population, self.study.bucket
        if before.devices.in_turn:
            return before.n_slots
        running, waiting = before.steps_left(), trials.waiting()
        if not running + waiting:
            return before.n_slots
        n_slots = slots_worth(running, waiting, self.most_slots, before.devices)
        if n_slots not in self.programs:
            self.programs[n_slots] = self.compiler.submit(compiled_chunk, bucket, n_slots, before.devices)
        if n_slots != before.n_slots and self.programs[n_slots].done():
            self.programs[n_slots].result()
            self.population = Population(bucket, before.devices, n_slots)
            self.population.fill(replace(trial, snapshot=snapshot) for trial, snapshot in before.snapshots())
        return min(n_slots, self.population.n_slots)

    def _advance(self):
        """Trains for a while and records what has finished; returns how many did."""
        for trial, n_steps in self.population.advance():
            self.done[trial.key] = self.done.get(trial.key, 0.0) + n_steps / trial.hparams["train_steps"]
        outcomes = self.population.finished()
        for outcome in outcomes:
            # First, so that what is recorded has its weights.
            if self.persistence.weights:
                keep(self.persistence.weights, self.study.name, outcome)
            record = self.ledger.finish(outcome)
            self.progress.ended(self.study, record)
            self.persistence.notify([record])
            self.done.pop(outcome.trial.key)
        self.progress.running(self.study, sum(self.done.values()))
        return len(outcomes)

    def _keep(self):
        """Renews the lease and writes checkpoints, when it is time."""
        now = monotonic()
        if now - self.renewed > LEASE_SECONDS / 4:
            self.ledger.renew()
            self.renewed = now
        if self.persistence.stop() or now - self.saved > self.persistence.interval:
            self._save()
            self.saved = now

    def _save(self):
        snapshots = {trial.key: snapshot for trial, snapshot in self.population.snapshots()}
        if self.worker and snapshots:
            checkpoints.save(self.worker.directory_of(self.study.name), snapshots)


def _compile(study):
    prepare_population(study.bucket, _n_trials(study))


def _n_trials(study):
    return max(study.n_planned, study.seeds)

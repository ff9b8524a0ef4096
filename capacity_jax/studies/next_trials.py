"""Where a population's next trial comes from: left by a dead worker, or the study's next one."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from capacity_jax.studies.ledger import Ledger
from capacity_jax.studies.proposals import batch_of, n_awaited, proposed_batch
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study
from capacity_jax.training.trial import Trial, TrialKey

Records = Mapping[TrialKey, Record]
Settings = Mapping[int, Mapping[str, Any]]


class NotYet(Exception):  # noqa: N818
    """What comes next follows from records or proposals that are still to come."""


def next_trials(ledger: Ledger, executor: Executor, propose: Callable[..., list]) -> Iterator[Trial | None]:
    """The trials that this worker is to train, each begun in the ledger; None while the next one is not known yet.

    Ends when nothing is left to begin, or when what is left waits for trials of other workers alone.

    Args:
      ledger: of the study.
      executor: proposes the next batch while this one is trained.
      propose: proposes for the sampler `gp`, as `gp.propose` does.
    """
    study = ledger.study
    planned = _PlannedSettings(study, partial(executor.submit, proposed_batch, propose=propose))
    yield from ledger.left_over()
    while True:
        yield from ledger.take_over()
        entries = ledger.entries()
        records = {key: entry.record for key, entry in entries.items() if entry.record}
        settings = {key.number: entry.trial.hparams for key, entry in entries.items()}
        try:
            key = _first_missing(study, records, entries)
            if key is None:
                return
            # What is measured again is known.
            hparams = settings[key.number] if key.repeat else planned.setting(key.number, records, settings)
        except NotYet:
            ours = any(entry.owner == ledger.owner and not entry.record for entry in entries.values())
            if not ours and not planned.in_progress():
                return
            yield None
            continue
        trial = study.trial(key, hparams)
        if ledger.begin(trial):
            yield trial


class _PlannedSettings:
    """The planned settings; batches are proposed in the background as soon as what they depend on is known."""

    def __init__(self, study: Study, submit: Callable[..., Future]):
        self.study, self.submit = study, submit
        self.initial = {trial.number: trial.hparams for trial in study.initial_trials()}
        self.batches: dict[int, Future] = {}

    def setting(self, number: int, records: Records, settings: Settings) -> Mapping[str, Any]:
        """The number-th setting, given those before it."""
        if number in self.initial:
            self._prepare(0, records, self.initial)
            return self.initial[number]
        batch, numbers = batch_of(self.study, number)
        self._prepare(batch, records, settings)
        if batch not in self.batches or not self.batches[batch].done():
            raise NotYet
        proposed = self.batches[batch].result()
        self._prepare(batch + 1, records, {**settings, **dict(zip(numbers, proposed, strict=True))})
        return proposed[number - numbers.start]

    def in_progress(self) -> bool:
        """Whether a batch is being proposed."""
        return not all(future.done() for future in self.batches.values())

    def _prepare(self, batch, records, settings):
        is_known = all(TrialKey(number) in records for number in range(n_awaited(self.study, batch)))
        if batch not in self.batches and batch * self.study.proposals < self.study.trials and is_known:
            self.batches[batch] = self.submit(self.study, batch, records, settings)


def _first_missing(study, records, entries):
    """The first trial of the study that nobody has begun; None where there is none."""
    try:
        return next((key for key in study.keys(records) if key not in entries), None)
    except KeyError as error:
        raise NotYet from error

"""Where a population's next trial comes from: left by a dead worker, or the study's next number."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from capacity_jax.studies.ledger import Entry, Ledger
from capacity_jax.studies.proposals import batch_of, n_awaited, n_before, proposed_batch
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study
from capacity_jax.training.trial import Trial

Entries = Mapping[int, Entry]
Records = Mapping[int, Record]


class NotYet(Exception):  # noqa: N818
    """A setting follows from records or proposals that are still to come."""


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
    unknown = None
    yield from ledger.left_over()
    while True:
        yield from ledger.take_over()
        entries, records = ledger.entries(), ledger.records()
        number = ledger.next_number
        try:
            if number < study.n_planned:
                hparams = planned.setting(number, entries, records)
            elif (number, len(records)) == unknown:
                # To find the best of thousands again takes a while, and no record has come.
                raise NotYet
            else:
                hparams = _repeated(study, number, records)
        except NotYet:
            unknown = number, len(records)
            if not ledger.left_over() and not planned.in_progress():
                return
            yield None
            continue
        if hparams is None:
            return
        trial = study.trial(number, hparams)
        if ledger.begin(trial):
            yield trial


class _PlannedSettings:
    """The planned settings; batches are proposed in the background as soon as what they depend on is known."""

    def __init__(self, study: Study, submit: Callable[..., Future]):
        self.study, self.submit = study, submit
        self.initial = {trial.number: trial.hparams for trial in study.initial_trials()}
        self.batches: dict[int, Future] = {}

    def setting(self, number: int, entries: Entries, records: Records) -> Mapping[str, Any]:
        """The number-th setting, given those before it."""
        if number < self.study.n_initial:
            self._prepare(0, entries, records, self.initial)
            return self.initial[number]
        batch, numbers = batch_of(self.study, number)
        self.batches = {later: future for later, future in self.batches.items() if later >= batch}
        self._prepare(batch, entries, records, {})
        if batch not in self.batches or not self.batches[batch].done():
            raise NotYet
        proposed = dict(zip(numbers, self.batches[batch].result(), strict=True))
        self._prepare(batch + 1, entries, records, proposed)
        return proposed[number]

    def in_progress(self) -> bool:
        """Whether a batch is being proposed."""
        return not all(future.done() for future in self.batches.values())

    def _prepare(self, batch, entries, records, upcoming):
        awaited = range(n_awaited(self.study, batch))
        is_wanted = batch not in self.batches and batch * self.study.proposals < self.study.trials
        if is_wanted and all(number in records for number in awaited):
            settings = {
                number: upcoming[number] if number in upcoming else entries[number].trial.hparams
                for number in range(n_before(self.study, batch))
            }
            known = {number: records[number] for number in awaited}
            self.batches[batch] = self.submit(self.study, batch, known, settings)


def _repeated(study, number, records):
    try:
        return study.repeat(number, records)
    except KeyError as error:
        raise NotYet from error

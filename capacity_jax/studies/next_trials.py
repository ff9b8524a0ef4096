"""Where a population's next trial comes from: left by a dead worker, or the study's next one."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from capacity_jax.studies.ledger import Entry, Ledger
from capacity_jax.studies.proposals import batch_of, n_awaited, n_before, proposed_batch
from capacity_jax.studies.record import Record
from capacity_jax.studies.study import Study
from capacity_jax.training.trial import Trial, TrialKey

Entries = Mapping[TrialKey, Entry]
Records = Mapping[TrialKey, Record]


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
    planned_keys, n_begun, unknown = study.planned_keys(), 0, None
    yield from ledger.left_over()
    while True:
        yield from ledger.take_over()
        entries, records = ledger.entries(), ledger.records()
        while n_begun < len(planned_keys) and planned_keys[n_begun] in entries:
            n_begun += 1
        try:
            if n_begun < len(planned_keys):
                key = planned_keys[n_begun]
            elif (len(entries), len(records)) == unknown:
                # To find the best of thousands again takes a while, and no record has come.
                raise NotYet
            else:
                key = _first_missing(study, records, entries)
            if key is None:
                return
            # What is measured again is known.
            first = entries.get(TrialKey(key.number))
            hparams = first.trial.hparams if first else planned.setting(key.number, entries, records)
        except NotYet:
            unknown = len(entries), len(records)
            if not ledger.left_over() and not planned.in_progress():
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

    def setting(self, number: int, entries: Entries, records: Records) -> Mapping[str, Any]:
        """The number-th setting, given those before it."""
        if number in self.initial:
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
        if is_wanted and all(TrialKey(number) in records for number in awaited):
            settings = {
                number: upcoming[number] if number in upcoming else entries[TrialKey(number)].trial.hparams
                for number in range(n_before(self.study, batch))
            }
            known = {TrialKey(number): records[TrialKey(number)] for number in awaited}
            self.batches[batch] = self.submit(self.study, batch, known, settings)


def _first_missing(study, records, entries):
    """The first trial of the study that nobody has begun; None where there is none."""
    try:
        return next((key for key in study.keys(records) if key not in entries), None)
    except KeyError as error:
        raise NotYet from error

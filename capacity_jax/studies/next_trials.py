"""Where a population's next trial comes from: left by a dead worker, or the study's next one."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from itertools import takewhile
from typing import Any

from capacity_jax.studies.ledger import Entry, Ledger
from capacity_jax.studies.proposals import batch_of, n_awaited, n_before, proposed_batch
from capacity_jax.studies.record import Record
from capacity_jax.studies.rungs import rungs_of
from capacity_jax.studies.study import Study
from capacity_jax.training.trial import Trial, TrialKey

Entries = Mapping[TrialKey, Entry]
Records = Mapping[TrialKey, Record]


class NotYet(Exception):  # noqa: N818
    """What comes next follows from records or proposals that are still to come."""


class BeingProposed(NotYet):
    """What comes next was being proposed a moment ago, and may be known by now."""


class NextTrials:
    """The trials that this worker is to train, each begun in the ledger; None while the next one is not known yet.

    Ends when nothing is left to begin, or when what is left waits for trials of other workers alone. Of the settings
    that are known the longest training runs begin first: the last ones then end at about the same time.

    Args:
      ledger: of the study.
      executor: proposes the next batch while this one is trained.
      propose: proposes for the sampler `gp`, as `gp.propose` does.
    """

    def __init__(self, ledger: Ledger, executor: Executor, propose: Callable[..., list]):
        self.ledger, self.study = ledger, ledger.study
        self._planned = _PlannedSettings(self.study, partial(executor.submit, proposed_batch, propose=propose))
        self._given: set[TrialKey] = set()

    def __iter__(self) -> Iterator[Trial | None]:
        planned_keys, n_begun, unknown = self.study.planned_keys(), 0, None
        while True:
            for trial in self._left_over():
                self._given.add(trial.key)
                yield trial
            entries, records = self.ledger.entries(), self.ledger.records()
            while n_begun < len(planned_keys) and planned_keys[n_begun] in entries:
                n_begun += 1
            try:
                if n_begun < len(planned_keys):
                    key = self._longest(planned_keys[n_begun:], entries, records)
                elif (len(entries), len(records)) == unknown:
                    # To find the best of thousands again takes a while, and no record has come.
                    raise NotYet
                else:
                    key = _first_missing(self.study, records, entries)
                if key is None:
                    return
            except BeingProposed:
                yield None
                continue
            except NotYet:
                unknown = len(entries), len(records)
                if not self.ledger.left_over() and not self._planned.in_progress():
                    return
                yield None
                continue
            hparams = _settings_of(key, entries, self._planned.known())
            trial = self.study.trial(key, hparams, rungs_of(self.study, key, records))
            if self.ledger.begin(trial):
                self._given.add(key)
                yield trial

    def waiting(self) -> list[int]:
        """The training steps of the trials that are known and that no worker trains."""
        steps = [trial.hparams["train_steps"] for trial in self._left_over()]
        entries, records, known = self.ledger.entries(), self.ledger.records(), self._planned.known()
        # After those that are known come some that follow from records which are missing.
        with suppress(KeyError):
            for key in self.study.keys(records):
                if key not in entries:
                    steps.append(_settings_of(key, entries, known)["train_steps"])
        return steps

    def _left_over(self):
        """Those that were begun by this worker in an earlier run, or by dead ones."""
        self.ledger.take_over()
        return [trial for trial in self.ledger.left_over() if trial.key not in self._given]

    def _longest(self, keys, entries, records):
        """Of the keys that nobody has begun, the first among the longest of the first one's batch."""
        settings = self._planned.settings(keys[0].number, entries, records)
        of_batch = [key for key in takewhile(lambda key: key.number in settings, keys) if key not in entries]
        return max(of_batch, key=lambda key: settings[key.number]["train_steps"])


class _PlannedSettings:
    """The planned settings; batches are proposed in the background as soon as what they depend on is known."""

    def __init__(self, study: Study, submit: Callable[..., Future]):
        self.study, self.submit = study, submit
        self.initial = {trial.number: trial.hparams for trial in study.initial_trials()}
        self.batches: dict[int, Future] = {}

    def settings(self, number: int, entries: Entries, records: Records) -> Mapping[int, Mapping[str, Any]]:
        """By number those of the batch to which the number belongs, given the ones before; or the initial ones."""
        if number in self.initial:
            self._prepare(0, entries, records, self.initial)
            return self.initial
        batch, _ = batch_of(self.study, number)
        self.batches = {later: future for later, future in self.batches.items() if later >= batch}
        self._prepare(batch, entries, records, {})
        if batch not in self.batches:
            raise NotYet
        if not self.batches[batch].done():
            raise BeingProposed
        proposed = self._proposed(batch)
        self._prepare(batch + 1, entries, records, proposed)
        return proposed

    def known(self) -> Mapping[int, Mapping[str, Any]]:
        """By number the initial ones and those proposed last."""
        found = dict(self.initial)
        for batch, future in self.batches.items():
            if future.done():
                found |= self._proposed(batch)
        return found

    def in_progress(self) -> bool:
        """Whether a batch is being proposed."""
        return not all(future.done() for future in self.batches.values())

    def _proposed(self, batch):
        first = len(self.initial) + batch * self.study.proposals
        return dict(enumerate(self.batches[batch].result(), first))

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


def _settings_of(key, entries, known):
    """What is measured again has them from its first measurement."""
    first = entries.get(TrialKey(key.number))
    return first.trial.hparams if first else known[key.number]

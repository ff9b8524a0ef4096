"""A study's trials in a storage: begun, finished, and taken over from workers that died.

A trial of ours carries its number in the study as the attribute `number`; all else is as Optuna has it, so that its
dashboard and its plots work. A diverged trial is complete, with an infinite value and the attribute `infeasible`.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import optuna
from optuna.trial import TrialState

from capacity_jax.search.space import searched_part
from capacity_jax.studies.record import FORMAT, Record, findings, format_of, record_of
from capacity_jax.studies.rows import Row, rows_of
from capacity_jax.studies.storage import Storage, StorageError, masked, quiet
from capacity_jax.studies.study import Study
from capacity_jax.studies.versions import versions
from capacity_jax.studies.worker import Worker
from capacity_jax.training.trial import Outcome, Trial

# The attribute under which a study keeps what it is a study of.
PLAN = "plan"
# Of the attributes that say when a worker was last heard of, the beginning.
LEASE_OF = "lease of "


class Entry(NamedTuple):
    """A trial as the storage has it; record is None until it is finished."""

    trial: Trial
    owner: str
    trial_id: int
    record: Record | None


class Ledger:
    """One study in a storage, as one worker reads and writes it.

    What is finished does not change: each look at the storage reads what has begun since the one before, and what was
    unfinished then.

    Attributes:
      next_number: the first number of which the last look found no trial.

    Raises (from every method):
      StorageError: the storage fails, has vanished, or holds a study of that name made with other settings.
    """

    def __init__(self, study: Study, storage: Storage, worker: Worker | None = None):
        self.study, self.storage, self.worker = study, storage, worker
        self.owner = worker.name if worker else "this process"
        self.study_id = storage.ask(self._open)
        self._rows = rows_of(storage.optuna, self.study_id)
        self.next_number = 0
        self._last_id = -1
        self._entries: dict[int, Entry] = {}
        self._records: dict[int, Record] = {}
        # By id, those included whose number stands already.
        self._unfinished: dict[int, Entry] = {}
        self.renew()

    def renew(self) -> None:
        """Tells the others that this worker lives."""
        if self.worker:
            name, lease = _lease_of(self.owner), self.worker.lease()
            self.storage.ask(lambda: self.storage.optuna.set_study_user_attr(self.study_id, name, lease))

    def clean_up(self) -> None:
        """Takes away what a study that is complete needs no more: leases, and beginnings of numbers that stand."""
        attributes = self.storage.ask(lambda: self.storage.optuna.get_study_user_attrs(self.study_id))
        leases = [name for name, value in attributes.items() if name.startswith(LEASE_OF) and value is not None]
        self.storage.ask(lambda: self._rows.forget(leases))
        for trial_id in self._unfinished:
            self.storage.ask(partial(self._rows.fail, trial_id))

    def entries(self) -> Mapping[int, Entry]:
        """All trials by number; it grows as the ledger does."""
        self._look()
        return self._entries

    def records(self) -> Mapping[int, Record]:
        """Those of the finished trials, by number; it grows as the ledger does."""
        self._look()
        return self._records

    def begin(self, trial: Trial) -> bool:
        """Records that this worker trains a trial; False where another one was faster."""
        searched = searched_part(self.study.space, trial.hparams)
        template = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=searched,
            distributions={name: self.study.space[name] for name in searched},
            user_attrs=self._begun(trial),
        )
        trial_id = self.storage.ask(lambda: self._rows.begin(template, self._last_id))
        entry = self.entries()[trial.number]
        # A server may have begun it and gone before it could say so.
        return entry.trial_id == trial_id or (self.worker is not None and entry.owner == self.owner)

    def finish(self, outcome: Outcome) -> Record:
        """Records what became of a trial of this worker's; one that somebody else has finished stays as it is."""
        record = self.study.record(outcome)
        trial_id = self._entries[record.number].trial_id
        self.storage.ask(lambda: self._rows.finish(trial_id, record.told, findings(record)))
        return record

    def left_over(self) -> list[Trial]:
        """Those this worker has begun, in this run or an earlier one, and not finished."""
        self._look()
        return [one.trial for one in self._unfinished.values() if one.owner == self.owner and self._stands(one)]

    def take_over(self) -> list[Trial]:
        """Makes this worker the owner of all trials whose workers are dead, and returns them."""
        if self.worker is None:
            return []
        self._look()
        owners = {one.owner for one in self._unfinished.values()} - {self.owner}
        return self.storage.ask(lambda: self._taken_from(sorted(owners), self.worker)) if owners else []

    def _taken_from(self, owners, worker):
        leases = self.storage.optuna.get_study_user_attrs(self.study_id)
        taken = []
        for owner in owners:
            with worker.taking_over(owner, leases.get(_lease_of(owner))) as is_dead:
                if is_dead:
                    taken += self._from(owner)
        return taken

    def _from(self, owner):
        for one in self._unfinished.values():
            if one.owner == owner and not self._stands(one):
                self._rows.fail(one.trial_id)
            elif one.owner == owner and self._rows.take(one.trial_id, owner, self.owner):
                yield one.trial

    def _look(self):
        for row in self.storage.ask(lambda: self._rows.read(self._last_id, self._unfinished)):
            entry = self._entry(row)
            self._last_id = max(self._last_id, row.trial_id)
            self._unfinished.pop(row.trial_id, None)
            if not row.state.is_finished():
                self._unfinished[row.trial_id] = entry
            # Of two that began the same number at once, the first stands.
            self._entries.setdefault(entry.trial.number, entry)
            if row.state == TrialState.FAIL and self._stands(entry):
                del self._entries[entry.trial.number]
                self.next_number = min(self.next_number, entry.trial.number)
            elif self._stands(entry):
                self._entries[entry.trial.number] = entry
                if entry.record:
                    self._records[entry.trial.number] = entry.record

        while self.next_number in self._entries:
            self.next_number += 1

    def _stands(self, entry: Entry) -> bool:
        return self._entries[entry.trial.number].trial_id == entry.trial_id

    def _entry(self, row: Row) -> Entry:
        kept = row.attributes
        trial = Trial(kept["hparams"], kept["seed"], kept["number"])
        record = None
        if row.state == TrialState.COMPLETE:
            record = record_of(self.study.facts, kept, row.value, row.finished)
        return Entry(trial, kept["owner"], row.trial_id, record)

    def _open(self):
        with quiet():
            optuna.create_study(
                storage=self.storage.optuna,
                study_name=self.study.name,
                direction="maximize" if self.study.bucket.task.maximize else "minimize",
                load_if_exists=True,
            )
        study_id = self.storage.optuna.get_study_id_from_name(self.study.name)
        self._check_same(study_id)
        return study_id

    def _check_same(self, study_id):
        kept = self.storage.optuna.get_study_user_attrs(study_id).get(PLAN)
        plan = self.study.plan()
        if kept is None:
            self.storage.optuna.set_study_user_attr(study_id, PLAN, plan)
            return
        where = f"storage is {masked(self.storage.url)}, where study {self.study.name}"
        if format_of(kept) != FORMAT:
            raise StorageError(
                f"{where} has format {format_of(kept)}; only format {FORMAT} can be continued (read_trials reads older "
                "ones): name another storage or workdir"
            )
        for name, value in plan.items():
            if kept.get(name) != value:
                raise StorageError(f"{where} has {name} {kept.get(name)}, not {value}; name another storage or workdir")

    def _begun(self, trial):
        network = self.study.bucket.network
        return {
            "number": trial.number,
            "role": self.study.role(trial.number),
            "owner": self.owner,
            "cell": network.cell.name,
            "depth": network.depth,
            "units": network.n_hidden,
            "parameters": network.n_params,
            "seed": trial.seed,
            "hparams": dict(trial.hparams),
            "versions": versions(),
        }


def _lease_of(owner: str) -> str:
    return f"{LEASE_OF}{owner}"

"""A study's trials in a storage: begun, finished, and taken over from workers that died.

A trial of ours carries its key in the study as the attributes `number` and `repeat`; all else is as Optuna has it, so
that its dashboard and its plots work. A diverged trial is complete, with an infinite value and the attribute
`infeasible`.
"""

from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import optuna
from optuna.trial import TrialState

from capacity_jax.search.space import searched_part
from capacity_jax.studies.record import FORMAT, Record, findings, format_of, key_of, record_of, rungs_in
from capacity_jax.studies.rows import Row, rows_of
from capacity_jax.studies.storage import Storage, StorageError, masked, quiet
from capacity_jax.studies.study import Study
from capacity_jax.studies.versions import versions
from capacity_jax.studies.worker import Worker
from capacity_jax.training.trial import Outcome, Trial, TrialKey

# The attribute under which a study keeps what it is a study of.
PLAN = "plan"
# What of it may be more than it was.
GROWING = ("trials", "seeds")
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
    unfinished then. A study of that name with fewer trials or seeds grows.

    Raises (from every method):
      StorageError: the storage fails, has vanished, or holds a study of that name made with other settings.
    """

    def __init__(self, study: Study, storage: Storage, worker: Worker | None = None):
        self.study, self.storage, self.worker = study, storage, worker
        self.owner = worker.name if worker else "this process"
        self.study_id = storage.ask(self._open)
        self._rows = rows_of(storage.optuna, self.study_id)
        self._last_id = -1
        self._entries: dict[TrialKey, Entry] = {}
        self._records: dict[TrialKey, Record] = {}
        # By id, those included of which another one stands.
        self._unfinished: dict[int, Entry] = {}
        self.renew()

    def renew(self) -> None:
        """Tells the others that this worker lives."""
        if self.worker:
            name, lease = lease_of(self.owner), self.worker.lease()
            self.storage.ask(lambda: self.storage.optuna.set_study_user_attr(self.study_id, name, lease))

    def clean_up(self) -> None:
        """Takes away what a study that is complete needs no more: leases, and beginnings of trials that stand."""
        attributes = self.storage.ask(self._attributes)
        leases = [name for name, value in attributes.items() if name.startswith(LEASE_OF) and value is not None]
        self.storage.ask(lambda: self._rows.forget(leases))
        for trial_id, one in self._unfinished.items():
            if not self._stands(one):
                self.storage.ask(partial(self._rows.fail, trial_id))

    def entries(self) -> Mapping[TrialKey, Entry]:
        """All trials by key; it grows as the ledger does."""
        self._look()
        return self._entries

    def records(self) -> Mapping[TrialKey, Record]:
        """Those of the finished trials, by key; it grows as the ledger does."""
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
        entry = self.entries()[trial.key]
        # A server may have begun it and gone before it could say so.
        return entry.trial_id == trial_id or (self.worker is not None and entry.owner == self.owner)

    def finish(self, outcome: Outcome) -> Record:
        """Records what became of a trial of this worker's; one that somebody else has finished stays as it is."""
        record = self.study.record(outcome)
        trial_id = self._entries[record.key].trial_id
        self.storage.ask(lambda: self._rows.finish(trial_id, record.told, findings(record)))
        return record

    def left_over(self) -> list[Trial]:
        """Those this worker has begun, in this run or an earlier one, and not finished."""
        self._look()
        return [one.trial for one in self._unfinished.values() if one.owner == self.owner and self._stands(one)]

    def others_at_work(self) -> bool:
        """Whether another worker that lives has begun trials and not finished them."""
        if self.worker is None:
            return False
        self._look()
        owners = {one.owner for one in self._unfinished.values() if self._stands(one)} - {self.owner}
        leases = self.storage.ask(self._attributes) if owners else {}
        for owner in owners:
            with self._taking_over(owner, leases) as is_dead:
                if not is_dead:
                    return True
        return False

    def take_over(self) -> list[Trial]:
        """Makes this worker the owner of all trials whose workers are dead, and returns them."""
        if self.worker is None:
            return []
        self._look()
        owners = {one.owner for one in self._unfinished.values()} - {self.owner}
        return self.storage.ask(lambda: self._taken_from(sorted(owners))) if owners else []

    def _attributes(self):
        return self.storage.optuna.get_study_user_attrs(self.study_id)

    def _taking_over(self, owner, leases):
        assert self.worker
        return self.worker.taking_over(owner, leases.get(lease_of(owner)), self.study.name)

    def _taken_from(self, owners):
        leases, taken = self._attributes(), []
        for owner in owners:
            with self._taking_over(owner, leases) as is_dead:
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
            key = entry.trial.key
            self._last_id = max(self._last_id, row.trial_id)
            self._unfinished.pop(row.trial_id, None)
            if not row.state.is_finished():
                self._unfinished[row.trial_id] = entry
            # Of two that began the same trial at once, the first stands.
            self._entries.setdefault(key, entry)
            if row.state == TrialState.FAIL and self._stands(entry):
                del self._entries[key]
            elif self._stands(entry):
                self._entries[key] = entry
                if entry.record:
                    self._records[key] = entry.record

    def _stands(self, entry: Entry) -> bool:
        return self._entries[entry.trial.key].trial_id == entry.trial_id

    def _entry(self, row: Row) -> Entry:
        kept = row.attributes
        trial = Trial(kept["hparams"], kept["seed"], *key_of(kept), rungs=rungs_in(kept))
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
        if kept.get("cell_fingerprint") != plan["cell_fingerprint"]:
            raise StorageError(f"{where} is of another cell named {plan['cell']}; give this one another name")
        # Those that were begun before there were rungs, or other update rules and their fingerprints, have none.
        kept = {"rungs": [], "transformation": None, "rule_fingerprint": plan["rule_fingerprint"], **kept}
        same_name = kept["transformation"] == plan["transformation"]
        if same_name and kept["rule_fingerprint"] != plan["rule_fingerprint"]:
            raise StorageError(f"{where} is of another transformation named {plan['transformation']}; rename this one")
        for name, value in plan.items():
            if kept.get(name) != value and not (name in GROWING and kept[name] < value):
                less = "; it can only grow" if name in GROWING else ""
                raise StorageError(
                    f"{where} has {name} {kept.get(name)}, not {value}{less}; name another storage or workdir"
                )
        if kept != plan:
            set_attribute = partial(self.storage.optuna.set_study_user_attr, study_id)
            set_attribute(f"{PLAN} of {kept['trials']} trials and {kept['seeds']} seeds", kept)
            set_attribute(PLAN, plan)

    def _begun(self, trial):
        network = self.study.bucket.network
        return {
            "number": trial.number,
            "repeat": trial.repeat,
            "role": self.study.role(trial.key),
            "owner": self.owner,
            "cell": network.cell.name,
            "depth": network.depth,
            "units": network.n_hidden,
            "parameters": network.n_params,
            "seed": trial.seed,
            "hparams": dict(trial.hparams),
            "rungs": trial.rungs,
            "versions": versions(),
        }


def lease_of(owner: str) -> str:
    """The attribute of a study under which a worker says that it lives."""
    return f"{LEASE_OF}{owner}"

"""A study's trials in a storage: begun, finished, and taken over from workers that died.

A trial of ours carries its number in the study as the attribute `number`; all else is as Optuna has it, so that its
dashboard and its plots work. A diverged trial is complete, with an infinite value and the attribute `infeasible`.
"""

from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.search.space import searched_part
from capacity_jax.studies.record import FORMAT, Record, findings, format_of, record_of
from capacity_jax.studies.storage import Storage, StorageError, masked, quiet
from capacity_jax.studies.study import Study
from capacity_jax.studies.versions import versions
from capacity_jax.studies.worker import Worker
from capacity_jax.training.trial import Outcome, Trial

# The attribute under which a study keeps what it is a study of.
PLAN = "plan"


class Entry(NamedTuple):
    """A trial as the storage has it; record is None until it is finished."""

    trial: Trial
    owner: str
    trial_id: int
    record: Record | None


class Ledger:
    """One study in a storage, as one worker reads and writes it.

    Raises (from every method):
      StorageError: the storage fails, has vanished, or holds a study of that name made with other settings.
    """

    def __init__(self, study: Study, storage: Storage, worker: Worker | None = None):
        self.study, self.storage, self.worker = study, storage, worker
        self.owner = worker.name if worker else "this process"
        with storage.in_use(), quiet():
            optuna.create_study(
                storage=storage.optuna,
                study_name=study.name,
                direction="maximize" if study.bucket.task.maximize else "minimize",
                load_if_exists=True,
            )
            self.study_id = storage.optuna.get_study_id_from_name(study.name)
            self._check_same()
        self.renew()

    def renew(self) -> None:
        """Tells the others that this worker lives."""
        if self.worker:
            with self.storage.in_use():
                self.storage.optuna.set_study_user_attr(self.study_id, lease_of(self.owner), self.worker.lease())

    def entries(self) -> dict[int, Entry]:
        """All trials by number."""
        with self.storage.in_use():
            return {number: self._entry(frozen) for number, frozen in self._standing().items()}

    def records(self) -> dict[int, Record]:
        """Those of the finished trials, by number."""
        return {number: entry.record for number, entry in self.entries().items() if entry.record}

    def begin(self, trial: Trial) -> bool:
        """Records that this worker trains a trial; False where another one was faster."""
        searched = searched_part(self.study.space, trial.hparams)
        with self.storage.in_use():
            template = optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=searched,
                distributions={name: self.study.space[name] for name in searched},
                user_attrs=self._begun(trial),
            )
            trial_id = self.storage.optuna.create_new_trial(self.study_id, template)
            if self._standing()[trial.number]._trial_id == trial_id:
                return True
            self.storage.optuna.set_trial_state_values(trial_id, TrialState.FAIL)
            return False

    def finish(self, outcome: Outcome) -> Record:
        """Records what became of a trial; one that somebody else has finished meanwhile stays as it is."""
        record = self.study.record(outcome)
        with self.storage.in_use():
            trial_id = self._standing()[record.number]._trial_id
            try:
                for name, value in findings(record).items():
                    self.storage.optuna.set_trial_user_attr(trial_id, name, value)
                self.storage.optuna.set_trial_state_values(trial_id, TrialState.COMPLETE, [record.told])
            except optuna.exceptions.UpdateFinishedTrialError:
                pass
        return record

    def left_over(self) -> list[Trial]:
        """Those this worker began in an earlier run, which was stopped, and has not finished."""
        return [one.trial for one in self.entries().values() if one.owner == self.owner and not one.record]

    def take_over(self) -> list[Trial]:
        """Makes this worker the owner of all trials whose workers are dead, and returns them."""
        if self.worker is None:
            return []
        with self.storage.in_use():
            owners = {frozen.user_attrs["owner"] for frozen in self._unfinished()} - {self.owner}
            leases = self.storage.optuna.get_study_user_attrs(self.study_id) if owners else {}
            taken = []
            for owner in sorted(owners):
                with self.worker.taking_over(owner, leases.get(lease_of(owner), 0.0)) as is_dead:
                    if is_dead:
                        taken += self._from(owner)
            return taken

    def _from(self, owner):
        storage = self.storage.optuna
        standing = {frozen._trial_id for frozen in self._standing().values()}
        for frozen in self._unfinished():
            if frozen.user_attrs["owner"] != owner:
                continue
            if frozen._trial_id not in standing:
                storage.set_trial_state_values(frozen._trial_id, TrialState.FAIL)
                continue
            # Back into the queue and out again: of several who try, Optuna lets one pass.
            storage.set_trial_state_values(frozen._trial_id, TrialState.WAITING)
            if storage.set_trial_state_values(frozen._trial_id, TrialState.RUNNING):
                storage.set_trial_user_attr(frozen._trial_id, "owner", self.owner)
                yield self._entry(frozen).trial

    def _ours(self):
        everything = self.storage.optuna.get_all_trials(self.study_id, deepcopy=False)
        return [frozen for frozen in everything if "number" in frozen.user_attrs]

    def _unfinished(self):
        return [frozen for frozen in self._ours() if not frozen.state.is_finished()]

    def _standing(self):
        found: dict[int, FrozenTrial] = {}
        for frozen in self._ours():
            # Of two that began the same number at once, the first stands.
            if frozen.state != TrialState.FAIL:
                found.setdefault(frozen.user_attrs["number"], frozen)
        return found

    def _entry(self, frozen: FrozenTrial) -> Entry:
        kept = frozen.user_attrs
        trial = Trial(kept["hparams"], kept["seed"], kept["number"])
        record = None
        if frozen.state == TrialState.COMPLETE:
            record = record_of(self.study.facts, kept, frozen.value, frozen.datetime_complete)
        return Entry(trial, kept["owner"], frozen._trial_id, record)

    def _check_same(self):
        kept = self.storage.optuna.get_study_user_attrs(self.study_id).get(PLAN)
        plan = self.study.plan()
        if kept is None:
            self.storage.optuna.set_study_user_attr(self.study_id, PLAN, plan)
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


def lease_of(owner: str) -> str:
    """The attribute of a study under which a worker says until when it is to count as alive."""
    return f"lease of {owner}"

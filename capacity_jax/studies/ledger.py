"""A study's trials in a storage: begun, finished, and taken over from workers that died.

A trial of ours carries its number in the study as the attribute `number`; all else is as Optuna has it, so that its
dashboard and its plots work. A diverged trial is complete, with an infinite value and the attribute `infeasible`.
"""

import json
import math
from typing import Any, NamedTuple

import optuna
from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, TrialState

from capacity_jax.studies.proposals import within
from capacity_jax.studies.storage import Storage, StorageError, quiet
from capacity_jax.studies.study import Study, objective
from capacity_jax.studies.versions import versions
from capacity_jax.studies.worker import Worker
from capacity_jax.training.population import Outcome, Trial

# The attribute under which a study keeps what it is a study of.
PLAN = "plan"


class Entry(NamedTuple):
    """A trial as the storage has it; outcome is None until it is finished."""

    trial: Trial
    owner: str
    trial_id: int
    outcome: Outcome | None


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
                self.storage.optuna.set_study_user_attr(self.study_id, _lease_of(self.owner), self.worker.lease())

    def entries(self) -> dict[int, Entry]:
        """All trials by number."""
        with self.storage.in_use():
            return {number: _entry(frozen) for number, frozen in self._standing().items()}

    def outcomes(self) -> dict[int, Outcome]:
        """Those of the finished trials, by number."""
        return {number: entry.outcome for number, entry in self.entries().items() if entry.outcome}

    def begin(self, trial: Trial) -> bool:
        """Records that this worker trains a trial; False where another one was faster."""
        searched = within(self.study.space, trial.hparams)
        with self.storage.in_use():
            template = optuna.trial.create_trial(
                state=TrialState.RUNNING,
                params=searched,
                distributions={name: self.study.space[name] for name in searched},
                user_attrs=self._facts(trial),
            )
            trial_id = self.storage.optuna.create_new_trial(self.study_id, template)
            if self._standing()[trial.number]._trial_id == trial_id:
                return True
            self.storage.optuna.set_trial_state_values(trial_id, TrialState.FAIL)
            return False

    def finish(self, outcome: Outcome) -> None:
        """Records what became of a trial; one that somebody else has finished meanwhile stays as it is."""
        with self.storage.in_use():
            trial_id = self._standing()[outcome.trial.number]._trial_id
            try:
                for name, value in _findings(outcome).items():
                    self.storage.optuna.set_trial_user_attr(trial_id, name, value)
                value = objective(self.study.bucket, outcome)
                self.storage.optuna.set_trial_state_values(trial_id, TrialState.COMPLETE, [value])
            except optuna.exceptions.UpdateFinishedTrialError:
                pass

    def left_over(self) -> list[Trial]:
        """Those this worker began in an earlier run, which was stopped, and has not finished."""
        return [one.trial for one in self.entries().values() if one.owner == self.owner and not one.outcome]

    def take_over(self) -> list[Trial]:
        """Makes this worker the owner of all trials whose workers are dead, and returns them."""
        if self.worker is None:
            return []
        with self.storage.in_use():
            owners = {frozen.user_attrs["owner"] for frozen in self._unfinished()} - {self.owner}
            leases = self.storage.optuna.get_study_user_attrs(self.study_id) if owners else {}
            taken = []
            for owner in sorted(owners):
                with self.worker.taking_over(owner, leases.get(_lease_of(owner), 0.0)) as is_dead:
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
                yield _entry(frozen).trial

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

    def _check_same(self):
        recorded = self.storage.optuna.get_study_user_attrs(self.study_id).get(PLAN)
        plan = json.loads(json.dumps(_plan(self.study)))
        if recorded is None:
            self.storage.optuna.set_study_user_attr(self.study_id, PLAN, plan)
            return
        for name, value in plan.items():
            if recorded.get(name) != value:
                raise StorageError(
                    f"storage is {self.storage.url}, where study {self.study.name} has {name} {recorded.get(name)}, "
                    f"not {value}; name another storage or workdir"
                )

    def _facts(self, trial):
        network = self.study.bucket.network
        return {
            "number": trial.number,
            "role": self.study.role(trial.number),
            "owner": self.owner,
            "cell": network.cell.name,
            "depth": network.depth,
            "units": network.n_hidden,
            "parameters": network.n_params,
            **({"b": trial.hparams["b"]} if "b" in trial.hparams else {}),
            "seed": trial.seed,
            "hparams": dict(trial.hparams),
            "versions": versions(),
        }


def _lease_of(owner: str) -> str:
    return f"lease of {owner}"


def _plan(study: Study) -> dict[str, Any]:
    network, task = study.bucket.network, study.bucket.task
    return {
        "task": task.name,
        "cell": network.cell.name,
        "depth": network.depth,
        "budget": study.budget,
        "units": network.n_hidden,
        "parameters": network.n_params,
        "n_in": task.n_in,
        "n_steps": task.n_steps,
        "batch_size": study.bucket.batch_size,
        "sampler": study.sampler,
        "proposals": study.n_proposals,
        "trials": study.n_trials,
        "seeds": study.n_seeds,
        "seed": study.seed,
        "max_train_steps": study.max_train_steps,
        "starts": [dict(start) for start in study.starts],
        "space": {name: json.loads(distribution_to_json(one)) for name, one in sorted(study.space.items())},
    }


def _findings(outcome: Outcome) -> dict[str, Any]:
    scores, validation = _finite(outcome.scores), _finite(outcome.validation)
    return {
        "train_loss": _finite({"": outcome.train_loss})[""],
        "valid_loss": validation["loss"],
        "eval_loss": scores["loss"],
        **{name: scores[name] for name in ("bits", "bits_per_parameter") if name in scores},
        "scores": scores,
        "validation": validation,
        "steps": outcome.steps,
        "infeasible": outcome.infeasible,
        "seconds": outcome.seconds,
    }


def _finite(scores):
    # JSON has no NaN, and the dashboard's reader refuses it.
    return {name: value if math.isfinite(value) else None for name, value in scores.items()}


def _entry(frozen: FrozenTrial) -> Entry:
    found = frozen.user_attrs
    trial = Trial(found["hparams"], found["seed"], found["number"])
    if frozen.state != TrialState.COMPLETE:
        return Entry(trial, found["owner"], frozen._trial_id, None)

    def numbers(scores):
        return {name: math.nan if value is None else value for name, value in scores.items()}

    outcome = Outcome(
        trial,
        scores=numbers(found["scores"]),
        steps=found["steps"],
        infeasible=found["infeasible"],
        seconds=found["seconds"],
        validation=numbers(found["validation"]),
        train_loss=numbers({"": found["train_loss"]})[""],
    )
    return Entry(trial, found["owner"], frozen._trial_id, outcome)

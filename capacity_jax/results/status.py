"""How far a run has come, from its storage alone: whoever runs it, wherever."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import optuna
import pandas as pd
from optuna.trial import TrialState

from capacity_jax.studies.best import best_setting
from capacity_jax.studies.cost import mean_cost, n_planned, trial_cost
from capacity_jax.studies.ledger import PLAN, lease_of
from capacity_jax.studies.record import facts_of, key_of, record_of
from capacity_jax.studies.storage import Storage
from capacity_jax.studies.worker import LEASE_SECONDS
from capacity_jax.training.trial import TrialKey


class Status(NamedTuple):
    """What is done, what runs and what is left.

    Attributes:
      studies: a row each: `study`, `finished`, `expected` (trials), `diverged`, `objective` and its value `best`, the
        mean over the seeds of the best setting so far, on the validation set.
      running: a row for each trial that somebody has begun and not finished: `study`, `trial`, `role`, `steps`, `done`
        (the share of its steps, as expected from its time), `worker`, `since`, and `heard`, whether the worker has been
        heard of lately.
      done: the share of all work that is done, finished trials alone.
      left: how long the rest takes at the speed so far on as many trials at once as run now; None where no trial runs
        or none has ended.
    """

    studies: pd.DataFrame
    running: pd.DataFrame
    done: float
    left: timedelta | None


class _Work(NamedTuple):
    """What a study has, has running and needs, in the units of `trial_cost`."""

    row: dict[str, Any]
    running: list[dict[str, Any]]
    finished: float
    seconds: float
    expected: float


def read_status(storage: Storage) -> Status:
    """How far the studies in a storage have come.

    Raises:
      StorageError: the storage fails.
      ValueError: a study was written by a newer version of this package.

    Example:
      >>> from capacity_jax.results.status import read_status
      >>> from capacity_jax.studies import open_storage
      >>> read_status(open_storage()).done
      0.0
    """
    with storage.in_use():
        studies = [one for one in storage.optuna.get_all_studies() if PLAN in one.user_attrs]
        works = [_work(one, storage.optuna.get_all_trials(one._study_id, deepcopy=False)) for one in studies]
    finished, expected = sum(work.finished for work in works), sum(work.expected for work in works)
    seconds = sum(work.seconds for work in works)
    running = [row for work in works for row in work.running]
    speed = finished / seconds if seconds else 0.0
    for row in running:
        elapsed = (datetime.now() - row["since"]).total_seconds()
        row["done"] = min(0.99, elapsed * speed / row["cost"]) if speed else float("nan")
    at_once, left = sum(row["heard"] for row in running), None
    if at_once and speed:
        begun = sum(row["done"] * row["cost"] for row in running if row["heard"])
        left = timedelta(seconds=round(max(0.0, expected - finished - begun) / (speed * at_once)))
    return Status(
        pd.DataFrame(
            [work.row for work in works], columns=["study", "finished", "expected", "diverged", "objective", "best"]
        ),
        pd.DataFrame(running, columns=["study", "trial", "role", "steps", "done", "worker", "since", "heard"]),
        finished / expected if expected else 0.0,
        left,
    )


def _work(study: Any, trials: list[optuna.trial.FrozenTrial]) -> _Work:
    plan: Mapping[str, Any] = study.user_attrs[PLAN]
    maximize = study.direction == optuna.study.StudyDirection.MAXIMIZE
    facts = facts_of(study.study_name, plan, maximize)
    ours = [one for one in trials if "number" in one.user_attrs]
    records = [
        record_of(facts, one.user_attrs, one.value, one.datetime_complete)
        for one in ours
        if one.state == TrialState.COMPLETE
    ]
    known = {record.key for record in records}
    # Of two that began the same trial at once, the first stands.
    standing: dict[TrialKey, Any] = {}
    for one in ours:
        key = key_of(one.user_attrs)
        if one.state != TrialState.FAIL and key not in known:
            standing.setdefault(key, one)
    best = best_setting(records, maximize)
    expected, per_trial = max(n_planned(plan), len(known) + len(standing)), mean_cost(plan)
    if len(known) >= n_planned(plan) and best:
        measured = sum(record.hparams == best[0].hparams for record in records)
        expected = max(expected, len(known) + plan["seeds"] - measured)
    running = [_running(facts.study, plan, one, study.user_attrs) for one in standing.values()]
    finished = sum(trial_cost(plan, record.steps_made) for record in records)
    pending = (expected - len(known) - len(running)) * per_trial
    row = {
        "study": facts.study,
        "finished": len(known),
        "expected": expected,
        "diverged": sum(record.infeasible for record in records),
        "objective": facts.score_name,
        "best": sum(record.objective for record in best) / len(best) if best else float("nan"),
    }
    seconds = sum(record.seconds for record in records)
    return _Work(row, running, finished, seconds, finished + sum(one["cost"] for one in running) + pending)


def _running(study, plan, trial, attributes):
    kept = trial.user_attrs
    steps = kept["hparams"]["train_steps"]
    return {
        "study": study,
        "trial": kept["number"],
        "role": kept["role"],
        "steps": steps,
        "worker": kept["owner"],
        "since": trial.datetime_start,
        "heard": datetime.now().timestamp() - (attributes.get(lease_of(kept["owner"])) or 0.0) < LEASE_SECONDS,
        "cost": trial_cost(plan, steps),
    }

"""A study's trials as rows of a storage: begun, finished, taken over, read.

Optuna asks a database about every hyperparameter and attribute by itself, a hundred times for a trial. Where it keeps
its trials in tables they are written and read here many at once: a trial begins and ends in one transaction each.
"""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from optuna.distributions import distribution_to_json
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._rdb.models import BaseModel, TrialValueModel
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from capacity_jax.studies.record import key_of

NUMBER, OWNER = "number", "owner"
# Whose values are the same for many trials, and decoded once.
SHARED = ("cell", "role", OWNER, "versions")

TABLES = BaseModel.metadata.tables
STUDIES, TRIALS, PARAMS = TABLES["studies"], TABLES["trials"], TABLES["trial_params"]
VALUES, ATTRIBUTES = TABLES["trial_values"], TABLES["trial_user_attributes"]
# Each trial as often as it has attributes.
WANTED = (
    select(TRIALS.c.trial_id, TRIALS.c.state, TRIALS.c.datetime_complete, VALUES.c.value, VALUES.c.value_type)
    .add_columns(ATTRIBUTES.c.key, ATTRIBUTES.c.value_json)
    .join(ATTRIBUTES, ATTRIBUTES.c.trial_id == TRIALS.c.trial_id)
    .outerjoin(VALUES, VALUES.c.trial_id == TRIALS.c.trial_id)
    .where(
        or_(
            and_(TRIALS.c.study_id == bindparam("study_id"), TRIALS.c.trial_id > bindparam("after")),
            TRIALS.c.trial_id.in_(bindparam("also", expanding=True)),
        )
    )
    .order_by(TRIALS.c.trial_id)
)


class Row(NamedTuple):
    """A trial as it stands in a storage."""

    trial_id: int
    state: TrialState
    value: float | None
    finished: datetime | None
    attributes: dict[str, Any]


class Rows:
    """The trials of a study in any storage of Optuna's."""

    def __init__(self, storage: BaseStorage, study_id: int):
        self.storage, self.study_id = storage, study_id

    def read(self, after: int = -1, also: Collection[int] = ()) -> list[Row]:
        """Our trials whose id is larger than `after` or among `also`, in the order in which they began."""
        return [
            Row(trial._trial_id, trial.state, trial.value, trial.datetime_complete, trial.user_attrs)
            for trial in self.storage.get_all_trials(self.study_id, deepcopy=False)
            if (trial._trial_id > after or trial._trial_id in also) and NUMBER in trial.user_attrs
        ]

    def begin(self, trial: FrozenTrial, after: int) -> int | None:
        """Adds a running trial; returns its id, or None where one after `after` has its key already."""
        trial_id = self.storage.create_new_trial(self.study_id, trial)
        for row in self.read(after):
            if key_of(row.attributes) == key_of(trial.user_attrs) and row.state != TrialState.FAIL:
                if row.trial_id == trial_id:
                    return trial_id
                break
        self.fail(trial_id)
        return None

    def finish(self, trial_id: int, value: float, attributes: Mapping[str, Any]) -> None:
        """Completes a trial; one that is finished stays as it is."""
        with suppress(UpdateFinishedTrialError):
            for name, one in attributes.items():
                self.storage.set_trial_user_attr(trial_id, name, one)
            self.storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [value])

    def fail(self, trial_id: int) -> None:
        """Marks a trial that counts no more."""
        with suppress(UpdateFinishedTrialError):
            self.storage.set_trial_state_values(trial_id, TrialState.FAIL)

    def take(self, trial_id: int, owner: str, new_owner: str) -> bool:
        """Gives an unfinished trial to a new owner; False where it is no longer the old one's."""
        (row,) = [row for row in self.read(trial_id - 1) if row.trial_id == trial_id]
        if row.state.is_finished() or row.attributes[OWNER] != owner:
            return False
        # Back into the queue and out again: of several who try, Optuna lets one pass.
        self.storage.set_trial_state_values(trial_id, TrialState.WAITING)
        if not self.storage.set_trial_state_values(trial_id, TrialState.RUNNING):
            return False
        self.storage.set_trial_user_attr(trial_id, OWNER, new_owner)
        return True

    def forget(self, names: Collection[str]) -> None:
        """Takes attributes from the study, as far as its storage allows."""
        for name in names:
            self.storage.set_study_user_attr(self.study_id, name, None)


class TableRows(Rows):
    """The same in the tables of a database."""

    def __init__(self, storage: RDBStorage, study_id: int):
        super().__init__(storage, study_id)
        self.engine = storage.engine

    def read(self, after: int = -1, also: Collection[int] = ()) -> list[Row]:  # noqa: D102
        with self.engine.connect() as connection:
            return self._read(connection, after, also)

    def begin(self, trial: FrozenTrial, after: int) -> int | None:  # noqa: D102
        with self.engine.begin() as connection:
            # Optuna's numbers are counted: trials of a study begin one after another.
            connection.execute(select(STUDIES.c.study_id).where(STUDIES.c.study_id == self.study_id).with_for_update())
            trial_id = connection.execute(
                insert(TRIALS).values(study_id=self.study_id, state=trial.state, datetime_start=_utc_now())
            ).inserted_primary_key[0]  # pyright: ignore[reportOptionalSubscript]
            began = [key_of(row.attributes) for row in self._read(connection, after) if row.state != TrialState.FAIL]
            if key_of(trial.user_attrs) in began:
                connection.rollback()
                return None
            earlier = select(func.count()).where(TRIALS.c.study_id == self.study_id, TRIALS.c.trial_id < trial_id)
            connection.execute(
                update(TRIALS).where(TRIALS.c.trial_id == trial_id).values(number=earlier.scalar_subquery())
            )
            if trial.params:
                connection.execute(insert(PARAMS), _params(trial_id, trial))
            connection.execute(insert(ATTRIBUTES), _attributes(trial_id, trial.user_attrs))
            return trial_id

    def finish(self, trial_id: int, value: float, attributes: Mapping[str, Any]) -> None:  # noqa: D102
        of_trial = TRIALS.c.trial_id == trial_id, TRIALS.c.state.in_((TrialState.RUNNING, TrialState.WAITING))
        complete = update(TRIALS).where(*of_trial).values(state=TrialState.COMPLETE, datetime_complete=_utc_now())
        number, kind = TrialValueModel.value_to_stored_repr(value)
        with self.engine.begin() as connection:
            if connection.execute(complete).rowcount == 0:
                return
            # A version that wrote them one by one may have been killed in between.
            connection.execute(
                delete(ATTRIBUTES).where(ATTRIBUTES.c.trial_id == trial_id, ATTRIBUTES.c.key.in_(attributes))
            )
            connection.execute(insert(ATTRIBUTES), _attributes(trial_id, attributes))
            connection.execute(insert(VALUES).values(trial_id=trial_id, objective=0, value=number, value_type=kind))

    def take(self, trial_id: int, owner: str, new_owner: str) -> bool:  # noqa: D102
        named = ATTRIBUTES.c.trial_id == trial_id, ATTRIBUTES.c.key == OWNER
        taken = update(ATTRIBUTES).where(*named, ATTRIBUTES.c.value_json == json.dumps(owner))
        with self.engine.begin() as connection:
            connection.execute(taken.values(value_json=json.dumps(new_owner)))
            # It may have been taken by a call whose answer was lost.
            owner_now = connection.execute(select(ATTRIBUTES.c.value_json).where(*named)).scalar_one()
            return json.loads(owner_now) == new_owner

    def forget(self, names: Collection[str]) -> None:  # noqa: D102
        table = TABLES["study_user_attributes"]
        with self.engine.begin() as connection:
            connection.execute(delete(table).where(table.c.study_id == self.study_id, table.c.key.in_(names)))

    def _read(self, connection, after, also=()):
        found: dict[int, Row] = {}
        wanted = {"study_id": self.study_id, "after": after, "also": list(also)}
        for trial_id, state, finished, value, kind, name, text in connection.execute(WANTED, wanted):
            if trial_id not in found:
                value = None if kind is None else TrialValueModel.stored_repr_to_value(value, kind)
                found[trial_id] = Row(trial_id, state, value, _local(finished), {})
            found[trial_id].attributes[name] = _decoded(text) if name in SHARED else json.loads(text)
        return [row for row in found.values() if NUMBER in row.attributes]


def rows_of(storage: BaseStorage, study_id: int) -> Rows:
    """The trials of a study, as fast as its storage allows."""
    return TableRows(storage, study_id) if isinstance(storage, RDBStorage) else Rows(storage, study_id)


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _local(utc: datetime | None) -> datetime | None:
    return utc and utc.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


@lru_cache(maxsize=256)
def _decoded(text: str) -> Any:
    return json.loads(text)


def _params(trial_id: int, trial: FrozenTrial) -> list[dict[str, Any]]:
    return [
        {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": distribution.to_internal_repr(trial.params[name]),
            "distribution_json": distribution_to_json(distribution),
        }
        for name, distribution in trial.distributions.items()
    ]


def _attributes(trial_id: int, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": name, "value_json": json.dumps(one)} for name, one in attributes.items()]

"""The record of a finished trial: its fields and their form in a storage or a file.

A storage holds what all trials of a study share once, as the study's plan; the rest as attributes of the trial. All of
it is JSON, where what is not a finite number is null. The plan says in which `FORMAT` it was written.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from capacity_jax.training.trial import Rung, TrialKey

FORMAT = 3

# Format 1, which has no number in its plans, does not name the score of a task; of other tasks it is the loss.
SCORES_OF_FORMAT_1 = {
    "per_cap": "bits_per_parameter",
    "mem_thru": "squared_error",
    "rcf": "squared_error",
    "text8": "bits_per_character",
}


# The objective of a trial that still learns grows, or falls, by more than this share between the ninth and the last
# tenth of its training.
LEARNING_SHARE = 0.01
# A network that answers so large a share rightly is held back by the number of questions.
ALL_RIGHT = 0.999


@dataclass(frozen=True)
class StudyFacts:
    """What all trials of a study share.

    Attributes:
      study: name of the study.
      task: name of the task.
      cell: name of the cell.
      depth: number of layers.
      budget: number of parameters asked for; None where the size was given in units.
      units: units of each layer.
      parameters: number of parameters.
      n_in: inputs per step.
      n_steps: steps that the network runs.
      batch_size: examples per training step.
      sampler: who proposed settings.
      maximize: whether a larger objective is better.
      score_name: the score by which the task is judged: its objective.
      reported: the scores that tables show.
      task_builder: the name of the function that built the task; empty for a task built otherwise.
      task_args: its arguments.
      transformation: the import path of the update rule; empty for the package's own.
    """

    study: str
    task: str
    cell: str
    depth: int
    budget: int | None
    units: int
    parameters: int
    n_in: int
    n_steps: int
    batch_size: int
    sampler: str
    maximize: bool
    score_name: str
    reported: Sequence[str] = ()
    task_builder: str = ""
    task_args: Mapping[str, Any] = field(default_factory=dict)
    transformation: str = ""


@dataclass(frozen=True, kw_only=True)
class Record(StudyFacts):
    """A finished trial, with what its study knows of it.

    Attributes:
      number: of its setting within the study: initial ones first, then those proposed.
      repeat: which measurement of the setting it is, from 0.
      role: `initial` setting, `search`, or `repeat` of the best setting.
      seed: from it follow data, weights and batches.
      hparams: all hyperparameters.
      objective: the score on the validation set, which the sampler was told; NaN if infeasible.
      steps_made: training steps.
      rungs: where it would have stopped, had it learned too little.
      stopped: whether it stopped at one of them; its scores are then those of the training batches just before.
      infeasible: whether it diverged.
      seconds: wall time spent on it.
      finished: when it ended, if a storage knows.
      versions: what it was made with.
      train_loss: loss of the last training batch.
      scores: means over the evaluation set and what the task derives from them.
      validation: the same over the validation set.
      curve: how training went, at some 30 places: by name the steps made, and means since the place before, over
        training batches, of each score and of the objective that the task derives from them.
    """

    number: int
    repeat: int
    role: str
    seed: int
    hparams: Mapping[str, Any]
    objective: float
    steps_made: int
    infeasible: bool
    seconds: float
    finished: datetime | None
    versions: Mapping[str, str]
    train_loss: float
    scores: Mapping[str, float]
    validation: Mapping[str, float]
    rungs: Sequence[Rung] = ()
    stopped: bool = False
    curve: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def key(self) -> TrialKey:
        """What identifies the trial within its study."""
        return TrialKey(self.number, self.repeat)

    @property
    def still_learning(self) -> bool:
        """Whether a longer run would likely have learned more: its objective changed to the end.

        Between the ninth and the last tenth of training it improved by more than 1%, though not all answers were right.
        False where no curve is known.
        """
        objective = self.curve.get(self.score_name, ())
        if self.infeasible or len(objective) < 10 or self.scores.get("accuracy", 0.0) >= ALL_RIGHT:
            return False
        tenth = len(objective) // 10
        before, last = sum(objective[-2 * tenth : -tenth]) / tenth, sum(objective[-tenth:]) / tenth
        return (last - before if self.maximize else before - last) > LEARNING_SHARE * abs(last)

    @property
    def score(self) -> float:
        """The study's score on the evaluation set; NaN if infeasible."""
        return math.nan if self.infeasible else self.scores[self.score_name]

    @property
    def valid_loss(self) -> float:
        """Loss on the validation set."""
        return self.validation["loss"]

    @property
    def eval_loss(self) -> float:
        """Loss on the evaluation set."""
        return self.scores["loss"]

    @property
    def told(self) -> float:
        """What a sampler is told: the objective, or the worst number if infeasible."""
        if self.infeasible:
            return -math.inf if self.maximize else math.inf
        return self.objective


STUDY_COLUMNS = [one.name for one in fields(StudyFacts)]
# Of a table of trials; the scores of the evaluation set follow.
TRIAL_COLUMNS = [one.name for one in fields(Record) if one.name not in ("scores", "validation", "rungs")]
TRIAL_COLUMNS += ["score", "valid_loss", "eval_loss", "still_learning"]


def findings(record: Record) -> dict[str, Any]:
    """What training has found, as JSON: the attributes that a trial gains when it ends.

    Scores stand both together and one by one: dashboards draw only the latter.
    """
    scores, validation = _finite(record.scores), _finite(record.validation)
    losses = {"train_loss": record.train_loss, "valid_loss": record.valid_loss, "eval_loss": record.eval_loss}
    one_by_one = {name: value for name, value in scores.items() if name != "loss"}
    counts = {name: getattr(record, name) for name in ("steps_made", "stopped", "infeasible", "seconds")}
    curve = {name: [_or_null(value) for value in values] for name, values in record.curve.items()}
    return one_by_one | _finite(losses) | counts | {"scores": scores, "validation": validation, "curve": curve}


def facts_of(study: str, plan: Mapping[str, Any], maximize: bool) -> StudyFacts:
    """What a study's stored plan tells of all its trials.

    Args:
      study: its name.
      plan: as it was stored, in this or an older format.
      maximize: the study's direction.

    Raises:
      ValueError: the plan has a format that is newer than this version of the package.
    """
    number = format_of(plan)
    if number > FORMAT:
        raise ValueError(f"study {study} has format {number}; this version of capacity_jax reads up to {FORMAT}")
    if number == 1:
        family = "text8" if plan["task"].startswith("text8-standin-") else plan["task"]
        plan = {**plan, "score_name": SCORES_OF_FORMAT_1.get(family, "loss")}
    if number < 3:
        plan = {**plan, "reported": (plan["score_name"],), "task_builder": "", "task_args": {}}
    known = {name: plan.get(name) for name in STUDY_COLUMNS}
    known |= {"reported": tuple(plan["reported"]), "transformation": plan.get("transformation") or ""}
    return StudyFacts(**{**known, "study": study, "maximize": maximize})


def format_of(plan: Mapping[str, Any]) -> int:
    """In which format a study was written."""
    return plan.get("format", 1)


def key_of(attributes: Mapping[str, Any]) -> TrialKey:
    """What identifies a trial within its study, from what is stored of it; in older formats each has a number."""
    return TrialKey(attributes["number"], attributes.get("repeat", 0))


def rungs_in(attributes: Mapping[str, Any]) -> tuple[Rung, ...]:
    """The rungs of a trial, from what is stored of it; older ones have none."""
    return tuple(Rung(*one) for one in attributes.get("rungs", ()))


def record_of(
    facts: StudyFacts, attributes: Mapping[str, Any], value: float | None, finished: datetime | None
) -> Record:
    """A trial's record from what is stored of it.

    Args:
      facts: of its study.
      attributes: of the trial.
      value: what the sampler was told.
      finished: when it ended.
    """
    role, infeasible = attributes["role"], attributes["infeasible"]
    return Record(
        **vars(facts),
        number=attributes["number"],
        repeat=attributes.get("repeat", 0),
        role="initial" if role == "start" else role,
        seed=attributes["seed"],
        hparams=attributes["hparams"],
        objective=math.nan if infeasible or value is None else value,
        steps_made=attributes["steps_made"] if "steps_made" in attributes else attributes["steps"],
        infeasible=infeasible,
        seconds=attributes["seconds"],
        finished=finished,
        versions=attributes["versions"],
        train_loss=_numbers({"": attributes["train_loss"]})[""],
        scores=_numbers(attributes["scores"]),
        validation=_numbers(attributes["validation"]),
        rungs=rungs_in(attributes),
        stopped=attributes.get("stopped", False),
        curve={
            name: [math.nan if value is None else value for value in values]
            for name, values in attributes.get("curve", {}).items()
        },
    )


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON of its own, apart from a storage."""
    about = {name: getattr(record, name) for name in STUDY_COLUMNS}
    known = ("number", "repeat", "role", "seed", "hparams", "rungs", "versions")
    kept = {name: getattr(record, name) for name in known}
    ended = {"finished": record.finished and record.finished.isoformat(), "objective": _or_null(record.objective)}
    return {"format": FORMAT} | about | kept | findings(record) | ended


def from_json(row: Mapping[str, Any]) -> Record:
    """The record that `to_json` has written.

    Raises:
      ValueError: it has a format that is newer than this version of the package.
      KeyError: it is no such record.
    """
    finished = row["finished"] and datetime.fromisoformat(row["finished"])
    return record_of(facts_of(row["study"], row, row["maximize"]), row, row["objective"], finished)


def _or_null(value):
    # JSON has no NaN, and the dashboard's reader refuses it.
    return value if math.isfinite(value) else None


def _finite(values):
    return {name: _or_null(value) for name, value in values.items()}


def _numbers(values):
    return {name: math.nan if value is None else value for name, value in values.items()}

"""The record of a finished trial: its fields and their form in a storage.

A storage holds what all trials of a study share once, as the study's plan; the rest as attributes of the trial. All of
it is JSON, where what is not a finite number is null. The plan says in which `FORMAT` it was written.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

FORMAT = 2

# Format 1, which has no number in its plans, does not name the score of a task; of other tasks it is the loss.
SCORES_OF_FORMAT_1 = {
    "per_cap": "bits_per_parameter",
    "mem_thru": "squared_error",
    "rcf": "squared_error",
    "text8": "bits_per_character",
}


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


@dataclass(frozen=True)
class Record(StudyFacts):
    """A finished trial, with what its study knows of it.

    Attributes:
      number: which trial of its study it is, from 0.
      role: `initial` setting, `search`, or `repeat` of the best setting.
      seed: from it follow data, weights and batches.
      hparams: all hyperparameters.
      objective: the score on the validation set, which the sampler was told; NaN if infeasible.
      steps_made: training steps.
      infeasible: whether it diverged.
      seconds: wall time spent on it.
      finished: when it ended, if a storage knows.
      versions: what it was made with.
      train_loss: loss of the last training batch.
      scores: means over the evaluation set and what the task derives from them.
      validation: the same over the validation set.
    """

    number: int
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


STUDY_COLUMNS = [field.name for field in fields(StudyFacts)]
# Of a table of trials; the scores of the evaluation set follow.
TRIAL_COLUMNS = [field.name for field in fields(Record) if field.name not in ("scores", "validation")]
TRIAL_COLUMNS += ["score", "valid_loss", "eval_loss"]


def findings(record: Record) -> dict[str, Any]:
    """What training has found, as JSON: the attributes that a trial gains when it ends.

    Scores stand both together and one by one: dashboards draw only the latter.
    """
    scores, validation = _finite(record.scores), _finite(record.validation)
    losses = {"train_loss": record.train_loss, "valid_loss": record.valid_loss, "eval_loss": record.eval_loss}
    one_by_one = {name: value for name, value in scores.items() if name != "loss"}
    counts = {"steps_made": record.steps_made, "infeasible": record.infeasible, "seconds": record.seconds}
    return one_by_one | _finite(losses) | counts | {"scores": scores, "validation": validation}


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
    return StudyFacts(**{**{name: plan.get(name) for name in STUDY_COLUMNS}, "study": study, "maximize": maximize})


def format_of(plan: Mapping[str, Any]) -> int:
    """In which format a study was written."""
    return plan.get("format", 1)


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
    )


def _finite(values):
    # JSON has no NaN, and the dashboard's reader refuses it.
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _numbers(values):
    return {name: math.nan if value is None else value for name, value in values.items()}

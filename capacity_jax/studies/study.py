"""A study: the trials of one cell, depth and budget, and the best setting they find, measured over seeds.

A trial is a setting's number and which measurement of it this is. What setting has which number, and what is measured
again, follow from the study and the outcomes of certain other trials alone, never from when they ended: whoever trains
them, on however many machines, interrupted or not, finds the same. With more `trials` or `seeds` a study goes on from
what it has, and finds what it would have found with so many from the start.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import distribution_to_json

from capacity_jax.import_path import import_path
from capacity_jax.search.space import Space
from capacity_jax.studies.best import keys_of_study, planned_keys
from capacity_jax.studies.fingerprint import fingerprint, rule_fingerprint
from capacity_jax.studies.record import FORMAT, Record, StudyFacts
from capacity_jax.studies.versions import versions
from capacity_jax.training.member import Bucket
from capacity_jax.training.settings import fill_defaults
from capacity_jax.training.trial import Outcome, Rung, Trial, TrialKey


@dataclass(frozen=True)
class Study:
    """What is to be found out about one network size.

    Attributes:
      bucket: network, task and batch size.
      space: hyperparameters to search.
      initial_settings: known to be good; each is measured with every seed.
      trials: proposals of the sampler.
      seeds: measurements of each initial setting, and at least that many of the best one.
      seed: from it follow the seeds and proposals of all trials.
      name: under which it is stored; unique among the studies of a run.
      sampler: who proposes, as `sampler_by_name` takes it.
      proposals: how many settings are proposed at once, while those before are trained.
      rungs: at which shares of its training steps a proposed trial stops if it has learned too little, as
        `rungs_of` says.
      budget: the number of parameters asked for, if the size was given so.
      max_train_steps: the cap on training steps that space and initial settings already obey, if there is one;
        recorded, because it makes capacities lower bounds.

    Raises (from `initial_trials`):
      ValueError: an initial setting holds hyperparameters that the bucket cannot take.

    Example:
      >>> from capacity_jax import Bucket, Network, Study, mem_thru, rnn, search_space
      >>> bucket = Bucket(Network(rnn, 8, 16, 8), mem_thru(n_in=8), batch_size=64)
      >>> space = search_space(bucket, {"train_steps": 1000})
      >>> study = Study(bucket, space, initial_settings=[{"lr_init": 0.01}], trials=5, seeds=2, seed=0)
      >>> len(study.initial_trials()), study.n_planned
      (2, 7)
    """

    bucket: Bucket
    space: Space
    initial_settings: Sequence[Mapping[str, Any]]
    trials: int
    seeds: int
    seed: int
    name: str = "study"
    sampler: str = "gp"
    proposals: int = 8
    rungs: Sequence[float] = ()
    budget: int | None = None
    max_train_steps: int | None = None

    @property
    def n_planned(self) -> int:
        """Trials known beforehand: initial settings and proposals. The best setting's repeats come on top."""
        return len(self.initial_settings) * self.seeds + self.trials

    @property
    def facts(self) -> StudyFacts:
        """What all its trials share in a table."""
        network, task = self.bucket.network, self.bucket.task
        return StudyFacts(
            study=self.name,
            task=task.name,
            cell=network.cell.name,
            depth=network.depth,
            budget=self.budget,
            units=network.n_hidden,
            parameters=network.n_params,
            n_in=task.n_in,
            n_steps=task.n_steps,
            batch_size=self.bucket.batch_size,
            sampler=self.sampler,
            maximize=task.maximize,
            score_name=task.objective,
            reported=task.reported,
            task_builder=task.builder,
            task_args=task.arguments,
            transformation=import_path(self.bucket.transformation) if self.bucket.transformation else "",
        )

    def plan(self) -> dict[str, Any]:
        """All that its outcomes follow from, and the format they are stored in, as JSON."""
        plan = {
            "format": FORMAT,
            **{name: value for name, value in vars(self.facts).items() if name != "study"},
            "cell_fingerprint": fingerprint(self.bucket.network.cell),
            "proposals": self.proposals,
            "rungs": list(self.rungs),
            # As older plans say it.
            "transformation": self.facts.transformation or None,
            "rule_fingerprint": rule_fingerprint(self.bucket),
            "trials": self.trials,
            "seeds": self.seeds,
            "seed": self.seed,
            "max_train_steps": self.max_train_steps,
            "initial_settings": [dict(setting) for setting in self.initial_settings],
            "space": {name: json.loads(distribution_to_json(one)) for name, one in sorted(self.space.items())},
        }
        # A size may be a number of numpy.
        return json.loads(json.dumps(plan, default=lambda number: number.item()))

    def initial_trials(self) -> list[Trial]:
        """The initial settings with their seeds."""
        keys = planned_keys(len(self.initial_settings), 0, self.seeds)
        return [self.trial(key, self.initial_settings[key.number]) for key in keys]

    def trial(self, key: TrialKey, hparams: Mapping[str, Any], rungs: Sequence[Rung] = ()) -> Trial:
        """The trial of that key; its seed depends on the study's seed and the key alone."""
        entropy = (self.seed, *key) if key.repeat else (self.seed, key.number)
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        return Trial(fill_defaults(self.bucket, hparams), seed, *key, rungs=rungs)

    def role(self, key: TrialKey) -> str:
        """What a trial is for: `initial` setting, `search`, or `repeat` of the best setting."""
        if key.number < len(self.initial_settings):
            return "initial"
        return "repeat" if key.repeat else "search"

    def record(self, outcome: Outcome) -> Record:
        """What is kept of a trial that has just ended here."""
        trial, task = outcome.trial, self.bucket.task
        return Record(
            **vars(self.facts),
            number=trial.number,
            repeat=trial.repeat,
            role=self.role(trial.key),
            seed=trial.seed,
            hparams=trial.hparams,
            rungs=trial.rungs,
            stopped=outcome.stopped,
            objective=np.nan if outcome.infeasible else outcome.validation[task.objective],
            steps_made=outcome.steps_made,
            infeasible=outcome.infeasible,
            seconds=outcome.seconds,
            finished=None,
            versions=versions(),
            train_loss=outcome.train_loss,
            scores=outcome.scores,
            validation=outcome.validation,
            curve=outcome.curve,
        )

    def planned_keys(self) -> list[TrialKey]:
        """The trials known beforehand, in their order."""
        return planned_keys(len(self.initial_settings), self.trials, self.seeds)

    def keys(self, records: Mapping[TrialKey, Record]) -> Iterator[TrialKey]:
        """All trials of the study in their order, as far as the records tell, as `keys_of_study` has them."""
        sizes = len(self.initial_settings), self.trials, self.seeds
        return keys_of_study(records, *sizes, maximize=self.bucket.task.maximize)

    def n_known(self, records: Mapping[TrialKey, Record]) -> int:
        """How many trials are known to belong to the study: those planned, and repeats as far as the records tell."""
        known = []
        with suppress(KeyError):
            known.extend(self.keys(records))
        return len(known)

    def complete(self, records: Mapping[TrialKey, Record]) -> list[Record] | None:
        """The records of all the study's trials; None where some are still to come."""
        try:
            return [records[key] for key in self.keys(records)]
        except KeyError:
            return None

"""A study: the trials of one cell, depth and budget, and the best setting they find, measured over seeds.

Which setting its n-th trial has follows from the study and the outcomes of certain earlier trials alone, never from
when they ended: whoever trains them, on however many machines, interrupted or not, finds the same.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import distribution_to_json

from capacity_jax.search.space import Space
from capacity_jax.studies.best import best_setting
from capacity_jax.studies.record import FORMAT, Record, StudyFacts
from capacity_jax.studies.versions import versions
from capacity_jax.training.member import Bucket
from capacity_jax.training.settings import fill_defaults
from capacity_jax.training.trial import Outcome, Trial


@dataclass(frozen=True)
class Study:
    """What is to be found out about one network size.

    Attributes:
      bucket: network, task and batch size.
      space: hyperparameters to search.
      initial_settings: known to be good; each is trained with every seed.
      trials: proposals of the sampler.
      seeds: measurements of each initial setting, and at least that many of the best one.
      seed: from it follow the seeds and proposals of all trials.
      name: under which it is stored; unique among the studies of a run.
      sampler: who proposes, as `sampler_by_name` takes it.
      proposals: how many settings are proposed at once, while those before are trained.
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
    budget: int | None = None
    max_train_steps: int | None = None

    @property
    def n_initial(self) -> int:
        """Trials of the initial settings."""
        return len(self.initial_settings) * self.seeds

    @property
    def n_planned(self) -> int:
        """Trials known beforehand: initial settings and proposals. The best setting's repeats come on top."""
        return self.n_initial + self.trials

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
        )

    def plan(self) -> dict[str, Any]:
        """All that its outcomes follow from, and the format they are stored in, as JSON."""
        plan = {
            "format": FORMAT,
            **{name: value for name, value in vars(self.facts).items() if name != "study"},
            "proposals": self.proposals,
            "trials": self.trials,
            "seeds": self.seeds,
            "seed": self.seed,
            "max_train_steps": self.max_train_steps,
            "initial_settings": [dict(setting) for setting in self.initial_settings],
            "space": {name: json.loads(distribution_to_json(one)) for name, one in sorted(self.space.items())},
        }
        return json.loads(json.dumps(plan))

    def initial_trials(self) -> list[Trial]:
        """The initial settings with their seeds."""
        return [self.trial(number, self.initial_settings[number // self.seeds]) for number in range(self.n_initial)]

    def trial(self, number: int, hparams: Mapping[str, Any]) -> Trial:
        """The number-th trial; its seed depends on the study's seed and the number alone."""
        seed = int(np.random.SeedSequence((self.seed, number)).generate_state(1)[0])
        return Trial(fill_defaults(self.bucket, hparams), seed, number)

    def role(self, number: int) -> str:
        """What the number-th trial is for: `initial` setting, `search`, or `repeat` of the best setting."""
        return "initial" if number < self.n_initial else "search" if number < self.n_planned else "repeat"

    def record(self, outcome: Outcome) -> Record:
        """What is kept of a trial that has just ended here."""
        trial, task = outcome.trial, self.bucket.task
        return Record(
            **vars(self.facts),
            number=trial.number,
            role=self.role(trial.number),
            seed=trial.seed,
            hparams=trial.hparams,
            objective=np.nan if outcome.infeasible else outcome.validation[task.objective],
            steps_made=outcome.steps_made,
            infeasible=outcome.infeasible,
            seconds=outcome.seconds,
            finished=None,
            versions=versions(),
            train_loss=outcome.train_loss,
            scores=outcome.scores,
            validation=outcome.validation,
        )

    def is_complete(self, records: Mapping[int, Record]) -> bool:
        """Whether these records, by number, are all there will be."""
        try:
            return len(records) >= self.n_planned and self.repeat(len(records), records) is None
        except KeyError:
            return False

    def repeat(self, number: int, records: Mapping[int, Record]) -> Mapping[str, Any] | None:
        """The setting that the number-th trial measures again, after all planned ones; None where enough are known.

        Raises:
          KeyError: a record is missing that it depends on.
        """
        n_known = self.n_planned
        while True:
            known = [records[i] for i in range(n_known)]
            best = best_setting(known, self.bucket.task.maximize)
            if not best:
                return None
            hparams = best[0].hparams
            n_missing = self.seeds - sum(record.hparams == hparams for record in known)
            if n_missing <= 0:
                return None
            if number < n_known + n_missing:
                return hparams
            n_known += n_missing

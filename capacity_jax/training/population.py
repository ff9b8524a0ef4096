"""The population: many members trained at once, each for its own number of steps, slots refilled as they finish."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import jax
import numpy as np

from capacity_jax.training.devices import Devices, default_devices
from capacity_jax.training.member import N_PLACES, STEPS, Bucket, Member, first_step
from capacity_jax.training.program import (
    Report,
    compiled_chunk,
    fitting_slots,
    idle_assignment,
    idle_members,
    rounded_slots,
)
from capacity_jax.training.settings import encode, fill_defaults, hyperparameters_of
from capacity_jax.training.trial import Outcome, Rung, Snapshot, Trial

# A loss at the end this many times that of guessing counts as divergence.
FAR_ABOVE_CHANCE = 2.0
# Chunks are sized to last about this long, growing at most fourfold from the first. No result depends on them.
CHUNK_SECONDS = 0.5
FIRST_CHUNK = 100
LONGEST_CHUNK = 2**20


class Population:
    """Members of one bucket that train side by side, each for its own number of steps.

    An outcome depends on the trial's hyperparameters and seed alone: not on its slot, its neighbours, the chunks of
    training or the devices' number. A member that diverges leaves its slot and touches no other.

    Args:
      bucket: what all trials share; it compiles once.
      devices: where the members train; by default `default_devices()`.
      n_slots: members trained at once, rounded up to a multiple of the devices; by default `fitting_slots`.

    Raises:
      ValueError: n_slots is not a whole number of at least 1.
      MemoryError: the devices have not the memory for one member each; raised only where n_slots is not given.

    Example:
      >>> from capacity_jax import Bucket, Network, Population, Trial, mem_thru, rnn
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2, n_evaluation=64), batch_size=16)
      >>> population = Population(bucket)
      >>> population.fill(iter([Trial({"train_steps": 50}, seed=0)]))
      >>> while population.n_working:
      ...     made = population.advance()
      >>> [outcome.steps_made for outcome in population.finished()]
      [50]
    """

    def __init__(self, bucket: Bucket, devices: Devices | None = None, n_slots: int | None = None):
        self.bucket = bucket
        self.devices = devices or default_devices()
        self.n_slots = (
            fitting_slots(bucket, devices=devices) if n_slots is None else rounded_slots(n_slots, self.devices)
        )
        self._program = compiled_chunk(bucket, self.n_slots, self.devices)
        self._members = idle_members(bucket, self.n_slots, self.devices)
        self._shared = jax.device_put(bucket.task.shared(), self.devices.shared)
        self._assignment = idle_assignment(bucket, self.n_slots)
        self._working: dict[int, tuple[Trial, float]] = {}
        self._steps = np.zeros(self.n_slots, np.int64)
        self._chunk_steps = FIRST_CHUNK
        self._finished: list[Outcome] = []

    @property
    def n_working(self) -> int:
        """How many slots have a trial."""
        return len(self._working)

    def steps_left(self) -> list[int]:
        """The training steps that each trial is still to make."""
        return [trial.hparams["train_steps"] - int(self._steps[slot]) for slot, (trial, _) in self._working.items()]

    def fill(self, trials: Iterator[Trial]) -> None:
        """Takes as many trials from the iterator as there are free slots.

        Raises:
          ValueError: a trial's hyperparameters do not fit the bucket.
        """
        known = hyperparameters_of(self.bucket)
        free = [slot for slot in range(self.n_slots) if slot not in self._working]
        for slot, trial in zip(free, trials, strict=False):
            trial = replace(trial, hparams=fill_defaults(self.bucket, trial.hparams))
            self._working[slot] = trial, perf_counter() - (trial.snapshot.seconds if trial.snapshot else 0.0)
            self._assignment.fresh[slot], self._assignment.seed[slot], self._steps[slot] = True, trial.seed, 0
            for name, value in encode(trial.hparams, known).items():
                self._assignment.hparams[name][slot] = value

    def advance(self) -> list[tuple[Trial, int]]:
        """Trains all members for a while, half a second or so; the training steps that each has made.

        Raises:
          ValueError: a trial's snapshot is that of another bucket.
        """
        self._continue_snapshots()
        rungs = self._next_rungs()
        # No further than the nearest rung: what stops there is then as it was there.
        n_steps = min([self._chunk_steps, *(step - int(self._steps[slot]) for slot, (step, _) in rungs.items())])
        began = perf_counter()
        report = self._run(n_steps)
        ended = perf_counter()
        made = [(trial, int(report.step[slot] - self._steps[slot])) for slot, (trial, _) in self._working.items()]
        self._steps = report.step.astype(np.int64)
        if n_steps == self._chunk_steps:
            growth = min(4.0, CHUNK_SECONDS / (ended - began))
            self._chunk_steps = int(np.clip(self._chunk_steps * growth, 1, LONGEST_CHUNK))
        self._end(report, rungs, ended)
        return made

    def finished(self) -> list[Outcome]:
        """The outcomes of the trials that have ended since this was last asked."""
        outcomes, self._finished = self._finished, []
        return outcomes

    def snapshots(self) -> list[tuple[Trial, Snapshot]]:
        """The trials that go on, each with what continues it from here."""
        leaves = jax.device_get(jax.tree.leaves(_changing(self._members)))
        now = perf_counter()
        return [
            (trial, Snapshot(int(self._steps[slot]), now - since, [np.array(leaf[slot]) for leaf in leaves]))
            for slot, (trial, since) in self._working.items()
        ]

    def _next_rungs(self) -> dict[int, tuple[int, Rung]]:
        """By slot the rung that comes next, behind its training step."""
        found = {}
        for slot, (trial, _) in self._working.items():
            steps = [(first_step(rung.place, trial.hparams["train_steps"]), rung) for rung in trial.rungs]
            ahead = [(step, rung) for step, rung in steps if step > self._steps[slot]]
            if ahead:
                found[slot] = min(ahead)
        return found

    def _end(self, report: Report, rungs: Mapping[int, tuple[int, Rung]], now: float) -> None:
        """Makes outcomes of the trials that have made all their steps, or learned too little at a rung."""
        reached = {slot: rung for slot, (step, rung) in rungs.items() if step == self._steps[slot]}
        ending = reached | {slot: None for slot in self._working if report.finished[slot]}
        if not ending:
            return
        trained = jax.device_get((self._members.params, self._members.curve))
        for slot, rung in ending.items():
            trial, since = self._working[slot]
            of_slot = jax.tree.map(lambda leaf, slot=slot: leaf[slot].item(), report)
            params, sums = jax.tree.map(lambda leaf, slot=slot: np.array(leaf[slot]), trained)
            places = rung.place if rung else N_PLACES
            curve = _curve(self.bucket, trial, {name: values[:places] for name, values in sums.items()})
            if rung:
                last = {name: values[-1] for name, values in curve.items() if name != "step"}
                if _goes_on(self.bucket.task, last, rung):
                    continue
                of_slot = of_slot._replace(scores={"evaluation": last})
                # Until another trial comes the slot has nothing to do.
                self._assignment.fresh[slot], self._assignment.hparams["train_steps"][slot] = True, 0
            del self._working[slot]
            self._finished.append(_outcome(self.bucket, trial, of_slot, now - since, params, curve, bool(rung)))

    def _run(self, n_steps: int) -> Report:
        # The members are donated: only what comes back can be read.
        self._members, report = self._program((np.int32(n_steps), self._shared), self._members, self._assignment)
        report = jax.device_get(report)
        # Not before the program has ended, which reads this very memory.
        self._assignment.fresh[:] = False
        return report

    def _continue_snapshots(self) -> None:
        fresh = map(int, np.flatnonzero(self._assignment.fresh))
        working = [slot for slot in fresh if slot in self._working]
        snapshots = {slot: snapshot for slot in working if (snapshot := self._working[slot][0].snapshot)}
        if not snapshots:
            return
        # The program itself draws what a snapshot leaves out: another one might round it differently.
        self._run(0)
        leaves, structure = jax.tree.flatten(_changing(self._members))
        stacked = [np.array(leaf) for leaf in leaves]
        for slot, snapshot in snapshots.items():
            if [leaf.shape for leaf in snapshot.leaves] != [leaf.shape[1:] for leaf in stacked]:
                raise ValueError("the snapshot of a trial is that of a network of another shape")
            for of_all, leaf in zip(stacked, snapshot.leaves, strict=True):
                of_all[slot] = leaf
            self._steps[slot] = snapshot.step
        restored = [jax.device_put(new, old.sharding) for new, old in zip(stacked, leaves, strict=True)]
        self._members = self._members._replace(**jax.tree.unflatten(structure, restored))


def train_population(
    bucket: Bucket, trials: Iterable[Trial], *, devices: Devices | None = None, n_slots: int | None = None
) -> Iterator[Outcome]:
    """Trains the trials of a bucket in a `Population` and yields each outcome as soon as it is known.

    Args:
      bucket: what all trials share; it compiles once.
      trials: taken one by one as slots become free.
      devices: as `Population` takes them.
      n_slots: as `Population` takes it.

    Raises:
      ValueError: n_slots is not a whole number of at least 1, a trial's hyperparameters do not fit the bucket, or its
        snapshot is that of another bucket.
      MemoryError: the devices have not the memory for one member each; raised only where n_slots is not given.

    Example:
      >>> from capacity_jax import Bucket, Network, Trial, mem_thru, rnn, train_population
      >>> bucket = Bucket(Network(rnn, 2, 3, 2), mem_thru(n_in=2, n_steps=2, n_evaluation=64), batch_size=16)
      >>> trials = [Trial({"lr_init": rate, "train_steps": 50}, seed=0) for rate in (0.001, 0.01, 0.1)]
      >>> sorted(outcome.steps_made for outcome in train_population(bucket, trials))
      [50, 50, 50]
    """
    population, left = Population(bucket, devices, n_slots), iter(trials)
    population.fill(left)
    while population.n_working:
        population.advance()
        yield from population.finished()
        population.fill(left)


def _changing(members: Member) -> dict[str, Any]:
    """What training changes of members."""
    names = ("params", "moments", "step", "loss", "curve")
    return {name: getattr(members, name) for name in names}


def _goes_on(task, scores, rung):
    objective = scores[task.objective]
    return objective >= rung.objective if task.maximize else objective <= rung.objective


def _outcome(bucket, trial, report, seconds, params, curve, stopped):
    loss = report.scores["evaluation"]["loss"]
    infeasible = not (np.isfinite(report.loss) and loss <= FAR_ABOVE_CHANCE * bucket.task.chance)

    def with_measures(scores):
        if infeasible:
            return dict.fromkeys([*scores, *bucket.task.reported], float("nan"))
        return scores | dict(bucket.task.measures(scores, trial.hparams, bucket.network))

    scores = {name: with_measures(of_set) for name, of_set in report.scores.items()}
    return Outcome(
        trial=replace(trial, snapshot=None),
        scores=scores["evaluation"],
        steps_made=report.step,
        infeasible=infeasible,
        seconds=seconds,
        validation=scores.get("validation", {}),
        stopped=stopped,
        train_loss=report.loss,
        curve=curve,
        params=None if infeasible else params,
    )


def _curve(bucket, trial, sums):
    """Means at each place from their sums, with the steps made and what the task derives from them."""
    counts = sums.pop(STEPS)
    (begun,) = np.nonzero(counts)
    means = [{name: float(values[place] / counts[place]) for name, values in sums.items()} for place in begun]
    derived = [dict(bucket.task.measures(scores, trial.hparams, bucket.network)) for scores in means]
    rows = [one | more for one, more in zip(means, derived, strict=True)]
    kept = dict.fromkeys(["loss", *sums, bucket.task.objective])
    steps = np.cumsum(counts.astype(int))[begun].tolist()
    return {"step": steps} | {name: [row[name] for row in rows] for name in kept}

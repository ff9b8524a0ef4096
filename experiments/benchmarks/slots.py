"""How busy a configuration keeps the slots of GPUs or of a TPU's chips, simulated; nothing is trained.

`python -m experiments.benchmarks.slots --config=experiments/paper/fig1/config.py:gpu [--slots=256] [--chips=8]
[--recorded=experiments/results/trials/durations]`

A study's trials run as `run_studies` runs them where members train together, each for the training steps that it asks
for; settings are drawn at random, whoever would propose them. The share of busy slots is that of the steps of members
in all steps of slots; beside it stands the share where the number of slots never changes. Of several chips each has a
worker of its own, which takes the costliest study that no other has taken, and shares one where all are taken. A
training step lasts equally long in all studies or, with `--recorded`, as long as in the recorded trials of the same
task, cell and depth that are nearest in size, scaled by what a step of each costs (`capacity_jax.studies.cost`).
Compiling takes no time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd
from absl import app, flags
from ml_collections import config_flags

from capacity_jax.commands.command_line import stop
from capacity_jax.results.workdir import open_trials
from capacity_jax.studies import Study
from capacity_jax.studies.cost import total_cost, trial_cost
from capacity_jax.studies.proposals import n_awaited, proposed_batch
from capacity_jax.training import Devices
from capacity_jax.training.program import slots_worth
from experiments.benchmarks.report import as_text
from experiments.plan import studies

# How many slots are held for the time left of trials that run, and the time of those that wait.
HowMany = Callable[[Sequence[float], Sequence[float]], int]
# How long a training step of a study lasts.
StepTime = Callable[[Study], float]


class Slots(NamedTuple):
    """What became of the slots: time of members, of slots, of chips at work, until all ended."""

    busy: float
    all: float
    at_work: float
    time: float


def main(_) -> None:
    """Prints a row for each study on a chip of its own, and one of all studies on all chips."""
    most, chips, recorded = flags.FLAGS.slots, flags.FLAGS.chips, flags.FLAGS.recorded
    try:
        found = studies(flags.FLAGS.config)
        step_time = recorded_step_time(open_trials(Path(recorded)), found) if recorded else equal_step_time
    except (ValueError, OSError) as error:
        stop(error)
    print(f"Time is in {'seconds of one core' if recorded else 'training steps'}.")
    print(as_text(pd.DataFrame([_row(study, most, step_time) for study in found])))
    for kind, of_all in (("as many slots as are worth while", resized), ("a fixed number of slots", fixed)):
        slots = of_all(found, most, chips, step_time)
        busy, at_work = slots.busy / slots.all, slots.at_work / (chips * slots.time)
        print(
            f"{len(found)} studies on {chips} chips with {kind}: {100 * busy:.1f}% of the slots of chips at work are "
            f"busy, chips are at work {100 * at_work:.1f}% of the time until all have ended: "
            f"together {100 * busy * at_work:.1f}%"
        )


def equal_step_time(study: Study) -> float:
    """One for every study."""
    return 1


def recorded_step_time(trials: pd.DataFrame, studies: Sequence[Study]) -> StepTime:
    """Seconds of a training step, from the recorded trials of the same task, cell, depth and steps nearest in size.

    Raises:
      ValueError: there are none for one of the studies.
    """
    trials = trials.loc[~trials["infeasible"].astype(bool) & (trials["steps_made"] > 0)]
    # What older versions exported does not name the package's own.
    rules = trials["transformation"].fillna("") if "transformation" in trials else ""
    trials = trials.assign(transformation=rules)
    costs = [trial_cost(row, row["steps_made"]) for row in trials.to_dict("records")]
    names = ["task", "cell", "depth", "n_steps", "transformation"]
    of_networks = trials.assign(time=trials["seconds"] / costs).groupby(names)[["parameters", "time"]]
    by_network = {key: rows.groupby("parameters")["time"].median() for key, rows in of_networks}

    def step_time(study):
        key, plan = tuple(getattr(study.facts, name) for name in names), study.plan()
        if key not in by_network:
            like = ", ".join(f"{name} {value!r}" for name, value in zip(names, key, strict=True))
            raise ValueError(f"recorded has no trial like those of {study.name}, with {like}")
        sizes = by_network[key]
        nearest = np.argmin(np.abs(np.log(sizes.index / plan["parameters"])))
        return sizes.iloc[nearest] * trial_cost(plan, 1)

    for study in studies:
        step_time(study)
    return step_time


def resized(studies: Sequence[Study], most: int, chips: int = 1, step_time: StepTime = equal_step_time) -> Slots:
    """With as many slots as are worth while."""
    one = Devices((jax.devices("cpu")[0],), in_turn=False)
    return _simulated(studies, chips, lambda study: partial(slots_worth, most=most, devices=one), step_time)


def fixed(studies: Sequence[Study], most: int, chips: int = 1, step_time: StepTime = equal_step_time) -> Slots:
    """With as many slots throughout as there are trials, at most so many."""
    return _simulated(studies, chips, lambda study: lambda running, waiting: min(most, study.n_planned), step_time)


@dataclass(eq=False)
class _Progress:
    """How far a study is; of what waits, how long it takes, and the number of the setting where it is its first."""

    study: Study
    batches: list[list[float]]
    waiting: list[tuple[float, int | None]]
    # By setting, when its first measurement ends.
    ended: dict[int, float]
    last_end: float = 0
    n_known: int = 0
    repeated: bool = False

    @classmethod
    def of(cls, study: Study, step_time: float) -> "_Progress":
        """At the beginning."""
        times = [step_time * trial.hparams["train_steps"] for trial in study.initial_trials()]
        waiting = [(time, i // study.seeds if i % study.seeds == 0 else None) for i, time in enumerate(times)]
        settings = len(study.initial_settings) + study.trials
        batches = [[step_time * steps for steps in batch] for batch in _batches(study)]
        return cls(study, batches, waiting, dict.fromkeys(range(settings), inf))

    def look(self, now: float) -> None:
        """Adds to what waits all that is known by now."""
        while self.n_known < len(self.batches) and all(
            self.ended[number] <= now for number in range(n_awaited(self.study, self.n_known))
        ):
            first = len(self.study.initial_settings) + self.n_known * self.study.proposals
            self.waiting += [(time, first + i) for i, time in enumerate(self.batches[self.n_known])]
            self.n_known += 1
        if not self.waiting and not self.repeated and self.last_end <= now:
            # The best is one that was proposed.
            self.repeated = True
            self.waiting = [(self.batches[-1][0], None)] * (self.study.seeds - 1) if self.batches else []
        self.waiting.sort(key=lambda one: one[0], reverse=True)

    def begin(self, now: float) -> float:
        """Takes the longest that waits; when it ends."""
        time, number = self.waiting.pop(0)
        if number is not None:
            self.ended[number] = now + time
        self.last_end = max(self.last_end, now + time)
        return now + time


@dataclass
class _Chip:
    """What a chip works on: a study, when each running trial ends, and the slots that it holds."""

    study: _Progress | None = None
    running: list[float] = field(default_factory=list)
    slots: int = 0


def _simulated(
    studies: Sequence[Study], n_chips: int, how_many: Callable[[Study], HowMany], step_time: StepTime
) -> Slots:
    in_order = sorted(studies, key=lambda study: total_cost(study.plan()), reverse=True) if n_chips > 1 else studies
    of_studies = [_Progress.of(study, step_time(study)) for study in in_order]
    chips = [_Chip() for _ in range(n_chips)]
    now = busy = computed = at_work = 0
    while True:
        for one in of_studies:
            one.look(now)
        for chip in chips:
            if not chip.running:
                taken = [other.study for other in chips if other.running]
                left = [one for one in of_studies if one.waiting]
                chip.study = next((one for one in left if one not in taken), left[0] if left else None)
            if chip.study:
                waiting = [time for time, _ in chip.study.waiting]
                chip.slots = how_many(chip.study.study)([end - now for end in chip.running], waiting)
                while chip.study.waiting and len(chip.running) < chip.slots:
                    chip.running.append(chip.study.begin(now))
                    busy += chip.running[-1] - now
        working = [chip for chip in chips if chip.running]
        if not working:
            return Slots(busy, computed, at_work, now)
        then = min(min(chip.running) for chip in working)
        computed += sum(chip.slots for chip in working) * (then - now)
        at_work += len(working) * (then - now)
        now = then
        for chip in working:
            chip.running = [end for end in chip.running if end > now]


def _batches(study):
    """Training steps of the proposals, batch by batch."""
    at_random = replace(study, sampler="random")
    n_batches = -(-study.trials // study.proposals)
    steps = [[one["train_steps"] for one in proposed_batch(at_random, i, {}, {})] for i in range(n_batches)]
    all_steps = np.concatenate(steps)[: study.trials] if steps else np.zeros(0)
    return [all_steps[i : i + study.proposals].astype(int).tolist() for i in range(0, len(all_steps), study.proposals)]


def _row(study, most, step_time):
    now, unchanged = (of_one([study], most, step_time=step_time) for of_one in (resized, fixed))
    return {
        "study": study.name,
        "trials": study.n_planned,
        "time": now.time,
        "busy_%": 100 * now.busy / now.all,
        "fixed_time": unchanged.time,
        "fixed_busy_%": 100 * unchanged.busy / unchanged.all,
    }


if __name__ == "__main__":
    # Not where the module is imported: experiments.run has a flag of this name.
    config_flags.DEFINE_config_file("config", help_string="Configuration file, with :extent behind it.")
    flags.DEFINE_integer("chips", 1, "GPUs, or chips of a TPU, with a worker each.", lower_bound=1)
    flags.DEFINE_string("recorded", None, "Folder of trials whose durations count, a work directory or exported.")
    flags.DEFINE_integer("slots", 256, "Most members that train at once.", lower_bound=1)
    app.run(main)

"""How busy a configuration keeps the slots of a GPU or TPU, simulated; nothing is trained.

`python -m experiments.benchmarks.slots --config=experiments/paper/fig1/config.py:gpu [--slots=256] [--chips=8]`

A study's trials run as `run_studies` runs them where members train together, each for the training steps that it asks
for; settings are drawn at random, whoever would propose them. The share of busy slots is that of the steps of members
in all steps of slots; beside it stands the share where the number of slots never changes. Of several chips each has a
worker of its own, which takes the first study that no other has taken; that they share the last ones is left out, and
a training step is taken to last equally long in all.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from heapq import heapreplace
from math import inf
from typing import NamedTuple

import jax
import numpy as np
import pandas as pd
from absl import app, flags
from ml_collections import config_flags

from capacity_jax.studies import Study
from capacity_jax.studies.proposals import n_awaited, proposed_batch
from capacity_jax.training import Devices
from capacity_jax.training.program import slots_worth
from experiments.benchmarks.report import as_text
from experiments.plan import studies


class Slots(NamedTuple):
    """What became of the slots while a study ran: steps of members, steps of slots, steps until it ended."""

    busy: int
    all: int
    steps: int


def main(_) -> None:
    """Prints a row for each study and one for all."""
    most = flags.FLAGS.slots
    rows = [_row(study, simulated(study, most), fixed(study, most)) for study in studies(flags.FLAGS.config)]
    table = pd.DataFrame(rows)
    print(as_text(table.drop(columns=["busy", "all", "fixed_all"])))
    busy = 100 * table["busy"].sum()
    print(f"busy slots of all studies: {busy / table['all'].sum():.1f}%")
    print(f"with a fixed number of slots: {busy / table['fixed_all'].sum():.1f}%")
    chips = flags.FLAGS.chips
    at_work = 100 * busy_chips(table["steps"].tolist(), chips)
    print(f"time that {chips} chips have a study, until all have ended: {at_work:.1f}%")


def busy_chips(steps: Sequence[int], chips: int) -> float:
    """The share of their time that chips are at work, each on the first study that nobody has taken, till all end."""
    free_at = [0] * chips
    for of_study in steps:
        heapreplace(free_at, free_at[0] + of_study)
    return sum(steps) / (chips * max(free_at))


def simulated(study: Study, most: int) -> Slots:
    """With as many slots as are worth while."""
    one = Devices((jax.devices("cpu")[0],), in_turn=False)
    return _simulated(study, lambda running, waiting: slots_worth(running, waiting, most, one))


def fixed(study: Study, most: int) -> Slots:
    """With as many slots throughout as there are trials, at most so many."""
    return _simulated(study, lambda running, waiting: min(most, study.n_planned))


def _simulated(study: Study, n_slots: Callable[[Sequence[int], Sequence[int]], int]) -> Slots:
    initial = [trial.hparams["train_steps"] for trial in study.initial_trials()]
    batches = _batches(study)
    # By setting, when its first measurement ends.
    ended: dict[int, float] = dict.fromkeys(range(len(study.initial_settings) + study.trials), inf)
    waiting = [(steps, i // study.seeds if i % study.seeds == 0 else None) for i, steps in enumerate(initial)]
    running: list[int] = []
    now = busy = computed = n_known = 0
    repeated = False
    while True:
        while n_known < len(batches) and all(ended[number] <= now for number in range(n_awaited(study, n_known))):
            first = len(study.initial_settings) + n_known * study.proposals
            waiting += [(steps, first + i) for i, steps in enumerate(batches[n_known])]
            n_known += 1
        if not waiting and not running:
            if repeated:
                return Slots(busy, computed, now)
            # The best is one that was proposed.
            repeated = True
            waiting = [(batches[-1][0], None)] * (study.seeds - 1) if batches else []
            continue
        waiting.sort(key=lambda one: one[0], reverse=True)
        slots = n_slots([end - now for end in running], [steps for steps, _ in waiting])
        while waiting and len(running) < slots:
            steps, number = waiting.pop(0)
            running.append(now + steps)
            busy += steps
            if number is not None:
                ended[number] = now + steps
        then = min(running)
        computed += slots * (then - now)
        now, running = then, [end for end in running if end > then]


def _batches(study):
    """Training steps of the proposals, batch by batch."""
    at_random = replace(study, sampler="random")
    n_batches = -(-study.trials // study.proposals)
    steps = [[one["train_steps"] for one in proposed_batch(at_random, i, {}, {})] for i in range(n_batches)]
    all_steps = np.concatenate(steps)[: study.trials] if steps else np.zeros(0)
    return [all_steps[i : i + study.proposals].astype(int).tolist() for i in range(0, len(all_steps), study.proposals)]


def _row(study, resized, unchanged):
    return {
        "study": study.name,
        "trials": study.n_planned,
        "steps": resized.steps,
        "busy_%": 100 * resized.busy / resized.all,
        "fixed_steps": unchanged.steps,
        "fixed_busy_%": 100 * unchanged.busy / unchanged.all,
        "busy": resized.busy,
        "all": resized.all,
        "fixed_all": unchanged.all,
    }


if __name__ == "__main__":
    # Not where the module is imported: experiments.run has a flag of this name.
    config_flags.DEFINE_config_file("config", help_string="Configuration file, with :extent behind it.")
    flags.DEFINE_integer("chips", 1, "GPUs, or chips of a TPU, with a worker each.", lower_bound=1)
    flags.DEFINE_integer("slots", 256, "Most members that train at once.", lower_bound=1)
    app.run(main)

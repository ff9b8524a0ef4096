"""What a configuration would take, before anything is trained: trials, operations, hours on this machine."""

from collections.abc import Sequence
from time import perf_counter

import jax
import pandas as pd

from capacity_jax.results import as_text
from capacity_jax.studies import Study
from capacity_jax.studies.cost import mean_cost, mean_train_steps, n_planned, total_cost
from capacity_jax.training import Population, fitting_slots
from capacity_jax.training.trial import TrialKey
from experiments.flops import step_flops

# A measurement takes so long, after what it has to compile.
SECONDS = 1.0
# A rate at which nothing diverges while it is timed, and more steps than it can make.
TIMED = {"lr_init": 1e-6, "train_steps": 10**9}


def dry_run(studies: Sequence[Study]) -> str:
    """A row for each study and a line for all, as text.

    Of each cell and depth the largest network is compiled and timed for a second; the others are expected to take as
    much less as the progress bar reckons. Repeats of a best setting that a search finds, and evaluations, come on top.

    Raises:
      MemoryError: the devices have not the memory for a single network of some study.
    """
    largest: dict[tuple, Study] = {}
    for study in sorted(studies, key=lambda one: mean_cost(one.plan())):
        largest[_family(study)] = study
    seconds = {family: 1 / cost_per_second(study) for family, study in largest.items()}
    table = pd.DataFrame([_row(study, seconds[_family(study)]) for study in studies])
    device = jax.local_devices()[0]
    where = f"{len(jax.local_devices())} x {device.device_kind}"
    total = f"{len(studies)} studies, {sum(table['trials'])} trials, {sum(table['FLOPs']):.3g} FLOPs"
    return f"{as_text(table)}\n\n{total}, about {sum(table['hours']):.2g} hours on {where}; nothing was trained"


def cost_per_second(study: Study) -> float:
    """How much of `trial_cost` this machine does in a second, with as many trials at once as it would train."""
    n_slots = fitting_slots(study.bucket, n_planned(study.plan()))
    population = Population(study.bucket, n_slots=n_slots)
    setting = {**(study.initial_settings[0] if study.initial_settings else {}), **TIMED}
    population.fill(study.trial(TrialKey(number), setting) for number in range(n_slots))
    # The first steps draw the members.
    population.advance()
    began, n_steps = perf_counter(), 0
    while perf_counter() - began < SECONDS:
        n_steps += sum(made for _, made in population.advance())
    plan = study.plan()
    return n_steps / (perf_counter() - began) * mean_cost(plan) / mean_train_steps(plan)


def _family(study):
    network = study.bucket.network
    return network.cell.name, network.depth, study.bucket.task.n_steps


def _row(study, seconds_per_cost):
    plan = study.plan()
    trials = n_planned(plan)
    return {
        "study": study.name,
        "parameters": study.bucket.network.n_params,
        "trials": trials,
        "mean_steps": mean_train_steps(plan),
        "FLOPs": step_flops(study.bucket) * mean_train_steps(plan) * trials,
        "hours": total_cost(plan) * seconds_per_cost / 3600,
    }

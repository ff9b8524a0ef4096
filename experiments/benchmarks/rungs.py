"""What rungs save, where hopeless trials stop, and whether the best is lost: `python -m experiments.benchmarks.rungs`.

The Gaussian process's searches of `experiments.benchmarks.search`, `--trials` trials of `--steps` steps, for each of
`--seeds` once trained to the end and once with rungs; each best setting is then measured three times. Of the CPU
seconds `search` are those of it all, proposals and repeats included, since this command was given; `training` are those
of the proposed trials alone, made once more at the end, with and without rungs in turn. What other rules would have
saved follows from the curves of the trials that were trained to the end: a trial goes on where it is as good as the
worst of the n best known trials was, or as the best 1/eta of those known were.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from absl import app, flags

from capacity_jax.studies import Persistence, Record, Study, Worker, best_setting, open_storage, run_studies
from capacity_jax.studies.rungs import FEWEST_TRIALS
from capacity_jax.training import Bucket, Trial, prepare_population, train_population, use_all_cores
from capacity_jax.training.member import N_PLACES
from experiments.benchmarks import search

flags.set_default(search.WORKDIR, "runs/rungs")
flags.set_default(search.TRIALS, 120)
RUNGS = (0.1, 0.2, 0.5)
SEEDS_OF_BEST = 3
# By name what a trial must reach at a place, from the objectives of those known at their ends and at this place.
RULES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    f"{n} best": lambda ended, there, n=n: np.min(there[np.argsort(-ended)[:n]]) for n in (3, 5, 10)
} | {f"eta = {eta}": lambda ended, there, eta=eta: np.quantile(there, 1 - 1 / eta) for eta in (2, 3, 5)}


def study(seed: int, rungs: Sequence[float]) -> Study:
    """One search, with or without rungs."""
    plain = search.study("gp", seed, search.TRIALS.value, search.STEPS.value)
    name = f"{plain.name}, {'rungs' if rungs else 'to the end'}"
    return replace(plain, name=name, seeds=SEEDS_OF_BEST, rungs=rungs)


def row_of(ran: Study, records: Sequence[Record], cpu_seconds: float) -> dict[str, float | str]:
    """What a search has found, and at what cost."""
    searched = [record for record in records if record.role == "search"]
    best = [record.objective for record in best_setting(records, maximize=True)]
    steps = sum(record.steps_made for record in searched)
    stopped = sum(record.stopped for record in searched)
    return {"study": ran.name, "best": float(np.mean(best)), "stopped": stopped, "steps": steps, "search": cpu_seconds}


def training_seconds(bucket: Bucket, records: Sequence[Record]) -> float:
    """CPU seconds of the proposed trials, made once more."""
    searched = [record for record in records if record.role == "search"]
    trials = [Trial(record.hparams, record.seed, *record.key, rungs=record.rungs) for record in searched]
    before = process_time()
    assert len(list(train_population(bucket, trials))) == len(trials)
    return process_time() - before


def simulated(records: Sequence[Record], places: Sequence[int], bar: Callable) -> tuple[float, int]:
    """The share of training steps that a rule saves, and how many of the five best trials it stops."""
    feasible = [record for record in records if record.role == "search" and not record.infeasible]
    curves = np.array([record.curve[record.score_name] for record in feasible])
    ended = np.array([record.objective for record in feasible])
    end_of = np.full(len(feasible), N_PLACES)
    for number in range(len(feasible)):
        # All but those of the last batch, and none before so many have ended.
        known = np.arange(max(0, number // 8 * 8 - 8))
        for place in places if np.sum(end_of[known] == N_PLACES) >= FEWEST_TRIALS else ():
            reached = known[end_of[known] >= place]
            at_end = np.where(end_of[reached] == N_PLACES, ended[reached], -np.inf)
            if curves[number, place - 1] < bar(at_end, curves[reached, place - 1]):
                end_of[number] = place
                break
    return 1 - float(end_of.mean()) / N_PLACES, int(np.sum(end_of[np.argsort(-ended)[:5]] < N_PLACES))


def main(argv: list[str]) -> None:
    """Searches, or goes on with it, and prints both tables."""
    del argv
    directory = Path(search.WORKDIR.value)
    directory.mkdir(parents=True, exist_ok=True)
    storage = open_storage(f"sqlite:///{directory / 'studies.db'}")
    prepare_population(study(0, ()).bucket, search.TRIALS.value)
    rows, found = [], {}
    for ran in [study(seed, rungs) for seed in range(search.SEEDS.value) for rungs in ((), RUNGS)]:
        before = sum(os.times()[:4])
        [(_, found[ran.name])] = run_studies([ran], Persistence(storage, Worker(directory / "workers")))
        rows.append(row_of(ran, found[ran.name], sum(os.times()[:4]) - before))
    for row in rows:
        row["training"] = training_seconds(study(0, ()).bucket, found[row["study"]])
    print(pd.DataFrame(rows).to_string(index=False, float_format="%.3g"))
    to_the_end = [records for name, records in found.items() if name.endswith("to the end")]
    for rule, bar in RULES.items():
        for places in ((3, 10), (6, 15), (3, 6, 15), (1, 3, 10)):
            results = [simulated(records, places, bar) for records in to_the_end]
            print(f"{rule}, places {places}: " + ", ".join(f"{share:.0%}, {lost} of 5 lost" for share, lost in results))


if __name__ == "__main__":
    use_all_cores()
    app.run(main)

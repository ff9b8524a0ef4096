"""How well and how fast samplers search: `python -m experiments.benchmarks.samplers`.

Each sampler minimises the synthetic problems of `experiments.benchmarks.problems` in batches: all of a batch are asked
for, then all are told. An infeasible trial is told as infinite, so that every sampler learns from it. Optuna's own
GPSampler takes part where torch is installed. The second table is the time to propose after a random history, once
compiled.
"""

import json
import sys
import warnings
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import jax
import numpy as np
import optuna
import pandas as pd
from absl import app, flags

from capacity_jax.search.gp import GPSampler, propose
from experiments.benchmarks.problems import PROBLEMS, Problem

QUICK = flags.DEFINE_bool("quick", False, "One seed, 60 trials and short histories.")
JSON = flags.DEFINE_string("json", None, "Where the curves of best values and the times are written.")
TRIALS = flags.DEFINE_integer("trials", 300, "Trials of each search.")
BATCH = flags.DEFINE_integer("batch", 30, "Trials asked for at once.")
SEEDS = flags.DEFINE_integer("seeds", 5, "Searches of each problem by each sampler.")
CONTENDERS = flags.DEFINE_list("samplers", None, "Which samplers search; by default all that are installed.")

SAMPLERS = {
    "ours": lambda seed: GPSampler(seed, batch_size=BATCH.value),
    "optuna_gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
}

# Finished trials and proposals of the timings.
TIMED = ((100, 32), (500, 32), (1000, 32), (1000, 256))


def main(_):
    """Runs all searches and timings and prints both tables."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    n_trials, n_seeds = (60, 1) if QUICK.value else (TRIALS.value, SEEDS.value)
    names = CONTENDERS.value or [name for name in SAMPLERS if name != "optuna_gp" or find_spec("torch")]
    if "optuna_gp" not in names:
        print("optuna_gp is left out: it needs torch")
    curves = {}
    for problem in PROBLEMS:
        for name in names:
            curves[problem.name, name] = [search(problem, name, seed, n_trials) for seed in range(n_seeds)]
            print(_summary(problem.name, name, curves[problem.name, name]), file=sys.stderr, flush=True)
    print(
        pd.DataFrame([_summary(problem, name, runs) for (problem, name), runs in curves.items()]).to_string(index=False)
    )
    times = [timing(*sizes) for sizes in (TIMED[:1] if QUICK.value else TIMED)]
    print(pd.DataFrame(times).to_string(index=False))
    print(f"{date.today()}, jax {jax.__version__}, optuna {optuna.__version__}, {jax.devices()[0].device_kind}")
    if JSON.value:
        record = {"curves": {"/".join(key): runs for key, runs in curves.items()}, "times": times}
        Path(JSON.value).write_text(json.dumps(record) + "\n")


def search(problem: Problem, name: str, seed: int, n_trials: int) -> list[float]:
    """The best value after each batch."""
    study = optuna.create_study(sampler=SAMPLERS[name](seed))
    bests = []
    while len(study.get_trials(deepcopy=False)) < n_trials:
        for trial in [study.ask(problem.space) for _ in range(BATCH.value)]:
            study.tell(trial, problem.value(trial.params))
        bests.append(round(study.best_value, 5))
    return bests


def timing(n_finished: int, n: int, repeats: int = 3) -> dict[str, float]:
    """Seconds for n proposals after n_finished random trials: median of the repeats, after one to compile."""
    problem = PROBLEMS[0]
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(n_finished):
        trial = study.ask(problem.space)
        study.tell(trial, problem.value(trial.params))
    history, seconds = study.get_trials(deepcopy=False), []
    for seed in range(1 + repeats):
        began = perf_counter()
        propose(history, problem.space, n, maximize=False, seed=seed)
        seconds.append(perf_counter() - began)
    return {"finished": n_finished, "proposals": n, "seconds": round(float(np.median(seconds[1:])), 2)}


def _summary(problem, name, runs):
    last = [run[-1] for run in runs]
    return {"problem": problem, "sampler": name} | {
        key: round(float(value), 4)
        for key, value in {"median": np.median(last), "smallest": min(last), "largest": max(last)}.items()
    }


if __name__ == "__main__":
    app.run(main)

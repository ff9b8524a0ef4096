"""Whether a run that is four times as long stores more: `python -m experiments.benchmarks.lengths --cells=rnn,gru`.

Each cell memorizes as many labels as are best for its size and the length of the run, `--seeds` times: in `--steps`
steps, in four times as many with all as in the short runs, and in four times as many with what is best for that length
(`capacity_jax.tasks.scaling`), by `--rule` adam on batches of 128 or soap on 256. Printed are the mean bits per
parameter with their 95% interval, the seconds of one run on one core, and each run's own.
"""

from typing import cast

import numpy as np
import pandas as pd
from absl import app, flags

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import expand_settings
from capacity_jax.stats import mean_interval
from capacity_jax.tasks import per_cap
from capacity_jax.tasks.base import fit_task
from capacity_jax.tasks.scaling import SCALINGS
from capacity_jax.training import Bucket, Trial, soap, train_population, use_all_cores
from experiments.paper.cells import PAPER_CELLS, shares_of

CELLS = flags.DEFINE_list("cells", list(PAPER_CELLS), "Cells to train, at the least depth that each can have.")
BUDGET = flags.DEFINE_integer("budget", 1200, "Largest number of parameters.", lower_bound=1)
STEPS = flags.DEFINE_integer("steps", 100_000, "Training steps of a short run.", lower_bound=1)
RULE = flags.DEFINE_enum("rule", "adam", list(SCALINGS), "Update rule.")
SEEDS = flags.DEFINE_integer("seeds", 4, "Runs of each kind.", lower_bound=2)
flags.register_validator(
    "cells", lambda names: set(names) <= set(PAPER_CELLS), f"allowed: some of {', '.join(PAPER_CELLS)}"
)


def lengths(name: str, budget: int, short: int, rule: str, n_seeds: int) -> pd.DataFrame:
    """One row for each kind of run of a cell; the arguments are the flags."""
    cell, depth = cell_by_name(cast(CellName, name)), 2 if name == "intersection" else 1
    network = Network(cell, 32, units_for_budget(budget, cell, 32, 1, depth), 1, depth)
    setting = shares_of(rule)[name] | {"relative_to": rule, "lr_decay_rate": 0.03}
    as_asked = [setting | {"train_steps": steps} for steps in (short, 4 * short)]
    batch_size, transformation = (256, soap) if rule == "soap" else (128, None)
    bucket = Bucket(network, fit_task(per_cap(), network, as_asked), batch_size, transformation)
    first, last = (expand_settings(bucket, setting) for setting in as_asked)
    kinds = [first, first | {"train_steps": 4 * short}, last]
    trials = [Trial(setting, seed, number) for number, setting in enumerate(kinds) for seed in range(n_seeds)]
    outcomes = list(train_population(bucket, trials))
    rows = []
    for number, setting in enumerate(kinds):
        runs = sorted((one for one in outcomes if one.trial.number == number), key=lambda one: one.trial.seed)
        # A run that diverged stores nothing.
        bits = [0.0 if run.infeasible else run.scores["bits_per_parameter"] for run in runs]
        mean, low, high = mean_interval(bits)
        row = {
            "cell": name,
            "parameters": network.n_params,
            "steps": setting["train_steps"],
            "rate": setting["lr_init"],
        }
        row |= {"decay": setting["weight_decay"], "labels": setting["b"] / network.n_params}
        row |= {"bits_per_parameter": mean, "low": low, "high": high}
        seconds = np.mean([run.seconds for run in runs])
        rows.append(row | {"seconds": seconds, "runs": " ".join(f"{one:.2f}" for one in bits)})
    return pd.DataFrame(rows)


def main(_) -> None:
    """Trains and prints cell by cell."""
    for i, name in enumerate(CELLS.value):
        table = lengths(name, BUDGET.value, STEPS.value, RULE.value, SEEDS.value)
        print(table.to_string(index=False, header=i == 0, float_format="%.3g"), flush=True)


if __name__ == "__main__":
    use_all_cores()
    app.run(main)

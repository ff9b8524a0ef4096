"""Whether a run that is four times as long stores more: `python -m experiments.benchmarks.lengths --cells=rnn,gru`.

Each cell memorizes `--labels` labels per parameter with one setting, `--seeds` times: in `--steps` steps, in four times
as many at the same learning rate, and in four times as many at the rate that `rate_for_length` gives. Printed are the
mean bits per parameter with their 95% interval, the seconds of one run on one core, and each run's own.
"""

from typing import cast

import numpy as np
import pandas as pd
from absl import app, flags

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.search import rate_for_length
from capacity_jax.stats import mean_interval
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Trial, train_population, use_all_cores
from experiments.configs.quickstart import INITIAL_SETTINGS

CELLS = flags.DEFINE_list("cells", list(INITIAL_SETTINGS), "Cells to train, at the least depth that each can have.")
BUDGET = flags.DEFINE_integer("budget", 600, "Largest number of parameters.", lower_bound=1)
LABELS = flags.DEFINE_float("labels", 4.0, "Labels per parameter.", lower_bound=0.01)
STEPS = flags.DEFINE_integer("steps", 100_000, "Training steps of a short run.", lower_bound=1)
SEEDS = flags.DEFINE_integer("seeds", 4, "Runs of each kind.", lower_bound=2)
flags.register_validator(
    "cells", lambda names: set(names) <= set(INITIAL_SETTINGS), f"allowed: some of {', '.join(INITIAL_SETTINGS)}"
)


def lengths(name: str, budget: int, labels_per_parameter: float, short: int, n_seeds: int) -> pd.DataFrame:
    """One row for each kind of run of a cell; the arguments are the flags."""
    cell, depth = cell_by_name(cast(CellName, name)), 2 if name == "intersection" else 1
    units = units_for_budget(budget, cell, 32, 1, depth)
    network = Network(cell, 32, units, 1, depth)
    labels = round(labels_per_parameter * network.n_params)
    rate = INITIAL_SETTINGS[name]["lr_init"]
    kinds = [(short, rate), (4 * short, rate), (4 * short, rate_for_length(rate, 4 * short))]
    trials = [
        Trial({"b": labels, "lr_init": rate, "lr_decay_rate": 0.03, "train_steps": steps}, seed, number)
        for number, (steps, rate) in enumerate(kinds)
        for seed in range(n_seeds)
    ]
    outcomes = list(train_population(Bucket(network, per_cap(b_max=labels), batch_size=128), trials))
    rows = []
    for number, (steps, rate) in enumerate(kinds):
        runs = sorted((one for one in outcomes if one.trial.number == number), key=lambda one: one.trial.seed)
        # A run that diverged stores nothing.
        bits = [0.0 if run.infeasible else run.scores["bits_per_parameter"] for run in runs]
        mean, low, high = mean_interval(bits)
        row = {"cell": name, "parameters": network.n_params, "steps": steps, "rate": rate, "bits_per_parameter": mean}
        seconds = np.mean([run.seconds for run in runs])
        each = " ".join(f"{one:.2f}" for one in bits)
        rows.append(row | {"low": low, "high": high, "seconds": seconds, "runs": each})
    return pd.DataFrame(rows)


def main(_) -> None:
    """Trains and prints cell by cell."""
    for i, name in enumerate(CELLS.value):
        table = lengths(name, BUDGET.value, LABELS.value, STEPS.value, SEEDS.value)
        print(table.to_string(index=False, header=i == 0, float_format="%.3g"), flush=True)


if __name__ == "__main__":
    use_all_cores()
    app.run(main)

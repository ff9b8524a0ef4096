"""Whether a network or its training limits what is stored: `python -m experiments.benchmarks.restarts --units=2,4,12`.

The same labels are memorized again and again from other initial weights, with other orders of examples. What the best
of many runs stores, the network can hold; the difference between that and the mean run is lost in training. A plain RNN
of one unit has a known answer: its state is a monotone function of one weighted sum, whatever the number of steps, so
that it learns what a linear readout learns, half of all draws of 2 (n_in + 1) labels (Cover 1965).
"""

from dataclasses import replace
from typing import cast

import jax
import numpy as np
import pandas as pd
from absl import app, flags

from capacity_jax.cells import Cell, CellName, cell_by_name
from capacity_jax.commands.command_line import stop
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.tasks.base import Task
from capacity_jax.training import Bucket, Trial, train_population, use_all_cores
from experiments.paper.cells import PAPER_CELLS

CELL = flags.DEFINE_enum("cell", "rnn", list(PAPER_CELLS), "The cell, at the least depth that it can have.")
UNITS = flags.DEFINE_list("units", ["1", "2", "4", "8", "12"], "Numbers of units.")
LABELS = flags.DEFINE_list("labels_per_parameter", ["3", "4", "5"], "Labels per parameter.")
RESTARTS = flags.DEFINE_integer("restarts", 64, "Runs on the same labels.", lower_bound=2)
STEPS = flags.DEFINE_integer("steps", 30_000, "Training steps of a run.", lower_bound=1)
RATE = flags.DEFINE_float("rate", 0.015, "Learning rate, which falls to 3%.", lower_bound=0.0)


def of_fixed_labels(task: Task) -> Task:
    """The task with the same inputs and labels for every run, whatever its seed."""
    return replace(task, draw=lambda key, hparams, size: task.draw(jax.random.key(0), hparams, size))


def restarts(cell: Cell, units: int, per_parameter: float, n_runs: int, steps: int, rate: float) -> dict[str, float]:
    """Bits per parameter over runs on the same labels: mean, standard deviation and best, and the best's accuracy."""
    network = Network(cell, 32, units, 1, depth=2 if cell.name == "intersection" else 1)
    labels = max(1, round(per_parameter * network.n_params))
    bucket = Bucket(network, of_fixed_labels(per_cap(b_max=labels)), batch_size=128)
    setting = {"b": labels, "lr_init": rate, "lr_decay_rate": 0.03, "train_steps": steps}
    runs = list(train_population(bucket, (Trial(setting, seed) for seed in range(n_runs))))
    # A run that diverged stores nothing.
    bits = [0.0 if run.infeasible else float(run.scores["bits_per_parameter"]) for run in runs]
    best = runs[int(np.argmax(bits))]
    return {
        "units": units,
        "parameters": network.n_params,
        "labels_per_parameter": per_parameter,
        "runs": n_runs,
        "mean": float(np.mean(bits)),
        "deviation": float(np.std(bits, ddof=1)),
        "best": max(bits),
        "accuracy_of_best": 0.5 if best.infeasible else best.scores["accuracy"],
    }


def main(_) -> None:
    """Trains and prints row by row."""
    cell, first = cell_by_name(cast(CellName, CELL.value)), True
    for units in map(int, UNITS.value):
        for labels in map(float, LABELS.value):
            try:
                row = restarts(cell, units, labels, RESTARTS.value, STEPS.value, RATE.value)
            except (ValueError, MemoryError) as error:
                stop(str(error))
            print(pd.DataFrame([row]).to_string(index=False, header=first, float_format="%.4g"), flush=True)
            first = False


flags.register_validator("units", lambda units: all(n.isdecimal() and int(n) for n in units), "allowed: whole numbers")
flags.register_validator(
    "labels_per_parameter", lambda labels: all(map(_positive, labels)), "allowed: positive numbers"
)


def _positive(text: str) -> bool:
    try:
        return 0 < float(text) < np.inf
    except ValueError:
        return False


if __name__ == "__main__":
    use_all_cores()
    app.run(main)

"""What drawing the data costs, as a share of a training step: `python -m experiments.benchmarks.data`.

For each task a network of about 10,000 parameters trains on one core, as in a population each does; the draw alone is
timed beside it in the same run, alternating. Shares are medians over the repeats, with the smallest and the largest.
"""

import os
from functools import partial
from time import perf_counter
from typing import cast

import jax
import numpy as np
import pandas as pd
from absl import app, flags
from jax import lax

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.cells.linear import rows_times_columns
from capacity_jax.networks import Network, units_for_budget
from capacity_jax.tasks import TASKS
from capacity_jax.training import Bucket, default_devices, fill_defaults, hyperparameters_of
from capacity_jax.training.member import advance, draw_member
from capacity_jax.training.settings import encode

CELLS = flags.DEFINE_list("cells", ["rnn", "gru"], "Cells to train.")
BUDGET = flags.DEFINE_integer("budget", 10_000, "Largest number of parameters.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 128, "Examples per step.")
REPEATS = flags.DEFINE_integer("repeats", 5, "Timings of each, of which the median is reported.")
SECONDS = flags.DEFINE_float("seconds", 0.5, "About how long one timing lasts.")


def main(_):
    """Times every task with every cell and prints the table."""
    rows = []
    for name, build in TASKS.items():
        task = build()
        shared = jax.device_put(task.shared())
        for cell_name in CELLS.value:
            cell = cell_by_name(cast(CellName, cell_name))
            units = units_for_budget(BUDGET.value, cell, task.n_in, task.n_out)
            bucket = Bucket(Network(cell, task.n_in, units, task.n_out), task, BATCH_SIZE.value)
            rows.append({"task": name, "cell": cell_name, "units": units} | shares(bucket, shared))
            print(pd.DataFrame(rows[-1:]).to_string(index=False, header=len(rows) == 1), flush=True)
    print(f"one core, jax {jax.__version__}, batches of {BATCH_SIZE.value}")


def shares(bucket: Bucket, shared) -> dict[str, float]:
    """Microseconds of a training step and of its draw, and their ratio in percent."""
    devices = default_devices()
    settings = fill_defaults(bucket, {"train_steps": 2**31 - 1, "lr_init": 1e-4})
    member = jax.jit(partial(draw_member, bucket))(np.uint32(0), encode(settings, hyperparameters_of(bucket)))

    @jax.jit
    def train(member, n):
        with rows_times_columns(devices.in_turn):
            return advance(bucket, devices, shared, member, n)

    @jax.jit
    def draw(member, n):
        def body(step, _):
            key = jax.random.fold_in(member.key, step)
            return bucket.task.batch(shared, member.data, key, step, bucket.batch_size)

        return lax.fori_loop(0, n, body, body(0, None))

    runs = {train: _steps_for(train, member), draw: _steps_for(draw, member)}
    timings = np.array([[_seconds(run, member, n) / n * 1e6 for run, n in runs.items()] for _ in range(REPEATS.value)])
    percent = 100 * timings[:, 1] / timings[:, 0]
    step, drawn = np.median(timings, axis=0)
    return {
        "step_us": round(step, 1),
        "draw_us": round(drawn, 1),
        "share_%": round(float(np.median(percent)), 1),
        "smallest_%": round(percent.min(), 1),
        "largest_%": round(percent.max(), 1),
    }


def _steps_for(run, member):
    n = 1
    while (seconds := _seconds(run, member, n)) < SECONDS.value / 4:
        n *= 4
    return max(1, int(n * SECONDS.value / seconds))


def _seconds(run, member, n):
    jax.block_until_ready(run(member, np.int32(0)))
    began = perf_counter()
    jax.block_until_ready(run(member, np.int32(n)))
    return perf_counter() - began


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    app.run(main)

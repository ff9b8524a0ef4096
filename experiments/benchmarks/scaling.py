"""How the time of training grows with each size: `python -m experiments.benchmarks.scaling [--cells=rnn,lstm]`.

One size of a population at a time doubles: members, steps, examples per step, labels b, units; all sizes take turns in
every repeat. The exponent is that of the last doubling, log2 of the ratio of the median times. At most about 1 is
expected, 2 for units; smaller sizes leave part of the machine idle, or their time is that of the first chunk.
"""

from time import perf_counter
from typing import cast

import jax
import numpy as np
import pandas as pd
from absl import app, flags

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.networks import Network
from capacity_jax.tasks import per_cap
from capacity_jax.training import Bucket, Trial, train_population, use_all_cores

CELLS = flags.DEFINE_list("cells", ["rnn", "lstm"], "Cells to train.")
REPEATS = flags.DEFINE_integer("repeats", 3, "Timings of each population, of which the median counts.")

BASE = {"members": 4, "steps": 400, "batch_size": 128, "b": 1024, "units": 32}
DOUBLED = {
    "members": (4, 8, 16),
    "steps": (400, 800, 1600),
    "batch_size": (256, 512, 1024),
    "b": (4096, 8192, 16384),
    "units": (64, 128, 256),
}


def main(_):
    """Times all populations and prints a row for each cell and size."""
    use_all_cores()
    runs = [(cell, size, BASE | {size: n}) for cell in CELLS.value for size in DOUBLED for n in DOUBLED[size]]
    for cell, _, run in runs:
        seconds(cell, **run)
    medians = np.median([[seconds(cell, **run) for cell, _, run in runs] for _ in range(REPEATS.value)], axis=0)
    rows: dict[tuple[str, str], dict] = {}
    for (cell, size, run), median in zip(runs, medians, strict=True):
        rows.setdefault((cell, size), {})[run[size]] = median
    table = [
        {"cell": cell, "size": size, "exponent": exponent(list(times.values()))}
        | {"seconds": ", ".join(f"{n}: {time:.2f}" for n, time in times.items())}
        for (cell, size), times in rows.items()
    ]
    print(pd.DataFrame(table).to_string(index=False))
    print(f"{len(jax.devices())} devices, jax {jax.__version__}; elsewhere {BASE}")


def exponent(times: list[float]) -> float:
    """Of the last doubling."""
    return round(float(np.log2(times[-1] / times[-2])), 2)


def seconds(cell: str, members: int, steps: int, batch_size: int, b: int, units: int) -> float:
    """Wall time of one population; the first of its bucket compiles."""
    trials = [Trial({"b": b, "train_steps": steps}, seed) for seed in range(members)]
    began = perf_counter()
    bucket = Bucket(Network(cell_by_name(cast(CellName, cell)), 32, units, 1), per_cap(n_in=32, b_max=b), batch_size)
    for _ in train_population(bucket, trials):
        pass
    return perf_counter() - began


if __name__ == "__main__":
    app.run(main)

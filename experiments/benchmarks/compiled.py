"""What populations cost on TPUs and GPUs, by the word of their compilers; no such device has to be there.

`python -m experiments.benchmarks.compiled [--quick] [--devices=v5e,H100] [--cells=rnn] [--shapes=16x64] [--json=PATH]`

The compilers come with the extras `aot-tpu` and `aot-gpu`; devices whose compiler is missing are left out by name. For
each device, cell and shape, units x batch, the program that a population runs is compiled and read, with 256 members on
each core or as many as fit. EVERY NUMBER IS AN ESTIMATE of the compiler, good for comparing programs and not a clock:
cycles of one training step of a member; member-steps per second of one core at the assumed clock; useful operations
as a share of the peak in 32 bits; bytes moved between main memory and chip, and as a share of the bandwidth; memory;
loops inside the step and those of them that take members one by one; collectives; kernels per step, on a GPU.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

# Before JAX starts: it is to look for no accelerator, and its compilers ask no network.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pandas as pd
from absl import app, flags
from jax.errors import JaxRuntimeError

from capacity_jax.commands.command_line import stop
from experiments.benchmarks.estimates import estimate
from experiments.benchmarks.report import as_text
from experiments.benchmarks.targets import TARGETS, V5E
from experiments.benchmarks.work import Work

CELLS = ("rnn", "gru", "lstm", "intersection")
SHAPES = ("16x64", "16x2800", "64x4096")
# Programs that are compiled at once; each keeps a core busy and takes some gigabytes.
AT_ONCE = 2

QUICK = flags.DEFINE_bool("quick", False, "RNN and LSTM on one v5e core, 16x64 and 64x4096.")
ONLY_DEVICES = flags.DEFINE_list("devices", None, f"Some of {', '.join(one.name for one in TARGETS)}; by default all.")
ONLY_CELLS = flags.DEFINE_list("cells", None, f"Cells; by default {', '.join(CELLS)}.")
ONLY_SHAPES = flags.DEFINE_list("shapes", None, f"Shapes, units x batch; by default {', '.join(SHAPES)}.")
JSON = flags.DEFINE_string("json", None, "File to which each row is appended as a line of JSON.")
flags.register_validator(
    "devices",
    lambda names: set(names or ()) <= {one.name for one in TARGETS},
    f"allowed: some of {', '.join(one.name for one in TARGETS)}",
)
flags.register_validator("cells", lambda names: set(names or ()) <= set(CELLS), f"allowed: some of {', '.join(CELLS)}")
flags.register_validator("shapes", lambda names: all(map(_sizes, names or ())), "a shape is units x batch: 16x64")


def main(_) -> None:
    """Compiles and prints row by row."""
    targets, cells, shapes = list(TARGETS), CELLS, SHAPES
    if QUICK.value:
        targets, cells, shapes = [V5E], ("rnn", "lstm"), ("16x64", "64x4096")
    if ONLY_DEVICES.value:
        targets = [one for one in TARGETS if one.name in ONLY_DEVICES.value]
    works = [
        Work(cell, *map(int, shape.split("x")))
        for cell, shape in product(ONLY_CELLS.value or cells, ONLY_SHAPES.value or shapes)
    ]
    for target in targets:
        if target.missing:
            print(f"left out: {target.name} (its compiler is not installed; the {target.missing} extra has it)")
    there = [target for target in targets if not target.missing]
    if not there:
        stop("no compiler for the devices asked for is installed")
    print("every number is an estimate of a compiler")
    left_out = []
    compilers = ThreadPoolExecutor(AT_ONCE)
    try:
        programs = [(target, work, compilers.submit(estimate, target, work)) for target, work in product(there, works)]
        for i, (target, work, compiled) in enumerate(programs):
            what = f"{target.name} {work.cell} {work.units}x{work.batch}"
            print(f"{i + 1} of {len(programs)}: {what}, compiling", file=sys.stderr, flush=True)
            try:
                row = compiled.result()
            except JaxRuntimeError as error:
                # A compiler that is newer than jaxlib may write what jaxlib cannot read.
                print(f"left out: {what} ({' '.join(str(error).split())[:200]})", flush=True)
                left_out.append(what)
                continue
            print(as_text(pd.DataFrame([row])), flush=True)
            if JSON.value:
                with Path(JSON.value).open("a") as file:
                    file.write(json.dumps(row) + "\n")
    finally:
        # Where the command ends early, what has not begun is not compiled.
        compilers.shutdown(wait=False, cancel_futures=True)
    if left_out:
        stop(f"left out because they failed, as is said above: {', '.join(left_out)}")


def _sizes(shape: str) -> bool:
    units, _, batch = shape.partition("x")
    return units.isdecimal() and batch.isdecimal() and int(units) > 0 and int(batch) > 0


if __name__ == "__main__":
    app.run(main)

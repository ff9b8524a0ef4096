"""What populations cost on TPUs and GPUs, by the word of their compilers; no such device has to be there.

`python -m experiments.benchmarks.compiled [--quick] [--kernel] [--devices=v5e,H100] [--cells=rnn] [--shapes=16x64]
[--json=PATH]`

The compilers come with the extras `aot-tpu` and `aot-gpu`; devices whose compiler is missing are left out by name. For
each device, cell and shape, units x batch, the program that a population runs is compiled and read, with 256 members on
each core or as many as fit. EVERY NUMBER IS AN ESTIMATE of the compiler, good for comparing programs and not a clock:
cycles of one training step of a member; member-steps per second of one core at the assumed clock; useful operations
as a share of the peak in 32 bits; bytes moved between main memory and chip, and as a share of the bandwidth; memory;
loops inside the step and those of them that take members one by one; collectives; kernels per step, on a GPU. With
`--kernel` members of the cells that it takes train by the kernel for narrow ones: on a TPU its cycles are the bundles
of its schedule, one a cycle.
"""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

# Before JAX starts: it is to look for no accelerator, and its compilers ask no network.
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import pandas as pd
from absl import app, flags
from jax.errors import JaxRuntimeError

from capacity_jax.commands.command_line import stop
from capacity_jax.training.kernels import kernel_of
from experiments.benchmarks.estimates import estimate
from experiments.benchmarks.report import as_text
from experiments.benchmarks.schedule import write_schedules
from experiments.benchmarks.targets import TARGETS, V5E, Target
from experiments.benchmarks.work import NEEDED_GATES, Work

CELLS = ("rnn", "gru", "lstm", "intersection")
SHAPES = ("16x64", "16x2800", "64x4096")
# Programs that are compiled at once; each keeps a core busy and takes some gigabytes.
AT_ONCE = 2

KERNEL = flags.DEFINE_bool("kernel", False, "By the kernel for narrow members, 16x64 by default.")
QUICK = flags.DEFINE_bool("quick", False, "RNN and LSTM on one v5e core, 16x64 and 64x4096.")
ONLY_DEVICES = flags.DEFINE_list("devices", None, f"Some of {', '.join(one.name for one in TARGETS)}; by default all.")
ONLY_CELLS = flags.DEFINE_list("cells", None, f"Cells; by default {', '.join(CELLS)}, or all that have a kernel.")
ONLY_SHAPES = flags.DEFINE_list(
    "shapes", None, f"Shapes, units x batch; by default {', '.join(SHAPES)}, by the kernel the first."
)
JSON = flags.DEFINE_string("json", None, "File to which each row is appended as a line of JSON.")
flags.register_validator(
    "devices",
    lambda names: set(names or ()) <= {one.name for one in TARGETS},
    f"allowed: some of {', '.join(one.name for one in TARGETS)}",
)
flags.register_validator(
    "cells", lambda names: set(names or ()) <= set(NEEDED_GATES), f"allowed: some of {', '.join(NEEDED_GATES)}"
)
flags.register_validator("shapes", lambda names: all(map(_sizes, names or ())), "a shape is units x batch: 16x64")


def main(_) -> None:
    """Compiles and prints row by row."""
    targets, cells, shapes = list(TARGETS), CELLS, SHAPES
    if QUICK.value:
        targets, cells, shapes = [V5E], ("rnn", "lstm"), ("16x64", "64x4096")
    if KERNEL.value:
        cells, shapes = tuple(NEEDED_GATES), ("16x64",)
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
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        if KERNEL.value:
            write_schedules(Path(folder))
        programs = [
            (target, work)
            for target, work in product(there, works)
            if ONLY_CELLS.value or not KERNEL.value or kernel_of(work.bucket, target.devices)
        ]
        if not programs:
            stop("no kernel takes cells of the shapes and devices asked for; allowed: up to 32 units")
        left_out = list(_printed(programs, Path(folder) if KERNEL.value else None))
    if left_out:
        stop(f"left out because they failed, as is said above: {', '.join(left_out)}")


def _printed(programs: list[tuple[Target, Work]], schedules: Path | None) -> Iterator[str]:
    """Prints each program's row, or why there is none; the names of those that failed."""
    # A schedule does not say of which program it is.
    compilers = ThreadPoolExecutor(1 if schedules else AT_ONCE)
    try:
        rows = [compilers.submit(estimate, *program, schedules=schedules) for program in programs]
        for i, ((target, work), row) in enumerate(zip(programs, rows, strict=True)):
            what = f"{target.name} {work.cell} {work.units}x{work.batch}"
            print(f"{i + 1} of {len(programs)}: {what}, compiling", file=sys.stderr, flush=True)
            try:
                found = row.result()
            except (JaxRuntimeError, MemoryError, ValueError) as error:
                # Not one member fits, no kernel takes the work, or jaxlib cannot read what a newer compiler wrote.
                print(f"left out: {what} ({' '.join(str(error).split())[:200]})", flush=True)
                yield what
                continue
            print(as_text(pd.DataFrame([found])), flush=True)
            if JSON.value:
                with Path(JSON.value).open("a") as file:
                    file.write(json.dumps(found) + "\n")
    finally:
        # Where the command ends early, what has not begun is not compiled.
        compilers.shutdown(wait=False, cancel_futures=True)


def _sizes(shape: str) -> bool:
    units, _, batch = shape.partition("x")
    return units.isdecimal() and batch.isdecimal() and int(units) > 0 and int(batch) > 0


if __name__ == "__main__":
    app.run(main)

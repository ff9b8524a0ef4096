"""How fast many small networks train, here and elsewhere.

`python -m experiments.benchmarks.population [--quick] [--cells=rnn,gru] [--shapes=16x64,64x4096] [--json=PATH]`

For every cell and shape, units x batch, the contenders make the same training steps, described in `work`, in turn:

- `capacity_jax`: the population, one member on each core, or hundreds on a GPU; besides the work of the others it
  clips, decays and schedules by hyperparameters that are traced;
- `torch eager` and `torch compiled`: the cell from its equations in PyTorch; `torch nn`: the module of `torch.nn`,
  cuDNN's on a GPU. One model after another with all cores, or with one where that is faster; fused Adam;
- `flax + optax`: Flax's `nn.RNN` vmapped over members, a compiled step in a Python loop;
- `naive vmap`: our cells vmapped over batch and members, all steps in one compiled loop.

The last two train as many members as the population, and at batches up to 256, where it helps them, eight times as
many. Run-steps per second are members times steps over seconds. Torch comes with the `bench` extra; without it its
contenders are left out. The memory of a JAX program is what its compiler plans; of torch on a CPU, tensors and the
growth of the process. With --quick two contenders are compiled at once, so `compile_s` is larger.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import cast

import jax
import pandas as pd
from absl import app, flags, logging

from capacity_jax.cells import CellName, cell_by_name
from capacity_jax.commands.command_line import stop
from capacity_jax.training import use_all_cores
from experiments.benchmarks.machine import describe
from experiments.benchmarks.ours import population
from experiments.benchmarks.peers.flax_vmap import flax_vmap
from experiments.benchmarks.peers.naive import naive
from experiments.benchmarks.report import as_text, rows, summary
from experiments.benchmarks.timing import interleaved
from experiments.benchmarks.work import NEEDED_GATES, Contender, Work

SHAPES = ("16x64", "16x256", "16x2800", "32x2800", "64x4096", "128x4096")
QUICK_SHAPES = ("16x64", "16x2800", "64x4096")
QUICK_CELLS = ("rnn", "gru", "lstm")

QUICK = flags.DEFINE_bool("quick", False, "Three cells, three shapes, fewer and shorter repeats.")
ONLY_CELLS = flags.DEFINE_list("cells", None, "Cells to train; by default all.")
ONLY_SHAPES = flags.DEFINE_list("shapes", None, "Shapes, units x batch, such as 16x64; by default six.")
JSON = flags.DEFINE_string("json", None, "File to which each row is appended as a line of JSON.")


def main(works: list[Work], repeats: int, seconds: float, at_once: int, json_path: Path | None) -> None:
    """Times all contenders at all works; prints rows as they come and a summary at the end."""
    device, left_out = describe(), missing_peers()
    print(device)
    if left_out:
        print(f"left out: {left_out}")
    table = pd.DataFrame()
    for i, work in enumerate(works):
        place = f"{i + 1} of {len(works)}: {work.cell} {work.units}x{work.batch}"
        print(f"{place}, compiling", file=sys.stderr, flush=True)
        contenders = prepared(work, at_once, with_torch=not left_out)
        print(f"{place}, timing", file=sys.stderr, flush=True)
        speeds, peak = interleaved(contenders, repeats, seconds)
        new = rows(work, contenders, speeds, peak)
        table = pd.concat([table, pd.DataFrame(new)], ignore_index=True)
        print(as_text(pd.DataFrame(new)), flush=True)
        if json_path:
            machine = {"device": device, "peak_gflop_per_s": peak / 1e9}
            with json_path.open("a") as file:
                file.writelines(json.dumps(machine | row) + "\n" for row in new)
    print(as_text(summary(table)))


def prepared(work: Work, at_once: int, *, with_torch: bool) -> list[Contender]:
    """The contenders, the population first, so many compiled at once.

    Raises:
      RuntimeError: one of them trains another number of parameters than the network of the work has.
    """
    torch_makers = []
    if with_torch:
        from experiments.benchmarks.peers import torch_loop

        torch_makers = torch_loop.makers(work)
    with ThreadPoolExecutor(at_once) as pool:
        contenders = list(pool.map(lambda make: make(work), [population, *torch_makers, flax_vmap, naive]))
    for contender in contenders:
        if contender.n_params != work.bucket.network.n_params:
            raise RuntimeError(
                f"{contender.name} trains {contender.n_params} parameters of {work.cell} {work.units}x{work.batch}; "
                f"the work has {work.bucket.network.n_params}"
            )
    return contenders


def missing_peers() -> str:
    """Which peers cannot take part and why; empty if all can."""
    names = "torch eager, torch compiled, torch nn"
    if find_spec("torch") is None:
        return f"{names} (torch is not installed; the bench extra has it)"
    from experiments.benchmarks.peers import torch_loop

    return "" if torch_loop.prepare() else f"{names} (this torch cannot use the {jax.default_backend()})"


def works_asked_for() -> list[Work]:
    """Cells times shapes.

    Raises:
      ValueError: a cell is unknown or a shape is not two sizes.
    """
    cells = ONLY_CELLS.value or (QUICK_CELLS if QUICK.value else tuple(NEEDED_GATES))
    shapes = ONLY_SHAPES.value or (QUICK_SHAPES if QUICK.value else SHAPES)
    return [Work(cell_by_name(cast(CellName, cell)).name, *sizes(shape)) for cell, shape in product(cells, shapes)]


def sizes(shape: str) -> tuple[int, int]:
    """Units and batch of a shape such as 16x64."""
    units, _, batch = shape.partition("x")
    if not (units.isdecimal() and batch.isdecimal() and int(units) and int(batch)):
        raise ValueError(f"shapes holds {shape!r}; allowed: units x batch, two whole numbers such as 16x64")
    return int(units), int(batch)


def command_line(argv: list[str]) -> list[str]:
    """Reads the flags; ends the process with one line if they are wrong."""
    try:
        rest = flags.FLAGS(argv)
    except flags.Error as error:
        stop(str(error).splitlines()[0])
    if len(rest) > 1:
        stop(f"unknown argument {rest[1]!r}; flags begin with --")
    return rest


def run_as_told(argv: list[str]) -> None:
    """What the flags ask for; ends the process with one line if that makes no sense."""
    del argv
    logging.set_verbosity(logging.WARNING)
    path = Path(JSON.value) if JSON.value else None
    try:
        works = works_asked_for()
        if path:
            path.open("a").close()
    except (ValueError, OSError) as error:
        stop(str(error))
    repeats, seconds, at_once = (3, 0.1, 2) if QUICK.value else (5, 0.5, 1)
    main(works, repeats, seconds, at_once, path)


if __name__ == "__main__":
    use_all_cores()
    app.run(run_as_told, flags_parser=command_line)

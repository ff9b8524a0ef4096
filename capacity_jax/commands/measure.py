"""Measures the capacity of a cell and prints the result.

`capacity-jax measure gru --budgets=300,600 --steps=2000 --workdir=runs/gru`
"""

from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace
from inspect import signature

from capacity_jax.cells.registry import CELLS, cells_and_depths
from capacity_jax.measure import measure_capacity
from capacity_jax.tasks.registry import TASKS

DEFAULTS = {name: one.default for name, one in signature(measure_capacity).parameters.items()}


def add_arguments(parser: ArgumentParser) -> None:
    """Those of `measure_capacity`, whose defaults hold where one is left out."""
    cells, tasks = ", ".join(CELLS), ", ".join(TASKS)
    parser.add_argument("cell", help=f"{cells}, or your own, such as mypackage.cells:leaky; @2 behind it is a depth")

    def add(name, kind, about, field=""):
        default = DEFAULTS.get(field or name)
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        about = about if default is None else f"{about} (default: {shown})"
        parser.add_argument(f"--{name}", type=kind, dest=field or name, default=SUPPRESS, help=about)

    add("task", str, f"{tasks}, or your own, such as mypackage.tasks:mine")
    add("budgets", _numbers, "largest numbers of parameters, such as 300,600")
    add("steps", int, "training steps of each trial", field="train_steps")
    add("trials", int, "settings that a search proposes for each size, beside those known to be good")
    add("seeds", int, "measurements of the best setting")
    add("seed", int, "from it follow all data, weights and draws")
    add("batch_size", int, "examples per training step")
    add(
        "workdir", str, "directory that keeps all trials, from which the same command goes on; by default none are kept"
    )
    add("name", str, "of the variant, where a directory holds several of one cell")
    add("storage", str, "URL of an Optuna storage for the trials; by default studies.db in the workdir")


def run(options: Namespace) -> None:
    """Measures, and prints the headline and a row for each size.

    Raises:
      ValueError: an argument is not what it may be.
    """
    given = {name: value for name, value in vars(options).items() if name not in ("command", "cell")}
    cells = cells_and_depths(options.cell)
    if len(cells) > 1:
        raise ValueError(f"cell is {options.cell!r}; allowed: one")
    [(cell, depth)] = cells
    print(measure_capacity(cell, depth=depth, **given))
    if workdir := given.get("workdir"):
        print(f"the trials are in {workdir}; capacity-jax report {workdir} makes a page of them")


def _numbers(text):
    try:
        return tuple(int(number) for number in text.strip("(), ").split(","))
    except ValueError:
        raise ArgumentTypeError(f"{text!r} holds no whole numbers; allowed: numbers such as 300,600") from None

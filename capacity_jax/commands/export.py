"""Writes all trials of a run into a Parquet file, a row each.

`capacity-jax export WORKDIR --out=trials.parquet`
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from capacity_jax.commands.command_line import add_source
from capacity_jax.results.parquet import write_parquet
from capacity_jax.results.workdir import open_trials


def add_arguments(parser: ArgumentParser) -> None:
    """Where the run is kept, and the file."""
    add_source(parser)
    parser.add_argument("--out", type=Path, help="the file; by default trials.parquet in the work directory, or here")


def run(options: Namespace) -> None:
    """Writes the file, and prints how many trials and where.

    Raises:
      WorkdirError: there are no studies, or they cannot be read.
      ValueError: pyarrow is missing.
      OSError: the file cannot be written.
    """
    trials = open_trials(options.workdir, options.storage)
    out = options.out or (options.workdir or Path()) / "trials.parquet"
    write_parquet(out, trials)
    print(f"{len(trials)} trials are in {out.resolve()}")

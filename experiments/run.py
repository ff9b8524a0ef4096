"""Measures what a configuration asks for.

`python -m experiments.run --config=experiments/configs/quickstart.py [--workdir=DIR] [--config.budgets=300,600 ...]`

Writes to the work directory `config.json`, `trials.jsonl` (every trial), a table `NAME.csv` with one row per cell,
depth and size, and a figure `NAME.png`; NAME is `capacity` for the memorization task and the task's own otherwise.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path

import jax
import pandas as pd
from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from capacity_jax.results import (
    append_record,
    as_text,
    capacity_figure,
    objective_figure,
    recall_figure,
    slopes,
    study_row,
)
from capacity_jax.search import Study, run_study
from capacity_jax.training import prepare_population
from experiments.plan import studies
from experiments.progress import Progress
from experiments.workdir import open_workdir

CONFIG = config_flags.DEFINE_config_file("config", help_string="Configuration file, with :extent behind it.")
WORKDIR = flags.DEFINE_string("workdir", None, "Where results go; by default runs/, then the configuration's name.")


def main(config: ConfigDict, workdir: str) -> None:
    """Runs the configuration's studies, then prints and saves what they found."""
    plan = studies(config)
    directory = open_workdir(workdir, config)
    table = measure(plan, directory)
    print(as_text(table))
    if config.task == "per_cap":
        for (cell, depth), fit in slopes(table).items():
            print(
                f"{cell}, depth {depth}: slope {fit.value:.2f} bits per parameter, 95% [{fit.low:.2f}, {fit.high:.2f}]"
            )
    print(f"table, figure and trials are in {directory.resolve()}")


def measure(plan: list[Study], directory: Path) -> pd.DataFrame:
    """Runs the studies one after another, each compiled while the one before it trains; the table follows suit."""
    task = plan[0].bucket.task
    name = "capacity" if task.name == "per_cap" else task.name
    trials = directory / "trials.jsonl"
    trials.unlink(missing_ok=True)
    progress = Progress(plan)
    rows = []
    with ThreadPoolExecutor(1) as compiler:
        compiled = compiler.submit(prepare_population, plan[0].bucket)
        for study, following in zip_longest(plan, plan[1:]):
            compiled.result()
            if following is not None:
                compiled = compiler.submit(prepare_population, following.bucket)
            outcomes = []
            for outcome in run_study(
                study,
                on_repeats=lambda repeats, bucket=study.bucket: progress.add(bucket, repeats),
                on_chunk=lambda n_steps, bucket=study.bucket: progress.steps(bucket, n_steps),
            ):
                append_record(trials, study.bucket, outcome)
                progress.outcome(study.bucket, outcome)
                outcomes.append(outcome)
            rows.append(study_row(study, outcomes))
            table = pd.DataFrame(rows)
            table.to_csv(directory / f"{name}.csv", index=False)
    progress.close()
    _figure(task, table).savefig(directory / f"{name}.png", dpi=150)
    return table


def _figure(task, table):
    if task.name == "per_cap":
        return capacity_figure(table)
    if task.name == "mem_thru":
        return recall_figure(table, task.n_in)
    return objective_figure(table, task.columns[-1], task.name)


def _command_line(argv: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
        if CONFIG.value is None:
            _stop("--config is missing; for example --config=experiments/configs/quickstart.py")
        if WORKDIR.value is None:
            flags.FLAGS.workdir = str(Path("runs") / CONFIG.value.name)
    except AttributeError as error:
        # ml_collections wraps its KeyError, whose message ends with the nearest field.
        _stop("config has no field " + str(error.args[0].args[0]).replace("\n", "; "))
    except (flags.Error, ValueError, TypeError, OSError) as error:
        # What went wrong in a configuration file stands last.
        _stop(str(error).strip().splitlines()[-1].strip().removeprefix("ValueError: "))
    if len(rest) > 1:
        _stop(f"unknown argument {rest[1]!r}; flags begin with --")
    return rest


def _run(argv: list[str]) -> None:
    logging.set_verbosity(logging.WARNING)
    try:
        main(CONFIG.value, WORKDIR.value)
    except ValueError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _stop(message: str) -> None:
    print(f"capacity_jax: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    # A device per core: each then owns the members it trains.
    jax.config.update("jax_num_cpu_devices", len(os.sched_getaffinity(0)))
    app.run(_run, flags_parser=_command_line)

"""Measures what a configuration asks for.

`python -m experiments.run --config=experiments/configs/quickstart.py [--workdir=DIR] [--config.budgets=300,600 ...]`

Writes to the work directory `config.json`, `trials.jsonl` (every trial), a table `NAME.csv` with one row per cell,
depth and size, and a figure `NAME.png`; NAME is `capacity` for the memorization task and the task's own otherwise.
"""

import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

import pandas as pd
from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from capacity_jax.results import append_record, as_text, slopes, study_row, task_figure
from capacity_jax.search import Study, run_studies
from capacity_jax.training import use_all_cores
from experiments.plan import studies
from experiments.workdir import open_workdir

CONFIG = config_flags.DEFINE_config_file("config", help_string="Configuration file, with :extent behind it.")
WORKDIR = flags.DEFINE_string("workdir", "", "Where results go; by default runs/, then the configuration's name.")


def main(config: ConfigDict, workdir: str) -> None:
    """Runs the configuration's studies, then prints and saves what they found."""
    plan = studies(config)
    task = plan[0].bucket.task.name
    directory = open_workdir(workdir, config, task)
    table = measure(plan, directory)
    print(f"task: {task}")
    print(as_text(table))
    if config.task == "per_cap":
        for (cell, depth), fit in slopes(table).items():
            print(
                f"{cell}, depth {depth}: slope {fit.value:.2f} bits per parameter, 95% [{fit.low:.2f}, {fit.high:.2f}]"
            )
    print(f"table, figure and trials are in {directory.resolve()}")


def measure(plan: list[Study], directory: Path) -> pd.DataFrame:
    """Runs the studies one after another; the table grows with them."""
    task = plan[0].bucket.task
    name = "capacity" if task.name == "per_cap" else task.name
    trials = directory / "trials.jsonl"
    trials.unlink(missing_ok=True)
    rows = []
    for study, outcomes in run_studies(plan, on_outcome=partial(_record, trials)):
        rows.append(study_row(study, outcomes))
        pd.DataFrame(rows).to_csv(directory / f"{name}.csv", index=False)
    table = pd.DataFrame(rows)
    task_figure(task, table).savefig(directory / f"{name}.png", dpi=150)
    return table


def _record(trials, study, outcome):
    append_record(trials, study.bucket, outcome)


def _command_line(argv: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
        if CONFIG.value is None:
            _stop("--config is missing; for example --config=experiments/configs/quickstart.py")
        if not WORKDIR.value:
            flags.FLAGS.workdir = str(Path("runs") / CONFIG.value.name)
    except AttributeError as error:
        # ml_collections wraps its KeyError, whose message ends with the nearest field.
        cause = error.args[0] if error.args and isinstance(error.args[0], KeyError) else error
        _stop("config has no field " + str(cause.args[0]).replace("\n", "; "))
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
    except (ValueError, OSError) as error:
        _stop(str(error))
    except KeyboardInterrupt:
        print(f"\ncapacity_jax: interrupted; finished trials and sizes are in {WORKDIR.value}", file=sys.stderr)
        sys.exit(130)


def _stop(message: str) -> NoReturn:
    print(f"capacity_jax: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    use_all_cores()
    app.run(_run, flags_parser=_command_line)

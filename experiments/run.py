"""Measures what a configuration asks for.

`python -m experiments.run --config=experiments/configs/quickstart.py [--workdir=DIR] [--config.budgets=300,600 ...]`

The trials are kept in an Optuna storage, by default the file `studies.db` of the work directory. The same command goes
on where an earlier one ended, however it ended, and with more trials, seeds, sizes or cells adds to what is there;
several at once share the work. Each trial that ends adds a line to `metrics.jsonl` and, where tensorboardX is
installed, a run to the folder `tensorboard`. At the end the work directory holds, beside `config.json`, a table
`NAME.csv` with one row per cell, depth and size, a figure `NAME.png`, and in `weights` the trained parameters of each
best setting, which `load_network` reads; NAME is `capacity` for the memorization task and the task's own otherwise. A
configuration that names the folder of a figure, as the paper's do, adds that figure, in PNG, SVG and PDF, and
`report.html`.
"""

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from absl import app, flags, logging
from ml_collections import ConfigDict, config_flags

from capacity_jax.commands.command_line import stop
from capacity_jax.results import as_text, in_words, read_trials, slopes, task_table
from capacity_jax.results.figures import task_figure
from capacity_jax.results.metrics import log_of_trials
from capacity_jax.results.workdir import read_config
from capacity_jax.studies import Persistence, Stopped, Storage, Study, Worker, masked, open_storage, run_studies
from capacity_jax.studies.record import Record
from capacity_jax.training import use_all_cores
from experiments.dry_run import dry_run
from experiments.help import help_text
from experiments.paper.folders import figure_of
from experiments.plan import studies
from experiments.report import write as write_report
from experiments.space_flags import split_space
from experiments.workdir import open_workdir, share_programs

HELP = {"--help", "-help", "-h", "-?"}
# The command line without what `split_space` takes out of it.
ARGUMENTS: list[str] = []
CONFIG = config_flags.DEFINE_config_file(
    "config", help_string="Configuration file, with :extent behind it.", sys_argv=ARGUMENTS
)
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print what would be trained and how long that takes, and train nothing.")
WORKDIR = flags.DEFINE_string("workdir", "", "Where results go; by default runs/, then the configuration's name.")
STORAGE = flags.DEFINE_string(
    "storage",
    "",
    "Optuna storage of the trials; by default CAPACITY_JAX_STORAGE of the environment, which keeps a password out of "
    "the list of processes, or else studies.db in the workdir.",
)


def main(config: Any, workdir: str, storage: str = "", stop: Callable[[], bool] = lambda: False) -> None:
    """Runs the configuration's studies, or what is left of them, then prints and saves what they found."""
    plan = studies(config)
    if config.figure:
        figure_of(config.figure)
    task = plan[0].bucket.task.name
    directory = open_workdir(workdir, config, task)
    share_programs(directory)
    kept = open_storage(storage or f"sqlite:///{directory / 'studies.db'}")
    worker = Worker(directory / "workers")
    persistence = Persistence(
        kept,
        worker,
        interval=config.checkpoint_interval,
        stop=stop,
        weights=directory / "weights",
        kept_settings=config.kept_settings,
        notify=log_of_trials(directory),
    )
    records = measure(plan, directory, persistence)
    print(f"task: {task}")
    print(as_text(task_table(records)))
    one_task = not any(isinstance(value, tuple) for value in config.task_args.values())
    if config.task == "per_cap" and one_task:
        for (cell, depth), fit in slopes(records).items():
            print(f"{cell}, depth {depth}: slope {in_words(fit)} bits per parameter, with its 95% interval")
    if config.figure:
        write_report(directory, trials_of(plan, kept), read_config(directory))
    print(f"table, figure and trials are in {directory.resolve()}")


def measure(plan: list[Study], directory: Path, persistence: Persistence) -> list[Record]:
    """Runs the studies one after another, which the table grows with; the records of all, in the plan's order."""
    task = plan[0].bucket.task.name
    name = "capacity" if task == "per_cap" else task
    found, finished = {}, []
    for study, records in run_studies(plan, persistence):
        found[study.name] = records
        finished = [record for one in plan for record in found.get(one.name, ())]
        task_table(finished).to_csv(directory / f"{name}.csv", index=False)
    task_figure(finished).savefig(directory / f"{name}.png", dpi=150)
    return finished


def trials_of(plan: list[Study], storage: Storage) -> pd.DataFrame:
    """The finished trials of these studies alone; others may share the storage."""
    trials = read_trials(storage)
    return trials.loc[np.isin(trials["study"], [study.name for study in plan])]


def _command_line(argv: list[str]) -> list[str]:
    # What is wrong with a file is said below, once.
    logging.set_verbosity(logging.ERROR)
    try:
        ARGUMENTS[:], space = split_space([argument for argument in argv if argument not in HELP])
        rest = flags.FLAGS(ARGUMENTS)
        # A file that cannot be loaded says so when its fields are first asked for.
        is_given = CONFIG.value is not None and bool(CONFIG.value.keys())
    except AttributeError as error:
        # ml_collections wraps its KeyError, whose message ends with the nearest field.
        cause = error.args[0] if error.args and isinstance(error.args[0], KeyError) else None
        stop(_of_file(error) if cause is None else "config has no field " + str(cause.args[0]).replace("\n", "; "))
    except (flags.Error, ValueError, TypeError, OSError) as error:
        # What went wrong in a configuration file stands last.
        stop(str(error).strip().splitlines()[-1].strip().removeprefix("ValueError: "))
    except (Exception, SystemExit) as error:
        stop(_of_file(error))
    if not HELP.isdisjoint(argv):
        print(help_text(CONFIG.value))
        sys.exit()
    if not is_given:
        stop("--config is missing; for example --config=experiments/configs/quickstart.py")
    if not isinstance(CONFIG.value, ConfigDict):
        stop(f"--config names a file whose get_config returns a {type(CONFIG.value).__name__}; it must be a ConfigDict")
    _change_space(CONFIG.value, space)
    if not WORKDIR.value:
        flags.FLAGS.workdir = str(Path("runs") / str(getattr(CONFIG.value, "name", "")))
    if len(rest) > 1:
        stop(f"unknown argument {rest[1]!r}; flags begin with --")
    return rest


def _change_space(config: Any, changes: Mapping[str, Any]) -> None:
    if changes and isinstance(getattr(config, "space", None), ConfigDict):
        with config.unlocked(), config.ignore_type():
            config.space.update(changes)


def _of_file(error: BaseException) -> str:
    reason = str(error).strip().splitlines()[-1:] or [""]
    return f"--config names a file that cannot be loaded: {type(error).__name__} {reason[0].strip()}".strip()


def _run(argv: list[str]) -> None:
    logging.set_verbosity(logging.WARNING)
    signals = _signals()
    try:
        if DRY_RUN.value:
            print(dry_run(studies(CONFIG.value)))
            return
        storage = STORAGE.value or os.environ.get("CAPACITY_JAX_STORAGE", "")
        main(CONFIG.value, WORKDIR.value, storage, stop=lambda: bool(signals))
    except (ValueError, OSError, MemoryError) as error:
        stop(str(error))
    except (Stopped, KeyboardInterrupt):
        command = shlex.join(["python", "-m", "experiments.run", *map(masked, sys.argv[1:])])
        print(f"\ncapacity_jax: stopped; to go on from here: {command}", file=sys.stderr)
        sys.exit(128 + (signals or [signal.SIGINT])[0])


def _signals() -> list[int]:
    """Grows by the signal that asks the run to stop at the next chance; the same one again ends it at once."""
    received: list[int] = []

    def receive(number, frame):
        received.append(number)
        signal.signal(number, signal.default_int_handler)
        print("\ncapacity_jax: stopping as soon as what is running is saved", file=sys.stderr)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, receive)
    return received


if __name__ == "__main__":
    use_all_cores()
    app.run(_run, flags_parser=_command_line)

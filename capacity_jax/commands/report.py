"""Writes what a run has found as one page of HTML that needs no network, with a figure for each task.

`capacity-jax report WORKDIR` writes WORKDIR/report.html and the figures as PNG, SVG and PDF, also while a run goes on.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from capacity_jax.commands.command_line import add_source
from capacity_jax.results.figures import figures_by_task, learning_figure
from capacity_jax.results.report import report, save_report
from capacity_jax.results.workdir import open_trials, read_config


def add_arguments(parser: ArgumentParser) -> None:
    """Where the run is kept, and where the page goes."""
    add_source(parser)
    parser.add_argument("--out", type=Path, help="directory for page and figures; by default the work directory, or .")


def run(options: Namespace) -> None:
    """Writes page and figures, and prints where.

    Raises:
      WorkdirError: there are no studies, or they cannot be read.
      OSError: a file cannot be written.
    """
    trials = open_trials(options.workdir, options.storage)
    config = read_config(options.workdir) if options.workdir else {}
    figures = figures_by_task(trials) | ({"learning": learning_figure(trials)} if len(trials) else {})
    title = config.get("name") or (options.workdir.resolve().name if options.workdir else "capacity_jax")
    out = options.out or options.workdir or Path()
    save_report(out, report(trials, config, figures, title=title), figures)
    print(f"report and figures are in {out.resolve()}")

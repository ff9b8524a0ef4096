"""Writes a work directory's results as one page of HTML that needs no network.

`python -m experiments.report WORKDIR [--published=rnn_hp_dataset.tar.gz]` writes WORKDIR/report.html, and the paper's
figures for which there are trials as PNG and SVG. It can be written again while a study runs.
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from capacity_jax.results import paper_figures, read_published, report
from experiments.trials import open_trials
from experiments.workdir import CONFIG_FILE, WorkdirError


def main(arguments: list[str] | None = None) -> int:
    """Writes the report and the figures of a work directory; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.report", description="Writes a work directory's report."
    )
    parser.add_argument("workdir", type=Path, help="work directory of experiments.run")
    parser.add_argument("--published", type=Path, help="the authors' archive, drawn as reference points")
    options = parser.parse_args(arguments)
    try:
        write(options.workdir, open_trials(options.workdir), options.published)
    except (ValueError, OSError) as error:
        print(f"capacity_jax: {error}", file=sys.stderr)
        return 2
    print(f"report and figures are in {options.workdir.resolve()}")
    return 0


def write(workdir: Path, trials: pd.DataFrame, published: Path | None = None) -> None:
    """Writes `report.html`, and NAME.png and NAME.svg of each figure for which there are trials, into a directory.

    Raises:
      ValueError: the directory's configuration cannot be read, or the archive is not the authors'.
      OSError: a file cannot be read or written.
    """
    theirs = read_published(published) if published else None
    config = workdir / CONFIG_FILE
    try:
        settings = json.loads(config.read_text()) if config.exists() else {}
    except ValueError as error:
        raise WorkdirError(f"workdir is {workdir}, whose {CONFIG_FILE} cannot be read: {error}") from error
    figures = paper_figures(trials, theirs)
    page = report(trials, settings, figures, title=settings.get("name", workdir.name))
    (workdir / "report.html").write_text(page)
    for name, figure in figures.items():
        for ending in ("png", "svg"):
            figure.savefig(workdir / f"{name}.{ending}", dpi=150)


if __name__ == "__main__":
    sys.exit(main())

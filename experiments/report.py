"""Writes a work directory's results as one page of HTML that needs no network.

`python -m experiments.report WORKDIR [--published=rnn_hp_dataset.tar.gz]` writes WORKDIR/report.html, with the paper's
claims, and the figures for which there are trials as PNG, SVG and PDF: the paper's, and that of the directory's own
configuration. It can be written again while a study runs, and elsewhere with `--out`.
"""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from capacity_jax.commands.command_line import OneLineParser, add_source, stop
from capacity_jax.results.figures import learning_figure
from capacity_jax.results.formatting import in_words
from capacity_jax.results.report import report, save_report, table_html
from capacity_jax.results.workdir import open_trials, read_config
from capacity_jax.stats import Interval
from experiments.paper.folders import draw_figures, judge_claims, tables_of, with_figure
from experiments.paper.looks import levels
from experiments.paper.published import read_published
from experiments.paper.verdict import FAILS, HOLDS, NOT_RUN, UNDECIDED, Judgement

ABOUT_CLAIMS = """<p>Collins, Sohl-Dickstein and Sussillo, <i>Capacity and Trainability in Recurrent Neural
Networks</i>, ICLR 2017. A claim holds if all its 95% intervals lie where it puts them; it does not hold if one lies
elsewhere, at a level corrected for their number; otherwise there are not enough trials. It is not run where no trial
touches it. Open a claim for its rule and numbers.</p>
"""
# Written by `python -m experiments.yardsticks`.
YARDSTICKS = Path(__file__).parent / "results" / "yardsticks.csv"
ABOUT_EFFICIENCY = """<p>Linear readouts hold 2 bits for each weight (Cover 1965). Here is what an exact solver learns
without error, what this trainer learns of the same patterns, and the ratio, with 95% intervals over draws: the rest is
what training leaves on the table. Deeper machines may be trained less well. Measured by
<code>python -m experiments.yardsticks</code>, not in this run.</p>
"""
# Verdicts by the classes of the page's tags.
TAGS = {HOLDS: "good", FAILS: "bad", UNDECIDED: "open", NOT_RUN: "absent"}


def main(arguments: list[str] | None = None) -> None:
    """Writes the report and the figures of a work directory."""
    parser = OneLineParser(prog="python -m experiments.report", description=(__doc__ or "").splitlines()[0])
    add_source(parser)
    parser.add_argument("--out", type=Path, help="directory for page and figures; by default the work directory, or .")
    parser.add_argument("--published", type=Path, help="the authors' archive, drawn as reference points")
    options = parser.parse_args(arguments)
    out = options.out or options.workdir or Path()
    try:
        trials = open_trials(options.workdir, options.storage)
        write(out, trials, read_config(options.workdir) if options.workdir else {}, options.published)
    except (ValueError, OSError) as error:
        stop(error)
    print(f"report and figures are in {out.resolve()}")


def write(directory: Path, records: pd.DataFrame, config: Mapping[str, Any], published: Path | None = None) -> None:
    """Writes `report.html`, and each figure for which there are trials as PNG, SVG and PDF, into a directory.

    Args:
      directory: where.
      records: a table of trials.
      config: the configuration they were run under, which names a figure of its own if it has one; it may be empty.
      published: the authors' archive.

    Raises:
      ValueError: the configuration's figure cannot be drawn, or the archive is not the authors'.
      OSError: a file cannot be read or written.
    """
    folders = with_figure(config.get("figure", ""))
    figures = draw_figures(records, read_published(published) if published else None, folders)
    if len(records):
        figures["learning"] = learning_figure(records)
    judgements = judge_claims(records, folders, levels(directory))
    page = report(
        records,
        config,
        figures,
        sections={"The paper's claims": claims_html(judgements)} | efficiency_section(records),
        tables=tables_of(records, folders),
        title=config.get("name", directory.resolve().name),
    )
    save_report(directory, page, figures)


def efficiency_section(records: pd.DataFrame) -> dict[str, str]:
    """What the trainer makes of machines of known capacity, for a report of capacities; nothing for other tasks."""
    if "per_cap" not in set(records["task"]):
        return {}
    table = pd.read_csv(YARDSTICKS).dropna(subset="efficiency")
    rows = [
        {"machine": f"{row['machine']}, {row['weights']:.0f} weights", "draws": row["draws"]}
        | {
            heading: in_words(Interval(*(row[f"{name}{bound}"] for bound in ("", "_low", "_high"))))
            for name, heading in {
                "exact": "exact, bits per weight",
                "trained": "trained",
                "efficiency": "ratio",
            }.items()
        }
        for row in table.to_dict("records")
    ]
    return {"The trainer's efficiency": ABOUT_EFFICIENCY + table_html(pd.DataFrame(rows))}


def claims_html(judgements: Sequence[Judgement]) -> str:
    """Claims as a section of the report: each opens to its rule and numbers."""
    return ABOUT_CLAIMS + "\n".join(map(_claim, judgements))


def _claim(judgement):
    claim, verdict, findings, remark, level = judgement
    rows = [(finding.name, in_words(finding.interval), finding.quantity.bounds) for finding in findings]
    table = table_html(pd.DataFrame(rows, columns=["what", f"measured, {100 * level:.4g}%", "claimed"])) if rows else ""
    return (
        f'<details class="item"><summary><span class="tag {TAGS[verdict]}">{escape(verdict)}</span> {claim.number}. '
        f"{escape(claim.statement)}</summary><p><b>Rule:</b> {escape(claim.rule)}</p>{table}<p>{escape(remark)}</p>"
        "</details>"
    )


if __name__ == "__main__":
    main()

"""A page of HTML that holds a work directory's results and needs nothing else: no network, no other file."""

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from capacity_jax.results.best import best_table, score_of
from experiments.paper.claims import Claim, judge_claims
from capacity_jax.results.figures import label
from experiments.paper import infeasible_table, paper_figures, rerun_table
from capacity_jax.results.formatting import in_words


def report(
    trials: pd.DataFrame,
    config: Mapping[str, Any] | None = None,
    figures: Mapping[str, Figure] | None = None,
    title: str = "",
) -> str:
    """The page: what was run, claims, figures, tables, configuration, versions and hardware.

    Args:
      trials: a table of trials, as far as the studies have come.
      config: the configuration they were run under.
      figures: what to show, by name; by default the paper's for which there are trials.
      title: the page's heading.

    Returns:
      HTML with its figures inside.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS, report
      >>> page = report(pd.DataFrame(columns=TRIAL_COLUMNS), title="fig1 & more")
      >>> "<h1>fig1 &amp; more</h1>" in page, "://" in page
      (True, False)
    """
    page = Template(Path(__file__).with_name("report.html").read_text())
    figures = paper_figures(trials) if figures is None else figures
    return page.substitute(
        title=escape(title),
        summary=_definitions(_summary(trials)),
        claims="".join(map(_claim, judge_claims(trials))),
        figures="".join(_figure(name, figure) for name, figure in figures.items()) or "<p>No trials to draw yet.</p>",
        studies=_table(_studies(trials)),
        tables=_more_tables(trials),
        config=_definitions(_flat(config or {})) or "<p>No configuration was given.</p>",
        versions=_definitions(_versions(trials)) or "<p>No trials yet.</p>",
    )


def _summary(trials: pd.DataFrame) -> dict[str, str]:
    seconds, steps = float(np.nansum(trials["seconds"])), int(np.nansum(trials["steps"]))
    finished = trials["finished"].dropna()
    summary = {
        "studies": f"{trials['study'].nunique()}",
        "trials": f"{len(trials):,}, of which {sum(trials['infeasible']):,} diverged",
        "run-steps": f"{steps:,} (training steps, all trials together)",
        "time": f"{_duration(seconds)} (sum of the trials' own)",
    }
    if len(finished):
        summary["finished"] = f"{finished.min():%Y-%m-%d %H:%M} to {finished.max():%Y-%m-%d %H:%M}"
    return summary


def _duration(seconds: float) -> str:
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60:.0f} s"


def _studies(trials: pd.DataFrame) -> pd.DataFrame:
    """The best setting of every study, its score in one column whatever the task."""
    best = best_table(trials)
    cells = [label((cell, 1)) for cell in best["cell"]]
    columns = {"study": best["study"], "task": best["task"], "cell": cells}
    for name in ("depth", "units", "parameters", "n_steps"):
        columns[name.replace("_", " ")] = best[name]
    scores = [score_of(task) for task in best["task"]]
    columns["score"] = [score.replace("_", " ") for score in scores]
    columns["value"] = [best[score].iloc[i] if score in best else None for i, score in enumerate(scores)]
    columns |= {"95% from": best["ci_low"], "to": best["ci_high"]}
    return pd.DataFrame(columns | {name: best[name] for name in ("seeds", "trials", "infeasible")})


def _more_tables(trials: pd.DataFrame) -> str:
    tables = {"Table 1: shares of diverged random draws": infeasible_table(trials)}
    tables["Repeats of the best settings"] = rerun_table(trials)
    return "".join(f"<h3>{escape(name)}</h3>{_table(table)}" for name, table in tables.items() if len(table))


def _versions(trials: pd.DataFrame) -> dict[str, str]:
    """What the trials were made with; where they differ, each once."""
    found: dict[str, list[str]] = {}
    for versions in trials["versions"].dropna():
        for name, value in versions.items():
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return {name: "; ".join(values) for name, values in found.items()}


def _claim(claim: Claim) -> str:
    findings = "".join(
        f"<tr><td>{escape(finding.name)}</td><td>{escape(in_words(finding.interval))}</td>"
        f"<td>{escape(finding.bounds)}</td></tr>"
        for finding in claim.findings
    )
    kind = claim.verdict.replace(" ", "-")
    remark = f"<p>{escape(claim.remark)}</p>" if claim.remark else ""
    table = f"<div class=wide><table><tr><th>what<th>measured, 95%<th>claimed</tr>{findings}</table></div>"
    return (
        f"<details class=claim><summary><span class='verdict {kind}'>{escape(claim.verdict)}</span> "
        f"{claim.number}. {escape(claim.statement)}</summary><p><b>Rule:</b> {escape(claim.rule)}</p>{table}{remark}"
        "</details>"
    )


def _figure(name: str, figure: Figure) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    data = base64.b64encode(file.getvalue()).decode()
    return f"<figure id='{escape(name)}'><img alt='{escape(name)}' src='data:image/svg+xml;base64,{data}'></figure>"


def _table(table: pd.DataFrame) -> str:
    if table.empty:
        return "<p>No trials yet.</p>"
    numbers = set(table.select_dtypes("number"))
    head = "".join(
        f"<th{' class=number' if name in numbers else ''}>{escape(str(name)).replace('_', ' ')}" for name in table
    )
    rows = "".join(
        "<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in table.itertuples(index=False, name=None)
    )
    return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "<td class=number>–</td>"
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
    return f"<td class=number>{text}</td>"


def _definitions(values: Mapping[str, Any]) -> str:
    rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in values.items())
    return f"<dl>{rows}</dl>" if rows else ""


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """A nested configuration by dotted names."""
    if not isinstance(value, Mapping) or not value:
        return {prefix: value} if prefix else {}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        flat |= _flat(inner, f"{prefix}.{name}" if prefix else str(name))
    return flat

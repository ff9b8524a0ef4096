"""A page of HTML that holds results and needs nothing else: no network, no other file."""

import base64
import io
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import pandas as pd
from flax.traverse_util import flatten_dict
from matplotlib.figure import Figure

from capacity_jax.results.best import best_table
from capacity_jax.results.formatting import network_label


def report(
    trials: pd.DataFrame,
    config: Mapping[str, Any] | None = None,
    figures: Mapping[str, Figure] | None = None,
    sections: Mapping[str, str] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    title: str = "",
) -> str:
    """The page: what was run, sections of the caller's, figures, tables, configuration, versions and hardware.

    Args:
      trials: a table of trials, as far as the studies have come.
      config: the configuration they were run under.
      figures: what to show, by name.
      sections: HTML by heading, shown before the figures. For a list of things that are judged, `report.html` has the
        classes `item`, `tag`, and `good`, `bad`, `open`, `absent` for the colour of a tag.
      tables: by heading, shown after that of the studies.
      title: the page's heading.

    Returns:
      HTML with its figures inside.

    Example:
      >>> from capacity_jax.results.report import report
      >>> from capacity_jax.results.trials import read_trials
      >>> from capacity_jax.studies import open_storage
      >>> page = report(read_trials(open_storage()), title="fig1 & more")
      >>> "<h1>fig1 &amp; more</h1>" in page, "://" in page
      (True, False)
    """
    figures, sections, tables = figures or {}, sections or {}, tables or {}
    drawn = "".join(_figure(name, figure) for name, figure in figures.items())
    more = "".join(f"<h3>{escape(name)}</h3>{table_html(table)}" for name, table in tables.items() if len(table))
    settings = flatten_dict(dict(config or {}), sep=".")
    content = {
        **sections,
        "Figures": drawn or "<p>Nothing is drawn yet.</p>",
        "Studies": _ABOUT_STUDIES + table_html(_studies(trials)) + more,
        "Configuration": _definitions(settings) or "<p>No configuration was given.</p>",
        "Versions and hardware": _definitions(_versions(trials)) or "<p>No trials yet.</p>",
    }
    ids = {heading: heading.lower().replace(" ", "-").replace("'", "") for heading in content}
    page = Template(Path(__file__).with_name("report.html").read_text())
    return page.substitute(
        title=escape(title),
        links="".join(f'<a href="#{escape(ids[heading])}">{escape(heading)}</a>' for heading in content),
        summary=_definitions(_summary(trials)),
        content="\n".join(
            f'<h2 id="{escape(ids[heading])}">{escape(heading)}</h2>\n{html}' for heading, html in content.items()
        ),
    )


def save_report(directory: Path, page: str, figures: Mapping[str, Figure]) -> None:
    """Writes a page as `report.html`, and each figure as PNG, SVG and PDF, into a directory, made if needed.

    Raises:
      OSError: a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "report.html").write_text(page)
    for name, figure in figures.items():
        for ending in ("png", "svg", "pdf"):
            figure.savefig(directory / f"{name}.{ending}", dpi=150)


def table_html(table: pd.DataFrame) -> str:
    """A table for a page: text escaped, numbers short, what is missing as a dash; columns of text come first."""
    if table.empty:
        return "<p>No trials yet.</p>"
    numbers = list(table.select_dtypes("number"))
    texts = [name for name in table if name not in numbers]
    return '<div class="wide">{}</div>'.format(
        table[texts + numbers]
        .set_axis([str(name).replace("_", " ") for name in texts + numbers], axis=1)
        .to_html(
            index=False,
            border=0,
            na_rep="–",
            justify="unset",
            classes=f"texts-{len(texts)}",
            formatters=[str] * len(texts) + [_number] * len(numbers),
        )
    )


def _number(value):
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


_ABOUT_STUDIES = (
    "<p>The best setting of each study, by its mean validation objective over seeds; scores are those of the "
    "evaluation set, with 95% intervals over the seeds.</p>\n"
)


def _studies(trials):
    best = best_table(trials)
    columns = {"study": best["study"], "task": best["task"]}
    columns["cell"] = [network_label((cell, 1)) for cell in best["cell"]]
    columns["score"] = best["score_name"].str.replace("_", " ")
    columns |= {name: best[name] for name in ("depth", "units", "parameters", "n_steps")}
    columns |= {"value": best["score"], "95% from": best["ci_low"], "to": best["ci_high"]}
    return pd.DataFrame(columns | {name: best[name] for name in ("seeds", "trials", "infeasible")})


def _summary(trials):
    seconds = round(float(np.nansum(trials["seconds"])))
    finished = trials["finished"].dropna()
    summary = {
        "studies": f"{trials['study'].nunique()}",
        "trials": f"{len(trials):,}, of which {sum(trials['infeasible']):,} diverged",
        "training steps": f"{int(np.nansum(trials['steps_made'])):,} (all trials together)",
        "time": f"{timedelta(seconds=seconds)} (hours, minutes, seconds; sum of the trials' own)",
    }
    if len(finished):
        summary["finished"] = f"{finished.min():%Y-%m-%d %H:%M} to {finished.max():%Y-%m-%d %H:%M}"
    return summary


def _versions(trials):
    """What the trials were made with; where they differ, each once."""
    found: dict[str, dict[str, None]] = {}
    for versions in trials["versions"].dropna():
        for name, value in versions.items():
            found.setdefault(name, {})[value] = None
    return {name: "; ".join(values) for name, values in found.items()}


def _figure(name, figure):
    file = io.BytesIO()
    figure.savefig(file, format="svg")
    # The layout stays for the files of the same figure: finding it again takes as long as drawing.
    figure.set_layout_engine("none")
    data = base64.b64encode(file.getvalue()).decode()
    name = escape(name)
    return f'<figure id="{name}"><img alt="{name}" src="data:image/svg+xml;base64,{data}"></figure>'


def _definitions(values):
    rows = "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>" for name, value in values.items())
    return f"<dl>{rows}</dl>" if rows else ""

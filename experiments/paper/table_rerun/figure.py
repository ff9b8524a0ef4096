"""The appendix's table of re-runs: how much the best setting varies from seed to seed."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.figures import grid
from capacity_jax.results.formatting import network_label
from capacity_jax.stats import mean_or_nothing
from experiments.paper.panels import caption, no_trials, style_of
from experiments.paper.selections import matching
from experiments.paper.selections import repeated_rows as select
from experiments.paper.table_rerun.claim import CLAIMS, found_score


def tables(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a report shows besides the figure."""
    return {"Repeats of the best settings": rerun_table(records)}


def rerun_table(records: pd.DataFrame) -> pd.DataFrame:
    """Repeats of the best setting of each study that made ten or more: mean, spread and best of their scores.

    Args:
      records: a table of trials.

    Returns:
      Columns study, task, cell, depth, score (its name), found (the trial that the tuner found), repeats, infeasible,
      mean, ci_low, ci_high (95%, Student's t), std and best.
    """
    rows: list[dict[str, Any]] = []
    for name, study in select(records).groupby("study", sort=False):
        repeats = matching(study, role="repeat")
        first = study.iloc[0]
        values = repeats["score"].dropna()
        mean = mean_or_nothing(values)
        row = {"study": name, "task": first["task"], "cell": first["cell"], "depth": first["depth"]}
        row |= {"score": first["score_name"], "found": found_score(study)}
        row |= {"repeats": len(repeats), "infeasible": sum(repeats["infeasible"]), "mean": mean.value}
        row |= {"ci_low": mean.low, "ci_high": mean.high, "std": values.std()}
        rows.append(row | {"best": values.max() if first["maximize"] else values.min()})
    columns = "study task cell depth score found repeats infeasible mean ci_low ci_high std best"
    return pd.DataFrame(rows, columns=columns.split())


def draw(records: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Every repeat of each best setting, their mean with its 95% interval, and what the tuner had found.

    Published trials are not drawn: the authors' trials hold no repeats.
    """
    rows, table = select(records), rerun_table(records)
    tasks = list(dict.fromkeys(table["task"])) or [""]
    figure = Figure(figsize=(max(7, 5.5 * len(tasks)), 6), layout="constrained")
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        settings = matching(table, task=task).to_dict("records")
        for place, found in enumerate(settings):
            repeats = matching(rows, study=found["study"], role="repeat")
            _draw(axes, place, found, repeats, style_of(found["cell"], rows))
        names = [network_label((found["cell"], found["depth"])).replace(", ", "\n") for found in settings]
        axes.set_xticks(range(len(settings)), names)
        axes.set(title=task, ylabel=", ".join(sorted({found["score"].replace("_", " ") for found in settings})))
        grid(axes)
        if not settings:
            no_trials(axes)
        else:
            handles = [
                Line2D([], [], marker="o", color="0.3", label="mean of repeats, 95%"),
                Line2D([], [], marker="_", markersize=14, color="black", linestyle="none", label="found by the tuner"),
            ]
            axes.legend(handles=handles, frameon=False, fontsize=9)
    worst = (table["std"] / table["mean"].abs()).max()
    spread = f"standard deviation of repeats at most {worst:.1%} of their mean, over {len(table)} settings."
    caption(
        figure, CLAIMS[0].statement, f"{spread} {_means(table)}" if len(table) else "no setting with ten repeats yet."
    )
    return figure


def _draw(axes, place, found, repeats, style):
    values = repeats["score"].dropna()
    spread = np.random.default_rng(0).uniform(-0.22, 0.22, len(values))
    axes.plot(place + spread, values, ".", color=style["color"], alpha=0.45, markersize=5)
    errors = [[found["mean"] - found["ci_low"]], [found["ci_high"] - found["mean"]]]
    axes.errorbar(place + 0.32, found["mean"], errors, **style)
    axes.plot(place, found["found"], marker="_", markersize=30, markeredgewidth=1.6, color="black", linestyle="none")


def _means(table):
    rows = [
        f"{network_label((row['cell'], row['depth']))} {row['mean']:.3g} ± {row['std']:.2g}, best {row['best']:.3g}"
        for row in table.to_dict("records")
    ]
    return f"Mean ± standard deviation: {'; '.join(rows)}."

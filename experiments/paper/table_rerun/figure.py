"""The appendix's table of re-runs: how much the best setting varies from seed to seed."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from capacity_jax.results.best import best_trials, score_of, score_values
from capacity_jax.results.figures import grid, label, network_style
from experiments.paper.paired import mean_or_nothing
from experiments.paper.panels import caption, no_trials
from experiments.paper.selections import matching, repeated_rows, searched


def rerun_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Repeats of the best setting of each study that made ten or more: mean, spread and best of their scores.

    Returns:
      Columns study, task, cell, depth, score (its name), found (the trial that the tuner found), repeats, infeasible,
      mean, ci_low, ci_high (95%, Student's t), std and best.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import rerun_table
      >>> study = {"study": "a", "task": "rcf", "cell": "gru", "depth": 1, "role": ["search"] + ["repeat"] * 10}
      >>> study |= {"hparams": [{}] * 11, "infeasible": False, "maximize": False, "seed": range(11)}
      >>> study |= {"number": range(11)}
      >>> trials = pd.DataFrame(study | {"objective": 0.5, "squared_error": [0.5] + [0.4, 0.6] * 5})
      >>> round(rerun_table(trials).loc[0, "mean"].item(), 6)
      0.5
    """
    rows: list[dict[str, Any]] = []
    for name, study in repeated_rows(trials).groupby("study", sort=False):
        repeats = matching(study, role="repeat")
        first = study.iloc[0]
        values = score_values(repeats).dropna()
        mean = mean_or_nothing(values)
        row = {"study": name, "task": first["task"], "cell": first["cell"], "depth": first["depth"]}
        row |= {"score": score_of(first["task"]), "found": score_values(best_trials(searched(study))).mean()}
        row |= {"repeats": len(repeats), "infeasible": sum(repeats["infeasible"]), "mean": mean.value}
        row |= {"ci_low": mean.low, "ci_high": mean.high, "std": values.std()}
        rows.append(row | {"best": values.max() if first["maximize"] else values.min()})
    columns = "study task cell depth score found repeats infeasible mean ci_low ci_high std best"
    return pd.DataFrame(rows, columns=columns.split())


def table_rerun(trials: pd.DataFrame, published: pd.DataFrame | None = None) -> Figure:
    """Every repeat of each best setting, their mean with its 95% interval, and what the tuner had found.

    Args:
      trials: a table of trials.
      published: not drawn: the authors' trials hold no repeats.

    Example:
      >>> import pandas as pd
      >>> from capacity_jax.results import TRIAL_COLUMNS
      >>> from experiments.paper import table_rerun
      >>> len(table_rerun(pd.DataFrame(columns=TRIAL_COLUMNS)).axes)
      1
    """
    rows, table = repeated_rows(trials), rerun_table(trials)
    tasks = list(dict.fromkeys(table["task"])) or [""]
    figure = Figure(figsize=(max(7, 5.5 * len(tasks)), 6), layout="constrained")
    for axes, task in zip(figure.subplots(1, len(tasks), squeeze=False)[0], tasks, strict=True):
        settings = matching(table, task=task).to_dict("records")
        for place, found in enumerate(settings):
            _draw(axes, place, found, matching(rows, study=found["study"], role="repeat"))
        names = [label((found["cell"], found["depth"])).replace(", ", "\n") for found in settings]
        axes.set_xticks(range(len(settings)), names)
        axes.set(title=task, ylabel=score_of(task).replace("_", " "))
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
        figure,
        "re-running the best hyperparameters 100 times shows no large deviation from the best result.",
        f"{spread} {_means(table)}" if len(table) else "no setting with ten repeats yet.",
    )
    return figure


def _draw(axes, place, found, repeats):
    values = score_values(repeats).dropna()
    style = network_style(found["cell"], others=[found["cell"]])
    spread = np.random.default_rng(0).uniform(-0.22, 0.22, len(values))
    axes.plot(place + spread, values, ".", color=style["color"], alpha=0.45, markersize=5)
    errors = [[found["mean"] - found["ci_low"]], [found["ci_high"] - found["mean"]]]
    axes.errorbar(place + 0.32, found["mean"], errors, **style)
    axes.plot(place, found["found"], marker="_", markersize=30, markeredgewidth=1.6, color="black", linestyle="none")


def _means(table):
    rows = [
        f"{label((row['cell'], row['depth']))} {row['mean']:.3g} ± {row['std']:.2g}, best {row['best']:.3g}"
        for row in table.to_dict("records")
    ]
    return f"Mean ± standard deviation: {'; '.join(rows)}."

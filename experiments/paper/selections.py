"""Which trials of a table a figure or claim of the paper is about."""

from statistics import mode
from typing import Any

import numpy as np
import pandas as pd

from capacity_jax.cells import CELLS

# The paper measures capacity after five steps.
PAPER_STEPS = 5
# So many repeats of a setting tell how much it varies; the paper made 100.
MANY_REPEATS = 10


def matching(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """The rows whose columns have these values."""
    keep = np.ones(len(table), bool)
    for name, value in values.items():
        keep &= table[name].to_numpy() == value
    return table.loc[keep]


def cells_of(table: pd.DataFrame) -> list[str]:
    """The cells of a table in the order of all figures: the paper's six, then others by name."""
    present = set(table["cell"])
    return [*(cell for cell in CELLS if cell in present), *sorted(present - CELLS.keys())]


def of_task(trials: pd.DataFrame, task: str) -> pd.DataFrame:
    """The trials of a task; a stand-in for text8 counts as text8."""
    return trials.loc[np.array([name.startswith(task) for name in trials["task"]], bool)]


def capacity_rows(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of `per_cap` at one number of unrolled steps: the paper's, or else the most frequent."""
    rows = of_task(trials, "per_cap")
    steps = rows["n_steps"].tolist()
    return matching(rows, n_steps=PAPER_STEPS if PAPER_STEPS in steps or not steps else mode(steps))


def with_nonlinearity(trials: pd.DataFrame, name: str) -> pd.DataFrame:
    """The trials whose nonlinearity, a hyperparameter, is `tanh` or `relu`; of cells that have no choice none."""
    return trials.loc[np.array([hparams.get("nonlinearity") == name for hparams in trials["hparams"]], bool)]


def step_rows(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of `per_cap` of those networks that were measured at two numbers of unrolled steps or more."""
    rows = of_task(trials, "per_cap")
    counts = rows.groupby(["cell", "depth", "units"])["n_steps"].transform("nunique")
    return rows.loc[np.asarray(counts, float) > 1]


def searched(trials: pd.DataFrame) -> pd.DataFrame:
    """What the tuner tried, in its order; not the repeats of what it found."""
    return trials.loc[trials["role"] != "repeat"].sort_values("number", kind="stable")


def random_rows(trials: pd.DataFrame) -> pd.DataFrame:
    """Random draws of hyperparameters on the parentheses task."""
    return matching(of_task(trials, "parens_counting"), sampler="random", role="search")


def repeated_rows(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of those studies that repeated their best setting many times."""
    repeats = (trials["role"] == "repeat").groupby(trials["study"]).transform("sum")
    return trials.loc[np.asarray(repeats, float) >= MANY_REPEATS]

"""Which trials of a table a figure or claim of the paper is about."""

from statistics import mode
from typing import Any

import numpy as np
import pandas as pd

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


def task_family(task: str) -> str:
    """The paper's name of a task: a stand-in for text8 counts as text8, any other is itself."""
    return "text8" if task.startswith("text8-standin-") else task


def of_task(records: pd.DataFrame, *tasks: str) -> pd.DataFrame:
    """The trials of tasks by the paper's names."""
    return records.loc[records["task"].map(task_family).isin(tasks).to_numpy(bool)]


def capacity_rows(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of `per_cap` at one number of unrolled steps: the paper's, or else the most frequent."""
    rows = of_task(records, "per_cap")
    steps = rows["n_steps"].tolist()
    return matching(rows, n_steps=PAPER_STEPS if PAPER_STEPS in steps or not steps else mode(steps))


def with_nonlinearity(records: pd.DataFrame, name: str) -> pd.DataFrame:
    """The trials whose nonlinearity, a hyperparameter, is `tanh` or `relu`; of cells that have no choice none."""
    return records.loc[np.array([hparams.get("nonlinearity") == name for hparams in records["hparams"]], bool)]


def step_rows(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of `per_cap` of those networks that were measured at two numbers of unrolled steps or more."""
    rows = of_task(records, "per_cap")
    counts = rows.groupby(["cell", "depth", "units"])["n_steps"].transform("nunique")
    return rows.loc[np.asarray(counts, float) > 1]


def searched(records: pd.DataFrame) -> pd.DataFrame:
    """What the tuner tried, in its order; not the repeats of what it found."""
    return records.loc[records["role"] != "repeat"].sort_values("number", kind="stable")


def tuned(records: pd.DataFrame) -> pd.DataFrame:
    """What a tuner tried that learns from its trials, in its order; random draws are another experiment."""
    rows = searched(records)
    return rows.loc[(rows["sampler"] != "random").to_numpy(bool)]


def random_rows(records: pd.DataFrame) -> pd.DataFrame:
    """Random draws of hyperparameters on the parentheses task."""
    return matching(of_task(records, "parens_counting"), sampler="random", role="search")


def repeated_rows(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of those studies that repeated their best setting many times."""
    repeats = (records["role"] == "repeat").groupby(records["study"]).transform("sum")
    return records.loc[np.asarray(repeats, float) >= MANY_REPEATS]

"""Claim 2: the order of cells by capacity per parameter, and what ReLU costs."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from capacity_jax.results.best import measurements
from capacity_jax.stats import NOTHING, Interval, mean_difference
from experiments.paper.cells import cell_label
from experiments.paper.paired import capacity_difference, one_study_each
from experiments.paper.selections import capacity_rows, matching, with_nonlinearity
from experiments.paper.verdict import Claim, Estimate, Quantity

ORDER = ("rnn", "ugrnn", "gru", "lstm", "intersection", "irnn")
WITH_BOTH = ("rnn", "ugrnn")


# Bits per parameter of one study's seeds.
Scores = np.ndarray


class Measured(NamedTuple):
    """What the claim is read from.

    Attributes:
      best: what the best settings of all networks stored, as `one_study_each` gives it.
      tanh: by cell, for each study with both, the seeds of its best tanh setting.
      relu: the same of its best ReLU setting.
    """

    best: pd.DataFrame
    tanh: dict[str, list[Scores]]
    relu: dict[str, list[Scores]]


def _measure(rows: pd.DataFrame) -> Measured:
    tanh, relu = (
        {cell: _by_study(matching(with_nonlinearity(rows, name), cell=cell)) for cell in WITH_BOTH}
        for name in ("tanh", "relu")
    )
    both = {cell: [study for study in tanh[cell] if study in relu[cell]] for cell in WITH_BOTH}
    of_both = [{cell: [found[cell][study] for study in both[cell]] for cell in WITH_BOTH} for found in (tanh, relu)]
    return Measured(one_study_each(rows), *of_both)


def _by_study(rows: pd.DataFrame) -> dict[str, Scores]:
    """The seeds of each study's best setting, where it has two or more: one says nothing of their spread."""
    seeds = {str(study): best["score"].to_numpy(float) for study, best in measurements(rows).groupby("study")}
    return {study: scores for study, scores in seeds.items() if len(scores) > 1}


def _neighbours(measured: Measured) -> dict[str, Estimate]:
    return {
        f"{cell_label(x)} less {cell_label(y)}": partial(capacity_difference, measured.best, x, y)
        for x, y in pairwise(ORDER)
    }


def _tanh_less_relu(measured: Measured) -> dict[str, Estimate]:
    return {cell_label(cell): partial(_difference, measured.tanh[cell], measured.relu[cell]) for cell in WITH_BOTH}


def _difference(first: list[Scores], second: list[Scores], level: float) -> Interval:
    return mean_difference(first, second, level) if first else NOTHING


def _relu(measured: Measured) -> str:
    means = {cell: np.mean(list(map(np.mean, scores))) for cell, scores in measured.relu.items() if scores}
    found = ", ".join(f"{cell_label(cell)} {mean:.2f}" for cell, mean in means.items())
    return f"Bits per parameter of ReLU runs, mean over the sizes: {found or 'none'}."


CLAIMS = (
    Claim(
        2,
        "Per-parameter capacity falls from RNN over UGRNN, GRU, LSTM to +RNN, with IRNN last; RNN and UGRNN fall to "
        "about 3.5 when only their ReLU runs are counted.",
        capacity_rows,
        _measure,
        (
            Quantity(
                "",
                "the difference in bits per parameter",
                "each two neighbours in that order, at the depths and budgets of both",
                _neighbours,
                0,
            ),
            Quantity(
                "tanh less ReLU",
                "the difference in bits per parameter of the best tanh and the best ReLU runs",
                "RNN and UGRNN, paired by study, where both have two seeds or more",
                _tanh_less_relu,
                0,
            ),
        ),
        _relu,
    ),
)

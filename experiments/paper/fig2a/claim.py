"""Claim 2: the order of cells by capacity per parameter, and what ReLU costs."""

from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from capacity_jax.results.best import best_table
from capacity_jax.results.formatting import in_words
from capacity_jax.stats import mean_or_nothing
from experiments.paper.cells import cell_label
from experiments.paper.paired import capacity_difference
from experiments.paper.selections import capacity_rows, matching, with_nonlinearity
from experiments.paper.verdict import Claim, Estimate, Quantity

ORDER = ("rnn", "ugrnn", "gru", "lstm", "intersection", "irnn")
WITH_BOTH = ("rnn", "ugrnn")


def _neighbours(rows: pd.DataFrame) -> dict[str, Estimate]:
    best = best_table(rows)
    return {
        f"{cell_label(x)} less {cell_label(y)}": partial(capacity_difference, best, x, y) for x, y in pairwise(ORDER)
    }


def _by_nonlinearity(rows: pd.DataFrame, cell: str) -> dict[str, np.ndarray]:
    """Bits per parameter of the best tanh and the best ReLU runs of each study of a cell, NaN where it has none."""
    rows = matching(rows, cell=cell)
    best = {name: best_table(with_nonlinearity(rows, name)).set_index("study")["score"] for name in ("tanh", "relu")}
    return {name: scores.reindex(rows["study"].unique()).to_numpy(float) for name, scores in best.items()}


def _tanh_less_relu(rows: pd.DataFrame) -> dict[str, Estimate]:
    both = {cell: _by_nonlinearity(rows, cell) for cell in WITH_BOTH}
    return {cell_label(cell): partial(mean_or_nothing, one["tanh"] - one["relu"]) for cell, one in both.items()}


def _relu(rows: pd.DataFrame) -> str:
    means = {cell: mean_or_nothing(_by_nonlinearity(rows, cell)["relu"]) for cell in WITH_BOTH}
    found = ", ".join(f"{cell_label(cell)} {in_words(mean)}" for cell, mean in means.items())
    return f"Bits per parameter of ReLU runs: {found}."


CLAIMS = (
    Claim(
        2,
        "Per-parameter capacity falls from RNN over UGRNN, GRU, LSTM to +RNN, with IRNN last; RNN and UGRNN fall to "
        "about 3.5 when only their ReLU runs are counted.",
        capacity_rows,
        (
            Quantity(
                "",
                "the difference in bits per parameter, paired by depth and budget",
                "each two neighbours in that order",
                _neighbours,
                0,
            ),
            Quantity(
                "tanh less ReLU",
                "the difference in bits per parameter of the best tanh and the best ReLU runs, paired by study",
                "RNN and UGRNN",
                _tanh_less_relu,
                0,
            ),
        ),
        _relu,
    ),
)

"""Claim 2: the order of cells by capacity per parameter, and what ReLU costs."""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

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


class Capacities(NamedTuple):
    """What claim 2 reads.

    Attributes:
      best: of all studies, as `best_table` gives them.
      by_nonlinearity: by cell, bits per parameter of the best tanh (first) and the best ReLU runs of each study, NaN
        where it has none.
    """

    best: pd.DataFrame
    by_nonlinearity: dict[str, tuple[np.ndarray, np.ndarray]]


def measure(rows: pd.DataFrame) -> Capacities:
    """All best settings, and those of either nonlinearity."""
    best = best_table(rows)
    scores = [best_table(with_nonlinearity(rows, name)).set_index("study")["score"] for name in ("tanh", "relu")]
    both = {}
    for cell in WITH_BOTH:
        tanh, relu = (values.reindex(matching(best, cell=cell)["study"]).to_numpy(float) for values in scores)
        both[cell] = tanh, relu
    return Capacities(best, both)


def _neighbours(measured: Capacities) -> dict[str, Estimate]:
    return {
        f"{cell_label(x)} less {cell_label(y)}": partial(capacity_difference, measured.best, x, y)
        for x, y in pairwise(ORDER)
    }


def _tanh_less_relu(measured: Capacities) -> dict[str, Estimate]:
    both = measured.by_nonlinearity.items()
    return {cell_label(cell): partial(mean_or_nothing, tanh - relu) for cell, (tanh, relu) in both}


def _relu(measured: Capacities) -> str:
    both = measured.by_nonlinearity.items()
    found = ", ".join(f"{cell_label(cell)} {in_words(mean_or_nothing(relu))}" for cell, (_, relu) in both)
    return f"Bits per parameter of ReLU runs: {found}."


CLAIMS = (
    Claim(
        2,
        "Per-parameter capacity falls from RNN over UGRNN, GRU, LSTM to +RNN, with IRNN last; RNN and UGRNN fall to "
        "about 3.5 when only their ReLU runs are counted.",
        capacity_rows,
        measure,
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

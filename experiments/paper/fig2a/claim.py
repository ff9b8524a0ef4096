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


# The best settings of all studies; and by cell, bits per parameter of the best tanh (first) and the best ReLU runs of
# each study, NaN where it has none.
Measured = tuple[pd.DataFrame, dict[str, tuple[np.ndarray, np.ndarray]]]


def _measure(rows: pd.DataFrame) -> Measured:
    best = best_table(rows)
    scores = [best_table(with_nonlinearity(rows, name)).set_index("study")["score"] for name in ("tanh", "relu")]
    studies = {cell: matching(best, cell=cell)["study"] for cell in WITH_BOTH}
    tanh, relu = ({cell: one.reindex(studies[cell]).to_numpy(float) for cell in WITH_BOTH} for one in scores)
    return best, {cell: (tanh[cell], relu[cell]) for cell in WITH_BOTH}


def _neighbours(measured: Measured) -> dict[str, Estimate]:
    best, _ = measured
    return {
        f"{cell_label(x)} less {cell_label(y)}": partial(capacity_difference, best, x, y) for x, y in pairwise(ORDER)
    }


def _tanh_less_relu(measured: Measured) -> dict[str, Estimate]:
    return {cell_label(cell): partial(mean_or_nothing, tanh - relu) for cell, (tanh, relu) in measured[1].items()}


def _relu(measured: Measured) -> str:
    means = {cell: mean_or_nothing(relu) for cell, (_, relu) in measured[1].items()}
    found = ", ".join(f"{cell_label(cell)} {in_words(mean)}" for cell, mean in means.items())
    return f"Bits per parameter of ReLU runs: {found}."


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
                "each two neighbours in that order, paired by depth and budget",
                _neighbours,
                0,
            ),
            Quantity(
                "tanh less ReLU",
                "the difference in bits per parameter of the best tanh and the best ReLU runs",
                "RNN and UGRNN, paired by study",
                _tanh_less_relu,
                0,
            ),
        ),
        _relu,
    ),
)

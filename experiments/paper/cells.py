"""The paper's six cells, whichever others are registered or measured."""

from typing import Any

import pandas as pd

from capacity_jax.results.formatting import network_label

# In the order of the paper's figures.
PAPER_CELLS = ("rnn", "irnn", "ugrnn", "gru", "lstm", "intersection")
# The learning rate and the labels that store most in each, over those of the mean of all six
# (`capacity_jax.tasks.scaling`), by update rule: the fit of `experiments.scaling`.
RELATIVE = {
    "adam": {
        "rnn": (0.712, 1.166),
        "irnn": (0.591, 0.936),
        "ugrnn": (1.521, 1.119),
        "gru": (1.342, 0.901),
        "lstm": (1.215, 0.881),
        "intersection": (0.959, 1.031),
    },
    "soap": {
        "rnn": (0.825, 1.140),
        "irnn": (0.691, 0.933),
        "ugrnn": (1.128, 1.082),
        "gru": (0.942, 0.915),
        "lstm": (1.489, 0.913),
        "intersection": (1.110, 1.040),
    },
}


def shares_of(rule: str) -> dict[str, dict[str, Any]]:
    """Of each cell the rate and labels that store most by an update rule, as settings of `per_cap` have them."""
    return {cell: {"relative_rate": rate, "relative_labels": labels} for cell, (rate, labels) in RELATIVE[rule].items()}


def cell_label(cell: str) -> str:
    """The paper's name of a cell."""
    return network_label((cell, 1))


def cells_of(table: pd.DataFrame) -> list[str]:
    """The cells of a table in the order of all figures: the paper's six, then others by name."""
    present = set(table["cell"])
    return [cell for cell in PAPER_CELLS if cell in present] + sorted(present - set(PAPER_CELLS))

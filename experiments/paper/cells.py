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
        "rnn": (0.755, 1.190),
        "irnn": (0.618, 0.953),
        "ugrnn": (1.580, 1.109),
        "gru": (1.432, 0.872),
        "lstm": (1.002, 0.890),
        "intersection": (0.945, 1.025),
    },
    "soap": {
        "rnn": (0.861, 1.150),
        "irnn": (0.653, 0.938),
        "ugrnn": (1.176, 1.082),
        "gru": (0.961, 0.903),
        "lstm": (1.388, 0.909),
        "intersection": (1.135, 1.044),
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

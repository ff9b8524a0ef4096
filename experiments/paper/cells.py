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
        "rnn": (0.789, 1.224),
        "irnn": (0.633, 0.985),
        "ugrnn": (1.644, 1.138),
        "gru": (1.637, 0.859),
        "lstm": (0.753, 0.898),
        "intersection": (0.988, 0.945),
    },
    "soap": {
        "rnn": (0.880, 1.176),
        "irnn": (0.584, 0.969),
        "ugrnn": (1.246, 1.104),
        "gru": (1.032, 0.905),
        "lstm": (1.380, 0.916),
        "intersection": (1.098, 0.959),
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

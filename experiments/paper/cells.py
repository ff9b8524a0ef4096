"""The paper's six cells, whichever others are registered or measured."""

import pandas as pd

from capacity_jax.results.formatting import network_label

# In the order of the paper's figures.
PAPER_CELLS = ("rnn", "irnn", "ugrnn", "gru", "lstm", "intersection")
# What stores most in each, at the least depth it can have, over the mean of all six: the fit of `experiments.scaling`.
RELATIVE = {
    "rnn": {"relative_rate": 0.84, "relative_labels": 1.26},
    "irnn": {"relative_rate": 0.73, "relative_labels": 0.97},
    "ugrnn": {"relative_rate": 1.75, "relative_labels": 1.13},
    "gru": {"relative_rate": 1.59, "relative_labels": 0.85},
    "lstm": {"relative_rate": 0.8, "relative_labels": 0.91},
    "intersection": {"relative_rate": 0.73, "relative_labels": 0.94},
}


def cell_label(cell: str) -> str:
    """The paper's name of a cell."""
    return network_label((cell, 1))


def cells_of(table: pd.DataFrame) -> list[str]:
    """The cells of a table in the order of all figures: the paper's six, then others by name."""
    present = set(table["cell"])
    return [cell for cell in PAPER_CELLS if cell in present] + sorted(present - set(PAPER_CELLS))

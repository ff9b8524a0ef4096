"""The paper's six cells, whichever others are registered or measured."""

import pandas as pd

from capacity_jax.results.formatting import network_label

# In the order of the paper's figures.
PAPER_CELLS = ("rnn", "irnn", "ugrnn", "gru", "lstm", "intersection")


def cell_label(cell: str) -> str:
    """The paper's name of a cell."""
    return network_label((cell, 1))


def cells_of(table: pd.DataFrame) -> list[str]:
    """The cells of a table in the order of all figures: the paper's six, then others by name."""
    present = set(table["cell"])
    return [cell for cell in PAPER_CELLS if cell in present] + sorted(present - set(PAPER_CELLS))

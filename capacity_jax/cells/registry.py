"""Cells by name."""

from typing import Literal

from capacity_jax.cells.base import Cell
from capacity_jax.cells.gru import gru
from capacity_jax.cells.gru_reset_after import gru_reset_after
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.ugrnn import ugrnn
from capacity_jax.checks import unknown

# For type checkers, to which a misspelt name is an error.
CellName = Literal["rnn", "irnn", "ugrnn", "gru", "lstm", "intersection", "gru_reset_after"]

# The paper's six in its order, then others.
CELLS: dict[str, Cell] = {cell.name: cell for cell in (rnn, irnn, ugrnn, gru, lstm, intersection, gru_reset_after)}


def cell_by_name(name: CellName) -> Cell:
    """The registered cell of that name.

    Raises:
      ValueError: no cell has that name; the message says which is meant or allowed.

    Example:
      >>> from capacity_jax import cell_by_name
      >>> cell_by_name("gru").name
      'gru'
    """
    if name not in CELLS:
        raise unknown("cell", name, CELLS)
    return CELLS[name]

"""Cells by name.

Example:
  >>> from capacity_jax import CELLS
  >>> list(CELLS)
  ['rnn', 'irnn', 'ugrnn', 'gru', 'lstm', 'intersection']
"""

from capacity_jax.cells.base import Cell
from capacity_jax.cells.gru import gru
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.ugrnn import ugrnn

CELLS: dict[str, Cell] = {cell.name: cell for cell in (rnn, irnn, ugrnn, gru, lstm, intersection)}


def cell_by_name(name: str) -> Cell:
    """The registered cell of that name.

    Raises:
      ValueError: no cell has that name; the message lists the known ones.

    Example:
      >>> from capacity_jax import cell_by_name
      >>> cell_by_name("gru").name
      'gru'
    """
    if name not in CELLS:
        raise ValueError(f"cell is {name!r}; known cells: {', '.join(CELLS)}")
    return CELLS[name]

"""Cells by name."""

from typing import Literal, cast

from capacity_jax.cells.base import Cell
from capacity_jax.cells.gru import gru
from capacity_jax.cells.gru_reset_after import gru_reset_after
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.ugrnn import ugrnn
from capacity_jax.checks import unknown
from capacity_jax.import_path import is_import_path, load

# For type checkers, to which a misspelt name is an error.
CellName = Literal["rnn", "irnn", "ugrnn", "gru", "lstm", "intersection", "gru_reset_after"]

# The paper's six in its order, then others.
CELLS: dict[str, Cell] = {cell.name: cell for cell in (rnn, irnn, ugrnn, gru, lstm, intersection, gru_reset_after)}


def cell_by_name(name: CellName) -> Cell:
    """The registered cell of that name, or a user's own by its import path, `mypackage.cells:leaky`.

    Raises:
      ValueError: no cell has that name; the message says which is meant or allowed.

    Example:
      >>> from capacity_jax import cell_by_name
      >>> cell_by_name("gru").name
      'gru'
    """
    if is_import_path(name):
        cell = load("cell", name)
        if not isinstance(cell, Cell):
            kind = type(cell).__name__
            raise ValueError(
                f"cell is {name!r}, a {kind}; allowed: a capacity_jax.Cell, as from_linen or from_nnx makes"
            )
        return cell
    if name not in CELLS:
        raise unknown("cell", name, CELLS)
    return CELLS[name]


def cell_and_depth(entry: str) -> tuple[Cell, int]:
    """The cell and the number of layers that `gru`, `gru@2` or `mypackage.cells:leaky@2` stands for.

    Raises:
      ValueError: no cell has that name, or the depth is no whole number of at least 1.

    Example:
      >>> from capacity_jax.cells.registry import cell_and_depth
      >>> cell, depth = cell_and_depth("gru@2")
      >>> cell.name, depth
      ('gru', 2)
    """
    name, at, depth = entry.strip().partition("@")
    if not name or (at and (not depth.isdecimal() or int(depth) < 1)):
        raise ValueError(f"cells holds {entry!r}; allowed: a cell's name, or name@depth such as gru@2")
    return cell_by_name(cast(CellName, name)), int(depth or 1)

"""Recurrent cells as pure functions on one example: one file per cell, and a registry by name."""

from capacity_jax.cells.base import Cell
from capacity_jax.cells.gru import gru
from capacity_jax.cells.gru_reset_after import gru_reset_after
from capacity_jax.cells.hyperparameters import Hyperparameter
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.linear import linear
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.registry import CELLS, CellName, cell_by_name
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.ugrnn import ugrnn
from capacity_jax.cells.weights import init_gates

__all__ = [
    "CELLS",
    "Cell",
    "CellName",
    "Hyperparameter",
    "cell_by_name",
    "gru",
    "gru_reset_after",
    "init_gates",
    "intersection",
    "irnn",
    "linear",
    "lstm",
    "rnn",
    "ugrnn",
]

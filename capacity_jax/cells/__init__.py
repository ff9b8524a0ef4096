"""Recurrent cells as pure functions on one example: one file per cell, and a registry by name."""

from capacity_jax.cells.base import Cell
from capacity_jax.cells.block import block
from capacity_jax.cells.deltanet import deltanet
from capacity_jax.cells.deltaproduct import deltaproduct
from capacity_jax.cells.esn import esn
from capacity_jax.cells.gated_deltanet import gated_deltanet
from capacity_jax.cells.gates import split_sum
from capacity_jax.cells.gla import gla
from capacity_jax.cells.gru import gru
from capacity_jax.cells.gru_reset_after import gru_reset_after
from capacity_jax.cells.hgrn2 import hgrn2
from capacity_jax.cells.hyperparameters import Hyperparameter
from capacity_jax.cells.integrator import integrator
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.linear import linear
from capacity_jax.cells.linear_attention import linear_attention
from capacity_jax.cells.lru import lru
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.mamba import mamba
from capacity_jax.cells.mamba2 import mamba2
from capacity_jax.cells.mgu import mgu
from capacity_jax.cells.mingru import mingru
from capacity_jax.cells.minlstm import minlstm
from capacity_jax.cells.mlstm import mlstm
from capacity_jax.cells.registry import CELLS, CellName, cell_by_name
from capacity_jax.cells.retnet import retnet
from capacity_jax.cells.rglru import rglru
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.rwkv7 import rwkv7
from capacity_jax.cells.s5 import s5
from capacity_jax.cells.slstm import slstm
from capacity_jax.cells.sru import sru
from capacity_jax.cells.ttt import ttt
from capacity_jax.cells.ugrnn import ugrnn
from capacity_jax.cells.weights import init_gates

__all__ = [
    "CELLS",
    "Cell",
    "CellName",
    "Hyperparameter",
    "block",
    "cell_by_name",
    "deltanet",
    "deltaproduct",
    "esn",
    "gated_deltanet",
    "gla",
    "gru",
    "gru_reset_after",
    "hgrn2",
    "init_gates",
    "integrator",
    "intersection",
    "irnn",
    "linear",
    "linear_attention",
    "lru",
    "lstm",
    "mamba",
    "mamba2",
    "mgu",
    "mingru",
    "minlstm",
    "mlstm",
    "retnet",
    "rglru",
    "rnn",
    "rwkv7",
    "s5",
    "slstm",
    "split_sum",
    "sru",
    "ttt",
    "ugrnn",
]

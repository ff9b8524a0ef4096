"""Cells by name."""

import ast
import re
from collections.abc import Callable
from typing import Literal, cast

from capacity_jax.cells.base import Cell
from capacity_jax.cells.block import block
from capacity_jax.cells.deltanet import deltanet
from capacity_jax.cells.deltaproduct import deltaproduct
from capacity_jax.cells.esn import esn
from capacity_jax.cells.gated_deltanet import gated_deltanet
from capacity_jax.cells.gla import gla
from capacity_jax.cells.gru import gru
from capacity_jax.cells.gru_reset_after import gru_reset_after
from capacity_jax.cells.hgrn2 import hgrn2
from capacity_jax.cells.integrator import integrator
from capacity_jax.cells.intersection import intersection
from capacity_jax.cells.irnn import irnn
from capacity_jax.cells.linear_attention import linear_attention
from capacity_jax.cells.lru import lru
from capacity_jax.cells.lstm import lstm
from capacity_jax.cells.mamba import mamba
from capacity_jax.cells.mamba2 import mamba2
from capacity_jax.cells.mgu import mgu
from capacity_jax.cells.mingru import mingru
from capacity_jax.cells.minlstm import minlstm
from capacity_jax.cells.mlstm import mlstm
from capacity_jax.cells.retnet import retnet
from capacity_jax.cells.rglru import rglru
from capacity_jax.cells.rnn import rnn
from capacity_jax.cells.rwkv7 import rwkv7
from capacity_jax.cells.s5 import s5
from capacity_jax.cells.slstm import slstm
from capacity_jax.cells.sru import sru
from capacity_jax.cells.ttt import ttt
from capacity_jax.cells.ugrnn import ugrnn
from capacity_jax.checks import unknown
from capacity_jax.import_path import is_import_path, load

# For type checkers, to which a misspelt name is an error.
CellName = Literal[
    "rnn",
    "irnn",
    "ugrnn",
    "gru",
    "lstm",
    "intersection",
    "gru_reset_after",
    "esn",
    "lru",
    "integrator",
    "mgu",
    "mingru",
    "minlstm",
    "sru",
    "rglru",
    "slstm",
    "linear_attention",
    "retnet",
    "gla",
    "hgrn2",
    "mlstm",
    "deltanet",
    "gated_deltanet",
    "deltaproduct",
    "rwkv7",
    "s5",
    "mamba",
    "mamba2",
    "ttt",
]

# Layers of a network: a program of more takes hours to compile.
MOST_LAYERS = 100

# Commas, but those between the options of a cell.
OUTSIDE_OPTIONS = re.compile(r",(?![^()]*\))")

# Cells with options, by the name of the function that builds them.
BUILDERS: dict[str, Callable[..., Cell]] = {
    build.__name__: build
    for build in (
        block,
        lru,
        rglru,
        slstm,
        linear_attention,
        retnet,
        gla,
        hgrn2,
        mlstm,
        deltanet,
        gated_deltanet,
        deltaproduct,
        rwkv7,
        s5,
        mamba,
        mamba2,
        ttt,
    )
}

# The paper's six in its order, then others; those with options with their defaults.
CELLS: dict[str, Cell] = {
    cell.name: cell
    for cell in (
        rnn,
        irnn,
        ugrnn,
        gru,
        lstm,
        intersection,
        gru_reset_after,
        esn,
        lru(),
        integrator,
        mgu,
        mingru,
        minlstm,
        sru,
        rglru(),
        slstm(),
        linear_attention(),
        retnet(),
        gla(),
        hgrn2(),
        mlstm(),
        deltanet(),
        gated_deltanet(),
        deltaproduct(),
        rwkv7(),
        s5(),
        mamba(),
        mamba2(),
        ttt(),
    )
}


def cell_by_name(name: CellName) -> Cell:
    """The registered cell of that name, one with options as its name tells them, or a user's own by its import path.

    A type checker knows the registered ones; others are `deltanet(heads=4)`, or `mypackage.cells:leaky`.

    Raises:
      ValueError: no cell has that name; the message says which is meant or allowed. Or an option is not what it may be.

    Example:
      >>> from capacity_jax import cell_by_name
      >>> cell_by_name("gru").name
      'gru'
      >>> cell_by_name("block(deltanet(heads=4))").units_multiple
      4
    """
    if is_import_path(name):
        cell = load("cell", name)
        if not isinstance(cell, Cell):
            kind = type(cell).__name__
            raise ValueError(
                f"cell is {name!r}, a {kind}; allowed: a capacity_jax.Cell, as from_linen or from_nnx makes"
            )
        return cell
    if name in CELLS:
        return CELLS[name]
    try:
        call = ast.parse(name, mode="eval").body
    except (SyntaxError, TypeError):
        raise unknown("cell", name, CELLS) from None
    return _called(call)


def cells_and_depths(names: str) -> list[tuple[Cell, int]]:
    """The cells and numbers of layers that `gru,gru@2,mypackage.cells:leaky@2,deltanet(heads=4)` stands for.

    Raises:
      ValueError: no cell has one of these names, or a depth is no whole number of at least 1.

    Example:
      >>> from capacity_jax.cells.registry import cells_and_depths
      >>> [(cell.name, depth) for cell, depth in cells_and_depths("gru,lstm@2")]
      [('gru', 1), ('lstm', 2)]
    """
    found = []
    for entry in OUTSIDE_OPTIONS.split(names):
        name, at, depth = entry.strip().partition("@")
        if not name or (at and (not depth.isdecimal() or not 1 <= int(depth) <= MOST_LAYERS)):
            raise ValueError(
                f"cells holds {entry!r}; allowed: a cell's name, or name@depth such as gru@2, up to {MOST_LAYERS}"
            )
        found.append((cell_by_name(cast(CellName, name)), int(depth or 1)))
        if found.count(found[-1]) > 1:
            raise ValueError(f"cells holds {entry!r} twice; allowed: once")
    return found


def _called(node: ast.expr) -> Cell:
    """The cell that a name, or a call of a builder with cells and plain values, stands for."""
    if not isinstance(node, ast.Call):
        name = ast.unparse(node)
        if name not in CELLS:
            raise unknown("cell", name, CELLS)
        return CELLS[name]
    builder = ast.unparse(node.func)
    if builder not in BUILDERS:
        raise unknown("cell with options", builder, BUILDERS)
    try:
        options = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
    except ValueError:
        raise ValueError(f"options of {ast.unparse(node)!r} are not numbers or words, such as heads=4") from None
    return BUILDERS[builder](*map(_called, node.args), **options)

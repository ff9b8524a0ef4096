"""The best setting of each study of a modern cell, with what kind of cell it is and how large its state."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from capacity_jax.cells import CELLS, cell_by_name
from capacity_jax.networks import Network
from capacity_jax.results.best import best_table

# What a cell is nonlinear in: the class of its row.
CLASSES = {
    "R": "its state",
    "G": "a gate or activation of its input",
    "B": "products of linear terms",
    "L": "nothing",
}
# What is recalled, by the task that asks for it: real numbers carried through 12 steps, and bits of pairs.
RECALLED = {"mem_thru": "values_recalled", "assoc_recall": "bits_recalled"}
TASKS = ("per_cap", *RECALLED)
BLOCK = "block("


def select(records: pd.DataFrame) -> pd.DataFrame:
    """The trials of cells that are registered, bare or in a block, on stored labels and on what is recalled."""
    known = [_bare(name) in CELLS for name in records["cell"]]
    return records.loc[records["task"].isin(TASKS) & pd.Series(known, index=records.index, dtype=bool)]


def rows_of(records: pd.DataFrame) -> pd.DataFrame:
    """`best_table` of the selected trials, with four columns more.

    These are `core`, the cell without its block; `track`, bare or block; `class`, one of `CLASSES`; and `state_size`,
    the numbers that its states hold.
    """
    best = best_table(select(records))
    best = best.assign(core=[core_of(name) for name in best["cell"]])
    rows = best.to_dict("records")
    return best.assign(
        track=["block" if row["cell"].startswith(BLOCK) else "bare" for row in rows],
        **{"class": [cell_by_name(row["core"]).family or "R" for row in rows]},
        state_size=[cell_by_name(row["cell"]).state_size(row["units"]) * row["depth"] for row in rows],
    )


def network_of(row: Mapping[Any, Any], n_out: int = 1) -> Network:
    """The network of a row, as a dict."""
    return Network(cell_by_name(row["cell"]), row["n_in"], row["units"], n_out, row["depth"])


def core_of(name: str) -> str:
    """The cell that stands in a block, options and all; any other as it is.

    Example:
      >>> from experiments.modern.rows import core_of
      >>> core_of("block(deltanet(heads=2))"), core_of("gru")
      ('deltanet(heads=2)', 'gru')
    """
    return name.removeprefix(BLOCK).removesuffix(")") if name.startswith(BLOCK) else name


def _bare(name: str) -> str:
    return core_of(name).partition("(")[0]

"""Claim 7: losses and divergence under random hyperparameters."""

from functools import partial

import pandas as pd

from capacity_jax.stats import NOTHING, Interval, share_difference, share_interval
from experiments.paper.cells import cell_label
from experiments.paper.rivals import MIN_TRIALS, WHAT, WINNERS, losses_by_cell, winner_ahead
from experiments.paper.selections import matching, random_rows
from experiments.paper.verdict import Claim, Estimate, Quantity

# Collins et al. 2017, Table 1: share of 1,000 random draws that diverged, by depth and cell.
TABLE_1 = {
    1: {"gru": 0.155, "irnn": 0.567, "lstm": 0.120, "rnn": 0.215, "ugrnn": 0.202},
    8: {"gru": 0.032, "irnn": 0.446, "lstm": 0.040, "rnn": 0.187, "ugrnn": 0.115, "intersection": 0.088},
}
TABLE_1_DRAWS = 1000


def lowest_at(rows: pd.DataFrame) -> dict[int, str]:
    """The cell with the lowest single loss, by depth."""
    found = {}
    for depth, at_depth in rows.groupby("depth"):
        losses = losses_by_cell(at_depth)
        found[depth] = min(losses, key=lambda cell: losses[cell].min())
    return found


def _winners(rows: pd.DataFrame) -> dict[str, Estimate]:
    return {name: estimate for depth in WINNERS for name, estimate in winner_ahead(rows, depth).items()}


def _shares(rows: pd.DataFrame) -> dict[str, Estimate]:
    return {
        f"{cell_label(cell)} at depth {depth}": partial(
            _excess, matching(rows, cell=cell, depth=depth)["infeasible"].tolist(), round(share * TABLE_1_DRAWS)
        )
        for depth, shares in TABLE_1.items()
        for cell, share in shares.items()
    }


def _excess(diverged: list[bool], paper_count: int, level: float) -> Interval:
    if len(diverged) < MIN_TRIALS:
        return NOTHING
    measured = share_interval(sum(diverged), len(diverged), level)
    return share_difference(measured, share_interval(paper_count, TABLE_1_DRAWS, level))


def _lowest(rows: pd.DataFrame) -> str:
    cells = (f"{cell_label(cell)} at depth {depth}" for depth, cell in lowest_at(rows).items())
    return f"Lowest single loss: {', '.join(cells)}."


CLAIMS = (
    Claim(
        7,
        "Under random hyperparameters GRU has the lowest loss and median at depth 1, +RNN at depth 8; Table 1 gives "
        "the shares of diverged runs.",
        random_rows,
        lambda rows: rows,
        (
            Quantity("", WHAT, "GRU at depth 1 and +RNN at depth 8 against their strongest rival", _winners, 0.5),
            Quantity(
                "share diverged less the paper's",
                f"the share of diverged draws less the paper's (of {TABLE_1_DRAWS:,})",
                "each cell and depth of Table 1",
                _shares,
                -0.1,
                0.1,
            ),
        ),
        _lowest,
        grows="trials",
    ),
)

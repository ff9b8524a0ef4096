"""Claim 6: which cells a tuner finds easy to train, on parentheses and on arithmetic."""

import pandas as pd

from experiments.paper.cells import PAPER_CELLS
from experiments.paper.rivals import WHAT, WINNERS, closest, winner_ahead
from experiments.paper.selections import of_task, tuned
from experiments.paper.verdict import Claim, Estimate, Quantity

TASKS = ("parens_counting", "arithmetic")
UNGATED = ("rnn", "irnn")


def _comparisons(rows: pd.DataFrame) -> dict[str, Estimate]:
    return {
        f"{task}, {name}": estimate
        for task in TASKS
        for depth in WINNERS
        for compare in (winner_ahead, _gated_ahead)
        for name, estimate in compare(of_task(rows, task), depth).items()
    }


def _gated_ahead(rows: pd.DataFrame, depth: int) -> dict[str, Estimate]:
    # +RNN has two layers at least.
    gated = [cell for cell in PAPER_CELLS if cell not in UNGATED and (cell, depth) != ("intersection", 1)]
    return closest(rows, depth, gated, UNGATED)


CLAIMS = (
    Claim(
        6,
        "On parentheses and arithmetic RNN and IRNN learn slowest and fail as depth grows; GRU is best at depth 1, "
        "+RNN at depth 8.",
        lambda records: tuned(of_task(records, *TASKS)),
        lambda rows: rows,
        (
            Quantity(
                "",
                WHAT,
                "GRU at depth 1 and +RNN at depth 8 against their strongest rival, and at both depths the weakest "
                "gated cell against the stronger of RNN and IRNN, on both tasks",
                _comparisons,
                0.5,
            ),
        ),
        grows="trials",
    ),
)

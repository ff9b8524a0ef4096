"""Cells ranked against each other by what all trials of a tuner lost, diverged ones last."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.stats import NOTHING, superiority_interval
from experiments.paper.cells import PAPER_CELLS, cell_label
from experiments.paper.selections import matching
from experiments.paper.verdict import Estimate

# Fewer trials of a cell say nothing about its rank.
MIN_TRIALS = 10
WHAT = (
    "the probability that a trial of the one ends with a lower evaluation loss than one of the other (diverged trials "
    f"rank last; {MIN_TRIALS} of each cell are needed)"
)
# By depth: the cell that the paper finds easiest to train.
WINNERS = {1: "gru", 8: "intersection"}


def losses_by_cell(records: pd.DataFrame) -> dict[str, np.ndarray]:
    """The scores of all trials of each cell, infinite where a trial diverged; of tasks whose score is a loss."""
    return {str(cell): rows["score"].fillna(np.inf).to_numpy(float) for cell, rows in records.groupby("cell")}


def winner_ahead(records: pd.DataFrame, depth: int) -> dict[str, Estimate]:
    """The winner at a depth against its strongest rival."""
    winner = WINNERS[depth]
    return closest(records, depth, [winner], [cell for cell in PAPER_CELLS if cell != winner])


def closest(records: pd.DataFrame, depth: int, ahead: Iterable[str], behind: Iterable[str]) -> dict[str, Estimate]:
    """The closest of all comparisons of a cell that should be ahead with one that should be behind, named by both."""
    ahead = list(ahead)
    trials = losses_by_cell(matching(records, depth=depth))
    losses = {cell: values for cell, values in trials.items() if len(values) >= MIN_TRIALS}
    pairs = [(x, y) for x in ahead for y in behind if x in losses and y in losses]
    if not pairs or not all(cell in losses for cell in ahead):
        names = ", ".join(map(cell_label, ahead)), ", ".join(map(cell_label, behind))
        return {f"depth {depth}: {names[0]} below {names[1]}": lambda level: NOTHING}
    x, y = min(pairs, key=lambda pair: superiority_interval(losses[pair[0]], losses[pair[1]]).value)
    name = f"depth {depth}: P({cell_label(x)} below {cell_label(y)})"
    return {name: partial(superiority_interval, losses[x], losses[y])}

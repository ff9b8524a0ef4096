"""Claims 6 to 8: how hard networks are to train, and whether a result comes again."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd

from capacity_jax.cells import CELLS
from capacity_jax.stats.intervals import Interval
from capacity_jax.stats.rank_tests import superiority_interval
from capacity_jax.stats.proportions import share_difference, share_interval
from capacity_jax.results.best import best_trials, score_values
from experiments.paper.verdict import Claim, Part, judge
from capacity_jax.results.figures import label
from experiments.paper.paired import NOTHING, mean_or_nothing
from experiments.paper.selections import matching, of_task, random_rows, repeated_rows, searched

# Fewer trials of a cell say nothing about its rank.
MIN_TRIALS = 10
# Collins et al. 2017, Table 1: share of 1,000 random draws that diverged, by depth and cell.
TABLE_1 = {
    1: {"gru": 0.155, "irnn": 0.567, "lstm": 0.120, "rnn": 0.215, "ugrnn": 0.202},
    8: {"gru": 0.032, "irnn": 0.446, "lstm": 0.040, "rnn": 0.187, "ugrnn": 0.115, "intersection": 0.088},
}
TABLE_1_DRAWS = 1000
UNGATED = ("rnn", "irnn")


def claim_6(trials: pd.DataFrame) -> Claim:
    """RNN and IRNN are hardest to train; GRU is easiest at depth 1, +RNN at depth 8.

    Judged on both tasks by ranks of the evaluation loss of all trials that the tuner made, diverged ones last: the
    probability that a trial of the cell ends below one of another lies above 1/2 for GRU at depth 1 and +RNN at depth
    8 against their strongest rival, and at both depths for the weakest gated cell against the stronger of RNN and IRNN.
    """
    parts = []
    for task in ("parens_counting", "arithmetic"):
        losses = _losses(searched(of_task(trials, task)))
        for depth, winner in ((1, "gru"), (8, "intersection")):
            cells = losses.get(depth, {})
            gated = [cell for cell in CELLS if cell not in UNGATED and (cell, depth) != ("intersection", 1)]
            where = f"{task}, depth {depth}"
            parts.append(_against_rivals(where, cells, [winner], CELLS.keys() - {winner}))
            parts.append(_against_rivals(where, cells, gated, UNGATED))
    return Claim(
        6,
        "On parentheses and arithmetic RNN and IRNN learn slowest and fail as depth grows; GRU is best at depth 1, "
        "+RNN at depth 8.",
        "the probability that a tuner's trial of the one ends with a lower evaluation loss than one of the other lies "
        f"above 1/2, for the closest pair of each comparison ({MIN_TRIALS} trials of each cell are needed; diverged "
        "trials rank last).",
        *judge(parts),
    )


def claim_7(trials: pd.DataFrame) -> Claim:
    """Under random hyperparameters GRU has the lowest losses at depth 1 and +RNN at depth 8; shares of divergence.

    Judged on random draws on the parentheses task: ranks as in claim 6, and for each cell and depth of Table 1 the
    share of diverged trials less the paper's (itself a share of 1,000) lies within ±0.1.
    """
    rows = random_rows(trials)
    losses = _losses(rows)
    parts = [
        _against_rivals(f"depth {depth}", losses.get(depth, {}), [winner], CELLS.keys() - {winner})
        for depth, winner in ((1, "gru"), (8, "intersection"))
    ]
    for depth, shares in TABLE_1.items():
        for cell, share in shares.items():
            diverged = matching(rows, cell=cell, depth=depth)["infeasible"].tolist()
            estimate = partial(_excess, diverged, round(share * TABLE_1_DRAWS))
            name = f"{label((cell, 1))} at depth {depth}, share diverged less the paper's"
            parts.append(Part(name, estimate, -0.1, 0.1))
    lowest = [
        f"{label((min(cells, key=lambda cell: cells[cell].min()), 1))} at depth {depth}"
        for depth, cells in sorted(losses.items())
    ]
    return Claim(
        7,
        "Under random hyperparameters GRU has the lowest loss and median at depth 1, +RNN at depth 8; Table 1 gives "
        "the shares of diverged runs.",
        "the probability that a random draw of the one ends below one of its strongest rival lies above 1/2, and each "
        "share of diverged runs less the paper's lies within ±0.1.",
        *judge(parts),
        f"Lowest single loss: {', '.join(lowest)}." if lowest else "",
    )


def claim_8(trials: pd.DataFrame) -> Claim:
    """Re-running the best hyperparameters shows no large deviation from the best result.

    Judged on each study with 10 repeats or more: a repeat's evaluation score is worse than that of the trial the tuner
    found by less than a tenth of it, in the mean; diverged repeats are told besides.
    """
    parts, diverged, n_repeats = [], 0, 0
    for name, study in repeated_rows(trials).groupby("study", sort=False):
        found, repeats = best_trials(searched(study)), matching(study, role="repeat")
        value = mean_or_nothing(score_values(found)).value
        sign = -1 if study["maximize"].iloc[0] else 1
        worse = sign * (score_values(repeats) - value) / abs(value)
        parts.append(Part(str(name), partial(mean_or_nothing, worse), -np.inf, 0.1))
        diverged, n_repeats = diverged + sum(repeats["infeasible"]), n_repeats + len(repeats)
    return Claim(
        8,
        "Re-running the best hyperparameters 100 times shows no large deviation from the best result.",
        "for each study with 10 repeats or more, the evaluation score of the repeats is worse than that of what the "
        "tuner found by less than a tenth of it, in the mean.",
        *judge(parts),
        f"Diverged: {diverged} of {n_repeats} repeats." if n_repeats else "",
    )


def _losses(rows: pd.DataFrame) -> dict[int, dict[str, np.ndarray]]:
    """Evaluation losses by depth and cell, infinite where a trial diverged; cells with too few trials are left out."""
    losses: dict[int, dict[str, np.ndarray]] = {}
    for _, group in rows.groupby(["depth", "cell"], sort=False):
        if len(group) >= MIN_TRIALS:
            of_depth = losses.setdefault(group["depth"].iloc[0], {})
            of_depth[group["cell"].iloc[0]] = score_values(group).fillna(np.inf).to_numpy()
    return losses


def _against_rivals(where: str, losses: dict, ahead: Iterable[str], behind: Iterable[str]) -> Part:
    """The closest of all comparisons of a cell that should be ahead with one that should be behind."""
    ahead, behind = ([cell for cell in CELLS if cell in cells] for cells in (ahead, behind))
    pairs = [(x, y) for x in ahead for y in behind if x in losses and y in losses]
    if not pairs or not all(cell in losses for cell in ahead):
        return Part(f"{where}: {_names(ahead)} below {_names(behind)}", lambda level: NOTHING, 0.5)
    x, y = min(pairs, key=lambda pair: superiority_interval(losses[pair[0]], losses[pair[1]]).value)
    estimate = partial(superiority_interval, losses[x], losses[y])
    return Part(f"{where}: P({_names([x])} below {_names([y])})", estimate, 0.5)


def _names(cells):
    return ", ".join(label((cell, 1)) for cell in cells)


def _excess(diverged: list[bool], paper_count: int, level: float) -> Interval:
    if len(diverged) < MIN_TRIALS:
        return NOTHING
    measured = share_interval(sum(diverged), len(diverged), level)
    return share_difference(measured, share_interval(paper_count, TABLE_1_DRAWS, level))

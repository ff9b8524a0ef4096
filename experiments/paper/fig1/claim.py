"""Claims 1 to 4: what networks store, per parameter and per unit."""

from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from capacity_jax.cells import CELLS
from capacity_jax.stats.intervals import slope_interval
from capacity_jax.estimators.recall import subspace_error
from capacity_jax.results.best import best_table, best_trials
from experiments.paper.verdict import Claim, Part, judge
from capacity_jax.results.figures import label
from experiments.paper.paired import NOTHING, capacity_difference, mean_or_nothing
from experiments.paper.selections import capacity_rows, matching, of_task, step_rows, with_nonlinearity
from capacity_jax.results.formatting import in_words

ORDER = ("rnn", "ugrnn", "gru", "lstm", "intersection", "irnn")


def claim_1(trials: pd.DataFrame) -> Claim:
    """Stored bits are linear in the number of parameters, at 3 to 6 bits each.

    Judged on each network (cell and depth) with three sizes or more, for all six cells: the slope of bits over
    parameters lies within 3 to 6, and the exponent of their growth, the slope of log bits over log parameters, within
    0.8 to 1.2.
    """
    best = best_table(capacity_rows(trials))
    best = best.loc[best["bits"] > 0].drop_duplicates(["cell", "depth", "parameters"])
    parts, slopes = [], []
    for cell in CELLS:
        of_cell = matching(best, cell=cell)
        networks = [rows for _, rows in of_cell.groupby("depth") if len(rows) >= 3]
        for rows in networks:
            name = label((cell, rows["depth"].iloc[0]))
            size, bits = (np.asarray(rows[column], float) for column in ("parameters", "bits"))
            parts.append(Part(f"{name}, bits per parameter", partial(slope_interval, size, bits), 3, 6))
            parts.append(Part(f"{name}, exponent", partial(slope_interval, np.log(size), np.log(bits)), 0.8, 1.2))
            slopes.append(slope_interval(size, bits).value)
        if not networks:
            parts.append(_unmeasured(f"{label((cell, 1))}, bits per parameter", 3, 6))
    return Claim(
        1,
        "Stored bits are linear in the number of parameters: 3 to 6 bits per parameter, about 5 on average.",
        "for each cell and depth with three sizes or more, the slope of bits over parameters lies within 3 to 6, and "
        "the exponent of growth (log bits over log parameters) within 0.8 to 1.2; all six cells are needed. The "
        "average over networks is told, not judged.",
        *judge(parts),
        f"Mean slope over {len(slopes)} networks: {in_words(mean_or_nothing(slopes), 'bits per parameter')}.",
    )


def claim_2(trials: pd.DataFrame) -> Claim:
    """Per-parameter capacity: RNN > UGRNN > GRU > LSTM > +RNN > IRNN; RNN and UGRNN lose by ReLU.

    Judged on the difference in bits per parameter of each two neighbours in that order, over the sizes (depth and
    budget) at which both were measured, and of tanh less ReLU runs of RNN and UGRNN within the same studies: each lies
    above 0.
    """
    rows = capacity_rows(trials)
    best = best_table(rows)
    parts = [
        Part(f"{label((x, 1))} less {label((y, 1))}", partial(capacity_difference, best, x, y), 0)
        for x, y in pairwise(ORDER)
    ]
    by_nonlinearity = [
        best_table(with_nonlinearity(rows, name)).set_index("study")["bits_per_parameter"] for name in ("tanh", "relu")
    ]
    remark = []
    for cell in ("rnn", "ugrnn"):
        studies = best.loc[best["cell"] == cell, "study"]
        tanh, relu = (values.reindex(studies).to_numpy(float) for values in by_nonlinearity)
        parts.append(Part(f"{label((cell, 1))}, tanh less ReLU", partial(mean_or_nothing, tanh - relu), 0))
        remark.append(f"{label((cell, 1))} {in_words(mean_or_nothing(relu))}")
    return Claim(
        2,
        "Per-parameter capacity falls from RNN over UGRNN, GRU, LSTM to +RNN, with IRNN last; RNN and UGRNN fall to "
        "about 3.5 when only their ReLU runs are counted.",
        "the difference in bits per parameter of neighbours in that order, paired by depth and budget, and of tanh "
        "less ReLU runs of RNN and UGRNN, paired by study, lies above 0.",
        *judge(parts),
        f"Bits per parameter of ReLU runs: {', '.join(remark)}.",
    )


def claim_3(trials: pd.DataFrame) -> Claim:
    """Capacity rises with the first unrolled steps, then saturates.

    Judged over the networks measured at three numbers of steps or more, the same for all: bits per parameter at the
    most steps less those at the fewest lie above 0, and their ratio at the two largest numbers within 0.9 to 1.1.
    """
    best = best_table(step_rows(trials))
    by_steps = best.pivot_table("bits_per_parameter", ["cell", "depth", "units"], "n_steps")
    # Columns are numbers of steps; a network counts if it was measured at all of them.
    values = by_steps.dropna().to_numpy(float)
    rise, ratio = [], []
    if values.shape[1] >= 3:
        rise, ratio = values[:, -1] - values[:, 0], values[:, -1] / values[:, -2]
    return Claim(
        3,
        "Capacity rises with the number of unrolled steps for the first few steps, then saturates.",
        "over the networks measured at three numbers of steps or more, bits per parameter at the most steps less those "
        "at the fewest lie above 0, and their ratio at the two largest numbers of steps within 0.9 to 1.1.",
        *judge(
            [
                Part("rise in bits per parameter", partial(mean_or_nothing, rise), 0),
                Part("ratio of the last two", partial(mean_or_nothing, ratio), 0.9, 1.1),
            ]
        ),
        f"Networks: {len(values)}; steps: {', '.join(f'{steps:g}' for steps in by_steps.columns)}.",
    )


def claim_4(trials: pd.DataFrame) -> Claim:
    """A network recalls n_in values if and only if it has as many units; below, the error is that of a subspace.

    Judged on each cell and depth. Below n_in units the error less that of the subspace, mean over the seeds of all best
    settings, lies within ±0.05, and the values recalled per unit, n_in over the knee of the curve, within 0.95 to 1.05;
    at n_in units and more the error lies below 0.05.
    """
    rows = of_task(trials, "mem_thru")
    found = [best_trials(study) for _, study in rows.groupby("study", sort=False)]
    best = pd.concat(found) if found else rows
    parts = []
    for _, group in best.groupby(["cell", "depth"], sort=False):
        name = label((group["cell"].iloc[0], group["depth"].iloc[0]))
        units, n_in, error = (group[name].to_numpy(float) for name in ("units", "n_in", "squared_error"))
        below = units < n_in
        curve = [subspace_error(int(n), int(m)) for n, m in zip(units[below], n_in[below], strict=True)]
        distance = partial(mean_or_nothing, error[below] - curve)
        enough = partial(mean_or_nothing, error[~below])
        # 1 on the subspace's curve; n_in over it is where the line of errors through 1 and this one reaches 0.
        per_unit = partial(mean_or_nothing, n_in[below] * (1 - error[below]) / units[below])
        parts.append(Part(f"{name}, distance to the subspace", distance, -0.05, 0.05))
        parts.append(Part(f"{name}, values recalled per unit", per_unit, 0.95, 1.05))
        parts.append(Part(f"{name}, error with units enough", enough, -np.inf, 0.05))
    return Claim(
        4,
        "A network recalls an input of dimension 64 if and only if its units per layer are at least 64; below, its "
        "error follows one curve, that of a subspace of as many dimensions as units.",
        "for each cell and depth, below n_in units the error less the subspace's lies within ±0.05 and the values "
        "recalled per unit, n_in over the knee, within 0.95 to 1.05; from n_in units on the error lies below 0.05.",
        *judge(parts),
    )


def _unmeasured(name, low, high):
    return Part(name, lambda level: NOTHING, low, high)

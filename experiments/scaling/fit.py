"""A surface through trials: what is stored, by learning rate, labels asked for, length of the run and size.

With L labels per parameter asked for and a capacity of C, stored are L / (1 + (L/C)^p)^(q/p) bits per parameter: all of
them far below capacity, fewer and fewer above it. ln C falls with the square of the distance of ln rate from the best,
by a factor of all cells below it and one of each cell above it, where an RNN collapses and an LSTM stores less. The
best ln rate is linear in ln steps and ln size. The highest C is the lesser of what the network comes to hold, a power
of its size, and what the run can teach it, a power of its steps per parameter (`capacity_jax.tasks.scaling`). Each cell
has levels of its own. What the trials leave open is held near `EXPECTED`.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from capacity_jax.tasks.scaling import (
    LABELS_BY_DEPTH,
    PARAMETERS,
    RATE_BY_DEPTH,
    STEPS,
    held_share,
    lesser,
    taught_share,
)

# Bits per parameter by which seeds differ; beyond some of these a trial counts less.
SPREAD = 0.2
# What is expected of each coefficient, and how far it may be from that: those of all cells, then those of each.
EXPECTED = {
    "held_by_size": (0.2, 0.2),
    "ln_taught": (0.5, 0.5),
    "taught_by_steps": (0.2, 0.2),
    "rate_by_steps": (-0.3, 0.2),
    "rate_by_size": (-0.2, 0.2),
    "ln_loss_below": (-2.0, 0.7),
    "ln_p": (1.4, 0.5),
    "ln_q_less_1": (0.0, 0.5),
}
# Shares of the top that are given up, to stay away from what lies behind it.
GIVEN_UP = {"rate": 0.001, "labels": 0.005}
EXPECTED_OF_CELL = {"ln_capacity": (1.2, 1.0), "ln_rate": (-4.8, 0.3), "ln_loss_above": (-1.5, 0.7)}


class Fit(NamedTuple):
    """What stores most.

    Attributes:
      of_all: the coefficients that all cells share, by the names in `EXPECTED`.
      of_cells: by the names in `EXPECTED_OF_CELL`, those of each cell.
      error: root mean square of what the surface misses, in bits per parameter.
      n_trials: how many it is fitted to.
    """

    of_all: dict[str, float]
    of_cells: dict[str, dict[str, float]]
    error: float
    n_trials: int

    def best_rate(self, n_params: Any, train_steps: Any, cell: str | None = None) -> Any:
        """The learning rate that stores most, of a cell or in the geometric mean over cells; of numbers or arrays.

        It lies below the top by what `GIVEN_UP` says, for above it more is lost, and soon all.
        """
        below = np.sqrt(GIVEN_UP["rate"] / np.exp(self.of_all["ln_loss_below"]))
        return np.exp(self.ln_rate(n_params, train_steps) + self._level("ln_rate", cell) - below)

    def best_labels(self, n_params: Any, train_steps: Any, cell: str | None = None) -> Any:
        """The labels per parameter of which most is stored, fewer than at the top by what `GIVEN_UP` says."""
        p = np.exp(self.of_all["ln_p"])
        over_capacity = np.linspace(0.5, 2.0, 3001)
        share = over_capacity * (1 + over_capacity**p) ** (-(1 + np.exp(self.of_all["ln_q_less_1"])) / p)
        enough = over_capacity[np.argmax(share >= (1 - GIVEN_UP["labels"]) * share.max())]
        return enough * np.exp(self._level("ln_capacity", cell)) * self.capacity(n_params, train_steps)

    def ln_rate(self, n_params: Any, train_steps: Any) -> Any:
        """What size and length add to the logarithm of a cell's best rate."""
        from_steps = self.of_all["rate_by_steps"] * np.log(np.asarray(train_steps) / STEPS)
        return from_steps + self.of_all["rate_by_size"] * np.log(np.asarray(n_params) / PARAMETERS)

    def capacity(self, n_params: Any, train_steps: Any) -> Any:
        """What can be stored, over what a cell's network of `PARAMETERS` comes to hold."""
        taught, by_steps = np.exp(self.of_all["ln_taught"]), self.of_all["taught_by_steps"]
        size, steps = np.asarray(n_params, float), np.asarray(train_steps, float)
        return lesser(held_share(size, self.of_all["held_by_size"]), taught_share(size, steps, taught, by_steps))

    def _level(self, name, cell):
        levels = self.of_cells[name]
        return levels[cell] if cell else float(np.mean(list(levels.values())))


def points(trials: pd.DataFrame) -> pd.DataFrame:
    """Cell, parameters, steps, learning rate, labels per parameter and bits per parameter of each trial of `per_cap`.

    Of each cell only networks of its least depth count. Rates, labels and bits are what they would be at a depth of one
    (`capacity_jax.tasks.scaling`).

    Raises:
      ValueError: there is none.
    """
    trials = trials.loc[trials["task"] == "per_cap"]
    trials = trials.loc[trials["depth"] == trials.groupby("cell")["depth"].transform("min")]
    if trials.empty:
        raise ValueError("there are no trials of per_cap; allowed: those of experiments/configs/scaling.py")
    hparams = pd.DataFrame(list(trials["hparams"]), index=trials.index)
    depth = trials["depth"].astype(float)
    # A network that diverged stores nothing.
    bits = trials["score"].astype(float).where(~trials["infeasible"].astype(bool), 0.0)
    return pd.DataFrame(
        {
            "cell": trials["cell"],
            "parameters": trials["parameters"].astype(float),
            "steps": hparams["train_steps"].astype(float),
            "rate": hparams["lr_init"].astype(float) / depth**RATE_BY_DEPTH,
            "labels": hparams["b"].astype(float) / trials["parameters"].astype(float) / depth**LABELS_BY_DEPTH,
            "bits": bits / depth**LABELS_BY_DEPTH,
        }
    ).reset_index(drop=True)


def stored(table: pd.DataFrame, found: Fit) -> np.ndarray:
    """The surface at the settings of a table: bits per parameter."""
    of_all = found.of_all
    levels = {name: np.array([of_cell[cell] for cell in table["cell"]]) for name, of_cell in found.of_cells.items()}
    place = table["parameters"].to_numpy(), table["steps"].to_numpy()
    capacity = levels["ln_capacity"] + np.log(found.capacity(*place))
    distance = np.log(table["rate"].to_numpy()) - levels["ln_rate"] - found.ln_rate(*place)
    loss = np.where(distance < 0, np.exp(of_all["ln_loss_below"]), np.exp(levels["ln_loss_above"])) * distance**2
    labels, p = table["labels"].to_numpy(), np.exp(of_all["ln_p"])
    over_capacity = labels * np.exp(np.minimum(loss - capacity, 50))
    return labels * (1 + over_capacity**p) ** (-(1 + np.exp(of_all["ln_q_less_1"])) / p)


def fit(table: pd.DataFrame) -> Fit:
    """Least squares, to which trials far off count less; see the surface above."""
    cells = sorted(set(table["cell"]))
    expected = [*EXPECTED.values(), *(value for value in EXPECTED_OF_CELL.values() for _ in cells)]
    middle, width = np.array(expected).T

    def unpacked(values):
        shared, *of_cells = np.split(values, len(EXPECTED) + len(cells) * np.arange(len(EXPECTED_OF_CELL)))
        levels = [dict(zip(cells, map(float, each), strict=True)) for each in of_cells]
        of_all = dict(zip(EXPECTED, map(float, shared), strict=True))
        return Fit(of_all, dict(zip(EXPECTED_OF_CELL, levels, strict=True)), 0.0, len(table))

    def misses(values):
        # Quadratic near zero, linear far off.
        off = (stored(table, unpacked(values)) - table["bits"].to_numpy()) / SPREAD
        return np.concatenate([np.sign(off) * np.sqrt(2 * (np.sqrt(1 + off**2) - 1)), (values - middle) / width])

    found = unpacked(least_squares(misses, middle).x)
    return found._replace(error=float(np.sqrt(np.mean((stored(table, found) - table["bits"]) ** 2))))


def resampled(table: pd.DataFrame, n: int, seed: int = 0) -> list[Fit]:
    """Fits to `n` draws of the trials with replacement, each cell keeping as many as it has, for intervals."""
    rng = np.random.default_rng(seed)
    of_cells = list(table.groupby("cell").indices.values())
    draws = [np.concatenate([rng.choice(rows, len(rows)) for rows in of_cells]) for _ in range(n)]
    return [fit(table.iloc[rows].reset_index(drop=True)) for rows in draws]

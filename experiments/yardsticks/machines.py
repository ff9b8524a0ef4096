"""The machines that are measured, each with what theory says of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import Int

from capacity_jax.cells import Cell, esn
from capacity_jax.estimators import mutual_information
from capacity_jax.stats import Interval, mean_interval, pooled_slope_interval
from experiments.yardsticks.binary_perceptron import LIMIT, binary_capacities
from experiments.yardsticks.hebbian_memory import hebbian_bits_per_weight, hebbian_bits_per_weight_measured
from experiments.yardsticks.perceptron import perceptron
from experiments.yardsticks.training import Readout, accuracies, exact, readout, trained

# Bits for each weight of a linear readout (Cover 1965).
COVER = 2.0
# All patterns at every step. Near the capacity some margins are small, so that weights have to grow far.
SETTINGS = {"train_steps": 5_000, "lr_init": 0.1, "lr_decay_rate": 0.03, "gradient_clip_val": 1.0}
# At which the mutual information after training is looked at, in labels for each weight.
LOADS = (1.5, 1.75, 2.0, 2.25)


@dataclass(frozen=True)
class LinearReadout:
    """A linear readout measured: patterns learned without error by the exact solver and by our training, draw by draw.

    Attributes:
      name: of the machine.
      n_weights: trained values.
      exact: patterns that the exact solver learns.
      trained: patterns that our training learns of the same draws.
      by_mutual_information: bits for each weight that `per_cap` reports of our training, the largest mean over loads.
    """

    name: str
    n_weights: int
    exact: Int[np.ndarray, " draws"]
    trained: Int[np.ndarray, " draws"]
    by_mutual_information: Interval

    @property
    def efficiency(self) -> Interval:
        """What our training learns over what can be learned, the mean of the ratios over draws."""
        return mean_interval(self.trained / self.exact)


def linear_readout(name: str, cell: Cell, n_weights: int, n_draws: int) -> LinearReadout:
    """Measures the readout of a cell; a perceptron's is fed by the inputs themselves, at once."""
    is_perceptron = cell is perceptron
    n_in, n_steps = (n_weights - 1, 1) if is_perceptron else (32, 5)
    machine = readout(cell, n_weights, n_in, n_steps, SETTINGS)
    by_load = [_bits_per_weight(machine, load, n_draws) for load in LOADS]
    best = max(by_load, key=np.mean)
    return LinearReadout(name, n_weights, exact(machine, n_draws), trained(machine, n_draws), mean_interval(best))


def linear_readouts(perceptrons: Sequence[tuple[int, int]], echo_states: Sequence[tuple[int, int]]):
    """Perceptrons and echo state networks of so many weights, of so many draws each, one after another."""
    for n_weights, n_draws in perceptrons:
        yield linear_readout("perceptron", perceptron, n_weights, n_draws)
    for n_weights, n_draws in echo_states:
        yield linear_readout("echo state readout", esn, n_weights, n_draws)


def _bits_per_weight(machine: Readout, load: float, n_draws: int):
    b = round(load * machine.n_weights)
    right = accuracies(machine, np.full(n_draws, b))
    return np.asarray(mutual_information(jnp.asarray(right), jnp.asarray(b))) / machine.n_weights


def binary_perceptrons(sizes: Sequence[int], n_draws: int) -> pd.DataFrame:
    """The patterns that binary weights hold, by all of them tried: one row for each draw."""
    return pd.DataFrame(
        [(size, patterns) for size in sizes for patterns in binary_capacities(size, n_draws)],
        columns=["weights", "patterns"],
    )


def table(readouts: Sequence[LinearReadout], binary: pd.DataFrame, hebbian: tuple[int, int, int]) -> pd.DataFrame:
    """One row for each machine, in bits for each weight; with the draws that stand behind them."""
    rows = []
    for one in readouts:
        bits = {
            "exact": mean_interval(one.exact / one.n_weights),
            "trained": mean_interval(one.trained / one.n_weights),
            "efficiency": one.efficiency,
            "by_mutual_information": one.by_mutual_information,
        }
        about = {"machine": one.name, "weights": one.n_weights, "draws": len(one.exact), "theory": COVER}
        rows.append(about | bits)
    sizes = binary["weights"].unique()
    slope = pooled_slope_interval(binary["weights"], binary["patterns"])
    name = f"binary perceptron, slope from {min(sizes)} to {max(sizes)} weights"
    rows.append({"machine": name, "draws": len(binary), "theory": LIMIT, "exact": slope})
    n_patterns, n_units, n_draws = hebbian
    measured = [hebbian_bits_per_weight_measured(n_patterns, n_units, seed) for seed in range(n_draws)]
    rows.append(
        {
            "machine": f"Hebbian memory, {n_units} units, {n_patterns} patterns, read once",
            "weights": n_units * (n_units - 1) // 2,
            "draws": n_draws,
            "theory": hebbian_bits_per_weight(n_patterns, n_units),
            "by_mutual_information": mean_interval(measured),
        }
    )
    return pd.DataFrame(rows)
